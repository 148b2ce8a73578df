// Partial order sampling: each pending step has a random priority, and the highest goes. What conflicts with
// it draws anew. So steps are drawn, not threads: how long the others are makes no difference to when a step
// comes, and traces are drawn far more evenly than by drawing a thread at every step.
//
// Source: Yuan, Yang & Gu, "Partial Order Aware Concurrency Sampling", CAV 2018.
#pragma once

#include "drawn.hpp"
#include "step_priorities.hpp"

namespace lockstep::sim {

/// A thread that yields draws again, below all that
/// have not, or a loop that waits at a high priority would go round for long.
class Pos final : public Drawn {
 public:
  explicit Pos(std::uint64_t seed) : Drawn{seed} {}

  unsigned choose(const Choice& choice) override;
  [[nodiscard]] std::unique_ptr<Explorer> split() override { return std::make_unique<Pos>(*this); }

 private:
  void prepare() override { priorities_.clear(); }

  StepPriorities priorities_;
};

}  // namespace lockstep::sim
