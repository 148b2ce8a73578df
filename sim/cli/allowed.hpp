// What an execution may do besides running threads in some order, as the user asked for it. A token is
// replayed with the same.
#pragma once

#include <lockstep/sim/explore.hpp>

#include <fmt/format.h>

#include <optional>
#include <string>

namespace lockstep::sim::cli {

struct Allowed {
  std::optional<unsigned> spurious = {};
  std::optional<unsigned> timeouts = {};
  std::optional<MemoryModel> model = {};

  void override(Options& options) const {
    options.spurious = spurious.value_or(options.spurious);
    options.timeouts = timeouts.value_or(options.timeouts);
    options.model = model.value_or(options.model);
  }

  /// " --spurious 1", or nothing: for a command that replays.
  [[nodiscard]] std::string arguments() const {
    return (spurious ? fmt::format(" --spurious {}", *spurious) : std::string{}) +
           (timeouts ? fmt::format(" --timeouts {}", *timeouts) : std::string{}) +
           (model ? fmt::format(" --model {}", to_string(*model)) : std::string{});
  }
};

}  // namespace lockstep::sim::cli
