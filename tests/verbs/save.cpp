#include <lockstep/verbs/save.hpp>
#include <lockstep/verbs/update.hpp>

#include "support/bank.hpp"

#include <boost/test/unit_test.hpp>

#include <optional>
#include <type_traits>

using namespace lockstep;
using test::Account;
using test::Bank;

BOOST_AUTO_TEST_SUITE(save_verb)

BOOST_AUTO_TEST_CASE(loading_an_absent_record_is_an_error_that_names_it) {
  Bank bank;
  BOOST_TEST(!find(bank.accounts, 9).has_value());
  try {
    static_cast<void>(load(bank.accounts, 9));
    BOOST_ERROR("not thrown");
  } catch (const Missing& missing) {
    BOOST_TEST(missing.place().storage == "accounts");
    BOOST_TEST(missing.place().key == "9");
    BOOST_TEST(missing.what() == "accounts[9]: no such record");
  }
}

BOOST_AUTO_TEST_CASE(a_new_record_starts_at_version_zero) {
  Bank bank;
  const auto saved = insert(bank.accounts, 9, {"eve", 5});
  BOOST_TEST(static_cast<bool>(saved));
  BOOST_TEST(saved.version() == Version{0});
  BOOST_TEST(load(bank.accounts, 9).version == Version{0});
}

BOOST_AUTO_TEST_CASE(a_saved_change_is_stored_and_moves_the_version_here_and_there) {
  Bank bank;
  auto value = load(bank.accounts, 1);
  value->balance = 150;
  const auto saved = save(bank.accounts, 1, value);
  BOOST_TEST(static_cast<bool>(saved));
  BOOST_TEST(value.version == Version{1});
  BOOST_TEST(saved.version() == Version{1});
  BOOST_TEST((load(bank.accounts, 1) == value));
}

BOOST_AUTO_TEST_CASE(a_saved_value_can_be_saved_again) {
  Bank bank;
  auto value = load(bank.accounts, 1);
  for (int i = 1; i <= 3; ++i) {
    ++value->balance;
    save(bank.accounts, 1, value).or_throw();
  }
  BOOST_TEST(bank.balance(1) == 103);
  BOOST_TEST(bank.version(1) == Version{3});
}

BOOST_AUTO_TEST_CASE(two_loads_are_two_values_and_the_second_save_is_stale) {
  Bank bank;
  auto mine = load(bank.accounts, 1);
  auto yours = load(bank.accounts, 1);
  mine->balance += 10;
  yours->balance += 20;
  save(bank.accounts, 1, mine).or_throw();
  BOOST_TEST(!save(bank.accounts, 1, yours));
  BOOST_TEST(bank.balance(1) == 110);
}

BOOST_AUTO_TEST_CASE(a_stale_save_says_what_was_attempted_expected_and_found) {
  Bank bank;
  auto value = load(bank.accounts, 1);
  bank.deposit(1, 1);
  bank.deposit(1, 1);
  value->balance = 0;
  const auto saved = save(bank.accounts, 1, value);
  BOOST_REQUIRE(!saved);
  const auto& conflict = saved.conflict();
  BOOST_TEST(conflict.storage() == "accounts");
  BOOST_TEST(conflict.key() == 1);
  BOOST_TEST((conflict.action() == Action::update));
  BOOST_TEST(conflict.expected() == Version{0});
  BOOST_TEST(conflict.actual() == Version{2});
  BOOST_TEST(to_string(conflict) == "accounts[1]: update expected version 0, found 2");
}

BOOST_AUTO_TEST_CASE(a_stale_save_carries_the_present_record) {
  Bank bank;
  auto value = load(bank.accounts, 1);
  bank.deposit(1, 5);
  value->balance = 0;
  const auto saved = save(bank.accounts, 1, value);
  BOOST_REQUIRE(!saved);
  BOOST_REQUIRE(saved.conflict().current().has_value());
  BOOST_TEST((*saved.conflict().current() == load(bank.accounts, 1)));
}

BOOST_AUTO_TEST_CASE(a_stale_value_stays_as_it_was_and_is_stale_again) {
  Bank bank;
  auto value = load(bank.accounts, 1);
  bank.deposit(1, 5);
  value->balance = 0;
  const auto before = value;
  for (int attempt = 0; attempt < 2; ++attempt) {
    BOOST_TEST(!save(bank.accounts, 1, value));
    BOOST_TEST((value == before));
    BOOST_TEST(bank.balance(1) == 105);
  }
}

BOOST_AUTO_TEST_CASE(a_lost_save_throws_where_the_caller_asks_for_success) {
  Bank bank;
  auto value = load(bank.accounts, 1);
  bank.deposit(1, 5);
  value->balance = 0;
  const auto saved = save(bank.accounts, 1, value);
  BOOST_CHECK_THROW(saved.or_throw(), StaleRecord);
  BOOST_CHECK_THROW(static_cast<void>(saved.version()), StaleRecord);
  try {
    saved.or_throw();
  } catch (const StaleRecord& stale) {
    BOOST_TEST(stale.commit().stale().size() == 1U);
    BOOST_TEST(stale.what() == "stale: accounts[1]: update expected version 0, found 1");
  }
}

BOOST_AUTO_TEST_CASE(a_conflict_outlives_the_save_that_lost) {
  Bank bank;
  auto value = load(bank.accounts, 1);
  bank.deposit(1, 5);
  value->balance = 0;
  const auto conflict = save(bank.accounts, 1, value).conflict();
  static_assert(!std::is_reference_v<decltype(save(bank.accounts, 1, value).conflict())>);
  BOOST_TEST(conflict.actual() == Version{1});
}

BOOST_AUTO_TEST_CASE(erasing_removes_the_record) {
  Bank bank;
  const auto erased = erase(bank.accounts, 1, load(bank.accounts, 1));
  BOOST_TEST(static_cast<bool>(erased));
  BOOST_TEST(erased.version().absent());
  BOOST_TEST(!find(bank.accounts, 1).has_value());
}

BOOST_AUTO_TEST_CASE(a_stale_erase_removes_nothing) {
  Bank bank;
  const auto value = load(bank.accounts, 1);
  bank.deposit(1, 5);
  const auto erased = erase(bank.accounts, 1, value);
  BOOST_REQUIRE(!erased);
  BOOST_TEST((erased.conflict().action() == Action::erase));
  BOOST_TEST(erased.conflict().expected() == Version{0});
  BOOST_TEST(erased.conflict().actual() == Version{1});
  BOOST_TEST(bank.balance(1) == 105);
}

BOOST_AUTO_TEST_CASE(an_erased_record_is_not_reported_erased_twice) {
  Bank bank;
  const auto value = load(bank.accounts, 1);
  erase(bank.accounts, 1, value).or_throw();
  const auto again = erase(bank.accounts, 1, value);
  BOOST_REQUIRE(!again);
  BOOST_TEST(again.conflict().actual().absent());
  BOOST_TEST(to_string(again.conflict()) == "accounts[1]: erase expected version 0, found no record");
}

BOOST_AUTO_TEST_CASE(saving_a_record_erased_meanwhile_finds_it_absent) {
  Bank bank;
  auto value = load(bank.accounts, 1);
  erase(bank.accounts, 1, value.version).or_throw();
  value->balance = 0;
  const auto saved = save(bank.accounts, 1, value);
  BOOST_REQUIRE(!saved);
  BOOST_TEST(saved.conflict().actual().absent());
  BOOST_TEST(!saved.conflict().current().has_value());
  BOOST_TEST(!find(bank.accounts, 1).has_value());
  BOOST_CHECK_THROW(static_cast<void>(load(bank.accounts, 1)), Missing);
}

BOOST_AUTO_TEST_CASE(a_record_erased_and_inserted_again_is_another_one_for_holders_of_the_old,
                     *boost::unit_test::enable_if<test::remembers_erased>()) {
  Bank bank;
  auto old = load(bank.accounts, 1);
  erase(bank.accounts, 1, old.version).or_throw();
  insert(bank.accounts, 1, *old).or_throw();  // equal in all but its version
  BOOST_TEST(bank.version(1) == Version{2});  // the erase was a change, too
  old->balance = 0;
  BOOST_TEST(!save(bank.accounts, 1, old));
  BOOST_TEST(!erase(bank.accounts, 1, old));
  BOOST_TEST(bank.balance(1) == 100);
}

BOOST_AUTO_TEST_CASE(an_insert_over_a_record_is_a_conflict) {
  Bank bank;
  const auto saved = insert(bank.accounts, 1, {"eve", 5});
  BOOST_REQUIRE(!saved);
  BOOST_TEST((saved.conflict().action() == Action::insert));
  BOOST_TEST(to_string(saved.conflict()) == "accounts[1]: insert expected no record, found one at version 0");
  BOOST_TEST(load(bank.accounts, 1)->owner == "ann");
}

BOOST_AUTO_TEST_CASE(a_value_that_was_never_stored_is_inserted_by_saving_it) {
  Bank bank;
  Versioned value{Account{"eve", 5}};
  save(bank.accounts, 9, value).or_throw();
  BOOST_TEST(value.version == Version{0});
  value->balance = 6;
  save(bank.accounts, 9, value).or_throw();
  BOOST_TEST(bank.balance(9) == 6);
}

BOOST_AUTO_TEST_CASE(a_new_record_may_start_at_a_version_of_its_own) {
  Bank bank;
  BOOST_TEST(insert(bank.accounts, 9, {"eve", 5}, Version{42}).version() == Version{42});
  bank.deposit(9, 1);
  BOOST_TEST(bank.version(9) == Version{43});
}

BOOST_AUTO_TEST_CASE(a_version_that_was_used_before_cannot_be_chosen,
                     *boost::unit_test::enable_if<test::remembers_erased>()) {
  Bank bank;
  bank.deposit(1, 1);
  erase(bank.accounts, 1, load(bank.accounts, 1)).or_throw();  // the erase used version 2
  for (const std::uint64_t used : {0U, 1U, 2U}) {
    BOOST_CHECK_THROW(static_cast<void>(insert(bank.accounts, 1, {"eve", 5}, Version{used})),
                      VersionUnavailable);
    BOOST_TEST(!find(bank.accounts, 1).has_value());
  }
  BOOST_TEST(insert(bank.accounts, 1, {"eve", 5}, Version{3}).version() == Version{3});
}

BOOST_AUTO_TEST_CASE(a_counter_at_its_end_is_an_error_and_never_wraps,
                     *boost::unit_test::enable_if<test::counts_to_the_end>()) {
  Bank bank;
  insert(bank.accounts, 9, {"eve", 5}, Version::last()).or_throw();
  auto value = load(bank.accounts, 9);
  const auto before = value;
  value->balance = 6;
  BOOST_CHECK_THROW(static_cast<void>(save(bank.accounts, 9, value)), VersionUnavailable);
  BOOST_TEST(value.version == before.version);
  BOOST_TEST((load(bank.accounts, 9) == before));
  BOOST_CHECK_THROW(static_cast<void>(erase(bank.accounts, 9, before)), VersionUnavailable);
  BOOST_TEST((load(bank.accounts, 9) == before));
}

BOOST_AUTO_TEST_CASE(saving_what_has_not_changed_writes_nothing_and_succeeds,
                     *boost::unit_test::enable_if<test::looks_before_it_writes>()) {
  Bank bank;
  auto value = load(bank.accounts, 1);
  auto holder = load(bank.accounts, 1);
  BOOST_TEST(save(bank.accounts, 1, value).version() == Version{0});
  BOOST_TEST(value.version == Version{0});
  BOOST_TEST(bank.version(1) == Version{0});
  holder->balance = 7;
  BOOST_TEST(static_cast<bool>(save(bank.accounts, 1, holder)));  // nobody was made stale
}

BOOST_AUTO_TEST_CASE(an_unchanged_value_that_is_stale_is_still_a_conflict) {
  Bank bank;
  auto value = load(bank.accounts, 1);
  auto aba = value;
  bank.deposit(1, 5);
  bank.deposit(1, -5);  // equal again, at another version
  BOOST_TEST(!save(bank.accounts, 1, value));
  BOOST_TEST(!save(bank.accounts, 1, std::move(aba)));
}

BOOST_AUTO_TEST_CASE(a_draft_knows_whether_it_changed) {
  Bank bank;
  auto draft = edit(load(bank.accounts, 1));
  BOOST_TEST(!draft.dirty());
  BOOST_TEST(static_cast<bool>(save(bank.accounts, 1, draft)));
  BOOST_TEST(bank.version(1) == Version{0});

  draft->balance = 7;
  BOOST_TEST(draft.dirty());
  save(bank.accounts, 1, draft).or_throw();
  BOOST_TEST(!draft.dirty());
  BOOST_TEST(draft.version() == Version{1});
  BOOST_TEST(bank.balance(1) == 7);
}

BOOST_AUTO_TEST_CASE(a_clean_draft_is_saved_without_asking_the_storage) {
  Bank bank;
  auto draft = edit(load(bank.accounts, 1));
  bank.deposit(1, 5);
  BOOST_TEST(static_cast<bool>(save(bank.accounts, 1, draft)));
  BOOST_TEST(bank.balance(1) == 105);
}

BOOST_AUTO_TEST_CASE(a_draft_that_lost_keeps_its_changes) {
  Bank bank;
  auto draft = edit(load(bank.accounts, 1));
  draft->balance = 7;
  bank.deposit(1, 5);
  BOOST_TEST(!save(bank.accounts, 1, draft));
  BOOST_TEST(draft.dirty());
  BOOST_TEST(draft->balance == 7);
  BOOST_TEST(draft.version() == Version{0});
}

BOOST_AUTO_TEST_CASE(a_record_that_cannot_be_compared_is_always_written) {
  memory::Database db;
  memory::Table<int, test::Opaque> opaques{db};
  insert(opaques, 1, {5}).or_throw();
  auto value = load(opaques, 1);
  save(opaques, 1, value).or_throw();
  BOOST_TEST(value.version == Version{1});
}

BOOST_AUTO_TEST_CASE(a_broken_invariant_is_named_and_nothing_is_written) {
  memory::Database db;
  memory::Table<int, test::Purse> purses{db, "purses"};
  try {
    static_cast<void>(insert(purses, 1, {"ann", -1}));
    BOOST_ERROR("not thrown");
  } catch (const ConstraintViolated& violated) {
    BOOST_TEST(violated.constraint() == "balance_not_negative");
    BOOST_TEST(violated.place() == (Place{"purses", "1"}));
  }
  BOOST_TEST(!find(purses, 1).has_value());
  BOOST_CHECK_THROW(static_cast<void>(insert(purses, 1, {"ann", -1}, Version{4})), ConstraintViolated);

  insert(purses, 1, {"ann", 5}).or_throw();
  auto value = load(purses, 1);
  value->owner.clear();
  try {
    static_cast<void>(save(purses, 1, value));
    BOOST_ERROR("not thrown");
  } catch (const ConstraintViolated& violated) {
    BOOST_TEST(violated.constraint() == "owner_named");
  }
  BOOST_TEST(value.version == Version{0});
  BOOST_TEST(load(purses, 1)->owner == "ann");
}

BOOST_AUTO_TEST_SUITE_END()
