#include "exhaustive.hpp"

#include <lockstep/sim/execution.hpp>

#include "thread_set.hpp"

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
  in_vain_ = false;
  if (!std::exchange(started_, true)) return true;
  while (length_ != 0) {
    Point& last = path_[length_ - 1];
    if (advance(last)) {
      trace_.begin(last.event);
      points_.resize(last.event);
      return true;
    }
    pop();
  }
  complete_ = true;
  return false;
}

/// Moves on to the next alternative of a point, if there is one.
bool Exhaustive::advance(Point& point) {
  if (point.kind == Decision::Kind::schedule) {
    point.signature = 0;
    return point.branches != nullptr;
  }
  point.chosen = (point.chosen + 1) % point.outcomes;  // all others follow the one that was tried first
  return point.chosen != point.first;
}

bool Exhaustive::end(const Ending& ending) {
  for (Trace::Race& race : trace_.races()) reverse(race);
  return !ending.pruned;
}

/// Sees to it that an execution with the second step of a race before the first is explored.
void Exhaustive::reverse(Trace::Race& race) {
  using Begins = Reversal::Begins;
  Point* const point = point_of(race.first);
  if (point == nullptr || race.settled) return;
  if (race.any_place) {
    expand(*point);
    race.settled = true;
    return;
  }
  reversal_.assign(trace_, race, point->loose ? trace_.known_before(race) : trace_.size());
  const Begins covered = covers(*point);
  if (covered == Begins::no) insert(&point->branches, reversal_, nodes_, point->loose);
  race.settled = covered == Begins::always;
}

/// Whether the reversal has been explored.
Reversal::Begins Exhaustive::covers(const Point& point) const {
  using Begins = Reversal::Begins;
  Begins covered = Begins::no;
  for (std::size_t i = 0; i != point.sleepers.size() && covered != Begins::always; ++i) {
    const Sleeper& sleeper = point.sleepers[i];
    if (point.loose && reversal_.first_of(sleeper.thread) == nullptr) continue;
    covered = std::max(covered, reversal_.may_begin_with(sleeper.thread, sleeper.accesses));
  }
  return covered;
}

/// Every thread that may go on at a point shall do so, and go on from there in whatever way.
void Exhaustive::expand(Point& point) {
  if (std::exchange(point.expanded, true)) return;
  nodes_.free_all(std::exchange(point.branches, nullptr));
  ThreadSet left = point.enabled;
  for (const Sleeper& sleeper : point.sleepers) left &= ~only(sleeper.thread);
  WakeupNode** last = &point.branches;
  each(left, [&](unsigned thread) {
    *last = nodes_.make(thread, Accesses(1, everything));
    last = &(*last)->sibling;
  });
}

/// The execution stops with threads that were about to do something.
void Exhaustive::stops(const Execution& execution, ThreadSet pending, bool failed) {
  if (in_vain_) return;
  if (!failed) {
    append_pending(execution, pending);
  } else if (trace_.size() != 0) {
    each(pending, [&](unsigned thread) {
      if (execution.next(thread).enabled()) pending &= ~only(thread);
    });
    append_pending(execution, pending);
    trace_.fails();  // and hides what the others would have done, so each of them goes first once
    if (Point* const point = point_of(trace_.size() - 1)) {
      point->sleepers.back().accesses = trace_[trace_.size() - 1].accesses;
      expand(*point);
    }
  }
}

void Exhaustive::time_passes(const Execution& execution, ThreadSet pending) {
  if (in_vain_) return;
  if (!trace_.repeating()) append_pending(execution, pending);
  trace_.time_passes();
}

/// What threads are about to do and cannot, they might have done before others.
void Exhaustive::append_pending(const Execution& execution, ThreadSet pending) {
  each(pending, [&](unsigned thread) {
    const Operation& operation = execution.next(thread);
    if (operation.readiness() == Readiness::follow_up || operation.wants_notification()) return;
    trace_.append_pending(thread, operation, execution.now());
  });
}

// --- Inside of an execution ---

void Exhaustive::follows(unsigned thread, std::size_t step) {
  if (!in_vain_) trace_.follows(thread, step);
}

void Exhaustive::joins(unsigned thread, unsigned other) {
  if (!in_vain_) trace_.joins(thread, other);
}

void Exhaustive::times_out(unsigned thread) {
  if (!in_vain_) trace_.times_out(thread);
}

unsigned Exhaustive::choose(const Choice& choice) {
  if (in_vain_) return prune;
  return choice.kind == Decision::Kind::outcome ? choose_outcome(choice) : choose_thread(choice);
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
  if (point.branches == nullptr && point.inherited != 0) loosen();
  return start(choice, point);
}

/// Whoever sleeps is woken by the sequence that a branch begins with; so it may be relied on that what begins
/// with a sleeper was explored, and how it goes on otherwise is a branch already. Where a branch has ended
/// and some still sleep (it was not known exactly what its steps would do), they merely need not be explored
/// again, as in exploration by source sets.
void Exhaustive::loosen() {
  ThreadSet asleep = 0;
  const Point& last = path_[length_ - 1];
  for (std::size_t i = 0; i != last.inherited; ++i) asleep |= only(last.sleepers[i].thread);
  for (std::size_t i = length_; i-- != 0;) {
    Point& point = path_[i];
    if (point.kind == Decision::Kind::outcome) continue;
    const auto same = [&](const Sleeper& sleeper) { return (asleep & only(sleeper.thread)) != 0; };
    if (std::none_of(point.sleepers.begin(),
                     point.sleepers.begin() + static_cast<std::ptrdiff_t>(point.inherited), same))
      return;
    point.loose = true;
  }
}

/// Begins the first branch of a point; at a new one that has none, any step that does not sleep.
unsigned Exhaustive::start(const Choice& choice, Point& point) {
  const bool guided = point.branches != nullptr;
  const unsigned chosen = guided ? follow_a_branch(choice, point) : pick(choice, point);
  if (chosen == prune) {
    append_pending(*choice.execution, choice.execution->pending() & ~choice.enabled);
    in_vain_ = true;
    pop();
    return prune;
  }
  const Operation& next = choice.next(chosen);
  trace_.append(chosen, next, choice.execution->now());
  points_.push_back(length_ - 1);
  point.asleep = point.sleepers.size();
  Sleeper& present = point.sleepers.emplace_back();
  present.thread = chosen;
  present.accesses = trace_[point.event].accesses;
  point.chosen = chosen;
  point.signature = signature(next);
  return chosen;
}

/// Takes the first branch that can be followed, and what leads on from there.
unsigned Exhaustive::follow_a_branch(const Choice& choice, Point& point) {
  while (point.branches != nullptr) {
    WakeupNode* const branch = point.branches;
    point.branches = std::exchange(branch->sibling, nullptr);
    const unsigned thread = branch->thread;
    const bool asleep =
        std::ranges::any_of(point.sleepers, [&](const Sleeper& sleeper) { return sleeper.thread == thread; });
    const bool enabled = (choice.enabled & only(thread)) != 0;
    if (!asleep && enabled) {
      guide_ = std::exchange(branch->child, nullptr);
      decided_ = branch->outcomes;
    }
    nodes_.free(branch);
    if (!enabled) expand(point);
    if (!asleep && enabled) return thread;
  }
  return prune;
}

/// Those of the point before, without whom its step has woken.
void Exhaustive::inherit_sleepers(Point& point) {
  if (trace_.size() == 0) return;
  const Point& before = path_[points_[trace_.size() - 1]];
  const Accesses& accesses = trace_[before.event].accesses;
  for (std::size_t i = 0; i != before.asleep; ++i) {
    const Sleeper& sleeper = before.sleepers[i];
    if (sleeper.thread != before.chosen && !dependent(sleeper.accesses, accesses))
      point.sleepers.push_back(sleeper);
  }
  point.inherited = point.sleepers.size();
}

unsigned Exhaustive::pick(const Choice& choice, const Point& point) {
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

/// The point at which an event was chosen; null if it is none to come back to.
Exhaustive::Point* Exhaustive::point_of(std::size_t event) {
  return event < points_.size() ? &path_[points_[event]] : nullptr;
}

Exhaustive::Point& Exhaustive::push() {
  if (length_ == path_.size()) path_.emplace_back();
  Point& point = path_[length_++];
  depth_ = length_;
  point.chosen = point.outcomes = point.first = 0;
  point.signature = 0;
  point.sleepers.clear();
  point.branches = nullptr;
  point.expanded = point.loose = false;
  point.inherited = 0;
  return point;
}

void Exhaustive::pop() {
  Point& point = path_[--length_];
  nodes_.free_all(std::exchange(point.branches, nullptr));
}

}  // namespace lockstep::sim
