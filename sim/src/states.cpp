#include "states.hpp"

#include <algorithm>
#include <functional>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

namespace lockstep::sim {

namespace {

/// Stands for the order in which storages lock, not for anything that a reader knows.
bool internal(std::string_view object) {
  return object == "locks" || object == "connections" || object.ends_with("'s lock");
}

/// Text between commas that stand outside of all brackets.
std::vector<std::string> parts(std::string_view text) {
  std::vector<std::string> parts(1);
  int depth = 0;
  for (std::size_t i = 0; i != text.size(); ++i) {
    if (text[i] == '{' || text[i] == '[' || text[i] == '(') ++depth;
    if (text[i] == '}' || text[i] == ']' || text[i] == ')') --depth;
    if (depth == 0 && text.substr(i, 2) == ", ") {
      parts.emplace_back();
      ++i;
    } else {
      parts.back() += text[i];
    }
  }
  return parts;
}

std::optional<std::string_view> after(std::string_view text, std::string_view prefix) {
  return text.starts_with(prefix) ? std::optional{text.substr(prefix.size())} : std::nullopt;
}

/// What the outcome of a step says that its object holds now.
std::optional<std::string_view> value(const Step& step) {
  const std::string_view outcome = std::string_view{step.outcome}.substr(0, step.outcome.rfind("; fault: "));
  if (step.operation.starts_with("try_") || outcome.starts_with("-> stale") || outcome == "-> declined")
    return std::nullopt;
  if (const std::size_t arrow = outcome.find(" => "); arrow != std::string_view::npos)
    return outcome.substr(arrow + 4);
  for (const std::string_view prefix : {"-> ", "= ", "fails: is "}) {
    if (const auto shown = after(outcome, prefix)) return shown;
  }
  return std::nullopt;
}

class Follow {
 public:
  const State& step(const Step& step) {
    for (auto& [name, object] : state_) object.changed = false;
    for (const Touched& touched : step.touched) {
      if (!internal(touched.object)) state_[touched.object];  // from now on it is known
    }
    if (crashes(step)) {
      for (const auto& [object, thread] : std::exchange(granted_, {})) give(object, thread);
    }
    if (step.operation.starts_with("lock") || step.operation.starts_with("try_lock")) {
      if (locks(step)) take(step.object, step.thread, step.outcome.starts_with("-> granted"));
    } else if (step.operation.starts_with("unlock")) {
      give(step.object, step.thread);
    } else {
      synchronise(step);
      if (step.missed) return state_;  // what it has read or stored is not the newest
      if (const auto shown = value(step)) hold(step, *shown);
    }
    return state_;
  }

 private:
  static bool crashes(const Step& step) {
    const std::string_view outcome = step.outcome;
    return outcome.starts_with("fault: crash") || outcome.find("; fault: crash") != std::string_view::npos;
  }

  static bool locks(const Step& step) {
    const std::string_view outcome = step.outcome;
    return outcome.empty() || outcome == "-> true" || outcome.starts_with("-> granted");
  }

  void synchronise(const Step& step) {
    if (const auto released = after(step.outcome, "releases ")) give(std::string{*released}, step.thread);
    if (const auto held = after(step.outcome, "holds ")) take(std::string{*held}, step.thread, false);
    if (step.operation != "commit" && step.operation != "rollback") return;
    for (auto granted = granted_.begin(); granted != granted_.end();) {
      if (granted->second != step.thread) {
        ++granted;
        continue;
      }
      give(granted->first, step.thread);
      granted = granted_.erase(granted);
    }
  }

  void take(const std::string& object, unsigned thread, bool until_the_end_of_a_session) {
    auto& [holds, owners, changed] = state_[object];
    if (std::ranges::find(owners, thread) == owners.end()) owners.push_back(thread);
    changed = true;
    if (until_the_end_of_a_session) granted_.emplace(object, thread);
  }

  void give(const std::string& object, unsigned thread) {
    auto& [holds, owners, changed] = state_[object];
    changed = std::erase(owners, thread) != 0 || changed;
  }

  void hold(const Step& step, std::string_view shown) {
    const std::vector<std::string> names = parts(step.object);
    std::vector<std::string> values = names.size() == 1 ? std::vector{std::string{shown}} : parts(shown);
    if (names.size() != values.size()) return;
    for (std::size_t i = 0; i != names.size(); ++i) {
      const auto found = state_.find(names[i]);
      if (found == state_.end() || found->second.holds == values[i]) continue;
      found->second.holds = std::move(values[i]);
      found->second.changed = true;
    }
  }

  State state_;
  std::set<std::pair<std::string, unsigned>> granted_;  ///< locks of records, until their session ends
};

/// How many steps of each thread have happened.
using Clock = std::vector<std::size_t>;

void join(Clock& clock, const Clock& other) {
  for (std::size_t i = 0; i != clock.size(); ++i) clock[i] = std::max(clock[i], other[i]);
}

}  // namespace

std::vector<State> states(const Finding& finding) {
  std::vector<State> states;
  Follow follow;
  for (const Step& step : finding.steps) states.push_back(follow.step(step));
  return states;
}

std::vector<std::vector<std::size_t>> happens_after(const Finding& finding) {
  const std::vector<Step>& steps = finding.steps;
  std::vector<std::vector<std::size_t>> before(steps.size());
  std::vector<Clock> clocks;           // after each step
  std::vector<std::size_t> positions;  // of each step among those of its thread, from 1
  std::size_t threads = finding.threads.size();
  for (const Step& step : steps) threads = std::max<std::size_t>(threads, step.thread + 1);
  std::vector<Clock> now(threads, Clock(threads, 0));
  struct Uses {
    std::optional<std::size_t> write;
    std::vector<std::size_t> reads;  // since then
  };
  std::map<std::string, Uses> objects;
  for (std::size_t i = 0; i != steps.size(); ++i) {
    std::set<std::size_t, std::greater<>> candidates;
    for (const auto& [object, write] : steps[i].touched) {
      if (internal(object) || steps[i].weak) continue;
      Uses& uses = objects[object];
      if (uses.write) candidates.insert(*uses.write);
      if (write) {
        candidates.insert(uses.reads.begin(), uses.reads.end());
        uses = {i, {}};
      } else {
        uses.reads.push_back(i);
      }
    }
    Clock& clock = now.at(steps[i].thread);
    for (const std::size_t candidate : candidates) {  // the latest first, as it may cover the others
      if (clock[steps[candidate].thread] >= positions[candidate]) continue;
      before[i].push_back(candidate);
      join(clock, clocks[candidate]);
    }
    std::ranges::reverse(before[i]);
    positions.push_back(++clock[steps[i].thread]);
    clocks.push_back(clock);
  }
  return before;
}

}  // namespace lockstep::sim
