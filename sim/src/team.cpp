#include "team.hpp"

#include <oneapi/tbb/global_control.h>
#include <oneapi/tbb/info.h>
#include <oneapi/tbb/task_arena.h>
#include <oneapi/tbb/task_group.h>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <utility>

#ifdef LOCKSTEP_TSAN_ORDER
#include <sanitizer/tsan_interface.h>
#endif

namespace lockstep::sim {

namespace {

/// What is done before `gives` comes before what is done after `takes` of the same thing, by means of oneTBB.
void gives([[maybe_unused]] void* thing) {
#ifdef LOCKSTEP_TSAN_ORDER
  __tsan_release(thing);
#endif
}
void takes([[maybe_unused]] void* thing) {
#ifdef LOCKSTEP_TSAN_ORDER
  __tsan_acquire(thing);
#endif
}

}  // namespace

struct Team::Threads {
  explicit Threads(unsigned count)
      : wanted{count},
        control{tbb::global_control::max_allowed_parallelism,  // which limits all others in the process, too
                std::max<std::size_t>(count, static_cast<std::size_t>(tbb::info::default_concurrency()))},
        arena{static_cast<int>(count)} {}

  unsigned wanted;
  std::atomic<unsigned> busy = 0;  ///< pieces of work that run, or wait for a thread
  tbb::global_control control;
  tbb::task_arena arena;
  tbb::task_group group;
};

Team::Team(unsigned threads) : threads_{threads > 1 ? std::make_unique<Threads>(threads) : nullptr} {}

Team::~Team() = default;

void Team::run(const std::function<void()>& work) {
  add(work);
  if (threads_) {
    threads_->arena.execute([&] { threads_->group.wait(); });
    takes(threads_.get());
  } else {
    while (!waiting_.empty()) run_next();
  }
}

void Team::add(std::function<void()> work) {
  {
    const std::lock_guard lock{mutex_};
    waiting_.push_back(std::move(work));
  }
  if (!threads_) return;
  threads_->busy.fetch_add(1, std::memory_order_relaxed);
  gives(this);
  threads_->arena.execute([&] { threads_->group.run([this] { run_next(); }); });
}

void Team::run_next() {
  takes(this);
  std::function<void()> work;
  {
    const std::lock_guard lock{mutex_};
    work = std::move(waiting_.front());
    waiting_.pop_front();
  }
  struct Done {
    Threads* threads;
    ~Done() {
      if (threads == nullptr) return;
      threads->busy.fetch_sub(1, std::memory_order_relaxed);
      gives(threads);
    }
  };
  const Done done{threads_.get()};
  work();
}

bool Team::idle() const noexcept {
  return threads_ && threads_->busy.load(std::memory_order_relaxed) < threads_->wanted;
}

}  // namespace lockstep::sim
