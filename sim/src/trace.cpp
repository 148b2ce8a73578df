#include "trace.hpp"

#include <algorithm>
#include <functional>

namespace lockstep::sim {

bool dependent(const Accesses& left, const Accesses& right) noexcept {
  const auto all = [](const Accesses& accesses) {
    return !accesses.empty() && accesses.front().object == everything.object;
  };
  return all(left) || all(right) || conflict(left, right);
}

void Trace::begin(std::size_t events) {
  size_ = events;
  repeated_ = 0;
  std::ranges::fill(now_, 0);
  time_.clear();
  while (!touches_.empty() && touches_.back().event >= events) {
    latest_[touches_.back().object] = touches_.back().previous;
    touches_.pop_back();
  }
  while (!pending_.empty() && pending_.back().events >= events) pending_.pop_back();
  std::erase_if(races_, [&](const Race& race) {
    return race.settled || race.second >= (race.pending ? pending_.size() : events);
  });
}

void Trace::repeat() {
  const auto event = static_cast<Index>(repeated_++);
  std::copy_n(clock(event), width_, now(events_[event].thread));
}

void Trace::append(unsigned thread, const Operation& operation, Instant now_is) {
  reserve_threads(thread);
  if (events_.size() == size_) events_.emplace_back();
  if (clocks_.size() < 2 * (size_ + 1) * width_) clocks_.resize(4 * (size_ + 1) * width_);
  const auto event = static_cast<Index>(size_++);
  ++repeated_;
  describe(events_[event], thread, operation, now_is);
  std::copy_n(now(thread), width_, clock(event) + width_);
  events_[event].ordinal = before(event)[thread] + 1;
  find_races(events_[event], before(event), {.second = event});
  order(event);
  touch(event);
  std::copy_n(clock(event), width_, now(thread));
}

void Trace::append_pending(unsigned thread, const Operation& operation, Instant now_is) {
  reserve_threads(thread);
  Pending& pending = pending_.emplace_back();
  pending.events = static_cast<Index>(size_);
  describe(pending.event, thread, operation, now_is);
  pending.announced.assign(now(thread), now(thread) + width_);
  pending.event.ordinal = pending.announced[thread] + 1;
  if (pending.event.waits == Waits::for_its_object) {
    for (Access& access : pending.event.accesses) access.write = true;  // what it waits to do
  }
  find_races(pending.event, pending.announced.data(),
             {.second = static_cast<Index>(pending_.size() - 1), .pending = true});
}

void Trace::fails() {
  const auto event = static_cast<Index>(size_ - 1);
  Event& failed = events_[event];
  if (failed.last) return;
  failed.last = true;
  failed.accesses.assign(1, everything);
  failed.widest.clear();
  failed.varies = false;
  ThreadSet seen = only(failed.thread);
  for (Index other = event; other-- != 0;) {
    const unsigned thread = events_[other].thread;
    if ((seen & only(thread)) != 0) continue;
    seen |= only(thread);
    if (ordered(other, event)) continue;
    races_.push_back({.first = other, .second = event});
    join(clock(event), clock(other));
  }
}

void Trace::describe(Event& event, unsigned thread, const Operation& operation, Instant now) {
  event.thread = thread;
  const Footprint footprint = operation.footprint();
  event.accesses.assign(footprint.begin(), footprint.end());
  event.outcomes.clear();
  event.sees = operation.sees();
  event.writes_if = operation.writes_if();
  event.waits = operation.waits();
  event.timed_out = event.last = false;
  if (operation.deadline() <= now && operation.readiness() == Readiness::conditional) {
    event.waits = Waits::for_more;
    event.timed_out = !operation.enabled();
  }
  const Footprint widest = operation.widest_footprint();  // the one before may share its memory
  event.varies = event.writes_if != Operation::unknown || !std::ranges::equal(event.accesses, widest);
  event.widest.clear();
  if (event.varies) event.widest.assign(widest.begin(), widest.end());
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

std::uint64_t Trace::digest(std::size_t event) const noexcept {
  const Count* const happened = clock(static_cast<Index>(event));
  std::uint64_t digest = events_[event].thread + 1;
  for (std::size_t i = 0; i != width_; ++i) {
    if (happened[i] == 0) continue;  // so that it does not depend on the width
    digest += (i + 1) * 0x9E3779B97F4A7C15U ^ (happened[i] * 0xD6E8FEB86659FD93U);
    digest = (digest ^ (digest >> 32U)) * 0xD6E8FEB86659FD93U;
  }
  return digest ^ (digest >> 32U);
}

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
  for (Pending& pending : pending_) pending.announced.resize(width, 0);
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

/// Adds the races of an event, or a pending one, of which `race` tells the second.
void Trace::find_races(const Event& event, const Count* announced, Race race) {
  candidates_.clear();
  race.any_place = event.waits == Waits::for_more;
  if (event.waits == Waits::for_nothing) {
    find_latest(event.accesses);
  } else if (!race.any_place) {
    race.any_place = !find_where_available(event, announced);
  }
  if (race.any_place) find_all(event.varies ? event.widest : event.accesses, announced);
  std::ranges::sort(candidates_, std::greater<>{});
  candidates_.erase(std::unique(candidates_.begin(), candidates_.end()), candidates_.end());
  seen_.assign(announced, announced + width_);
  for (const Index candidate : candidates_) {
    const Event& first = events_[candidate];
    if (seen_[first.thread] >= first.ordinal) continue;
    race.first = candidate;
    races_.push_back(race);
    if (!race.any_place) join(seen_.data(), clock(candidate));
  }
}

/// The latest events that conflict.
void Trace::find_latest(const Accesses& accesses) {
  for (const Access& access : accesses) {
    const Latest& latest = latest_[object_of(access.object)];
    if (latest.write != none) candidates_.push_back(touches_[latest.write].event);
    if (!access.write) continue;
    for (Index read = latest.read; read != none; read = touches_[read].previous.read)
      candidates_.push_back(touches_[read].event);
  }
}

/// What waits until an object is available cannot go before what made it so, but before what took it: a lock
/// does not race with the unlock before it, but with the lock before that. Returns false if it cannot tell.
bool Trace::find_where_available(const Event& event, const Count* announced) {
  const auto possible_before = [&](Index other) {
    if (events_[other].sees == event.writes_if) candidates_.push_back(other);
    return events_[other].sees == event.writes_if;
  };
  for (const Access& access : event.accesses) {
    for (Latest latest = latest_[object_of(access.object)];; latest = touches_[latest.write].previous) {
      for (Index read = latest.read; read != none; read = touches_[read].previous.read)
        possible_before(touches_[read].event);
      if (latest.write == none) break;
      const Index write = touches_[latest.write].event;
      if (events_[write].sees == Operation::unknown) return false;
      if (announced[events_[write].thread] >= events_[write].ordinal || possible_before(write)) break;
    }
  }
  return true;
}

/// All events that conflict and did not come before the announcement.
void Trace::find_all(const Accesses& accesses, const Count* announced) {
  candidates_.clear();
  for (const Access& access : accesses) {
    for (Latest latest = latest_[object_of(access.object)];; latest = touches_[latest.write].previous) {
      for (Index read = latest.read; access.write && read != none; read = touches_[read].previous.read)
        candidates_.push_back(touches_[read].event);
      if (latest.write == none) break;
      const Index write = touches_[latest.write].event;
      if (announced[events_[write].thread] >= events_[write].ordinal) break;
      candidates_.push_back(write);
    }
  }
}

}  // namespace lockstep::sim
