// The same bodies on the embedded storage and on another one, under every interleaving of their calls: test
// cases for a program in which `Elsewhere<Record>` is a database with a table of records with a balance, and
// nothing in it.
#pragma once

#include <lockstep/lockstep.hpp>
#include <lockstep/sim/concurrently.hpp>
#include <lockstep/sim/sim.hpp>
#include <lockstep/sim/simulated.hpp>
#include <lockstep/verbs/once.hpp>

#include <boost/describe/class.hpp>
#include <boost/test/unit_test.hpp>

#include <memory>
#include <set>
#include <string>
#include <type_traits>
#include <utility>

using namespace lockstep;

namespace {

struct Wallet {
  int balance = 0;
  friend bool operator==(const Wallet&, const Wallet&) = default;
};
BOOST_DESCRIBE_STRUCT(Wallet, (), (balance))

/// Wallets 1 and 2 with 100 each, in memory.
struct InMemory {
  memory::Database<sim::Runtime> db;
  memory::Table<int, Wallet, sim::Runtime> table{db, "wallets"};
};

template <class Place>
struct Bank {
  explicit Bank(const sim::Faults& faults)
      : place{sim::quietly([] { return std::make_unique<Place>(); })}, wallets{place->table, faults} {
    for (const int key : {1, 2}) {
      sim::quietly([&] { insert(place->table, key, Wallet{100}).or_throw(); });
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
  sim::Simulated<std::remove_reference_t<decltype(std::declval<Place&>().table)>> wallets;
};

const Retry at_once{.base = {}};

/// What can come of a body, and what was found in it.
struct Explored {
  std::set<std::string> outcomes;
  std::string found = "nothing";
  bool complete = false;
};

/// Every interleaving of `body(bank)`, which returns what came of it, with `faults` wherever they can strike.
template <class Place, class Body>
Explored explored(const Body& body, const sim::Faults& faults) {
  Explored all;
  const auto result = sim::explore(
      [&] {
        Bank<Place> bank{faults};
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

/// Explores `body` on both, and compares. Returns what came of it elsewhere.
template <class Body>
Explored same_on_both(const Body& body, const sim::Faults& faults = {}) {
  const auto in_memory = explored<InMemory>(body, faults);
  auto elsewhere = explored<Elsewhere<Wallet>>(body, faults);
  BOOST_TEST(in_memory.complete);
  BOOST_TEST(elsewhere.complete);
  BOOST_TEST(elsewhere.found == in_memory.found);
  BOOST_TEST(elsewhere.outcomes == in_memory.outcomes, boost::test_tools::per_element());
  return elsewhere;
}

using Outcomes = std::set<std::string>;

}  // namespace

BOOST_AUTO_TEST_SUITE(simulated)

BOOST_AUTO_TEST_CASE(a_write_without_a_version_check_loses_an_update) {
  const auto seen = same_on_both([](auto& bank) -> std::string {
    const auto deposit = [&](int amount) {
      auto wallet = load(bank.wallets, 1);
      wallet->balance += amount;
      save(unguarded(bank.wallets), 1, wallet).or_throw();
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
    update(bank.wallets, 1, [&](Wallet& wallet) { wallet.balance += amount; }, at_once);
  });
  deposits([](auto& bank, int amount) {
    with_lock(bank.wallets, 1, [&](Wallet& wallet) { wallet.balance += amount; });
  });
  deposits([](auto& bank, int amount) {
    static_cast<void>(change_if(
        bank.wallets, 1, [](const Wallet&) { return true; },
        [&](Wallet& wallet) { wallet.balance += amount; }));
  });
}

BOOST_AUTO_TEST_CASE(who_loses_a_save_is_told) {
  const auto seen = same_on_both([](auto& bank) {
    const auto deposit = [&](int amount) -> std::string {
      auto wallet = load(bank.wallets, 1);
      wallet->balance += amount;
      return save(bank.wallets, 1, wallet) ? "saved, " : "stale, ";
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
            transfer(bank.wallets, {.from = 1, .to = 2, .amount = 30}, {.locking = locking, .base = {}});
          },
          [&] {
            const auto all = read_only(
                bank.wallets,
                [&](auto& tx) { return tx.read(bank.wallets, 1).balance + tx.read(bank.wallets, 2).balance; },
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
    sim::concurrently([&] { transfer(bank.wallets, {.from = 1, .to = 2, .amount = 30}, at_once); },
                      [&] { transfer(bank.wallets, {.from = 2, .to = 1, .amount = 50}, at_once); });
    return "";
  });
  BOOST_TEST(seen.outcomes == Outcomes{"120 and 80"}, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(transactions_that_read_what_the_other_writes_are_in_some_order) {
  const auto seen = same_on_both([](auto& bank) -> std::string {
    const auto withdraw = [&](int mine, int other) {  // while there are 150 in both
      transact(
          bank.wallets,
          [&](auto& tx) {
            auto& wallet = tx.edit(bank.wallets, mine);
            if (wallet.balance + tx.read(bank.wallets, other).balance >= 150) wallet.balance -= 80;
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
            update(bank.wallets, key, [](Wallet& wallet) { ++wallet.balance; }, at_once);
          }
        },
        [&] {
          read = read_only(
              bank.wallets,
              [&](auto& tx) {
                const auto first = tx.read(bank.wallets, 1).balance;
                return std::to_string(first) + "," + std::to_string(tx.read(bank.wallets, 2).balance) +
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

BOOST_AUTO_TEST_CASE(whatever_is_lost_on_the_way_a_transfer_happens_wholly_or_not_at_all) {
  for (const auto locking : {Locking::optimistic, Locking::pessimistic}) {
    const auto seen = same_on_both(
        [&](auto& bank) -> std::string {
          std::string told;
          sim::concurrently(
              [&] {
                try {
                  transfer(bank.wallets, {.from = 1, .to = 2, .amount = 30},
                           {.locking = locking, .base = {}});
                  told = "done, ";
                } catch (const OutcomeUnknown&) {
                  told = "unknown, ";
                } catch (const ConnectionLost&) {
                  told = "lost, ";
                }
              },
              [&] {
                try {
                  update(bank.wallets, 1, [](Wallet& wallet) { wallet.balance += 5; }, at_once);
                } catch (const OutcomeUnknown&) {
                } catch (const ConnectionLost&) {
                }
              });
          return told;
        },
        {.lost_requests = 1, .lost_replies = 1, .crashes = 1});
    BOOST_TEST(seen.found == "nothing");
    BOOST_TEST(seen.outcomes == (Outcomes{"done, 70 and 130", "done, 75 and 130", "lost, 100 and 100",
                                          "lost, 105 and 100", "unknown, 100 and 100", "unknown, 105 and 100",
                                          "unknown, 70 and 130", "unknown, 75 and 130"}),
               boost::test_tools::per_element());
  }
}

// The receipt commits with what the request changes, in a table of the same database.
BOOST_AUTO_TEST_CASE(a_request_with_a_key_happens_once_however_often_replies_are_lost) {
  const auto seen = same_on_both(
      [](auto& bank) -> std::string {
        const auto send = [&] {
          static_cast<void>(
              transfer(bank.wallets, {.from = 1, .to = 2, .amount = 30}, {.idempotency_key = "a"}, at_once));
        };
        sim::concurrently(send, send);
        return "";
      },
      {.lost_requests = 1, .lost_replies = 1});
  BOOST_TEST(seen.found == "nothing");
  BOOST_TEST(seen.outcomes == Outcomes{"70 and 130"}, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_SUITE_END()
