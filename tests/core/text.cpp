#include <lockstep/core/text.hpp>

#include <boost/test/unit_test.hpp>

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>

using namespace lockstep;
using namespace std::string_literals;

namespace test {

enum class Colour : std::uint8_t { red, green };
enum class Named { yes };
[[maybe_unused]] std::string to_string(Named) { return "yes"; }

struct Street {
  std::string name;
  friend std::string to_string(const Street& street) { return street.name; }
};
struct Mute {};

}  // namespace test

BOOST_AUTO_TEST_SUITE(text)

BOOST_AUTO_TEST_CASE(strings_numbers_enumerations_and_types_with_a_text_have_one) {
  BOOST_TEST(text_of("abc"s) == "abc");
  BOOST_TEST(text_of(std::string_view{"abc"}) == "abc");
  BOOST_TEST(text_of(-7) == "-7");
  BOOST_TEST(text_of(std::uint64_t{18446744073709551615U}) == "18446744073709551615");
  BOOST_TEST(text_of(true) == "true");
  BOOST_TEST(text_of(test::Colour::green) == "1");
  BOOST_TEST(text_of(test::Named::yes) == "yes");
  BOOST_TEST(text_of(test::Street{"High St"}) == "High St");
}

BOOST_AUTO_TEST_CASE(tuples_of_texts_have_a_text) {
  BOOST_TEST(text_of(std::pair{1, "a"s}) == "(1,a)");
  BOOST_TEST(text_of(std::tuple{1, test::Colour::red, "b"s}) == "(1,0,b)");
  BOOST_TEST(text_of(std::array{1, 2}) == "(1,2)");
  BOOST_TEST(text_of(std::pair{std::pair{1, 2}, 3}) == "(\\(1\\,2\\),3)");
  static_assert(Textual<std::pair<int, std::string>> && !Textual<std::pair<int, test::Mute>>);
}

BOOST_AUTO_TEST_CASE(different_composite_keys_have_different_texts) {
  BOOST_TEST(text_of(std::pair{"a,b"s, "c"s}) != text_of(std::pair{"a"s, "b,c"s}));
  BOOST_TEST(text_of(std::pair{"a\\"s, "b"s}) != text_of(std::pair{"a"s, "\\b"s}));
  BOOST_TEST(text_of(std::pair{"a\\,b"s, ""s}) != text_of(std::pair{"a"s, "b,"s}));
}

BOOST_AUTO_TEST_CASE(what_has_no_text_is_shown_as_a_question_mark) {
  static_assert(!Textual<test::Mute> && !Textual<double>);
  BOOST_TEST(shown(test::Mute{}) == "?");
  BOOST_TEST(shown(7) == "7");
}

BOOST_AUTO_TEST_SUITE_END()
