// What a scenario expects, beside what was found.
//
// A verdict compares the two and nothing else. Whether the absence of a finding is a proof
// is another question, and `proven` answers it: only if the exploration was complete.
#pragma once

#include <lockstep/sim/scenario.hpp>

#include "allowed.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lockstep::sim::cli {

struct Outcome {
  Scenario scenario;
  std::string explorer;  ///< "exhaustive", ..., or "replay"
  Result result;
  Allowed allowed = {};  ///< what the user asked for, and a replay needs as well

  /// What was explored: interleavings, or the executions of a model of memory.
  [[nodiscard]] MemoryModel model() const { return allowed.model.value_or(scenario.options.model); }
};

/// "check", ..., or "none".
[[nodiscard]] std::string_view name_of(const std::optional<FindingKind>& kind);

[[nodiscard]] std::optional<FindingKind> found(const Outcome& outcome);
[[nodiscard]] bool as_expected(const Outcome& outcome);
[[nodiscard]] bool proven(const Outcome& outcome);
/// What a complete exploration went through: "every interleaving", "every fair interleaving",
/// "every execution under rc11", ... See Result::fair_only and Result::timely_only.
[[nodiscard]] std::string everything(const Outcome& outcome);

/// "ok" or "differs".
[[nodiscard]] std::string_view verdict(const Outcome& outcome);

/// The last line of a run: what the outcomes show, in words.
[[nodiscard]] std::string conclusion(const std::vector<Outcome>& outcomes);

}  // namespace lockstep::sim::cli
