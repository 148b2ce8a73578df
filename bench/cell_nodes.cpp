// What does it cost to read, and to change, a record that is more than bytes, and so is replaced as a whole:
// alone, together, and while another thread replaces it without a pause?
#include <lockstep/verbs/cells.hpp>

#include "measure.hpp"

#include <array>
#include <memory>
#include <mutex>
#include <shared_mutex>

namespace {

/// 64 bytes that somebody else may not copy.
struct Record {
  Record() = default;
  Record(const Record& from) : values{from.values} {}
  Record& operator=(const Record&) = default;
  std::array<long, 8> values{};
};
constexpr auto change = [](Record& record) {
  for (auto& value : record.values) ++value;
};

template <class Mutex>
struct Guarded {
  alignas(64) Mutex mutex;
  Record record;
};
template <class Lock, class Of>
void read_locked(Of& of) {
  const Lock lock{of.mutex};
  const Record copy = of.record;
  bench::keep(copy);
}
template <class Of>
void change_locked(Of& of) {
  const std::scoped_lock lock{of.mutex};
  change(of.record);
}

lockstep::memory::Cell<Record, lockstep::StdRuntime, lockstep::memory::Layout::padded> cell;
Guarded<std::mutex> mutex;
Guarded<std::shared_mutex> shared;
alignas(64) std::atomic<std::shared_ptr<const Record>> pointer{std::make_shared<const Record>()};
alignas(64) Record plain;

void change_pointer() {
  for (auto seen = pointer.load();;) {
    auto mine = std::make_shared<Record>(*seen);
    change(*mine);
    if (pointer.compare_exchange_weak(seen, std::move(mine))) return;
  }
}

void reads(const char* text, unsigned threads, bool hammered, unsigned rounds) {
  bench::Question question{text};
  const auto add = [&](const char* name, auto read, auto write) {
    question.contender(name, [=] {
      const auto work = [read](unsigned) { return read; };
      return hammered ? bench::time_of(threads, work, write) : bench::time_of(threads, work);
    });
  };
  add("lockstep: load(cell)", [] { bench::keep(load(cell)); }, [] { transact(cell, change); });
  add("std::atomic<std::shared_ptr>", [] { bench::keep(Record{*pointer.load()}); }, change_pointer);
  add("std::mutex", [] { read_locked<std::scoped_lock<std::mutex>>(mutex); }, [] { change_locked(mutex); });
  add(
      "std::shared_mutex", [] { read_locked<std::shared_lock<std::shared_mutex>>(shared); },
      [] { change_locked(shared); });
  if (!hammered) add("bound: a copy of what nobody writes", [] { bench::keep(Record{plain}); }, [] {});
  question.answer(rounds);
}

}  // namespace

int main(int argc, char** argv) {
  const auto rounds = bench::rounds(argc, argv);
  reads("read of a record of 64 bytes that is a node, 1 thread", 1, false, rounds);
  reads("read, 2 threads", 2, false, rounds);
  reads("read by 1 thread while another one replaces without a pause", 1, true, rounds);
  for (const unsigned threads : {1U, 2U}) {
    bench::Question question{"read-modify-write, threads: " + std::to_string(threads)};
    const auto add = [&](const char* name, auto write) {
      question.contender(name, [=] { return bench::time_of(threads, [write](unsigned) { return write; }); });
    };
    add("lockstep: transact(cell)", [] { transact(cell, change); });
    add("std::atomic<std::shared_ptr>", change_pointer);
    add("std::mutex", [] { change_locked(mutex); });
    add("std::shared_mutex", [] { change_locked(shared); });
    add("bound: operator new, delete", [] { bench::keep(std::make_unique<Record>()); });
    question.answer(rounds);
  }
}
