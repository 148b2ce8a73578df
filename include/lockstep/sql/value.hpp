// Values between fields and columns: what each type of field is stored as. A type of one's
// own takes part by a specialisation of `Codec`.
#pragma once

#include <lockstep/sql/error.hpp>

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace lockstep::sql {

/// Bytes, as a field of a record.
using Blob = std::vector<std::byte>;

/// What a column holds, or is to hold: NULL, an integer, a floating-point number, text, bytes. Views
/// are of the field on the way in, and of the database's own memory, until its next row, on the way out.
/// The last alternative owns its text, for codecs that make one.
using Value = std::variant<std::monostate, std::int64_t, double, std::string_view, std::span<const std::byte>,
                           std::string>;

/// What a column must be able to hold.
enum class ColumnType {
  integer,    ///< whole numbers of 64 bits
  real,       ///< floating point of 64 bits
  text,       ///< UTF-8
  blob,       ///< bytes
  timestamp,  ///< moments
  decimal,    ///< numbers in base ten
  uuid,       ///< 128 bits, by their text
  json,       ///< JSON, by its text
};

/// "integer", "real", "text", ...
[[nodiscard]] constexpr const char* to_string(ColumnType type) noexcept {
  switch (type) {
    case ColumnType::integer:
      return "integer";
    case ColumnType::real:
      return "real";
    case ColumnType::text:
      return "text";
    case ColumnType::blob:
      return "blob";
    case ColumnType::timestamp:
      return "timestamp";
    case ColumnType::decimal:
      return "decimal";
    case ColumnType::uuid:
      return "uuid";
    case ColumnType::json:
      return "json";
  }
  return "?";
}

/// How a field of type `T` is stored. Defined for bool, integers, enumerations (as their numbers),
/// floating point, std::string, `Blob`, `Timestamp`, `Decimal` (decimal.hpp), `Json` (json.hpp), Boost's
/// UUIDs (uuid.hpp), and std::optional of these, whose absence is NULL. Specialise it for a type of your own:
///
///     template <>
///     struct lockstep::sql::Codec<Colour> {
///       static constexpr auto type = ColumnType::text;
///       static Value to_value(const Colour& colour) { return colour.name(); }
///       static std::optional<Colour> from_value(const Value& value);  // nothing if it does not fit
///     };
template <class T>
struct Codec;

/// A type with a Codec: fields and keys are of such types.
template <class T>
concept Storable = requires(const T& value, const Value& stored) {
  { Codec<T>::type } -> std::convertible_to<ColumnType>;
  { Codec<T>::to_value(value) } -> std::convertible_to<Value>;
  { Codec<T>::from_value(stored) } -> std::same_as<std::optional<T>>;
};

/// How many digits after the point a column must keep for the values of `T`.
template <class T>
inline constexpr int digits_kept = 0;
template <class T>
  requires requires { Codec<T>::digits; }
inline constexpr int digits_kept<T> = Codec<T>::digits;  ///< a codec that has a part of a whole says so

/// Integers and bool, which is 0 or 1.
template <std::integral T>
struct Codec<T> {
  static constexpr auto type = ColumnType::integer;  ///< 64 bits with sign
  /// Throws Unstorable for an unsigned number that needs the 64th bit.
  static Value to_value(T number) {
    if (!std::in_range<std::int64_t>(+number)) {
      throw Unstorable{joined(std::to_string(number), " does not fit a column of 64 bits with sign")};
    }
    return static_cast<std::int64_t>(number);
  }
  /// Nothing unless it is an integer that `T` can hold.
  static std::optional<T> from_value(const Value& value) {
    const auto* const number = std::get_if<std::int64_t>(&value);
    if constexpr (std::same_as<T, bool>) {
      return number && (*number == 0 || *number == 1) ? std::optional{*number == 1} : std::nullopt;
    } else {
      const bool fits = number && *number >= static_cast<std::int64_t>(std::numeric_limits<T>::min()) &&
                        (*number < 0 || static_cast<std::uint64_t>(*number) <=
                                            static_cast<std::uint64_t>(std::numeric_limits<T>::max()));
      return fits ? std::optional{static_cast<T>(*number)} : std::nullopt;
    }
  }
};

/// Enumerations, as the numbers of their enumerators.
template <class T>
  requires std::is_enum_v<T>
struct Codec<T> {
  using Number = std::underlying_type_t<T>;          ///< what is stored
  static constexpr auto type = ColumnType::integer;  ///< as integers
  /// The enumerator's number.
  static Value to_value(T value) { return Codec<Number>::to_value(static_cast<Number>(value)); }
  /// Nothing unless the underlying type can hold it.
  static std::optional<T> from_value(const Value& value) {
    const auto number = Codec<Number>::from_value(value);
    return number ? std::optional{static_cast<T>(*number)} : std::nullopt;
  }
};

/// Floating point; a whole number is read as one, too.
template <std::floating_point T>
struct Codec<T> {
  static constexpr auto type = ColumnType::real;  ///< 64 bits
  /// As double.
  static Value to_value(T number) { return static_cast<double>(number); }
  /// Nothing unless it is a number.
  static std::optional<T> from_value(const Value& value) {
    if (const auto* const number = std::get_if<double>(&value)) return static_cast<T>(*number);
    if (const auto* const whole = std::get_if<std::int64_t>(&value)) return static_cast<T>(*whole);
    return std::nullopt;
  }
};

/// Text, whatever it contains.
template <>
struct Codec<std::string> {
  static constexpr auto type = ColumnType::text;  ///< UTF-8, as it is given
  /// A view of `text`.
  static Value to_value(const std::string& text) { return std::string_view{text}; }
  /// Nothing unless it is text.
  static std::optional<std::string> from_value(const Value& value) {
    const auto* const text = std::get_if<std::string_view>(&value);
    return text ? std::optional<std::string>{*text} : std::nullopt;
  }
};

/// Bytes.
template <>
struct Codec<Blob> {
  static constexpr auto type = ColumnType::blob;  ///< as they are
  /// A view of `bytes`.
  static Value to_value(const Blob& bytes) { return std::span<const std::byte>{bytes}; }
  /// Nothing unless it is bytes.
  static std::optional<Blob> from_value(const Value& value) {
    const auto* const bytes = std::get_if<std::span<const std::byte>>(&value);
    return bytes ? std::optional{Blob{bytes->begin(), bytes->end()}} : std::nullopt;
  }
};

/// What may be NULL.
template <Storable T>
struct Codec<std::optional<T>> {
  static constexpr auto type = Codec<T>::type;   ///< as without the option
  static constexpr bool nullable = true;         ///< what others are not
  static constexpr int digits = digits_kept<T>;  ///< as without the option
  /// NULL if there is none.
  static Value to_value(const std::optional<T>& value) {
    return value ? Value{Codec<T>::to_value(*value)} : Value{};
  }
  /// Nothing if what is there does not fit; an empty option for NULL.
  static std::optional<std::optional<T>> from_value(const Value& value) {
    std::optional<std::optional<T>> option;  // filled in place: g++ 12 warns of a copy of nothing
    if (std::holds_alternative<std::monostate>(value)) {
      option.emplace();
    } else if (auto held = Codec<T>::from_value(value)) {
      option.emplace(*std::move(held));
    }
    return option;
  }
};

/// A value for people: NULL, 7, 'text', a blob of 3 bytes.
[[nodiscard]] inline std::string shown_value(const Value& value) {
  struct Show {
    std::string operator()(std::monostate) const { return "NULL"; }
    std::string operator()(std::int64_t number) const { return std::to_string(number); }
    std::string operator()(double number) const { return std::to_string(number); }
    std::string operator()(std::string_view text) const { return joined("'", text, "'"); }
    std::string operator()(std::span<const std::byte> bytes) const {
      return joined("a blob of ", std::to_string(bytes.size()), bytes.size() == 1 ? " byte" : " bytes");
    }
    std::string operator()(const std::string& text) const { return (*this)(std::string_view{text}); }
  };
  return std::visit(Show{}, value);
}

namespace detail {

/// Appends `value` so that sequences of different values make different bytes.
inline void append_bytes(std::string& bytes, const Value& value) {
  const auto number = [&](char tag, std::uint64_t bits) {
    bytes += tag;
    for (int byte = 0; byte < 8; ++byte) bytes += static_cast<char>(bits >> (8 * byte) & 0xFFU);
  };
  struct Append {
    std::string& bytes;
    const decltype(number)& put;
    void operator()(std::monostate) const { bytes += 'n'; }
    void operator()(std::int64_t whole) const { put('i', static_cast<std::uint64_t>(whole)); }
    void operator()(double real) const {
      // A whole number is the same value however a column keeps it.
      constexpr double exact = 9007199254740992.0;  // 2^53
      if (real >= -exact && real <= exact && static_cast<double>(static_cast<std::int64_t>(real)) == real) {
        put('i', static_cast<std::uint64_t>(static_cast<std::int64_t>(real)));
      } else {
        std::uint64_t bits = 0;
        static_assert(sizeof(bits) == sizeof(real));
        std::copy_n(reinterpret_cast<const char*>(&real), sizeof(bits), reinterpret_cast<char*>(&bits));
        put('d', bits);
      }
    }
    void operator()(std::string_view text) const {
      put('t', text.size());
      bytes.append(text);
    }
    void operator()(const std::string& text) const { (*this)(std::string_view{text}); }
    void operator()(std::span<const std::byte> blob) const {
      put('b', blob.size());
      for (const auto byte : blob) bytes += static_cast<char>(byte);
    }
  };
  std::visit(Append{bytes, number}, value);
}

}  // namespace detail

}  // namespace lockstep::sql
