// The fairest schedule there is: each thread in turn, so many steps at a time.
#pragma once

#include <lockstep/sim/explorer.hpp>

#include <bit>

namespace lockstep::sim {

/// Gives every enabled thread `turn` steps before the next. It shows whether threads that go on for ever
/// would do so under a fair scheduler too.
class RoundRobin final : public Explorer {
 public:
  explicit RoundRobin(unsigned turn) noexcept : turn_{turn} {}

  bool begin() override { return true; }

  unsigned choose(const Choice& choice) override {
    if (choice.kind == Decision::Kind::outcome) return 0;
    const bool may_stay = (choice.enabled & only(choice.running)) != 0 && ++taken_ < turn_;
    if (may_stay) return choice.running;
    taken_ = 0;
    const ThreadSet later = choice.enabled & ~(only(choice.running) | (only(choice.running) - 1));
    return static_cast<unsigned>(std::countr_zero(later != 0 ? later : choice.enabled));
  }

 private:
  unsigned turn_;
  unsigned taken_ = 0;
};

}  // namespace lockstep::sim
