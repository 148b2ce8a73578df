#include <lockstep/sim/parking.hpp>

#include <algorithm>

namespace lockstep::sim::detail {

Waiter::Waiter(Execution& execution, ObjectId object, Instant deadline)
    : execution_{&execution}, object_{object}, deadline_{deadline}, thread_{execution.self()} {
  const auto& unheard = execution.unheard();
  late_ = std::ranges::find(unheard, object) != unheard.end();
  execution.parked().push_back(this);
}

Waiter::~Waiter() { std::erase(execution_->parked(), this); }

unsigned waiting(const Execution& execution, ObjectId object) noexcept {
  return static_cast<unsigned>(std::ranges::count_if(execution.parked(), [&](const Waiter* waiter) {
    return waiter->object_ == object && !waiter->notified_;
  }));
}

/// Wakes all waiters of `object`, or the one that is decided on; returns how many.
unsigned wake(Execution& execution, ObjectId object, bool all) {
  const unsigned count = waiting(execution, object);
  const unsigned chosen = all ? 0 : execution.outcome_of(count);
  unsigned index = 0;
  std::string woken;
  for (Waiter* waiter : execution.parked()) {
    if (waiter->object_ != object || waiter->notified_) continue;
    if (!all && index++ != chosen) continue;
    waiter->notified_ = true;
    if (!waiter->timed_out()) execution.wakes(waiter->thread_);
    if (execution.recording())
      woken += (woken.empty() ? "" : ", ") + execution.name_of_thread(waiter->thread_);
    if (!all) break;
  }
  if (count == 0) execution.unheard().push_back(object);
  if (execution.recording()) execution.outcome(count == 0 ? "nobody waits" : "wakes " + woken);
  return count;
}

namespace {

/// Without waiters a notification changes nothing.
class Notify final : public Operation {
 public:
  Notify(const Execution& execution, std::string_view name, ObjectId object, const source_location& where)
      : Operation{name, object, Readiness::always, never, where},
        execution_{&execution},
        access_{object, true} {}
  [[nodiscard]] Footprint footprint() const override {
    access_.write = waiting(*execution_, access_.object) != 0;
    return {&access_, 1};
  }
  [[nodiscard]] Footprint widest_footprint() const override {
    access_.write = true;
    return {&access_, 1};
  }

 private:
  const Execution* execution_;
  mutable Access access_;
};

}  // namespace

void notify(std::string_view operation, ObjectId object, bool all, const source_location& where) {
  Execution* execution = Execution::current();
  if (execution == nullptr || execution->abandoned()) return;
  Notify announced{*execution, operation, object, where};
  execution->visible(announced);
  if (execution->abandoned()) return;
  if (detail::WeakMemory* weak = execution->weak()) weak->notifies(object);
  wake(*execution, object, all);
}

}  // namespace lockstep::sim::detail
