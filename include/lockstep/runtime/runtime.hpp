// The runtime seam: everything that lockstep takes from the machine it runs on.
//
// A storage names its runtime, verbs deduce it, and so one binary holds both the
// production instance (`StdRuntime`, plain aliases of std) and the simulated one.
#pragma once

#include <lockstep/runtime/time.hpp>

#include <atomic>
#include <concepts>
#include <cstdint>
#include <mutex>
#include <stop_token>
#include <type_traits>

namespace lockstep {

/// A bundle of what concurrent code needs: atomics, mutexes, waiting, threads,
/// a monotonic clock, the time of day, sleeping and randomness, with std's names and meanings.
///
/// `sleep_for(duration, stop)` returns early when `stop` is requested; a default
/// `std::stop_token` never is. `system_clock` counts from where std's does: it is what storages put down as
/// the time of a write. `random()` is uniform over 64 bits and safe to call from any thread; it is for
/// back-off and choice, not for secrets.
template <class R>
concept Runtime = requires(std::chrono::nanoseconds duration, std::stop_token stop, std::memory_order order) {
  typename R::template atomic<std::uint64_t>;
  typename R::mutex;
  typename R::condition_variable;
  typename R::thread;
  typename R::clock;
  requires R::clock::is_steady;
  { R::clock::now() } -> std::same_as<typename R::clock::time_point>;
  {
    R::system_clock::now()
  } -> std::same_as<std::chrono::time_point<std::chrono::system_clock, typename R::system_clock::duration>>;
  { R::random() } -> std::same_as<std::uint64_t>;
  R::sleep_for(duration, stop);
  R::yield();
  R::fence(order);
  requires requires(typename R::mutex& mutex, typename R::condition_variable& condition,
                    std::unique_lock<typename R::mutex>& lock, typename R::clock::time_point when) {
    mutex.lock();
    mutex.unlock();
    { mutex.try_lock() } -> std::convertible_to<bool>;
    condition.wait(lock);
    condition.wait_until(lock, when);
    condition.notify_one();
    condition.notify_all();
  };
};

}  // namespace lockstep
