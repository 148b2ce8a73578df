// Keys and versions as text: in error messages, in tokens, on a timeline.
#pragma once

#include <concepts>
#include <cstddef>
#include <initializer_list>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>

namespace lockstep {

namespace detail {

template <class T>
concept TupleLike = requires { std::tuple_size<std::remove_cvref_t<T>>::value; };

template <class T>
concept WithToString = requires(const T& value) {
  { to_string(value) } -> std::convertible_to<std::string>;  // found by the type's own namespace
};

template <class T>
inline constexpr bool is_textual = std::convertible_to<const T&, std::string_view> || std::integral<T> ||
                                   std::is_enum_v<T> || WithToString<T>;
template <TupleLike T>
inline constexpr bool is_textual<T> = []<std::size_t... I>(std::index_sequence<I...>) {
  return (is_textual<std::tuple_element_t<I, T>> && ...);
}(std::make_index_sequence<std::tuple_size_v<T>>{});

// Parts of a composite key are told apart whatever they contain.
inline std::string escaped(std::string_view part) {
  std::string text;
  for (const char c : part) {
    if (c == '\\' || c == ',' || c == '(' || c == ')') text += '\\';
    text += c;
  }
  return text;
}

}  // namespace detail

/// A type whose values have a text of their own: strings, integers, enumerations,
/// tuples of these, and types with a `to_string` in their namespace.
template <class T>
concept Textual = detail::is_textual<std::remove_cvref_t<T>>;

/// The text of `value`; different values have different texts.
template <Textual T>
[[nodiscard]] std::string text_of(const T& value) {
  if constexpr (std::convertible_to<const T&, std::string_view>) {
    return std::string{std::string_view{value}};
  } else if constexpr (std::same_as<T, bool>) {
    return value ? "true" : "false";
  } else if constexpr (std::integral<T>) {
    return std::to_string(value);
  } else if constexpr (detail::WithToString<T>) {
    return to_string(value);
  } else if constexpr (std::is_enum_v<T>) {
    return std::to_string(static_cast<std::underlying_type_t<T>>(value));
  } else {
    return std::apply(
        [](const auto&... parts) {
          std::string text;
          ((text += text.empty() ? "(" : ",", text += detail::escaped(text_of(parts))), ...);
          return text + ")";
        },
        value);
  }
}

/// The text of any value, for people: "?" where its type has none.
template <class T>
[[nodiscard]] std::string shown(const T& value) {
  if constexpr (Textual<T>) {
    return text_of(value);
  } else {
    return "?";
  }
}

namespace detail {
inline std::string joined(std::initializer_list<std::string_view> parts) {
  std::string text;
  for (const auto part : parts) text.append(part.data(), part.size());
  return text;
}
}  // namespace detail

/// One text of several.
template <std::convertible_to<std::string_view>... Parts>
[[nodiscard]] std::string joined(const Parts&... parts) {
  return detail::joined({std::string_view{parts}...});
}

}  // namespace lockstep
