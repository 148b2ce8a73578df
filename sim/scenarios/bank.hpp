// What the scenarios share: accounts with a balance, in a storage whose every call is
// one step, and threads that run side by side.
#pragma once

#include <lockstep/lockstep.hpp>
#include <lockstep/sim/concurrently.hpp>
#include <lockstep/sim/scenario.hpp>
#include <lockstep/sim/sim.hpp>
#include <lockstep/sim/simulated.hpp>

#include <boost/describe/class.hpp>

#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace lockstep::sim::scenarios {

struct Account {
  int balance = 0;
  friend bool operator==(const Account&, const Account&) = default;
};
BOOST_DESCRIBE_STRUCT(Account, (), (balance))

/// A table whose every call is one step, with its database. Making and filling it is no step, and nothing
/// goes wrong then.
template <class Record>
struct Stage {
  using Table = memory::Table<int, Record, Runtime>;

  explicit Stage(std::string name, const std::optional<Faults>& faults = {})
      : owned{quietly([&] { return std::make_unique<Table>(db, std::move(name)); })},
        calls{faults ? Simulated<Table>{table, *faults} : Simulated<Table>{table}} {}

  void put(int key, Record record) {
    quietly([&] { insert(table, key, std::move(record)).or_throw(); });
  }
  /// The record, looked at without a step: for the check at the end.
  [[nodiscard]] std::optional<Versioned<Record>> peek(int key) {
    return quietly([&] { return table.load(key); });
  }

  memory::Database<Runtime> db;
  std::unique_ptr<Table> owned;
  Table& table = *owned;
  Simulated<Table> calls;
};

using Accounts = Simulated<memory::Table<int, Account, Runtime>>;

/// A bank with so many accounts, numbered from 1, each with 100.
struct Bank : Stage<Account> {
  explicit Bank(int count, const std::optional<Faults>& faults = {}) : Stage{"accounts", faults} {
    for (int number = 1; number <= count; ++number) put(number, {100});
  }
  [[nodiscard]] int balance(int number) { return peek(number).value()->balance; }

  Accounts& accounts = calls;
};

/// Retries at once: in the simulator a delay only multiplies the interleavings.
inline const Retry at_once{.base = std::chrono::nanoseconds{0}};

}  // namespace lockstep::sim::scenarios
