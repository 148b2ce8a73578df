#include <lockstep/core/decimal.hpp>

#include <boost/test/unit_test.hpp>

#include <cstdint>
#include <limits>
#include <string_view>

using namespace lockstep;

namespace {

constexpr auto most = std::numeric_limits<std::int64_t>::max();
constexpr auto least = std::numeric_limits<std::int64_t>::min();
using Money = Decimal<2>;

}  // namespace

BOOST_AUTO_TEST_SUITE(decimal)

BOOST_AUTO_TEST_CASE(a_number_has_its_text_with_all_digits) {
  BOOST_TEST(to_string(Money::of_units(1250)) == "12.50");
  BOOST_TEST(to_string(Money::of_units(-5)) == "-0.05");
  BOOST_TEST(to_string(Money{}) == "0.00");
  BOOST_TEST(to_string(Money::of_units(least)) == "-92233720368547758.08");
  BOOST_TEST(to_string(Decimal<0>::of_units(-7)) == "-7");
  BOOST_TEST(to_string(Decimal<18>::of_units(1)) == "0.000000000000000001");
}

BOOST_AUTO_TEST_CASE(a_text_is_read_as_the_number_that_it_is) {
  static_assert(Money::from_text("12.5")->units() == 1250);
  for (const std::int64_t units : {most, least, std::int64_t{0}, std::int64_t{-1}, std::int64_t{99}}) {
    BOOST_TEST((Money::from_text(to_string(Money::of_units(units))) == Money::of_units(units)));
    BOOST_TEST(
        (Decimal<18>::from_text(to_string(Decimal<18>::of_units(units))) == Decimal<18>::of_units(units)));
  }
  BOOST_TEST((Money::from_text("+3") == Money::of_units(300)));
  BOOST_TEST((Money::from_text("-0") == Money{}));
  BOOST_TEST((Money::from_text("007.10000") == Money::of_units(710)));
}

BOOST_AUTO_TEST_CASE(what_is_no_number_or_would_be_rounded_or_wrap_is_nothing) {
  for (const std::string_view wrong :
       {"", "-", "+-1", ".5", "5.", "1.005", "1e2", "NaN", "1 ", "1,5", "0x1", "92233720368547758.08",
        "-92233720368547758.09", "92233720368547759", "99999999999999999999"}) {
    BOOST_TEST_CONTEXT(wrong) { BOOST_TEST(!Money::from_text(wrong)); }
  }
}

BOOST_AUTO_TEST_CASE(sums_and_differences_are_exact_or_throw) {
  BOOST_TEST((Money::of_units(10) + Money::of_units(20) == Money::of_units(30)));
  BOOST_TEST((Money::of_units(10) - Money::of_units(20) < Money{}));
  BOOST_TEST((Money::of_units(least) - Money::of_units(-1) == Money::of_units(-most)));
  BOOST_TEST((Money::of_units(-1) - Money::of_units(least) == Money::of_units(most)));
  BOOST_TEST((Money::of_units(most) + Money::of_units(least) == Money::of_units(-1)));
  BOOST_CHECK_THROW(static_cast<void>(Money::of_units(most) + Money::of_units(1)), DecimalOverflow);
  BOOST_CHECK_THROW(static_cast<void>(Money::of_units(least) + Money::of_units(-1)), DecimalOverflow);
  BOOST_CHECK_THROW(static_cast<void>(Money::of_units(least) - Money::of_units(1)), DecimalOverflow);
  BOOST_CHECK_THROW(static_cast<void>(Money{} - Money::of_units(least)), DecimalOverflow);
  BOOST_TEST(fits(Money::of_units(most - 1), Money::of_units(1)));
  BOOST_TEST(!fits(Money::of_units(most), Money::of_units(1)));
}

BOOST_AUTO_TEST_SUITE_END()
