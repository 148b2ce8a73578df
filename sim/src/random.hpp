// Uniformly among the enabled threads, at every step: no guarantee, but no blind spot either.
#pragma once

#include "drawn.hpp"

namespace lockstep::sim {

/// Draws a thread at every step.
class Random final : public Drawn {
 public:
  explicit Random(std::uint64_t seed) : Drawn{seed} {}

  unsigned choose(const Choice& choice) override;
  [[nodiscard]] std::unique_ptr<Explorer> split() override { return std::make_unique<Random>(*this); }
};

}  // namespace lockstep::sim
