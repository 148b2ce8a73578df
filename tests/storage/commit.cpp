#include <lockstep/storage/commit.hpp>

#include "support/print.hpp"

#include <boost/test/unit_test.hpp>

#include <memory>
#include <string>
#include <type_traits>
#include <utility>

using namespace lockstep;
using Numbers = Conflict<int, int>;
using Words = Conflict<std::string, std::string>;

namespace {

Commit two_stale() {
  return Commit{
      {std::make_shared<const Numbers>(Action::update, "numbers", 7, Version{3}, Version{4},
                                       Versioned{5, Version{4}}),
       std::make_shared<const Words>(Action::erase, "words", "a", Version{1}, Version{}, std::nullopt)}};
}

std::string told(Action action, Version expected, Version actual) {
  return to_string(Numbers{action, "numbers", 7, expected, actual, std::nullopt});
}

}  // namespace

BOOST_AUTO_TEST_SUITE(commit)

BOOST_AUTO_TEST_CASE(a_commit_without_stale_members_has_landed) {
  BOOST_TEST(static_cast<bool>(Commit{}));
  BOOST_TEST(Commit{}.stale().empty());
  BOOST_TEST(!two_stale());
}

BOOST_AUTO_TEST_CASE(a_conflict_is_told_in_words) {
  BOOST_TEST(told(Action::update, Version{3}, Version{4}) ==
             "numbers[7]: update expected version 3, found 4");
  BOOST_TEST(told(Action::insert, {}, Version{4}) ==
             "numbers[7]: insert expected no record, found one at version 4");
  BOOST_TEST(told(Action::erase, Version{3}, {}) == "numbers[7]: erase expected version 3, found no record");
  BOOST_TEST(told(Action::validate, {}, Version{0}) ==
             "numbers[7]: validate expected no record, found one at version 0");
  BOOST_TEST(told(Action::update, {}, {}) == "numbers[7]: update expected a record, found none");
  BOOST_TEST(told(Action::erase, {}, {}) == "numbers[7]: erase expected a record, found none");
}

BOOST_AUTO_TEST_CASE(stale_members_are_found_by_their_type) {
  const auto commit = two_stale();
  BOOST_REQUIRE(commit.stale_as<Numbers>().size() == 1U);
  const auto& conflict = *commit.stale_as<Numbers>().front();
  BOOST_TEST(conflict.key() == 7);
  BOOST_TEST(conflict.expected() == Version{3});
  BOOST_TEST(conflict.actual() == Version{4});
  BOOST_TEST(conflict.current()->record == 5);
  BOOST_TEST(commit.stale_as<Words>().front()->place() == (Place{"words", "a"}));
  BOOST_TEST((commit.stale_as<Conflict<int, std::string>>().empty()));
}

BOOST_AUTO_TEST_CASE(an_error_of_a_stale_record_names_every_member_and_carries_them) {
  const StaleRecord stale{two_stale()};
  BOOST_TEST(stale.what() ==
             "stale: numbers[7]: update expected version 3, found 4; "
             "words[a]: erase expected version 1, found no record");
  BOOST_TEST(stale.commit().stale().size() == 2U);
  static_assert(std::is_base_of_v<Conflicted, StaleRecord>);
  static_assert(std::is_nothrow_copy_constructible_v<Conflicted>);
}

BOOST_AUTO_TEST_CASE(versions_without_a_text_are_shown_as_question_marks) {
  struct Stamp {
    int at = 0;
    bool operator==(const Stamp&) const = default;
  };
  const Conflict<int, int, Stamp> conflict{Action::update, "numbers", 7, {1}, {}, std::nullopt};
  BOOST_TEST(to_string(conflict) == "numbers[7]: update expected version ?, found no record");
}

BOOST_AUTO_TEST_SUITE_END()
