// Lines of source text as reports show them.
#pragma once

#include <lockstep/sim/finding.hpp>
#include <lockstep/sim/source_location.hpp>

#include <optional>

namespace lockstep::sim {

/// The line of `where`, if it tells a reader something: not one inside the standard library, from which
/// std::lock_guard calls a mutex, nor one inside lockstep, from which a verb calls a storage.
[[nodiscard]] std::optional<SourceLine> source_line(const source_location& where);

}  // namespace lockstep::sim
