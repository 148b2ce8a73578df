// What classic code made of atomics shares: loops that wait for another thread, and a client for locks.
#pragma once

#include <lockstep/sim/concurrently.hpp>
#include <lockstep/sim/scenario.hpp>
#include <lockstep/sim/sim.hpp>

#include "under_rc11.hpp"

namespace lockstep::sim::scenarios {

constexpr auto relaxed = std::memory_order_relaxed;
constexpr auto acquire = std::memory_order_acquire;
constexpr auto release = std::memory_order_release;
constexpr auto acq_rel = std::memory_order_acq_rel;
constexpr auto seq_cst = std::memory_order_seq_cst;

/// Looks again and again until `condition` holds.
template <class Condition>
void spin_until(Condition condition) {
  while (!condition()) this_thread::yield();
}

/// Two threads that increment a plain variable under a lock: `lock(thread)`, `unlock(thread)`, by 0 and 1.
template <class Lock>
void increment_under() {
  Lock lock;
  var<int> counter{0};
  label(counter, "counter");
  const auto increment = [&](unsigned thread) {
    lock.lock(thread);
    counter += 1;
    lock.unlock(thread);
  };
  concurrently([&] { increment(0); }, [&] { increment(1); });
  check(counter.get() == 2, "both increments count");
}

}  // namespace lockstep::sim::scenarios
