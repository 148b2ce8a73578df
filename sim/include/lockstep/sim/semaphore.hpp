// Semaphores under the simulator.
#pragma once

#include <lockstep/sim/clock.hpp>
#include <lockstep/sim/counted.hpp>
#include <lockstep/sim/source_location.hpp>
#include <lockstep/sim/text.hpp>

#include <chrono>
#include <cstddef>
#include <limits>
#include <string>

namespace lockstep::sim {

/// std::counting_semaphore. Acquiring waits until the count is not zero; who gets it is explored.
/// Releasing beyond the maximum fails the execution. Timed waits are on virtual time.
/// Outside an execution it counts as well, and throws std::logic_error instead of blocking.
template <std::ptrdiff_t LeastMaxValue = std::numeric_limits<std::ptrdiff_t>::max()>
class counting_semaphore {
 public:
  /// Begins at `desired`.
  explicit counting_semaphore(std::ptrdiff_t desired) : count_{desired} {}
  counting_semaphore(const counting_semaphore&) = delete;
  counting_semaphore& operator=(const counting_semaphore&) = delete;

  /// The largest count.
  [[nodiscard]] static constexpr std::ptrdiff_t max() noexcept { return LeastMaxValue; }

  /// Raises the count by `update`. Beyond `max()` the execution fails.
  void release(std::ptrdiff_t update = 1, source_location where = source_location::current()) {
    const auto ready = [this] { return count_ > 0; };
    detail::announce_change("release", id(), ready, where);
    Execution* execution = Execution::current();
    if (execution != nullptr && update > max() - count_) {
      execution->report(FindingKind::check,
                        "release raises " + execution->name_of(id()) + " above its maximum");
      return;
    }
    detail::released(id());
    count_ += update;
    if (execution != nullptr && execution->recording())
      execution->outcome(detail::prefixed("= ", std::to_string(count_)));
  }

  /// Blocks until the count is not zero, and takes one from it.
  void acquire(source_location where = source_location::current()) {
    if (!try_acquire_until_instant("acquire", never, where) && Execution::current() == nullptr) {
      refuse_to_block("counting_semaphore::acquire");
    }
  }
  /// Takes one from the count if it is not zero. Fails spuriously if Options::spurious allows it.
  [[nodiscard]] bool try_acquire(source_location where = source_location::current()) {
    return try_acquire_until_instant("try_acquire", 0, where);
  }
  /// Tries for so much virtual time.
  template <class Rep, class Period>
  [[nodiscard]] bool try_acquire_for(const std::chrono::duration<Rep, Period>& duration,
                                     source_location where = source_location::current()) {
    return try_acquire_until_instant("try_acquire_for", detail::after(duration), where);
  }
  /// Tries until the virtual clock shows `when`.
  [[nodiscard]] bool try_acquire_until(const clock::time_point& when,
                                       source_location where = source_location::current()) {
    return try_acquire_until_instant("try_acquire_until", detail::instant(when), where);
  }

  /// Its identity, for `label` and for the footprints of steps.
  [[nodiscard]] ObjectId id() const noexcept { return object_.id(); }

 private:
  bool try_acquire_until_instant(std::string_view name, Instant deadline, const source_location& where) {
    Execution* execution = Execution::current();
    if (execution != nullptr) {
      const auto ready = [this] { return count_ > 0; };
      const bool over = execution->times_out(deadline, where);
      const Instant limit = over ? 0 : deadline;
      const auto readiness = limit == 0 ? Readiness::always : Readiness::conditional;
      detail::WaitUntil wait{name, {id(), true}, readiness, limit, ready, where};
      execution->visible_late(wait, over && count_ == 0);
    }
    if (execution == nullptr) refuse_strangers(id());
    const bool tried = deadline == 0 && execution != nullptr;
    const bool acquired = count_ > 0 && !(tried && execution->spuriously());
    if (acquired) {
      detail::acquired(id());
      --count_;
    } else if (execution != nullptr) {
      execution->is_late(deadline, id());
    }
    if (execution != nullptr && execution->recording())
      execution->outcome(acquired ? detail::prefixed("= ", std::to_string(count_)) : "-> false");
    return acquired;
  }

  Object object_{"semaphore"};
  std::ptrdiff_t count_;
};

/// std::binary_semaphore.
using binary_semaphore = counting_semaphore<1>;

}  // namespace lockstep::sim
