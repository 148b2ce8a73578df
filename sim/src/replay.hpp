// Follows a list of decisions.
#pragma once

#include <lockstep/sim/explorer.hpp>

#include <cstddef>
#include <utility>
#include <vector>

namespace lockstep::sim {

/// Runs one execution along `decisions`, and by default choices after their end.
class Replay final : public Explorer {
 public:
  explicit Replay(std::vector<Decision> decisions) noexcept : decisions_{std::move(decisions)} {}

  bool begin() override { return !std::exchange(begun_, true); }
  unsigned choose(const Choice& choice) override;

  /// True if the decisions did not fit the choices: another thread or outcome had to be chosen, or some are
  /// left.
  [[nodiscard]] bool strayed() const noexcept { return strayed_ || next_ != decisions_.size(); }

 private:
  std::vector<Decision> decisions_;
  std::size_t next_ = 0;
  bool begun_ = false;
  bool strayed_ = false;
};

}  // namespace lockstep::sim
