// What does it cost to read a record of 64 bytes that threads share: alone, together, and while another
// thread writes it without a pause?
#include <lockstep/verbs/cell.hpp>

#include "measure.hpp"

#include <array>
#include <mutex>
#include <shared_mutex>

#if __has_include(<tbb/spin_mutex.h>)
#include <tbb/spin_mutex.h>
#endif
#if __has_include(<ck_sequence.h>)
extern "C" {
#include <ck_sequence.h>
}
#endif

namespace {

struct Record {
  std::array<long, 8> values{};
  bool operator==(const Record&) const = default;
};
constexpr auto change = [](Record& record) {  // not a function, which would be called by its address
  for (auto& value : record.values) ++value;
};

template <class Mutex>
struct Guarded {
  alignas(64) Mutex mutex;
  Record record;
};

/// The bound: a sequence lock in one word, copied by relaxed words, whose readers set a bit if they were
/// overtaken twice, for which the writer pauses. It does this and nothing else.
struct Bound {
  alignas(64) std::atomic<std::uint64_t> word{0};
  std::array<std::atomic<long>, 8> values{};

  [[nodiscard]] Record read() {
    for (int failed = 0;; ++failed) {
      const auto seen = failed < 2 ? word.load(std::memory_order_acquire) : word.fetch_or(2) | 2U;
      if ((seen & 1U) != 0) continue;
      Record copy;
      for (std::size_t i = 0; i != 8; ++i) copy.values[i] = values[i].load(std::memory_order_relaxed);
      std::atomic_thread_fence(std::memory_order_acquire);
      if ((word.load(std::memory_order_relaxed) | 2U) == (seen | 2U)) return copy;
    }
  }
  void write() {  // one writer
    auto seen = word.load(std::memory_order_relaxed);
    if ((seen & 2U) != 0) {
      const auto end = std::chrono::steady_clock::now() + std::chrono::nanoseconds{300};
      while (std::chrono::steady_clock::now() < end) {
      }
    }
    while (!word.compare_exchange_weak(seen, (seen & ~3ULL) | 1U)) {
    }
    std::atomic_thread_fence(std::memory_order_release);
    for (auto& value : values)
      value.store(value.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
    word.store((seen & ~3ULL) + 4, std::memory_order_release);
  }
};

lockstep::memory::Cell<Record, lockstep::StdRuntime, lockstep::memory::Layout::padded> cell;
Bound bound;
Guarded<std::mutex> mutex;
Guarded<std::shared_mutex> shared;

template <class Lock, class Of>
auto locked(Of& of) {
  return [&of] {
    Record copy;
    {
      const Lock lock{of.mutex};
      copy = of.record;
    }
    bench::keep(copy);
  };
}
template <class Of>
auto hammer(Of& of) {
  return [&of] {
    const std::scoped_lock lock{of.mutex};
    change(of.record);
  };
}

template <class Read>
auto each(Read read) {
  return [read](unsigned) { return read; };
}

}  // namespace

int main(int argc, char** argv) {
  const auto read_cell = [] { bench::keep(cell.load()); };
  const auto read_bound = [] { bench::keep(bound.read()); };
  const auto by_mutex = locked<std::unique_lock<std::mutex>>(mutex);
  const auto by_shared = locked<std::shared_lock<std::shared_mutex>>(shared);
#if __has_include(<tbb/spin_mutex.h>)
  static Guarded<tbb::spin_mutex> spin;
  const auto by_spin = locked<std::unique_lock<tbb::spin_mutex>>(spin);
#endif
#if __has_include(<ck_sequence.h>)
  static ck_sequence_t sequence = CK_SEQUENCE_INITIALIZER;
  alignas(64) static Record sequenced;
  const auto by_ck = [] {
    Record copy;
    unsigned version = 0;
    do {
      version = ck_sequence_read_begin(&sequence);
      copy = sequenced;
    } while (ck_sequence_read_retry(&sequence, version));
    bench::keep(copy);
  };
#endif

  for (const unsigned threads : {1U, 2U}) {
    bench::Question question{"read of 64 bytes, threads: " + std::to_string(threads)};
    const auto add = [&](const char* name, auto read) {
      question.contender(name, [=] { return bench::time_of(threads, each(read)); });
    };
    add("lockstep::memory::Cell", read_cell);
    add("bound: relaxed words and a waiting bit", read_bound);
#if __has_include(<ck_sequence.h>)
    add("ck_sequence (a data race)", by_ck);
#endif
#if __has_include(<tbb/spin_mutex.h>)
    add("tbb::spin_mutex", by_spin);
#endif
    add("std::mutex", by_mutex);
    add("std::shared_mutex", by_shared);
    question.answer(bench::rounds(argc, argv));
  }

  bench::Question question{"read of 64 bytes under a hammering writer, one reader"};
  const auto add = [&](const char* name, auto read, auto write) {
    question.contender(name, [=] { return bench::time_of(1, each(read), write); });
  };
  add("lockstep::memory::Cell", read_cell, [] { update(cell, change); });
  add("bound: relaxed words and a waiting bit", read_bound, [] { bound.write(); });
#if __has_include(<ck_sequence.h>)
  add("ck_sequence (a data race)", by_ck, [] {
    ck_sequence_write_begin(&sequence);
    change(sequenced);
    ck_sequence_write_end(&sequence);
  });
#endif
#if __has_include(<tbb/spin_mutex.h>)
  add("tbb::spin_mutex", by_spin, hammer(spin));
#endif
  add("std::mutex", by_mutex, hammer(mutex));
  add("std::shared_mutex", by_shared, hammer(shared));
  question.answer(bench::rounds(argc, argv));
}
