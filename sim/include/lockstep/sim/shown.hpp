// Any value as text for people, where histories and their checkers tell of inputs, outputs and states.
#pragma once

#include <lockstep/core/text.hpp>

#include <concepts>
#include <functional>
#include <iterator>
#include <optional>
#include <ranges>
#include <string>
#include <type_traits>
#include <variant>

namespace lockstep::sim::detail {

template <class T>
inline constexpr bool is_optional = false;
template <class T>
inline constexpr bool is_optional<std::optional<T>> = true;

/// `lockstep::shown`, and besides: "nothing" for an empty optional, "[1, 2]" for a range, no text at all
/// for std::monostate; "?" for what has no text.
template <class T>
[[nodiscard]] std::string shown_value(const T& value) {
  if constexpr (std::same_as<T, std::monostate>) {
    return {};
  } else if constexpr (is_optional<T>) {
    return value ? shown_value(*value) : "nothing";
  } else if constexpr (Textual<T>) {
    return text_of(value);
  } else if constexpr (std::floating_point<T>) {
    return std::to_string(value);
  } else if constexpr (std::ranges::forward_range<const T>) {
    std::string text = "[";
    for (const auto& each : value) text += (text.size() > 1 ? ", " : "") + shown_value(each);
    return text + "]";
  } else {
    return "?";
  }
}

}  // namespace lockstep::sim::detail
