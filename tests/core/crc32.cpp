#include <lockstep/core/crc32.hpp>

#include <boost/test/unit_test.hpp>

#include <string_view>

BOOST_AUTO_TEST_SUITE(crc32)

// The check value that the catalogue of parametrised CRC algorithms has for CRC-32/ISO-HDLC.
BOOST_AUTO_TEST_CASE(the_nine_digits_have_the_sum_that_everybody_gives_them) {
  static_assert(lockstep::detail::crc32("123456789") == 0xcbf43926U);
  BOOST_TEST(lockstep::detail::crc32("") == 0U);
  using std::string_view_literals::operator""sv;
  BOOST_TEST(lockstep::detail::crc32("\0"sv) == 0xd202ef8dU);
  BOOST_TEST(lockstep::detail::crc32("nightly report \xc3\xa4") !=
             lockstep::detail::crc32("nightly report a"));
}

BOOST_AUTO_TEST_SUITE_END()
