// Barriers under the simulator.
#pragma once

#include <lockstep/sim/counted.hpp>
#include <lockstep/sim/source_location.hpp>
#include <lockstep/sim/step.hpp>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

namespace lockstep::sim {

namespace detail {
struct NoCompletion {
  void operator()() const noexcept {}
};
}  // namespace detail

/// std::barrier. Arriving is a step, and the completion function runs inside the last arrival of a phase.
/// Waiting for a phase is none, because a phase that is over stays so.
/// Outside an execution a wait that would block throws std::logic_error.
template <class Completion = detail::NoCompletion>
class barrier {
 public:
  /// The phase in which a thread arrived.
  class arrival_token {
   public:
    arrival_token(arrival_token&&) noexcept = default;
    arrival_token& operator=(arrival_token&&) noexcept = default;

   private:
    friend class barrier;
    explicit arrival_token(std::uint64_t phase) noexcept : phase_{phase} {}
    std::uint64_t phase_;
  };

  /// `expected` threads make a phase; `completion` runs at the end of each.
  explicit barrier(std::ptrdiff_t expected, Completion completion = Completion())
      : completion_{std::move(completion)}, expected_{expected}, missing_{expected} {}
  barrier(const barrier&) = delete;
  barrier& operator=(const barrier&) = delete;

  /// The largest number of threads that may be expected.
  [[nodiscard]] static constexpr std::ptrdiff_t max() noexcept {
    return std::numeric_limits<std::ptrdiff_t>::max();
  }

  /// Arrives `update` times without waiting. More than are expected fail the execution.
  [[nodiscard]] arrival_token arrive(std::ptrdiff_t update = 1,
                                     source_location where = source_location::current()) {
    return arrival_token{arrive_as("arrive", update, 0, where)};
  }

  /// Blocks until the phase of `arrival` is over: a step that looks, unlike `arrive_and_wait`. A token of an
  /// earlier phase than the last one fails the execution.
  // NOLINTNEXTLINE(cppcoreguidelines-rvalue-reference-param-not-moved): as std's
  void wait(arrival_token&& arrival, source_location where = source_location::current()) const {
    if (Execution* execution = Execution::current()) {
      SimpleOperation look{"wait", {id(), false}, where};
      execution->visible(look);
      if (phase_ - arrival.phase_ > 1) {
        execution->fail(FindingKind::check,
                        "waits at " + execution->name_of(id()) + " for a phase before the last one", where);
      }
    }
    wait_for_phase(arrival.phase_, where);
  }

  /// Arrives, and waits for the end of the phase.
  void arrive_and_wait(source_location where = source_location::current()) {
    wait_for_phase(arrive_as("arrive_and_wait", 1, 0, where), where);
  }

  /// Arrives, and is not expected in later phases.
  void arrive_and_drop(source_location where = source_location::current()) {
    arrive_as("arrive_and_drop", 1, 1, where);
  }

  /// Its identity, for `label` and for the footprints of steps.
  [[nodiscard]] ObjectId id() const noexcept { return object_.id(); }

 private:
  std::uint64_t arrive_as(std::string_view name, std::ptrdiff_t update, std::ptrdiff_t dropped,
                          const source_location& where) {
    const Access touched = writes(id());
    const auto arrive_it = [&] {
      Execution* execution = Execution::current();
      const std::uint64_t phase = phase_;
      if (update > missing_) {
        if (execution != nullptr) {
          execution->report(FindingKind::check,
                            "more arrive at " + execution->name_of(id()) + " than it expects");
        }
        return phase;
      }
      detail::released(id());
      missing_ -= update;
      expected_ -= dropped;
      outcome(
          [&] { return missing_ == 0 ? std::string{"completes"} : std::to_string(missing_) + " missing"; });
      if (missing_ == 0) {
        detail::acquired(id());
        completion_();
        if (execution != nullptr)
          detail::forgotten(*execution, id());  // the next phase has arrivals of its own
        if (execution != nullptr) detail::forgotten(*execution, ended());
        detail::released(ended());
        missing_ = expected_;
        ++phase_;
        if (execution != nullptr) ends_.push_back(execution->latest_step());
      }
      return phase;
    };
    if (Execution* execution = Execution::current(); execution != nullptr && execution->weak() != nullptr) {
      SimpleOperation arrival{name, touched, where};  // steps of its completion are steps of their own
      if (!execution->abandoned()) execution->visible(arrival);
      return arrive_it();
    }
    return step(name, Footprint{&touched, 1}, arrive_it, {}, where);
  }

  void wait_for_phase(std::uint64_t phase, const source_location& where) const {
    Execution* execution = Execution::current();
    if (phase_ != phase) {
      if (execution != nullptr && phase < ends_.size()) execution->follows(ends_[phase]);
      return detail::acquired(ended());
    }
    if (execution == nullptr) refuse_to_block("barrier::wait");
    const auto ready = [this, phase] { return phase_ != phase; };
    detail::WaitUntil wait{"wait", {id(), false}, Readiness::follow_up, never, ready, where};
    execution->visible(wait);
    detail::acquired(ended());
  }

  /// The end of the latest phase, as something that orders plain variables.
  [[nodiscard]] ObjectId ended() const noexcept { return detail::other_side(id()); }

  Object object_{"barrier"};
  Completion completion_;
  std::ptrdiff_t expected_;
  std::ptrdiff_t missing_;
  std::uint64_t phase_ = 0;
  std::vector<std::size_t> ends_;  ///< the steps that completed the phases
};

}  // namespace lockstep::sim
