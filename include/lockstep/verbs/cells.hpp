// Transactions over a fixed number of cells: no sets that grow, and for records that lie in their cells no
// allocation, and nothing that all threads share.
#pragma once

#include <lockstep/core/invoke.hpp>
#include <lockstep/verbs/cell.hpp>
#include <lockstep/verbs/transfer.hpp>

#include <cstddef>
#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>

namespace lockstep {

namespace detail {

// Cells, and then a function: a parameter pack comes last, so they are told apart here.
template <class... Args>
struct CellsAndFunction {
  static constexpr bool valid = false;
};
template <class Sequence, class... Args>
struct CellsBefore;
template <std::size_t... I, class... Args>
struct CellsBefore<std::index_sequence<I...>, Args...> {
  using Tuple = std::tuple<Args...>;
  using Function = std::tuple_element_t<sizeof...(I), Tuple>;
  static constexpr bool cells = (memory::CellType<std::tuple_element_t<I, Tuple>> && ...) &&
                                (std::is_lvalue_reference_v<std::tuple_element_t<I, Tuple>> && ...);
};
template <class First, class Second, class... Rest>
struct CellsAndFunction<First, Second, Rest...> {
  using Sequence = std::make_index_sequence<sizeof...(Rest) + 1>;
  using Before = CellsBefore<Sequence, First, Second, Rest...>;
  static constexpr bool valid = Before::cells && !memory::CellType<typename Before::Function>;
};

template <class Fn, class... Cells>
auto transact_cells(std::remove_reference_t<Fn>& fn, Cells&... cells) {
  using memory::detail::call_with;
  const memory::detail::Kept<Fn> kept{fn};
  using Result =
      decltype(call_with<Cells...>(fn, std::declval<std::tuple<typename Cells::record_type...>&>()));
  if constexpr (std::is_void_v<Result>) {
    memory::detail::until_it_lands(
        [kept](auto& records) mutable {
          call_with<Cells...>(kept.fn, records);
          return memory::detail::Skip{};
        },
        [](auto&, auto&, auto&&) {}, cells...);
  } else {
    return memory::detail::until_it_lands(
        [kept](auto& records) mutable -> std::decay_t<Result> {
          return call_with<Cells...>(kept.fn, records);
        },
        [](auto&, auto&, std::decay_t<Result>&& result) { return std::move(result); }, cells...);
  }
}

}  // namespace detail

/// `transact(a, b, ..., fn)` runs `fn(record of a, record of b, ...)` on copies that belong to one moment,
/// and writes what it changed, all or nothing, if none of the cells has changed since; otherwise again.
/// Returns what `fn` returned. A cell that is passed as const (`std::as_const`) is only read, and validated.
///
/// Safe to call from any thread. `fn` may run several times, and then sees one state each time (opacity): it
/// must have no side effects beyond its arguments, and what it throws goes through with nothing written.
/// After sixteen lost races all cells are locked first, in the order of their addresses, so that it ends;
/// while they are, `fn` must not write them by other verbs. Outcomes are serializable. The cells differ from
/// each other. Throws ConstraintViolated, VersionUnavailable; nothing was written then. Cost: a copy of each
/// record out, a compare-exchange and a copy in for each that changed. Allocates nothing but what copies of
/// records do, and nodes for those that do not lie in their cells.
template <class... Args>
  requires detail::CellsAndFunction<Args&&...>::valid
auto transact(Args&&... args) {
  auto arguments = std::forward_as_tuple(args...);
  return [&]<std::size_t... I>(std::index_sequence<I...>) {
    return detail::transact_cells<std::tuple_element_t<sizeof...(I), std::tuple<Args...>>>(
        std::get<sizeof...(I)>(arguments), std::get<I>(arguments)...);
  }(std::make_index_sequence<sizeof...(Args) - 1>{});
}

/// `read_only(a, b, ..., fn)` runs `fn` once, on the records of one moment, and returns what it returned.
/// Safe to call from any thread; waits for no lock, and writes nothing that is shared.
template <class... Args>
  requires detail::CellsAndFunction<Args&&...>::valid
auto read_only(Args&&... args) {
  auto arguments = std::forward_as_tuple(args...);
  return [&]<std::size_t... I>(std::index_sequence<I...>) {
    return detail::transact_cells<std::tuple_element_t<sizeof...(I), std::tuple<Args...>>>(
        std::get<sizeof...(I)>(arguments), std::as_const(std::get<I>(arguments))...);
  }(std::make_index_sequence<sizeof...(Args) - 1>{});
}

/// Moves `amount` from one cell's `balance` to another's, in one commit; `transfer<&Account::points>(...)`
/// moves another numeric member.
///
/// Safe to call from any thread. Throws AmountNotPositive, SameAccount, InsufficientFunds, AmountOverflow,
/// ConstraintViolated, VersionUnavailable; nothing was written then. Cost: as `transact` of two.
template <auto Field = Balance{}, memory::CellType From, memory::CellType To>
  requires detail::Numeric<detail::AmountOf<record_of<From>, Field>> &&
           std::same_as<detail::AmountOf<record_of<From>, Field>, detail::AmountOf<record_of<To>, Field>>
void transfer(From& from, To& to, std::type_identity_t<detail::AmountOf<record_of<From>, Field>> amount) {
  using memory::detail::place_of_cell;
  if (!(amount > 0)) throw AmountNotPositive{};
  if (static_cast<const void*>(&from) == static_cast<const void*>(&to)) throw SameAccount{place_of_cell(0)};
  transact(from, to, [amount](record_of<From>& payer_record, record_of<To>& payee_record) {
    auto& payer = detail::invoke(Field, payer_record);
    auto& payee = detail::invoke(Field, payee_record);
    if (!(payer >= amount)) throw InsufficientFunds{place_of_cell(0)};
    if (!detail::fits(payee, amount)) throw AmountOverflow{place_of_cell(1)};
    payer = static_cast<std::remove_reference_t<decltype(payer)>>(payer - amount);
    payee = static_cast<std::remove_reference_t<decltype(payee)>>(payee + amount);
  });
}

}  // namespace lockstep
