// Every interleaving that differs, once: depth-first search with sleep sets.
//
// Two interleavings that differ only in the order of steps that do not conflict are the same
// Mazurkiewicz trace. When a step has been explored at a point, it goes to sleep there: while later
// alternatives take only steps that do not conflict with it, taking it would lead to a trace that was
// seen. It wakes when a step conflicts with it. So no two complete executions are of the same trace, and
// none is missed; but some executions end where all that could go on is asleep.
// Source: Godefroid, "Partial-Order Methods for the Verification of Concurrent Systems", LNCS 1032, 1996.
#pragma once

#include <lockstep/sim/explorer.hpp>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace lockstep::sim {

/// Explores each trace once, by the simplest method that does: the oracle of the tests.
class SleepSets final : public Explorer {
 public:
  bool begin() override;
  unsigned choose(const Choice& choice) override;

  /// True once there is nothing left to explore.
  [[nodiscard]] bool complete() const noexcept override { return complete_; }

 private:
  /// A point of the current path with more than one way on.
  struct Point {
    Decision::Kind kind = Decision::Kind::schedule;
    unsigned chosen = 0;
    ThreadSet enabled = 0;   ///< schedule: to check that a replayed prefix leads to the same point
    ThreadSet asleep = 0;    ///< schedule: when the point was reached
    ThreadSet explored = 0;  ///< schedule: finished alternatives, not the present one
    unsigned outcomes = 0;
    std::uint64_t signature = 0;  ///< of the chosen step
  };

  unsigned replay(const Choice& choice);
  unsigned extend(const Choice& choice);
  bool advance(Point& point);
  void wake_conflicting(const Choice& choice, unsigned chosen);

  std::vector<Point> path_;
  std::size_t depth_ = 0;  ///< how far the current execution has followed the path
  ThreadSet asleep_ = 0;
  bool started_ = false;
  bool pruned_ = false;
  bool complete_ = false;
};

}  // namespace lockstep::sim
