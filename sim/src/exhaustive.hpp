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
//
// Several threads share the work. What has been explored from a point, and what is still to be, is kept in
// its ledger; the points that lead to where one thread has handed over a branch to another are shared by
// both. A step counts as explored from the moment somebody takes it. What begins with a step that sleeps is
// left out because the races after that step have shown what else there is; so a branch is only taken while
// others are still busy if its step conflicts with each of theirs, and none of those sleeps.
#pragma once

#include <lockstep/sim/explorer.hpp>

#include "trace.hpp"
#include "wakeup_tree.hpp"

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

namespace lockstep::sim {

class CheckpointReader;
class CheckpointWriter;

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
  [[nodiscard]] std::uint64_t left() const override;
  [[nodiscard]] std::unique_ptr<Explorer> split() override;

  [[nodiscard]] bool complete() const noexcept override { return complete_; }

  /// What several explorers that share the work still have to do. Between their executions.
  static void save(const std::vector<const Exhaustive*>& explorers, CheckpointWriter& to);
  /// As many explorers that go on from there.
  [[nodiscard]] static std::vector<std::unique_ptr<Explorer>> load(CheckpointReader& from);

 private:
  /// A step that has been explored at a point.
  struct Sleeper {
    unsigned thread = 0;
    Accesses accesses = {};
    unsigned busy = 0;  ///< how many explorers are beyond it, if they share the point
  };

  /// What has been explored from a point, and what is still to be.
  struct Ledger {
    std::vector<Sleeper> sleepers;   ///< with those explored from here, and the present one
    WakeupNode* branches = nullptr;  ///< still to be explored
    bool expanded = false;           ///< all enabled threads are among those
    bool loose = false;              ///< inherited sleepers tell nothing: see `loosen`
    unsigned outcome = 0;            ///< the latest that was taken, where an outcome is chosen
  };
  /// The ledger of a point that several threads come back to.
  struct SharedLedger : Ledger {
    bool taking = false;  ///< somebody is on the way to a branch, and has not yet seen what its step does
  };
  /// What the threads of one exploration have in common.
  struct Common {
    std::mutex mutex;               ///< guards the shared ledgers
    std::condition_variable taken;  ///< one of them is no longer `taking`
    WakeupNodes nodes;              ///< of their branches
  };

  /// A point of the current path.
  struct Point {
    Decision::Kind kind = Decision::Kind::schedule;
    unsigned chosen = 0;
    std::size_t event = 0;  ///< the step that is chosen here, or the one after that whose outcome is chosen
    Ledger own;             ///< or a copy of what of the shared one led to the present step
    std::shared_ptr<SharedLedger> shared;  ///< in its place
    // Which thread goes next:
    ThreadSet enabled = 0;        ///< to check that a replayed prefix leads to the same point
    std::uint64_t signature = 0;  ///< of the chosen step; 0 if another one is to be chosen
    std::size_t inherited = 0;    ///< how many sleepers were explored before, at an earlier point
    std::size_t asleep = 0;       ///< how many sleep while the present one is explored
    bool passed = false;          ///< it is shared, and this explorer is beyond the present step
    // Which outcome a step has:
    unsigned outcomes = 0;
    std::size_t ordinal = 0;  ///< the how manieth decision inside of the step, from 0
    unsigned first = 0;       ///< the outcome that was tried first
  };

  /// A ledger, which nobody else looks at as long as this exists.
  struct Held {
    Ledger& ledger;
    WakeupNodes& nodes;
    std::unique_lock<std::mutex> lock;
    Ledger* operator->() const noexcept { return &ledger; }
  };

  /// What is still to be explored from a point.
  struct Left {
    unsigned alternatives = 0;  ///< one, or more
    bool free = false;          ///< the next of them may be taken by somebody else
  };

  [[nodiscard]] Held hold(Point& point);
  [[nodiscard]] bool advance(Point& point);
  void leave(Point& point, Held& held);
  void release();
  [[nodiscard]] static bool may_be_taken(const WakeupNode& branch, const Accesses& accesses,
                                         const Held& held);
  void share(Point& point);
  [[nodiscard]] Left left_at(Point& point);
  unsigned choose_thread(const Choice& choice);
  unsigned choose_outcome(const Choice& choice);
  unsigned replay(const Choice& choice, Point& point);
  unsigned extend(const Choice& choice);
  unsigned start(const Choice& choice, Point& point);
  unsigned follow_a_branch(const Choice& choice, const Point& point, Held& held);
  void append(const Choice& choice, unsigned chosen, std::size_t point);
  void inherit_sleepers(Point& point);
  [[nodiscard]] static unsigned pick(const Choice& choice, const Ledger& ledger);
  [[nodiscard]] Point* point_of(std::size_t event);
  Point& push();
  void pop();
  void reverse(Trace::Race& race);
  [[nodiscard]] Reversal::Begins covers(const Ledger& ledger) const;
  static void expand(const Point& point, Held& held);
  void append_pending(const Execution& execution, ThreadSet pending);
  void loosen();
  static void save(const Ledger& ledger, CheckpointWriter& to);
  static void load(Ledger& ledger, CheckpointReader& from, WakeupNodes& nodes);

  std::shared_ptr<Common> common_ = std::make_shared<Common>();
  std::shared_ptr<SharedLedger> claimed_;  ///< whose next branch is on its way
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
