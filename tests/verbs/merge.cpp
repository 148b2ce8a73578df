#include <lockstep/verbs/merge.hpp>
#include <lockstep/verbs/update.hpp>

#include "support/bank.hpp"

#include <boost/test/unit_test.hpp>

#include <limits>
#include <string>
#include <vector>

using namespace lockstep;
using test::Account;
using test::Bank;

namespace {

/// A draft of account 1 whose holder changed the balance to 7, while somebody else
/// changed what `theirs` does.
struct Conflicting {
  Bank<> bank;
  Draft<Account> draft = edit(load(bank.accounts, 1));

  template <class Theirs>
  explicit Conflicting(Theirs theirs) {
    draft->balance = 7;
    change(theirs);
  }
  template <class Theirs>
  void change(Theirs theirs) {
    auto value = load(bank.accounts, 1);
    theirs(*value);
    save(bank.accounts, 1, value).or_throw();
  }
};

const auto take_over = [](Account& account) { account.owner = "eve"; };
const auto pay_in = [](Account& account) { account.balance = 300; };

/// Somebody forgot two of three.
struct HalfDescribed {
  int shown = 0;
  int hidden = 0;
  double measured = 0;
  friend bool operator==(const HalfDescribed&, const HalfDescribed&) = default;
};
BOOST_DESCRIBE_STRUCT(HalfDescribed, (), (shown))

}  // namespace

BOOST_AUTO_TEST_SUITE(merge)

BOOST_AUTO_TEST_CASE(a_conflict_shows_what_was_loaded_attempted_and_stored_and_who_changed_which_field) {
  Conflicting conflicting{[](Account& account) {
    account.owner = "eve";
    account.balance = 300;
  }};
  const auto saved = save(conflicting.bank.accounts, 1, conflicting.draft);
  BOOST_REQUIRE(!saved);
  const auto seen = view(conflicting.draft, saved.conflict());
  BOOST_TEST(seen.base->balance == 100);
  BOOST_TEST(seen.base.version == Version{0});
  BOOST_TEST(seen.attempted.balance == 7);
  BOOST_TEST((*seen.current)->balance == 300);
  BOOST_TEST(seen.current->version == Version{1});
  const std::vector<FieldChange> expected{{"owner", false, true}, {"balance", true, true}};
  BOOST_TEST((seen.changes() == expected));
  BOOST_TEST(!expected[0].by_both());
  BOOST_TEST(seen.changes()[1].by_both());
}

BOOST_AUTO_TEST_CASE(of_an_erased_record_only_my_changes_are_shown) {
  Conflicting conflicting{take_over};
  erase(conflicting.bank.accounts, 1, Version{1}).or_throw();
  const auto saved = save(conflicting.bank.accounts, 1, conflicting.draft);
  const auto seen = view(conflicting.draft, saved.conflict());
  BOOST_TEST(!seen.current.has_value());
  BOOST_TEST((seen.changes() == std::vector<FieldChange>{{"balance", true, false}}));
}

BOOST_AUTO_TEST_CASE(a_save_without_a_conflict_asks_no_resolver) {
  Bank bank;
  auto draft = edit(load(bank.accounts, 1));
  draft->balance = 7;
  const auto unasked = [](const ConflictView<Account>&) -> std::optional<Account> { throw 0; };
  save(bank.accounts, 1, draft, unasked).or_throw();
  BOOST_TEST(bank.balance(1) == 7);
}

BOOST_AUTO_TEST_CASE(mine_wins_writes_my_record_as_a_whole) {
  Conflicting conflicting{take_over};
  auto& [bank, draft] = conflicting;
  BOOST_TEST(save(bank.accounts, 1, draft, mine_wins).version() == Version{2});
  BOOST_TEST((load(bank.accounts, 1).record == Account{"ann", 7}));
  BOOST_TEST(draft.version() == Version{2});
  BOOST_TEST(!draft.dirty());
}

BOOST_AUTO_TEST_CASE(theirs_wins_keeps_their_record_and_the_draft_starts_from_it) {
  Conflicting conflicting{take_over};
  auto& [bank, draft] = conflicting;
  BOOST_TEST(static_cast<bool>(save(bank.accounts, 1, draft, theirs_wins)));
  BOOST_TEST((load(bank.accounts, 1).record == Account{"eve", 100}));
  BOOST_TEST((*draft == Account{"eve", 100}));
  BOOST_TEST(!draft.dirty());
  draft->balance = 8;
  save(bank.accounts, 1, draft).or_throw();
}

BOOST_AUTO_TEST_CASE(changes_of_different_fields_are_merged) {
  Conflicting conflicting{take_over};
  auto& [bank, draft] = conflicting;
  save(bank.accounts, 1, draft, merge_disjoint).or_throw();
  BOOST_TEST((load(bank.accounts, 1).record == Account{"eve", 7}));
  BOOST_TEST((*draft == Account{"eve", 7}));
}

BOOST_AUTO_TEST_CASE(two_changes_of_one_field_are_not_merged) {
  Conflicting conflicting{pay_in};
  auto& [bank, draft] = conflicting;
  const auto saved = save(bank.accounts, 1, draft, merge_disjoint);
  BOOST_REQUIRE(!saved);
  BOOST_TEST(saved.conflict().actual() == Version{1});
  BOOST_TEST(bank.balance(1) == 300);
  BOOST_TEST(draft->balance == 7);  // still there, to be decided by a person
  BOOST_TEST(draft.version() == Version{0});
}

BOOST_AUTO_TEST_CASE(the_same_change_of_one_field_is_no_overlap) {
  Conflicting conflicting{[](Account& account) { account.balance = 7; }};
  auto& [bank, draft] = conflicting;
  draft->points = 1;
  save(bank.accounts, 1, draft, merge_disjoint).or_throw();
  BOOST_TEST((load(bank.accounts, 1).record == Account{"ann", 7, 1}));
}

BOOST_AUTO_TEST_CASE(a_field_that_both_changed_is_decided_by_a_function_of_all_three_values) {
  Conflicting conflicting{pay_in};
  auto& [bank, draft] = conflicting;
  std::vector<std::string> asked;
  const auto add_up = [&](std::string_view field, const auto& base, const auto& mine, const auto& theirs) {
    asked.emplace_back(field);
    if constexpr (requires { mine + (theirs - base); }) {
      return mine + (theirs - base);
    } else {
      return mine;
    }
  };
  save(bank.accounts, 1, draft, merge_fields(add_up)).or_throw();
  BOOST_TEST(bank.balance(1) == 7 + 200);
  BOOST_TEST(asked == std::vector<std::string>{"balance"}, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_resolved_save_is_guarded_by_the_version_its_resolver_saw) {
  Conflicting conflicting{take_over};
  auto& [bank, draft] = conflicting;
  int asked = 0;
  const auto resolve = [&](const ConflictView<Account>& conflict) {
    if (asked++ == 0) conflicting.change([](Account& account) { account.points = 5; });
    return merge_disjoint(conflict);
  };
  save(bank.accounts, 1, draft, resolve).or_throw();
  BOOST_TEST(asked == 2);
  BOOST_TEST((load(bank.accounts, 1).record == Account{"eve", 7, 5}));
}

BOOST_AUTO_TEST_CASE(an_erased_record_is_not_brought_back_by_any_resolver) {
  const auto stays_erased = [](const auto& resolve) {
    Conflicting conflicting{take_over};
    auto& [bank, draft] = conflicting;
    erase(bank.accounts, 1, Version{1}).or_throw();
    const auto saved = save(bank.accounts, 1, draft, resolve);
    BOOST_TEST(!saved);
    BOOST_TEST(!find(bank.accounts, 1).has_value());
  };
  stays_erased(mine_wins);
  stays_erased(theirs_wins);
  stays_erased(merge_disjoint);
  stays_erased(merge_fields([](auto, const auto&, const auto& mine, const auto&) { return mine; }));
}

BOOST_AUTO_TEST_CASE(a_resolver_may_leave_the_conflict) {
  Conflicting conflicting{take_over};
  auto& [bank, draft] = conflicting;
  BOOST_TEST(
      !save(bank.accounts, 1, draft, [](const ConflictView<Account>&) { return std::optional<Account>{}; }));
  BOOST_TEST(bank.balance(1) == 100);
}

BOOST_AUTO_TEST_CASE(a_merged_record_keeps_the_invariants) {
  memory::Database db;
  memory::Table<int, test::Purse> purses{db};
  insert(purses, 1, {"ann", 5}).or_throw();
  auto draft = edit(load(purses, 1));
  draft->balance = 6;
  auto theirs = load(purses, 1);
  theirs->balance = 4;
  save(purses, 1, theirs).or_throw();
  const auto overdraw = [](const ConflictView<test::Purse>&) {
    return std::optional{test::Purse{"ann", -1}};
  };
  BOOST_CHECK_THROW(static_cast<void>(save(purses, 1, draft, overdraw)), ConstraintViolated);
  BOOST_TEST(load(purses, 1)->balance == 4);
}

BOOST_AUTO_TEST_CASE(a_change_of_an_undescribed_field_is_not_lost_by_a_merge) {
  memory::Database db;
  memory::Table<int, HalfDescribed> table{db};
  insert(table, 1, {1, 1, 0.0}).or_throw();
  auto draft = edit(load(table, 1));
  draft->hidden = 2;
  update(table, 1, [](HalfDescribed& theirs) { theirs.shown = 7; });
  BOOST_CHECK_THROW(static_cast<void>(save(table, 1, draft, merge_disjoint)), NotSupported);
  BOOST_TEST(load(table, 1)->hidden == 1);
  BOOST_TEST(load(table, 1)->shown == 7);
  save(table, 1, draft, mine_wins).or_throw();  // a whole record loses none of mine
  BOOST_TEST(load(table, 1)->hidden == 2);
}

BOOST_AUTO_TEST_CASE(a_change_of_described_fields_is_merged_beside_undescribed_ones) {
  memory::Database db;
  memory::Table<int, HalfDescribed> table{db};
  insert(table, 1, {1, 1, 0.0}).or_throw();
  auto draft = edit(load(table, 1));
  draft->shown = 5;
  update(table, 1, [](HalfDescribed& theirs) { theirs.hidden = 3; });
  save(table, 1, draft, merge_disjoint).or_throw();
  BOOST_TEST(load(table, 1)->shown == 5);
  BOOST_TEST(load(table, 1)->hidden == 3);
}

BOOST_AUTO_TEST_CASE(a_record_that_is_not_equal_to_itself_is_not_taken_for_changed) {
  memory::Database db;
  memory::Table<int, HalfDescribed> table{db};
  insert(table, 1, {1, 1, std::numeric_limits<double>::quiet_NaN()}).or_throw();
  auto draft = edit(load(table, 1));
  draft->shown = 5;
  update(table, 1, [](HalfDescribed& theirs) { theirs.hidden = 3; });
  save(table, 1, draft, merge_disjoint).or_throw();
  BOOST_TEST(load(table, 1)->hidden == 3);
}

BOOST_AUTO_TEST_SUITE_END()
