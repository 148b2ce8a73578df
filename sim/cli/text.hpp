// Words and numbers as the program writes them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace lockstep::sim::cli {

/// 1234567 -> "1,234,567"
[[nodiscard]] std::string grouped(std::uint64_t number);

/// (1, "bug") -> "1 bug"; (1200, "bug") -> "1,200 bugs"
[[nodiscard]] std::string counted(std::uint64_t number, std::string_view noun);

/// What a user typed, safe to show: in quotes, without control characters, at most a line long.
[[nodiscard]] std::string quoted(std::string_view typed);

/// A word that a shell reads as exactly `word`: in quotes if it needs them.
[[nodiscard]] std::string shell_word(std::string_view word);

}  // namespace lockstep::sim::cli
