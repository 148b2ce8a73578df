// Virtual time. It stands still while any thread can run, and then jumps to the next deadline.
#pragma once

#include <lockstep/sim/execution.hpp>

#include <chrono>

namespace lockstep::sim {

/// A steady clock that starts at zero in every execution. Reading it is no step. Outside an
/// execution it stands at zero.
struct clock {
  using duration = std::chrono::nanoseconds;          ///< of virtual time
  using rep = duration::rep;                          ///< as std's clocks have it
  using period = duration::period;                    ///< as std's clocks have it
  using time_point = std::chrono::time_point<clock>;  ///< a moment of virtual time
  static constexpr bool is_steady = true;             ///< it never goes back

  /// The virtual time.
  [[nodiscard]] static time_point now() noexcept {
    const Execution* execution = Execution::current();
    return time_point{duration{execution != nullptr ? execution->now() : 0}};
  }
};

/// The time of day by the same virtual time: every execution begins at midnight of 1 January 2000, UTC.
struct system_clock {
  using duration = std::chrono::nanoseconds;  ///< of virtual time
  using rep = duration::rep;                  ///< as std's clocks have it
  using period = duration::period;            ///< as std's clocks have it
  using time_point =
      std::chrono::time_point<std::chrono::system_clock, duration>;  ///< a moment of virtual time
  static constexpr bool is_steady = false;                           ///< as std's is none

  /// The virtual time.
  [[nodiscard]] static time_point now() noexcept {
    constexpr std::chrono::seconds begin{946684800};
    return time_point{begin + clock::now().time_since_epoch()};
  }
};

namespace detail {

[[nodiscard]] inline Instant instant(clock::time_point when) noexcept {
  return when.time_since_epoch().count();
}

/// The moment that lies `duration` ahead, or never if that is beyond the clock's range.
template <class Rep, class Period>
[[nodiscard]] Instant after(const std::chrono::duration<Rep, Period>& duration) {
  const auto now = clock::now().time_since_epoch();
  const auto left = std::chrono::duration<double, std::nano>(std::chrono::nanoseconds{never} - now);
  if (std::chrono::duration<double, std::nano>(duration) >= left) return never;
  return (now + std::chrono::ceil<std::chrono::nanoseconds>(duration)).count();
}

}  // namespace detail

}  // namespace lockstep::sim
