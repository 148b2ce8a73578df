// What semaphores, latches and barriers share: steps on a number, and waiting for one.
#pragma once

#include <lockstep/sim/execution.hpp>
#include <lockstep/sim/source_location.hpp>

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace lockstep::sim::detail {

/// A step that changes an object, always possible. `ready()`: whether others could have something of it now.
template <class Ready>
class Change final : public Operation {
 public:
  Change(std::string_view name, ObjectId object, const Ready& ready, const source_location& where)
      : Operation{name, object, Readiness::always, never, where}, access_{object, true}, ready_{&ready} {}
  [[nodiscard]] Footprint footprint() const override { return {&access_, 1}; }
  [[nodiscard]] std::uint64_t sees() const override { return (*ready_)() ? available : taken; }

 private:
  Access access_;
  const Ready* ready_;
};

/// Announces a change.
template <class Ready>
void announce_change(std::string_view name, ObjectId object, const Ready& ready,
                     const source_location& where) {
  Execution* execution = Execution::current();
  if (execution == nullptr || execution->abandoned())
    return;  // such steps stand in destructors: they never throw
  Change operation{name, object, ready, where};
  execution->visible(operation);
}

/// Likewise, of what nobody waits for with WaitUntil, or for more than one thing.
inline void announce_change(std::string_view name, ObjectId object) {
  Execution* execution = Execution::current();
  if (execution == nullptr || execution->abandoned()) return;
  SimpleOperation operation{name, {object, true}};
  execution->visible(operation);
}

/// Waits until `ready()`. With Readiness::follow_up what was waited for must stay so, once it is.
template <class Ready>
class WaitUntil final : public Operation {
 public:
  WaitUntil(std::string_view name, Access access, Readiness readiness, Instant deadline, const Ready& ready,
            const source_location& where)
      : Operation{name, access.object, readiness, deadline, where}, access_{access}, ready_{&ready} {}
  [[nodiscard]] Footprint footprint() const override {
    if (readiness() == Readiness::follow_up) return {};
    access_.write = (*ready_)();
    return {&access_, 1};
  }
  [[nodiscard]] Footprint widest_footprint() const override {
    access_.write = readiness() != Readiness::follow_up;
    return {&access_, 1};
  }
  [[nodiscard]] Waits waits() const override {
    return readiness() == Readiness::conditional ? Waits::for_its_object : Waits::for_nothing;
  }
  [[nodiscard]] std::uint64_t sees() const override { return (*ready_)() ? available : taken; }
  [[nodiscard]] std::uint64_t writes_if() const override { return available; }
  [[nodiscard]] bool enabled() const override { return (*ready_)(); }

 private:
  mutable Access access_;
  const Ready* ready_;
};

}  // namespace lockstep::sim::detail
