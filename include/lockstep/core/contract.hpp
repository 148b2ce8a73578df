// Contracts that speak: a caller's mistake ends the program, as GSL's Expects does, and
// standard error says which contract was violated before it does.
//
// GSL leaves the text out (its `Expects` calls std::terminate and nothing else), and in a
// release build without a debugger that is all there is. Others put it in: Abseil's CHECK
// and libstdc++'s assertions name the condition, the file and the line.
#pragma once

#include <gsl/assert>

#include <cstdio>

namespace lockstep::detail {

// In one write, so that two threads do not mix their words. The stream is not looked at.
inline void tell_violation(const char* contract, const char* file, unsigned line,
                           const char* function) noexcept {
  static_cast<void>(std::fprintf(stderr, "lockstep: contract violated in %s (%s:%u): %s\n", function, file,
                                 line, contract));
  static_cast<void>(std::fflush(stderr));
}

/// Returns `holds`; if it is false, says on standard error that `contract`, a sentence
/// about what the caller must do, was violated: `Expects(told(!over(), "..."))`.
/// Costs a comparison if it holds. Usable in constant expressions, where a violation does not compile.
constexpr bool told(bool holds, const char* contract, const char* file = __builtin_FILE(),
                    unsigned line = __builtin_LINE(), const char* function = __builtin_FUNCTION()) {
  if (!holds) tell_violation(contract, file, line, function);
  return holds;
}

}  // namespace lockstep::detail
