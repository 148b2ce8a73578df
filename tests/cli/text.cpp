#include "text.hpp"

#include <boost/test/unit_test.hpp>

#include <cstdint>
#include <limits>
#include <string>

namespace cli = lockstep::sim::cli;

BOOST_AUTO_TEST_SUITE(text)

BOOST_AUTO_TEST_CASE(numbers_are_grouped_by_thousands) {
  BOOST_TEST(cli::grouped(0) == "0");
  BOOST_TEST(cli::grouped(999) == "999");
  BOOST_TEST(cli::grouped(1000) == "1,000");
  BOOST_TEST(cli::grouped(std::numeric_limits<std::uint64_t>::max()) == "18,446,744,073,709,551,615");
}

BOOST_AUTO_TEST_CASE(nouns_agree_with_their_number) {
  BOOST_TEST(cli::counted(1, "bug") == "1 bug");
  BOOST_TEST(cli::counted(0, "bug") == "0 bugs");
  BOOST_TEST(cli::counted(1200, "bug") == "1,200 bugs");
}

BOOST_AUTO_TEST_CASE(what_was_typed_is_shown_short_and_without_control_characters) {
  BOOST_TEST(cli::shown("as it is") == "as it is");
  BOOST_TEST(cli::in_quotes("a\x1b[31m\n") == "'a?[31m?'");
  BOOST_TEST(cli::in_quotes(std::string(100'000, 'x')).size() == 125);
}

BOOST_AUTO_TEST_CASE(a_shell_reads_a_shell_word_as_it_was) {
  BOOST_TEST(cli::shell_word("./lockstep-sim") == "./lockstep-sim");
  BOOST_TEST(cli::shell_word("") == "''");
  BOOST_TEST(cli::shell_word("my tools/sim") == "'my tools/sim'");
  BOOST_TEST(cli::shell_word("it's") == "'it'\\''s'");
  BOOST_TEST(cli::shell_word("$(rm)") == "'$(rm)'");
}

BOOST_AUTO_TEST_SUITE_END()
