// Every interleaving that differs, once, and nothing else: optimal dynamic partial-order reduction.
//
// Two interleavings that differ only in the order of steps that do not conflict are the same Mazurkiewicz
// trace. An execution is run to its end; each race in it shows another trace, in which the second step
// comes first. Unless an execution equivalent to that one has been, or is going to be, explored, the steps
// that lead to it are kept as a branch of the wakeup tree at the point before the race. Steps that have been
// explored at a point sleep there until a step conflicts with them, and no branch begins with one that
// sleeps: so no trace is missed, none comes twice, and no execution ends where all that could go on sleeps.
//
// Source: Abdulla, Aronis, Jonsson & Sagonas, "Source Sets: A Foundation for Optimal Dynamic Partial Order
// Reduction", Journal of the ACM 64(4), 2017.
// Not from there: steps that wait until they are possible. A lock races with the lock before it, not with the
// unlock between them. Of other steps that wait (semaphores, steps of storages) it is tried whether they
// could have come first; if not, that attempt ends at once, and counts as a blocked execution.
#pragma once

#include <lockstep/sim/explorer.hpp>

#include "trace.hpp"
#include "wakeup_tree.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace lockstep::sim {

/// Explores each trace once. The test is executed from its start for every one.
class Exhaustive final : public Explorer {
 public:
  bool begin() override;
  unsigned choose(const Choice& choice) override;
  void follows(unsigned thread, std::size_t step) override;
  void joins(unsigned thread, unsigned other) override;
  void time_passes() override { trace_.time_passes(); }
  void times_out(unsigned thread) override { trace_.times_out(thread); }
  void stops(const Execution& execution, ThreadSet pending, bool failed) override;
  void end(const Ending& ending) override;

  /// True once there is nothing left to explore.
  [[nodiscard]] bool complete() const noexcept { return complete_; }

 private:
  /// A step that has been explored at a point.
  struct Sleeper {
    unsigned thread;
    Accesses accesses;
  };

  /// A point of the current path.
  struct Point {
    Decision::Kind kind = Decision::Kind::schedule;
    unsigned chosen = 0;
    // Which thread goes next:
    ThreadSet enabled = 0;  ///< to check that a replayed prefix leads to the same point
    std::size_t event = 0;
    std::uint64_t signature = 0;     ///< of the chosen step; 0 if another one is to be chosen
    std::uint64_t executions = 0;    ///< completed when the present alternative began
    std::vector<Sleeper> sleepers;   ///< with those explored here
    WakeupNode* branches = nullptr;  ///< the first is the present one
    // Which outcome a step has:
    unsigned outcomes = 0;
    std::size_t ordinal = 0;  ///< the how manieth decision inside of the step, from 0
    unsigned first = 0;       ///< the outcome that was tried first
  };

  bool advance(Point& point);
  bool advance_outcome(Point& point) const;
  unsigned choose_thread(const Choice& choice);
  unsigned choose_outcome(const Choice& choice);
  unsigned replay(const Choice& choice, Point& point);
  unsigned extend(const Choice& choice);
  unsigned start(const Choice& choice, Point& point);
  void inherit_sleepers(Point& point);
  [[nodiscard]] unsigned pick(const Choice& choice, const Point& point) const;
  Point& push();
  void pop();
  void reverse(std::size_t race);
  void insert_unless_asleep(Point& point);

  std::vector<Point> path_;
  std::size_t length_ = 0;  ///< of the path
  std::size_t depth_ = 0;   ///< how far the current execution has followed it
  std::vector<std::size_t> point_of_event_;
  Trace trace_;
  WakeupNodes nodes_;
  Reversal reversal_;
  WakeupNode* guide_ = nullptr;        ///< where to go from here; the first of several
  std::vector<std::uint8_t> decided_;  ///< the outcomes that the present step is to have
  std::uint64_t executions_ = 0;
  bool complete_ = false;
};

}  // namespace lockstep::sim
