// std::call_once under the simulator.
#pragma once

#include <lockstep/sim/called_from.hpp>
#include <lockstep/sim/execution.hpp>

#include <cstdint>
#include <functional>
#include <utility>

namespace lockstep::sim {

class once_flag;

namespace detail {

/// A flag, and the line of the call that names it.
struct OnceCalled {
  // NOLINTNEXTLINE(google-explicit-constructor,hicpp-explicit-conversions): made by the call
  OnceCalled(once_flag& called, source_location line = source_location::current())
      : flag{&called}, where{line} {}
  once_flag* flag;
  source_location where;
};

}  // namespace detail

/// std::once_flag.
class once_flag {
 public:
  once_flag() = default;
  once_flag(const once_flag&) = delete;
  once_flag& operator=(const once_flag&) = delete;

  /// Its identity, for `label` and for the footprints of steps.
  [[nodiscard]] ObjectId id() const noexcept { return object_.id(); }

 private:
  template <class F, class... Args>
  friend void call_once(detail::OnceCalled called, F&& function, Args&&... args);

  class Enter;
  enum class State : std::uint8_t {
    untouched,  ///< nobody has called it, or all who did have thrown
    running,    ///< somebody calls it
    done,       ///< a call has returned
  };

  /// True if the caller is to call the function, and to `leave` then.
  [[nodiscard]] bool enter();
  void leave(State state);

  Object object_{"once_flag"};
  State state_ = State::untouched;
  unsigned runner_ = max_threads;
};

/// Calls `function` unless a call for the same flag has returned before, and returns when one has: a step,
/// and another one when the function has returned or thrown. Who comes meanwhile waits; who is the first is
/// explored. If the function throws, the exception passes through, and the next one calls it. A call from
/// within is found as a deadlock. Outside an execution such a call throws std::logic_error.
template <class F, class... Args>
void call_once(detail::OnceCalled called, F&& function, Args&&... args) {
  const detail::CalledFrom caller{called.where};
  once_flag& flag = *called.flag;
  if (!flag.enter()) return;
  try {
    std::invoke(std::forward<F>(function), std::forward<Args>(args)...);
  } catch (...) {
    flag.leave(once_flag::State::untouched);
    throw;
  }
  flag.leave(once_flag::State::done);
}

}  // namespace lockstep::sim
