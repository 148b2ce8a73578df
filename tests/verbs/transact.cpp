#include <lockstep/storage/staged.hpp>
#include <lockstep/verbs/transact.hpp>

#include "support/bank.hpp"
#include "support/scripted_runtime.hpp"
#include "support/watched_runtime.hpp"

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

using namespace lockstep;
using test::Account;
using test::Bank;
using test::Order;
using test::ScriptedRuntime;
using test::WatchedRuntime;
using Words = std::vector<std::string>;

namespace {

struct Refused : std::runtime_error {
  Refused() : runtime_error{"no"} {}
};

/// A storage whose commits nobody answers.
class Unanswered : public StagedStorage<Unanswered, int, int> {
 public:
  using StagedStorage::load;
  static std::optional<Versioned<int>> load(int) { return Versioned<int>{0, Version{0}}; }
  static Version next(int, Version expected) { return Version{expected.number() + 1}; }
  Commit apply(std::span<const Change> changes) {
    if (changes.front().action == Action::validate) return {};
    ++sent;
    throw OutcomeUnknown{{place_of(*this, changes.front().key)}};
  }
  int sent = 0;
};

/// Retries at once, and never locks.
const Retry eager{.locking = Locking::optimistic, .base = {}};

}  // namespace

BOOST_AUTO_TEST_SUITE(transact_verb)

BOOST_AUTO_TEST_CASE(records_of_several_types_change_together) {
  Bank bank;
  transact(bank.db, [&](auto& tx) {
    auto& order = tx.edit(bank.orders, 7);
    tx.edit(bank.accounts, 1).balance -= order.total;
    order.paid = true;
    BOOST_TEST(bank.balance(1) == 100);  // not before the commit
  });
  BOOST_TEST(bank.balance(1) == 60);
  BOOST_TEST(load(bank.orders, 7)->paid);
}

BOOST_AUTO_TEST_CASE(an_exception_undoes_everything_and_is_not_retried) {
  Bank bank;
  int runs = 0;
  const auto failing = [&](auto& tx) {
    ++runs;
    tx.edit(bank.accounts, 1).balance = 0;
    tx.insert(bank.accounts, 9, {"eve", 5});
    tx.erase(bank.orders, 7);
    throw Refused{};
  };
  BOOST_CHECK_THROW(transact(bank.db, failing), Refused);
  BOOST_TEST(runs == 1);
  BOOST_TEST(bank.balance(1) == 100);
  BOOST_TEST(!find(bank.accounts, 9).has_value());
  BOOST_TEST(find(bank.orders, 7).has_value());
}

BOOST_AUTO_TEST_CASE(a_lost_race_runs_the_transaction_again_on_fresh_records) {
  Bank bank;
  std::vector<std::int64_t> seen;
  const auto result = transact(bank.db, [&](auto& tx) {
    auto& account = tx.edit(bank.accounts, 1);
    seen.push_back(account.balance);
    if (seen.size() < 3) bank.deposit(1, 1);
    account.balance += 1000;
    return seen.size();
  });
  BOOST_TEST(result == 3U);
  BOOST_TEST(seen == (std::vector<std::int64_t>{100, 101, 102}), boost::test_tools::per_element());
  BOOST_TEST(bank.balance(1) == 1102);
}

BOOST_AUTO_TEST_CASE(nothing_lands_if_one_of_several_records_was_changed_meanwhile) {
  Bank bank;
  const auto losing = [&](auto& tx) {
    tx.edit(bank.accounts, 1).balance = 0;
    tx.edit(bank.accounts, 2).balance = 0;
    bank.deposit(2, 1);
  };
  BOOST_CHECK_THROW(transact(bank.db, losing, {.attempts = 1}), Exhausted);
  BOOST_TEST(bank.balance(1) == 100);
  BOOST_TEST(bank.balance(2) == 101);
}

BOOST_AUTO_TEST_CASE(what_was_only_read_must_still_be_so_at_the_commit) {
  Bank bank;  // write skew: both may not drop to zero
  const auto withdraw = [&](int from, int other, auto meanwhile) {
    transact(bank.db, [&, first = true](auto& tx) mutable {
      if (tx.read(bank.accounts, from).balance + tx.read(bank.accounts, other).balance < 150) return;
      if (first) meanwhile();
      first = false;
      tx.edit(bank.accounts, from).balance = 0;
    });
  };
  withdraw(1, 2, [&] { withdraw(2, 1, [] {}); });
  BOOST_TEST(bank.balance(1) == 100);
  BOOST_TEST(bank.balance(2) == 0);
}

BOOST_AUTO_TEST_CASE(what_was_found_absent_must_still_be_so_at_the_commit) {
  Bank bank;
  int runs = 0;
  transact(bank.db, [&](auto& tx) {
    const auto* const found = tx.find(bank.accounts, 9);
    if (runs++ == 0) insert(bank.accounts, 9, {"eve", 5}).or_throw();
    tx.edit(bank.accounts, 1).balance = found ? 1 : 0;
  });
  BOOST_TEST(runs == 2);
  BOOST_TEST(bank.balance(1) == 1);
}

BOOST_AUTO_TEST_CASE(all_reads_belong_to_one_state_at_every_moment,
                     *boost::unit_test::enable_if<test::checks_each_load>()) {
  Bank bank;
  int runs = 0;
  transact(bank.db, [&](auto& tx) {
    const auto first = tx.read(bank.accounts, 1).balance;
    if (runs++ == 0) {
      transact(bank.db, [&](auto& other) {
        other.edit(bank.accounts, 1).balance -= 50;
        other.edit(bank.accounts, 2).balance += 50;
      });
    }
    const auto second = tx.read(bank.accounts, 2).balance;
    BOOST_TEST(first + second == 200);  // in the run that is thrown away, too
  });
  BOOST_TEST(runs == 2);
}

BOOST_AUTO_TEST_CASE(a_function_that_swallows_a_lost_race_is_run_again_all_the_same) {
  Bank bank;
  int runs = 0;
  transact(bank.db, [&](auto& tx) {
    static_cast<void>(tx.read(bank.accounts, 1));
    if (runs++ == 0) bank.deposit(1, 1);
    try {
      static_cast<void>(tx.read(bank.accounts, 2));
    } catch (...) {
    }
    tx.edit(bank.accounts, 3).balance = 0;
  });
  BOOST_TEST(runs == 2);
}

BOOST_AUTO_TEST_CASE(
    a_function_that_swallows_a_deadlock_is_run_again_all_the_same,
    *boost::unit_test::enable_if<test::locks_each_record && test::waits_through_the_runtime>()) {
  const test::Scripted scripted;
  Bank<ScriptedRuntime> bank;
  auto other = bank.db.session();
  bank.accounts.lock(other, 2);
  int deadlocks = 0;
  int runs = 0;
  transact(bank.db, [&](auto& tx) {
    tx.edit(bank.accounts, 3).balance = ++runs;
    if (runs == 2) return;
    tx.lock(bank.accounts, 1);
    scripted.script.blocked.emplace_back([&] {
      try {
        tx.lock(bank.accounts, 2);
      } catch (const Deadlock&) {
        ++deadlocks;
      }
    });
    BOOST_CHECK_THROW(bank.accounts.lock(other, 1, LockMode::exclusive, Wait::up_to(std::chrono::seconds{1})),
                      LockTimeout);
  });
  BOOST_TEST(deadlocks == 1);
  BOOST_TEST(runs == 2);
  BOOST_TEST(bank.balance(3) == 2);
}

BOOST_AUTO_TEST_CASE(a_read_shows_what_the_transaction_did_before) {
  Bank bank;
  transact(bank.db, [&](auto& tx) {
    tx.edit(bank.accounts, 1).balance = 7;
    BOOST_TEST(tx.read(bank.accounts, 1).balance == 7);
    tx.insert(bank.accounts, 9, {"eve", 5});
    BOOST_TEST(tx.read(bank.accounts, 9).owner == "eve");
    tx.erase(bank.accounts, 2);
    BOOST_TEST(tx.find(bank.accounts, 2) == nullptr);
    BOOST_CHECK_THROW(static_cast<void>(tx.read(bank.accounts, 2)), Missing);
    BOOST_CHECK_THROW(static_cast<void>(tx.edit(bank.accounts, 2)), Missing);
    BOOST_CHECK_THROW(tx.erase(bank.accounts, 2), Missing);
    BOOST_CHECK_THROW(tx.touch(bank.accounts, 2), Missing);
  });
  BOOST_TEST(!find(bank.accounts, 2).has_value());
  BOOST_TEST(bank.balance(9) == 5);
}

BOOST_AUTO_TEST_CASE(a_record_read_or_edited_but_not_changed_is_not_written) {
  Bank bank;
  transact(bank.db, [&](auto& tx) {
    static_cast<void>(tx.edit(bank.accounts, 1));
    static_cast<void>(tx.read(bank.accounts, 2));
    tx.edit(bank.accounts, 3).balance = 0;
  });
  BOOST_TEST(bank.version(1) == Version{0});
  BOOST_TEST(bank.version(2) == Version{0});
  BOOST_TEST(bank.version(3) == Version{1});
}

BOOST_AUTO_TEST_CASE(a_transaction_that_only_reads_is_not_run_again_for_a_change_after_its_last_read) {
  Bank bank;
  int runs = 0;
  transact(bank.db, [&](auto& tx) {
    ++runs;
    static_cast<void>(tx.read(bank.accounts, 1));
    bank.deposit(1, 1);
  });
  BOOST_TEST(runs == 1);
}

BOOST_AUTO_TEST_CASE(touching_moves_the_version_of_an_unchanged_record) {
  Bank bank;
  auto holder = load(bank.accounts, 1);
  transact(bank.db, [&](auto& tx) {
    tx.touch(bank.accounts, 1);
    tx.edit(bank.orders, 7).paid = true;
  });
  BOOST_TEST(bank.version(1) == Version{1});
  BOOST_TEST(bank.balance(1) == 100);
  holder->balance = 0;
  BOOST_TEST(!save(bank.accounts, 1, holder));
}

BOOST_AUTO_TEST_CASE(a_record_inserted_and_erased_again_leaves_nothing) {
  Bank bank;
  transact(bank.db, [&](auto& tx) {
    tx.insert(bank.accounts, 9, {"eve", 5});
    tx.erase(bank.accounts, 9);
  });
  BOOST_TEST(!find(bank.accounts, 9).has_value());
}

BOOST_AUTO_TEST_CASE(a_record_erased_and_inserted_again_is_written_at_a_new_version) {
  Bank bank;
  transact(bank.db, [&](auto& tx) {
    tx.erase(bank.accounts, 1);
    tx.insert(bank.accounts, 1, {"ann", 100});
  });
  BOOST_TEST(bank.version(1) == Version{1});
}

BOOST_AUTO_TEST_CASE(inserting_over_a_record_is_a_conflict_that_is_not_retried) {
  Bank bank;
  int runs = 0;
  const auto inserting = [&](auto& tx) {
    ++runs;
    tx.insert(bank.accounts, 1, {"eve", 5});
  };
  BOOST_CHECK_THROW(transact(bank.db, inserting), StaleRecord);
  BOOST_TEST(runs == 1);
  BOOST_TEST(load(bank.accounts, 1)->owner == "ann");
}

BOOST_AUTO_TEST_CASE(an_insert_that_loses_its_race_is_run_again) {
  Bank bank;
  int runs = 0;
  transact(bank.db, [&](auto& tx) {
    ++runs;
    if (tx.find(bank.accounts, 9)) return;
    insert(bank.accounts, 9, {"dan", 1}).or_throw();
    tx.insert(bank.accounts, 9, {"eve", 5});
  });
  BOOST_TEST(runs == 2);
  BOOST_TEST(load(bank.accounts, 9)->owner == "dan");
}

BOOST_AUTO_TEST_CASE(a_broken_invariant_undoes_the_whole_transaction) {
  memory::Database db;
  memory::Table<int, test::Purse> purses{db};
  insert(purses, 1, {"ann", 5}).or_throw();
  insert(purses, 2, {"bob", 5}).or_throw();
  int runs = 0;
  const auto overdraw = [&](auto& tx) {
    ++runs;
    tx.edit(purses, 2).balance += 6;
    tx.edit(purses, 1).balance -= 6;
  };
  BOOST_CHECK_THROW(transact(db, overdraw), ConstraintViolated);
  BOOST_TEST(runs == 1);
  BOOST_TEST(load(purses, 1)->balance == 5);
  BOOST_TEST(load(purses, 2)->balance == 5);
}

BOOST_AUTO_TEST_CASE(a_value_loaded_outside_is_saved_with_the_rest) {
  Bank bank;
  auto value = load(bank.accounts, 1);
  value->balance = 7;
  transact(bank.db, [&](auto& tx) {
    tx.save(bank.accounts, 1, value);
    tx.edit(bank.orders, 7).paid = true;
    BOOST_TEST(value.version == Version{0});  // not before it has landed
  });
  BOOST_TEST(value.version == Version{1});
  BOOST_TEST((load(bank.accounts, 1) == value));
  value->balance = 8;
  save(bank.accounts, 1, value).or_throw();
}

BOOST_AUTO_TEST_CASE(after_a_rollback_a_saved_value_is_what_it_was_and_can_be_saved) {
  Bank bank;
  auto value = load(bank.accounts, 1);
  value->balance = 7;
  const auto before = value;
  const auto failing = [&](auto& tx) {
    tx.save(bank.accounts, 1, value);
    throw Refused{};
  };
  BOOST_CHECK_THROW(transact(bank.db, failing), Refused);
  BOOST_TEST((value == before));

  const auto losing = [&](auto& tx) {
    tx.save(bank.accounts, 1, value);
    static_cast<void>(tx.read(bank.accounts, 2));
    bank.deposit(2, 1);
  };
  BOOST_CHECK_THROW(transact(bank.db, losing, {.attempts = 1}), Exhausted);
  BOOST_TEST((value == before));
  save(bank.accounts, 1, value).or_throw();
  BOOST_TEST(bank.balance(1) == 7);
}

BOOST_AUTO_TEST_CASE(a_stale_value_ends_the_transaction_without_a_retry) {
  Bank bank;
  auto value = load(bank.accounts, 1);
  bank.deposit(1, 1);
  value->balance = 0;
  int runs = 0;
  const auto saving = [&](auto& tx) {
    ++runs;
    tx.edit(bank.accounts, 2).balance = 0;
    tx.save(bank.accounts, 1, value);
  };
  BOOST_CHECK_THROW(transact(bank.db, saving), StaleRecord);
  BOOST_TEST(runs == 1);
  BOOST_TEST(bank.balance(1) == 101);
  BOOST_TEST(bank.balance(2) == 100);
}

BOOST_AUTO_TEST_CASE(a_fresh_value_is_not_called_stale_because_the_transaction_read_too_early) {
  Bank bank;
  int runs = 0;
  auto value = load(bank.accounts, 1);
  transact(
      bank.db,
      [&](auto& tx) {
        static_cast<void>(tx.read(bank.accounts, 1));
        if (runs++ == 0) bank.deposit(1, 1);
        value = load(bank.accounts, 1);
        value->balance += 1000;
        tx.save(bank.accounts, 1, value);
      },
      eager);
  BOOST_TEST(runs == 2);
}

BOOST_AUTO_TEST_CASE(of_two_values_of_one_record_the_second_save_is_stale_within_a_transaction_too) {
  Bank bank;
  auto mine = load(bank.accounts, 1);
  auto yours = load(bank.accounts, 1);
  mine->balance += 10;
  yours->balance += 20;
  const auto both = [&](auto& tx) {
    tx.save(bank.accounts, 1, mine);
    tx.save(bank.accounts, 1, yours);
  };
  BOOST_CHECK_THROW(transact(bank.db, both), StaleRecord);
  BOOST_TEST(bank.balance(1) == 100);
}

BOOST_AUTO_TEST_CASE(one_value_may_be_saved_twice_and_the_last_state_counts) {
  Bank bank;
  auto value = load(bank.accounts, 1);
  transact(bank.db, [&](auto& tx) {
    value->balance = 7;
    tx.save(bank.accounts, 1, value);
    value->balance = 8;
    tx.save(bank.accounts, 1, value);
  });
  BOOST_TEST((load(bank.accounts, 1) == value));
  BOOST_TEST(value.version == Version{1});
}

BOOST_AUTO_TEST_CASE(a_value_whose_record_was_changed_further_after_its_save_is_stale) {
  Bank bank;
  auto value = load(bank.accounts, 1);
  transact(bank.db, [&](auto& tx) {
    value->balance = 7;
    tx.save(bank.accounts, 1, value);
    tx.edit(bank.accounts, 1).balance += 5;
  });
  BOOST_TEST(bank.balance(1) == 12);
  value->owner = "eve";
  BOOST_TEST(!save(bank.accounts, 1, value));  // would have lost the 5
}

BOOST_AUTO_TEST_CASE(a_reference_outlives_a_nested_erase_that_is_undone) {
  Bank bank;
  transact(bank.db, [&](auto& tx) {
    auto& account = tx.edit(bank.accounts, 1);
    account.balance = 5;
    try {
      tx.nested([&] {
        tx.erase(bank.accounts, 1);
        throw 1;
      });
    } catch (int) {
    }
    account.balance += 1;
  });
  BOOST_TEST(load(bank.accounts, 1)->balance == 6);
}

BOOST_AUTO_TEST_CASE(what_is_written_by_hand_is_guarded_by_what_the_transaction_read) {
  Bank bank;
  int attempts = 0;
  transact(bank.db, [&](auto& tx) {
    const auto seen = tx.read(bank.accounts, 1).balance;
    if (++attempts == 1) bank.deposit(1, 7);
    const auto other = load(bank.accounts, 2);
    bank.accounts.write(tx.session(), 2, other.version, {"copy", seen});
  });
  BOOST_TEST(attempts == 2);
  BOOST_TEST(load(bank.accounts, 2)->balance == load(bank.accounts, 1)->balance);
}

BOOST_AUTO_TEST_CASE(a_nested_part_that_fails_is_undone_alone) {
  Bank bank;
  transact(bank.db, [&](auto& tx) {
    auto& account = tx.edit(bank.accounts, 1);
    account.balance = 7;
    const auto failing = [&] {
      account.balance = 8;
      tx.edit(bank.accounts, 2).balance = 8;
      tx.insert(bank.accounts, 9, {"eve", 5});
      tx.erase(bank.orders, 7);
      throw Refused{};
    };
    BOOST_CHECK_THROW(tx.nested(failing), Refused);
    BOOST_TEST(account.balance == 7);  // the reference is good, and shows what it was before
    BOOST_TEST(tx.read(bank.accounts, 2).balance == 100);
    BOOST_TEST(tx.find(bank.accounts, 9) == nullptr);
    BOOST_TEST(tx.find(bank.orders, 7) != nullptr);
    tx.edit(bank.accounts, 3).balance = 9;
  });
  BOOST_TEST(bank.balance(1) == 7);
  BOOST_TEST(bank.balance(2) == 100);
  BOOST_TEST(bank.balance(3) == 9);
  BOOST_TEST(!find(bank.accounts, 9).has_value());
  BOOST_TEST(find(bank.orders, 7).has_value());
}

BOOST_AUTO_TEST_CASE(a_nested_part_that_succeeds_lands_with_the_rest) {
  Bank bank;
  transact(bank.db, [&](auto& tx) {
    const int result = tx.nested([&] {
      tx.edit(bank.accounts, 1).balance = 7;
      return 3;
    });
    BOOST_TEST(result == 3);
  });
  BOOST_TEST(bank.balance(1) == 7);
}

BOOST_AUTO_TEST_CASE(nested_parts_undo_what_their_own_parts_did) {
  Bank bank;
  transact(bank.db, [&](auto& tx) {
    tx.edit(bank.accounts, 1).balance = 1;
    const auto failing = [&] {
      tx.edit(bank.accounts, 1).balance = 2;
      tx.nested([&] { tx.edit(bank.accounts, 1).balance = 3; });
      BOOST_TEST(tx.read(bank.accounts, 1).balance == 3);
      throw Refused{};
    };
    BOOST_CHECK_THROW(tx.nested(failing), Refused);
  });
  BOOST_TEST(bank.balance(1) == 1);
}

BOOST_AUTO_TEST_CASE(a_nested_part_that_fails_gives_back_its_locks,
                     *boost::unit_test::enable_if<test::locks_each_record>()) {
  Bank bank;
  transact(bank.db, [&](auto& tx) {
    tx.lock(bank.accounts, 1);
    const auto failing = [&] {
      tx.lock(bank.accounts, 2);
      throw Refused{};
    };
    BOOST_CHECK_THROW(tx.nested(failing), Refused);
    BOOST_TEST(bank.locked(1));
    BOOST_TEST(!bank.locked(2));
  });
}

BOOST_AUTO_TEST_CASE(a_value_saved_in_a_nested_part_that_failed_keeps_its_version) {
  Bank bank;
  auto value = load(bank.accounts, 1);
  value->balance = 7;
  transact(bank.db, [&](auto& tx) {
    const auto failing = [&] {
      tx.save(bank.accounts, 1, value);
      throw Refused{};
    };
    BOOST_CHECK_THROW(tx.nested(failing), Refused);
    tx.edit(bank.accounts, 2).balance = 0;
  });
  BOOST_TEST(value.version == Version{0});
  save(bank.accounts, 1, value).or_throw();
}

BOOST_AUTO_TEST_CASE(what_a_failed_nested_part_read_is_still_validated) {
  Bank bank;
  int runs = 0;
  transact(bank.db, [&](auto& tx) {
    const auto failing = [&] {
      static_cast<void>(tx.read(bank.accounts, 2));
      throw Refused{};
    };
    BOOST_CHECK_THROW(tx.nested(failing), Refused);
    if (runs++ == 0) bank.deposit(2, 1);
    tx.edit(bank.accounts, 1).balance = 0;
  });
  BOOST_TEST(runs == 2);
}

BOOST_AUTO_TEST_CASE(after_commit_hooks_run_once_in_order_after_the_commit) {
  Bank bank;
  Words told;
  int runs = 0;
  transact(bank.db, [&](auto& tx) {
    tx.after_commit([&] { told.push_back("first " + std::to_string(bank.balance(1))); });
    tx.after_rollback([&] { told.emplace_back("rolled back"); });
    auto& account = tx.edit(bank.accounts, 1);
    if (runs++ < 2) bank.deposit(1, 1);
    account.balance = 7;
    tx.nested([&] { tx.after_commit([&] { told.emplace_back("second"); }); });
    BOOST_TEST(told.empty());
  });
  BOOST_TEST(runs == 3);
  BOOST_TEST(told == (Words{"first 7", "second"}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(after_rollback_hooks_run_once_when_the_transaction_has_failed_for_good) {
  Bank bank;
  Words told;
  int runs = 0;
  const auto losing = [&](auto& tx) {
    tx.after_commit([&] { told.emplace_back("committed"); });
    tx.after_rollback([&] { told.push_back("rolled back " + std::to_string(bank.locked(1))); });
    auto& account = tx.edit(bank.accounts, 1);
    if (runs++ < 9) bank.deposit(1, 1);
    account.balance = 7;
    BOOST_TEST(told.empty());
  };
  BOOST_CHECK_THROW(transact(bank.db, losing, {.attempts = 3}), Exhausted);
  BOOST_TEST(runs == 3);
  BOOST_TEST(told == Words{"rolled back 0"}, boost::test_tools::per_element());

  told.clear();
  const auto failing = [&](auto& tx) {
    tx.after_commit([&] { told.emplace_back("committed"); });
    tx.after_rollback([&] { told.emplace_back("rolled back"); });
    throw Refused{};
  };
  BOOST_CHECK_THROW(transact(bank.db, failing), Refused);
  BOOST_TEST(told == Words{"rolled back"}, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(hooks_of_a_nested_part_that_failed_tell_of_its_rollback_only) {
  Bank bank;
  Words told;
  transact(bank.db, [&](auto& tx) {
    tx.after_commit([&] { told.emplace_back("outer committed"); });
    const auto failing = [&] {
      tx.after_commit([&] { told.emplace_back("inner committed"); });
      tx.after_rollback([&] { told.emplace_back("inner rolled back"); });
      throw Refused{};
    };
    BOOST_CHECK_THROW(tx.nested(failing), Refused);
    BOOST_TEST(told.empty());
  });
  BOOST_TEST(told == (Words{"outer committed", "inner rolled back"}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(where_the_outcome_is_unknown_nothing_is_retried_and_no_hook_claims_to_know_it) {
  Unanswered storage;
  Words told;
  int runs = 0;
  const auto unanswered = [&](auto& tx) {
    ++runs;
    tx.after_commit([&] { told.emplace_back("committed"); });
    tx.after_rollback([&] { told.emplace_back("rolled back"); });
    const auto failing = [&] {
      tx.after_rollback([&] { told.emplace_back("part rolled back"); });
      throw Refused{};
    };
    BOOST_CHECK_THROW(tx.nested(failing), Refused);
    tx.edit(storage, 1) = 7;
  };
  try {
    transact(storage, unanswered);
    BOOST_ERROR("the outcome is taken for known");
  } catch (const OutcomeUnknown& unknown) {
    BOOST_TEST((unknown.writes() == std::vector{Place{"storage", "1"}}));
  }
  BOOST_TEST(runs == 1);
  BOOST_TEST(storage.sent == 1);
  BOOST_TEST(told == Words{"part rolled back"}, boost::test_tools::per_element());
  BOOST_CHECK_THROW(update(storage, 1, [](int& number) { ++number; }), OutcomeUnknown);
  BOOST_TEST(storage.sent == 2);
}

BOOST_AUTO_TEST_CASE(hooks_run_when_all_locks_are_released) {
  Bank bank;
  bool locked = true;
  transact(bank.db, [&](auto& tx) {
    tx.lock(bank.accounts, 1);
    tx.after_commit([&] { locked = bank.locked(1); });
  });
  BOOST_TEST(!locked);
}

BOOST_AUTO_TEST_CASE(a_hook_that_throws_does_not_silence_the_others) {
  Bank bank;
  bool ran = false;
  const auto hooked = [&](auto& tx) {
    tx.edit(bank.accounts, 1).balance = 7;
    tx.after_commit([] { throw Refused{}; });
    tx.after_commit([&] { ran = true; });
  };
  try {
    transact(bank.db, hooked);
    BOOST_ERROR("not thrown");
  } catch (const HookFailed& failed) {
    BOOST_CHECK_THROW(std::rethrow_exception(failed.hook()), Refused);
    BOOST_TEST(failed.what() == "an after_commit hook threw");
  }
  BOOST_TEST(ran);
  BOOST_TEST(bank.balance(1) == 7);
}

BOOST_AUTO_TEST_CASE(a_failing_rollback_hook_carries_what_made_the_transaction_fail) {
  Bank bank;
  const auto failing = [&](auto& tx) {
    tx.after_rollback([] { throw std::logic_error{"hook"}; });
    throw Refused{};
  };
  try {
    transact(bank.db, failing);
    BOOST_ERROR("not thrown");
  } catch (const HookFailed& failed) {
    BOOST_CHECK_THROW(std::rethrow_exception(failed.hook()), std::logic_error);
    BOOST_CHECK_THROW(std::rethrow_if_nested(failed), Refused);
  }
}

BOOST_AUTO_TEST_CASE(locks_taken_inside_last_until_the_end,
                     *boost::unit_test::enable_if<test::shares_locks>()) {
  Bank bank;
  transact(bank.db, [&](auto& tx) {
    BOOST_TEST(tx.lock(bank.accounts, 1));
    BOOST_TEST(tx.lock(bank.accounts, 2, LockMode::shared));
    BOOST_TEST(bank.locked(1));
    BOOST_TEST(!bank.locked(2, LockMode::shared));
    BOOST_TEST(bank.locked(2, LockMode::exclusive));
    tx.edit(bank.accounts, 1).balance = 7;
  });
  BOOST_TEST(!bank.locked(1));
  BOOST_TEST(!bank.locked(2));
  BOOST_TEST(bank.balance(1) == 7);
}

BOOST_AUTO_TEST_CASE(locked_records_can_be_skipped, *boost::unit_test::enable_if<test::locks_each_record>()) {
  Bank bank;
  auto holder = bank.db.session();
  bank.accounts.lock(holder, 1);
  std::vector<int> taken;
  transact(bank.db, [&](auto& tx) {
    for (const int key : {1, 2, 3}) {
      if (tx.lock(bank.accounts, key, LockMode::exclusive, Wait::skip())) taken.push_back(key);
    }
  });
  BOOST_TEST(taken == (std::vector<int>{2, 3}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_lock_that_is_not_to_be_had_is_an_error_and_not_retried) {
  const test::Scripted scripted;
  Bank<ScriptedRuntime> bank;
  auto holder = bank.db.session();
  bank.accounts.lock(holder, 1);
  int runs = 0;
  const auto locking = [&](Wait wait) {
    transact(bank.db, [&](auto& tx) {
      ++runs;
      tx.lock(bank.accounts, 1, LockMode::exclusive, wait);
    });
  };
  BOOST_CHECK_THROW(locking(Wait::never()), LockUnavailable);
  BOOST_CHECK_THROW(locking(Wait::up_to(std::chrono::seconds{1})), LockTimeout);
  BOOST_TEST(runs == 2);
}

BOOST_AUTO_TEST_CASE(after_enough_lost_races_each_record_is_locked_before_it_is_read) {
  Bank bank;
  std::vector<bool> locked;
  const auto contended = [&](auto& tx) {
    static_cast<void>(tx.read(bank.accounts, 2));
    auto& account = tx.edit(bank.accounts, 1);
    locked.push_back(bank.locked(1) && bank.locked(2));
    if (!locked.back()) bank.deposit(2, 1);
    account.balance += 1000;
  };
  transact(bank.db, contended, {.attempts = 20, .escalate_after = 3, .base = {}});
  BOOST_TEST(locked == (std::vector<bool>{false, false, false, true}), boost::test_tools::per_element());
  BOOST_TEST(bank.balance(1) == 1100);
}

BOOST_AUTO_TEST_CASE(a_read_only_scope_refuses_every_write_and_lock) {
  Bank bank;
  auto value = load(bank.accounts, 1);
  const auto total = read_only(bank.db, [&](auto& tx) {
    BOOST_CHECK_THROW(static_cast<void>(tx.edit(bank.accounts, 1)), ReadOnly);
    BOOST_CHECK_THROW(tx.touch(bank.accounts, 1), ReadOnly);
    BOOST_CHECK_THROW(tx.insert(bank.accounts, 9, {"eve", 5}), ReadOnly);
    BOOST_CHECK_THROW(tx.erase(bank.accounts, 1), ReadOnly);
    BOOST_CHECK_THROW(tx.save(bank.accounts, 1, value), ReadOnly);
    BOOST_CHECK_THROW(tx.lock(bank.accounts, 1), ReadOnly);
    BOOST_CHECK_THROW(tx.lock(bank.accounts, 1, LockMode::shared), ReadOnly);
    return tx.read(bank.accounts, 1).balance + tx.find(bank.accounts, 2)->balance;
  });
  BOOST_TEST(total == 200);
  BOOST_TEST(bank.version(1) == Version{0});
  try {
    read_only(bank.db, [&](auto& tx) { tx.erase(bank.accounts, 1); });
  } catch (const ReadOnly& error) {
    BOOST_TEST(error.what() == "accounts[1]: erase refused: the scope is read-only");
  }
}

BOOST_AUTO_TEST_CASE(the_storages_that_take_part_may_be_named) {
  Bank bank;
  const int result = transact(bank.accounts, bank.orders, [&](auto& tx) {
    tx.edit(bank.orders, 7).paid = true;
    return 3;
  });
  BOOST_TEST(result == 3);
  BOOST_TEST(load(bank.orders, 7)->paid);
  transact(bank.accounts, [&](auto& tx) { tx.edit(bank.accounts, 1).balance = 7; });
  BOOST_TEST(bank.balance(1) == 7);
}

BOOST_AUTO_TEST_CASE(a_transaction_returns_what_can_only_be_moved) {
  Bank bank;
  const auto result = transact(bank.db, [](auto&) { return std::make_unique<int>(3); });
  BOOST_TEST(*result == 3);
}

BOOST_AUTO_TEST_CASE(
    two_transactions_that_lock_in_opposite_orders_both_finish,
    *boost::unit_test::enable_if<test::locks_each_record && test::waits_through_the_runtime>()) {
  Bank<WatchedRuntime> bank;
  std::atomic<int> deadlocks = 0;
  const auto locking = [&](int first, int second, auto between) {
    auto both = [&, run = 0](auto& tx) mutable {
      tx.lock(bank.accounts, first);
      if (run++ == 0) between();
      tx.lock(bank.accounts, second);
      --tx.edit(bank.accounts, first).balance;
      ++tx.edit(bank.accounts, second).balance;
    };
    transact(bank.db, both, {.observer = [&](const Retrying& retrying) {
               deadlocks += dynamic_cast<const Deadlock*>(retrying.conflict) != nullptr;
             }});
  };
  std::jthread other;
  locking(1, 2, [&] {
    other = std::jthread{locking, 2, 1, [] {}};
    WatchedRuntime::until_waiting(1);  // it holds 2, and waits for 1
  });
  other.join();
  BOOST_TEST(deadlocks == 1);
  BOOST_TEST(bank.balance(1) == 100);
  BOOST_TEST(bank.balance(2) == 100);
  BOOST_TEST(bank.version(1) == Version{2});
}

BOOST_AUTO_TEST_CASE(readers_among_writing_threads_never_see_a_torn_state) {
  Bank bank;
  std::atomic<bool> done = false;
  std::jthread writer{[&] {
    for (int i = 0; i < 2 * test::many; ++i) {
      transact(bank.db, [&](auto& tx) {
        --tx.edit(bank.accounts, 1).balance;
        ++tx.edit(bank.accounts, 2).balance;
      });
    }
    done = true;
  }};
  bool torn = false;
  while (!done) {
    transact(bank.db, [&](auto& tx) {
      torn = torn || tx.read(bank.accounts, 1).balance + tx.read(bank.accounts, 2).balance != 200;
    });
  }
  BOOST_TEST(!torn);
}

BOOST_AUTO_TEST_SUITE_END()
