#include <lockstep/core/version.hpp>

#include "support/print.hpp"

#include <boost/test/unit_test.hpp>

#include <concepts>
#include <cstdint>
#include <limits>

using lockstep::Version;

BOOST_AUTO_TEST_SUITE(version)

BOOST_AUTO_TEST_CASE(a_version_made_of_nothing_is_absent_and_no_number) {
  static_assert(std::regular<Version>);
  static_assert(Version{}.absent());
  BOOST_TEST(to_string(Version{}) == "absent");
  BOOST_TEST(Version{} != Version{0});
}

BOOST_AUTO_TEST_CASE(zero_is_a_version_like_others) {
  static_assert(!Version{0}.absent() && Version{0}.number() == 0);
  BOOST_TEST(to_string(Version{0}) == "0");
  BOOST_TEST(Version{0} != Version{1});
  BOOST_TEST(Version{7} == Version{7});
}

BOOST_AUTO_TEST_CASE(the_last_version_is_64_bits_wide) {
  static_assert(Version::last().number() == std::numeric_limits<std::uint64_t>::max() - 1);
  BOOST_TEST(to_string(Version::last()) == "18446744073709551614");
}

BOOST_AUTO_TEST_SUITE_END()
