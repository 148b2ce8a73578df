// The interface between an execution and whatever chooses its interleaving.
//
// An execution asks its explorer at every step which thread goes next, and tells it what each
// enabled thread is about to do. An explorer never looks inside a primitive.
#pragma once

#include <lockstep/sim/operation.hpp>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <vector>

namespace lockstep::sim {

class Execution;
class Graphs;

/// One choice that an execution made. The list of them is the execution.
struct Decision {
  /// What was chosen.
  enum class Kind : std::uint8_t {
    schedule,  ///< which of several enabled threads goes next
    outcome,   ///< which of several results a step has: the waiter that is woken, ...
  };

  /// In place of `chosen`, in a list to be replayed: whatever the default is.
  static constexpr std::uint8_t by_default = 255;

  Kind kind = Kind::schedule;  ///< what was chosen
  std::uint8_t chosen = 0;     ///< the thread's ordinal, or the number of the outcome
  std::uint8_t fallback = 0;   ///< what the default would have been: stay on the running thread; outcome 0

  friend bool operator==(const Decision&, const Decision&) = default;
};

/// A point at which something is to be chosen.
struct Choice {
  Decision::Kind kind = Decision::Kind::schedule;  ///< what is to be chosen
  ThreadSet enabled = 0;                           ///< schedule: the threads that may go next, at least one
  unsigned outcomes = 0;                           ///< outcome: how many there are; they are numbered from 0
  unsigned running = 0;   ///< the thread that made the last step, or whose step has several outcomes
  unsigned fallback = 0;  ///< the default choice
  bool yielded = false;   ///< the running thread asked for others to go first
  const Execution* execution = nullptr;  ///< that asks; for `next`

  /// What an enabled thread will do if it is chosen.
  [[nodiscard]] const Operation& next(unsigned thread) const;
};

/// How an execution ended, for its explorer.
struct Ending {
  bool failed = false;      ///< it ended in a finding
  bool pruned = false;      ///< the explorer gave it up
  bool rested = false;      ///< a thread that waits in a loop that yields let others go first
  bool timely = false;      ///< a wait with a time limit could have been over although others could go on
  std::uint64_t steps = 0;  ///< how long it was
};

/// Chooses interleavings, one execution after the other.
class Explorer {
 public:
  /// Returned by `choose`: this execution is like another one. It runs on, and is asked about, but does not
  /// count.
  static constexpr unsigned prune = std::numeric_limits<unsigned>::max();
  /// Returned by `choose`: the decisions that led here once led elsewhere, so the test is not deterministic.
  static constexpr unsigned diverged = prune - 1;

  Explorer() = default;
  virtual ~Explorer() = default;
  Explorer& operator=(const Explorer&) = delete;

  /// Begins another execution, or returns false if there is none.
  virtual bool begin() = 0;
  /// Answers a choice: a thread's ordinal or the number of an outcome. Called at every step,
  /// also where only one thread is enabled. Must not use any simulated primitive.
  virtual unsigned choose(const Choice& choice) = 0;
  /// What `thread` does next was made possible by a step: that of the schedule choice number `step`, from 0.
  virtual void follows(unsigned /*thread*/, std::size_t /*step*/) {}
  /// What `thread` does next comes after all that `other` has done: it was started by it, or joins it.
  virtual void joins(unsigned /*thread*/, unsigned /*other*/) {}
  /// Nobody could run, so time passes, although the threads `pending` are about to do something.
  virtual void time_passes(const Execution& /*execution*/, ThreadSet /*pending*/) {}
  /// What `thread` does next was made possible by that.
  virtual void times_out(unsigned /*thread*/) {}
  /// The execution stops although the threads `pending` are about to do something: they wait for ever,
  /// or something has `failed`.
  virtual void stops(const Execution& /*execution*/, ThreadSet /*pending*/, bool /*failed*/) {}
  /// The execution is over. Returns false if it turned out to be like an earlier one, and does not count.
  virtual bool end(const Ending& ending) { return !ending.pruned; }
  /// True if there is nothing left to explore.
  [[nodiscard]] virtual bool complete() const noexcept { return false; }

  /// How many executions are known to be left, between two of them; more may turn up. 0 if that is not known.
  [[nodiscard]] virtual std::uint64_t left() const { return 0; }
  /// Hands over part of what is left to explore, for another thread to do at the same time; null if there is
  /// too little. Between executions. Together they explore what this one would have; each is used by one
  /// thread at a time.
  [[nodiscard]] virtual std::unique_ptr<Explorer> split() { return nullptr; }
  /// The same, if it builds execution graphs.
  [[nodiscard]] virtual Graphs* graphs() noexcept { return nullptr; }
  /// The number of the present execution among those that a seed draws, from 1; 0 where they have no order.
  [[nodiscard]] virtual std::uint64_t number() const noexcept { return 0; }

 protected:
  /// For those that can be split by being copied.
  Explorer(const Explorer&) = default;
};

}  // namespace lockstep::sim
