#include "culprit.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <string_view>

namespace lockstep::sim {

namespace {

constexpr std::size_t longest = 1'000;  // steps; in a longer finding nobody looks for three of them

/// Synchronises or is recorded for a checker, and neither reads nor writes what the test is about.
bool synchronises(const Step& step) {
  constexpr std::array<std::string_view, 16> names{
      "lock",   "try_lock",    "unlock",     "wait",  "wake",  "notify",   "acquire", "release",
      "arrive", "try_acquire", "count_down", "yield", "sleep", "rollback", "call",    "return"};
  return std::ranges::any_of(names, [&](std::string_view name) { return step.operation.starts_with(name); });
}

/// Reads and writes in one step, so that nothing comes between.
bool at_once(const Step& step) {
  constexpr std::array<std::string_view, 4> names{"fetch_", "exchange", "compare_exchange", "change"};
  return std::ranges::any_of(names, [&](std::string_view name) { return step.operation.starts_with(name); });
}

bool lost(const Step& step) {
  return step.outcome.starts_with("-> stale") || step.outcome.starts_with("fault: ") ||
         step.outcome == "blocks" || step.outcome == "connection lost";
}

bool touches(const Step& step, std::string_view object, bool write) {
  const auto same = [&](const Touched& touched) {
    return touched.object == object && touched.write == write;
  };
  return !synchronises(step) && std::ranges::any_of(step.touched, same);
}
bool reads(const Step& step, std::string_view object) {
  return touches(step, object, false) || (at_once(step) && touches(step, object, true));
}
bool writes(const Step& step, std::string_view object) { return touches(step, object, true) && !lost(step); }

/// What `step` writes blindly: by what was read before, if it was.
std::optional<std::string_view> written(const Step& step, std::string_view rather) {
  if (synchronises(step) || at_once(step) || lost(step)) return std::nullopt;
  std::optional<std::string_view> found;
  for (const Touched& touched : step.touched) {
    const bool lock =
        touched.object.ends_with("lock") || touched.object == "locks" || touched.object == "connections";
    if (touched.write && !lock && (!found || touched.object == rather)) found = touched.object;
  }
  return found;
}

class Search {
 public:
  explicit Search(const Finding& finding) : finding_{&finding}, steps_{&finding.steps} {}

  /// The last write of another thread between a read and the write that follows from it.
  [[nodiscard]] std::string run(bool of_one_object) const {
    for (std::size_t last = steps_->size(); last-- != 0;) {
      for (std::size_t between = last; between-- != 0;) {
        if (at(between).thread == at(last).thread) continue;
        for (const Touched& touched : at(between).touched) {
          if (!touched.write || !writes(at(between), touched.object)) continue;
          const auto target = written(at(last), touched.object);
          if (!target || (*target == touched.object) != of_one_object) continue;
          if (const auto first = read_before(between, last, touched.object))
            return text(*first, between, last, touched.object, *target);
        }
      }
    }
    return {};
  }

 private:
  [[nodiscard]] const Step& at(std::size_t index) const { return (*steps_)[index]; }

  /// The latest read of `object` by the thread of `last`, if it is older than `between`, and the thread has
  /// not written the object since.
  [[nodiscard]] std::optional<std::size_t> read_before(std::size_t between, std::size_t last,
                                                       std::string_view object) const {
    for (std::size_t i = last; i-- != 0;) {
      if (at(i).thread != at(last).thread) continue;
      if (reads(at(i), object)) return i < between ? std::optional{i} : std::nullopt;
      if (writes(at(i), object)) return std::nullopt;
    }
    return std::nullopt;
  }

  [[nodiscard]] std::string numbered(std::size_t index) const {
    return "(step " + std::to_string(index + 1) + ")";
  }

  [[nodiscard]] std::string text(std::size_t first, std::size_t between, std::size_t last,
                                 std::string_view object, std::string_view target) const {
    std::string text = finding_->threads[at(between).thread] + " wrote ";
    text.append(object)
        .append(" ")
        .append(numbered(between))
        .append(" between the ")
        .append(at(first).operation);
    text.append(object == target ? " " : " of it ").append(numbered(first)).append(" and the ");
    text.append(at(last).operation);
    if (object != target) text.append(" of ").append(target);
    return text.append(" ").append(numbered(last)).append(" of ").append(finding_->threads[at(last).thread]);
  }

  const Finding* finding_;
  const std::vector<Step>* steps_;
};

}  // namespace

std::string culprit(const Finding& finding) {
  const auto named = [&](const Step& step) { return step.thread < finding.threads.size(); };
  if (finding.kind != FindingKind::check || finding.steps.size() > longest) return {};
  if (!std::ranges::all_of(finding.steps, named)) return {};
  const Search search{finding};
  std::string lost_update = search.run(true);
  return lost_update.empty() ? search.run(false) : lost_update;
}

}  // namespace lockstep::sim
