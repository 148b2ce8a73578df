// Latches under the simulator.
#pragma once

#include <lockstep/sim/counted.hpp>
#include <lockstep/sim/source_location.hpp>
#include <lockstep/sim/text.hpp>

#include <cstddef>
#include <limits>
#include <string>

namespace lockstep::sim {

/// std::latch. Counting down is a step; waiting is none, because a latch at zero stays there.
/// Counting below zero fails the execution. Outside an execution a wait that would block throws
/// std::logic_error.
class latch {
 public:
  /// Opens after `expected` counts.
  explicit latch(std::ptrdiff_t expected) : count_{expected} {}
  latch(const latch&) = delete;
  latch& operator=(const latch&) = delete;

  /// Counts down by `update`. Below zero the execution fails.
  void count_down(std::ptrdiff_t update = 1, source_location where = source_location::current()) {
    const auto open = [this] { return count_ == 0; };
    detail::announce_change("count_down", id(), open, where);
    Execution* execution = Execution::current();
    if (execution != nullptr && update > count_) {
      execution->report(FindingKind::check, "count_down takes " + execution->name_of(id()) + " below zero");
      return;
    }
    detail::released(id());
    count_ -= update;
    if (execution != nullptr && count_ == 0) opened_ = execution->latest_step();
    if (execution != nullptr && execution->recording())
      execution->outcome(detail::prefixed("= ", std::to_string(count_)));
  }

  /// The largest count.
  [[nodiscard]] static constexpr std::ptrdiff_t max() noexcept {
    return std::numeric_limits<std::ptrdiff_t>::max();
  }

  /// True if the count is zero: a step that looks. False all the same if Options::spurious allows it.
  [[nodiscard]] bool try_wait(source_location where = source_location::current()) const {
    if (Execution* execution = Execution::current()) {
      SimpleOperation operation{"try_wait", {id(), false}, where};
      execution->visible(operation);
      const bool open = count_ == 0 && !execution->spuriously();
      if (open) detail::acquired(id());
      if (execution->recording()) execution->outcome(open ? "-> true" : "-> false");
      return open;
    }
    return count_ == 0;
  }

  /// Blocks until the count is zero.
  void wait(source_location where = source_location::current()) const {
    Execution* execution = Execution::current();
    if (count_ == 0) {
      if (execution != nullptr) execution->follows(opened_);
      return detail::acquired(id());
    }
    if (execution == nullptr) refuse_to_block("latch::wait");
    const auto ready = [this] { return count_ == 0; };
    detail::WaitUntil wait{"wait", {id(), false}, Readiness::follow_up, never, ready, where};
    execution->visible(wait);
    detail::acquired(id());
  }

  /// Counts down, and waits.
  void arrive_and_wait(std::ptrdiff_t update = 1, source_location where = source_location::current()) {
    count_down(update, where);
    wait(where);
  }

  /// Its identity, for `label` and for the footprints of steps.
  [[nodiscard]] ObjectId id() const noexcept { return object_.id(); }

 private:
  Object object_{"latch"};
  std::ptrdiff_t count_;
  std::size_t opened_ = 0;  ///< the step that did
};

}  // namespace lockstep::sim
