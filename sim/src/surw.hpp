// Selectively uniform random walk: interleavings of the steps that matter are drawn evenly, however long the
// threads are. A thread is drawn by how many such steps it has still to make, and nobody else makes one
// before it has made its next; all other steps go in random order.
//
// Two threads with m and n steps have (m + n)! / (m! n!) interleavings. Of those that are left, m / (m + n)
// begin with a step of the first thread: drawn so at every step, each is as likely as any other.
//
// Source: Zhao, Wolff, Mathur & Roychoudhury, "Selectively Uniform Concurrency Testing", ASPLOS 2025.
#pragma once

#include "drawn.hpp"
#include "step_priorities.hpp"

#include <array>
#include <cstdint>
#include <unordered_map>
#include <vector>

namespace lockstep::sim {

/// The first execution draws steps, and counts the steps of each. Each later one is drawn from
/// the seed, its number and these counts: a coin says whether all steps on objects that several threads share
/// matter, or those on one such object, drawn as well.
class Surw final : public Drawn {
 public:
  explicit Surw(std::uint64_t seed) : Drawn{seed} {}

  unsigned choose(const Choice& choice) override;
  void joins(unsigned thread, unsigned other) override;
  bool end(const Ending& ending) override;
  [[nodiscard]] std::unique_ptr<Explorer> split() override { return std::make_unique<Surw>(*this); }

 private:
  using Counts = std::array<std::uint32_t, max_threads>;  ///< of steps, by thread
  struct Touched {
    ThreadSet by = 0;
    bool written = false;
    Counts steps{};
  };
  struct Counted {
    unsigned thread;
    std::vector<ObjectId> objects;
  };

  void prepare() override;
  void count(unsigned thread, Footprint footprint);
  void know_what_is_shared();
  [[nodiscard]] bool matters(Footprint footprint) const;
  [[nodiscard]] unsigned drawn_by_weight(ThreadSet among);

  // Known from the first execution on.
  std::unordered_map<ObjectId, Touched> touched_;  ///< in the end only what is shared
  std::vector<ObjectId> shared_;                   ///< in their order
  std::vector<Counted> steps_;                     ///< of the first execution, while it runs
  Counts all_{};                                   ///< of the steps on anything shared
  std::array<unsigned, max_threads> started_by_{};

  // Of one execution.
  ObjectId only_{};  ///< the object that matters; none: all that are shared
  Counts left_{};    ///< how many steps that matter each thread has still to make, with those it will start
  ThreadSet seen_ = 0;  ///< the threads that were started
  ThreadSet held_ = 0;  ///< the threads whose next step matters, and has to wait for that of `intended_`
  unsigned intended_ = max_threads;  ///< whose step that matters comes next; none: not drawn yet
  StepPriorities priorities_;
};

}  // namespace lockstep::sim
