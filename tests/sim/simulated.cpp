// Storages under simulation: the footprints that the wrapper declares hide no outcome. What two
// threads can see of each other is the same whether a call is one step or all the steps of its code.
#include <lockstep/lockstep.hpp>
#include <lockstep/sim/concurrently.hpp>
#include <lockstep/sim/sim.hpp>
#include <lockstep/sim/simulated.hpp>

#include <boost/describe/class.hpp>
#include <boost/test/unit_test.hpp>

#include <array>
#include <set>
#include <string>

namespace sim = lockstep::sim;

namespace {

struct Account {
  int balance = 0;
  bool operator==(const Account&) const = default;
};
BOOST_DESCRIBE_STRUCT(Account, (), (balance))

using Table = lockstep::memory::Table<int, Account, sim::Runtime>;
using Calls = sim::Simulated<Table>;

std::string text(const std::optional<lockstep::Versioned<Account>>& found) {
  return found ? to_string(found->version) + ":" + std::to_string((*found)->balance) : "absent";
}

const lockstep::Retry once{.attempts = 1};

/// What a thread may do with the records 1 and 2; it returns what it saw.
template <class S>
using Action = std::string (*)(S&);

template <class S>
constexpr std::array<Action<S>, 11> actions{
    +[](S& storage) { return text(storage.load(1)); },
    +[](S& storage) { return text(storage.load(2)) + text(storage.load(1)); },
    +[](S& storage) {
      auto found = storage.load(1);
      if (!found) return std::string{"absent"};
      (*found)->balance += 1;
      return std::string{save(storage, 1, *found) ? "saved" : "stale"};
    },
    +[](S& storage) {
      const auto found = storage.load(1);
      return std::string{found && erase(storage, 1, *found) ? "erased" : "not erased"};
    },
    +[](S& storage) { return std::string{insert(storage, 1, Account{7}) ? "inserted" : "there already"}; },
    +[](S& storage) {
      try {
        return text(lockstep::change_if(
            storage, 1, [](const Account& account) { return account.balance > 100; },
            [](Account& account) { account.balance += 10; }));
      } catch (const lockstep::Missing&) {
        return std::string{"missing"};
      }
    },
    +[](S& storage) {
      try {
        transact(
            storage, [&](auto& tx) { tx.edit(storage, 1).balance += tx.read(storage, 2).balance; }, once);
        return std::string{"done"};
      } catch (const lockstep::Exhausted&) {
        return std::string{"lost"};
      } catch (const lockstep::Missing&) {
        return std::string{"missing"};
      }
    },
    +[](S& storage) {
      try {
        return lockstep::read_only(
            storage,
            [&](auto& tx) {
              const auto* one = tx.find(storage, 1);
              const auto* two = tx.find(storage, 2);
              return std::to_string(one ? one->balance : -1) + "," + std::to_string(two ? two->balance : -1);
            },
            once);
      } catch (const lockstep::Exhausted&) {
        return std::string{"lost"};
      }
    },
    +[](S& storage) {
      try {
        return std::to_string(
            lockstep::with_lock(storage, 1, [](Account& account) { return account.balance *= 2; }));
      } catch (const lockstep::Missing&) {
        return std::string{"missing"};
      }
    },
    +[](S& storage) {
      try {
        lockstep::ScopedLock lock{storage, 2, lockstep::LockMode::exclusive, lockstep::Wait::never()};
        return text(storage.load(1));
      } catch (const lockstep::LockUnavailable&) {
        return std::string{"locked"};
      }
    },
    +[](S& storage) {
      try {
        transact(
            storage,
            [&](auto& tx) {
              tx.lock(storage, 2);
              tx.lock(storage, 1);
              if (tx.find(storage, 1)) tx.edit(storage, 1).balance += 3;
            },
            once);
        return std::string{"done"};
      } catch (const lockstep::Exhausted&) {
        return std::string{"told"};
      }
    },
};

/// Everything that can come of `one` beside `two`, and whether that is known to be all.
template <class S>
std::set<std::string> outcomes(std::size_t one, std::size_t two) {
  std::set<std::string> all;
  const auto result = sim::explore([&] {
    lockstep::memory::Database<sim::Runtime> db;
    Table table{db, "accounts"};
    sim::quietly([&] {
      insert(table, 1, Account{100}).or_throw();
      insert(table, 2, Account{20}).or_throw();
    });
    std::string first;
    std::string second;
    const auto run = [&](S& storage) {
      sim::concurrently([&] { first = actions<S>[one](storage); },
                        [&] { second = actions<S>[two](storage); });
    };
    if constexpr (std::same_as<S, Calls>) {
      Calls calls{table};
      run(calls);
    } else {
      run(table);
    }
    sim::quietly([&] { all.insert(first + " | " + second + " | " + text(table.load(1))); });
  });
  BOOST_TEST(result.complete, result.report());
  return all;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(simulated)

BOOST_AUTO_TEST_CASE(every_pair_of_actions_has_the_same_outcomes_at_both_grains) {
  std::size_t different = 0;
  for (std::size_t one = 0; one != actions<Calls>.size(); ++one) {
    for (std::size_t two = one; two != actions<Calls>.size(); ++two) {
      BOOST_TEST_CONTEXT("actions " << one << " and " << two) {
        const auto coarse = outcomes<Calls>(one, two);
        const auto fine = outcomes<Table>(one, two);
        BOOST_TEST(coarse == fine, boost::test_tools::per_element());
        if (coarse.size() > 1) ++different;
      }
    }
  }
  BOOST_TEST(different > 20U);  // the actions do get in each other's way
}

BOOST_AUTO_TEST_CASE(a_timeline_shows_calls_with_records_and_versions) {
  const auto result = sim::explore([] {
    lockstep::memory::Database<sim::Runtime> db;
    Table table{db, "accounts"};
    sim::quietly([&] { insert(table, 1, Account{100}).or_throw(); });
    Calls accounts{table};
    update(accounts, 1, [](Account& account) { account.balance = 7; });
    sim::check(false, "as planted");
  });
  BOOST_REQUIRE(result.finding.has_value());
  const auto& steps = result.finding->steps;
  BOOST_REQUIRE(steps.size() >= 2);
  BOOST_TEST(steps[steps.size() - 2].operation == "load");
  BOOST_TEST(steps[steps.size() - 2].outcome == "-> v0 {balance: 100}");
  BOOST_TEST(steps.back().operation == "commit");
  BOOST_TEST(steps.back().object == "accounts[1]");
  BOOST_TEST(steps.back().outcome == "-> v1 {balance: 7}");
}

BOOST_AUTO_TEST_CASE(outside_of_an_execution_calls_go_straight_through) {
  lockstep::memory::Database<sim::Runtime> db;
  Table table{db, "accounts"};
  Calls accounts{table};
  insert(accounts, 1, Account{100}).or_throw();
  update(accounts, 1, [](Account& account) { account.balance += 1; });
  BOOST_TEST(load(accounts, 1)->balance == 101);
}

BOOST_AUTO_TEST_SUITE_END()
