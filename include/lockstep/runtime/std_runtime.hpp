// The production runtime: std's own primitives under the seam's names, at no cost.
#pragma once

#include <lockstep/runtime/runtime.hpp>

#include <condition_variable>
#include <thread>

namespace lockstep {

/// The runtime of production code. Everything in it is std's, but for a generator of random numbers that
/// needs no `<random>`, which would be a tenth of what including lockstep costs.
struct StdRuntime {
  /// std::atomic
  template <class T>
  using atomic = std::atomic<T>;
  using mutex = std::mutex;                            ///< std's
  using condition_variable = std::condition_variable;  ///< std's
  using thread = std::thread;                          ///< std's
  using clock = std::chrono::steady_clock;             ///< monotonic, of the machine
  using system_clock = std::chrono::system_clock;      ///< the time of day, of the machine

  /// std::atomic_thread_fence
  static void fence(std::memory_order order) noexcept { std::atomic_thread_fence(order); }
  /// std::this_thread::yield
  static void yield() noexcept { std::this_thread::yield(); }

  /// Blocks for `duration`, or until `stop` is requested.
  static void sleep_for(std::chrono::nanoseconds duration, const std::stop_token& stop = {}) {
    if (!stop.stop_possible()) return std::this_thread::sleep_for(duration);
    std::mutex mutex;
    std::condition_variable_any woken;
    std::unique_lock lock{mutex};
    woken.wait_for(lock, stop, duration, [] { return false; });
  }

  /// Uniform over 64 bits; one generator per thread, each seeded differently. The time is mixed in, so that
  /// processes that were forked with one state draw differently. Not for secrets.
  /// Source: SplitMix64 of Steele, Lea & Flood, "Fast Splittable Pseudorandom Number Generators", OOPSLA
  /// 2014.
  static std::uint64_t random() noexcept {
    thread_local std::uint64_t state = seed();
    return mixed((state += golden_gamma) ^ mixed(ticks<clock>()));
  }

 private:
  static constexpr std::uint64_t golden_gamma = 0x9e3779b97f4a7c15U;  // 2^64 / the golden ratio, and odd

  static constexpr std::uint64_t mixed(std::uint64_t bits) noexcept {
    bits = (bits ^ (bits >> 30U)) * 0xbf58476d1ce4e5b9U;
    bits = (bits ^ (bits >> 27U)) * 0x94d049bb133111ebU;
    return bits ^ (bits >> 31U);
  }

  // The count tells the threads of this process apart, the time this process from others.
  static std::uint64_t seed() noexcept {
    static std::atomic<std::uint64_t> threads{0};
    return mixed(ticks<std::chrono::system_clock>()) ^ mixed(threads += golden_gamma);
  }

  template <class Clock>
  static std::uint64_t ticks() noexcept {
    return static_cast<std::uint64_t>(Clock::now().time_since_epoch().count());
  }
};

}  // namespace lockstep
