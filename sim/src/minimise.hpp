// Makes a failing interleaving easier to read: the same failure with fewer context switches.
#pragma once

#include <lockstep/sim/execution.hpp>

#include <cstdint>
#include <functional>
#include <vector>

namespace lockstep::sim {

/// Decisions that lead `body` into the same kind of failure, with the same message, as `decisions` do, with
/// as few context switches and, among those, as few faults and the like and then as few steps as were found;
/// verified by running them.
///
/// First gathers the steps of each thread in windows of the schedule, large ones first, and moves stretches
/// of a thread's steps next to another of its stretches, as long as that helps, for a good start. Then tries
/// all schedules with no switch, with one, with two, ..., up to as many as are left: if that ends, there is
/// no schedule with fewer. It gives up after 100,000 steps, a fraction of a second, which is enough for most
/// tests that can be explored completely. What is not deterministic is returned as it is.
[[nodiscard]] std::vector<Decision> minimise(Execution& execution, const std::function<void()>& body,
                                             const std::vector<Decision>& decisions, std::uint64_t steps);

}  // namespace lockstep::sim
