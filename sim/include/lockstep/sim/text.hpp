// Values as the timeline shows them.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <type_traits>

namespace lockstep::sim::detail {

/// A value in a few characters; empty for types that have no text of their own. Pointers are
/// only told from null, because an address is never the same twice.
template <class T>
[[nodiscard]] std::string text(const T& value) {
  if constexpr (std::is_same_v<T, bool>) {
    return value ? "true" : "false";
  } else if constexpr (std::is_enum_v<T>) {
    return text(static_cast<std::underlying_type_t<T>>(value));
  } else if constexpr (std::is_arithmetic_v<T>) {
    return std::to_string(value);
  } else if constexpr (std::is_pointer_v<T>) {
    return value == nullptr ? "null" : "pointer";
  } else {
    return {};
  }
}

/// "10ms", "1500us".
[[nodiscard]] std::string text(std::chrono::nanoseconds duration);

/// "-> 100"; nothing if the value has no text.
[[nodiscard]] std::string prefixed(std::string_view prefix, const std::string& value);

/// "4 => 5"; nothing if the values have no text.
[[nodiscard]] std::string from_to(const std::string& before, const std::string& after);

}  // namespace lockstep::sim::detail
