// Decimal numbers as fields of records.
#pragma once

#include <lockstep/core/decimal.hpp>
#include <lockstep/sql/value.hpp>

#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>

namespace lockstep::sql {

/// Decimal numbers, as their text: exact in numeric columns of PostgreSQL and in text columns of SQLite.
/// SQLite's own decimal columns, which ActiveRecord makes, keep floating point: what has more than 15 digits
/// is refused there.
template <int Digits>
struct Codec<Decimal<Digits>> {
  using Number = Decimal<Digits>;                    ///< what the field holds
  static constexpr auto type = ColumnType::decimal;  ///< a number in base ten
  static constexpr int digits = Digits;              ///< after the point
  /// With all of its digits.
  static Value to_value(Number number) { return to_string(number); }
  /// Nothing unless it is a number with so many digits after the point at most. Floating point is taken as
  /// the nearest such number, if no more than a thousandth of a unit away.
  static std::optional<Number> from_value(const Value& value) {
    if (const auto* const text = std::get_if<std::string_view>(&value)) return Number::from_text(*text);
    if (const auto* const whole = std::get_if<std::int64_t>(&value)) {
      constexpr auto most = std::numeric_limits<std::int64_t>::max() / Number::one;
      if (*whole > most || *whole < -most) return std::nullopt;
      return Number::of_units(*whole * Number::one);
    }
    const auto* const real = std::get_if<double>(&value);
    constexpr double exact = 9007199254740992.0;  // 2^53
    if (!real) return std::nullopt;
    const double units = *real * static_cast<double>(Number::one);
    const double nearest = std::nearbyint(units);
    if (!(std::fabs(units) < exact) || std::fabs(units - nearest) > 0.001) return std::nullopt;
    return Number::of_units(static_cast<std::int64_t>(nearest));
  }
};

}  // namespace lockstep::sql
