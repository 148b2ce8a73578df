// Numbers with a fixed count of digits after the point: money, counted exactly.
#pragma once

#include <lockstep/core/error.hpp>

#include <compare>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

namespace lockstep {

/// The result of a calculation does not fit a Decimal.
class DecimalOverflow : public Error {
 public:
  DecimalOverflow() : Error{"a decimal number would have more than 63 bits"} {}
};

/// A number that has `Digits` digits after the point, exactly: a count of units, of which 10 to the power of
/// `Digits` are one. Nothing is ever rounded, and nothing wraps.
template <int Digits>
  requires(Digits >= 0 && Digits <= 18)
class Decimal {
 public:
  /// How many units are one.
  static constexpr std::int64_t one = [] {
    std::int64_t power = 1;
    for (int digit = 0; digit < Digits; ++digit) power *= 10;
    return power;
  }();

  /// Zero.
  constexpr Decimal() noexcept = default;
  /// So many units: Decimal<2>::of_units(1250) is 12.50.
  [[nodiscard]] static constexpr Decimal of_units(std::int64_t units) noexcept {
    Decimal number;
    number.units_ = units;
    return number;
  }
  /// The number of a text: "12.5", "-3", "+0.50". Nothing if it is none, does not fit, or has more digits
  /// after the point, other than zeros.
  [[nodiscard]] static constexpr std::optional<Decimal> from_text(std::string_view text) noexcept {
    const bool negative = text.starts_with('-');
    if (negative || text.starts_with('+')) text.remove_prefix(1);
    const auto point = text.find('.');
    const auto whole = text.substr(0, point);
    const auto part = point == std::string_view::npos ? std::string_view{} : text.substr(point + 1);
    if (whole.empty() || (point != std::string_view::npos && part.empty())) return std::nullopt;
    std::int64_t units = 0;  // negative: there is one more of these
    const auto append = [&](char c) {
      if (c < '0' || c > '9') return false;
      const int digit = c - '0';
      if (units < (std::numeric_limits<std::int64_t>::min() + digit) / 10) return false;
      units = units * 10 - digit;
      return true;
    };
    for (const char c : whole) {
      if (!append(c)) return std::nullopt;
    }
    constexpr std::size_t kept = Digits;
    for (std::size_t at = 0; at < kept; ++at) {
      if (!append(at < part.size() ? part[at] : '0')) return std::nullopt;
    }
    if (part.size() > kept && part.find_first_not_of('0', kept) != std::string_view::npos)
      return std::nullopt;
    if (!negative && units == std::numeric_limits<std::int64_t>::min()) return std::nullopt;
    return of_units(negative ? units : -units);
  }

  /// The count of units.
  [[nodiscard]] constexpr std::int64_t units() const noexcept { return units_; }

  friend constexpr bool operator==(Decimal, Decimal) noexcept = default;
  friend constexpr auto operator<=>(Decimal, Decimal) noexcept = default;

  /// The sum. Throws DecimalOverflow.
  constexpr Decimal& operator+=(Decimal other) {
    if (!fits(*this, other)) throw DecimalOverflow{};
    units_ += other.units_;
    return *this;
  }
  /// The difference. Throws DecimalOverflow.
  constexpr Decimal& operator-=(Decimal other) {
    constexpr auto least = std::numeric_limits<std::int64_t>::min();
    constexpr auto most = std::numeric_limits<std::int64_t>::max();
    if (other.units_ < 0 ? units_ > most + other.units_ : units_ < least + other.units_)
      throw DecimalOverflow{};
    units_ -= other.units_;
    return *this;
  }
  /// The sum. Throws DecimalOverflow.
  [[nodiscard]] friend constexpr Decimal operator+(Decimal a, Decimal b) { return a += b; }
  /// The difference. Throws DecimalOverflow.
  [[nodiscard]] friend constexpr Decimal operator-(Decimal a, Decimal b) { return a -= b; }
  /// True if the sum does not overflow.
  [[nodiscard]] friend constexpr bool fits(Decimal a, Decimal b) noexcept {
    constexpr auto least = std::numeric_limits<std::int64_t>::min();
    constexpr auto most = std::numeric_limits<std::int64_t>::max();
    return b.units_ < 0 ? a.units_ >= least - b.units_ : a.units_ <= most - b.units_;
  }

  /// With all of its digits: "12.50".
  [[nodiscard]] friend std::string to_string(Decimal number) {
    auto digits = std::to_string(number.units_);
    const std::size_t sign = number.units_ < 0 ? 1 : 0;
    constexpr std::size_t kept = Digits;
    if (digits.size() < sign + kept + 1) digits.insert(sign, sign + kept + 1 - digits.size(), '0');
    if (kept > 0) digits.insert(digits.size() - kept, 1, '.');
    return digits;
  }

 private:
  std::int64_t units_ = 0;
};

}  // namespace lockstep
