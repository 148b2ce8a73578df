#include <lockstep/sql/value.hpp>

#include <boost/describe/class.hpp>
#include <boost/test/unit_test.hpp>

#include <cstdint>
#include <limits>
#include <set>
#include <string>
#include <vector>

using namespace lockstep;
using sql::Codec;
using sql::Value;

namespace {

enum class Colour : std::int8_t { red = -1, green = 7 };

/// A type of the user's own, as text.
struct Name {
  std::string first;
  std::string last;
  friend bool operator==(const Name&, const Name&) = default;
};

template <class T>
bool goes_and_comes(const T& value) {
  const auto stored = Codec<T>::to_value(value);
  const auto* const owned = std::get_if<std::string>(&stored);  // a database gives views
  const auto back = Codec<T>::from_value(owned ? Value{std::string_view{*owned}} : stored);
  return back.has_value() && *back == value;
}

std::string bytes_of(const std::vector<Value>& values) {
  std::string bytes;
  for (const auto& value : values) sql::detail::append_bytes(bytes, value);
  return bytes;
}

}  // namespace

template <>
struct lockstep::sql::Codec<Name> {
  static constexpr auto type = ColumnType::text;
  static Value to_value(const Name& name) { return joined(name.first, " ", name.last); }
  static std::optional<Name> from_value(const Value& value) {
    const auto* const text = std::get_if<std::string_view>(&value);
    const auto space = text ? text->find(' ') : std::string_view::npos;
    if (space == std::string_view::npos) return std::nullopt;
    return Name{std::string{text->substr(0, space)}, std::string{text->substr(space + 1)}};
  }
};

BOOST_AUTO_TEST_SUITE(value)

BOOST_AUTO_TEST_CASE(fields_go_and_come_as_they_were) {
  BOOST_TEST(goes_and_comes(true));
  BOOST_TEST(goes_and_comes(std::numeric_limits<std::int64_t>::min()));
  BOOST_TEST(goes_and_comes(std::uint8_t{255}));
  BOOST_TEST(goes_and_comes('x'));
  BOOST_TEST(goes_and_comes(0.1));
  BOOST_TEST(goes_and_comes(0.1F));
  BOOST_TEST(goes_and_comes(std::string{"a\0b", 3}));
  BOOST_TEST(goes_and_comes(sql::Blob{std::byte{0}, std::byte{9}}));
  BOOST_TEST(goes_and_comes(Colour::red));
  BOOST_TEST(goes_and_comes(std::optional{7}));
  BOOST_TEST(goes_and_comes(std::optional<std::string>{}));
  BOOST_TEST(goes_and_comes(Name{"ann", "lee"}));
  BOOST_TEST(goes_and_comes(std::optional{Name{"ann", "lee"}}));
}

BOOST_AUTO_TEST_CASE(what_does_not_fit_is_nothing) {
  BOOST_TEST(!Codec<bool>::from_value(std::int64_t{2}));
  BOOST_TEST(!Codec<std::int8_t>::from_value(std::int64_t{128}));
  BOOST_TEST(!Codec<std::uint64_t>::from_value(std::int64_t{-1}));
  BOOST_TEST(!Codec<int>::from_value(1.0));
  BOOST_TEST(!Codec<int>::from_value({}));
  BOOST_TEST(!Codec<double>::from_value(std::string_view{"1"}));
  BOOST_TEST(!Codec<std::string>::from_value(std::int64_t{1}));
  BOOST_TEST(!Codec<sql::Blob>::from_value(std::string_view{"1"}));
  BOOST_TEST(!Codec<Colour>::from_value(std::int64_t{128}));
  BOOST_TEST(!Codec<std::optional<int>>::from_value(std::string_view{"1"}));
  BOOST_TEST(!Codec<Name>::from_value(std::string_view{"ann"}));
  BOOST_CHECK_THROW(Codec<std::uint64_t>::to_value(std::uint64_t{1} << 63U), sql::Unstorable);
}

BOOST_AUTO_TEST_CASE(a_whole_number_is_read_as_floating_point) {
  BOOST_TEST((Codec<double>::from_value(std::int64_t{3}) == 3.0));
}

BOOST_AUTO_TEST_CASE(values_have_a_text_for_people) {
  BOOST_TEST(sql::shown_value({}) == "NULL");
  BOOST_TEST(sql::shown_value(std::int64_t{-7}) == "-7");
  BOOST_TEST(sql::shown_value(std::string_view{"it's"}) == "'it's'");
  const sql::Blob bytes(3);
  BOOST_TEST(sql::shown_value(std::span<const std::byte>{bytes}) == "a blob of 3 bytes");
}

BOOST_AUTO_TEST_CASE(different_values_have_different_bytes) {
  const sql::Blob one{std::byte{'1'}};
  const std::set<std::string> all{
      bytes_of({}),
      bytes_of({Value{}}),
      bytes_of({Value{}, Value{}}),
      bytes_of({std::int64_t{1}}),
      bytes_of({std::int64_t{-1}}),
      bytes_of({1.5}),
      bytes_of({std::string_view{"1"}}),
      bytes_of({std::span<const std::byte>{one}}),
      bytes_of({std::string_view{"ab"}, std::string_view{"c"}}),
      bytes_of({std::string_view{"a"}, std::string_view{"bc"}}),
  };
  BOOST_TEST(all.size() == 10U);
  BOOST_TEST(bytes_of({2.0}) == bytes_of({std::int64_t{2}}));  // a column may keep either
  BOOST_TEST(bytes_of({std::string{"ab"}}) == bytes_of({std::string_view{"ab"}}));
}

BOOST_AUTO_TEST_SUITE_END()
