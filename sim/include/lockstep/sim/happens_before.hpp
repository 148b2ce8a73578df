// Happens-before as C++20 defines it, by vector clocks; and races on plain variables by it.
//
// Interleavings are sequentially consistent, but what orders two accesses to a plain variable is only what
// the code wrote down: the order within a thread, starting and joining, locks, and atomics by their memory
// orders. A flag that is stored and loaded relaxed passes a value here, as on any machine, and orders
// nothing.
//
// Sources: ISO C++20, [intro.races], [atomics.order], [atomics.fences] (release sequences as of P0982: the
// head and the read-modify-writes after it). Flanagan & Freund, "FastTrack: Efficient and Precise Dynamic
// Race Detection", PLDI 2009, for comparing an access with the last ones only.
#pragma once

#include <lockstep/sim/operation.hpp>
#include <lockstep/sim/source_location.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <optional>
#include <unordered_map>
#include <vector>

namespace lockstep::sim::detail {

/// True if a load of that order acquires.
[[nodiscard]] constexpr bool acquires(std::memory_order order) noexcept {
  return order != std::memory_order_relaxed && order != std::memory_order_release;
}
/// True if a store of that order releases.
[[nodiscard]] constexpr bool releases(std::memory_order order) noexcept {
  return order == std::memory_order_release || order == std::memory_order_acq_rel ||
         order == std::memory_order_seq_cst;
}

/// How an access to a plain variable touches it.
enum class Touching : std::uint8_t {
  read,          ///< looks at it
  atomic_read,   ///< looks at it by an atomic_ref
  atomic_write,  ///< changes it by an atomic_ref
  write,         ///< changes it
  begin,         ///< makes it
  end,           ///< destroys it
};

/// One access to a plain variable.
struct Touch {
  unsigned thread = 0;
  std::uint32_t tick = 0;  ///< of that thread; 0: there was none
  Touching how = Touching::read;
  source_location where = {};
};

/// A second thing that an object orders, apart from the first.
[[nodiscard]] inline ObjectId other_side(ObjectId object) noexcept {
  return {object.value ^ (std::uint64_t{1} << 60U)};
}

/// Two accesses of which at least one writes, and neither happens before the other.
struct Race {
  Touch before;  ///< in this execution
  Touch now;
};

/// How far each thread had come.
class Clock {
 public:
  [[nodiscard]] std::uint32_t& operator[](unsigned thread) noexcept { return ticks_[thread]; }
  [[nodiscard]] std::uint32_t operator[](unsigned thread) const noexcept { return ticks_[thread]; }
  /// Includes what `other` includes.
  void join(const Clock& other) noexcept {
    for (unsigned i = 0; i != max_threads; ++i) ticks_[i] = std::max(ticks_[i], other.ticks_[i]);
  }

 private:
  std::array<std::uint32_t, max_threads> ticks_{};
};

/// The happens-before relation of one execution after another, from the first plain variable on. What
/// was before it can order none of its accesses.
class HappensBefore {
 public:
  /// Another execution begins, of which nothing is known.
  void reset() noexcept { ++run_; }
  /// Follows from here on, with so many threads.
  void follow(unsigned threads);

  /// A thread starts another one.
  void start(unsigned thread, unsigned started);
  /// A thread has waited for the end of another one.
  void join(unsigned thread, unsigned joined) { threads_[thread].now.join(threads_[joined].now); }

  /// What the thread did happens before whatever acquires the object from here on.
  void release(unsigned thread, ObjectId object);
  /// What was released to the object so far is not acquired by anybody any more.
  void forget(ObjectId object) { released(object) = {}; }
  /// What was released to the object happens before what the thread does next.
  void acquire(unsigned thread, ObjectId object);

  /// An atomic load, by its memory order.
  void load(unsigned thread, ObjectId atomic, std::memory_order order) {
    load(thread, released(atomic), order);
  }
  /// Likewise, of a store that released this.
  void load(unsigned thread, const Clock& message, std::memory_order order);
  /// What a store by the thread releases now.
  [[nodiscard]] Clock message(unsigned thread, std::memory_order order);
  /// An atomic store: the head of a new release sequence, or of none.
  void store(unsigned thread, ObjectId atomic, std::memory_order order);
  /// An atomic read-modify-write is a load, and then this: it continues the release sequence.
  void extend(unsigned thread, ObjectId atomic, std::memory_order order);
  /// A fence.
  void fence(unsigned thread, std::memory_order order);

  /// An access to a plain variable, and the race that it makes.
  [[nodiscard]] std::optional<Race> touch(unsigned thread, ObjectId variable, Touching how,
                                          const source_location& where);

 private:
  struct Thread {
    Clock now;
    Clock read;      ///< what a later acquire fence will order before what follows it
    Clock released;  ///< as of the latest release fence
  };
  /// Kept from one execution to the next, because objects have the same identities there.
  struct Released {
    std::uint64_t run = 0;
    Clock clock;
  };
  struct Variable {
    std::uint64_t run = 0;
    std::vector<Touch> touches;  ///< without those that later ones stand for
  };

  Clock& released(ObjectId object);
  void tick(unsigned thread) { ++threads_[thread].now[thread]; }

  std::uint64_t run_ = 1;
  std::vector<Thread> threads_;
  std::unordered_map<ObjectId, Released> objects_;
  std::unordered_map<ObjectId, Variable> variables_;
};

}  // namespace lockstep::sim::detail
