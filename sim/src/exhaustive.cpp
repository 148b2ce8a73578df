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
      const std::size_t known = std::min(last.event, trace_.size());  // the rest comes with the replay
      trace_.begin(known);
      points_.resize(known);
      return true;
    }
    pop();
  }
  complete_ = true;
  return false;
}

/// Moves on to the next alternative of a point, if there is one.
bool Exhaustive::advance(Point& point) {
  Held held = hold(point);
  if (point.kind == Decision::Kind::schedule) {
    point.signature = 0;
    leave(point, held);
    const WakeupNode* const branch = held->branches;
    if (branch == nullptr || !may_be_taken(*branch, branch->accesses, held)) return false;
    if (point.shared) {
      point.shared->taking = true;
      claimed_ = point.shared;
    }
    return true;
  }
  const unsigned next =
      (held->outcome + 1) % point.outcomes;  // all others follow the one that was tried first
  if (next == point.first) return false;
  point.chosen = held->outcome = next;
  return true;
}

bool Exhaustive::end(const Ending& ending) {
  release();
  for (Trace::Race& race : trace_.races()) reverse(race);
  return !ending.pruned;
}

/// What of shared points is left, others know as well; it is left out.
std::uint64_t Exhaustive::left() const {
  std::uint64_t left = 0;
  for (std::size_t end = length_; end != 0 && !path_[end - 1].shared; --end) {
    const Point& point = path_[end - 1];
    if (point.kind == Decision::Kind::outcome)
      left += (point.first + point.outcomes - point.chosen - 1) % point.outcomes;
    for (const WakeupNode* branch = point.own.branches; branch != nullptr; branch = branch->sibling) ++left;
  }
  return left;
}

// --- Several threads ---

/// A ledger to look at. A shared one waits for whoever is on the way to a branch of it: what the step there
/// does is what later branches go by. It never waits for long, as nobody looks at other ledgers on the way.
Exhaustive::Held Exhaustive::hold(Point& point) {
  if (!point.shared) return {point.own, nodes_, {}};
  std::unique_lock lock{common_->mutex};
  SharedLedger& ledger = *point.shared;
  if (point.shared != claimed_) common_->taken.wait(lock, [&] { return !ledger.taking; });
  return {ledger, common_->nodes, std::move(lock)};
}

/// Is no longer beyond the present step of a point.
void Exhaustive::leave(Point& point, Held& held) {
  if (std::exchange(point.passed, false)) --held->sleepers[point.asleep].busy;
}

/// True if nobody would sleep beyond a branch who does so for a step that others are still beyond. If it
/// may not, it is left to those.
bool Exhaustive::may_be_taken(const WakeupNode& branch, const Accesses& accesses, const Held& held) {
  return std::ranges::all_of(held->sleepers, [&](const Sleeper& sleeper) {
    return sleeper.busy == 0 || (!branch.postponed && dependent(sleeper.accesses, accesses));
  });
}

/// The step of the branch that was claimed has been made.
void Exhaustive::release() {
  if (!claimed_) return;
  {
    const std::lock_guard lock{common_->mutex};
    claimed_->taking = false;
  }
  claimed_.reset();
  common_->taken.notify_all();
}

/// From here on others come back to the point as well.
void Exhaustive::share(Point& point) {
  if (point.shared) return;
  point.shared = std::make_shared<SharedLedger>();
  static_cast<Ledger&>(*point.shared) = point.own;
  if (point.kind == Decision::Kind::schedule) {
    point.shared->sleepers[point.asleep].busy = 1;
    point.passed = true;
  }
  const std::lock_guard lock{common_->mutex};
  point.shared->branches = common_->nodes.copy(point.own.branches);
  nodes_.free_all(std::exchange(point.own.branches, nullptr));
}

/// What is left at a point, and whether somebody else may take the next of it now.
Exhaustive::Left Exhaustive::left_at(Point& point) {
  const Held held = hold(point);
  if (point.kind == Decision::Kind::outcome) {
    const unsigned left = (point.first + point.outcomes - held->outcome - 1) % point.outcomes;
    return {left, left != 0};
  }
  const WakeupNode* const next = held->branches;
  if (next == nullptr) return {};
  const bool conflicts = point.shared || dependent(point.own.sleepers[point.asleep].accesses, next->accesses);
  return {next->sibling == nullptr ? 1U : 2U, conflicts && may_be_taken(*next, next->accesses, held)};
}

/// Hands over the alternative that comes earliest, as most is to be expected from there, unless it is the
/// only one.
std::unique_ptr<Explorer> Exhaustive::split() {
  std::size_t handed_over = length_;
  unsigned left = 0;
  for (std::size_t i = 0; i != length_ && (left < 2 || handed_over == length_); ++i) {
    const Left here = left_at(path_[i]);
    left += here.alternatives;
    if (here.free && handed_over == length_) handed_over = i;
  }
  if (left < 2 || handed_over == length_) return nullptr;
  auto other = std::make_unique<Exhaustive>();
  other->common_ = common_;
  other->started_ = true;
  other->length_ = handed_over + 1;
  for (std::size_t i = 0; i != other->length_; ++i) {
    share(path_[i]);
    Point& point = other->path_.emplace_back(path_[i]);
    point.passed = i != handed_over && point.kind == Decision::Kind::schedule;
    if (point.passed) ++hold(path_[i])->sleepers[point.asleep].busy;
  }
  return other;
}

// --- Races ---

/// Sees to it that an execution with the second step of a race before the first is explored.
void Exhaustive::reverse(Trace::Race& race) {
  using Begins = Reversal::Begins;
  Point* const point = point_of(race.first);
  if (point == nullptr || race.settled) return;
  Held held = hold(*point);
  if (race.any_place) {
    expand(*point, held);
    race.settled = true;
    return;
  }
  reversal_.assign(trace_, race, held->loose ? trace_.known_before(race) : trace_.size());
  const Begins covered = covers(held.ledger);
  if (covered == Begins::no) insert(&held->branches, reversal_, held.nodes, held->loose);
  race.settled = covered == Begins::always;
}

/// Whether the reversal has been explored.
Reversal::Begins Exhaustive::covers(const Ledger& ledger) const {
  using Begins = Reversal::Begins;
  Begins covered = Begins::no;
  for (std::size_t i = 0; i != ledger.sleepers.size() && covered != Begins::always; ++i) {
    const Sleeper& sleeper = ledger.sleepers[i];
    if (ledger.loose && reversal_.first_of(sleeper.thread) == nullptr) continue;
    covered = std::max(covered, reversal_.may_begin_with(sleeper.thread, sleeper.accesses));
  }
  return covered;
}

/// Every thread that may go on at a point shall do so, and go on from there in whatever way.
void Exhaustive::expand(const Point& point, Held& held) {
  if (std::exchange(held->expanded, true)) return;
  held.nodes.free_all(std::exchange(held->branches, nullptr));
  ThreadSet left = point.enabled;
  for (const Sleeper& sleeper : held->sleepers) left &= ~only(sleeper.thread);
  WakeupNode** last = &held->branches;
  each(left, [&](unsigned thread) {
    *last = held.nodes.make(thread, Accesses(1, everything));
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
      Held held = hold(*point);
      held->sleepers[point->asleep].accesses = trace_[trace_.size() - 1].accesses;
      expand(*point, held);
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
  if (trace_.repeating()) {
    trace_.repeat();
  } else {
    append(choice, point.chosen, depth_ - 1);  // another thread was here, or an earlier run
  }
  return point.chosen;
}

void Exhaustive::append(const Choice& choice, unsigned chosen, std::size_t point) {
  trace_.append(chosen, choice.next(chosen), choice.execution->now());
  points_.push_back(point);
}

unsigned Exhaustive::extend(const Choice& choice) {
  release();
  Point& point = push();
  point.kind = Decision::Kind::schedule;
  point.enabled = choice.enabled;
  inherit_sleepers(point);
  point.event = trace_.size();
  point.own.branches = std::exchange(guide_, nullptr);
  if (point.own.branches == nullptr && point.inherited != 0) loosen();
  return start(choice, point);
}

/// Whoever sleeps is woken by the sequence that a branch begins with; so it may be relied on that what begins
/// with a sleeper was explored, and how it goes on otherwise is a branch already. Where a branch has ended
/// and some still sleep (it was not known exactly what its steps would do), they merely need not be explored
/// again, as in exploration by source sets.
void Exhaustive::loosen() {
  ThreadSet asleep = 0;
  const Point& last = path_[length_ - 1];
  for (std::size_t i = 0; i != last.inherited; ++i) asleep |= only(last.own.sleepers[i].thread);
  for (std::size_t i = length_; i-- != 0;) {
    Point& point = path_[i];
    if (point.kind == Decision::Kind::outcome) continue;
    const auto same = [&](const Sleeper& sleeper) { return (asleep & only(sleeper.thread)) != 0; };
    const auto inherited = point.own.sleepers.begin();
    if (std::none_of(inherited, inherited + static_cast<std::ptrdiff_t>(point.inherited), same)) return;
    hold(point)->loose = true;
  }
}

/// Begins the first branch of a point; at a new one that has none, any step that does not sleep.
unsigned Exhaustive::start(const Choice& choice, Point& point) {
  Held held = hold(point);
  const bool guided = held->branches != nullptr;
  const unsigned chosen = guided ? follow_a_branch(choice, point, held) : pick(choice, held.ledger);
  if (chosen == prune) {
    append_pending(*choice.execution, choice.execution->pending() & ~choice.enabled);
    in_vain_ = true;
    held.lock = {};
    pop();
    return prune;
  }
  append(choice, chosen, length_ - 1);
  point.asleep = held->sleepers.size();
  Sleeper& present = held->sleepers.emplace_back();
  present.thread = chosen;
  present.accesses = trace_[point.event].accesses;
  if (point.shared) {
    point.own.sleepers = held->sleepers;
    present.busy = 1;
    point.passed = true;
  }
  point.chosen = chosen;
  point.signature = signature(choice.next(chosen));
  return chosen;
}

/// Takes the first branch that can be followed, and what leads on from there.
unsigned Exhaustive::follow_a_branch(const Choice& choice, const Point& point, Held& held) {
  while (held->branches != nullptr) {
    WakeupNode* const branch = held->branches;
    const unsigned thread = branch->thread;
    const bool asleep =
        std::ranges::any_of(held->sleepers, [&](const Sleeper& sleeper) { return sleeper.thread == thread; });
    const bool enabled = (choice.enabled & only(thread)) != 0;
    if (!asleep && enabled && point.shared) {
      const Footprint footprint = choice.next(thread).footprint();
      if (!may_be_taken(*branch, Accesses(footprint.begin(), footprint.end()), held)) {
        branch->postponed = true;
        return prune;
      }
    }
    held->branches = std::exchange(branch->sibling, nullptr);
    if (!asleep && enabled) {
      guide_ = &held.nodes == &nodes_ ? std::exchange(branch->child, nullptr) : nodes_.copy(branch->child);
      decided_ = branch->outcomes;
    }
    held.nodes.free(branch);
    if (!enabled) expand(point, held);
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
    const Sleeper& sleeper = before.own.sleepers[i];
    if (sleeper.thread != before.chosen && !dependent(sleeper.accesses, accesses))
      point.own.sleepers.push_back(sleeper);
  }
  point.inherited = point.own.sleepers.size();
}

unsigned Exhaustive::pick(const Choice& choice, const Ledger& ledger) {
  ThreadSet awake = choice.enabled;
  for (const Sleeper& sleeper : ledger.sleepers) awake &= ~only(sleeper.thread);
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
    point.first = point.own.outcome = point.chosen;
  }
  if (choice.kind != point.kind || choice.outcomes != point.outcomes) return diverged;
  if (!trace_.repeating()) {
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
  point.own.sleepers.clear();
  point.own.expanded = point.own.loose = point.passed = false;
  point.inherited = 0;
  return point;
}

/// Leaves a point for good. If it is shared, others may still be beyond it: whatever they find to be explored
/// from there, they come back to themselves.
void Exhaustive::pop() {
  Point& point = path_[--length_];
  nodes_.free_all(std::exchange(point.own.branches, nullptr));
  point.shared.reset();
}

}  // namespace lockstep::sim
