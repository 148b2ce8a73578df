#if __has_include(<lockstep/sim/sim.hpp>)
#include <lockstep/postgres/table.hpp>

#include "support/postgres_bank.hpp"

namespace {

/// In a schema of its own on the tests' server, with connections that all executions share: who waits for a
/// lock waits in the simulator, not in the server.
template <class Record>
struct Elsewhere {
  static lockstep::postgres::Table<int, Record>& wallets() {
    static test::PostgresTables<> all{
        "CREATE TABLE wallets (id integer PRIMARY KEY, balance integer, lock_version bigint)"};
    static lockstep::postgres::Table<int, Record> table{all.db, "wallets"};
    return table;
  }
  Elsewhere() {
    static_cast<void>(table.receipts());  // so that there is something to delete from
    table.database().execute("DELETE FROM wallets; DELETE FROM lockstep_receipts");
  }

  lockstep::postgres::Table<int, Record>& table = wallets();
};

}  // namespace

#include <lockstep/verbs/lock.hpp>

#include "support/simulated_bodies.hpp"

#include <chrono>

// What SQLite cannot: locks of single records, shared ones, and part of them given back.
BOOST_AUTO_TEST_SUITE(simulated_record_locks)

BOOST_AUTO_TEST_CASE(who_closes_a_cycle_of_waiting_is_told_and_the_others_go_on) {
  const auto seen = same_on_both([](auto& bank) {
    std::string told;
    const auto lock_both = [&](int first, int second) {
      auto session = bank.wallets.session();
      bank.wallets.lock(session, first);
      try {
        bank.wallets.lock(session, second);
        told += "both, ";
      } catch (const Deadlock& deadlock) {
        told += deadlock.cycle().size() == 2 ? "deadlock, " : "another cycle, ";
      }
    };
    sim::concurrently([&] { lock_both(1, 2); }, [&] { lock_both(2, 1); });
    return told;
  });
  BOOST_TEST(seen.found == "nothing");
  BOOST_TEST(seen.outcomes == (Outcomes{"both, both, 100 and 100", "deadlock, both, 100 and 100"}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(two_who_share_a_lock_cannot_both_make_it_their_own) {
  const auto seen = same_on_both([](auto& bank) {
    std::string told;
    const auto upgrade = [&] {
      auto session = bank.wallets.session();
      bank.wallets.lock(session, 1, LockMode::shared);
      try {
        bank.wallets.lock(session, 1);
        told += "mine, ";
      } catch (const Deadlock&) {
        told += "deadlock, ";
      }
    };
    sim::concurrently(upgrade, upgrade);
    return told;
  });
  BOOST_TEST(seen.outcomes == (Outcomes{"deadlock, mine, 100 and 100", "mine, mine, 100 and 100"}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(who_does_not_wait_is_told_at_once) {
  for (const auto& [wait, refused] : {std::pair{Wait::never(), "unavailable, "},
                                      {Wait::skip(), "skipped, "},
                                      {Wait::up_to(std::chrono::seconds{1}), "too late, "}}) {
    const auto seen = same_on_both([&, wait = wait](auto& bank) {
      std::string told;
      sim::concurrently([&] { with_lock(bank.wallets, 1, [](Wallet& wallet) { wallet.balance += 5; }); },
                        [&] {
                          auto session = bank.wallets.session();
                          try {
                            told = bank.wallets.lock(session, 1, LockMode::shared, wait) ? "granted, "
                                                                                         : "skipped, ";
                          } catch (const LockUnavailable&) {
                            told = "unavailable, ";
                          } catch (const LockTimeout&) {
                            told = "too late, ";
                          }
                        });
      return told;
    });
    Outcomes expected{"granted, 105 and 100"};
    if (wait.kind() != Wait::Kind::up_to) expected.insert(std::string{refused} + "105 and 100");
    BOOST_TEST(seen.outcomes == expected, boost::test_tools::per_element());
  }
}

BOOST_AUTO_TEST_CASE(what_a_savepoint_gives_back_others_can_have) {
  const auto seen = same_on_both([](auto& bank) {
    std::string told;
    sim::latch updated{1};
    sim::concurrently(
        [&] {
          auto session = bank.wallets.session();
          bank.wallets.lock(session, 1);
          const auto point = session.savepoint();
          bank.wallets.lock(session, 2);
          session.rollback_to(point);
          updated.wait();
          told = bank.wallets.load(session, 1)->record.balance == 100 ? "held, " : "changed, ";
          static_cast<void>(session.commit());
        },
        [&] {
          update(bank.wallets, 2, [](Wallet& wallet) { wallet.balance += 5; }, at_once);
          updated.count_down();
        });
    return told;
  });
  BOOST_TEST(seen.found == "nothing");
  BOOST_TEST(seen.outcomes == Outcomes{"held, 100 and 105"}, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(what_was_staged_after_a_savepoint_is_not_waited_for) {
  const auto seen = same_on_both([](auto& bank) {
    sim::latch held{1};
    sim::latch done{1};
    sim::concurrently(
        [&] {
          auto session = bank.wallets.session();
          const auto one = bank.wallets.load(session, 1).value();
          const auto two = bank.wallets.load(session, 2).value();
          bank.wallets.write(session, 1, one.version, Wallet{7});
          const auto point = session.savepoint();
          bank.wallets.write(session, 2, two.version, Wallet{7});
          session.rollback_to(point);
          held.wait();
          sim::check(static_cast<bool>(session.commit()), "it lands");
          done.count_down();
        },
        [&] {
          auto session = bank.wallets.session();
          bank.wallets.lock(session, 2);
          held.count_down();
          done.wait();
        });
    return std::string{};
  });
  BOOST_TEST(seen.found == "nothing");
  BOOST_TEST(seen.outcomes == Outcomes{"7 and 100"}, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_session_that_has_committed_holds_nothing) {
  const auto seen = same_on_both([](auto& bank) {
    sim::latch updated{1};
    sim::concurrently(
        [&] {
          auto session = bank.wallets.session();
          bank.wallets.lock(session, 1);
          static_cast<void>(session.commit());
          updated.wait();
        },
        [&] {
          update(bank.wallets, 1, [](Wallet& wallet) { wallet.balance += 5; }, at_once);
          updated.count_down();
        });
    return std::string{};
  });
  BOOST_TEST(seen.found == "nothing");
  BOOST_TEST(seen.outcomes == Outcomes{"105 and 100"}, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(nor_does_one_whose_commit_has_closed_a_cycle) {
  const auto seen = same_on_both([](auto& bank) {
    std::string told;
    sim::latch over{1};
    sim::concurrently(
        [&] {
          auto session = bank.wallets.session();
          bank.wallets.lock(session, 1);
          const auto two = bank.wallets.load(session, 2).value();
          bank.wallets.write(session, 2, two.version, Wallet{7});
          try {
            sim::check(static_cast<bool>(session.commit()), "it lands");
            told += "committed, ";
          } catch (const Deadlock&) {
            told += "deadlock, ";
          }
          over.wait();
        },
        [&] {
          try {
            auto session = bank.wallets.session();
            bank.wallets.lock(session, 2);
            bank.wallets.lock(session, 1);
          } catch (const Deadlock&) {
            told += "the other, ";
          }
          over.count_down();
        });
    return told;
  });
  BOOST_TEST(seen.found == "nothing");
  BOOST_TEST(seen.outcomes == (Outcomes{"committed, 100 and 7", "deadlock, 100 and 100",
                                        "the other, committed, 100 and 7"}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_guarded_change_waits_for_who_holds_the_record) {
  const auto seen = same_on_both([](auto& bank) {
    sim::concurrently([&] { with_lock(bank.wallets, 1, [](Wallet& wallet) { wallet.balance += 5; }); },
                      [&] {
                        static_cast<void>(change_if(
                            bank.wallets, 1, [](const Wallet&) { return true; },
                            [](Wallet& wallet) { wallet.balance *= 2; }));
                      });
    return std::string{};
  });
  BOOST_TEST(seen.found == "nothing");
  BOOST_TEST(seen.outcomes == (Outcomes{"205 and 100", "210 and 100"}), boost::test_tools::per_element());
}

// Unlike in memory: PostgreSQL validates a record under its shared lock.
BOOST_AUTO_TEST_CASE(who_only_validates_waits_for_a_holder_too) {
  const auto seen = explored<Elsewhere<Wallet>>(
      [](auto& bank) {
        sim::latch validated{1};
        sim::concurrently(
            [&] {
              auto session = bank.wallets.session();
              bank.wallets.expect(session, 1, bank.wallets.load(session, 1)->version);
              sim::check(static_cast<bool>(session.commit()), "it lands");
              validated.count_down();
            },
            [&] {
              auto session = bank.wallets.session();
              bank.wallets.lock(session, 1);
              validated.wait();
            });
        return std::string{};
      },
      {});
  BOOST_TEST(seen.found == "deadlock");
  BOOST_TEST(seen.outcomes == Outcomes{"100 and 100"}, boost::test_tools::per_element());
}

// A commit that validates waits for who holds the record, and its own locks go before it is told.
BOOST_AUTO_TEST_CASE(a_commit_waits_for_the_lock_of_what_it_validates) {
  const auto seen = same_on_both([](auto& bank) {
    std::string told;
    sim::concurrently(
        [&] { with_lock(bank.wallets, 1, [](Wallet& wallet) { wallet.balance += 5; }); },
        [&] {
          transact(
              bank.wallets,
              [&](auto& tx) { tx.edit(bank.wallets, 2).balance += tx.read(bank.wallets, 1).balance; },
              at_once);
        });
    return told;
  });
  BOOST_TEST(seen.found == "nothing");
  BOOST_TEST(seen.outcomes == (Outcomes{"105 and 200", "105 and 205"}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(receipts_have_the_locks_of_their_database) {
  const auto seen = explored<Elsewhere<Wallet>>(
      [](auto& bank) {
        auto receipts = bank.wallets.receipts();
        sim::concurrently([&] { with_lock(bank.wallets, 1, [](Wallet& wallet) { wallet.balance += 5; }); },
                          [&] {
                            auto session = receipts.session();
                            receipts.lock(session, "a");
                            bank.wallets.lock(session, 1);
                          });
        return std::string{};
      },
      {});
  BOOST_TEST(seen.found == "nothing");
  BOOST_TEST(seen.outcomes == Outcomes{"105 and 100"}, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_lock_that_the_simulator_does_not_know_of_is_said_and_not_waited_for) {
  Elsewhere<Wallet> place;
  insert(place.table, 1, {100}).or_throw();
  auto stranger = place.table.session();
  place.table.lock(stranger, 1);
  const auto result = sim::explore([&] {
    sim::Simulated wallets{place.table};
    auto session = wallets.session();
    wallets.lock(session, 1);
  });
  BOOST_REQUIRE(result.finding);
  BOOST_TEST(result.finding->message.find("locked") != std::string::npos, result.finding->message);
}

BOOST_AUTO_TEST_SUITE_END()
#endif
