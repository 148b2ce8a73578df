// Sorting without <algorithm>, which would be a tenth of what including lockstep costs.
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

namespace lockstep::detail {

/// Puts pointers into the order of what they point to, by heap sort: n log n comparisons at most, no memory.
/// What is alike may change places. If `less` throws, the pointers stand in some order.
///
/// Source: Williams, "Algorithm 232: Heapsort", and Floyd, "Algorithm 245: Treesort 3", CACM 7, 1964.
template <class T, class Less>
constexpr void sort(std::vector<T*>& items, const Less& less) {
  const auto sink = [&](std::size_t at, std::size_t end) {
    for (std::size_t child = 2 * at + 1; child < end; child = 2 * at + 1) {
      if (child + 1 < end && less(*items[child], *items[child + 1])) ++child;
      if (!less(*items[at], *items[child])) return;
      std::swap(items[at], items[child]);
      at = child;
    }
  };
  for (std::size_t at = items.size() / 2; at-- != 0;) sink(at, items.size());
  for (std::size_t end = items.size(); end > 1;) {
    std::swap(items[0], items[--end]);
    sink(0, end);
  }
}

}  // namespace lockstep::detail
