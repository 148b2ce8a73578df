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
// Reduction", Journal of the ACM 64(4), 2017. What is our own, for steps that wait and those whose footprints
// vary, and how we know it: docs/decisions/0008-optimal-exploration.md.
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
  void time_passes(const Execution& execution, ThreadSet pending) override;
  void times_out(unsigned thread) override;
  void stops(const Execution& execution, ThreadSet pending, bool failed) override;
  bool end(const Ending& ending) override;

  [[nodiscard]] bool complete() const noexcept override { return complete_; }

 private:
  /// A step that has been explored at a point.
  struct Sleeper {
    unsigned thread = 0;
    Accesses accesses = {};
  };

  /// A point of the current path.
  struct Point {
    Decision::Kind kind = Decision::Kind::schedule;
    unsigned chosen = 0;
    std::size_t event = 0;  ///< the step that is chosen here, or the one after that whose outcome is chosen
    // Which thread goes next:
    ThreadSet enabled = 0;           ///< to check that a replayed prefix leads to the same point
    std::uint64_t signature = 0;     ///< of the chosen step; 0 if another one is to be chosen
    std::vector<Sleeper> sleepers;   ///< with those explored here, and the present one
    std::size_t inherited = 0;       ///< how many of them were explored before, at an earlier point
    std::size_t asleep = 0;          ///< how many sleep while the present one is explored
    WakeupNode* branches = nullptr;  ///< still to be explored
    bool expanded = false;           ///< all enabled threads are among those
    bool loose = false;              ///< inherited sleepers tell nothing: see `loosen`
    // Which outcome a step has:
    unsigned outcomes = 0;
    std::size_t ordinal = 0;  ///< the how manieth decision inside of the step, from 0
    unsigned first = 0;       ///< the outcome that was tried first
  };

  [[nodiscard]] static bool advance(Point& point);
  unsigned choose_thread(const Choice& choice);
  unsigned choose_outcome(const Choice& choice);
  unsigned replay(const Choice& choice, Point& point);
  unsigned extend(const Choice& choice);
  unsigned start(const Choice& choice, Point& point);
  unsigned follow_a_branch(const Choice& choice, Point& point);
  void inherit_sleepers(Point& point);
  [[nodiscard]] static unsigned pick(const Choice& choice, const Point& point);
  [[nodiscard]] Point* point_of(std::size_t event);
  Point& push();
  void pop();
  void reverse(Trace::Race& race);
  [[nodiscard]] Reversal::Begins covers(const Point& point) const;
  void expand(Point& point);
  void append_pending(const Execution& execution, ThreadSet pending);
  void loosen();

  std::vector<Point> path_;
  std::size_t length_ = 0;           ///< of the path
  std::size_t depth_ = 0;            ///< how far the current execution has followed it
  std::vector<std::size_t> points_;  ///< of the events, by number
  Trace trace_;
  WakeupNodes nodes_;
  Reversal reversal_;
  WakeupNode* guide_ = nullptr;        ///< where to go from here; the first of several
  std::vector<std::uint8_t> decided_;  ///< the outcomes that the present step is to have
  bool started_ = false;
  bool in_vain_ = false;  ///< the present execution is like another one
  bool complete_ = false;
};

}  // namespace lockstep::sim
