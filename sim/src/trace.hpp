// The steps of one execution in their happens-before order, and the races among them.
//
// A step happens before another if it comes first and they conflict, or belong to one thread, or one makes
// the other possible (starting, joining, notifying), or another step stands between them so. Two steps race
// if they conflict and nothing stands between: then another execution may have them in the other order.
// Vector clocks tell the order: the k-th step of a thread happens before whatever has at least k in that
// thread's place.
// Sources: Mattern, "Virtual Time and Global States of Distributed Systems", 1989; Flanagan & Godefroid,
// "Dynamic Partial-Order Reduction for Model Checking Software", POPL 2005.
#pragma once

#include <lockstep/sim/operation.hpp>

#include <boost/container/small_vector.hpp>

#include <cstddef>
#include <cstdint>
#include <unordered_map>
#include <vector>

namespace lockstep::sim {

using Accesses = boost::container::small_vector<Access, 2>;

/// One execution. It grows at its end, and shrinks there when another execution shares only its beginning.
class Trace {
 public:
  using Index = std::uint32_t;
  using Count = std::uint32_t;

  struct Event {
    unsigned thread = 0;
    Count ordinal = 0;  ///< the how manieth of its thread, from 1
    Accesses accesses;
    std::vector<std::uint8_t> outcomes;  ///< what was decided inside of it
    std::uint64_t sees = 0;              ///< see Operation
    std::uint64_t writes_if = 0;
    bool conditional = false;  ///< it had to wait until it was possible
    bool late = false;         ///< its time was over
    bool timed_out = false;    ///< and only therefore was it possible
    bool releases = false;     ///< see Operation::releases
  };

  /// `second` might come before `first`.
  struct Race {
    Index first = 0;
    Index second = 0;
  };

  /// Begins another execution, which has the first `events` of the present one.
  void begin(std::size_t events);
  /// The next of the events that both executions have.
  void repeat();
  /// A new event, which may race with earlier ones.
  void append(unsigned thread, const Operation& operation);
  /// Likewise an event that is about to happen, or waits for ever. Take it back with `drop`.
  void append_pending(unsigned thread, const Operation& operation);
  void drop();

  /// What `thread` does next comes after the event `event`, or after all that `other` has done.
  void follows(unsigned thread, std::size_t event);
  void joins(unsigned thread, unsigned other);
  /// Time passes, after everything that has happened; what `thread` does next comes after that.
  void time_passes();
  void times_out(unsigned thread);

  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] Event& operator[](std::size_t index) noexcept { return events_[index]; }
  [[nodiscard]] const Event& operator[](std::size_t index) const noexcept { return events_[index]; }
  /// True if the event `first` happens before the later event `second`, or is the same.
  [[nodiscard]] bool ordered(Index first, Index second) const noexcept {
    return clock(second)[events_[first].thread] >= events_[first].ordinal;
  }
  /// Likewise as `second` was announced: by its own thread, not by its conflicts.
  [[nodiscard]] bool announced_after(Index first, Index second) const noexcept {
    return before(second)[events_[first].thread] >= events_[first].ordinal;
  }
  /// The races whose second event is new, by the second and then by the first, later ones first.
  [[nodiscard]] const std::vector<Race>& races() const noexcept { return races_; }

 private:
  static constexpr Index none = ~Index{0};

  /// The latest accesses of an object.
  struct Latest {
    Index write = none;  ///< an access, as an index into `touches_`
    Index read = none;   ///< since that write
  };
  /// An access of an event, and what was the latest before it.
  struct Touch {
    Index event;
    std::uint32_t object;  ///< in `latest_`
    bool write;
    Latest previous;
  };

  void reserve_threads(unsigned thread);
  [[nodiscard]] const Count* clock(Index event) const noexcept { return &clocks_[2 * event * width_]; }
  [[nodiscard]] const Count* before(Index event) const noexcept { return clock(event) + width_; }
  [[nodiscard]] Count* clock(Index event) noexcept { return &clocks_[2 * event * width_]; }
  [[nodiscard]] Count* now(unsigned thread) noexcept { return &now_[thread * width_]; }
  void join(Count* clock, const Count* other) const noexcept;
  [[nodiscard]] std::uint32_t object_of(ObjectId id);
  Event& next_event(unsigned thread, const Operation& operation);
  void touch(Index event);
  void find_candidates(Index event);
  void find_conditional_candidates(Index event);
  void order(Index event);

  std::size_t width_ = 0;  ///< of a clock: more than there are threads
  std::vector<Event> events_;
  std::size_t size_ = 0;
  std::size_t repeated_ = 0;
  std::vector<Count> clocks_;  ///< two of each event: as it happened, and as it was announced
  std::vector<Count> now_;     ///< of each thread
  std::vector<Count> time_;    ///< when time last passed
  std::unordered_map<ObjectId, std::uint32_t> objects_;
  std::vector<Latest> latest_;
  std::vector<Touch> touches_;
  std::vector<Race> races_;
  std::vector<Index> candidates_;
};

}  // namespace lockstep::sim
