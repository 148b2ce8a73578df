// The catalogue: known concurrency bugs and guarantees, each a scenario that states
// its expected verdict. A file in sim/scenarios registers its own.
#pragma once

#include <lockstep/sim/explore.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lockstep::sim {

/// One entry of the catalogue.
struct Scenario {
  std::string name;     ///< "lost_update/naive": the bug, a slash, who commits or prevents it
  std::string summary;  ///< one sentence
  std::optional<FindingKind> expected = {};  ///< the finding that is right; none: proven free of any
  void (*body)() = nullptr;                  ///< runs once per execution
  Options options = {};                      ///< bounds that differ from the defaults
};

/// Every registered scenario, in the order of their names.
[[nodiscard]] std::vector<Scenario> catalogue();

/// Registers a scenario: `const sim::Registered lost_update{{.name = ..., .body = ...}};` at namespace scope.
class Registered {
 public:
  /// Adds it to the catalogue of the program.
  explicit Registered(Scenario scenario);
};

}  // namespace lockstep::sim
