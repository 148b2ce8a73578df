#include <lockstep/sql/timestamp.hpp>

#include <boost/test/unit_test.hpp>

#include <array>
#include <chrono>
#include <string_view>

using namespace lockstep;
using namespace std::chrono_literals;
using sql::text_of_time;
using sql::time_from_text;
using sql::Timestamp;

namespace {

constexpr Timestamp moment{std::chrono::sys_days{2026y / 1 / 31} + 12h + 5min + 9s + 1234us};

}  // namespace

BOOST_AUTO_TEST_SUITE(timestamp)

BOOST_AUTO_TEST_CASE(moments_have_the_text_that_activerecord_writes) {
  BOOST_TEST(text_of_time(moment) == "2026-01-31 12:05:09.001234");
  BOOST_TEST(text_of_time(Timestamp{-1us}) == "1969-12-31 23:59:59.999999");
  BOOST_TEST(text_of_time(std::chrono::sys_days{1y / 1 / 1}) == "0001-01-01 00:00:00.000000");
}

BOOST_AUTO_TEST_CASE(what_databases_write_is_read_as_the_moment_that_it_is) {
  for (const std::string_view same : {"2026-01-31 12:05:09.001234", "2026-01-31T12:05:09.001234Z",
                                      "2026-01-31 12:05:09.001234000+00", "2026-01-31 13:35:09.001234+01:30",
                                      "2026-01-31 07:05:09.001234-05", "2026-01-31 11:05:09.001234-0100"}) {
    BOOST_TEST_CONTEXT(same) { BOOST_TEST((time_from_text(same) == moment)); }
  }
  BOOST_TEST((time_from_text("2024-02-29 23:59:59") == std::chrono::sys_days{2024y / 3 / 1} - 1s));
  BOOST_TEST((time_from_text("2024-02-29 00:00:00.5") == std::chrono::sys_days{2024y / 2 / 29} + 500ms));
}

BOOST_AUTO_TEST_CASE(what_is_no_moment_or_between_two_microseconds_is_nothing) {
  for (const std::string_view wrong :
       {"", "2026-01-31", "2026-02-29 00:00:00", "0000-01-01 00:00:00", "2026-13-01 00:00:00",
        "2026-01-01 24:00:00", "2026-01-01 00:60:00", "2026-01-01 00:00:60", "2026-01-01 00:00:00.",
        "2026-01-01 00:00:00.0000001", "2026-01-01 00:00:00 ", "2026-01-01 00:00:00+1",
        "2026-01-01 00:00:00+01:60", "2026-01-01 00:00:00Zx", "44-03-15 12:00:00 BC", "infinity",
        "10000-01-01 00:00:00", "now"}) {
    BOOST_TEST_CONTEXT(wrong) { BOOST_TEST(!time_from_text(wrong)); }
  }
}

BOOST_AUTO_TEST_CASE(every_day_of_four_centuries_goes_and_comes) {
  for (std::chrono::sys_days day = 1900y / 1 / 1; day < 2300y / 1 / 1; day += std::chrono::days{17}) {
    const Timestamp some = day + 86399s + 999999us;
    BOOST_REQUIRE((time_from_text(text_of_time(some)) == some));
  }
}

BOOST_AUTO_TEST_CASE(moments_beyond_four_digits_of_the_year_are_refused) {
  BOOST_TEST(text_of_time(std::chrono::sys_days{10000y / 1 / 1} - 1us) == "9999-12-31 23:59:59.999999");
  BOOST_CHECK_THROW(static_cast<void>(text_of_time(std::chrono::sys_days{10000y / 1 / 1})), sql::Unstorable);
  BOOST_CHECK_THROW(static_cast<void>(text_of_time(std::chrono::sys_days{0y / 12 / 31})), sql::Unstorable);
  BOOST_CHECK_THROW(static_cast<void>(text_of_time(Timestamp::max())), sql::Unstorable);
  BOOST_CHECK_THROW(static_cast<void>(text_of_time(Timestamp::min())), sql::Unstorable);
}

BOOST_AUTO_TEST_SUITE_END()
