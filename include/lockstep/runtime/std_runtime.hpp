// The production runtime: std's own primitives under the seam's names, at no cost.
#pragma once

#include <lockstep/runtime/runtime.hpp>

#include <condition_variable>
#include <random>
#include <thread>

namespace lockstep {

/// The runtime of production code. Everything in it is std's.
struct StdRuntime {
  /// std::atomic
  template <class T>
  using atomic = std::atomic<T>;
  using mutex = std::mutex;                            ///< std's
  using condition_variable = std::condition_variable;  ///< std's
  using thread = std::thread;                          ///< std's
  using clock = std::chrono::steady_clock;             ///< monotonic, of the machine

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

  /// Uniform over 64 bits; one generator per thread, seeded from the system.
  static std::uint64_t random() {
    thread_local std::mt19937_64 generator{[] {
      std::random_device device;
      return (std::uint64_t{device()} << 32U) ^ device();
    }()};
    return generator();
  }
};

static_assert(Runtime<StdRuntime>);

}  // namespace lockstep
