// Lines of source text as reports show them.
#pragma once

#include <lockstep/core/caller.hpp>
#include <lockstep/sim/finding.hpp>
#include <lockstep/sim/source_location.hpp>

#include <optional>
#include <string_view>

namespace lockstep::sim {

/// The line of `where`, if it tells a reader something, else that of `caller`, if that does.
[[nodiscard]] std::optional<SourceLine> source_line(const source_location& where, const Caller& caller = {});

/// True of a file inside the standard library, from which std::lock calls a mutex, or inside lockstep, from
/// which a verb calls a storage.
[[nodiscard]] bool tells_nothing(std::string_view file);

}  // namespace lockstep::sim
