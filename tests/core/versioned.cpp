#include <lockstep/core/versioned.hpp>

#include "support/print.hpp"
#include "support/records.hpp"

#include <boost/test/unit_test.hpp>

#include <concepts>
#include <string>
#include <type_traits>
#include <utility>

using namespace lockstep;
using test::Account;

BOOST_AUTO_TEST_SUITE(versioned)

BOOST_AUTO_TEST_CASE(a_versioned_record_is_a_plain_value) {
  static_assert(std::regular<Versioned<Account>>);
  static_assert(std::is_aggregate_v<Versioned<Account>>);
  Versioned value{Account{"ann", 1}, Version{3}};
  auto copy = value;
  copy->balance = 2;
  BOOST_TEST(value->balance == 1);
  BOOST_TEST((*value).owner == "ann");
  BOOST_TEST((std::as_const(value)->balance == 1 && (*std::as_const(value)).balance == 1));
  BOOST_TEST((value != copy));
}

BOOST_AUTO_TEST_CASE(equal_records_at_different_versions_differ) {
  BOOST_TEST((Versioned{1, Version{1}} != Versioned{1, Version{2}}));
}

BOOST_AUTO_TEST_CASE(a_record_that_was_never_stored_is_absent) { BOOST_TEST(Versioned{5}.version.absent()); }

BOOST_AUTO_TEST_CASE(versions_may_be_of_any_type) {
  const Versioned value{5, std::string{"etag"}};
  static_assert(std::same_as<decltype(value.version), std::string>);
  auto draft = edit(value);
  *draft = 6;
  BOOST_TEST(draft.version() == "etag");
}

BOOST_AUTO_TEST_CASE(a_draft_keeps_what_was_loaded_beside_what_is_changed) {
  auto draft = edit(Versioned{Account{"ann", 1}, Version{3}});
  BOOST_TEST(!draft.dirty());
  draft->balance = 2;
  BOOST_TEST(draft.dirty());
  BOOST_TEST(draft.base()->balance == 1);
  BOOST_TEST(draft.version() == Version{3});
  draft->balance = 1;
  BOOST_TEST(!draft.dirty());
}

BOOST_AUTO_TEST_CASE(a_draft_starts_anew_from_what_is_stored) {
  auto draft = edit(Versioned{Account{"ann", 1}, Version{3}});
  draft->balance = 2;
  draft.rebase({Account{"bob", 5}, Version{4}});
  BOOST_TEST(!draft.dirty());
  BOOST_TEST(draft->owner == "bob");
  BOOST_TEST(draft.version() == Version{4});
}

BOOST_AUTO_TEST_SUITE_END()
