#include <lockstep/core/error.hpp>

#include <boost/test/unit_test.hpp>

#include <string>
#include <type_traits>

using namespace lockstep;

BOOST_AUTO_TEST_SUITE(error)

BOOST_AUTO_TEST_CASE(everything_thrown_is_an_error_of_lockstep) {
  static_assert(std::is_base_of_v<std::runtime_error, Error>);
  static_assert(std::is_base_of_v<Error, RecordError> && std::is_base_of_v<Error, Conflicted> &&
                std::is_base_of_v<Error, NotSupported>);
  static_assert(std::is_base_of_v<RecordError, Missing> && std::is_base_of_v<RecordError, LockTimeout> &&
                std::is_base_of_v<RecordError, LockUnavailable> && std::is_base_of_v<RecordError, ReadOnly> &&
                std::is_base_of_v<RecordError, DirtyRecord> &&
                std::is_base_of_v<RecordError, ConstraintViolated> &&
                std::is_base_of_v<RecordError, VersionUnavailable>);
}

BOOST_AUTO_TEST_CASE(only_a_lost_race_is_of_the_category_that_is_retried) {
  static_assert(std::is_base_of_v<Conflicted, Deadlock> &&
                std::is_base_of_v<Conflicted, SerializationFailure>);
  static_assert(std::is_base_of_v<Error, ConnectionLost> && !std::is_base_of_v<Conflicted, ConnectionLost>);
  static_assert(std::is_base_of_v<Error, OutcomeUnknown> && !std::is_base_of_v<Conflicted, OutcomeUnknown>);
  static_assert(!std::is_base_of_v<Conflicted, RecordError> && !std::is_base_of_v<Conflicted, NotSupported>);
}

BOOST_AUTO_TEST_CASE(a_record_error_begins_with_its_place) {
  const Missing missing{{"accounts", "7"}};
  BOOST_TEST(missing.what() == "accounts[7]: no such record");
  BOOST_TEST((missing.place() == Place{"accounts", "7"}));
}

BOOST_AUTO_TEST_CASE(a_violated_constraint_is_named) {
  const ConstraintViolated violated{{"accounts", "7"}, "balance_not_negative"};
  BOOST_TEST(violated.constraint() == "balance_not_negative");
  BOOST_TEST(violated.what() == "accounts[7]: violates balance_not_negative");
}

BOOST_AUTO_TEST_CASE(dirty_fields_are_listed_and_unknown_ones_are_not_made_up) {
  const Place place{"accounts", "7"};
  BOOST_TEST(DirtyRecord(place, {}).what() == "accounts[7]: locking refused: unsaved changes");
  BOOST_TEST(DirtyRecord(place, {"a"}).what() == "accounts[7]: locking refused: unsaved changes in a");
  BOOST_TEST(DirtyRecord(place, {"a", "b"}).what() ==
             "accounts[7]: locking refused: unsaved changes in a, b");
}

BOOST_AUTO_TEST_CASE(a_deadlock_tells_its_cycle) {
  const Deadlock deadlock{{{3, {"accounts", "1"}}, {5, {"orders", "2"}}}};
  BOOST_TEST(deadlock.what() ==
             "deadlock: session 3 waits for accounts[1], held by "
             "session 5 waits for orders[2], held by session 3");
  BOOST_TEST(deadlock.cycle().size() == 2U);
}

BOOST_AUTO_TEST_CASE(an_unknown_outcome_names_what_may_have_been_written) {
  BOOST_TEST(OutcomeUnknown{{}}.what() == "the commit was sent, and whether it landed is unknown");
  const OutcomeUnknown unknown{{{"accounts", "1"}, {"orders", "2"}}};
  BOOST_TEST(unknown.what() ==
             "the commit was sent, and whether it landed is unknown: of accounts[1], orders[2]");
  BOOST_TEST(unknown.writes().size() == 2U);
}

BOOST_AUTO_TEST_SUITE_END()
