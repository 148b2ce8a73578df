// The line that a verb is called from, for storages that have a use for it: those under simulation, whose
// findings show it.
#pragma once

namespace lockstep {

/// A line of the program's text. Verbs take that of their caller as the last argument, which nobody has to
/// give, and tell it to storages with a function `called_from`. Where there is none it costs nothing.
struct Caller {
  const char* file = "";  ///< as the compiler was given it
  unsigned line = 0;      ///< from 1; zero: not known

  /// As a default argument: the line of the call.
  [[nodiscard]] static constexpr Caller here(const char* file = __builtin_FILE(),
                                             unsigned line = __builtin_LINE()) noexcept {
    return {file, line};
  }
};

namespace detail {

/// What a storage without a use for it makes of a caller.
struct NoCaller {};

/// Tells a storage or a session that its calls from here on, until the result is destroyed, are made for
/// `where`.
template <class S>
[[nodiscard]] constexpr auto called_from(const S& callee, const Caller& where) {
  if constexpr (requires { callee.called_from(where); }) {
    return callee.called_from(where);
  } else {
    return NoCaller{};
  }
}

}  // namespace detail

}  // namespace lockstep
