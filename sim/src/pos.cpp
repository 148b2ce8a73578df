#include "pos.hpp"

#include <lockstep/sim/execution.hpp>

#include "thread_set.hpp"

namespace lockstep::sim {

unsigned Pos::choose(const Choice& choice) {
  if (choice.kind == Decision::Kind::outcome) return draw_.below(choice.outcomes);
  if (choice.yielded) priorities_.lower(choice.running, draw_);
  const unsigned best = priorities_.highest(choice.enabled, draw_);
  priorities_.forget(best);
  each(choice.enabled & ~only(best), [&](unsigned thread) {
    if (conflict(choice.next(best).footprint(), choice.next(thread).footprint())) priorities_.forget(thread);
  });
  return best;
}

}  // namespace lockstep::sim
