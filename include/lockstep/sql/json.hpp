// JSON as a field of a record: its text, which nothing here looks into.
#pragma once

#include <lockstep/sql/value.hpp>

#include <array>
#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace lockstep::sql {

/// The text of a JSON value, which is the caller's to make and to parse. PostgreSQL checks it when it is
/// written. Two are equal if their texts are.
struct Json {
  std::string text = "null";  ///< one value, with nothing before and behind it
  friend bool operator==(const Json&, const Json&) = default;
};

/// JSON, as its text.
template <>
struct Codec<Json> {
  static constexpr auto type = ColumnType::json;  ///< text with a meaning
  /// A view of the text.
  static Value to_value(const Json& json) { return std::string_view{json.text}; }
  /// Nothing unless it is text, or a number, which a column of SQLite makes of a text that is one.
  static std::optional<Json> from_value(const Value& value) {
    if (const auto* const text = std::get_if<std::string_view>(&value)) return Json{std::string{*text}};
    if (const auto* const whole = std::get_if<std::int64_t>(&value)) return Json{std::to_string(*whole)};
    const auto* const real = std::get_if<double>(&value);
    if (!real) return std::nullopt;
    std::array<char, 32> digits{};
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), *real).ptr;
    return Json{std::string{digits.data(), end}};
  }
};

}  // namespace lockstep::sql
