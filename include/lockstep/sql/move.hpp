// What a statement that moves an amount from one row to another needs to know of the field that it moves.
#pragma once

#include <lockstep/sql/bulk.hpp>
#include <lockstep/sql/mapping.hpp>

#include <concepts>
#include <cstdint>
#include <limits>
#include <type_traits>
#include <utility>

namespace lockstep::sql::detail {

/// A field that a statement can move an amount of: a whole number, in a record whose rules are all the
/// database's.
template <class T, auto Member, class Amount>
concept Movable = WithoutInvariants<T> && std::integral<Amount> && !std::same_as<Amount, bool> &&
                  (field_number<T, Member> < field_count<T>) &&
                  std::same_as<std::remove_cvref_t<decltype(std::declval<T&>().*Member)>, Amount>;

/// What a transfer of `amount` changes, and asks of the row that receives it: that it has no more than
/// `room`. Both fit a column of 64 bits if `possible`.
struct Moved {
  bool possible = false;
  std::int64_t amount = 0;
  std::int64_t room = 0;
};

template <std::integral Amount>
[[nodiscard]] constexpr Moved moved(Amount amount) noexcept {
  constexpr auto largest = std::numeric_limits<std::int64_t>::max();
  if (!std::in_range<std::int64_t>(amount) || amount <= 0) return {};
  const auto wanted = static_cast<std::int64_t>(amount);
  constexpr auto most = std::in_range<std::int64_t>(std::numeric_limits<Amount>::max())
                            ? static_cast<std::int64_t>(std::numeric_limits<Amount>::max())
                            : largest;
  return {true, wanted, most - wanted};
}

/// Whether rows of such versions are moved by a statement that knows none of them.
[[nodiscard]] inline bool moves_alone(const Layout& layout) noexcept {
  return layout.version.empty() || layout.kind == VersionKind::counter;
}

}  // namespace lockstep::sql::detail
