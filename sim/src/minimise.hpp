// Makes a failing interleaving easier to read: the same failure with fewer context switches.
#pragma once

#include <lockstep/sim/execution.hpp>

#include <cstdint>
#include <functional>
#include <vector>

namespace lockstep::sim {

/// Decisions that lead `body` into the same kind of failure, with the same message, as `decisions` do, with
/// no more context switches and, among those, no more steps. Moves stretches of one thread's steps next to
/// another of its stretches, as long as that helps: a local minimum. Costs at most some hundred executions.
/// The result is verified by running it. Failures of endless executions are returned as they are.
[[nodiscard]] std::vector<Decision> minimise(Execution& execution, const std::function<void()>& body,
                                             const std::vector<Decision>& decisions, std::uint64_t steps);

}  // namespace lockstep::sim
