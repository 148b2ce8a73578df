// Values that are not given: an exhaustive exploration tries each, others draw one.
#pragma once

#include <lockstep/sim/source_location.hpp>

#include <string_view>

namespace lockstep::sim {

/// A number below `count`: which one is a decision of the execution, in its token like all others. An
/// exhaustive exploration tries each of them; the others draw it, evenly. What fails is shown with the
/// smallest numbers it fails with, as far as they can be made smaller one at a time; so let 0 stand for the
/// simplest case.
///
/// It is a step that touches nothing, shown in the timeline under `name`, which must outlive it. From any
/// simulated thread, in a test whose size or options are drawn as a rule by its main one. Throws
/// std::invalid_argument unless `count` is from 1 to 255, and std::logic_error outside of an execution.
///
/// Source of the idea, for what is drawn: Groce, Zhang, Eide, Chen & Regehr, "Swarm Testing", ISSTA 2012:
/// tests that leave out some features, drawn anew for each, find more than tests that always have all.
[[nodiscard]] unsigned nondet(unsigned count, std::string_view name = "nondet",
                              source_location where = source_location::current());

/// True or false, likewise; false is the simpler case.
[[nodiscard]] inline bool nondet_bool(std::string_view name = "nondet",
                                      source_location where = source_location::current()) {
  return nondet(2, name, where) != 0;
}

}  // namespace lockstep::sim
