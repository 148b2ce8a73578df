#include "pos.hpp"

#include <lockstep/sim/execution.hpp>

#include "thread_set.hpp"

namespace lockstep::sim {

unsigned Pos::choose(const Choice& choice) {
  if (choice.kind == Decision::Kind::outcome) return draw_.below(choice.outcomes);
  constexpr std::uint64_t above = std::uint64_t{1} << 63U;
  if (choice.yielded) priorities_[choice.running] = 1 | draw_() >> 1U;
  unsigned best = max_threads;
  each(choice.enabled, [&](unsigned thread) {
    if (priorities_[thread] == 0) priorities_[thread] = above | draw_() >> 1U;
    if (best == max_threads || priorities_[thread] > priorities_[best]) best = thread;
  });
  priorities_[best] = 0;
  each(choice.enabled & ~only(best), [&](unsigned thread) {
    if (conflict(choice.next(best).footprint(), choice.next(thread).footprint())) priorities_[thread] = 0;
  });
  return best;
}

}  // namespace lockstep::sim
