// Steps in random order: each pending one has a priority, drawn when it is first seen, and the highest goes.
#pragma once

#include <lockstep/sim/operation.hpp>

#include "splitmix.hpp"
#include "thread_set.hpp"

#include <array>
#include <cstdint>

namespace lockstep::sim {

/// The priorities of the pending steps, by thread.
class StepPriorities {
 public:
  void clear() { drawn_.fill(0); }
  /// The next step of `thread` is another one, or shall be drawn anew.
  void forget(unsigned thread) { drawn_[thread] = 0; }
  /// Draws that of a thread that yields, below all that have not.
  void lower(unsigned thread, SplitMix& draw) { drawn_[thread] = 1 | draw() >> 1U; }
  /// The one with the highest. Precondition: there is one.
  [[nodiscard]] unsigned highest(ThreadSet among, SplitMix& draw) {
    constexpr std::uint64_t above = std::uint64_t{1} << 63U;
    unsigned best = max_threads;
    each(among, [&](unsigned thread) {
      if (drawn_[thread] == 0) drawn_[thread] = above | draw() >> 1U;
      if (best == max_threads || drawn_[thread] > drawn_[best]) best = thread;
    });
    return best;
  }

 private:
  std::array<std::uint64_t, max_threads> drawn_{};  ///< 0: not yet
};

}  // namespace lockstep::sim
