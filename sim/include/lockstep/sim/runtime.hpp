// The simulated runtime: what `StdRuntime` is to production, for the simulator. Code that takes its
// runtime as a parameter runs under the simulator unchanged.
#pragma once

#include <lockstep/runtime/runtime.hpp>
#include <lockstep/sim/atomic.hpp>
#include <lockstep/sim/clock.hpp>
#include <lockstep/sim/condition_variable.hpp>
#include <lockstep/sim/mutex.hpp>
#include <lockstep/sim/source_location.hpp>
#include <lockstep/sim/this_thread.hpp>
#include <lockstep/sim/thread.hpp>

#include <cstdint>
#include <stop_token>

namespace lockstep::sim {

/// The seam's bundle, of simulated parts.
struct Runtime {
  /// sim::atomic
  template <class T>
  using atomic = sim::atomic<T>;
  using mutex = sim::mutex;                            ///< simulated
  using condition_variable = sim::condition_variable;  ///< simulated
  using thread = sim::thread;                          ///< simulated
  using clock = sim::clock;                            ///< virtual
  using system_clock = sim::system_clock;              ///< virtual

  /// Orders plain variables: see sim::atomic_thread_fence.
  static void fence(std::memory_order order) noexcept { sim::atomic_thread_fence(order); }
  /// Lets others go first: see this_thread::yield.
  static void yield(source_location where = source_location::current()) { this_thread::yield(where); }

  /// Blocks for `duration` of virtual time, or until `stop` is requested.
  static void sleep_for(std::chrono::nanoseconds duration, const std::stop_token& stop = {},
                        source_location where = source_location::current()) {
    detail::sleep_until(detail::after(duration), where, stop);
  }

  /// A generator per thread, seeded by the thread's ordinal: the same in every execution. It is not explored.
  static std::uint64_t random() {
    Execution* execution = Execution::current();
    return execution != nullptr ? execution->random() : 0x9E3779B97F4A7C15U;
  }
};

static_assert(lockstep::Runtime<Runtime>);

}  // namespace lockstep::sim
