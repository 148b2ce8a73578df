#include "nearest.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

namespace lockstep::sim::cli {

namespace {

char small(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool same(char a, char b) { return small(a) == small(b); }

/// How far away a candidate may be: half of the longer text.
std::size_t tolerance(std::string_view name, std::string_view candidate) {
  return std::max(name.size(), candidate.size()) / 2;
}

/// Whether the lengths alone rule a candidate out; keeps absurdly long names cheap.
bool too_different(std::string_view name, std::string_view candidate) {
  const auto [shorter, longer] = std::minmax({name.size(), candidate.size()});
  return longer - shorter > tolerance(name, candidate);
}

}  // namespace

std::size_t edit_distance(std::string_view one, std::string_view other) {
  using Row = std::vector<std::size_t>;
  Row before_previous(other.size() + 1);
  Row previous(other.size() + 1);
  Row row(other.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= one.size(); ++i) {
    before_previous.swap(previous);
    previous.swap(row);
    row[0] = i;
    for (std::size_t j = 1; j <= other.size(); ++j) {
      const std::size_t replaced = previous[j - 1] + (same(one[i - 1], other[j - 1]) ? 0 : 1);
      row[j] = std::min({replaced, previous[j] + 1, row[j - 1] + 1});
      const bool swapped = i > 1 && j > 1 && same(one[i - 1], other[j - 2]) && same(one[i - 2], other[j - 1]);
      if (swapped) row[j] = std::min(row[j], before_previous[j - 2] + 1);
    }
  }
  return row.back();
}

std::optional<std::string> nearest(std::string_view name, const std::vector<std::string>& candidates) {
  const std::string* best = nullptr;
  std::size_t least = 0;
  for (const auto& candidate : candidates) {
    if (too_different(name, candidate)) continue;
    const auto distance = edit_distance(name, candidate);
    if (distance > tolerance(name, candidate) || (best && distance >= least)) continue;
    best = &candidate;
    least = distance;
  }
  return best ? std::optional{*best} : std::nullopt;
}

std::string suggestion(std::string_view name, const std::vector<std::string>& candidates) {
  const auto found = nearest(name, candidates);
  return found ? fmt::format("; did you mean '{}'?", *found) : "";
}

}  // namespace lockstep::sim::cli
