#include "replay.hpp"

#include <bit>

namespace lockstep::sim {

unsigned Replay::choose(const Choice& choice) {
  const bool schedule = choice.kind == Decision::Kind::schedule;
  if ((schedule && std::has_single_bit(choice.enabled)) || next_ == decisions_.size()) return choice.fallback;
  const Decision& decision = decisions_[next_++];
  if (decision.chosen == Decision::by_default) return choice.fallback;
  const bool fits = decision.kind == choice.kind &&
                    (schedule ? decision.chosen < max_threads && (choice.enabled & only(decision.chosen)) != 0
                              : decision.chosen < choice.outcomes);
  if (fits) return decision.chosen;
  strayed_ = true;
  return choice.fallback;
}

}  // namespace lockstep::sim
