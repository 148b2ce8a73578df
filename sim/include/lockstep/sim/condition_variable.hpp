// Condition variables under the simulator. A wait is two steps: release the mutex and join the
// queue; then, once notified, take the mutex again. Which waiter a notification wakes is explored.
#pragma once

#include <lockstep/sim/mutex.hpp>
#include <lockstep/sim/parking.hpp>
#include <lockstep/sim/source_location.hpp>
#include <lockstep/sim/stop_token.hpp>

#include <chrono>
#include <condition_variable>
#include <mutex>

namespace lockstep::sim {

using std::cv_status;

/// std::condition_variable. Wakes spuriously if Options::spurious allows it. Timed waits are on virtual time,
/// so a time-out happens only when no thread can run; only the clock of the simulator is accepted. Outside an
/// execution a wait throws std::logic_error.
class condition_variable {
 public:
  condition_variable() = default;
  condition_variable(const condition_variable&) = delete;
  condition_variable& operator=(const condition_variable&) = delete;

  /// Wakes one that waits. Which one is explored.
  void notify_one(source_location where = source_location::current()) {
    detail::notify("notify_one", id(), false, where);
  }
  /// Wakes all that wait.
  void notify_all(source_location where = source_location::current()) {
    detail::notify("notify_all", id(), true, where);
  }

  /// Precondition: `lock` holds its mutex; otherwise the execution fails.
  void wait(std::unique_lock<mutex>& lock, source_location where = source_location::current()) {
    static_cast<void>(wait_until_instant(lock, never, where));
  }
  /// Waits until `ready()`, which is asked under the mutex.
  template <class Predicate>
  void wait(std::unique_lock<mutex>& lock, Predicate ready,
            source_location where = source_location::current()) {
    static_cast<void>(wait_until_ready(lock, never, ready, where));
  }

  /// Waits until notified, or until the virtual clock shows `when`.
  cv_status wait_until(std::unique_lock<mutex>& lock, const clock::time_point& when,
                       source_location where = source_location::current()) {
    return wait_until_instant(lock, detail::instant(when), where);
  }
  /// Waits until `ready()`, or until the virtual clock shows `when`; returns `ready()`.
  template <class Predicate>
  bool wait_until(std::unique_lock<mutex>& lock, const clock::time_point& when, Predicate ready,
                  source_location where = source_location::current()) {
    return wait_until_ready(lock, detail::instant(when), ready, where);
  }
  /// Waits until notified, or for so much virtual time.
  template <class Rep, class Period>
  cv_status wait_for(std::unique_lock<mutex>& lock, const std::chrono::duration<Rep, Period>& duration,
                     source_location where = source_location::current()) {
    return wait_until_instant(lock, detail::after(duration), where);
  }
  /// Waits until `ready()`, or for so much virtual time; returns `ready()`.
  template <class Rep, class Period, class Predicate>
  bool wait_for(std::unique_lock<mutex>& lock, const std::chrono::duration<Rep, Period>& duration,
                Predicate ready, source_location where = source_location::current()) {
    return wait_until_ready(lock, detail::after(duration), ready, where);
  }

  /// Its identity, for `label` and for the footprints of steps.
  [[nodiscard]] ObjectId id() const noexcept { return object_.id(); }

 private:
  class Release;
  class Wake;

  cv_status wait_until_instant(std::unique_lock<mutex>& lock, Instant deadline, const source_location& where);

  template <class Predicate>
  bool wait_until_ready(std::unique_lock<mutex>& lock, Instant deadline, Predicate& ready,
                        const source_location& where) {
    while (!ready()) {
      // In an abandoned execution a wait ends at once, as if by a time-out.
      if (wait_until_instant(lock, deadline, where) == cv_status::timeout) return ready();
    }
    return true;
  }

  Object object_{"condition"};
};

/// Not modelled: unlock before you end the thread, and notify.
void notify_all_at_thread_exit(condition_variable&, std::unique_lock<mutex>) = delete;

/// std::condition_variable_any: waits with any lock, and until a stop is requested. A wait is more steps than
/// condition_variable's: it joins the queue, unlocks, wakes, and locks again, the latter two as two steps.
/// Otherwise as condition_variable.
class condition_variable_any {
 public:
  condition_variable_any() = default;
  condition_variable_any(const condition_variable_any&) = delete;
  condition_variable_any& operator=(const condition_variable_any&) = delete;

  /// Wakes one that waits. Which one is explored.
  void notify_one(source_location where = source_location::current()) {
    detail::notify("notify_one", id(), false, where);
  }
  /// Wakes all that wait.
  void notify_all(source_location where = source_location::current()) {
    detail::notify("notify_all", id(), true, where);
  }

  /// Precondition: the caller holds `lock`.
  template <class Lock>
  void wait(Lock& lock, source_location where = source_location::current()) {
    const detail::CalledFrom caller{where};
    static_cast<void>(wait_until_instant(lock, never));
  }
  /// Waits until `ready()`, which is asked under the lock.
  template <class Lock, class Predicate>
  void wait(Lock& lock, Predicate ready, source_location where = source_location::current()) {
    const detail::CalledFrom caller{where};
    static_cast<void>(wait_until_ready(lock, never, ready));
  }
  /// Waits until notified, or until the virtual clock shows `when`.
  template <class Lock>
  cv_status wait_until(Lock& lock, const clock::time_point& when,
                       source_location where = source_location::current()) {
    const detail::CalledFrom caller{where};
    return wait_until_instant(lock, detail::instant(when));
  }
  /// Waits until `ready()`, or until the virtual clock shows `when`; returns `ready()`.
  template <class Lock, class Predicate>
  bool wait_until(Lock& lock, const clock::time_point& when, Predicate ready,
                  source_location where = source_location::current()) {
    const detail::CalledFrom caller{where};
    return wait_until_ready(lock, detail::instant(when), ready);
  }
  /// Waits until notified, or for so much virtual time.
  template <class Lock, class Rep, class Period>
  cv_status wait_for(Lock& lock, const std::chrono::duration<Rep, Period>& duration,
                     source_location where = source_location::current()) {
    const detail::CalledFrom caller{where};
    return wait_until_instant(lock, detail::after(duration));
  }
  /// Waits until `ready()`, or for so much virtual time; returns `ready()`.
  template <class Lock, class Rep, class Period, class Predicate>
  bool wait_for(Lock& lock, const std::chrono::duration<Rep, Period>& duration, Predicate ready,
                source_location where = source_location::current()) {
    const detail::CalledFrom caller{where};
    return wait_until_ready(lock, detail::after(duration), ready);
  }

  /// Waits until `ready()` or until `stop` is requested; returns `ready()`.
  template <class Lock, class Predicate>
  bool wait(Lock& lock, const stop_token& stop, Predicate ready,
            source_location where = source_location::current()) {
    const detail::CalledFrom caller{where};
    return wait_until_ready(lock, never, ready, stop);
  }
  /// Likewise, or until the virtual clock shows `when`.
  template <class Lock, class Predicate>
  bool wait_until(Lock& lock, const stop_token& stop, const clock::time_point& when, Predicate ready,
                  source_location where = source_location::current()) {
    const detail::CalledFrom caller{where};
    return wait_until_ready(lock, detail::instant(when), ready, stop);
  }
  /// Likewise, or for so much virtual time.
  template <class Lock, class Rep, class Period, class Predicate>
  bool wait_for(Lock& lock, const stop_token& stop, const std::chrono::duration<Rep, Period>& duration,
                Predicate ready, source_location where = source_location::current()) {
    const detail::CalledFrom caller{where};
    return wait_until_ready(lock, detail::after(duration), ready, stop);
  }

  /// Its identity, for `label` and for the footprints of steps.
  [[nodiscard]] ObjectId id() const noexcept { return object_.id(); }

 private:
  class Wake;

  /// A thread in the queue.
  class Wait {
   public:
    /// Joins it, to wait until `deadline` at the latest: a step.
    Wait(const condition_variable_any& condition, Instant deadline);
    /// Waits until notified, or until the deadline or a stop: a step.
    cv_status block(const detail::StopState* stop);

   private:
    const condition_variable_any* condition_;
    Instant deadline_;
    bool over_;  ///< the deadline is reached before others go on
    detail::Waiter waiter_;
  };

  template <class Lock>
  cv_status wait_until_instant(Lock& lock, Instant deadline, const detail::StopState* stop = nullptr) {
    Wait wait{*this, deadline};
    lock.unlock();
    const cv_status status = wait.block(stop);
    lock.lock();
    return status;
  }

  template <class Lock, class Predicate>
  bool wait_until_ready(Lock& lock, Instant deadline, Predicate& ready, const stop_token& stop = {}) {
    while (!stop.stop_requested()) {
      if (ready()) return true;
      if (wait_until_instant(lock, deadline, stop.state_.get()) == cv_status::timeout) break;
    }
    return ready();
  }

  Object object_{"condition"};
};

}  // namespace lockstep::sim
