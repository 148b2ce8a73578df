// Durations as people type and read them.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace lockstep::sim::cli {

/// "10s", "500ms", "2m", "1h" (also "us" and "ns"); seconds if no unit is given.
/// Nothing if it is anything else, or too long for nanoseconds in 64 bits.
[[nodiscard]] std::optional<std::chrono::nanoseconds> parse_duration(std::string_view text);

/// With three digits at most: "40 us", "1.4 ms", "12 ms", "3.1 s", "2 min 5 s".
[[nodiscard]] std::string show_duration(std::chrono::nanoseconds duration);

}  // namespace lockstep::sim::cli
