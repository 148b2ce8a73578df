// One cell at the grain of its atomics: every interleaving of its code. Its word is a sequence lock, an
// optimistic version and a lock at once; what it does is judged against a record used by one thread.
// Boehm, "Can Seqlocks Get Along with Programming Language Memory Models?", MSPC 2012.
#include <lockstep/sim/nondet.hpp>
#include <lockstep/sim/scenario.hpp>

#include "cell_operations.hpp"
#include "under_rc11.hpp"

#include <array>
#include <chrono>
#include <stdexcept>
#include <utility>
#include <vector>

namespace lockstep::sim::scenarios::of_cell {

namespace {

using namespace one_cell;

/// Of one word.
struct Amount {
  long amount = 0;
};
/// Of two words, of which a torn copy is no state that ever was.
struct Both {
  long amount = 0;
  long same = 0;
  [[nodiscard]] bool whole() const { return amount == same; }
};
void set(Amount& record, long amount) { record = {amount}; }
void set(Both& record, long amount) {
  check(record.whole(), "a change never sees a torn record");
  record = {amount, amount};
}

/// With 100 in it.
template <class T>
struct Labelled {
  using Record = T;
  Labelled() { label(cell, "cell"); }
  static T hundred() {
    T record;
    set(record, 100);
    return record;
  }

  Cell<T> cell{hundred()};
};

void any_two() {
  const unsigned first = nondet(operations, "operation");
  const unsigned second = first + nondet(operations - first, "operation");  // the threads are alike
  side_by_side<Labelled<Both>>(std::array{static_cast<Operation>(first), static_cast<Operation>(second)});
}

void three() {
  using enum Operation;
  constexpr std::array<std::array<Operation, 3>, 4> some{
      {{load, load, update}, {load, save, update}, {load, update, refused}, {load, load, with_lock}}};
  side_by_side<Labelled<Amount>>(some.at(nondet(some.size(), "operations")));
}
// --- What the flags of its word are for ---

void bare_words() {
  std::array<atomic<long>, 2> words{100, 100};
  concurrently(
      [&] {
        for (auto& word : words) word.store(7, std::memory_order_relaxed);
      },
      [&] {
        const long first = words[0].load(std::memory_order_relaxed);
        check(first == words[1].load(std::memory_order_relaxed), "a copy is never torn");
      });
}

void read_while_written() {
  Labelled<Both> labelled;
  auto& cell = labelled.cell;
  concurrently(
      [&] {
        update(cell, [](Both& record) { set(record, 1); });
        update(cell, [](Both& record) { set(record, 2); });
      },
      [&] {
        const auto first = load(cell);
        const auto second = load(cell);
        check(first->whole() && second->whole(), "a load is never torn");
        check(first.version.number() <= second.version.number(), "and never goes back");
      });
}

/// A load is answered while somebody holds the lock, and is of what was committed.
void lock_leaves_readers_alone() {
  Labelled<Amount> labelled;
  auto& cell = labelled.cell;
  atomic<bool> answered{false};
  concurrently(
      [&] {
        with_lock(cell, [&](Amount& record) {
          record.amount = 1;
          answered.wait(false);
        });
      },
      [&] {
        check(load(cell)->amount == 100, "what is changed under the lock is not seen before it is committed");
        answered.store(true);
        answered.notify_one();
      });
}

/// What a lock guards besides the cell's record, which stays as it is because something is thrown.
void lock_guards_more() {
  Labelled<Amount> labelled;
  auto& cell = labelled.cell;
  var<int> visits{0};
  const auto visit = [&] {
    try {
      with_lock(cell, [&](Amount&) {
        visits += 1;
        throw std::runtime_error{"not now"};
      });
    } catch (const std::runtime_error&) {  // NOLINT(bugprone-empty-catch): it was thrown here
    }
  };
  concurrently(visit, visit);
  check(visits.get() == 2, "both have been there");
}

/// A word that is taken and given back as it was still publishes the record that it was of.
void taken_back() {
  using Word = memory::detail::Word<Runtime>;
  Word word{Version{0}};
  atomic<int> record{0};
  label(record, "record");
  label(word, "word");
  concurrently(
      [&] {
        const auto seen = word.look();
        if (!word.acquire(seen)) return;
        Word::acquired();
        record.store(1, std::memory_order_relaxed);
        word.publish(seen);
      },
      [&] {
        const auto seen = word.look();
        if (seen.version() == Version{1} && word.acquire(seen)) word.take_back(seen);
      },
      [&] {
        const auto seen = word.look();
        const int copy = record.load(std::memory_order_relaxed);
        Word::copied();
        if (!seen.has(Word::State::writing) && word.unmoved(seen))
          check(static_cast<std::uint64_t>(copy) == seen.version().number(),
                "the record is that of the version");
      });
}

/// Threads that want the cell, which the main one holds while it starts them.
template <std::size_t threads>
void hold() {
  Labelled<Amount> labelled;
  auto& cell = labelled.cell;
  int inside = 0;
  const auto visit = [&] {
    with_lock(cell, [&](Amount& record) {
      check(++inside == 1, "one at a time");
      this_thread::yield();
      ++record.amount;
      --inside;
    });
  };
  std::vector<thread> others;
  with_lock(cell, [&](Amount&) {
    ++inside;
    for (std::size_t i = 0; i != threads; ++i) others.emplace_back(visit);
    this_thread::yield();
    --inside;
  });
  for (auto& other : others) other.join();
  check(load(cell)->amount == 100 + static_cast<long>(threads), "and each of them has been there");
}

void time_limit() {
  Labelled<Amount> labelled;
  auto& cell = labelled.cell;
  bool told = false;
  atomic<bool> tried{false};
  concurrently([&] { with_lock(cell, [&](Amount&) { tried.wait(false); }); },
               [&] {
                 try {
                   with_lock(
                       cell, [](Amount& record) { ++record.amount; },
                       Wait::up_to(std::chrono::microseconds{60}));
                 } catch (const LockTimeout&) {
                   told = true;
                 }
                 tried.store(true);
                 tried.notify_one();
               });
  check(load(cell)->amount == (told ? 100 : 101), "in time, or told");
}

void not_waiting() {
  Labelled<Amount> labelled;
  auto& cell = labelled.cell;
  int told = 0;
  const auto visit = [&] {
    try {
      with_lock(cell, [](Amount& record) { ++record.amount; }, Wait::never());
    } catch (const LockUnavailable&) {
      ++told;
    }
  };
  concurrently(visit, visit);
  check(told <= 1 && load(cell)->amount == 102 - told, "who does not wait gets the lock, or is told");
}

/// Writers that change a cell again and again, and one who wants to read, or to hold it.
void hammered_reader() {
  Labelled<Both> labelled;
  auto& cell = labelled.cell;
  concurrently(
      [&] {
        for (long i = 0; i != 2; ++i) update(cell, [=](Both& record) { set(record, i); });
      },
      [&] { check(load(cell)->whole(), "a reader that starves gets what is whole"); });
  check(load(cell).version == Version{2}, "and no write is lost by its asking");
}
void hammered_lock() {
  Labelled<Amount> labelled;
  auto& cell = labelled.cell;
  concurrently(
      [&] {
        for (int i = 0; i != 2; ++i) update(cell, [](Amount& record) { ++record.amount; });
      },
      [&] { with_lock(cell, [](Amount& record) { record.amount += 10; }); });
  check(load(cell)->amount == 112, "no write is lost");
}

/// The last version is written, and nothing after it.
void last_version() {
  Cell<Amount> cell{Amount{100}, Version{Cell<Amount>::last_version().number() - 1}};
  int refused = 0;
  const auto deposit = [&] {
    try {
      update(cell, [](Amount& record) { ++record.amount; });
    } catch (const VersionUnavailable&) {
      ++refused;
    }
  };
  concurrently(deposit, deposit);
  check(refused == 1, "one of two gets the last version");
  check(load(cell)->amount == 101 && load(cell).version == Cell<Amount>::last_version(),
        "and is in the cell");
}

const Registered scenarios[]{
    Registered{{.name = "cell/bare_words",
                .summary = "a record in two atomics without a word before them is torn",
                .expected = FindingKind::check,
                .body = bare_words,
                .options = under_rc11}},
    Registered{
        {.name = "cell/any_two",
         .summary =
             "any two of load, save, update, change_if, with_lock and a refused change are linearizable",
         .body = any_two}},
    Registered{
        {.name = "cell/three", .summary = "three at a time are, on a record of one word", .body = three}},
    Registered{{.name = "cell/read_while_written",
                .summary = "reads between two writes are whole, and never go back",
                .body = read_while_written,
                .options = under_rc11}},
    Registered{{.name = "cell/lock_leaves_readers_alone",
                .summary = "a read is answered while another holds the lock",
                .body = lock_leaves_readers_alone,
                .options = under_rc11}},
    Registered{{.name = "cell/lock_guards_more",
                .summary = "a lock guards what is beside the record as well",
                .body = lock_guards_more,
                .options = under_rc11}},
    Registered{{.name = "cell/taken_back",
                .summary = "a word that is taken and given back publishes what it did before",
                .body = taken_back,
                .options = under_rc11}},
    Registered{{.name = "cell/two_hold",
                .summary = "a lock is held by one at a time",
                .body = hold<1>,
                .options = under_rc11}},
    Registered{{.name = "cell/three_hold",
                .summary = "who sleeps until a lock is free is woken",
                .body = hold<2>,
                .options = under_rc11}},
    Registered{{.name = "cell/time_limit",
                .summary = "a lock with a time limit is granted in time, or refused",
                .body = time_limit}},
    Registered{{.name = "cell/not_waiting",
                .summary = "a lock without waiting is granted or refused",
                .body = not_waiting,
                .options = under_rc11}},
    Registered{{.name = "cell/hammered_reader",
                .summary = "a reader between many writes asks for a pause, and no write is lost",
                .body = hammered_reader,
                .options = under_rc11}},
    Registered{{.name = "cell/hammered_lock",
                .summary = "a lock between many writes is granted",
                .body = hammered_lock,
                .options = under_rc11}},
    Registered{{.name = "cell/last_version",
                .summary = "of two writes for whom there is one version, one is refused",
                .body = last_version,
                .options = under_rc11}},
};

}  // namespace

}  // namespace lockstep::sim::scenarios::of_cell
