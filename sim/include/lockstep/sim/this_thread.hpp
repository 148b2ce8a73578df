// What a simulated thread does with itself: yield, sleep on virtual time, say who it is.
#pragma once

#include <lockstep/sim/clock.hpp>
#include <lockstep/sim/source_location.hpp>
#include <lockstep/sim/thread.hpp>

#include <chrono>
#include <stop_token>

namespace lockstep::sim {

namespace detail {
void sleep_until(Instant until, const source_location& where, const std::stop_token& stop = {});
}  // namespace detail

namespace this_thread {

/// Lets others go first. A loop that waits for another thread must call it, or sleep, or it
/// never ends when the other is not scheduled.
///
/// By itself it is no step, for it touches nothing. But a thread that yields again, having done nothing
/// since its last yield than to look (and to lock and unlock), would see the same again: it rests until
/// another thread changes something that it has looked at since, or until nobody else can run. So a loop
/// `while (!flag) yield();` is explored once per change of the flag, and not without end. What is lost:
/// loops that give up after a number of such rounds, while others could still run.
///
/// When all threads rest, virtual time moves on, so that a loop that polls the clock ends.
inline void yield(source_location where = source_location::current()) {
  if (Execution* execution = Execution::current()) execution->yield(where);
}

/// Blocks until virtual time has moved on by `duration`, which it does only when no thread can run.
/// Outside an execution it returns at once.
template <class Rep, class Period>
void sleep_for(const std::chrono::duration<Rep, Period>& duration,
               source_location where = source_location::current()) {
  detail::sleep_until(detail::after(duration), where);
}

/// Likewise, until the clock of the simulator shows `when`.
inline void sleep_until(const clock::time_point& when, source_location where = source_location::current()) {
  detail::sleep_until(detail::instant(when), where);
}

/// The identity of the calling thread.
[[nodiscard]] inline thread::id get_id() noexcept { return thread::current(); }

}  // namespace this_thread

}  // namespace lockstep::sim
