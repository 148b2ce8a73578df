#include "exhaustive.hpp"

#include <lockstep/sim/execution.hpp>

#include <algorithm>
#include <bit>
#include <utility>

namespace lockstep::sim {

namespace {

/// Enough of a step to notice that a test is not deterministic.
std::uint64_t signature(const Operation& operation) {
  const std::string_view name = operation.name();
  std::uint64_t hash = operation.object().value ^ (name.size() << 32U);
  if (!name.empty()) hash ^= static_cast<unsigned char>(name.front());
  return hash | 1U;
}

}  // namespace

// --- From one execution to the next ---

bool Exhaustive::begin() {
  depth_ = 0;
  nodes_.free_all(std::exchange(guide_, nullptr));
  decided_.clear();
  if (executions_ == 0 && length_ == 0) return true;
  while (length_ != 0) {
    Point& last = path_[length_ - 1];
    if (advance(last)) {
      trace_.begin(last.event);
      return true;
    }
    pop();
  }
  complete_ = true;
  return false;
}

/// Moves on to the next alternative of a point, if there is one.
bool Exhaustive::advance(Point& point) {
  if (point.kind == Decision::Kind::outcome) return advance_outcome(point);
  if (executions_ != point.executions) point.sleepers.push_back({point.chosen, trace_[point.event].accesses});
  WakeupNode* const explored = point.branches;
  point.branches = explored->sibling;
  nodes_.free(explored);
  if (point.branches == nullptr) return false;
  point.signature = 0;
  return true;
}

/// All others follow the one that was tried first.
bool Exhaustive::advance_outcome(Point& point) const {
  point.chosen = (point.chosen + 1) % point.outcomes;
  return point.chosen != point.first;
}

void Exhaustive::end(const Ending& ending) {
  if (ending.pruned) return;
  ++executions_;
  for (std::size_t race = 0; race != trace_.races().size(); ++race) reverse(race);
}

/// Sees to it that an execution with the second step of a race before the first is explored.
void Exhaustive::reverse(std::size_t race) {
  Point& point = path_[point_of_event_[trace_.races()[race].first]];
  reversal_.assign(trace_, race);
  insert_unless_asleep(point);
  if (reversal_.assign_without_holders()) insert_unless_asleep(point);
}

void Exhaustive::insert_unless_asleep(Point& point) {
  const auto covers = [&](const Sleeper& sleeper) {
    return reversal_.may_begin_with(sleeper.thread, sleeper.accesses);
  };
  if (std::ranges::none_of(point.sleepers, covers)) insert(&point.branches->sibling, reversal_, nodes_);
}

/// The execution stops with threads that were about to do something: as if they did it now.
void Exhaustive::stops(const Execution& execution, ThreadSet pending, bool failed) {
  for (ThreadSet left = pending; left != 0; left &= left - 1) {
    const auto thread = static_cast<unsigned>(std::countr_zero(left));
    const Operation& operation = execution.next(thread);
    if (operation.wants_notification() || operation.readiness() == Readiness::follow_up) continue;
    const std::size_t known = trace_.races().size();
    trace_.append_pending(thread, operation);
    for (std::size_t race = known; race != trace_.races().size(); ++race) reverse(race);
    trace_.drop();
  }
  if (!failed || trace_.size() == 0) return;
  // What has failed hides what others would have done, so each of them goes first once.
  Point& point = path_[point_of_event_[trace_.size() - 1]];
  const ThreadSet others = point.enabled & pending & ~only(point.chosen);
  for (ThreadSet left = others; left != 0; left &= left - 1) {
    const auto thread = static_cast<unsigned>(std::countr_zero(left));
    const auto same = [&](const Sleeper& sleeper) { return sleeper.thread == thread; };
    if (std::ranges::any_of(point.sleepers, same)) continue;
    WakeupNode** last = &point.branches->sibling;
    while (*last != nullptr && (*last)->thread != thread) last = &(*last)->sibling;
    if (*last != nullptr) continue;
    const Footprint footprint = execution.next(thread).footprint();
    *last = nodes_.make(thread, Accesses(footprint.begin(), footprint.end()));
  }
}

// --- Inside of an execution ---

void Exhaustive::follows(unsigned thread, std::size_t step) { trace_.follows(thread, step); }

void Exhaustive::joins(unsigned thread, unsigned other) { trace_.joins(thread, other); }

unsigned Exhaustive::choose(const Choice& choice) {
  if (choice.kind == Decision::Kind::outcome) return choose_outcome(choice);
  return choose_thread(choice);
}

unsigned Exhaustive::choose_thread(const Choice& choice) {
  if (depth_ == length_) return extend(choice);
  Point& point = path_[depth_++];
  if (choice.kind != point.kind || choice.enabled != point.enabled) return diverged;
  return replay(choice, point);
}

/// Follows the path. Where it ends, a new alternative is taken.
unsigned Exhaustive::replay(const Choice& choice, Point& point) {
  if (point.signature == 0) return start(choice, point);
  if ((choice.enabled & only(point.chosen)) == 0 || signature(choice.next(point.chosen)) != point.signature)
    return diverged;
  trace_.repeat();
  return point.chosen;
}

unsigned Exhaustive::extend(const Choice& choice) {
  Point& point = push();
  point.kind = Decision::Kind::schedule;
  point.enabled = choice.enabled;
  inherit_sleepers(point);
  point.event = trace_.size();
  point.branches = std::exchange(guide_, nullptr);
  return start(choice, point);
}

/// Begins the first branch of a point that can be followed; or any step that does not sleep, if none can.
unsigned Exhaustive::start(const Choice& choice, Point& point) {
  while (point.branches != nullptr && (choice.enabled & only(point.branches->thread)) == 0) {
    WakeupNode* const impossible = point.branches;  // it would have to wait for what comes later
    point.branches = impossible->sibling;
    nodes_.free(impossible);
  }
  const unsigned chosen = point.branches != nullptr ? point.branches->thread : pick(choice, point);
  if (chosen == prune) {
    pop();
    return prune;
  }
  const Operation& next = choice.next(chosen);
  trace_.append(chosen, next);
  point_of_event_.resize(trace_.size());
  point_of_event_.back() = length_ - 1;
  if (point.branches == nullptr) point.branches = nodes_.make(chosen, trace_[point.event].accesses);
  point.chosen = chosen;
  point.signature = signature(next);
  point.executions = executions_;
  guide_ = std::exchange(point.branches->child, nullptr);
  decided_ = point.branches->outcomes;
  return chosen;
}

/// Those of the point before, without whom its step has woken.
void Exhaustive::inherit_sleepers(Point& point) {
  if (trace_.size() == 0) return;
  const Point& before = path_[point_of_event_[trace_.size() - 1]];
  const Accesses& accesses = trace_[before.event].accesses;
  for (const Sleeper& sleeper : before.sleepers) {
    if (sleeper.thread != before.chosen && !conflict(sleeper.accesses, accesses))
      point.sleepers.push_back(sleeper);
  }
}

unsigned Exhaustive::pick(const Choice& choice, const Point& point) const {
  ThreadSet awake = choice.enabled;
  for (const Sleeper& sleeper : point.sleepers) awake &= ~only(sleeper.thread);
  if (awake == 0) return prune;
  if ((awake & only(choice.fallback)) != 0) return choice.fallback;
  return static_cast<unsigned>(std::countr_zero(awake));
}

unsigned Exhaustive::choose_outcome(const Choice& choice) {
  const bool is_new = depth_ == length_;
  Point& point = is_new ? push() : path_[depth_++];
  if (is_new) {
    point.kind = Decision::Kind::outcome;
    point.outcomes = choice.outcomes;
    point.ordinal = trace_[trace_.size() - 1].outcomes.size();
    point.event = trace_.size();
    if (!decided_.empty()) {
      point.chosen = std::min<unsigned>(decided_.front(), choice.outcomes - 1);
      decided_.erase(decided_.begin());
    }
    point.first = point.chosen;
  }
  if (choice.kind != point.kind || choice.outcomes != point.outcomes) return diverged;
  if (depth_ == length_) {
    auto& outcomes = trace_[trace_.size() - 1].outcomes;
    outcomes.resize(point.ordinal);
    outcomes.push_back(static_cast<std::uint8_t>(point.chosen));
  }
  return point.chosen;
}

// --- The path ---

Exhaustive::Point& Exhaustive::push() {
  if (length_ == path_.size()) path_.emplace_back();
  Point& point = path_[length_++];
  depth_ = length_;
  point.chosen = point.outcomes = point.first = 0;
  point.signature = 0;
  point.sleepers.clear();
  point.branches = nullptr;
  return point;
}

void Exhaustive::pop() {
  Point& point = path_[--length_];
  nodes_.free_all(std::exchange(point.branches, nullptr));
}

}  // namespace lockstep::sim
