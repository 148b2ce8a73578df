// Every interleaving with few preemptions: most bugs need one or two.
//
// A preemption is a switch away from a thread that could have gone on. A depth-first search with a budget of
// them, over traces instead of interleavings: a trace that was reached before by the same last thread, with
// no more preemptions than now, is not gone on from. So each trace that has an interleaving within the budget
// is explored once. Unlike in unbounded exploration, what was reached is remembered, in a few bytes a point:
// there races do not tell what to explore, as the interleaving that reverses one may be over the budget.
//
// Sources: Musuvathi & Qadeer, "Iterative Context Bounding for Systematic Testing of Multithreaded Programs",
// PLDI 2007; why bounds and partial orders do not simply go together: Coons, Musuvathi & McKinley, "Bounded
// Partial-Order Reduction", OOPSLA 2013.
#pragma once

#include <lockstep/sim/explorer.hpp>

#include "trace.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace lockstep::sim {

/// Explores each trace that has an interleaving with at most so many preemptions once.
class Bounded final : public Explorer {
 public:
  explicit Bounded(unsigned preemptions) noexcept : most_{preemptions} {}

  bool begin() override;
  unsigned choose(const Choice& choice) override;
  void follows(unsigned thread, std::size_t step) override;
  void joins(unsigned thread, unsigned other) override;
  void time_passes(const Execution& execution, ThreadSet pending) override;
  void times_out(unsigned thread) override;
  bool end(const Ending& ending) override;
  [[nodiscard]] std::unique_ptr<Explorer> split() override;
  [[nodiscard]] bool complete() const noexcept override { return complete_; }

 private:
  static constexpr unsigned nobody = max_threads;

  /// Where an execution stands.
  struct Place {
    std::uint64_t trace = 0;   ///< a digest: the same for all interleavings of a trace
    unsigned thread = nobody;  ///< that made the last step
    unsigned preemptions = 0;
    unsigned outcomes = 0;  ///< decided inside of that step
  };
  /// A point of the current path.
  struct Point {
    Decision::Kind kind = Decision::Kind::schedule;
    ThreadSet left = 0;  ///< threads that are still to be tried
    unsigned next = 0;   ///< the first outcome that is still to be tried,
    unsigned end = 0;    ///< and the one after the last
    unsigned chosen = 0;
    std::size_t event = 0;  ///< how many there were
    ThreadSet enabled = 0;  ///< to check that a replayed prefix leads to the same point
    unsigned outcomes = 0;
    Place before;
    Place after;

    [[nodiscard]] bool done() const noexcept { return left == 0 && next == end; }
  };

  /// What has been reached, by all threads of one exploration: a part of it, by digest.
  struct Reached {
    std::mutex mutex;
    std::unordered_map<std::uint64_t, unsigned> preemptions;  ///< by trace and last thread
    std::unordered_set<std::uint64_t> ended;                  ///< whole traces
  };
  static constexpr std::size_t parts = 64;

  [[nodiscard]] Reached& reached(std::uint64_t digest) const { return (*reached_)[digest % parts]; }
  unsigned extend(const Choice& choice);
  unsigned go(const Choice& choice, Point& point);
  unsigned decide(Point& point);
  [[nodiscard]] bool reached_before(const Place& place);

  unsigned most_;
  std::vector<Point> path_;
  std::size_t depth_ = 0;  ///< how far the current execution has followed it
  Trace trace_;
  Place now_;
  std::shared_ptr<std::array<Reached, parts>> reached_ = std::make_shared<std::array<Reached, parts>>();
  bool started_ = false;
  bool in_vain_ = false;
  bool complete_ = false;
};

}  // namespace lockstep::sim
