// What explorers that draw have in common: each execution depends on the seed, its number, and for some on
// what the first one showed; on nothing else that went before. So once that has ended, several threads share
// them out by number, and which one draws which makes no difference.
#pragma once

#include <lockstep/sim/explorer.hpp>

#include "splitmix.hpp"

#include <atomic>
#include <cstdint>
#include <memory>

namespace lockstep::sim {

/// Draws one execution after the other. Copies go on from a common number.
class Drawn : public Explorer {
 public:
  bool begin() final {
    number_ = latest_->fetch_add(1, std::memory_order_relaxed) + 1;
    draw_ = draws_of(seed_, number_);
    prepare();
    return true;
  }
  [[nodiscard]] std::uint64_t number() const noexcept final { return number_; }

 protected:
  explicit Drawn(std::uint64_t seed) : draw_{seed}, seed_{seed} {}
  Drawn(const Drawn&) = default;

  /// Called as an execution begins.
  virtual void prepare() {}

  SplitMix draw_;  ///< what the present execution draws from

 private:
  std::uint64_t seed_;
  std::uint64_t number_ = 0;
  std::shared_ptr<std::atomic<std::uint64_t>> latest_ = std::make_shared<std::atomic<std::uint64_t>>(0);
};

}  // namespace lockstep::sim
