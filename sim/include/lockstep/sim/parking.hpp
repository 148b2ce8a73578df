// Where threads wait to be notified: behind condition variables and atomics.
#pragma once

#include <lockstep/sim/execution.hpp>

namespace lockstep::sim::detail {

/// One thread waiting for a notification of `object`, from construction to destruction.
/// Waiters of an object are ordered by when they began.
class Waiter {
 public:
  Waiter(Execution& execution, ObjectId object, Instant deadline = never);
  ~Waiter();
  Waiter(const Waiter&) = delete;
  Waiter& operator=(const Waiter&) = delete;

  [[nodiscard]] bool notified() const noexcept { return notified_; }
  /// From that moment on it may go on without a notification.
  void may_go_on_from(Instant deadline) noexcept { deadline_ = deadline; }
  /// True if it may go on without a notification.
  [[nodiscard]] bool timed_out() const noexcept { return execution_->reached(deadline_); }
  /// True if a notification of the object had been sent before, when nobody waited.
  [[nodiscard]] bool came_too_late() const noexcept { return late_; }

 private:
  friend unsigned wake(Execution&, ObjectId, bool);
  friend unsigned waiting(const Execution&, ObjectId) noexcept;

  Execution* execution_;
  ObjectId object_;
  Instant deadline_;
  unsigned thread_;
  bool notified_ = false;
  bool late_ = false;
};

/// How many threads wait for `object` and have not been notified.
[[nodiscard]] unsigned waiting(const Execution& execution, ObjectId object) noexcept;

/// Announces a notification of `object` and wakes one waiter, or all. Which one is a decision.
void notify(std::string_view operation, ObjectId object, bool all, const source_location& where);

}  // namespace lockstep::sim::detail
