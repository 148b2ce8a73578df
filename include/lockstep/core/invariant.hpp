// Rules that every stored record of a type keeps, checked before each write.
#pragma once

#include <lockstep/core/error.hpp>

#include <string_view>
#include <tuple>

namespace lockstep {

/// A named rule over one record.
template <class Rule>
struct Invariant {
  std::string_view name;  ///< what ConstraintViolated names
  Rule holds;             ///< a predicate of a const record: true if the rule is kept
};
/// Deduces the rule's type.
template <class Rule>
Invariant(std::string_view, Rule) -> Invariant<Rule>;

/// The invariants of a record type: specialise it with a tuple named `all`.
///
///     template <>
///     struct lockstep::Invariants<Account> {
///       static constexpr std::tuple all{
///           lockstep::Invariant{"balance_not_negative", [](const Account& a) { return a.balance >= 0; }}};
///     };
template <class T>
struct Invariants {
  static constexpr std::tuple<> all{};  ///< of Invariant, checked in this order
};

/// Throws ConstraintViolated, naming the first invariant that `record` breaks.
/// `place` is called only then.
template <class T, class PlaceOf>
void check_invariants(const T& record, PlaceOf&& place) {
  const auto check = [&](const auto& invariant) {
    if (!invariant.holds(record)) throw ConstraintViolated{place(), std::string{invariant.name}};
  };
  std::apply([&](const auto&... invariant) { (check(invariant), ...); }, Invariants<T>::all);
}

}  // namespace lockstep
