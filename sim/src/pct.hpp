// Probabilistic concurrency testing: threads have random priorities, the highest enabled one runs,
// and at `depth` - 1 random steps the running thread falls behind all others.
//
// A bug that needs d ordering constraints, in a test of n threads and k steps, is found by one
// execution with probability 1 / (n k^(d-1)) at least.
// Source: Burckhardt, Kothari, Musuvathi & Nagarakatte, "A Randomized Scheduler with Probabilistic
// Guarantees of Finding Bugs", ASPLOS 2010.
#pragma once

#include "drawn.hpp"

#include <array>
#include <cstdint>
#include <vector>

namespace lockstep::sim {

/// The first execution runs by default choices and measures k. A thread that yields falls behind all
/// others too, or a loop that waits at high priority would never end.
class Pct final : public Drawn {
 public:
  Pct(std::uint64_t seed, unsigned depth) : Drawn{seed}, depth_{depth} {}

  unsigned choose(const Choice& choice) override;
  bool end(const Ending& ending) override;
  [[nodiscard]] std::unique_ptr<Explorer> split() override { return std::make_unique<Pct>(*this); }

 private:
  void prepare() override;
  std::uint64_t priority(unsigned thread);
  void lower(unsigned thread) { priorities_[thread] = --lowest_; }

  unsigned depth_;
  std::uint64_t length_ = 0;                             ///< k
  std::array<std::uint64_t, max_threads> priorities_{};  ///< 0: not drawn yet
  std::uint64_t lowest_ = 0;
  std::uint64_t step_ = 0;
  std::vector<std::uint64_t> changes_;  ///< the steps at which the running thread falls behind
};

}  // namespace lockstep::sim
