#include "random.hpp"

#include <bit>

namespace lockstep::sim {

namespace {

/// The member of a set that has `index` members below it.
unsigned member(ThreadSet threads, unsigned index) noexcept {
  for (; index != 0; --index) threads &= threads - 1;
  return static_cast<unsigned>(std::countr_zero(threads));
}

}  // namespace

unsigned Random::choose(const Choice& choice) {
  if (choice.kind == Decision::Kind::outcome) return draw_.below(choice.outcomes);
  if (std::has_single_bit(choice.enabled)) return choice.fallback;
  return member(choice.enabled, draw_.below(static_cast<unsigned>(std::popcount(choice.enabled))));
}

}  // namespace lockstep::sim
