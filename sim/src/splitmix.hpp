// A source of random numbers that depend on a seed alone.
#pragma once

#include <cstdint>

namespace lockstep::sim {

/// A small, fast generator. Source: Steele, Lea & Flood, "Fast Splittable Pseudorandom Number Generators",
/// OOPSLA 2014.
class SplitMix {
 public:
  explicit SplitMix(std::uint64_t seed) noexcept : state_{seed} {}

  std::uint64_t operator()() noexcept {
    std::uint64_t z = (state_ += 0x9E3779B97F4A7C15U);
    z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9U;
    z = (z ^ (z >> 27U)) * 0x94D049BB133111EBU;
    return z ^ (z >> 31U);
  }
  /// Uniform below `bound`, up to a bias of bound / 2^32.
  unsigned below(unsigned bound) noexcept {
    return static_cast<unsigned>((((*this)() >> 32U) * bound) >> 32U);
  }

 private:
  std::uint64_t state_;
};

/// The draws of one execution out of many, numbered from 1: they depend on nothing but these two.
[[nodiscard]] inline SplitMix draws_of(std::uint64_t seed, std::uint64_t execution) noexcept {
  return SplitMix{SplitMix{seed}() + execution * 0xD1342543DE82EF95U};
}

}  // namespace lockstep::sim
