#include <lockstep/verbs/lock.hpp>

#include "support/bank.hpp"
#include "support/scripted_runtime.hpp"
#include "support/watched_runtime.hpp"

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <type_traits>
#include <vector>

using namespace lockstep;
using namespace std::chrono_literals;
using test::Account;
using test::Bank;
using test::ScriptedRuntime;
using test::WatchedRuntime;

BOOST_AUTO_TEST_SUITE(lock_verb)

BOOST_AUTO_TEST_CASE(what_is_changed_under_the_lock_is_committed) {
  Bank bank;
  with_lock(bank.accounts, 1, [&](Account& account) {
    BOOST_TEST(bank.locked(1));
    account.balance += 25;
  });
  BOOST_TEST(bank.balance(1) == 125);
  BOOST_TEST(bank.version(1) == Version{1});
  BOOST_TEST(!bank.locked(1));
}

BOOST_AUTO_TEST_CASE(with_lock_returns_what_its_function_returns) {
  Bank bank;
  const std::string owner = with_lock(bank.accounts, 1, [](Account& account) { return account.owner; });
  BOOST_TEST(owner == "ann");
}

BOOST_AUTO_TEST_CASE(an_exception_rolls_back_and_releases_the_lock) {
  Bank bank;
  const auto failing = [](Account& account) {
    account.balance = 0;
    throw std::runtime_error{"no"};
  };
  BOOST_CHECK_THROW(with_lock(bank.accounts, 1, failing), std::runtime_error);
  BOOST_TEST(bank.balance(1) == 100);
  BOOST_TEST(!bank.locked(1));
}

BOOST_AUTO_TEST_CASE(locking_an_absent_record_is_an_error_and_leaves_no_lock) {
  Bank bank;
  BOOST_CHECK_THROW(with_lock(bank.accounts, 9, [](Account&) {}), Missing);
  BOOST_TEST(!bank.locked(9));
}

BOOST_AUTO_TEST_CASE(nothing_changed_under_the_lock_writes_nothing) {
  Bank bank;
  with_lock(bank.accounts, 1, [](Account&) {});
  BOOST_TEST(bank.version(1) == Version{0});
  BOOST_TEST(!bank.locked(1));
}

BOOST_AUTO_TEST_CASE(a_broken_invariant_under_the_lock_is_not_written_and_can_be_mended) {
  memory::Database db;
  memory::Table<int, test::Purse> purses{db};
  insert(purses, 1, {"ann", 5}).or_throw();
  ScopedLock lock{purses, 1};
  lock->balance = -1;
  BOOST_CHECK_THROW(lock.commit(), ConstraintViolated);
  BOOST_TEST(lock.held());
  lock->balance = 3;
  lock.commit();
  BOOST_TEST(load(purses, 1)->balance == 3);
}

BOOST_AUTO_TEST_CASE(the_lock_lasts_until_the_commit) {
  Bank bank;
  ScopedLock lock{bank.accounts, 1};
  BOOST_TEST(lock.held());
  BOOST_TEST(bank.locked(1));
  lock->balance = 7;
  lock.commit();
  BOOST_TEST(!lock.held());
  BOOST_TEST(!bank.locked(1));
  BOOST_TEST(lock.version() == Version{1});
  BOOST_TEST(bank.balance(1) == 7);
}

BOOST_AUTO_TEST_CASE(the_lock_lasts_until_a_rollback_which_restores_the_record) {
  Bank bank;
  ScopedLock lock{bank.accounts, 1};
  lock->balance = 7;
  lock.rollback();
  BOOST_TEST(!lock.held());
  BOOST_TEST(!bank.locked(1));
  BOOST_TEST(lock->balance == 100);
  BOOST_TEST(lock.version() == Version{0});
  BOOST_TEST(bank.balance(1) == 100);
}

BOOST_AUTO_TEST_CASE(the_end_of_the_scope_rolls_back) {
  Bank bank;
  {
    ScopedLock lock{bank.accounts, 1};
    lock->balance = 7;
    static_assert(std::is_nothrow_destructible_v<decltype(lock)>);
  }
  BOOST_TEST(!bank.locked(1));
  BOOST_TEST(bank.balance(1) == 100);
}

BOOST_AUTO_TEST_CASE(plain_reads_do_not_wait_for_the_holder_of_a_lock) {
  const test::Scripted scripted;
  Bank<ScriptedRuntime> bank;  // where waiting throws
  with_lock(bank.accounts, 1, [&](Account& account) {
    account.balance = 0;
    BOOST_TEST(load(bank.accounts, 1)->balance == 100);
    auto session = bank.db.session();
    BOOST_TEST(bank.accounts.load(session, 1)->record.balance == 100);
  });
  BOOST_TEST(bank.balance(1) == 0);
}

BOOST_AUTO_TEST_CASE(guarded_writes_of_others_wait_for_the_holder_and_then_are_stale,
                     *boost::unit_test::enable_if<test::waits_through_the_runtime>()) {
  const test::Scripted scripted;
  Bank<ScriptedRuntime> bank;
  std::optional<ScopedLock<decltype(bank.accounts)>> lock;
  lock.emplace(bank.accounts, 1);
  auto value = load(bank.accounts, 1);
  value->balance = 55;
  (*lock)->balance = 7;
  scripted.script.blocked.emplace_back([&] { lock->commit(); });
  BOOST_TEST(!save(bank.accounts, 1, value));
  BOOST_TEST(bank.balance(1) == 7);
}

BOOST_AUTO_TEST_CASE(a_held_lock_is_unavailable_at_once_or_not_granted_in_time_and_these_differ,
                     *boost::unit_test::enable_if<test::waits_through_the_runtime>()) {
  const test::Scripted scripted;
  Bank<ScriptedRuntime> bank;
  const ScopedLock holder{bank.accounts, 1};
  const auto lock = [&](Wait wait) { with_lock(bank.accounts, 1, [](Account&) {}, wait); };
  BOOST_CHECK_THROW(lock(Wait::never()), LockUnavailable);
  BOOST_CHECK_THROW(lock(Wait::skip()), LockUnavailable);
  BOOST_CHECK_THROW(lock(Wait::up_to(5s)), LockTimeout);
  BOOST_TEST((scripted.script.now.time_since_epoch() == 5s));
  BOOST_CHECK_THROW(lock(Wait::forever()), test::WouldBlock);

  static_assert(!std::is_base_of_v<LockTimeout, LockUnavailable>);
  static_assert(!std::is_base_of_v<LockUnavailable, LockTimeout>);
  static_assert(!std::is_base_of_v<Deadlock, LockTimeout> && !std::is_base_of_v<LockTimeout, Deadlock>);
  static_assert(std::is_base_of_v<Conflicted, Deadlock>);
  static_assert(!std::is_base_of_v<Conflicted, LockTimeout> &&
                !std::is_base_of_v<Conflicted, LockUnavailable>);
}

BOOST_AUTO_TEST_CASE(lock_errors_name_the_record) {
  const test::Scripted scripted;
  Bank<ScriptedRuntime> bank;
  const ScopedLock holder{bank.accounts, 1};
  try {
    with_lock(bank.accounts, 1, [](Account&) {}, Wait::never());
  } catch (const LockUnavailable& error) {
    BOOST_TEST(error.what() == "accounts[1]: locked by another session");
  }
  try {
    with_lock(bank.accounts, 1, [](Account&) {}, Wait::up_to(1s));
  } catch (const LockTimeout& error) {
    BOOST_TEST(error.what() == "accounts[1]: the lock was not granted in time");
  }
}

BOOST_AUTO_TEST_CASE(shared_locks_are_held_together_and_hold_off_writers,
                     *boost::unit_test::enable_if<test::shares_locks && test::waits_through_the_runtime>()) {
  const test::Scripted scripted;
  Bank<ScriptedRuntime> bank;
  with_shared_lock(bank.accounts, 1, [&](const Account& account) {
    BOOST_TEST(account.balance == 100);
    with_shared_lock(bank.accounts, 1, [&](const Account& same) { BOOST_TEST(same.balance == 100); });
    BOOST_TEST(bank.locked(1, LockMode::exclusive));
    BOOST_TEST(!bank.locked(1, LockMode::shared));
    BOOST_CHECK_THROW(bank.deposit(1, 5), test::WouldBlock);
  });
  bank.deposit(1, 5);
  BOOST_TEST(bank.balance(1) == 105);
}

BOOST_AUTO_TEST_CASE(with_shared_lock_returns_what_its_function_returns,
                     *boost::unit_test::enable_if<test::shares_locks>()) {
  Bank bank;
  BOOST_TEST(with_shared_lock(bank.accounts, 1, [](const Account& account) { return account.owner; }) ==
             "ann");
}

BOOST_AUTO_TEST_CASE(a_change_under_a_shared_lock_is_refused,
                     *boost::unit_test::enable_if<test::shares_locks>()) {
  Bank bank;
  ScopedLock lock{bank.accounts, 1, LockMode::shared};
  lock->balance = 7;
  BOOST_CHECK_THROW(lock.commit(), NotSupported);
  BOOST_TEST(lock.held());
  lock.rollback();
  BOOST_TEST(bank.balance(1) == 100);
}

BOOST_AUTO_TEST_CASE(a_draft_with_unsaved_changes_is_not_locked_and_its_fields_are_named) {
  Bank bank;
  auto draft = edit(load(bank.accounts, 1));
  draft->owner = "eve";
  draft->points = 3;
  try {
    const ScopedLock lock{bank.accounts, 1, draft};
    BOOST_ERROR("not thrown");
  } catch (const DirtyRecord& dirty) {
    BOOST_TEST(dirty.fields() == (std::vector<std::string>{"owner", "points"}),
               boost::test_tools::per_element());
    BOOST_TEST(dirty.what() == "accounts[1]: locking refused: unsaved changes in owner, points");
  }
  BOOST_TEST(draft->owner == "eve");
  BOOST_TEST(!bank.locked(1));
}

BOOST_AUTO_TEST_CASE(locking_reloads_a_clean_draft) {
  Bank bank;
  auto draft = edit(load(bank.accounts, 1));
  bank.deposit(1, 5);
  {
    ScopedLock lock{bank.accounts, 1, draft};
    BOOST_TEST(draft->balance == 105);
    BOOST_TEST(draft.version() == Version{1});
    BOOST_TEST(lock->balance == 105);
  }
}

BOOST_AUTO_TEST_CASE(several_records_are_locked_and_committed_together,
                     *boost::unit_test::enable_if<test::locks_each_record>()) {
  Bank bank;
  with_locks(bank.accounts, {2, 1, 2}, [&](auto& records) {
    BOOST_TEST(bank.locked(1));
    BOOST_TEST(bank.locked(2));
    BOOST_TEST(!bank.locked(3));
    records[1].balance -= 10;
    records[2].balance += 10;
  });
  BOOST_TEST(bank.balance(1) == 90);
  BOOST_TEST(bank.balance(2) == 110);
  BOOST_TEST(!bank.locked(1));
  BOOST_TEST(!bank.locked(2));
}

BOOST_AUTO_TEST_CASE(of_several_locked_records_only_the_changed_ones_move) {
  Bank bank;
  const auto result = with_locks(bank.accounts, {1, 2}, [](auto& records) { return ++records[2].balance; });
  BOOST_TEST(result == 101);
  BOOST_TEST(bank.version(1) == Version{0});
  BOOST_TEST(bank.version(2) == Version{1});
}

BOOST_AUTO_TEST_CASE(an_exception_under_several_locks_rolls_all_of_them_back) {
  Bank bank;
  const auto failing = [](auto& records) {
    records[1].balance = 0;
    throw std::runtime_error{"no"};
  };
  BOOST_CHECK_THROW(with_locks(bank.accounts, {1, 2}, failing), std::runtime_error);
  BOOST_TEST(bank.balance(1) == 100);
  BOOST_TEST(!bank.locked(1));
  BOOST_TEST(!bank.locked(2));
}

BOOST_AUTO_TEST_CASE(if_one_of_several_records_is_absent_none_stays_locked) {
  Bank bank;
  BOOST_CHECK_THROW(with_locks(bank.accounts, {1, 9}, [](auto&) {}), Missing);
  BOOST_TEST(!bank.locked(1));
  BOOST_TEST(!bank.locked(9));
}

BOOST_AUTO_TEST_CASE(
    several_locks_are_taken_in_key_order_whatever_order_they_are_named_in,
    *boost::unit_test::enable_if<test::locks_each_record && test::waits_through_the_runtime>()) {
  Bank<WatchedRuntime> bank;
  auto holder = std::optional{bank.db.session()};
  bank.accounts.lock(*holder, 2);
  std::jthread other{[&] { with_locks(bank.accounts, {3, 2, 1}, [](auto&) {}); }};
  WatchedRuntime::until_waiting(1);
  BOOST_TEST(bank.locked(1));   // taken before 2, which it waits for
  BOOST_TEST(!bank.locked(3));  // to be taken after it
  holder.reset();
}

BOOST_AUTO_TEST_CASE(those_who_lock_together_in_opposite_orders_never_deadlock) {
  Bank bank;
  const std::vector<int> there{1, 2, 3};
  const std::vector<int> back{3, 2, 1};
  const auto swap_forever = [&](const std::vector<int>& keys) {
    for (int i = 0; i < 2 * test::many; ++i) {
      with_locks(bank.accounts, keys, [](auto& records) {
        --records[1].balance;
        ++records[3].balance;
      });
    }
  };
  {
    const std::jthread one{swap_forever, there};
    const std::jthread two{swap_forever, back};
  }
  BOOST_TEST(bank.balance(1) == 100 - 4 * test::many);
  BOOST_TEST(bank.balance(3) == 100 + 4 * test::many);
}

BOOST_AUTO_TEST_CASE(increments_under_a_lock_by_several_threads_all_survive) {
  Bank bank;
  {
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < 4; ++thread) {
      threads.emplace_back([&] {
        for (int i = 0; i < test::many; ++i)
          with_lock(bank.accounts, 1, [](Account& account) { ++account.balance; });
      });
    }
  }
  BOOST_TEST(bank.balance(1) == 100 + 4 * test::many);
}

BOOST_AUTO_TEST_SUITE_END()
