#include "pct.hpp"

#include <algorithm>
#include <bit>

namespace lockstep::sim {

void Pct::prepare() {
  priorities_.fill(0);
  lowest_ = std::uint64_t{1} << 62U;
  step_ = 0;
  changes_.clear();
  for (unsigned i = 1; i < depth_ && length_ != 0; ++i) changes_.push_back(1 + draw_() % length_);
}

/// Drawn when the thread is first seen, above all that have fallen behind.
std::uint64_t Pct::priority(unsigned thread) {
  std::uint64_t& drawn = priorities_[thread];
  if (drawn == 0) drawn = (std::uint64_t{1} << 63U) | (draw_() >> 1U);
  return drawn;
}

unsigned Pct::choose(const Choice& choice) {
  if (choice.kind == Decision::Kind::outcome) return length_ == 0 ? 0 : draw_.below(choice.outcomes);
  if (length_ == 0) return choice.fallback;
  if (choice.yielded) lower(choice.running);
  const auto highest = [&] {
    unsigned best = max_threads;
    for (ThreadSet left = choice.enabled; left != 0; left &= left - 1) {
      const auto thread = static_cast<unsigned>(std::countr_zero(left));
      if (best == max_threads || priority(thread) > priority(best)) best = thread;
    }
    return best;
  };
  const unsigned first = highest();
  if (std::ranges::find(changes_, ++step_) == changes_.end()) return first;
  lower(first);
  return highest();
}

bool Pct::end(const Ending& ending) {
  if (length_ == 0) length_ = std::max<std::uint64_t>(1, ending.steps);
  return !ending.pruned;
}

}  // namespace lockstep::sim
