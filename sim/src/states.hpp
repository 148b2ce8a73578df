// What the steps of a finding show of its objects: what each holds and who has locked it, after every step;
// and which steps of other threads each step comes after.
#pragma once

#include <lockstep/sim/finding.hpp>

#include <cstddef>
#include <map>
#include <string>
#include <vector>

namespace lockstep::sim {

/// One object at one moment, as far as the steps have shown it.
struct ObjectState {
  std::string holds = {};             ///< its value, with the version of a record; empty: not seen yet
  std::vector<unsigned> owners = {};  ///< the threads that have locked it
  bool changed = false;               ///< by the latest step
};

/// By name.
using State = std::map<std::string, ObjectState>;

/// The state after each step. Read off the operations' names and outcomes.
[[nodiscard]] std::vector<State> states(const Finding& finding);

/// For each step the steps of other threads that happen before it, by index, without those that follow from
/// others: the ones that touched the same object, at least one of the two writing. Source of the clocks:
/// Mattern, "Virtual Time and Global States of Distributed Systems", 1989.
[[nodiscard]] std::vector<std::vector<std::size_t>> happens_after(const Finding& finding);

}  // namespace lockstep::sim
