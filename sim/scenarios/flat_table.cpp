// A hash table with its records in it, at the grain of its atomics: threads that look up, insert, change and
// erase while it grows, and while an array that was given up is used again. What they do is judged against a
// map used by one thread. Tables begin with two slots, of which one may be used, and slots are moved one by
// one, so that small tests take every way.
// Maier, Sanders & Dementiev, "Concurrent Hash Tables: Fast and General(?)!", PPoPP 2016.
#include <lockstep/sim/concurrently.hpp>
#include <lockstep/sim/linearizability.hpp>
#include <lockstep/sim/nondet.hpp>
#include <lockstep/sim/scenario.hpp>
#include <lockstep/sim/sim.hpp>
#include <lockstep/verbs/flat_table.hpp>

#include "under_rc11.hpp"

#include <array>
#include <optional>
#include <string>
#include <utility>

namespace lockstep::sim::scenarios {

namespace {

/// Where a key belongs: at its value.
struct AtItsValue {
  using is_avalanching = void;
  std::uint64_t operator()(long key) const noexcept { return static_cast<std::uint64_t>(key); }
};
/// Of two words, of which a torn copy is no state that ever was.
struct Both {
  long amount = 0;
  long same = 0;
};
template <class T>
T holding(long amount) {
  if constexpr (std::is_same_v<T, Both>) {
    return {amount, amount};
  } else {
    return amount;
  }
}
long amount_of(long record) { return record; }
long amount_of(const Both& record) {
  check(record.amount == record.same, "a record is never torn");
  return record.amount;
}

template <class T = long>
using Table = memory::FlatTable<long, T, Runtime, AtItsValue>;

// Keys with one home, in arrays of two slots and of four.
constexpr long a = 0;
constexpr long b = 4;
constexpr long c = 8;
constexpr long d = 12;

// --- Any operations side by side ---

enum class Operation : unsigned { load_a, load_b, insert_a, insert_b, update_a, update_b, erase_a, erase_b };
constexpr unsigned operations = 8;

std::string to_string(Operation operation) {
  constexpr std::array<const char*, operations> names{"load a",   "load b",   "insert a", "insert b",
                                                      "update a", "update b", "erase a",  "erase b"};
  return names.at(static_cast<std::size_t>(operation));
}

/// The amount after a call; 0 or 1 where there is none; -1 if there was no record.
using Answer = long;

template <class T>
Answer run(Table<T>& table, Operation operation) {
  const auto key = static_cast<unsigned>(operation) % 2 == 0 ? a : b;
  switch (operation) {
    case Operation::load_a:
    case Operation::load_b: {
      const auto found = load(table, key);
      return found ? amount_of(found->record) : -1;
    }
    case Operation::insert_a:
    case Operation::insert_b:
      return insert(table, key, holding<T>(7)) ? 1 : 0;
    case Operation::update_a:
    case Operation::update_b:
      try {
        return amount_of(
            update(table, key, [](T& record) { record = holding<T>(amount_of(record) + 1); }).record);
      } catch (const Missing&) {
        return -1;
      }
    case Operation::erase_a:
    case Operation::erase_b:
      return erase(table, key) ? 1 : 0;
  }
  return 0;
}

/// On a map that one thread uses.
using Single = std::array<long, 2>;  // -1: no record
Answer expected(Single& single, const Operation& operation) {
  long& amount = single.at(static_cast<unsigned>(operation) % 2);
  switch (operation) {
    case Operation::load_a:
    case Operation::load_b:
      return amount;
    case Operation::insert_a:
    case Operation::insert_b:
      return amount == -1 ? (amount = 7, 1) : 0;
    case Operation::update_a:
    case Operation::update_b:
      return amount == -1 ? -1 : ++amount;
    case Operation::erase_a:
    case Operation::erase_b:
      return amount == -1 ? 0 : (amount = -1, 1);
  }
  return 0;
}

/// Judges what each thread does in turn, on a table with a in it, and what there is afterwards.
template <class T, std::size_t threads, std::size_t calls>
void side_by_side(const std::array<std::array<Operation, calls>, threads>& chosen) {
  Table<T> table;
  insert(table, a, holding<T>(100)).or_throw();
  History<Operation, Answer> history;
  const auto thread = [&](std::size_t i) {
    return [&, i] {
      for (const auto operation : chosen.at(i)) {
        history.call(operation, [&] { return run(table, operation); });
      }
    };
  };
  [&]<std::size_t... I>(std::index_sequence<I...>) {
    concurrently(thread(I)...);
  }(std::make_index_sequence<threads>{});
  for (const auto last : {Operation::load_a, Operation::load_b}) {
    history.call(last, [&] { return run(table, last); });
  }
  check_linearizable(history, sequential<Operation>(Single{100, -1}, expected), "the table");
  check(table.size() == (load(table, a) ? 1U : 0U) + (load(table, b) ? 1U : 0U), "and its size is known");
}

template <class T>
void any_two() {
  const unsigned first = nondet(operations, "operation");
  const unsigned second = first + nondet(operations - first, "operation");  // the threads are alike
  side_by_side<T>(std::array<std::array<Operation, 1>, 2>{
      {{static_cast<Operation>(first)}, {static_cast<Operation>(second)}}});
}

/// Erased keys that are dropped as the table grows.
void dropped() {
  using enum Operation;
  constexpr std::array<std::array<std::array<Operation, 2>, 2>, 2> some{
      {{{{erase_a, insert_b}, {load_a, load_b}}}, {{{erase_a, insert_b}, {update_a, load_b}}}}};
  side_by_side<long>(some.at(nondet(some.size(), "operations")));
}

// --- An array that is used again ---

/// Four slots with a and b in them, of which b moves into the place of a when a is gone.
struct Crowded {
  Crowded() {
    insert(table, a, 100).or_throw();
    insert(table, b, 200).or_throw();
  }
  /// Twice as long: then the first array is in use again.
  void crowd_out() {
    erase(table, a);
    insert(table, c, 300).or_throw();
    erase(table, c);
    insert(table, d, 400).or_throw();
  }
  Table<> table{2};
};

void read_late() {
  Crowded crowded;
  concurrently([&] { crowded.crowd_out(); },
               [&] {
                 const auto found = load(crowded.table, a);
                 check(!found || found->record == 100, "what is found is the key's");
               });
}
void read_on() {
  Crowded crowded;
  concurrently([&] { crowded.crowd_out(); },
               [&] {
                 const auto found = load(crowded.table, b);
                 check(found && found->record == 200, "what stays is found");
               });
}
void update_late() {
  Crowded crowded;
  concurrently([&] { crowded.crowd_out(); },
               [&] {
                 try {
                   update(crowded.table, a, [](long& amount) { amount = 1; });
                 } catch (const Missing&) {
                 }
               });
  check(load(crowded.table, b)->record == 200, "a change is the key's");
}
void erase_late() {
  Crowded crowded;
  concurrently([&] { crowded.crowd_out(); }, [&] { erase(crowded.table, a); });
  check(load(crowded.table, b).has_value() && crowded.table.size() == 2, "an erase is the key's");
}

/// Who is done with its part of the moving does not go on before the other is.
void two_move() {
  Table<> table;
  insert(table, a, 100).or_throw();
  concurrently([&] { static_cast<void>(insert(table, b, 200)); },
               [&] {
                 static_cast<void>(insert(table, b, 300));
                 check(load(table, a).has_value(), "what is moved is found");
               });
}
/// Eight slots, of which those that are counted with the first are in use.
void room_elsewhere() {
  Table<> table{4};
  insert(table, 0, 100).or_throw();
  insert(table, 8, 200).or_throw();
  concurrently([&] { insert(table, 16, 300).or_throw(); }, [&] { insert(table, 5, 400).or_throw(); });
  check(load(table, 16).has_value() && load(table, 5).has_value() && table.size() == 4, "nothing is lost");
}

// --- Under RC11, where histories are not judged ---

/// A table with a in it that one thread makes grow, and another uses.
template <class Use>
void as_it_grows(Use&& use) {
  Table<Both> table;
  insert(table, a, holding<Both>(100)).or_throw();
  concurrently([&] { insert(table, b, holding<Both>(200)).or_throw(); }, [&] { use(table); });
  check(amount_of(load(table, b)->record) == 200, "what was inserted is there");
}
void load_as_it_grows() {
  as_it_grows([](Table<Both>& table) {
    check(amount_of(load(table, a)->record) == 100, "what is moved is found");
    const auto found = load(table, b);
    check(!found || amount_of(found->record) == 200, "what is inserted is there as a whole");
  });
}
void update_as_it_grows() {
  as_it_grows([](Table<Both>& table) {
    update(table, a, [](Both& record) { record = holding<Both>(amount_of(record) + 1); });
    check(amount_of(load(table, a)->record) == 101, "what was written is read");
  });
}
void erase_as_it_grows() {
  as_it_grows([](Table<Both>& table) {
    check(erase(table, a), "what is moved can be erased");
    check(!load(table, a), "and stays so");
  });
}
void inserted_and_erased() {
  Table<Both> table;
  insert(table, a, holding<Both>(100)).or_throw();
  concurrently(
      [&] {
        erase(table, a);
        insert(table, a, holding<Both>(7)).or_throw();
      },
      [&] {
        const auto found = load(table, a);
        check(!found || amount_of(found->record) == (found->version == Version{0} ? 100 : 7),
              "a record is that of its version");
      });
}

// --- Keys that are nodes ---

/// With a plain variable in it, read by who compares it and written by its end.
struct Name {
  explicit Name(long of) : number{of} {}
  friend bool operator==(const Name& left, const Name& right) {
    return left.there.get() && right.there.get() && left.number == right.number;
  }
  long number;
  var<bool> there{true};
};
struct OfNames {
  using is_avalanching = void;
  std::uint64_t operator()(const Name& name) const noexcept {
    return static_cast<std::uint64_t>(name.number);
  }
};

void key_is_dropped() {
  memory::Reclaimer<Runtime> reclaimer;
  memory::FlatTable<Name, long, Runtime, OfNames> table{reclaimer};
  insert(table, Name{a}, 100).or_throw();
  concurrently(
      [&] {
        erase(table, Name{a});
        insert(table, Name{b}, 200).or_throw();
      },
      [&] {
        const auto found = load(table, Name{a});
        check(!found || found->record == 100, "what is found is the key's");
      });
  check(load(table, Name{b})->record == 200 && table.size() == 1, "and what was inserted is there");
}

// --- Several keys ---

void transfer_as_it_grows() {
  Table<> table{2};
  insert(table, a, 100).or_throw();
  insert(table, b, 100).or_throw();
  concurrently(
      [&] {
        transact(table, a, b, [](long& from, long& to) {
          check(from + to == 200, "even an attempt that will run again sees one state");
          from -= 30;
          to += 30;
        });
      },
      [&] { insert(table, c, 7).or_throw(); });
  check(load(table, a)->record == 70 && load(table, b)->record == 130, "the money has moved, once");
}
void audit_as_it_grows() {
  Table<> table{2};
  insert(table, a, 100).or_throw();
  insert(table, b, 100).or_throw();
  concurrently(
      [&] {
        insert(table, c, 7).or_throw();
        transact(table, a, b, [](long& from, long& to) { from -= 30, to += 30; });
      },
      [&] {
        read_only(table, a, b, [](const long& one, const long& two) {
          check(one + two == 200, "an auditor finds all the money");
        });
      });
}
void opposite_transfers() {
  Table<> table{2};
  insert(table, a, 100).or_throw();
  insert(table, b, 100).or_throw();
  const auto move = [&](long from, long to, long amount) {
    transact(table, from, to, [=](long& payer, long& payee) { payer -= amount, payee += amount; });
  };
  concurrently([&] { move(a, b, 30); }, [&] { move(b, a, 10); });
  check(load(table, a)->record == 80 && load(table, b)->record == 120, "both have moved");
}
/// Of two that a transaction changes, one is erased: it is missing, or the money has moved before.
void transfer_to_the_erased() {
  Table<> table{2};
  insert(table, a, 100).or_throw();
  insert(table, b, 100).or_throw();
  bool missing = false;
  concurrently([&] { erase(table, b); },
               [&] {
                 try {
                   transact(table, a, b, [](long& from, long& to) { from -= 30, to += 30; });
                 } catch (const Missing&) {
                   missing = true;
                 }
               });
  check(load(table, a)->record == (missing ? 100 : 70), "all of it, or nothing");
}

const Registered scenarios[]{
    Registered{{.name = "flat_table/any_two",
                .summary = "any two of load, insert, update and erase are linearizable, as the table grows",
                .body = any_two<long>}},
    Registered{{.name = "flat_table/dropped",
                .summary = "two after two are, as erased keys are dropped",
                .body = dropped}},
    Registered{{.name = "flat_table/two_move",
                .summary = "of two who move what there is, none goes on before the other is done",
                .body = two_move}},
    Registered{{.name = "flat_table/read_late",
                .summary = "who reads an array that is used again finds nothing of others",
                .body = read_late}},
    Registered{{.name = "flat_table/read_on",
                .summary = "and finds what has stayed",
                .body = read_on,
                .options = under_rc11}},
    Registered{{.name = "flat_table/update_late",
                .summary = "who writes to an array that is used again changes nothing of others",
                .body = update_late}},
    Registered{{.name = "flat_table/erase_late", .summary = "nor erases it", .body = erase_late}},
    Registered{{.name = "flat_table/room_elsewhere",
                .summary = "an insert that finds room while another makes the table grow",
                .body = room_elsewhere}},
    Registered{{.name = "flat_table/key_is_dropped",
                .summary = "a key that is a node is there for who compares it",
                .body = key_is_dropped}},
    Registered{{.name = "flat_table/transfer_as_it_grows",
                .summary = "two records that are moved change together",
                .body = transfer_as_it_grows}},
    Registered{{.name = "flat_table/audit_as_it_grows",
                .summary = "two records that are moved are read at one moment",
                .body = audit_as_it_grows}},
    Registered{{.name = "flat_table/opposite_transfers",
                .summary = "two transfers in opposite directions both land",
                .body = opposite_transfers}},
    Registered{{.name = "flat_table/transfer_to_the_erased",
                .summary = "a record that is erased takes no part in a transaction",
                .body = transfer_to_the_erased,
                .options = under_rc11}},
    Registered{{.name = "flat_table/load_as_it_grows",
                .summary = "what is moved, and what is inserted, is found whole",
                .body = load_as_it_grows,
                .options = under_rc11}},
    Registered{{.name = "flat_table/update_as_it_grows",
                .summary = "what is moved is changed once",
                .body = update_as_it_grows,
                .options = under_rc11}},
    Registered{{.name = "flat_table/erase_as_it_grows",
                .summary = "what is moved is erased once",
                .body = erase_as_it_grows,
                .options = under_rc11}},
    Registered{{.name = "flat_table/inserted_and_erased",
                .summary = "a key that is erased and inserted again has another version",
                .body = inserted_and_erased,
                .options = under_rc11}},
};

}  // namespace

}  // namespace lockstep::sim::scenarios
