// From what the user names to scenarios.
#pragma once

#include <lockstep/sim/scenario.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace lockstep::sim::cli {

/// What stands before the slash: "lost_update" of "lost_update/naive".
[[nodiscard]] std::string_view group_of(std::string_view name);

/// The scenarios with these names or in these groups, in the order named, each once.
/// Throws BadUsage with the nearest names if any is unknown.
[[nodiscard]] std::vector<Scenario> select(const std::vector<Scenario>& catalogue,
                                           const std::vector<std::string>& names);

/// The group to show a newcomer: one that has a bug and, beside it, what prevents it.
/// "lost_update" if it is such a group, or else the first; empty if there is none.
[[nodiscard]] std::string showcase(const std::vector<Scenario>& scenarios);

}  // namespace lockstep::sim::cli
