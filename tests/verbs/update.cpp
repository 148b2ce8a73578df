#include <lockstep/verbs/update.hpp>

#include "support/bank.hpp"
#include "support/scripted_runtime.hpp"

#include <boost/test/unit_test.hpp>

#include <stdexcept>
#include <vector>

using namespace lockstep;
using test::Account;
using test::Bank;
using test::ScriptedRuntime;

BOOST_AUTO_TEST_SUITE(update_verb)

BOOST_AUTO_TEST_CASE(an_update_returns_what_is_stored) {
  Bank bank;
  const auto updated = update(bank.accounts, 1, [](Account& account) { account.balance += 25; });
  BOOST_TEST(updated->balance == 125);
  BOOST_TEST(updated.version == Version{1});
  BOOST_TEST((load(bank.accounts, 1) == updated));
}

BOOST_AUTO_TEST_CASE(two_deposits_both_survive) {
  Bank bank;
  int attempts = 0;
  update(bank.accounts, 1, [&](Account& account) {
    if (attempts++ == 0) bank.deposit(1, 10);
    account.balance += 5;
  });
  BOOST_TEST(attempts == 2);
  BOOST_TEST(bank.balance(1) == 115);
}

BOOST_AUTO_TEST_CASE(each_attempt_gets_a_fresh_record) {
  Bank bank;
  std::vector<std::int64_t> seen;
  update(bank.accounts, 1, [&](Account& account) {
    seen.push_back(account.balance);
    if (seen.size() < 4) bank.deposit(1, 1);
    account.balance += 1000;
  });
  BOOST_TEST(seen == (std::vector<std::int64_t>{100, 101, 102, 103}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(what_the_change_throws_is_not_retried_and_nothing_is_written) {
  Bank bank;
  int attempts = 0;
  const auto failing = [&](Account& account) {
    ++attempts;
    account.balance = 0;
    throw std::runtime_error{"no"};
  };
  BOOST_CHECK_THROW(update(bank.accounts, 1, failing), std::runtime_error);
  BOOST_TEST(attempts == 1);
  BOOST_TEST(bank.balance(1) == 100);
}

BOOST_AUTO_TEST_CASE(a_lost_race_thrown_by_the_change_itself_is_not_retried) {
  Bank bank;
  int attempts = 0;
  const auto failing = [&](Account&) {
    ++attempts;
    throw Conflicted{"another one's"};
  };
  BOOST_CHECK_THROW(update(bank.accounts, 1, failing, {.attempts = 20}), Conflicted);
  BOOST_TEST(attempts == 1);
}

BOOST_AUTO_TEST_CASE(updating_an_absent_record_is_an_error) {
  Bank bank;
  int attempts = 0;
  BOOST_CHECK_THROW(update(bank.accounts, 9, [&](Account&) { ++attempts; }), Missing);
  BOOST_TEST(attempts == 0);
}

BOOST_AUTO_TEST_CASE(a_record_erased_during_an_update_is_missing_and_the_loop_does_not_spin) {
  Bank bank;
  int attempts = 0;
  const auto erased_meanwhile = [&](Account& account) {
    ++attempts;
    erase(bank.accounts, 1, load(bank.accounts, 1)).or_throw();
    account.balance = 0;
  };
  BOOST_CHECK_THROW(update(bank.accounts, 1, erased_meanwhile), Missing);
  BOOST_TEST(attempts == 1);
  BOOST_TEST(!find(bank.accounts, 1).has_value());
}

BOOST_AUTO_TEST_CASE(a_change_that_changes_nothing_writes_nothing) {
  Bank bank;
  const auto updated = update(bank.accounts, 1, [](Account& account) { account.balance += 0; });
  BOOST_TEST(updated.version == Version{0});
  BOOST_TEST(bank.version(1) == Version{0});
}

BOOST_AUTO_TEST_CASE(a_broken_invariant_is_not_retried) {
  memory::Database db;
  memory::Table<int, test::Purse> purses{db};
  insert(purses, 1, {"ann", 5}).or_throw();
  int attempts = 0;
  const auto overdraw = [&](test::Purse& purse) {
    ++attempts;
    purse.balance -= 6;
  };
  BOOST_CHECK_THROW(update(purses, 1, overdraw), ConstraintViolated);
  BOOST_TEST(attempts == 1);
  BOOST_TEST(load(purses, 1)->balance == 5);
}

BOOST_AUTO_TEST_CASE(after_enough_lost_races_the_record_is_locked_and_the_loop_ends) {
  Bank bank;
  std::vector<bool> locked;
  update(bank.accounts, 1,
         [&](Account& account) {
           locked.push_back(bank.locked(1));
           if (!locked.back()) bank.deposit(1, 1);  // as often as the loop lets it
           account.balance += 1000;
         },
         {.attempts = 20, .escalate_after = 3});
  BOOST_TEST(locked == (std::vector<bool>{false, false, false, true}), boost::test_tools::per_element());
  BOOST_TEST(bank.balance(1) == 1103);
  BOOST_TEST(!bank.locked(1));
}

BOOST_AUTO_TEST_CASE(an_optimistic_update_never_locks) {
  Bank bank;
  int attempts = 0;
  update(bank.accounts, 1,
         [&](Account& account) {
           BOOST_TEST(!bank.locked(1));
           if (++attempts < 20) bank.deposit(1, 1);
           account.balance += 1000;
         },
         {.locking = Locking::optimistic, .escalate_after = 3, .base = {}});
  BOOST_TEST(attempts == 20);
}

BOOST_AUTO_TEST_CASE(a_pessimistic_update_locks_before_it_reads) {
  Bank bank;
  int attempts = 0;
  update(bank.accounts, 1,
         [&](Account& account) {
           ++attempts;
           BOOST_TEST(bank.locked(1));
           account.balance += 1000;
         },
         {.locking = Locking::pessimistic});
  BOOST_TEST(attempts == 1);
  BOOST_TEST(!bank.locked(1));
}

BOOST_AUTO_TEST_CASE(no_lock_is_held_while_the_loop_sleeps) {
  const test::Scripted scripted;
  Bank<ScriptedRuntime> bank;
  scripted.script.random.assign(9, 1);
  bool slept = false;
  scripted.script.sleeping = [&] {
    slept = true;
    BOOST_TEST(!bank.locked(1));
  };
  int attempts = 0;
  update(bank.accounts, 1, [&](Account& account) {
    if (++attempts < 3) bank.deposit(1, 1);
    account.balance = 0;
  });
  BOOST_TEST(slept);
}

BOOST_AUTO_TEST_CASE(a_guarded_change_lands_where_its_guard_holds) {
  Bank bank;
  auto holder = load(bank.accounts, 1);
  const auto changed = change_if(
      bank.accounts, 1, [](const Account& account) { return account.balance >= 30; },
      [](Account& account) { account.balance -= 30; });
  BOOST_REQUIRE(changed.has_value());
  BOOST_TEST((*changed == load(bank.accounts, 1)));
  BOOST_TEST((*changed)->balance == 70);
  BOOST_TEST(changed->version == Version{1});
  holder->balance = 0;
  BOOST_TEST(!save(bank.accounts, 1, holder));
}

BOOST_AUTO_TEST_CASE(a_guard_that_does_not_hold_is_a_value_and_changes_nothing) {
  Bank bank;
  bool ran = false;
  const auto changed = change_if(
      bank.accounts, 1, [](const Account& account) { return account.balance >= 101; },
      [&](Account&) { ran = true; });
  BOOST_TEST(!changed.has_value());
  BOOST_TEST(!ran);
  BOOST_TEST(bank.version(1) == Version{0});
}

BOOST_AUTO_TEST_CASE(a_guarded_change_holds_the_records_lock) {
  Bank bank;
  change_if(
      bank.accounts, 1, [](const Account&) { return true; }, [&](Account&) { BOOST_TEST(bank.locked(1)); });
  BOOST_TEST(!bank.locked(1));
}

BOOST_AUTO_TEST_CASE(a_guarded_change_waits_for_a_holder_of_the_lock,
                     *boost::unit_test::enable_if<test::waits_through_the_runtime>()) {
  const test::Scripted scripted;
  Bank<ScriptedRuntime> bank;
  auto holder = bank.db.session();
  bank.accounts.lock(holder, 1);
  const auto drain = [&] {
    change_if(
        bank.accounts, 1, [](const Account&) { return true; }, [](Account& account) { account.balance = 0; });
  };
  BOOST_CHECK_THROW(drain(), test::WouldBlock);
  BOOST_TEST(bank.balance(1) == 100);
}

BOOST_AUTO_TEST_CASE(a_guarded_change_of_an_absent_record_is_an_error) {
  Bank bank;
  BOOST_CHECK_THROW(
      change_if(bank.accounts, 9, [](const Account&) { return true; }, [](Account&) {}), Missing);
}

BOOST_AUTO_TEST_CASE(a_guarded_change_that_throws_leaves_the_record_as_it_was) {
  Bank bank;
  const auto failing = [](Account& account) {
    account.balance = 0;
    throw std::runtime_error{"no"};
  };
  BOOST_CHECK_THROW(
      change_if(bank.accounts, 1, [](const Account&) { return true; }, failing), std::runtime_error);
  BOOST_TEST(bank.balance(1) == 100);
  BOOST_TEST(bank.version(1) == Version{0});
  BOOST_TEST(!bank.locked(1));
}

BOOST_AUTO_TEST_CASE(a_guarded_change_keeps_the_invariants) {
  memory::Database db;
  memory::Table<int, test::Purse> purses{db};
  insert(purses, 1, {"ann", 5}).or_throw();
  BOOST_CHECK_THROW(
      change_if(
          purses, 1, [](const test::Purse&) { return true; }, [](test::Purse& purse) { purse.balance = -1; }),
      ConstraintViolated);
  BOOST_TEST(load(purses, 1)->balance == 5);
}

BOOST_AUTO_TEST_SUITE_END()
