#include <lockstep/sim/condition_variable.hpp>

#include <array>

namespace lockstep::sim {

class condition_variable::Release final : public Operation {
 public:
  Release(const condition_variable& condition, const mutex& mutex, const source_location& where)
      : Operation{"wait", condition.id(), Readiness::always, never, where},
        accesses_{{{condition.id(), true}, {mutex.id(), true}}} {}
  [[nodiscard]] Footprint footprint() const override { return accesses_; }
  [[nodiscard]] std::uint64_t sees() const override { return taken; }  // the mutex
  [[nodiscard]] bool gives_back(ObjectId object) const override {
    return object == accesses_[1].object && !Execution::current()->unlocks_matter();
  }

 private:
  std::array<Access, 2> accesses_;
};

/// Notified and the mutex is free, or the time is over.
class condition_variable::Wake final : public Operation {
 public:
  /// `spurious`: at any time, notified or not.
  Wake(const condition_variable& condition, const mutex& mutex, const detail::Waiter& waiter,
       Instant deadline, bool spurious, const source_location& where)
      : Operation{"wake", condition.id(), Readiness::conditional, deadline, where},
        mutex_{&mutex},
        waiter_{&waiter},
        spurious_{spurious},
        accesses_{{{condition.id(), true}, {mutex.id(), true}}} {}
  [[nodiscard]] Footprint footprint() const override {
    if (!waiter_->notified()) return {accesses_.data(), 1};
    // If it need not have been notified any more, it matters whether it was.
    return waiter_->timed_out() ? Footprint{accesses_} : Footprint{&accesses_[1], 1};
  }
  [[nodiscard]] Footprint widest_footprint() const override { return accesses_; }
  [[nodiscard]] Waits waits() const override {
    return spurious_ ? Waits::for_more : Waits::for_its_object;  // the mutex
  }
  [[nodiscard]] std::uint64_t sees() const override { return mutex_->free() ? available : taken; }
  [[nodiscard]] std::uint64_t writes_if() const override { return available; }
  [[nodiscard]] bool enabled() const override { return waiter_->notified() ? mutex_->free() : spurious_; }
  [[nodiscard]] ThreadSet holders() const override {
    return waiter_->notified() && mutex_->owner_ < max_threads ? only(mutex_->owner_) : 0;
  }
  [[nodiscard]] bool wants_notification() const override { return !waiter_->notified(); }
  [[nodiscard]] bool missed_notification() const override {
    return !waiter_->notified() && waiter_->came_too_late();
  }

 private:
  const mutex* mutex_;
  const detail::Waiter* waiter_;
  bool spurious_;
  std::array<Access, 2> accesses_;
};

/// An abandoned wait leaves the lock owning a mutex that it may not hold. That is harmless: in an
/// abandoned execution unlocking asks for nothing.
cv_status condition_variable::wait_until_instant(std::unique_lock<mutex>& lock, Instant deadline,
                                                 const source_location& where) {
  Execution* execution = Execution::current();
  if (execution == nullptr) refuse_to_block("condition_variable::wait");
  mutex& guard = *lock.mutex();
  const bool over = execution->times_out(deadline, where);
  Release release{*this, guard, where};
  execution->visible(release);
  if (execution->abandoned()) {
    execution->unwind();
    return cv_status::timeout;
  }
  if (!lock.owns_lock() || guard.owner_ != execution->self()) {
    execution->fail(FindingKind::check, execution->name_of_thread(execution->self()) + " waits on " +
                                            execution->name_of(id()) + " without holding its mutex");
    return cv_status::timeout;
  }
  guard.give();
  if (execution->recording()) execution->outcome("releases " + execution->name_of(guard.id()));
  const bool spurious = !over && execution->spuriously();
  bool notified = false;
  {
    const detail::Waiter waiter{*execution, id(), spurious || over ? 0 : deadline};
    Wake wake{*this, guard, waiter, deadline, spurious || over, where};
    execution->visible_late(wake, over);
    notified = waiter.notified();
  }
  if (notified && guard.free()) {
    guard.take(*execution);
    if (execution->recording()) execution->outcome("holds " + execution->name_of(guard.id()));
  } else {
    if (execution->recording()) execution->outcome(spurious ? "spuriously" : "timeout");
    guard.lock(where);
  }
  if (notified || spurious) return cv_status::no_timeout;
  execution->is_late(deadline);
  return cv_status::timeout;
}

/// Notified, stopped, or the time is over.
class condition_variable_any::Wake final : public Operation {
 public:
  Wake(ObjectId condition, const detail::Waiter& waiter, Instant deadline, const detail::StopState* stop,
       bool spurious)
      : Operation{"wake", condition, Readiness::conditional, deadline},
        waiter_{&waiter},
        stop_{stop},
        spurious_{spurious},
        accesses_{{{condition, true}, {stop != nullptr ? stop->id() : condition, false}}} {}
  [[nodiscard]] Footprint footprint() const override { return accesses_; }
  [[nodiscard]] bool enabled() const override {
    return waiter_->notified() || spurious_ || (stop_ != nullptr && stop_->is_requested());
  }
  [[nodiscard]] bool wants_notification() const override { return !waiter_->notified(); }
  [[nodiscard]] bool missed_notification() const override {
    return !waiter_->notified() && waiter_->came_too_late();
  }

 private:
  const detail::Waiter* waiter_;
  const detail::StopState* stop_;
  bool spurious_;
  std::array<Access, 2> accesses_;
};

namespace {

Execution& running() {
  Execution* execution = Execution::current();
  if (execution == nullptr) refuse_to_block("condition_variable_any::wait");
  return *execution;
}

Execution& join_queue(ObjectId condition) {
  Execution& execution = running();
  SimpleOperation wait{"wait", {condition, true}};
  execution.visible(wait);
  return execution;
}

}  // namespace

condition_variable_any::Wait::Wait(const condition_variable_any& condition, Instant deadline)
    : condition_{&condition},
      deadline_{deadline},
      over_{running().times_out(deadline)},
      waiter_{join_queue(condition.id()), condition.id()} {}

cv_status condition_variable_any::Wait::block(const detail::StopState* stop) {
  Execution& execution = *Execution::current();
  const bool spurious = !over_ && execution.spuriously();
  waiter_.may_go_on_from(spurious || over_ || stop != nullptr ? 0 : deadline_);
  Wake wake{condition_->id(), waiter_, deadline_, stop, spurious || over_};
  execution.visible_late(wake, over_);
  if (execution.abandoned()) {
    execution.unwind();
    return cv_status::timeout;
  }
  const bool woken = waiter_.notified() || spurious || (stop != nullptr && stop->is_requested());
  if (execution.recording()) {
    execution.outcome(waiter_.notified() ? std::string{}
                      : spurious         ? "spuriously"
                      : woken            ? "stop was requested"
                                         : "timeout");
  }
  if (woken) return cv_status::no_timeout;
  execution.is_late(deadline_);
  return cv_status::timeout;
}

}  // namespace lockstep::sim
