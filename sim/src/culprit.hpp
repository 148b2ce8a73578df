// Who came between whom: the write that a failed check is most often owed to.
//
// A thread reads, another writes, and the first writes by what it had read: a lost update if all three are of
// one object, a write skew if the last is of another. Berenson et al., "A Critique of ANSI SQL Isolation
// Levels", SIGMOD 1995 (P4, A5B).
#pragma once

#include <lockstep/sim/finding.hpp>

#include <string>

namespace lockstep::sim {

/// "t2 wrote balance (step 3) between the load (step 1) and the store (step 4) of t1", or nothing. Looks at
/// failed checks only. The last such write counts, and a lost update before a write skew. Cost: the steps,
/// squared.
[[nodiscard]] std::string culprit(const Finding& finding);

}  // namespace lockstep::sim
