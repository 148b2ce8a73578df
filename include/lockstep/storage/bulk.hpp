// Conditions on records and changes of them as values: computed here, or by a database from a statement in
// which every value is a placeholder.
#pragma once

#include <lockstep/storage/storage.hpp>

#include <concepts>
#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>
#include <type_traits>
#include <utility>

namespace lockstep {

namespace detail {

template <class Member>
struct MemberType;
template <class T, class F>
struct MemberType<F T::*> {
  using record = T;
  using field = F;
};

template <class F>
inline constexpr bool is_optional = false;
template <class F>
inline constexpr bool is_optional<std::optional<F>> = true;

template <class F>
struct ValueOf {
  using type = F;
};
template <class F>
struct ValueOf<std::optional<F>> {
  using type = F;
};

/// A base by which conditions are told from other things that have operators.
struct ConditionBase {};

}  // namespace detail

/// A condition on a record: what comparing a `field` gives, and its combinations by `&&`, `||` and `!`.
/// Called with a record it says whether it holds.
template <class C>
concept Condition = std::derived_from<C, detail::ConditionBase>;

/// How a field is compared.
enum class Comparing {
  equal,             ///< ==
  not_equal,         ///< !=
  less,              ///< <
  less_or_equal,     ///< <=
  greater,           ///< >
  greater_or_equal,  ///< >=
};

/// A field beside a value. An optional field without a value is equal to `std::nullopt`, unequal to all
/// values, and neither less nor greater than any.
template <auto Member>
struct Comparison : detail::ConditionBase {
  using Field = typename detail::MemberType<decltype(Member)>::field;  ///< the field's type
  static constexpr auto member = Member;                               ///< which field it is

  /// `field` compared with `value`.
  Comparison(Comparing with, Field against) : how{with}, value{std::move(against)} {}

  Comparing how;  ///< in which way
  Field value;    ///< with what

  /// Whether it holds for `record`.
  template <class T>
  [[nodiscard]] bool operator()(const T& record) const {
    const auto& field = record.*Member;
    switch (how) {
      case Comparing::equal:
        return field == value;
      case Comparing::not_equal:
        return !(field == value);
      default:
        if constexpr (std::totally_ordered<typename detail::ValueOf<Field>::type>) {
          if constexpr (detail::is_optional<Field>) {
            return field && value && ordered(*field, *value);
          } else {
            return ordered(field, value);
          }
        } else {
          return false;  // such a comparison cannot be made
        }
    }
  }

 private:
  template <class V>
  [[nodiscard]] bool ordered(const V& field, const V& against) const {
    switch (how) {
      case Comparing::less:
        return field < against;
      case Comparing::less_or_equal:
        return field <= against;
      case Comparing::greater:
        return field > against;
      default:
        return field >= against;
    }
  }
};

/// Both hold.
template <Condition A, Condition B>
struct Both : detail::ConditionBase {
  /// `first` and `second`.
  Both(A first, B second) : a{std::move(first)}, b{std::move(second)} {}
  A a;  ///< one
  B b;  ///< the other
  /// Whether it holds for `record`.
  template <class T>
  [[nodiscard]] bool operator()(const T& record) const {
    return a(record) && b(record);
  }
};

/// One of them holds, or both.
template <Condition A, Condition B>
struct Either : detail::ConditionBase {
  /// `first` or `second`.
  Either(A first, B second) : a{std::move(first)}, b{std::move(second)} {}
  A a;  ///< one
  B b;  ///< the other
  /// Whether it holds for `record`.
  template <class T>
  [[nodiscard]] bool operator()(const T& record) const {
    return a(record) || b(record);
  }
};

/// It does not hold.
template <Condition A>
struct Not : detail::ConditionBase {
  /// Not `condition`.
  explicit Not(A condition) : a{std::move(condition)} {}
  A a;  ///< what must not hold
  /// Whether it holds for `record`.
  template <class T>
  [[nodiscard]] bool operator()(const T& record) const {
    return !a(record);
  }
};

/// Holds for every record.
struct EveryRecord : detail::ConditionBase {
  /// True.
  template <class T>
  [[nodiscard]] bool operator()(const T&) const noexcept {
    return true;
  }
};
/// Every record.
inline constexpr EveryRecord everything{};

/// Both hold.
template <Condition A, Condition B>
[[nodiscard]] Both<A, B> operator&&(A a, B b) {
  return {std::move(a), std::move(b)};
}
/// One of them holds, or both.
template <Condition A, Condition B>
[[nodiscard]] Either<A, B> operator||(A a, B b) {
  return {std::move(a), std::move(b)};
}
/// It does not hold.
template <Condition A>
[[nodiscard]] Not<A> operator!(A a) {
  return Not<A>{std::move(a)};
}

/// A described field to compare: `field<&Account::balance> < 0`.
template <auto Member>
struct FieldOf {
  using Field = typename detail::MemberType<decltype(Member)>::field;  ///< its type
};
/// The field that `Member` points to.
template <auto Member>
inline constexpr FieldOf<Member> field{};

namespace detail {

template <auto Member>
[[nodiscard]] Comparison<Member> ordered(Comparing how, typename FieldOf<Member>::Field value) {
  using Value = typename ValueOf<typename FieldOf<Member>::Field>::type;
  static_assert(std::totally_ordered<Value>, "this field's type has no order");
  static_assert(!std::convertible_to<const Value&, std::string_view>,
                "texts are compared for equality alone: their order is the database's, and not C++'s");
  return {how, std::move(value)};
}

}  // namespace detail

/// The field is equal to a value, or has none as `std::nullopt` has.
template <auto Member, std::convertible_to<typename FieldOf<Member>::Field> V>
[[nodiscard]] Comparison<Member> operator==(FieldOf<Member>, V&& value) {
  return {Comparing::equal, std::forward<V>(value)};
}
/// The field differs from a value.
template <auto Member, std::convertible_to<typename FieldOf<Member>::Field> V>
[[nodiscard]] Comparison<Member> operator!=(FieldOf<Member>, V&& value) {
  return {Comparing::not_equal, std::forward<V>(value)};
}
/// The field is less than a value.
template <auto Member, std::convertible_to<typename FieldOf<Member>::Field> V>
[[nodiscard]] Comparison<Member> operator<(FieldOf<Member>, V&& value) {
  return detail::ordered<Member>(Comparing::less, std::forward<V>(value));
}
/// The field is at most a value.
template <auto Member, std::convertible_to<typename FieldOf<Member>::Field> V>
[[nodiscard]] Comparison<Member> operator<=(FieldOf<Member>, V&& value) {
  return detail::ordered<Member>(Comparing::less_or_equal, std::forward<V>(value));
}
/// The field is greater than a value.
template <auto Member, std::convertible_to<typename FieldOf<Member>::Field> V>
[[nodiscard]] Comparison<Member> operator>(FieldOf<Member>, V&& value) {
  return detail::ordered<Member>(Comparing::greater, std::forward<V>(value));
}
/// The field is at least a value.
template <auto Member, std::convertible_to<typename FieldOf<Member>::Field> V>
[[nodiscard]] Comparison<Member> operator>=(FieldOf<Member>, V&& value) {
  return detail::ordered<Member>(Comparing::greater_or_equal, std::forward<V>(value));
}

/// A change of a field to a value.
template <auto Member>
struct SetTo {
  using Field = typename detail::MemberType<decltype(Member)>::field;  ///< its type
  static constexpr auto member = Member;                               ///< which field it is
  Field value;                                                         ///< what it becomes

  /// Changes `record`. True: it fits.
  template <class T>
  bool operator()(T& record) const {
    record.*Member = value;
    return true;
  }
};

/// A change of a number by an amount.
template <auto Member>
struct AddTo {
  using Field = typename detail::MemberType<decltype(Member)>::field;  ///< its type
  static_assert(std::floating_point<Field> || std::signed_integral<Field>,
                "a field to add to is a number with sign, and not optional");
  static constexpr auto member = Member;  ///< which field it is
  Field value;                            ///< what is added

  /// Changes `record`, if the sum fits.
  template <class T>
  bool operator()(T& record) const {
    auto& field = record.*Member;
    if constexpr (std::signed_integral<Field>) {
      using Limits = std::numeric_limits<Field>;
      if (value > 0 ? field > Limits::max() - value : field < Limits::min() - value) return false;
    }
    field = static_cast<Field>(field + value);
    return true;
  }
};

/// Sets the field that `Member` points to.
template <auto Member>
[[nodiscard]] SetTo<Member> set(typename SetTo<Member>::Field value) {
  return {std::move(value)};
}
/// Adds to the number that `Member` points to.
template <auto Member>
[[nodiscard]] AddTo<Member> add(typename AddTo<Member>::Field value) {
  return {value};
}

namespace detail {

/// True if no two change the same field, as far as they say which.
template <class... Changes>
inline constexpr bool differ = true;
template <class First, class... Rest>
inline constexpr bool differ<First, Rest...> =
    (!std::same_as<FieldOf<First::member>, FieldOf<Rest::member>> && ...) && differ<Rest...>;

}  // namespace detail

/// A storage that changes all records for which a condition holds, all or none of them, without loads.
///
/// `change_all(where, changes...)` applies the changes in their order, moves the version of each such record,
/// changed or not, and says how many there were. Throws OutOfRange, ConstraintViolated, VersionUnavailable,
/// or Conflicted where a race was lost; nothing was written then.
template <class S>
concept BulkStorage = Storage<S> && requires(S& storage) {
  { storage.change_all(everything) } -> std::same_as<std::uint64_t>;
};

}  // namespace lockstep
