// The steps of one execution in their happens-before order, and the races among them.
//
// A step happens before another if it comes first and they conflict, or belong to one thread, or one makes
// the other possible (starting, joining, notifying), or another step stands between them so. Two steps race
// if they conflict and nothing stands between: then another execution may have them in the other order.
// Vector clocks tell the order: the k-th step of a thread happens before whatever has at least k in that
// thread's place.
//
// What a thread waits to do when the execution ends, or when time passes, is no step, but it races as well:
// in another execution it might have come first.
//
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

/// In place of what a step touches: it conflicts with all others.
inline constexpr Access everything{.object = {~std::uint64_t{0}}, .write = true};
/// True if two steps cannot change places.
[[nodiscard]] bool dependent(const Accesses& left, const Accesses& right) noexcept;

/// A step, or what a thread is about to do.
struct Event {
  using Count = std::uint32_t;

  unsigned thread = 0;
  Count ordinal = 0;  ///< the how manieth of its thread, from 1
  Accesses accesses;
  Accesses widest;                     ///< at another moment, if that may be others
  std::vector<std::uint8_t> outcomes;  ///< what was decided inside of it
  std::uint64_t sees = Operation::unknown;
  std::uint64_t writes_if = Operation::unknown;
  Waits waits =
      Waits::for_nothing;  ///< once its time is over it need not wait: it may go at any moment since
  bool varies = false;     ///< what it touches depends on when it runs
  bool timed_out = false;  ///< it was possible only because its time was over
  bool last = false;       ///< the execution failed in it, so it conflicts with everything
};

/// One execution. It grows at its end, and shrinks there when another execution shares only its beginning.
class Trace {
 public:
  using Index = std::uint32_t;
  using Count = Event::Count;

  /// `second` might come before `first`.
  struct Race {
    Index first = 0;
    Index second = 0;        ///< an event, or the number of one that is pending
    bool pending = false;    ///< the second is pending
    bool any_place = false;  ///< nobody can tell whether it can come before the first: all is to be tried
    bool settled = false;    ///< for its user
  };

  /// Begins another execution, which has the first `events` of the present one.
  void begin(std::size_t events);
  /// The next of the events that both executions have.
  void repeat();
  /// A new event, which may race with earlier ones.
  void append(unsigned thread, const Operation& operation, Instant now);
  /// What a thread is about to do at this moment.
  void append_pending(unsigned thread, const Operation& operation, Instant now);
  /// The latest event has failed.
  void fails();

  /// What `thread` does next comes after the event `event`, or after all that `other` has done.
  void follows(unsigned thread, std::size_t event);
  void joins(unsigned thread, unsigned other);
  /// Time passes, after everything that has happened; what `thread` does next comes after that.
  void time_passes();
  void times_out(unsigned thread);

  /// A number for an event and all that happens before it, the same in all interleavings of a trace.
  [[nodiscard]] std::uint64_t digest(std::size_t event) const noexcept;

  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  /// True while the present execution repeats the events of the one before.
  [[nodiscard]] bool repeating() const noexcept { return repeated_ < size_; }
  [[nodiscard]] Event& operator[](std::size_t index) noexcept { return events_[index]; }
  [[nodiscard]] const Event& operator[](std::size_t index) const noexcept { return events_[index]; }
  /// The second event of a race.
  [[nodiscard]] const Event& second(const Race& race) const noexcept {
    return race.pending ? pending_[race.second].event : events_[race.second];
  }
  /// All executions that have the race have the same events before this one.
  [[nodiscard]] Index known_before(const Race& race) const noexcept {
    return race.pending ? pending_[race.second].events : race.second;
  }
  /// True if the event `first` happens before the later event `second`, or is the same.
  [[nodiscard]] bool ordered(Index first, Index second) const noexcept {
    return clock(second)[events_[first].thread] >= events_[first].ordinal;
  }
  /// True if the event happens before the second one of `race` was announced: by that one's own thread, not
  /// by its conflicts.
  [[nodiscard]] bool announced_after(Index event, const Race& race) const noexcept {
    const Count* const announced =
        race.pending ? pending_[race.second].announced.data() : before(race.second);
    return announced[events_[event].thread] >= events_[event].ordinal;
  }
  /// All races, in the order of their second events. Those whose second event belongs to the next execution
  /// as well stay until they are settled.
  [[nodiscard]] std::vector<Race>& races() noexcept { return races_; }

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
  /// What a thread was about to do, when `events` had happened.
  struct Pending {
    Event event;
    std::vector<Count> announced;
    Index events;
  };

  void reserve_threads(unsigned thread);
  [[nodiscard]] const Count* clock(Index event) const noexcept { return &clocks_[2 * event * width_]; }
  [[nodiscard]] const Count* before(Index event) const noexcept { return clock(event) + width_; }
  [[nodiscard]] Count* clock(Index event) noexcept { return &clocks_[2 * event * width_]; }
  [[nodiscard]] Count* now(unsigned thread) noexcept { return &now_[thread * width_]; }
  void join(Count* clock, const Count* other) const noexcept;
  [[nodiscard]] std::uint32_t object_of(ObjectId id);
  static void describe(Event& event, unsigned thread, const Operation& operation, Instant now);
  void touch(Index event);
  void order(Index event);
  void find_races(const Event& event, const Count* announced, Race race);
  void find_latest(const Accesses& accesses);
  [[nodiscard]] bool find_where_available(const Event& event, const Count* announced);
  void find_all(const Accesses& accesses, const Count* announced);

  std::size_t width_ = 0;  ///< of a clock: more than there are threads
  std::vector<Event> events_;
  std::size_t size_ = 0;
  std::size_t repeated_ = 0;
  std::vector<Count> clocks_;  ///< two of each event: as it happened, and as it was announced
  std::vector<Count> now_;     ///< of each thread
  std::vector<Count> time_;    ///< when time last passed; empty before
  std::vector<Pending> pending_;
  std::unordered_map<ObjectId, std::uint32_t> objects_;
  std::vector<Latest> latest_;
  std::vector<Touch> touches_;
  std::vector<Race> races_;
  std::vector<Index> candidates_;
  std::vector<Count> seen_;
};

}  // namespace lockstep::sim
