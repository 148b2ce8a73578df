// Going through sets of threads.
#pragma once

#include <lockstep/sim/operation.hpp>

#include <bit>

namespace lockstep::sim {

/// Calls `visit(ordinal)` for each member, lower ones first.
template <class Visit>
void each(ThreadSet threads, Visit&& visit) {
  for (; threads != 0; threads &= threads - 1) visit(static_cast<unsigned>(std::countr_zero(threads)));
}

}  // namespace lockstep::sim
