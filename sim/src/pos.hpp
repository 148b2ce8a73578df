// Partial order sampling: each pending step has a random priority, and the highest goes. What conflicts with
// it draws anew. So steps are drawn, not threads: how long the others are makes no difference to when a step
// comes, and traces are drawn far more evenly than by drawing a thread at every step.
//
// Source: Yuan, Yang & Gu, "Partial Order Aware Concurrency Sampling", CAV 2018.
#pragma once

#include <lockstep/sim/explorer.hpp>

#include "random.hpp"

#include <array>
#include <cstdint>

namespace lockstep::sim {

/// Draws each execution from the seed and its number alone. A thread that yields draws again, below all that
/// have not, or a loop that waits at a high priority would go round for long.
class Pos final : public Explorer {
 public:
  explicit Pos(std::uint64_t seed) noexcept : seed_{seed}, draw_{seed} {}

  bool begin() override;
  unsigned choose(const Choice& choice) override;

 private:
  std::uint64_t seed_;
  std::uint64_t executions_ = 0;
  SplitMix draw_;
  std::array<std::uint64_t, max_threads> priorities_{};  ///< of the pending steps; 0: not drawn yet
};

}  // namespace lockstep::sim
