// For scenarios of atomics that are to behave as their memory orders say.
#pragma once

#include <lockstep/sim/explore.hpp>

namespace lockstep::sim::scenarios {

/// Explored as execution graphs under RC11.
inline const Options under_rc11{.model = MemoryModel::rc11};

}  // namespace lockstep::sim::scenarios
