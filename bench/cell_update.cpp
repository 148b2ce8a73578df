// What does it cost to change one record of 64 bytes that threads share: alone, and two at the same record?
#include <lockstep/verbs/cells.hpp>

#include "measure.hpp"

#include <array>
#include <mutex>
#include <shared_mutex>

#if __has_include(<tbb/spin_mutex.h>)
#include <tbb/spin_mutex.h>
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
template <class Mutex>
void locked(Guarded<Mutex>& of) {
  const std::scoped_lock lock{of.mutex};
  change(of.record);
}

lockstep::memory::Cell<Record, lockstep::StdRuntime, lockstep::memory::Layout::padded> cell;
alignas(64) std::atomic<long> number;

}  // namespace

int main(int argc, char** argv) {
  for (const unsigned threads : {1U, 2U}) {
    bench::Question question{"read-modify-write of one record of 64 bytes, threads: " +
                             std::to_string(threads)};
    const auto add = [&](const char* name, auto write) {
      question.contender(name, [=] { return bench::time_of(threads, [write](unsigned) { return write; }); });
    };
    add("lockstep: transact(cell)", [] { transact(cell, change); });
    add("lockstep: update(cell)", [] { update(cell, change); });
    add("lockstep: with_lock(cell)", [] { with_lock(cell, change); });
    add("bound: fetch_add on 8 bytes", [] { number.fetch_add(1, std::memory_order_relaxed); });
#if __has_include(<tbb/spin_mutex.h>)
    static Guarded<tbb::spin_mutex> spin;
    add("tbb::spin_mutex", [] { locked(spin); });
#endif
    static Guarded<std::mutex> mutex;
    add("std::mutex", [] { locked(mutex); });
    static Guarded<std::shared_mutex> shared;
    add("std::shared_mutex", [] { locked(shared); });
    question.answer(bench::rounds(argc, argv));
  }
}
