// Cells of records that are more than bytes, at the grain of their atomics: nodes that writers replace, and
// that are destroyed when nobody reads them any more. Each record has a plain variable in it, read by whoever
// copies it and written by its end: who reads one that was, or may have been, destroyed is a data race.
// Wen et al., "Interval-Based Memory Reclamation", PPoPP 2018.
#include <lockstep/sim/nondet.hpp>
#include <lockstep/sim/scenario.hpp>
#include <lockstep/verbs/cells.hpp>

#include "cell_operations.hpp"
#include "under_rc11.hpp"

#include <algorithm>
#include <array>
#include <memory>
#include <utility>

namespace lockstep::sim::scenarios::of_cell_nodes {

namespace {

using namespace one_cell;
using Reclaimer = memory::Reclaimer<Runtime>;

/// In every record, and in each another one.
struct There {
  There() = default;
  There(const There&) = default;
  There(There&& /*other*/) noexcept {}
  There& operator=(const There&) = default;
  There& operator=(There&& /*other*/) noexcept { return *this; }
  ~There() = default;
  friend bool operator==(const There& left, const There& right) { return left.yes == right.yes; }

  var<bool> yes{true};
};

struct Kept {
  long amount = 100;
  There there;
};
void set(Kept& record, long amount) { record.amount = amount; }
/// One that may be compared, so that a commit reads it again.
struct Compared : Kept {
  friend bool operator==(const Compared& left, const Compared& right) {
    return left.there == right.there && left.amount == right.amount;
  }
};

template <class T>
struct Labelled {
  using Record = T;
  Labelled() { label(cell, "cell"); }

  Reclaimer reclaimer;
  Cell<T> cell{T{}, reclaimer};
};

/// What a pointer does that nobody reclaims for: whoever replaces a record destroys it.
void destroyed_at_once() {
  atomic<Kept*> record{new Kept};
  concurrently([&] { const std::unique_ptr<Kept> replaced{record.exchange(new Kept)}; },
               [&] {
                 const Kept copy = *record.load();
                 check(copy.amount == 100, "a copy is whole");
               });
  const std::unique_ptr<Kept> last{record.load()};
}

void side_by_side_on_a_node() {
  using enum Operation;
  constexpr std::array<std::array<Operation, 2>, 4> some{
      {{load, update}, {load, with_lock}, {save, update}, {save, with_lock}}};
  side_by_side<Labelled<Kept>>(some.at(nondet(some.size(), "operations")));
}

void side_by_side_compared() {
  using enum Operation;
  constexpr std::array<std::array<Operation, 2>, 3> some{{{load, update}, {save, update}, {load, with_lock}}};
  side_by_side<Labelled<Compared>>(some.at(nondet(some.size(), "operations")));
}

// --- What reclaims, without the word of a cell ---

struct Bare final : memory::detail::Reclaimable {
  var<bool> there{true};
};
/// A pointer that is replaced by an exchange, and read under a pin.
class Pointer {
 public:
  explicit Pointer(Reclaimer& reclaimer) : reclaimer_{reclaimer} {}
  Pointer(const Pointer&) = delete;
  Pointer& operator=(const Pointer&) = delete;
  ~Pointer() { delete now_.load(); }

  void read() {
    memory::detail::Pin<Runtime> pin;
    pin.enter(reclaimer_);
    const Bare* found = now_.load();
    while (!pin.holds()) found = now_.load();
    check(found->there, "what is read is there");
  }
  void replace() {
    memory::detail::Pin<Runtime> pin;
    pin.enter(reclaimer_);
    auto fresh = std::make_unique<Bare>();
    pin.stamp(*fresh);
    pin.reclaim(*now_.exchange(fresh.release()));
  }

 private:
  Reclaimer& reclaimer_;
  atomic<Bare*> now_{new Bare};
};

/// Enough for one that was made after the reader began, and is gone while it reads on.
void three_replacements() {
  Reclaimer reclaimer;
  Pointer pointer{reclaimer};
  concurrently([&] { pointer.read(); },
               [&] {
                 for (int i = 0; i != 3; ++i) pointer.replace();
               });
}
void two_replace() {
  Reclaimer reclaimer;
  Pointer pointer{reclaimer};
  concurrently([&] { pointer.replace(); }, [&] { pointer.replace(); });
}
/// One who begins to replace a record before the epoch moves, and does so after it, when a reader has begun.
void epoch_moves_meanwhile() {
  Reclaimer reclaimer;
  Pointer pointer{reclaimer};
  Pointer other{reclaimer};
  concurrently([&] { pointer.read(); }, [&] { pointer.replace(); }, [&] { other.replace(); });
}
/// More than there are places at first.
void two_read() {
  Reclaimer reclaimer;
  Pointer pointer{reclaimer};
  const auto read = [&] { pointer.read(); };
  concurrently(read, read, [&] { pointer.replace(); });
}

// --- Several cells ---

struct Purse {
  long balance = 100;
  There there;
};
struct Purses {
  Purses() {
    label(a, "a");
    label(b, "b");
  }
  Reclaimer reclaimer;
  Cell<Purse> a{Purse{}, reclaimer};
  Cell<Purse> b{Purse{}, reclaimer};
};

void transfer_and_audit() {
  Purses purses;
  auto& a = purses.a;
  auto& b = purses.b;
  concurrently([&] { transfer(a, b, 30); },
               [&] {
                 read_only(a, b, [](const Purse& one, const Purse& two) {
                   check(one.balance + two.balance == 200, "an auditor finds all the money");
                 });
               });
  check(load(a)->balance == 70 && load(b)->balance == 130, "the money has moved");
}

/// A transaction of a node and a record that lies in its cell.
void node_and_inline() {
  Reclaimer reclaimer;
  Cell<Kept> node{Kept{}, reclaimer};
  Cell<long> number{0};
  concurrently(
      [&] {
        transact(node, number, [](Kept& record, long& count) {
          ++record.amount;
          ++count;
        });
      },
      [&] {
        read_only(node, number, [](const Kept& record, const long& count) {
          check(record.amount == 100 + count, "both belong to one moment");
        });
      });
}

/// A record that another cell is read for while it is copied: a look inside of a look.
struct Nested {
  Nested() = default;
  Nested(const Nested& from) : there{from.there}, other{from.other} {
    if (other != nullptr) seen = load(*other)->amount;
  }
  Nested& operator=(const Nested&) = default;

  There there;
  const Cell<Kept>* other = nullptr;
  long seen = 0;
};
void look_inside_of_a_look() {
  Labelled<Kept> inner;
  Nested record;
  record.other = &inner.cell;
  Cell<Nested> outer{record, inner.reclaimer};
  concurrently([&] { check(load(outer)->seen <= 101, "what is read inside is whole"); },
               [&] { update(inner.cell, [](Kept& kept) { ++kept.amount; }); });
}

/// A record that counts how many of it there are, in plain numbers, which only what runs between two steps
/// changes. One copy of it waits.
struct Counted {
  struct Count {
    long now = 0;
    long most = 0;
    bool stop = false;
    atomic<bool> copying{false};
    atomic<bool> go_on{false};
  };
  explicit Counted(Count& in) : count{&in} { come(); }
  Counted(const Counted& from) : there{from.there}, count{from.count} {
    come();
    if (!std::exchange(count->stop, false)) return;
    count->copying.store(true);
    count->copying.notify_one();
    count->go_on.wait(false);
    check(from.there.yes, "what is being copied is there");
  }
  Counted& operator=(const Counted&) = default;
  ~Counted() { --count->now; }
  void come() { count->most = std::max(count->most, ++count->now); }

  There there;
  Count* count;
};
/// One is stopped in the middle of a copy, and others replace: what waits meanwhile has a bound, and is gone
/// when the reclaimer is.
void stalled_reader() {
  Counted::Count count;
  {
    Reclaimer reclaimer;
    Cell<Counted> cell{Counted{count}, reclaimer};
    concurrently(
        [&] {
          count.copying.wait(false);
          for (int i = 0; i != 12; ++i) transact(cell, [](Counted&) {});
          count.go_on.store(true);
          count.go_on.notify_one();
        },
        [&] {
          count.stop = true;
          static_cast<void>(load(cell));
        });
  }
  check(count.now == 0, "all are destroyed in the end");
  // In the cell, in the hands of either thread, and waiting: what was there when the reader began, and what
  // was made before the epoch moved; as much again until that is looked through, and one.
  check(count.most <= 1 + 2 + 2 * 2 + 1, "no more wait than are said to");
}

const Registered scenarios[]{
    Registered{{.name = "cell_nodes/destroyed_at_once",
                .summary = "a record that is destroyed when it is replaced is read afterwards",
                .expected = FindingKind::data_race,
                .body = destroyed_at_once}},
    Registered{{.name = "cell_nodes/side_by_side",
                .summary = "two verbs on a cell of nodes are linearizable, and read nothing destroyed",
                .body = side_by_side_on_a_node}},
    Registered{{.name = "cell_nodes/compared",
                .summary = "a commit compares with what is there, and with nothing destroyed",
                .body = side_by_side_compared}},
    Registered{{.name = "cell_nodes/three_replacements",
                .summary = "what was made after a reader began is not destroyed while it reads",
                .body = three_replacements,
                .options = under_rc11}},
    Registered{{.name = "cell_nodes/two_replace",
                .summary = "each of two who replace a record leaves the other's alone",
                .body = two_replace,
                .options = under_rc11}},
    Registered{{.name = "cell_nodes/epoch_moves_meanwhile",
                .summary = "the epoch in which a record is replaced is read when it has been",
                .body = epoch_moves_meanwhile,
                .options = under_rc11}},
    Registered{{.name = "cell_nodes/two_read",
                .summary = "a record is destroyed after the last of its readers",
                .body = two_read,
                .options = under_rc11}},
    Registered{{.name = "cell_nodes/transfer_and_audit",
                .summary = "read_only() of two nodes sees a transfer whole, or not at all",
                .body = transfer_and_audit,
                .options = under_rc11}},
    Registered{{.name = "cell_nodes/node_and_inline",
                .summary = "a node and a record in its cell change together",
                .body = node_and_inline,
                .options = under_rc11}},
    Registered{{.name = "cell_nodes/nested",
                .summary = "a record whose copy reads another cell",
                .body = look_inside_of_a_look,
                .options = under_rc11}},
    Registered{{.name = "cell_nodes/stalled_reader",
                .summary = "what waits for a reader that is stopped has a bound",
                .body = stalled_reader,
                .options = under_rc11}},
};

}  // namespace

}  // namespace lockstep::sim::scenarios::of_cell_nodes
