#include <lockstep/verbs/transfer.hpp>

#include "support/bank.hpp"
#include "support/interrupted.hpp"
#include "support/scripted_runtime.hpp"

#include <boost/test/unit_test.hpp>

#include <cstdint>
#include <latch>
#include <limits>
#include <optional>
#include <string>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

using namespace lockstep;
using test::Account;
using test::Bank;
using test::ScriptedRuntime;

namespace {

/// A record with balances of several kinds.
struct Wallet {
  std::int8_t small = 0;
  unsigned whole = 0;
  double real = 0;

  friend bool operator==(const Wallet&, const Wallet&) = default;
};

struct Wallets {
  memory::Database<> db;
  memory::Table<int, Wallet> table{db, "wallets"};

  Wallets(Wallet first, Wallet second) {
    insert(table, 1, first).or_throw();
    insert(table, 2, second).or_throw();
  }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(transfer_verb)

BOOST_AUTO_TEST_CASE(the_amount_leaves_one_side_and_reaches_the_other) {
  for (const auto locking : {Locking::adaptive, Locking::optimistic, Locking::pessimistic}) {
    Bank bank;
    transfer(bank.accounts, {.from = 1, .to = 2, .amount = 30}, {.locking = locking});
    BOOST_TEST(bank.balance(1) == 70);
    BOOST_TEST(bank.balance(2) == 130);
    BOOST_TEST(bank.version(1) == Version{1});
    BOOST_TEST(bank.version(2) == Version{1});
    BOOST_TEST(!bank.locked(1));
    BOOST_TEST(!bank.locked(2));
  }
}

BOOST_AUTO_TEST_CASE(all_of_it_may_go_and_not_one_more) {
  Bank bank;
  BOOST_CHECK_THROW(transfer(bank.accounts, {1, 2, 101}), InsufficientFunds);
  transfer(bank.accounts, {1, 2, 100});
  BOOST_TEST(bank.balance(1) == 0);
  BOOST_CHECK_THROW(transfer(bank.accounts, {1, 2, 1}), InsufficientFunds);
  BOOST_TEST(bank.balance(2) == 200);
}

BOOST_AUTO_TEST_CASE(a_refused_transfer_names_the_side_and_writes_nothing) {
  for (const auto locking : {Locking::adaptive, Locking::optimistic, Locking::pessimistic}) {
    Bank bank;
    const auto refused = [&](const Transfer<int, std::int64_t>& order) -> std::string {
      try {
        transfer(bank.accounts, order, {.locking = locking});
      } catch (const Error& error) {
        return error.what();
      }
      return "";
    };
    BOOST_TEST(refused({1, 2, 101}) == "accounts[1]: insufficient funds");
    BOOST_TEST(refused({1, 1, 5}) == "accounts[1]: transfer to itself");
    BOOST_TEST(refused({9, 2, 5}) == "accounts[9]: no such record");
    BOOST_TEST(refused({1, 9, 5}) == "accounts[9]: no such record");
    BOOST_TEST(refused({1, 2, 0}) == "the amount of a transfer must be positive");
    BOOST_TEST(refused({1, 2, -5}) == "the amount of a transfer must be positive");
    for (const int key : {1, 2}) {
      BOOST_TEST(bank.balance(key) == 100);
      BOOST_TEST(bank.version(key) == Version{0});
      BOOST_TEST(!bank.locked(key));
    }
  }
}

BOOST_AUTO_TEST_CASE(each_refusal_has_a_type_of_its_own_and_is_not_retried) {
  Bank bank;
  BOOST_CHECK_THROW(transfer(bank.accounts, {1, 2, 101}), InsufficientFunds);
  BOOST_CHECK_THROW(transfer(bank.accounts, {1, 1, 5}), SameAccount);
  BOOST_CHECK_THROW(transfer(bank.accounts, {9, 2, 5}), Missing);
  BOOST_CHECK_THROW(transfer(bank.accounts, {1, 2, 0}), AmountNotPositive);
  static_assert(!std::is_base_of_v<Conflicted, TransferRefused>);
}

BOOST_AUTO_TEST_CASE(what_the_receiver_cannot_hold_is_refused) {
  Bank bank;
  update(bank.accounts, 2, [](Account& a) { a.balance = std::numeric_limits<std::int64_t>::max() - 10; });
  try {
    transfer(bank.accounts, {1, 2, 11});
    BOOST_ERROR("not thrown");
  } catch (const AmountOverflow& overflow) {
    BOOST_TEST(overflow.to() == (Place{"accounts", "2"}));
  }
  BOOST_TEST(bank.balance(1) == 100);
  transfer(bank.accounts, {1, 2, 10});
  BOOST_TEST(bank.balance(2) == std::numeric_limits<std::int64_t>::max());
}

BOOST_AUTO_TEST_CASE(small_integers_do_not_wrap) {
  Wallets wallets{{.small = 100}, {.small = 100}};
  BOOST_CHECK_THROW(transfer<&Wallet::small>(wallets.table, {1, 2, 28}), AmountOverflow);
  transfer<&Wallet::small>(wallets.table, {1, 2, 27});
  BOOST_TEST(int{load(wallets.table, 2)->small} == 127);
  BOOST_TEST(int{load(wallets.table, 1)->small} == 73);
}

BOOST_AUTO_TEST_CASE(unsigned_amounts_do_not_wrap) {
  Wallets wallets{{.whole = 5}, {.whole = std::numeric_limits<unsigned>::max() - 4}};
  BOOST_CHECK_THROW(transfer<&Wallet::whole>(wallets.table, {1, 2, 6}), InsufficientFunds);
  BOOST_CHECK_THROW(transfer<&Wallet::whole>(wallets.table, {1, 2, 5}), AmountOverflow);
  transfer<&Wallet::whole>(wallets.table, {1, 2, 4});
  BOOST_TEST(load(wallets.table, 1)->whole == 1U);
}

BOOST_AUTO_TEST_CASE(a_debt_may_be_received_into_but_not_paid_from) {
  Bank bank;
  update(bank.accounts, 1, [](Account& a) { a.balance = std::numeric_limits<std::int64_t>::min(); });
  BOOST_CHECK_THROW(transfer(bank.accounts, {1, 2, 1}), InsufficientFunds);
  transfer(bank.accounts, {2, 1, 100});
  BOOST_TEST(bank.balance(1) == std::numeric_limits<std::int64_t>::min() + 100);
}

BOOST_AUTO_TEST_CASE(what_is_not_a_number_is_not_moved) {
  const auto nan = std::numeric_limits<double>::quiet_NaN();
  const auto most = std::numeric_limits<double>::max();
  Wallets wallets{{.real = 5}, {.real = most}};
  BOOST_CHECK_THROW(transfer<&Wallet::real>(wallets.table, {1, 2, nan}), AmountNotPositive);
  BOOST_CHECK_THROW(transfer<&Wallet::real>(wallets.table, {2, 1, std::numeric_limits<double>::infinity()}),
                    InsufficientFunds);
  transfer<&Wallet::real>(wallets.table, {2, 1, most});
  BOOST_CHECK_THROW(transfer<&Wallet::real>(wallets.table, {2, 1, 1}), InsufficientFunds);
  update(wallets.table, 2, [&](Wallet& wallet) { wallet.real = most; });
  BOOST_CHECK_THROW(transfer<&Wallet::real>(wallets.table, {1, 2, most}), AmountOverflow);
  update(wallets.table, 2, [&](Wallet& wallet) { wallet.real = nan; });
  BOOST_CHECK_THROW(transfer<&Wallet::real>(wallets.table, {2, 1, 1}), InsufficientFunds);
  BOOST_CHECK_THROW(transfer<&Wallet::real>(wallets.table, {1, 2, 1}), AmountOverflow);
}

BOOST_AUTO_TEST_CASE(another_member_than_the_balance_can_be_moved) {
  Bank bank;
  update(bank.accounts, 1, [](Account& account) { account.points = 50; });
  transfer<&Account::points>(bank.accounts, {1, 2, 20});
  BOOST_TEST(load(bank.accounts, 1)->points == 30);
  BOOST_TEST(load(bank.accounts, 2)->points == 20);
  BOOST_TEST(bank.balance(1) == 100);
}

BOOST_AUTO_TEST_CASE(a_transfer_keeps_the_invariants) {
  memory::Database db;
  memory::Table<int, test::Purse> purses{db};
  insert(purses, 1, {"ann", 50}).or_throw();
  insert(purses, 2, {"bob", 970}).or_throw();
  BOOST_CHECK_THROW(transfer(purses, {1, 2, 31}), ConstraintViolated);  // a purse holds 1000 at most
  BOOST_TEST(load(purses, 1)->balance == 50);
  BOOST_TEST(load(purses, 2)->balance == 970);
  transfer(purses, {1, 2, 30});
}

BOOST_AUTO_TEST_CASE(a_pessimistic_transfer_locks_both_sides_in_key_order,
                     *boost::unit_test::enable_if<test::waits_through_the_runtime>()) {
  const test::Scripted scripted;
  Bank<ScriptedRuntime> bank;
  for (const auto& [from, to] : {std::pair{1, 2}, std::pair{2, 1}}) {
    auto holder = std::optional{bank.db.session()};
    bank.accounts.lock(*holder, 2);
    bool first_is_held = false;
    scripted.script.blocked.emplace_back([&] {
      first_is_held = bank.locked(1);
      holder.reset();
    });
    transfer(bank.accounts, {from, to, 10}, {.locking = Locking::pessimistic});
    BOOST_TEST(first_is_held);
  }
}

BOOST_AUTO_TEST_CASE(an_adaptive_transfer_that_keeps_losing_locks_both_sides_in_key_order,
                     *boost::unit_test::enable_if<test::waits_through_the_runtime>()) {
  const test::Scripted scripted;
  memory::Database<ScriptedRuntime> db;
  test::Interrupted<int, Account, ScriptedRuntime> accounts{db};
  for (const int key : {1, 2}) insert(accounts, key, {"ann", 100}).or_throw();

  const auto locked = [&](int key) {
    auto session = db.session();
    return !accounts.lock(session, key, LockMode::shared, Wait::skip());
  };
  std::optional<memory::Session<ScriptedRuntime>> holder;
  int lost = 0;
  bool first_was_held = false;
  accounts.after_load = [&, busy = false](int key) mutable {
    if (busy || lost == 2) return;
    busy = true;  // the deposit below loads, too
    auto value = load(accounts, key);
    ++value->points;
    save(accounts, key, value).or_throw();
    busy = false;
    if (++lost < 2) return;
    holder.emplace(db.session());
    accounts.lock(*holder, 2);
  };
  scripted.script.blocked.emplace_back([&] {
    first_was_held = locked(1);
    holder.reset();
  });
  transfer(accounts, {.from = 2, .to = 1, .amount = 30}, {.escalate_after = 2, .base = {}});
  BOOST_TEST(lost == 2);
  BOOST_TEST(first_was_held);
  BOOST_TEST(load(accounts, 1)->balance == 130);
  BOOST_TEST(load(accounts, 2)->balance == 70);
}

BOOST_AUTO_TEST_CASE(money_is_conserved_among_threads_however_they_lock) {
  for (const auto locking : {Locking::adaptive, Locking::optimistic, Locking::pessimistic}) {
    Bank bank;
    int refused = 0;
    {
      std::latch start{4};
      std::vector<std::jthread> threads;
      std::vector<int> refusals(4);
      for (int thread = 0; thread < 4; ++thread) {
        threads.emplace_back([&, thread] {
          start.arrive_and_wait();
          for (int i = 0; i < test::many; ++i) {
            const int from = 1 + (i + thread) % 3;
            const int to = 1 + (from + i % 2) % 3;
            try {
              transfer(bank.accounts, {from, to, 1 + (i * 13) % 60}, {.locking = locking});
            } catch (const InsufficientFunds&) {
              ++refusals[static_cast<std::size_t>(thread)];
            }
          }
        });
      }
      threads.clear();
      for (const int count : refusals) refused += count;
    }
    BOOST_TEST(bank.balance(1) + bank.balance(2) + bank.balance(3) == 300);
    for (const int key : {1, 2, 3}) BOOST_TEST(bank.balance(key) >= 0);
    std::uint64_t moves = 0;
    for (const int key : {1, 2, 3}) moves += bank.version(key).number();
    BOOST_TEST(moves ==
               2U * static_cast<unsigned>(4 * test::many - refused));  // every other one landed, once
  }
}

BOOST_AUTO_TEST_CASE(a_watcher_never_sees_money_between_the_accounts) {
  Bank bank;
  std::atomic<bool> done = false;
  std::jthread mover{[&] {
    for (int i = 0; i < 2 * test::many; ++i) transfer(bank.accounts, {1 + i % 2, 2 - i % 2, 7});
    done = true;
  }};
  bool missing = false;
  while (!done) {
    missing = missing || read_only(bank.db, [&](auto& tx) {
                           return tx.read(bank.accounts, 1).balance + tx.read(bank.accounts, 2).balance;
                         }) != 200;
  }
  BOOST_TEST(!missing);
}

BOOST_AUTO_TEST_SUITE_END()
