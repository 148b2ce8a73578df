// Condition variables under the simulator. A wait is two steps: release the mutex and join the
// queue; then, once notified, take the mutex again. Which waiter a notification wakes is explored.
#pragma once

#include <lockstep/sim/mutex.hpp>
#include <lockstep/sim/parking.hpp>

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <source_location>

namespace lockstep::sim {

using std::cv_status;

/// std::condition_variable. There are no spurious wake-ups. Timed waits are on virtual time, so a
/// time-out happens only when no thread can run; only the clock of the simulator is accepted.
/// Outside an execution a wait throws std::logic_error.
class condition_variable {
 public:
  condition_variable() = default;
  condition_variable(const condition_variable&) = delete;
  condition_variable& operator=(const condition_variable&) = delete;

  /// Wakes one that waits. Which one is explored.
  void notify_one(std::source_location where = std::source_location::current()) {
    detail::notify("notify_one", id(), false, where);
  }
  /// Wakes all that wait.
  void notify_all(std::source_location where = std::source_location::current()) {
    detail::notify("notify_all", id(), true, where);
  }

  /// Precondition: `lock` holds its mutex; otherwise the execution fails.
  void wait(std::unique_lock<mutex>& lock, std::source_location where = std::source_location::current()) {
    static_cast<void>(wait_until_instant(lock, never, where));
  }
  /// Waits until `ready()`, which is asked under the mutex.
  template <class Predicate>
  void wait(std::unique_lock<mutex>& lock, Predicate ready,
            std::source_location where = std::source_location::current()) {
    static_cast<void>(wait_until_ready(lock, never, ready, where));
  }

  /// Waits until notified, or until the virtual clock shows `when`.
  cv_status wait_until(std::unique_lock<mutex>& lock, const clock::time_point& when,
                       std::source_location where = std::source_location::current()) {
    return wait_until_instant(lock, detail::instant(when), where);
  }
  /// Waits until `ready()`, or until the virtual clock shows `when`; returns `ready()`.
  template <class Predicate>
  bool wait_until(std::unique_lock<mutex>& lock, const clock::time_point& when, Predicate ready,
                  std::source_location where = std::source_location::current()) {
    return wait_until_ready(lock, detail::instant(when), ready, where);
  }
  /// Waits until notified, or for so much virtual time.
  template <class Rep, class Period>
  cv_status wait_for(std::unique_lock<mutex>& lock, const std::chrono::duration<Rep, Period>& duration,
                     std::source_location where = std::source_location::current()) {
    return wait_until_instant(lock, detail::after(duration), where);
  }
  /// Waits until `ready()`, or for so much virtual time; returns `ready()`.
  template <class Rep, class Period, class Predicate>
  bool wait_for(std::unique_lock<mutex>& lock, const std::chrono::duration<Rep, Period>& duration,
                Predicate ready, std::source_location where = std::source_location::current()) {
    return wait_until_ready(lock, detail::after(duration), ready, where);
  }

  /// Its identity, for `label` and for the footprints of steps.
  [[nodiscard]] ObjectId id() const noexcept { return object_.id(); }

 private:
  class Release;
  class Wake;

  cv_status wait_until_instant(std::unique_lock<mutex>& lock, Instant deadline,
                               const std::source_location& where);

  template <class Predicate>
  bool wait_until_ready(std::unique_lock<mutex>& lock, Instant deadline, Predicate& ready,
                        const std::source_location& where) {
    while (!ready()) {
      // In an abandoned execution a wait ends at once, as if by a time-out.
      if (wait_until_instant(lock, deadline, where) == cv_status::timeout) return ready();
    }
    return true;
  }

  Object object_{"condition"};
};

}  // namespace lockstep::sim
