#include "outcome.hpp"

#include "text.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <functional>

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

/// Which interleavings "every interleaving" means: nothing if it means all.
std::string_view which(bool fair_only, bool timely_only) {
  if (fair_only) return timely_only ? "fair and timely " : "fair ";
  return timely_only ? "timely " : "";
}

/// What all the proofs went through, in one phrase.
std::string everything(const std::vector<Outcome>& outcomes) {
  const auto some = [&](auto&& is_such) {
    return std::ranges::any_of(outcomes,
                               [&](const Outcome& outcome) { return proven(outcome) && is_such(outcome); });
  };
  const auto weak = [](const Outcome& outcome) { return outcome.model() != MemoryModel::interleavings; };
  const std::string interleavings = fmt::format(
      "every {}interleaving", which(some([](const Outcome& outcome) { return outcome.result.fair_only; }),
                                    some([](const Outcome& outcome) { return outcome.result.timely_only; })));
  if (!some(weak)) return interleavings;
  if (!some(std::not_fn(weak))) return "every execution under a model of memory";
  return interleavings + ", or execution under a model of memory";
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

std::string everything(const Outcome& outcome) {
  const auto& [scenario, explorer, result, allowed] = outcome;
  if (outcome.model() != MemoryModel::interleavings)
    return fmt::format("every execution under {}", to_string(outcome.model()));
  return fmt::format("every {}interleaving", which(result.fair_only, result.timely_only));
}

std::string_view verdict(const Outcome& outcome) { return as_expected(outcome) ? "ok" : "differs"; }

std::string conclusion(const std::vector<Outcome>& outcomes) {
  const auto [bugs, proofs, silent, differing] = tally(outcomes);
  std::vector<std::string> parts;
  if (differing) parts.push_back(fmt::format("{} not as expected", grouped(differing)));
  if (bugs) parts.push_back(fmt::format("{} found as expected", counted(bugs, "bug")));
  if (proofs)
    parts.push_back(fmt::format("{} proven free of {} over {}", grouped(proofs), bugs ? "any" : "bugs",
                                everything(outcomes)));
  if (silent)
    parts.push_back(fmt::format("{} without a bug in what was explored (no proof)", grouped(silent)));
  return fmt::format("{}: {}", counted(outcomes.size(), "scenario"), fmt::join(parts, ", "));
}

}  // namespace lockstep::sim::cli
