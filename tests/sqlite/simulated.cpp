// The same bodies on the embedded storage and on SQLite, under every interleaving of their calls.
#if __has_include(<lockstep/sim/sim.hpp>)
#include <lockstep/lockstep.hpp>
#include <lockstep/sim/concurrently.hpp>
#include <lockstep/sim/sim.hpp>
#include <lockstep/sim/simulated.hpp>
#include <lockstep/sqlite/table.hpp>

#include "support/sqlite_bank.hpp"

#include <boost/describe/class.hpp>
#include <boost/test/unit_test.hpp>

#include <memory>
#include <optional>
#include <set>
#include <string>

using namespace lockstep;

namespace {

struct Purse {
  int balance = 0;
  friend bool operator==(const Purse&, const Purse&) = default;
};
BOOST_DESCRIBE_STRUCT(Purse, (), (balance))

/// Purses 1 and 2 with 100 each, in memory.
struct InMemory {
  memory::Database<sim::Runtime> db;
  memory::Table<int, Purse, sim::Runtime> table{db, "purses"};
};

/// In a file, which is emptied before each execution. Nobody waits but through the simulator.
struct InSqlite {
  static const std::string& path() {
    static const test::TemporaryDirectory directory;
    static const std::string file = directory.file("purses.sqlite");
    return file;
  }
  struct Emptied {
    explicit Emptied(sqlite::Database<sim::Runtime>& db) {
      db.execute(
          "CREATE TABLE IF NOT EXISTS purses (id INTEGER PRIMARY KEY, balance INTEGER, lock_version INTEGER);"
          "DELETE FROM purses");
    }
  };
  sqlite::Database<sim::Runtime> db{path(), test::quick({.busy_timeout = std::nullopt})};
  Emptied emptied{db};
  sqlite::Table<int, Purse, sim::Runtime> table{db, "purses"};
};

template <class Place>
struct Bank {
  Bank() : place{sim::quietly([] { return std::make_unique<Place>(); })} {
    for (const int key : {1, 2}) {
      sim::quietly([&] { insert(place->table, key, Purse{100}).or_throw(); });
    }
  }
  Bank(const Bank&) = delete;
  Bank& operator=(const Bank&) = delete;
  ~Bank() {
    sim::quietly([&] { place.reset(); });
  }
  [[nodiscard]] int balance(int key) {
    return sim::quietly([&] { return place->table.load(key).value()->balance; });
  }
  std::unique_ptr<Place> place;
  sim::Simulated<decltype(Place::table)> purses{place->table};
};

const Retry at_once{.base = {}};

/// What can come of a body, and what was found in it.
struct Explored {
  std::set<std::string> outcomes;
  std::string found = "nothing";
  bool complete = false;
};

/// Every interleaving of `body(bank)`, which returns what came of it.
template <class Place, class Body>
Explored explored(const Body& body) {
  Explored all;
  const auto result = sim::explore(
      [&] {
        Bank<Place> bank;
        auto outcome = body(bank);
        sim::quietly([&] {
          all.outcomes.insert(std::move(outcome) + std::to_string(bank.balance(1)) + " and " +
                              std::to_string(bank.balance(2)));
        });
      },
      {.keep_going = true});
  all.complete = result.complete;
  if (result.finding) all.found = to_string(result.finding->kind);
  return all;
}

/// Explores `body` on both, and compares. Returns what came of it on SQLite.
template <class Body>
Explored same_on_both(const Body& body) {
  const auto in_memory = explored<InMemory>(body);
  auto in_sqlite = explored<InSqlite>(body);
  BOOST_TEST(in_memory.complete);
  BOOST_TEST(in_sqlite.complete);
  BOOST_TEST(in_sqlite.found == in_memory.found);
  BOOST_TEST(in_sqlite.outcomes == in_memory.outcomes, boost::test_tools::per_element());
  return in_sqlite;
}

using Outcomes = std::set<std::string>;

}  // namespace

BOOST_AUTO_TEST_SUITE(simulated)

BOOST_AUTO_TEST_CASE(a_write_without_a_version_check_loses_an_update) {
  const auto seen = same_on_both([](auto& bank) -> std::string {
    const auto deposit = [&](int amount) {
      auto purse = load(bank.purses, 1);
      purse->balance += amount;
      save(unguarded(bank.purses), 1, purse).or_throw();
    };
    sim::concurrently([&] { deposit(25); }, [&] { deposit(40); });
    sim::check(bank.balance(1) == 165, "both deposits are in the balance");
    return "";
  });
  BOOST_TEST(seen.found == "check");
}

BOOST_AUTO_TEST_CASE(no_deposit_is_lost_however_it_is_guarded) {
  const auto deposits = [](auto deposit) {
    const auto seen = same_on_both([&](auto& bank) -> std::string {
      sim::concurrently([&] { deposit(bank, 25); }, [&] { deposit(bank, 40); });
      return "";
    });
    BOOST_TEST(seen.found == "nothing");
    BOOST_TEST(seen.outcomes == Outcomes{"165 and 100"}, boost::test_tools::per_element());
  };
  deposits([](auto& bank, int amount) {
    update(bank.purses, 1, [&](Purse& purse) { purse.balance += amount; }, at_once);
  });
  deposits([](auto& bank, int amount) {
    with_lock(bank.purses, 1, [&](Purse& purse) { purse.balance += amount; });
  });
  deposits([](auto& bank, int amount) {
    static_cast<void>(change_if(
        bank.purses, 1, [](const Purse&) { return true; }, [&](Purse& purse) { purse.balance += amount; }));
  });
}

BOOST_AUTO_TEST_CASE(who_loses_a_save_is_told) {
  const auto seen = same_on_both([](auto& bank) {
    const auto deposit = [&](int amount) -> std::string {
      auto purse = load(bank.purses, 1);
      purse->balance += amount;
      return save(bank.purses, 1, purse) ? "saved, " : "stale, ";
    };
    std::string first;
    std::string second;
    sim::concurrently([&] { first = deposit(25); }, [&] { second = deposit(40); });
    return first + second;
  });
  BOOST_TEST(seen.outcomes == (Outcomes{"saved, saved, 165 and 100", "saved, stale, 125 and 100",
                                        "stale, saved, 140 and 100"}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(an_auditor_sees_a_transfer_before_or_after_however_it_locks) {
  for (const auto locking : {Locking::optimistic, Locking::pessimistic}) {
    const auto seen = same_on_both([&](auto& bank) -> std::string {
      sim::concurrently(
          [&] {
            transfer(bank.purses, {.from = 1, .to = 2, .amount = 30}, {.locking = locking, .base = {}});
          },
          [&] {
            const auto all = read_only(
                bank.purses,
                [&](auto& tx) { return tx.read(bank.purses, 1).balance + tx.read(bank.purses, 2).balance; },
                at_once);
            sim::check(all == 200, "an auditor finds all the money");
          });
      return "";
    });
    BOOST_TEST(seen.found == "nothing");
    BOOST_TEST(seen.outcomes == Outcomes{"70 and 130"}, boost::test_tools::per_element());
  }
}

BOOST_AUTO_TEST_CASE(opposite_transfers_both_happen) {
  const auto seen = same_on_both([](auto& bank) -> std::string {
    sim::concurrently([&] { transfer(bank.purses, {.from = 1, .to = 2, .amount = 30}, at_once); },
                      [&] { transfer(bank.purses, {.from = 2, .to = 1, .amount = 50}, at_once); });
    return "";
  });
  BOOST_TEST(seen.outcomes == Outcomes{"120 and 80"}, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(transactions_that_read_what_the_other_writes_are_in_some_order) {
  const auto seen = same_on_both([](auto& bank) -> std::string {
    const auto withdraw = [&](int mine, int other) {  // while there are 150 in both
      transact(
          bank.purses,
          [&](auto& tx) {
            auto& purse = tx.edit(bank.purses, mine);
            if (purse.balance + tx.read(bank.purses, other).balance >= 150) purse.balance -= 80;
          },
          at_once);
    };
    sim::concurrently([&] { withdraw(1, 2); }, [&] { withdraw(2, 1); });
    return "";
  });
  BOOST_TEST(seen.outcomes == (Outcomes{"100 and 20", "20 and 100"}), boost::test_tools::per_element());
}

// The first load of a session fixes what the others show: which of two writes to other records it shows must
// not depend on which interleaving stands for others.
BOOST_AUTO_TEST_CASE(a_reader_of_two_records_sees_each_state_that_there_was) {
  const auto seen = same_on_both([](auto& bank) {
    std::string read;
    sim::concurrently(
        [&] {
          for (const int key : {2, 1}) {
            update(bank.purses, key, [](Purse& purse) { ++purse.balance; }, at_once);
          }
        },
        [&] {
          read = read_only(
              bank.purses,
              [&](auto& tx) {
                const auto first = tx.read(bank.purses, 1).balance;
                return std::to_string(first) + "," + std::to_string(tx.read(bank.purses, 2).balance) +
                       " then ";
              },
              at_once);
        });
    return read;
  });
  BOOST_TEST(seen.outcomes == (Outcomes{"100,100 then 101 and 101", "100,101 then 101 and 101",
                                        "101,101 then 101 and 101"}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_SUITE_END()
#endif
