#include "bounded.hpp"

#include <lockstep/sim/execution.hpp>

#include "splitmix.hpp"

#include <algorithm>
#include <bit>
#include <utility>

namespace lockstep::sim {

namespace {

std::uint64_t mixed(std::uint64_t number) noexcept { return SplitMix{number}(); }

}  // namespace

bool Bounded::begin() {
  depth_ = 0;
  now_ = {};
  in_vain_ = false;
  if (!std::exchange(started_, true)) return true;
  while (!path_.empty()) {
    const Point& last = path_.back();
    if (!last.done()) {
      trace_.begin(std::min(last.event, trace_.size()));  // the rest comes with the replay
      return true;
    }
    path_.pop_back();
  }
  complete_ = true;
  return false;
}

bool Bounded::end(const Ending& ending) {
  if (ending.pruned) return false;
  Reached& part = reached(now_.trace);
  const std::lock_guard lock{part.mutex};
  return part.ended.insert(now_.trace).second;
}

/// Hands over what is left at the earliest point, as most is to be expected from there: all of it, or half if
/// nothing is left elsewhere.
std::unique_ptr<Explorer> Bounded::split() {
  const auto left = [](const Point& point) { return !point.done(); };
  const auto earliest = std::ranges::find_if(path_, left);
  if (earliest == path_.end()) return nullptr;
  ThreadSet threads = earliest->left;
  unsigned outcome = earliest->next;
  if (std::none_of(earliest + 1, path_.end(), left)) {
    const auto count = static_cast<unsigned>(std::popcount(threads)) + earliest->end - outcome;
    if (count == 1) return nullptr;
    if (threads == 0) outcome += count / 2;
    for (unsigned half = threads == 0 ? 0 : count / 2; half != 0; --half) threads &= threads - 1;
  }
  auto other = std::make_unique<Bounded>(most_);
  other->reached_ = reached_;
  other->started_ = true;
  other->path_.assign(path_.begin(), earliest + 1);
  other->path_.back().left = threads;
  other->path_.back().next = outcome;
  earliest->left &= ~threads;
  earliest->end = outcome;
  return other;
}

unsigned Bounded::choose(const Choice& choice) {
  if (in_vain_) return prune;
  if (depth_ == path_.size()) return extend(choice);
  Point& point = path_[depth_++];
  if (choice.kind != point.kind || choice.outcomes != point.outcomes || choice.enabled != point.enabled)
    return diverged;
  const bool last = depth_ == path_.size();
  if (choice.kind == Decision::Kind::outcome)
    return last ? decide(point) : (now_ = point.after, point.chosen);
  if (last) return go(choice, point);
  if (trace_.repeating()) {
    trace_.repeat();
  } else {
    trace_.append(point.chosen, choice.next(point.chosen), choice.execution->now());
  }
  now_ = point.after;
  return point.chosen;
}

unsigned Bounded::extend(const Choice& choice) {
  Point& point = path_.emplace_back();
  ++depth_;
  point.kind = choice.kind;
  point.event = trace_.size();
  point.enabled = choice.enabled;
  point.outcomes = choice.outcomes;
  point.before = now_;
  if (choice.kind == Decision::Kind::outcome) {
    point.end = choice.outcomes;
    return decide(point);
  }
  const ThreadSet staying = choice.enabled & (now_.thread == nobody ? 0 : only(now_.thread));
  const bool preempts = staying != 0 && !choice.yielded;
  point.left = preempts && now_.preemptions == most_ ? staying : choice.enabled;
  return go(choice, point);
}

/// Takes the next thread: the one that runs anyway, if it is left.
unsigned Bounded::go(const Choice& choice, Point& point) {
  const unsigned running = point.before.thread;
  const bool can_stay = running != nobody && (choice.enabled & only(running)) != 0;
  point.chosen = can_stay && (point.left & only(running)) != 0
                     ? running
                     : static_cast<unsigned>(std::countr_zero(point.left));
  point.left &= ~only(point.chosen);
  trace_.append(point.chosen, choice.next(point.chosen), choice.execution->now());
  point.after = {.trace = point.before.trace + trace_.digest(trace_.size() - 1),
                 .thread = point.chosen,
                 .preemptions = point.before.preemptions};
  if (can_stay && point.chosen != running && !choice.yielded) ++point.after.preemptions;
  now_ = point.after;
  in_vain_ = reached_before(now_);
  return in_vain_ ? prune : point.chosen;
}

unsigned Bounded::decide(Point& point) {
  point.chosen = point.next++;
  point.after = point.before;
  const std::uint64_t outcome = std::uint64_t{++point.after.outcomes} << 32U | point.chosen;
  point.after.trace += mixed(trace_.digest(trace_.size() - 1) ^ mixed(outcome));
  now_ = point.after;
  return point.chosen;
}

/// True if nothing new can come of going on from there.
bool Bounded::reached_before(const Place& place) {
  const std::uint64_t digest = mixed(place.trace + place.thread);
  Reached& part = reached(digest);
  const std::lock_guard lock{part.mutex};
  const auto [found, is_new] = part.preemptions.try_emplace(digest, place.preemptions);
  if (is_new) return false;
  if (found->second <= place.preemptions) return true;
  found->second = place.preemptions;
  return false;
}

void Bounded::follows(unsigned thread, std::size_t step) {
  if (!in_vain_) trace_.follows(thread, step);
}

void Bounded::joins(unsigned thread, unsigned other) {
  if (!in_vain_) trace_.joins(thread, other);
}

void Bounded::time_passes(const Execution&, ThreadSet) {
  if (!in_vain_) trace_.time_passes();
}

void Bounded::times_out(unsigned thread) {
  if (!in_vain_) trace_.times_out(thread);
}

}  // namespace lockstep::sim
