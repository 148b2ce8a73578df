#include "sleep_sets.hpp"

#include <lockstep/sim/execution.hpp>

#include <bit>

namespace lockstep::sim {

namespace {

/// Enough of a step to notice that a test is not deterministic.
std::uint64_t signature(const Operation& operation) {
  const std::string_view name = operation.name();
  std::uint64_t hash = operation.object().value ^ (name.size() << 32U);
  if (!name.empty()) hash ^= static_cast<unsigned char>(name.front());
  for (const Access& access : operation.footprint()) hash = std::rotl(hash, 7) ^ access.object.value;
  return hash;
}

}  // namespace

bool SleepSets::begin() {
  pruned_ = false;
  depth_ = 0;
  asleep_ = 0;
  if (!started_) return started_ = true;
  while (!path_.empty()) {
    if (advance(path_.back())) return true;
    path_.pop_back();
  }
  complete_ = true;
  return false;
}

/// Moves on to the next alternative of a point, if there is one.
bool SleepSets::advance(Point& point) {
  if (point.kind == Decision::Kind::outcome) return ++point.chosen < point.outcomes;
  point.explored |= only(point.chosen);
  const ThreadSet left = point.enabled & ~point.asleep & ~point.explored;
  if (left == 0) return false;
  point.chosen = static_cast<unsigned>(std::countr_zero(left));
  point.signature = 0;
  return true;
}

unsigned SleepSets::choose(const Choice& choice) {
  if (pruned_) return prune;
  const bool forced = choice.kind == Decision::Kind::schedule && std::has_single_bit(choice.enabled);
  if (!forced && depth_ < path_.size()) return replay(choice);
  if (depth_ < path_.size()) return choice.fallback;  // sleep sets are known where the path ends
  return extend(choice);
}

/// Follows the path. Where it ends, the new alternative is taken, with the finished ones asleep.
unsigned SleepSets::replay(const Choice& choice) {
  Point& point = path_[depth_++];
  const bool last = depth_ == path_.size();
  if (choice.kind != point.kind || choice.outcomes != point.outcomes || choice.enabled != point.enabled)
    return diverged;
  if (choice.kind == Decision::Kind::outcome) {
    if (last) asleep_ = point.asleep;
    return point.chosen;
  }
  const std::uint64_t now = signature(choice.next(point.chosen));
  if (point.signature != 0 && now != point.signature) return diverged;
  point.signature = now;
  if (last) {
    asleep_ = point.asleep | point.explored;
    wake_conflicting(choice, point.chosen);
  }
  return point.chosen;
}

unsigned SleepSets::extend(const Choice& choice) {
  if (choice.kind == Decision::Kind::outcome) {
    path_.push_back({.kind = choice.kind, .asleep = asleep_, .outcomes = choice.outcomes});
    ++depth_;
    return 0;
  }
  asleep_ &= choice.enabled;
  const ThreadSet awake = choice.enabled & ~asleep_;
  pruned_ = awake == 0;
  if (pruned_) return prune;
  const unsigned chosen =
      (awake & only(choice.fallback)) != 0 ? choice.fallback : static_cast<unsigned>(std::countr_zero(awake));
  if (!std::has_single_bit(choice.enabled)) {
    path_.push_back({.chosen = chosen,
                     .enabled = choice.enabled,
                     .asleep = asleep_,
                     .signature = signature(choice.next(chosen))});
    ++depth_;
  }
  wake_conflicting(choice, chosen);
  return chosen;
}

/// Wakes whatever conflicts with the chosen step.
void SleepSets::wake_conflicting(const Choice& choice, unsigned chosen) {
  asleep_ &= ~only(chosen);
  if (asleep_ == 0) return;
  const Footprint footprint = choice.next(chosen).footprint();
  for (ThreadSet left = asleep_ & choice.enabled; left != 0; left &= left - 1) {
    const auto thread = static_cast<unsigned>(std::countr_zero(left));
    if (conflict(footprint, choice.next(thread).footprint())) asleep_ &= ~only(thread);
  }
}

}  // namespace lockstep::sim
