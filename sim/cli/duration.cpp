#include "duration.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cstdint>
#include <memory>
#include <system_error>

namespace lockstep::sim::cli {

using namespace std::chrono_literals;
using std::chrono::nanoseconds;

namespace {

struct Unit {
  std::string_view name;
  nanoseconds length;
};

constexpr std::array<Unit, 7> units{
    {{"", 1s}, {"s", 1s}, {"ms", 1ms}, {"us", 1us}, {"ns", 1ns}, {"m", 1min}, {"h", 1h}}};

std::optional<nanoseconds> length_of(std::string_view unit) {
  for (const auto& [name, length] : units)
    if (name == unit) return length;
  return std::nullopt;
}

double in(nanoseconds unit, nanoseconds duration) {
  return static_cast<double>(duration.count()) / static_cast<double>(unit.count());
}

}  // namespace

std::optional<nanoseconds> parse_duration(std::string_view text) {
  std::int64_t count = 0;
  const char* const end = std::to_address(text.end());
  const auto [rest, error] = std::from_chars(std::to_address(text.begin()), end, count);
  if (error != std::errc{} || count < 0) return std::nullopt;
  const auto unit = length_of({rest, static_cast<std::size_t>(end - rest)});
  if (!unit || count > nanoseconds::max() / *unit) return std::nullopt;
  return count * *unit;
}

std::string show_duration(nanoseconds duration) {
  if (duration < 1ms) return fmt::format("{:.0f} us", in(1us, duration));
  if (duration < 10ms) return fmt::format("{:.1f} ms", in(1ms, duration));
  if (duration < 1s) return fmt::format("{:.0f} ms", in(1ms, duration));
  if (duration < 1min) return fmt::format("{:.1f} s", in(1s, duration));
  return fmt::format("{} min {} s", duration / 1min, duration % 1min / 1s);
}

}  // namespace lockstep::sim::cli
