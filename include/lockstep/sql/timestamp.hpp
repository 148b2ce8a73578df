// Moments as databases keep them, and their text: 2026-01-31 12:00:00.000000, in UTC, as ActiveRecord writes
// it.
#pragma once

#include <lockstep/sql/value.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace lockstep::sql {

/// A moment, in microseconds, of UTC: as a field of a record.
using Timestamp = std::chrono::sys_time<std::chrono::microseconds>;

/// The text of a moment, of 26 characters, which sorts as moments do: "2026-01-31 12:00:00.000000". Throws
/// Unstorable before the year 1 and after 9999.
[[nodiscard]] inline std::string text_of_time(Timestamp moment) {
  // First of all: the most distant moments have days that begin before what 64 bits hold.
  constexpr auto begin_of = [](int year) {
    return Timestamp{std::chrono::sys_days{std::chrono::year{year} / std::chrono::January / 1}};
  };
  if (moment < begin_of(1) || moment >= begin_of(10000)) {
    throw Unstorable{joined("a time ", moment < begin_of(1) ? "before the year 1" : "after the year 9999",
                            " cannot be stored")};
  }
  const auto day = std::chrono::floor<std::chrono::days>(moment);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss time{moment - day};
  std::string text;
  const auto put = [&](std::string_view before, std::int64_t number, std::size_t digits) {
    const auto all = std::to_string(number);
    text.append(before).append(digits - all.size(), '0').append(all);
  };
  put("", int{date.year()}, 4);
  put("-", unsigned{date.month()}, 2);
  put("-", unsigned{date.day()}, 2);
  put(" ", time.hours().count(), 2);
  put(":", time.minutes().count(), 2);
  put(":", time.seconds().count(), 2);
  put(".", time.subseconds().count(), 6);
  return text;
}

namespace detail {

/// Takes a text apart from its front.
class TextReader {
 public:
  explicit TextReader(std::string_view text) noexcept : left_{text} {}

  [[nodiscard]] bool done() const noexcept { return left_.empty(); }
  /// True if `any` of these characters came next: it is taken.
  bool take(std::string_view any) noexcept {
    const bool found = !left_.empty() && any.find(left_.front()) != std::string_view::npos;
    if (found) left_.remove_prefix(1);
    return found;
  }
  /// A number of exactly so many digits.
  std::optional<int> number(std::size_t digits) noexcept {
    if (left_.size() < digits) return std::nullopt;
    int value = 0;
    for (const char c : left_.substr(0, digits)) {
      if (c < '0' || c > '9') return std::nullopt;
      value = value * 10 + (c - '0');
    }
    left_.remove_prefix(digits);
    return value;
  }
  /// What is left of the longest run of digits.
  std::string_view digits() noexcept {
    const auto run = left_.substr(0, left_.find_first_not_of("0123456789"));
    left_.remove_prefix(run.size());
    return run;
  }

 private:
  std::string_view left_;
};

/// Seven digits and more are of less than a microsecond: nothing unless they are zeros.
[[nodiscard]] inline std::optional<std::chrono::microseconds> fraction(std::string_view digits) noexcept {
  std::int64_t micro = 0;
  for (std::size_t at = 0; at < 6; ++at) micro = micro * 10 + (at < digits.size() ? digits[at] - '0' : 0);
  const bool exact = digits.size() <= 6 || digits.find_first_not_of('0', 6) == std::string_view::npos;
  if (digits.empty() || !exact) return std::nullopt;
  return std::chrono::microseconds{micro};
}

/// "Z", "+00", "-03:30", or nothing at all, which is UTC.
[[nodiscard]] inline std::optional<std::chrono::minutes> offset(TextReader& text) noexcept {
  if (text.done() || (text.take("Z") && text.done())) return std::chrono::minutes{0};
  const bool west = text.take("-");
  if (!west && !text.take("+")) return std::nullopt;
  const auto hours = text.number(2);
  std::optional<int> minutes = 0;
  if (text.take(":") || !text.done()) minutes = text.number(2);
  if (!hours || !minutes || *minutes > 59 || !text.done()) return std::nullopt;
  const std::chrono::minutes ahead = std::chrono::hours{*hours} + std::chrono::minutes{*minutes};
  return west ? -ahead : ahead;
}

}  // namespace detail

/// The moment of such a text, as databases write it: with fewer digits of the second or none, with "T"
/// instead of the space, with an offset from UTC behind it. Nothing if it is no moment, or one between two
/// microseconds.
[[nodiscard]] inline std::optional<Timestamp> time_from_text(std::string_view text) noexcept {
  detail::TextReader reader{text};
  const auto year = reader.number(4);
  const bool first = reader.take("-");
  const auto month = reader.number(2);
  const bool second = reader.take("-");
  const auto day = reader.number(2);
  if (!year || !first || !month || !second || !day) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year{*year},
                                         std::chrono::month{static_cast<unsigned>(*month)},
                                         std::chrono::day{static_cast<unsigned>(*day)}};
  if (!date.ok() || *year == 0 || !reader.take(" T")) return std::nullopt;

  const auto hour = reader.number(2);
  const bool third = reader.take(":");
  const auto minute = reader.number(2);
  const bool fourth = reader.take(":");
  const auto of_minute = reader.number(2);
  if (!hour || !third || !minute || !fourth || !of_minute) return std::nullopt;
  if (*hour > 23 || *minute > 59 || *of_minute > 59) return std::nullopt;
  std::optional<std::chrono::microseconds> rest{std::chrono::microseconds{0}};
  if (reader.take(".")) rest = detail::fraction(reader.digits());
  const auto ahead = detail::offset(reader);
  if (!rest || !ahead) return std::nullopt;
  return std::chrono::sys_days{date} + std::chrono::hours{*hour} + std::chrono::minutes{*minute} +
         std::chrono::seconds{*of_minute} + *rest - *ahead;
}

/// Moments, as their text.
template <>
struct Codec<Timestamp> {
  static constexpr auto type = ColumnType::timestamp;  ///< with microseconds
  static constexpr int digits = 6;                     ///< of the second
  /// Throws Unstorable before the year 1 and after 9999.
  static Value to_value(Timestamp moment) { return text_of_time(moment); }
  /// Nothing unless it is the text of a moment.
  static std::optional<Timestamp> from_value(const Value& value) {
    const auto* const text = std::get_if<std::string_view>(&value);
    return text ? time_from_text(*text) : std::nullopt;
  }
};

namespace detail {

/// The present, as the runtime has it.
template <class R>
[[nodiscard]] Timestamp present_time() {
  return std::chrono::floor<std::chrono::microseconds>(R::system_clock::now());
}

/// The time of a commit: the same for all that it writes, and not asked for where nothing shows it.
class CommitTime {
 public:
  explicit CommitTime(Timestamp (*clock)()) : clock_{clock} {}
  CommitTime(const CommitTime&) = delete;
  CommitTime& operator=(const CommitTime&) = delete;

  [[nodiscard]] Timestamp moment() {
    if (!moment_) moment_ = clock_();
    return *moment_;
  }
  /// Its text, which stays as long as this does.
  [[nodiscard]] std::string_view text() {
    if (text_.empty()) text_ = text_of_time(moment());
    return text_;
  }

 private:
  Timestamp (*clock_)();
  std::optional<Timestamp> moment_;
  std::string text_;
};

}  // namespace detail

}  // namespace lockstep::sql
