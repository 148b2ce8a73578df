// Which memory orders a failure under a model of memory is owed to.
//
// The operations of the failing execution are strengthened, and the test is explored anew. If nothing is
// found with all of them seq_cst, as few as are needed stay so, none of which can be left out (Zeller and
// Hildebrandt, "Simplifying and Isolating Failure-Inducing Input", TSE 2002), and these are weakened again as
// far as that goes.
#pragma once

#include <lockstep/sim/explore.hpp>
#include <lockstep/sim/explorer.hpp>

#include <functional>
#include <vector>

namespace lockstep::sim {

/// Tells of `finding`, under a model of memory, what is `too_weak`: "with acquire for the relaxed load
/// (queue.cpp:31:20) nothing is found". Nothing if the test fails with seq_cst as well, or is too large to be
/// explored to its end so often. `failing` are the decisions of its execution. Cost: explorations of
/// some hundred thousand steps in all, at most.
void blame_orders(Finding& finding, const std::function<void()>& body, const Options& options,
                  const std::vector<Decision>& failing);

}  // namespace lockstep::sim
