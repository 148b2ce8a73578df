// Calling what a user passes, which may be a pointer to a member.
// Source: INVOKE, C++20 [func.require]. std::invoke does it, too, but stands in <functional>,
// which costs a source five thousand lines; std::apply stands where everybody has been.
#pragma once

#include <tuple>
#include <type_traits>
#include <utility>

namespace lockstep::detail {

/// As std::invoke. To be called by its qualified name: std's arguments bring std's.
template <class F, class... Arguments>
  requires std::is_invocable_v<F, Arguments...>
constexpr decltype(auto) invoke(F&& f, Arguments&&... arguments) {
  if constexpr (std::is_member_pointer_v<std::remove_cvref_t<F>>) {
    return std::apply(std::forward<F>(f), std::forward_as_tuple(std::forward<Arguments>(arguments)...));
  } else {
    return std::forward<F>(f)(std::forward<Arguments>(arguments)...);
  }
}

}  // namespace lockstep::detail
