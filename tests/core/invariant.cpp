#include <lockstep/core/invariant.hpp>

#include "support/records.hpp"

#include <boost/test/unit_test.hpp>

#include <string>

using namespace lockstep;
using test::Purse;

namespace {

/// The name of the invariant that `purse` breaks, or nothing.
std::string broken(const Purse& purse) {
  try {
    check_invariants(purse, [] { return Place{"purses", "1"}; });
  } catch (const ConstraintViolated& violated) {
    BOOST_TEST((violated.place() == Place{"purses", "1"}));
    return violated.constraint();
  }
  return "";
}

}  // namespace

BOOST_AUTO_TEST_SUITE(invariant)

BOOST_AUTO_TEST_CASE(the_first_broken_invariant_is_named) {
  BOOST_TEST(broken({"ann", 5}).empty());
  BOOST_TEST(broken({"ann", -1}) == "balance_not_negative");
  BOOST_TEST(broken({"", 5}) == "owner_named");
  BOOST_TEST(broken({"", -1}) == "balance_not_negative");
}

BOOST_AUTO_TEST_CASE(a_record_without_invariants_breaks_none_and_its_place_is_not_asked_for) {
  check_invariants(7, []() -> Place { throw 0; });
  check_invariants(Purse{"ann", 5}, []() -> Place { throw 0; });
}

BOOST_AUTO_TEST_SUITE_END()
