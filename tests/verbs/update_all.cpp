#include <lockstep/verbs/lock.hpp>
#include <lockstep/verbs/transact.hpp>
#include <lockstep/verbs/update_all.hpp>

#include "support/bank.hpp"

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <thread>
#include <vector>

using namespace lockstep;
using test::Account;
using test::Bank;
using test::Order;

namespace {

/// Balances of 10, 20 and 30, and points of 1, 2 and 3.
void vary(Bank<>& bank) {
  transact(bank.db, [&](auto& tx) {
    for (const int key : {1, 2, 3}) {
      tx.edit(bank.accounts, key).balance = 10 * key;
      tx.edit(bank.accounts, key).points = key;
    }
  });
}

constexpr auto balance = field<&Account::balance>;
constexpr auto points = field<&Account::points>;
constexpr auto owner = field<&Account::owner>;

}  // namespace

BOOST_AUTO_TEST_SUITE(update_all_verb)

BOOST_AUTO_TEST_CASE(all_that_the_condition_holds_for_change_and_move_their_version_and_no_other) {
  Bank bank;
  vary(bank);
  const auto held = load(bank.accounts, 2);
  BOOST_TEST(update_all(bank.accounts, balance >= 20, add<&Account::balance>(-5), set<&Account::points>(7)) ==
             2U);
  BOOST_TEST(bank.balance(1) == 10);
  BOOST_TEST(bank.version(1) == Version{1});
  BOOST_TEST(bank.balance(2) == 15);
  BOOST_TEST(load(bank.accounts, 2)->points == 7);
  BOOST_TEST(bank.version(2) == Version{2});
  BOOST_TEST(bank.balance(3) == 25);

  auto stale = held;
  stale->balance = 0;
  BOOST_TEST(!save(bank.accounts, 2, stale));
  BOOST_TEST(bank.balance(2) == 15);
}

BOOST_AUTO_TEST_CASE(conditions_mean_in_a_statement_what_they_mean_here) {
  Bank bank;
  vary(bank);
  const auto check = [&](const auto& where) {
    std::uint64_t expected = 0;
    for (const int key : {1, 2, 3}) expected += where(load(bank.accounts, key).record) ? 1U : 0U;
    BOOST_TEST(update_all(bank.accounts, where) == expected);
  };
  check(balance == 20);
  check(balance != 20);
  check(balance < 20);
  check(balance <= 20);
  check(balance > 20);
  check(balance >= 20);
  check(owner == "bob");
  check(owner != "bob'; DROP TABLE accounts; --");
  check(balance > 10 && points < 3);
  check(balance < 20 || points == 3);
  check(!(balance < 20 || points == 3));
  check(!(balance < 20) && owner != "cid");
  check(everything);
  check(!everything);
  BOOST_TEST(update_all(bank.orders, field<&Order::paid> == false, set<&Order::paid>(true)) == 1U);
  BOOST_TEST(update_all(bank.orders, field<&Order::paid> == false, set<&Order::paid>(true)) == 0U);
}

BOOST_AUTO_TEST_CASE(a_value_is_never_text_of_a_statement) {
  Bank bank;
  const std::string name = "x', balance = 0 WHERE 1=1; -- \"";
  BOOST_TEST(update_all(bank.accounts, owner == "ann", set<&Account::owner>(name)) == 1U);
  BOOST_TEST(load(bank.accounts, 1)->owner == name);
  BOOST_TEST(update_all(bank.accounts, owner == name, set<&Account::owner>("ann")) == 1U);
  BOOST_TEST(bank.balance(2) == 100);
}

BOOST_AUTO_TEST_CASE(a_sum_that_does_not_fit_is_an_error_and_nothing_is_written) {
  Bank bank;
  constexpr auto most = std::numeric_limits<std::int64_t>::max();
  update(bank.accounts, 2, [&](Account& account) { account.balance = most - 1; });
  BOOST_CHECK_THROW(update_all(bank.accounts, everything, add<&Account::balance>(2)), OutOfRange);
  BOOST_TEST(bank.balance(1) == 100);
  BOOST_TEST(bank.balance(2) == most - 1);
  BOOST_TEST(bank.version(1) == Version{0});
  BOOST_TEST(update_all(bank.accounts, everything, add<&Account::balance>(1)) == 3U);
  BOOST_TEST(bank.balance(2) == most);
  update(bank.accounts, 2,
         [&](Account& account) { account.balance = std::numeric_limits<std::int64_t>::min() + 1; });
  BOOST_CHECK_THROW(update_all(bank.accounts, balance < 0, add<&Account::balance>(-2)), OutOfRange);
  BOOST_TEST(update_all(bank.accounts, balance < 0, add<&Account::balance>(-1)) == 1U);
  BOOST_TEST(bank.balance(2) == std::numeric_limits<std::int64_t>::min());
}

BOOST_AUTO_TEST_CASE(a_change_of_many_waits_for_who_holds_one_of_them) {
  Bank bank;
  std::uint64_t count = 0;
  std::optional<ScopedLock<decltype(bank.accounts)>> lock{std::in_place, bank.accounts, 2};
  std::thread other{[&] { count = update_all(bank.accounts, balance == 100, add<&Account::balance>(1)); }};
  (*lock)->balance = 50;
  lock->commit();
  lock.reset();
  other.join();
  BOOST_TEST((count == 2U || count == 3U));  // before the lock was taken there was nothing to wait for
  BOOST_TEST((bank.balance(2) == 50));
  BOOST_TEST(bank.balance(1) == 101);
}

BOOST_AUTO_TEST_CASE(changes_of_many_and_updates_of_one_lose_nothing_of_each_other) {
  Bank bank;
  constexpr int times = 20;
  std::vector<std::thread> threads;
  std::atomic<std::uint64_t> count = 0;
  for (int i = 0; i < 2; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < times; ++n)
        count += update_all(bank.accounts, points >= 0, add<&Account::balance>(1));
    });
  }
  for (int n = 0; n < times; ++n) {
    update(bank.accounts, 1 + n % 3, [](Account& account) { account.balance += 1000; });
  }
  for (auto& thread : threads) thread.join();
  BOOST_TEST(count == std::uint64_t{3 * 2 * times});
  BOOST_TEST(bank.balance(1) + bank.balance(2) + bank.balance(3) == 300 + 3 * 2 * times + 1000 * times);
  BOOST_TEST(bank.version(1).number() + bank.version(2).number() + bank.version(3).number() ==
             std::uint64_t{3 * 2 * times + times});
}

#if defined LOCKSTEP_TEST_SQLITE || defined LOCKSTEP_TEST_POSTGRES
BOOST_AUTO_TEST_CASE(a_version_that_is_null_becomes_1) {
  Bank bank;
  bank.db.execute("UPDATE accounts SET lock_version = NULL WHERE id <> 2");
  auto held = load(bank.accounts, 1);
  BOOST_TEST(update_all(bank.accounts, everything, add<&Account::balance>(1)) == 3U);
  for (const int key : {1, 2, 3}) BOOST_TEST(bank.version(key) == Version{1});
  held->balance = 0;
  BOOST_TEST(!save(bank.accounts, 1, held));
}

BOOST_AUTO_TEST_CASE(a_version_that_cannot_move_is_an_error_and_nothing_is_written) {
  Bank bank;
  bank.db.execute("UPDATE accounts SET lock_version = 9223372036854775807 WHERE id = 3");
  BOOST_CHECK_THROW(update_all(bank.accounts, everything, add<&Account::balance>(1)), OutOfRange);
  BOOST_TEST(bank.balance(1) == 100);
}

BOOST_AUTO_TEST_CASE(a_constraint_of_the_database_refuses_all_by_its_name) {
  Bank bank;
#ifdef LOCKSTEP_TEST_SQLITE
  bank.db.execute(
      "CREATE TRIGGER enough BEFORE UPDATE ON accounts WHEN NEW.balance < 0 BEGIN SELECT RAISE(ABORT, "
      "'enough'); END");
#else
  bank.db.execute("ALTER TABLE accounts ADD CONSTRAINT enough CHECK (balance >= 0)");
#endif
  vary(bank);
  BOOST_CHECK_EXCEPTION(update_all(bank.accounts, everything, add<&Account::balance>(-20)),
                        ConstraintViolated,
                        [](const ConstraintViolated& violated) { return violated.constraint() == "enough"; });
  BOOST_TEST(bank.balance(3) == 30);
}
#endif

BOOST_AUTO_TEST_SUITE_END()
