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

/// Text that comes from a user, safe to show: without control characters, and without its
/// middle if it is long.
[[nodiscard]] std::string shown(std::string_view text);

/// The same in quotes. (Not `quoted`: for a std::string the compiler would find that of <iomanip>.)
[[nodiscard]] std::string in_quotes(std::string_view text);

/// A word that a shell reads as exactly `word`: in quotes if it needs them.
[[nodiscard]] std::string shell_word(std::string_view word);

}  // namespace lockstep::sim::cli
