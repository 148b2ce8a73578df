// An execution as a graph: the events of each thread in program order, which write each read reads from, and
// the order of the writes to each location.
//
// A graph is consistent with RC11 if it is coherent, its read-modify-writes are atomic, its sequentially
// consistent events have a partial order that explains them, and nothing depends on itself.
//
// Source: Lahav, Vafeiadis, Kang, Hur & Dreyer, "Repairing Sequential Consistency in C/C++11", PLDI 2017;
// release sequences as of C++20 (P0982: the head and the read-modify-writes after it).
#pragma once

#include <lockstep/sim/happens_before.hpp>
#include <lockstep/sim/memory_model.hpp>
#include <lockstep/sim/operation.hpp>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace lockstep::sim {

/// An event of a graph: its number in the order in which events were added.
using Slot = std::uint32_t;
/// No event.
inline constexpr Slot nothing = ~Slot{0};
/// In place of a write: what a location holds at first.
inline constexpr Slot at_first = nothing - 1;

/// How many events something includes. A clock has two for each thread: how many of its events, and how many
/// are followed by something of it that is no event, orders what comes before it, and is included: it has
/// given back a primitive, started or ended a thread.
using Lane = std::uint16_t;
/// In which lane of a clock a thread's events are.
[[nodiscard]] constexpr std::size_t events_of(unsigned thread) noexcept { return std::size_t{thread} * 2; }
/// In which those are that such a thing follows.
[[nodiscard]] constexpr std::size_t given_by(unsigned thread) noexcept { return std::size_t{thread} * 2 + 1; }

/// One step of a thread, as far as others can see it.
struct GraphEvent {
  enum class Kind : std::uint8_t {
    read,   ///< of an atomic, or of what a primitive holds
    write,  ///< likewise
    fence,
    choice,  ///< of one of several outcomes
  };

  Kind kind = Kind::read;
  std::memory_order order = std::memory_order_relaxed;
  std::memory_order otherwise = std::memory_order_relaxed;  ///< read: its order if it were followed by a
                                                            ///< write, or were not, unlike now
  bool primitive = false;  ///< of what a primitive holds: it orders nothing by itself
  bool exclusive = false;  ///< read: a write by the same operation may follow; write: it does follow its read
  bool blocks = false;     ///< read, of a primitive: it found what others have to wait at
  bool loads_too = false;  ///< read, of a primitive: a read of an atomic follows in the same step
  std::uint8_t thread = 0;
  std::uint16_t index = 0;     ///< in its thread
  std::uint16_t location = 0;  ///< where it reads or writes
  Slot from = nothing;         ///< read: the write that it reads from; choice: the outcome
};

using detail::acquires;
using detail::releases;

/// An execution graph, as far as it has been built.
class Graph {
 public:
  /// What is known of one atomic, or one primitive.
  struct Location {
    ObjectId object;
    std::vector<Slot> writes;  ///< in modification order, without what is there at first
    std::vector<Slot> reads;
  };

  /// Forgets all.
  void clear();
  /// Becomes `whole` without the events that `kept` denies. What is kept depends on nothing that is not.
  template <class Kept>
  void restrict(const Graph& whole, const Kept& kept);

  [[nodiscard]] std::size_t size() const noexcept { return events_.size(); }
  [[nodiscard]] const GraphEvent& operator[](Slot slot) const noexcept { return events_[slot]; }
  [[nodiscard]] GraphEvent& operator[](Slot slot) noexcept { return events_[slot]; }
  /// The events of a thread, in program order.
  [[nodiscard]] const std::vector<Slot>& of(unsigned thread) const noexcept { return threads_[thread]; }
  [[nodiscard]] unsigned threads() const noexcept { return count_; }
  [[nodiscard]] unsigned locations() const noexcept { return location_count_; }
  [[nodiscard]] const Location& at(unsigned location) const noexcept { return locations_[location]; }
  /// The number of the object's location, which begins to be one if it was none.
  [[nodiscard]] unsigned location(ObjectId object);
  /// There are so many threads at least.
  void reserve(unsigned threads);

  /// Appends an event to its thread; a read is also put among those of its location.
  Slot add(GraphEvent event);
  /// Takes back the latest addition, which is not placed.
  void take_back();
  /// Puts a write into the modification order, so many places after what is there at first.
  void place(Slot write, std::size_t position);
  /// Takes that back.
  void displace(Slot write);
  /// The number of the place of `write` in its location's modification order, from 1; 0 for `at_first`.
  [[nodiscard]] std::size_t position(unsigned location, Slot write) const noexcept;

  // Clocks: how many events of each thread.

  /// So many lanes each clock has.
  [[nodiscard]] unsigned lanes() const noexcept { return lanes_; }
  /// The event and all that it depends on, by program order and by reading from.
  [[nodiscard]] Lane* needs(Slot slot) noexcept { return clock(slot, 0); }
  [[nodiscard]] const Lane* needs(Slot slot) const noexcept { return clock(slot, 0); }
  /// The event and all that happens before it.
  [[nodiscard]] Lane* after(Slot slot) noexcept { return clock(slot, 1); }
  [[nodiscard]] const Lane* after(Slot slot) const noexcept { return clock(slot, 1); }
  /// Of a write: what happens before a read that acquires it; if a primitive was taken by it, what was done
  /// until it was given back.
  [[nodiscard]] Lane* message(Slot slot) noexcept { return clock(slot, 2); }
  [[nodiscard]] const Lane* message(Slot slot) const noexcept { return clock(slot, 2); }
  /// Of a read: what happens before it, whatever it reads.
  [[nodiscard]] Lane* before_reading(Slot slot) noexcept { return clock(slot, 2); }
  [[nodiscard]] const Lane* before_reading(Slot slot) const noexcept { return clock(slot, 2); }
  /// Of a read: what it depends on, whatever it reads.
  [[nodiscard]] Lane* needs_to_read(Slot slot) noexcept { return clock(slot, 3); }
  [[nodiscard]] const Lane* needs_to_read(Slot slot) const noexcept { return clock(slot, 3); }
  /// What happens before the event's thread took a primitive, joined a thread or was started, the last time
  /// before the event.
  [[nodiscard]] Lane* taken(Slot slot) noexcept { return clock(slot, 4); }
  [[nodiscard]] const Lane* taken(Slot slot) const noexcept { return clock(slot, 4); }
  /// True if the clock includes the event.
  [[nodiscard]] bool includes(const Lane* clock, Slot slot) const noexcept {
    const GraphEvent& event = events_[slot];
    return clock[events_of(event.thread)] > event.index;
  }

  /// The first place in modification order that may be read, or after which may be written, by an event which
  /// `before` happens before: coherence.
  [[nodiscard]] std::size_t oldest(unsigned location, const Lane* before) const noexcept;

  /// True if `model` allows the graph, given that it is coherent and atomic, and nothing depends on itself.
  [[nodiscard]] bool consistent(MemoryModel model) const;
  /// False if the model has nothing to say about the graph besides coherence, if this event is the latest.
  [[nodiscard]] bool needs_a_check(MemoryModel model, const GraphEvent& event) const noexcept {
    return model == MemoryModel::sc || strong_fences_ || event.order == std::memory_order_seq_cst;
  }

 private:
  static constexpr unsigned clocks_per_event = 5;

  [[nodiscard]] Lane* clock(Slot slot, unsigned which) noexcept {
    return clocks_.data() + (std::size_t{slot} * clocks_per_event + which) * lanes_;
  }
  [[nodiscard]] const Lane* clock(Slot slot, unsigned which) const noexcept {
    return clocks_.data() + (std::size_t{slot} * clocks_per_event + which) * lanes_;
  }
  [[nodiscard]] bool sequentially_consistent() const;
  [[nodiscard]] bool partially_consistent() const;

  std::vector<GraphEvent> events_;
  std::vector<Lane> clocks_;
  std::vector<std::vector<Slot>> threads_;  ///< more than `count_` if there once were more
  std::vector<Location> locations_;         ///< likewise
  std::vector<Slot> renumbered_;            ///< for `restrict`
  unsigned count_ = 0;
  unsigned location_count_ = 0;
  unsigned lanes_ = 8;
  bool strong_fences_ = false;
};

template <class Kept>
void Graph::restrict(const Graph& whole, const Kept& kept) {
  clear();
  lanes_ = whole.lanes_;
  strong_fences_ = whole.strong_fences_;
  reserve(whole.count_);
  renumbered_.resize(whole.size());
  const std::size_t block = std::size_t{clocks_per_event} * lanes_;
  clocks_.resize(whole.size() * block);
  for (Slot slot = 0; slot != whole.size(); ++slot) {
    if (!kept(slot)) {
      renumbered_[slot] = nothing;
      continue;
    }
    const auto number = static_cast<Slot>(events_.size());
    renumbered_[slot] = number;
    events_.push_back(whole.events_[slot]);
    threads_[whole.events_[slot].thread].push_back(number);
    std::copy_n(whole.clocks_.data() + slot * block, block, clocks_.data() + number * block);
  }
  clocks_.resize(events_.size() * block);
  // A read that was revisited comes before the write that it reads from.
  for (GraphEvent& event : events_) {
    if (event.kind == GraphEvent::Kind::read && event.from < whole.size())
      event.from = renumbered_[event.from];
  }
  if (locations_.size() < whole.location_count_) locations_.resize(whole.location_count_);
  location_count_ = whole.location_count_;
  for (unsigned i = 0; i != location_count_; ++i) {
    const Location& from = whole.locations_[i];
    Location& to = locations_[i];
    to.object = from.object;
    to.writes.clear();
    to.reads.clear();
    for (const Slot slot : from.writes) {
      if (renumbered_[slot] != nothing) to.writes.push_back(renumbered_[slot]);
    }
    for (const Slot slot : from.reads) {
      if (renumbered_[slot] != nothing) to.reads.push_back(renumbered_[slot]);
    }
  }
}

}  // namespace lockstep::sim
