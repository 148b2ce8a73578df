#include "outcome.hpp"

#include "text.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace lockstep::sim::cli {

namespace {

struct Tally {
  std::uint64_t bugs = 0;
  std::uint64_t proofs = 0;
  std::uint64_t silent = 0;  ///< nothing found, as expected, but not proven
  std::uint64_t differing = 0;
};

Tally tally(const std::vector<Outcome>& outcomes) {
  Tally sum;
  for (const auto& outcome : outcomes) {
    ++(!as_expected(outcome)       ? sum.differing
       : outcome.scenario.expected ? sum.bugs
       : outcome.result.complete   ? sum.proofs
                                   : sum.silent);
  }
  return sum;
}

}  // namespace

std::string_view name_of(const std::optional<FindingKind>& kind) { return kind ? to_string(*kind) : "none"; }

std::optional<FindingKind> found(const Outcome& outcome) {
  const auto& finding = outcome.result.finding;
  return finding ? std::optional{finding->kind} : std::nullopt;
}

bool as_expected(const Outcome& outcome) { return found(outcome) == outcome.scenario.expected; }

bool proven(const Outcome& outcome) {
  return !outcome.scenario.expected && !outcome.result.finding && outcome.result.complete;
}

std::string_view which(bool fair_only, bool timely_only) {
  if (fair_only) return timely_only ? "fair and timely " : "fair ";
  return timely_only ? "timely " : "";
}

std::string_view verdict(const Outcome& outcome) { return as_expected(outcome) ? "ok" : "differs"; }

std::string conclusion(const std::vector<Outcome>& outcomes) {
  const auto [bugs, proofs, silent, differing] = tally(outcomes);
  std::vector<std::string> parts;
  if (differing) parts.push_back(fmt::format("{} not as expected", grouped(differing)));
  if (bugs) parts.push_back(fmt::format("{} found as expected", counted(bugs, "bug")));
  if (proofs) {
    const auto some = [&](bool Result::* only) {
      return std::ranges::any_of(
          outcomes, [&](const Outcome& outcome) { return proven(outcome) && outcome.result.*only; });
    };
    parts.push_back(fmt::format("{} proven free of {} over every {}interleaving", grouped(proofs),
                                bugs ? "any" : "bugs",
                                which(some(&Result::fair_only), some(&Result::timely_only))));
  }
  if (silent)
    parts.push_back(fmt::format("{} without a bug in what was explored (no proof)", grouped(silent)));
  return fmt::format("{}: {}", counted(outcomes.size(), "scenario"), fmt::join(parts, ", "));
}

}  // namespace lockstep::sim::cli
