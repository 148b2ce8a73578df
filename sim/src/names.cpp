// The names of strategies and kinds of findings, as the command line spells them.
#include <lockstep/sim/explore.hpp>

#include <array>

namespace lockstep::sim {

namespace {

constexpr std::array strategies{"exhaustive", "random", "pct", "pos", "surw"};
constexpr std::array kinds{"check",       "exception",  "deadlock",  "lost_wakeup",    "livelock",
                           "leaked_lock", "bad_unlock", "data_race", "nondeterminism", "bound"};

template <class Enum, class Names>
std::optional<Enum> by_name(const Names& names, std::string_view name) {
  for (std::size_t i = 0; i != names.size(); ++i) {
    if (names[i] == name) return static_cast<Enum>(i);
  }
  return std::nullopt;
}

}  // namespace

std::string_view to_string(Strategy strategy) { return strategies.at(static_cast<std::size_t>(strategy)); }
std::optional<Strategy> strategy(std::string_view name) { return by_name<Strategy>(strategies, name); }

std::string_view to_string(FindingKind kind) { return kinds.at(static_cast<std::size_t>(kind)); }
std::optional<FindingKind> finding_kind(std::string_view name) { return by_name<FindingKind>(kinds, name); }

}  // namespace lockstep::sim
