#include "pos.hpp"

#include <lockstep/sim/execution.hpp>

#include <bit>

namespace lockstep::sim {

bool Pos::begin() {
  draw_ = SplitMix{SplitMix{seed_}() + ++executions_ * 0xD1342543DE82EF95U};
  priorities_.fill(0);
  return true;
}

unsigned Pos::choose(const Choice& choice) {
  if (choice.kind == Decision::Kind::outcome) return draw_.below(choice.outcomes);
  constexpr std::uint64_t above = std::uint64_t{1} << 63U;
  if (choice.yielded) priorities_[choice.running] = 1 | draw_() >> 1U;
  unsigned best = max_threads;
  for (ThreadSet left = choice.enabled; left != 0; left &= left - 1) {
    const auto thread = static_cast<unsigned>(std::countr_zero(left));
    if (priorities_[thread] == 0) priorities_[thread] = above | draw_() >> 1U;
    if (best == max_threads || priorities_[thread] > priorities_[best]) best = thread;
  }
  if (std::has_single_bit(choice.enabled)) {
    priorities_[best] = 0;  // nobody else is enabled that could conflict
    return best;
  }
  const Footprint footprint = choice.next(best).footprint();
  for (ThreadSet left = choice.enabled & ~only(best); left != 0; left &= left - 1) {
    const auto thread = static_cast<unsigned>(std::countr_zero(left));
    if (conflict(footprint, choice.next(thread).footprint())) priorities_[thread] = 0;
  }
  priorities_[best] = 0;
  return best;
}

}  // namespace lockstep::sim
