#include <lockstep/core/fingerprint.hpp>

#include <boost/test/unit_test.hpp>

#include <cstdint>
#include <limits>
#include <set>
#include <string>

BOOST_AUTO_TEST_SUITE(fingerprint)

BOOST_AUTO_TEST_CASE(of_similar_bytes_differ_and_have_63_bits) {
  std::set<std::uint64_t> seen;
  for (int number = 0; number < 1000; ++number) {
    const auto print = lockstep::detail::fingerprint(std::to_string(number));
    BOOST_TEST(print <= static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()));
    seen.insert(print);
  }
  BOOST_TEST(seen.size() == 1000U);
}

BOOST_AUTO_TEST_SUITE_END()
