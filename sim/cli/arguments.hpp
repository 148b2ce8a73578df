// The values of options: what is right, and what to say about what is wrong.
#pragma once

#include <lockstep/sim/explore.hpp>

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace lockstep::sim::cli {

/// Each throws BadUsage, naming `option` and what it takes.
[[nodiscard]] Strategy explorer_argument(const std::string& option, const std::string& text);
[[nodiscard]] MemoryModel model_argument(const std::string& option, const std::string& text);
[[nodiscard]] std::uint64_t number_argument(const std::string& option, const std::string& text,
                                            std::uint64_t least, std::uint64_t most = UINT64_MAX);
[[nodiscard]] std::chrono::nanoseconds time_argument(const std::string& option, const std::string& text);

/// The names of all explorers, in the order in which to offer them.
[[nodiscard]] std::vector<std::string> explorer_names();

}  // namespace lockstep::sim::cli
