// Which memory orders a test needs, and which are stronger than it needs.
#pragma once

#include <lockstep/sim/explore.hpp>
#include <lockstep/sim/finding.hpp>

#include <atomic>
#include <compare>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lockstep::sim {

/// A memory order that the code names: of an operation at a line.
struct NamedOrder {
  SourceLine source = {};  ///< where the operation is called
  unsigned column = 0;     ///< likewise
  std::string operation =
      {};  ///< "load", "fetch_add", "fence"; "compare_exchange that fails" is one of its own
  std::memory_order order = std::memory_order_seq_cst;  ///< what the code names

  friend auto operator<=>(const NamedOrder&, const NamedOrder&) = default;
};

/// Another order in place of one that the code names.
struct TriedOrder {
  NamedOrder named = {};                                ///< where
  std::memory_order order = std::memory_order_relaxed;  ///< what was tried in its place
  Result result = {};                                   ///< what exploration says then

  /// True if something is found with it, so the code needs a stronger one.
  [[nodiscard]] bool fails() const noexcept { return result.finding.has_value(); }
};

/// What an audit has found out.
struct Audit {
  Result result = {};                   ///< of the test as it is; if something is found, nothing was tried
  std::vector<NamedOrder> orders = {};  ///< all that executions came to
  std::vector<TriedOrder> tried = {};   ///< every weaker order of each, one at a time

  /// True if every weaker order of `named` fails, or it has none.
  [[nodiscard]] bool needs(const NamedOrder& named) const;
  /// For a person: what each operation needs, what is found with less, and for what it needs the timeline of
  /// the failing execution with the nearest weaker order. Its token replays in a test that names that order.
  [[nodiscard]] std::string report() const;
};

/// Explores `body` with every weaker order of each atomic operation in turn, under `options.model`, or RC11
/// if that is of interleavings. An operation is known by its line, column and name; what C++ gives no line
/// (`x = 1`, `++x`) stays as it is, and so does what no execution comes to. What is found is told for one
/// order at a time: two that are each stronger than needed may not both be weakened. Cost: an exploration for
/// each. Throws what `explore` throws.
[[nodiscard]] Audit audit(const std::function<void()>& body, Options options = {});

/// The order's name: "relaxed", "seq_cst", ...
[[nodiscard]] std::string_view to_string(std::memory_order order);

}  // namespace lockstep::sim
