#include "trace.hpp"

#include <lockstep/sim/execution.hpp>

#include <algorithm>
#include <functional>

namespace lockstep::sim {

void Trace::begin(std::size_t events) {
  size_ = events;
  repeated_ = 0;
  races_.clear();
  std::ranges::fill(now_, 0);
  time_.clear();
  while (!touches_.empty() && touches_.back().event >= events) {
    latest_[touches_.back().object] = touches_.back().previous;
    touches_.pop_back();
  }
}

void Trace::repeat() {
  const auto event = static_cast<Index>(repeated_++);
  std::copy_n(clock(event), width_, now(events_[event].thread));
}

void Trace::append(unsigned thread, const Operation& operation) {
  next_event(thread, operation);
  ++repeated_;
  const auto event = static_cast<Index>(size_++);
  if (events_[event].conditional) {
    find_conditional_candidates(event);
  } else {
    find_candidates(event);
  }
  order(event);
  touch(event);
  std::copy_n(clock(event), width_, now(thread));
}

void Trace::append_pending(unsigned thread, const Operation& operation) {
  Event& added = next_event(thread, operation);
  const auto event = static_cast<Index>(size_++);
  if (added.conditional) {
    for (Access& access : added.accesses) access.write = true;  // what it waits to do
    find_conditional_candidates(event);
  } else {
    find_candidates(event);
  }
  order(event);
}

void Trace::drop() {
  --size_;
  std::erase_if(races_, [&](const Race& race) { return race.second == size_; });
}

Trace::Event& Trace::next_event(unsigned thread, const Operation& operation) {
  reserve_threads(thread);
  const bool waits = operation.readiness() == Readiness::conditional;
  if (events_.size() == size_) events_.emplace_back();
  if (clocks_.size() < 2 * (size_ + 1) * width_) clocks_.resize(4 * (size_ + 1) * width_);
  Event& event = events_[size_];
  Count* const announced = clock(static_cast<Index>(size_)) + width_;
  std::copy_n(now(thread), width_, announced);
  event.thread = thread;
  event.ordinal = announced[thread] + 1;
  const Footprint footprint = operation.footprint();
  event.accesses.assign(footprint.begin(), footprint.end());
  event.outcomes.clear();
  event.sees = operation.sees();
  event.writes_if = operation.writes_if();
  event.conditional = waits;
  event.late = waits && operation.deadline() <= Execution::current()->now();
  event.timed_out = event.late && !operation.enabled();
  event.releases = operation.releases();
  return event;
}

// --- Order from outside ---

void Trace::follows(unsigned thread, std::size_t event) {
  reserve_threads(thread);
  if (event < std::max(size_, repeated_)) join(now(thread), clock(static_cast<Index>(event)));
}

void Trace::joins(unsigned thread, unsigned other) {
  reserve_threads(std::max(thread, other));
  join(now(thread), now(other));
}

void Trace::time_passes() {
  time_.assign(width_, 0);
  for (std::size_t thread = 0; thread != width_; ++thread)
    join(time_.data(), now(static_cast<unsigned>(thread)));
}

void Trace::times_out(unsigned thread) {
  reserve_threads(thread);
  if (!time_.empty()) join(now(thread), time_.data());
}

// --- Clocks ---

void Trace::join(Count* clock, const Count* other) const noexcept {
  for (std::size_t i = 0; i != width_; ++i) clock[i] = std::max(clock[i], other[i]);
}

/// Makes room for one more thread in every clock.
void Trace::reserve_threads(unsigned thread) {
  if (thread < width_) return;
  std::size_t width = std::max<std::size_t>(width_, 4);
  while (width <= thread) width *= 2;
  const auto widened = [&](const std::vector<Count>& clocks) {
    std::vector<Count> wide(width_ == 0 ? 0 : clocks.size() / width_ * width, 0);
    for (std::size_t i = 0; width_ != 0 && i != clocks.size() / width_; ++i) {
      std::copy_n(&clocks[i * width_], width_, &wide[i * width]);
    }
    return wide;
  };
  clocks_ = widened(clocks_);
  now_ = widened(now_);
  now_.resize(width * width, 0);
  if (!time_.empty()) time_.resize(width, 0);
  width_ = width;
}

/// All that the event conflicts with happens before it.
void Trace::order(Index event) {
  Count* const happened = clock(event);
  std::copy_n(happened + width_, width_, happened);
  if (events_[event].timed_out && !time_.empty()) join(happened, time_.data());
  for (const Access& access : events_[event].accesses) {
    const Latest& latest = latest_[object_of(access.object)];
    if (latest.write != none) join(happened, clock(touches_[latest.write].event));
    if (!access.write) continue;
    for (Index read = latest.read; read != none; read = touches_[read].previous.read)
      join(happened, clock(touches_[read].event));
  }
  happened[events_[event].thread] = events_[event].ordinal;
}

void Trace::touch(Index event) {
  for (const Access& access : events_[event].accesses) {
    const std::uint32_t object = object_of(access.object);
    Latest& latest = latest_[object];
    const auto index = static_cast<Index>(touches_.size());
    touches_.push_back({event, object, access.write, latest});
    if (access.write) {
      latest = {.write = index, .read = none};
    } else {
      latest.read = index;
    }
  }
}

std::uint32_t Trace::object_of(ObjectId id) {
  const auto [found, is_new] = objects_.try_emplace(id, static_cast<std::uint32_t>(latest_.size()));
  if (is_new) latest_.emplace_back();
  return found->second;
}

// --- Races ---

/// The latest conflicting events, without those that happen before another of them.
void Trace::find_candidates(Index event) {
  candidates_.clear();
  for (const Access& access : events_[event].accesses) {
    const Latest& latest = latest_[object_of(access.object)];
    if (latest.write != none) candidates_.push_back(touches_[latest.write].event);
    if (!access.write) continue;
    for (Index read = latest.read; read != none; read = touches_[read].previous.read)
      candidates_.push_back(touches_[read].event);
  }
  std::ranges::sort(candidates_, std::greater<>{});
  const auto repeated = std::ranges::unique(candidates_);
  candidates_.erase(repeated.begin(), repeated.end());
  Count* const seen = clock(event);  // written by order() afterwards
  std::copy_n(seen + width_, width_, seen);
  for (const Index candidate : candidates_) {
    const Event& first = events_[candidate];
    if (seen[first.thread] >= first.ordinal) continue;
    races_.push_back({candidate, event});
    join(seen, clock(candidate));
  }
}

/// What waits until it is possible cannot go before what made it possible, but perhaps before what made it
/// impossible: a lock does not race with the unlock before it, but with the lock before that. Once its time
/// is over, it need not wait.
void Trace::find_conditional_candidates(Index event) {
  candidates_.clear();
  for (const Access& access : events_[event].accesses) {
    Latest latest = latest_[object_of(access.object)];
    for (;;) {
      if (access.write) {
        for (Index read = latest.read; read != none; read = touches_[read].previous.read)
          candidates_.push_back(touches_[read].event);
      }
      if (latest.write == none) break;
      const Index write = touches_[latest.write].event;
      candidates_.push_back(write);
      if (announced_after(write, event)) break;
      if (events_[write].conditional && !events_[write].releases) break;
      latest = touches_[latest.write].previous;
    }
  }
  std::ranges::sort(candidates_, std::greater<>{});
  const auto repeated = std::ranges::unique(candidates_);
  candidates_.erase(repeated.begin(), repeated.end());
  const auto possible_before = [&](const Event& first) {
    if (!first.releases) return true;
    return events_[event].late && !time_.empty() && time_[first.thread] < first.ordinal;
  };
  for (const Index candidate : candidates_) {
    if (possible_before(events_[candidate]) && !announced_after(candidate, event))
      races_.push_back({candidate, event});
  }
}

}  // namespace lockstep::sim
