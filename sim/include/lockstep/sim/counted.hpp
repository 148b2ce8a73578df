// What semaphores, latches and barriers share: steps on a number, and waiting for one.
#pragma once

#include <lockstep/sim/execution.hpp>

#include <cstddef>

namespace lockstep::sim::detail {

/// A step that changes an object, always possible.
inline void announce_change(std::string_view name, ObjectId object) {
  Execution* execution = Execution::current();
  if (execution == nullptr || execution->abandoned())
    return;  // such steps stand in destructors: they never throw
  SimpleOperation operation{name, {object, true}};
  execution->visible(operation);
}

/// Waits until `ready()`. With Readiness::follow_up what was waited for must stay so, once it is.
template <class Ready>
class WaitUntil final : public Operation {
 public:
  WaitUntil(std::string_view name, Access access, Readiness readiness, Instant deadline, const Ready& ready)
      : Operation{name, access.object, readiness, deadline}, access_{access}, ready_{&ready} {}
  [[nodiscard]] Footprint footprint() const override {
    if (readiness() == Readiness::follow_up) return {};
    access_.write = (*ready_)();
    return {&access_, 1};
  }
  [[nodiscard]] bool enabled() const override { return (*ready_)(); }

 private:
  mutable Access access_;
  const Ready* ready_;
};

}  // namespace lockstep::sim::detail
