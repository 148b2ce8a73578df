#include "duration.hpp"

#include <boost/test/unit_test.hpp>

#include <chrono>

namespace cli = lockstep::sim::cli;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(duration)

BOOST_AUTO_TEST_CASE(every_unit_is_understood) {
  BOOST_CHECK(cli::parse_duration("3h").value() == 3h);
  BOOST_CHECK(cli::parse_duration("2m").value() == 2min);
  BOOST_CHECK(cli::parse_duration("10s").value() == 10s);
  BOOST_CHECK(cli::parse_duration("500ms").value() == 500ms);
  BOOST_CHECK(cli::parse_duration("7us").value() == 7us);
  BOOST_CHECK(cli::parse_duration("1ns").value() == 1ns);
}

BOOST_AUTO_TEST_CASE(a_number_alone_is_seconds) {
  BOOST_CHECK(cli::parse_duration("10").value() == 10s);
  BOOST_CHECK(cli::parse_duration("0").value() == 0s);
}

BOOST_AUTO_TEST_CASE(anything_else_is_no_duration) {
  for (const auto* const text :
       {"", "s", "-1s", "+1s", "1.5s", "1 s", " 1s", "1s ", "1x", "1S", "1e3", "0x10", "ten"}) {
    BOOST_TEST(!cli::parse_duration(text), text);
  }
}

BOOST_AUTO_TEST_CASE(what_does_not_fit_into_nanoseconds_is_refused) {
  BOOST_CHECK(cli::parse_duration("9223372036s").value() == 9223372036s);
  for (const auto* const text :
       {"9223372037s", "2562048h", "99999999999999999999ns", "18446744073709551615"}) {
    BOOST_TEST(!cli::parse_duration(text), text);
  }
}

BOOST_AUTO_TEST_CASE(durations_are_shown_with_few_digits) {
  BOOST_TEST(cli::show_duration(0ns) == "0 us");
  BOOST_TEST(cli::show_duration(420us) == "420 us");
  BOOST_TEST(cli::show_duration(1420us) == "1.4 ms");
  BOOST_TEST(cli::show_duration(12ms) == "12 ms");
  BOOST_TEST(cli::show_duration(3140ms) == "3.1 s");
  BOOST_TEST(cli::show_duration(125s) == "2 min 5 s");
}

BOOST_AUTO_TEST_SUITE_END()
