// Several cells changed together, at the grain of their atomics. Both ways are taken: after two lost races
// (under the simulator) all cells are locked.
// Tu et al., "Speedy Transactions in Multicore In-Memory Databases", SOSP 2013; Guerraoui & Kapalka, "On the
// Correctness of Transactional Memory", PPoPP 2008 (opacity).
#include <lockstep/sim/concurrently.hpp>
#include <lockstep/sim/linearizability.hpp>
#include <lockstep/sim/nondet.hpp>
#include <lockstep/sim/scenario.hpp>
#include <lockstep/sim/sim.hpp>
#include <lockstep/verbs/cells.hpp>

#include "under_rc11.hpp"

#include <array>
#include <string>
#include <utility>

namespace lockstep::sim::scenarios::of_cells {

namespace {

struct Purse {
  long balance = 0;
};
using Cell = memory::Cell<Purse, Runtime>;

/// Some with 100 each.
template <std::size_t count>
struct Purses {
  Purses() {
    constexpr std::array<const char*, 3> names{"a", "b", "c"};
    for (std::size_t i = 0; i != count; ++i) label(cells.at(i), names.at(i));
  }
  [[nodiscard]] long sum() {
    long sum = 0;
    for (auto& cell : cells) sum += load(cell)->balance;
    return sum;
  }
  static Cell filled() { return Cell{Purse{100}}; }

  std::array<Cell, count> cells = [] {
    return []<std::size_t... I>(std::index_sequence<I...>) {
      return std::array<Cell, count>{((void)I, Cell{Purse{100}})...};
    }(std::make_index_sequence<count>{});
  }();
};

void step_by_step() {
  Purses<2> purses;
  auto& [a, b] = purses.cells;
  concurrently(
      [&] {
        update(a, [](Purse& purse) { purse.balance -= 30; });
        update(b, [](Purse& purse) { purse.balance += 30; });
      },
      [&] {
        const long sum =
            read_only(a, b, [](const Purse& one, const Purse& two) { return one.balance + two.balance; });
        check(sum == 200, "an auditor finds all the money");
      });
}

void transfer_and_audit() {
  Purses<2> purses;
  auto& [a, b] = purses.cells;
  concurrently([&] { transfer(a, b, 30); },
               [&] {
                 read_only(a, b, [](const Purse& one, const Purse& two) {
                   check(one.balance + two.balance == 200, "an auditor finds all the money");
                 });
               });
  check(load(a)->balance == 70 && load(b)->balance == 130, "the money has moved");
}

void opposite_transfers() {
  Purses<2> purses;
  auto& [a, b] = purses.cells;
  concurrently([&] { transfer(a, b, 30); }, [&] { transfer(b, a, 10); });
  check(load(a)->balance == 80 && load(b)->balance == 120, "both have moved");
}

void chain() {
  Purses<3> purses;
  auto& [a, b, c] = purses.cells;
  concurrently([&] { transfer(a, b, 10); }, [&] { transfer(b, c, 20); });
  check(load(a)->balance == 90 && load(b)->balance == 90 && load(c)->balance == 120, "both have moved");
}

/// Even an attempt that will run again sees one state.
void opacity() {
  Purses<2> purses;
  auto& [a, b] = purses.cells;
  const auto move = [&](long amount) {
    transact(a, b, [=](Purse& one, Purse& two) {
      check(one.balance + two.balance == 200, "even an attempt that will run again sees one state");
      one.balance -= amount;
      two.balance += amount;
    });
  };
  concurrently([&] { move(10); }, [&] { move(20); });
  check(load(a)->balance == 70, "both have moved");
}

/// Either purse may be overdrawn, their sum may not.
template <class Withdraw>
void skew(Withdraw&& withdraw) {
  Purses<2> purses;
  auto& [a, b] = purses.cells;
  concurrently([&] { withdraw(a, b); }, [&] { withdraw(b, a); });
  check(purses.sum() >= 0, "the sum over both is not negative");
}
void skew_by_saves() {
  skew([](Cell& mine, Cell& other) {
    auto value = load(mine);
    if (value->balance + load(other)->balance < 150) return;
    value->balance -= 150;
    static_cast<void>(save(mine, value));
  });
}
void skew_against_transact() {
  skew([](Cell& mine, Cell& other) {
    transact(std::as_const(other), mine, [](const Purse& theirs, Purse& purse) {
      if (purse.balance + theirs.balance >= 150) purse.balance -= 150;
    });
  });
}
/// What is not changed is validated, though it might have been.
void skew_against_unchanged() {
  skew([](Cell& mine, Cell& other) {
    transact(mine, other, [](Purse& purse, Purse& theirs) {
      if (purse.balance + theirs.balance >= 150) purse.balance -= 150;
    });
  });
}

/// Two that each read what the other writes fail each other, until one of them locks.
void each_reads_the_other() {
  Purses<2> purses;
  auto& [a, b] = purses.cells;
  const auto copy = [](Cell& from, Cell& to) {
    transact(std::as_const(from), to,
             [](const Purse& source, Purse& target) { target.balance += source.balance; });
  };
  concurrently([&] { copy(a, b); }, [&] { copy(b, a); });
  const long one = load(a)->balance;
  const long two = load(b)->balance;
  check((one == 300 && two == 200) || (one == 200 && two == 300), "as if one came after the other");
}

void beside_a_holder() {
  Purses<2> purses;
  auto& [a, b] = purses.cells;
  concurrently([&] { transfer(a, b, 30); },
               [&] {
                 with_lock(b, [](Purse& purse) { purse.balance += 5; });
                 with_lock(a, [](Purse& purse) { purse.balance += 5; });
               });
  check(load(a)->balance == 75 && load(b)->balance == 135, "all of it has landed");
}

void refused_half_way() {
  Purses<2> purses;
  auto& [a, b] = purses.cells;
  concurrently(
      [&] {
        try {
          transfer(a, b, 101);
          check(load(a)->balance >= 0, "no purse is overdrawn");
        } catch (const InsufficientFunds&) {
        }
      },
      [&] { update(a, [](Purse& purse) { purse.balance += 1; }); });
  check(purses.sum() == 201, "what is refused changes nothing");
}

// --- Any operations side by side ---

enum class Operation : unsigned { audit, to, back, deposit, copy, hold };
constexpr unsigned operations = 6;

std::string to_string(Operation operation) {
  constexpr std::array<const char*, operations> names{"audit", "to", "back", "deposit", "copy", "hold"};
  return names.at(static_cast<std::size_t>(operation));
}

struct Pair {
  long one = 100;
  long two = 100;
  friend bool operator==(const Pair&, const Pair&) = default;
  friend std::string to_string(const Pair& pair) {
    return std::to_string(pair.one) + ", " + std::to_string(pair.two);
  }
};

Pair run(Cell& a, Cell& b, Operation operation) {
  const auto both = [](const Purse& one, const Purse& two) { return Pair{one.balance, two.balance}; };
  switch (operation) {
    case Operation::audit:
      return read_only(a, b, both);
    case Operation::to:
      return transact(a, b, [&](Purse& one, Purse& two) {
        one.balance -= 30;
        two.balance += 30;
        return both(one, two);
      });
    case Operation::back:
      return transact(b, a, [&](Purse& two, Purse& one) {
        two.balance -= 1;
        one.balance += 1;
        return both(one, two);
      });
    case Operation::deposit:
      update(a, [](Purse& one) { one.balance += 5; });
      return {};
    case Operation::copy:
      return transact(std::as_const(a), b, [&](const Purse& one, Purse& two) {
        two.balance += one.balance;
        return both(one, two);
      });
    case Operation::hold:
      with_lock(b, [](Purse& two) { two.balance *= 2; });
      return {};
  }
  return {};
}
Pair expected(Pair& pair, const Operation& operation) {
  switch (operation) {
    case Operation::audit:
      return pair;
    case Operation::to:
      return pair = {pair.one - 30, pair.two + 30};
    case Operation::back:
      return pair = {pair.one + 1, pair.two - 1};
    case Operation::deposit:
      pair.one += 5;
      return {};
    case Operation::copy:
      pair.two += pair.one;
      return pair;
    case Operation::hold:
      pair.two *= 2;
      return {};
  }
  return {};
}

void any_two() {
  Purses<2> purses;
  auto& [a, b] = purses.cells;
  History<Operation, Pair> history;
  const unsigned first = nondet(operations, "operation");
  const unsigned second = first + nondet(operations - first, "operation");
  const auto thread = [&, &a = a, &b = b](unsigned number) {
    return [&, number] {
      const auto operation = static_cast<Operation>(number);
      history.call(operation, [&] { return run(a, b, operation); });
    };
  };
  concurrently(thread(first), thread(second));
  history.call(Operation::audit, [&, &a = a, &b = b] { return run(a, b, Operation::audit); });
  check_linearizable(history, sequential<Operation>(Pair{}, expected), "the two cells");
}

const Registered scenarios[]{
    Registered{{.name = "cells/step_by_step",
                .summary = "money that is moved by two updates is missing in between",
                .expected = FindingKind::check,
                .body = step_by_step,
                .options = under_rc11}},
    Registered{{.name = "cells/transfer_and_audit",
                .summary = "read_only() of two cells sees a transfer whole, or not at all",
                .body = transfer_and_audit,
                .options = under_rc11}},
    Registered{{.name = "cells/opposite_transfers",
                .summary = "two transfers in opposite directions both land",
                .body = opposite_transfers,
                .options = under_rc11}},
    Registered{{.name = "cells/chain",
                .summary = "two transfers with a cell in common both land",
                .body = chain,
                .options = under_rc11}},
    Registered{{.name = "cells/opacity",
                .summary = "transact() shows one state to attempts that are lost as well",
                .body = opacity,
                .options = under_rc11}},
    Registered{{.name = "cells/skew_by_saves",
                .summary = "write skew: each save guards only the cell it writes",
                .expected = FindingKind::check,
                .body = skew_by_saves,
                .options = under_rc11}},
    Registered{{.name = "cells/skew",
                .summary = "write skew: transact() validates a cell that it only reads",
                .body = skew_against_transact,
                .options = under_rc11}},
    Registered{{.name = "cells/skew_unchanged",
                .summary = "write skew: and one that it might have changed",
                .body = skew_against_unchanged,
                .options = under_rc11}},
    Registered{{.name = "cells/each_reads_the_other",
                .summary = "two that fail each other get on, because one locks in the end",
                .body = each_reads_the_other,
                .options = under_rc11}},
    Registered{{.name = "cells/beside_a_holder",
                .summary = "a transfer beside holders of either cell",
                .body = beside_a_holder,
                .options = under_rc11}},
    Registered{{.name = "cells/refused",
                .summary = "a transfer that is refused leaves no trace",
                .body = refused_half_way,
                .options = under_rc11}},
    Registered{{.name = "cells/any_two",
                .summary = "any two of six transactions on two cells are linearizable",
                .body = any_two}},
};

}  // namespace

}  // namespace lockstep::sim::scenarios::of_cells
