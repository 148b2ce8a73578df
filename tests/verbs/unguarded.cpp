#include <lockstep/verbs/transact.hpp>
#include <lockstep/verbs/unguarded.hpp>
#include <lockstep/verbs/update.hpp>

#include "support/bank.hpp"

#include <boost/test/unit_test.hpp>

using namespace lockstep;
using test::Account;
using test::Bank;

BOOST_AUTO_TEST_SUITE(unguarded_view)

BOOST_AUTO_TEST_CASE(for_one_call_the_last_write_wins_and_is_counted) {
  Bank bank;
  auto value = load(bank.accounts, 1);
  bank.deposit(1, 50);
  value->balance = 7;
  BOOST_TEST(!save(bank.accounts, 1, value));
  BOOST_TEST(bank.db.unguarded_writes() == 0U);
  save(unguarded(bank.accounts), 1, value).or_throw();
  BOOST_TEST(bank.balance(1) == 7);
  BOOST_TEST(bank.db.unguarded_writes() == 1U);
  BOOST_TEST(value.version == bank.version(1));  // and may be saved with its guard again
  value->balance = 8;
  save(bank.accounts, 1, value).or_throw();
  BOOST_TEST(bank.db.unguarded_writes() == 1U);
}

BOOST_AUTO_TEST_CASE(holders_of_the_old_version_become_stale_all_the_same) {
  Bank bank;
  auto holder = load(bank.accounts, 1);
  auto value = holder;
  value->balance = 7;
  save(unguarded(bank.accounts), 1, value).or_throw();
  holder->balance = 8;
  BOOST_TEST(!save(bank.accounts, 1, holder));
}

BOOST_AUTO_TEST_CASE(an_erase_lands_whatever_the_version_is) {
  Bank bank;
  bank.deposit(1, 1);
  const auto view = unguarded(bank.accounts);
  erase(view, 1, Version{0}).or_throw();
  BOOST_TEST(!find(bank.accounts, 1).has_value());
  BOOST_TEST(bank.db.unguarded_writes() == 1U);
}

BOOST_AUTO_TEST_CASE(an_erased_record_is_not_brought_back) {
  Bank bank;
  auto value = load(bank.accounts, 1);
  erase(bank.accounts, 1, value).or_throw();
  value->balance = 7;
  const auto saved = save(unguarded(bank.accounts), 1, value);
  BOOST_REQUIRE(!saved);
  BOOST_TEST(to_string(saved.conflict()) == "accounts[1]: update expected a record, found none");
  BOOST_TEST(!erase(unguarded(bank.accounts), 1, value));
}

BOOST_AUTO_TEST_CASE(an_insert_still_needs_an_absent_record) {
  Bank bank;
  BOOST_TEST(!insert(unguarded(bank.accounts), 1, {"eve", 5}));
  BOOST_TEST(static_cast<bool>(insert(unguarded(bank.accounts), 9, {"eve", 5})));
  BOOST_TEST(bank.db.unguarded_writes() == 0U);
}

BOOST_AUTO_TEST_CASE(a_view_that_is_kept_switches_the_checks_off_for_every_verb) {
  Bank bank;
  auto view = unguarded(bank.accounts);
  int attempts = 0;
  update(view, 1, [&](Account& account) {
    if (attempts++ == 0) bank.deposit(1, 50);
    account.balance += 1;
  });
  BOOST_TEST(attempts == 1);
  BOOST_TEST(bank.balance(1) == 101);  // the deposit was overwritten, as one asked for
  transact(view, [&](auto& tx) {
    static_cast<void>(tx.read(view, 2));
    tx.edit(view, 1).balance = 9;
    bank.deposit(1, 50);
    bank.deposit(2, 50);
  });
  BOOST_TEST(bank.balance(1) == 9);
  BOOST_TEST(bank.db.unguarded_writes() == 2U);
  BOOST_TEST(view.name() == "accounts");
  BOOST_TEST(find(view, 1)->version == bank.version(1));
}

BOOST_AUTO_TEST_SUITE_END()
