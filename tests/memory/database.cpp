#include <lockstep/memory/database.hpp>

#include "support/bank.hpp"
#include "support/scripted_runtime.hpp"
#include "support/watched_runtime.hpp"

#include <boost/test/unit_test.hpp>

#include <optional>
#include <thread>
#include <utility>
#include <vector>

using namespace lockstep;
using test::Account;
using test::Bank;
using test::ScriptedRuntime;
using test::WatchedRuntime;

BOOST_AUTO_TEST_SUITE(database)

BOOST_AUTO_TEST_CASE(several_tables_commit_together_or_not_at_all) {
  Bank bank;
  const auto commit = [&](Version account, Version order) {
    auto session = bank.db.session();
    bank.accounts.write(session, 1, account, {"ann", 60});
    bank.orders.write(session, 7, order, {40, true});
    return session.commit();
  };
  BOOST_TEST(!commit(Version{0}, Version{5}));
  BOOST_TEST(bank.balance(1) == 100);
  BOOST_TEST(!commit(Version{5}, Version{0}));
  BOOST_TEST(!load(bank.orders, 7)->paid);
  BOOST_TEST(static_cast<bool>(commit(Version{0}, Version{0})));
  BOOST_TEST(bank.balance(1) == 60);
  BOOST_TEST(load(bank.orders, 7)->paid);
}

BOOST_AUTO_TEST_CASE(a_lost_commit_names_every_stale_member_of_every_table) {
  Bank bank;
  auto session = bank.db.session();
  bank.accounts.write(session, 1, Version{4}, {});
  bank.accounts.erase(session, 2, Version{0});
  bank.accounts.expect(session, 3, Version{6});
  bank.orders.write(session, 7, {}, {});
  const auto commit = session.commit();
  BOOST_REQUIRE(!commit);
  std::vector<std::string> told;
  for (const auto& member : commit.stale()) told.push_back(to_string(*member));
  BOOST_TEST(
      told == (std::vector<std::string>{"accounts[1]: update expected version 4, found 0",
                                        "accounts[3]: validate expected version 6, found 0",
                                        "orders[7]: insert expected no record, found one at version 0"}),
      boost::test_tools::per_element());
  BOOST_TEST(commit.stale_as<conflict_of<decltype(bank.accounts)>>().size() == 2U);
  BOOST_TEST(commit.stale_as<conflict_of<decltype(bank.orders)>>().size() == 1U);
}

BOOST_AUTO_TEST_CASE(a_session_moves_with_what_it_staged_and_locked) {
  Bank bank;
  std::optional<memory::Session<>> moved;
  {
    auto session = bank.db.session();
    bank.accounts.lock(session, 1);
    bank.accounts.write(session, 1, Version{0}, {"ann", 7});
    moved.emplace(std::move(session));
    BOOST_TEST(session.over());  // NOLINT(bugprone-use-after-move): what is left of it
  }
  BOOST_TEST(bank.locked(1));
  BOOST_TEST(static_cast<bool>(moved->commit()));
  BOOST_TEST(bank.balance(1) == 7);
  BOOST_TEST(!bank.locked(1));
}

BOOST_AUTO_TEST_CASE(sessions_have_numbers_of_their_own) {
  memory::Database db;
  const auto first = db.session();
  const auto second = db.session();
  BOOST_TEST(first.id() != second.id());
}

BOOST_AUTO_TEST_CASE(rolling_back_to_a_point_restores_what_was_staged_there) {
  Bank bank;
  auto session = bank.db.session();
  bank.accounts.write(session, 1, Version{0}, {"ann", 1});
  const auto point = session.savepoint();
  bank.accounts.write(session, 1, Version{0}, {"ann", 2});
  bank.accounts.erase(session, 2, Version{0});
  bank.accounts.expect(session, 3, Version{5});  // would fail the commit
  session.rollback_to(point);
  BOOST_TEST(bank.accounts.load(session, 1)->record.balance == 1);
  bank.accounts.write(session, 1, Version{0}, {"ann", 3});
  session.rollback_to(point);  // as often as one likes
  BOOST_TEST(static_cast<bool>(session.commit()));
  BOOST_TEST(bank.balance(1) == 1);
  BOOST_TEST(bank.balance(2) == 100);
}

BOOST_AUTO_TEST_CASE(rolling_back_gives_back_later_locks_and_keeps_earlier_ones) {
  Bank bank;
  auto session = bank.db.session();
  bank.accounts.lock(session, 1);
  bank.accounts.lock(session, 2, LockMode::shared);
  const auto point = session.savepoint();
  bank.accounts.lock(session, 1);                       // again: nothing to give back
  bank.accounts.lock(session, 2, LockMode::exclusive);  // an upgrade: back to shared
  bank.accounts.lock(session, 3);
  session.rollback_to(point);
  BOOST_TEST(bank.locked(1));
  BOOST_TEST(bank.locked(2, LockMode::exclusive));
  BOOST_TEST(!bank.locked(2, LockMode::shared));
  BOOST_TEST(!bank.locked(3));
}

BOOST_AUTO_TEST_CASE(what_was_read_after_a_point_stays_read) {
  Bank bank;
  auto session = bank.db.session();
  const auto point = session.savepoint();
  static_cast<void>(bank.accounts.load(session, 1));
  session.rollback_to(point);
  bank.deposit(1, 1);
  BOOST_CHECK_THROW(static_cast<void>(bank.accounts.load(session, 2)), StaleRecord);
}

BOOST_AUTO_TEST_CASE(commits_that_write_the_same_records_in_opposite_orders_never_deadlock) {
  Bank bank;
  const auto writing = [&](int first, int second) {
    for (int i = 0; i < 300; ++i) {
      while (true) {
        auto one = load(bank.accounts, first);
        auto two = load(bank.accounts, second);
        auto session = bank.db.session();
        --one->balance;
        ++two->balance;
        bank.accounts.write(session, first, one.version, *one);
        bank.accounts.write(session, second, two.version, *two);
        if (session.commit()) break;
      }
    }
  };
  {
    const std::jthread there{writing, 1, 2};
    const std::jthread back{writing, 2, 1};
  }
  BOOST_TEST(bank.balance(1) == 100);
  BOOST_TEST(bank.balance(2) == 100);
  BOOST_TEST(bank.version(1) == Version{600});
}

BOOST_AUTO_TEST_CASE(a_commit_locks_what_it_writes_in_one_order_for_all) {
  Bank<WatchedRuntime> bank;
  auto holder = std::optional{bank.db.session()};
  bank.accounts.lock(*holder, 2);
  bool landed = false;
  std::jthread committer{[&] {
    auto session = bank.db.session();
    for (const int key : {3, 2, 1}) bank.accounts.write(session, key, Version{0}, {});
    landed = static_cast<bool>(session.commit());
  }};
  WatchedRuntime::until_waiting(1);
  BOOST_TEST(bank.locked(1));   // staged last, locked first
  BOOST_TEST(!bank.locked(3));  // staged first, locked last
  BOOST_TEST(bank.balance(1) == 100);
  holder.reset();
  committer.join();
  BOOST_TEST(landed);
  BOOST_TEST(bank.balance(1) == 0);
}

BOOST_FIXTURE_TEST_CASE(guards_are_checked_after_the_locks_are_granted, test::Scripted) {
  Bank<ScriptedRuntime> bank;
  auto holder = bank.db.session();
  bank.accounts.lock(holder, 1);
  bank.accounts.write(holder, 1, Version{0}, {"ann", 7});
  script.blocked.emplace_back([&] { BOOST_TEST(static_cast<bool>(holder.commit())); });
  auto session = bank.db.session();
  bank.accounts.write(session, 1, Version{0}, {"ann", 8});
  BOOST_TEST(!session.commit());
  BOOST_TEST(bank.balance(1) == 7);
}

BOOST_FIXTURE_TEST_CASE(a_commit_that_deadlocks_writes_nothing_and_holds_nothing, test::Scripted) {
  Bank<ScriptedRuntime> bank;
  auto first = std::optional{bank.db.session()};
  auto second = std::optional{bank.db.session()};
  bank.accounts.lock(*first, 1);
  bank.accounts.lock(*second, 2);
  bank.accounts.write(*second, 1, Version{0}, {});
  bank.accounts.write(*second, 2, Version{0}, {});
  script.blocked.emplace_back([&] {
    BOOST_CHECK_THROW(static_cast<void>(second->commit()), Deadlock);
    BOOST_TEST(second->over());
  });
  BOOST_TEST(bank.accounts.lock(*first, 2));  // waits for the second, whose commit then waits for the first
  first.reset();
  BOOST_TEST(bank.balance(1) == 100);
  BOOST_TEST(bank.balance(2) == 100);
}

BOOST_AUTO_TEST_SUITE_END()
