// What the user may have meant by a name that does not exist.
// Source: the edit distance with swaps is Damerau's, "A technique for computer detection and
// correction of spelling errors", CACM 7(3), 1964 (here without edits between swapped letters).
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lockstep::sim::cli {

/// How many letters have to be inserted, removed, replaced or swapped with their neighbour
/// to make one text of the other. Capitals count as small letters.
/// Cost: the product of the lengths.
[[nodiscard]] std::size_t edit_distance(std::string_view one, std::string_view other);

/// The candidate with the smallest distance to `name`, the first of several; nothing if more
/// than half of the letters would have to change.
[[nodiscard]] std::optional<std::string> nearest(std::string_view name,
                                                 const std::vector<std::string>& candidates);

/// "; did you mean 'lost_update/naive'?", or nothing.
[[nodiscard]] std::string suggestion(std::string_view name, const std::vector<std::string>& candidates);

}  // namespace lockstep::sim::cli
