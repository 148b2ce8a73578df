// The verbs on one cell as operations to put side by side, and what they do to a record that one thread uses.
#pragma once

#include <lockstep/sim/concurrently.hpp>
#include <lockstep/sim/linearizability.hpp>
#include <lockstep/sim/sim.hpp>
#include <lockstep/verbs/cell.hpp>

#include <array>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

namespace lockstep::sim::scenarios::one_cell {

template <class T>
using Cell = memory::Cell<T, Runtime>;

enum class Operation : unsigned { load, save, update, change_if, with_lock, refused };
constexpr unsigned operations = 6;

inline std::string to_string(Operation operation) {
  constexpr std::array<const char*, operations> names{"load",      "save",      "update",
                                                      "change_if", "with_lock", "refused"};
  return names.at(static_cast<std::size_t>(operation));
}

/// What a call answered: the amount after it, or -1 for a conflict.
using Answer = long;

/// On a cell. A save is of a value that was loaded before the threads began.
template <class T>
Answer run(Cell<T>& cell, const Versioned<T>& loaded, Operation operation) {
  const auto add = [](long amount) { return [amount](T& record) { set(record, record.amount + amount); }; };
  switch (operation) {
    case Operation::load: {
      const auto found = load(cell);
      if constexpr (requires { found->whole(); }) check(found->whole(), "a load is never torn");
      return found->amount;
    }
    case Operation::save: {
      auto mine = loaded;
      set(*mine, 7);
      const auto saved = save(cell, mine);
      check(saved || saved.conflict().expected() != saved.conflict().actual(), "a conflict is one");
      return saved ? 7 : -1;
    }
    case Operation::update:
      return update(cell, add(1))->amount;
    case Operation::change_if: {
      const auto changed = change_if(cell, [](const T& record) { return record.amount >= 100; }, add(-60));
      return changed ? (*changed)->amount : -1;
    }
    case Operation::with_lock:
      return with_lock(cell, [&](T& record) {
        add(10)(record);
        return record.amount;
      });
    case Operation::refused:
      try {
        with_lock(cell, [](T& record) {
          record.amount = -5;
          throw std::runtime_error{"refused"};
        });
      } catch (const std::runtime_error&) {
      }
      return 0;
  }
  return 0;
}

/// On a record that one thread uses: the amount, and how often it was written.
struct Single {
  long amount = 100;
  unsigned version = 0;
  friend bool operator==(const Single&, const Single&) = default;
};
inline Answer expected(Single& single, const Operation& operation) {
  const auto write = [&](long amount) {
    single = {amount, single.version + 1};
    return amount;
  };
  switch (operation) {
    case Operation::load:
      return single.amount;
    case Operation::save:
      return single.version == 0 ? write(7) : -1;
    case Operation::update:
      return write(single.amount + 1);
    case Operation::change_if:
      return single.amount >= 100 ? write(single.amount - 60) : -1;
    case Operation::with_lock:
      return write(single.amount + 10);
    case Operation::refused:
      return 0;
  }
  return 0;
}

/// Judges the threads' calls on what a `Labelled` has in it, and one that comes after them.
template <class Labelled, std::size_t threads>
void side_by_side(const std::array<Operation, threads>& chosen) {
  using T = typename Labelled::Record;
  Labelled labelled;
  auto& cell = labelled.cell;
  const auto loaded = load(cell);
  History<Operation, Answer> history;
  const auto thread = [&](std::size_t i) {
    return [&, i] { history.call(chosen.at(i), [&] { return run<T>(cell, loaded, chosen.at(i)); }); };
  };
  [&]<std::size_t... I>(std::index_sequence<I...>) {
    concurrently(thread(I)...);
  }(std::make_index_sequence<threads>{});
  history.call(Operation::load, [&] { return run<T>(cell, loaded, Operation::load); });
  check_linearizable(history, sequential<Operation>(Single{}, expected), "the cell");
}

}  // namespace lockstep::sim::scenarios::one_cell
