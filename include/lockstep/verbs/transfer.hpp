// Moving an amount from one record to another: both change, or neither.
#pragma once

#include <lockstep/core/invoke.hpp>
#include <lockstep/verbs/transact.hpp>

#include <array>
#include <concepts>
#include <limits>
#include <type_traits>

namespace lockstep {

/// What to move, between which records.
template <class Key, class Amount>
struct Transfer {
  Key from{};       ///< the record that pays
  Key to{};         ///< the record that receives
  Amount amount{};  ///< must be positive
};

/// A transfer that may not happen, whatever the timing. Nothing was written.
class TransferRefused : public Error {
  using Error::Error;
};

/// There is less than the amount to take it from.
class InsufficientFunds : public TransferRefused {
 public:
  /// `from` has less than the amount.
  explicit InsufficientFunds(Place from)
      : TransferRefused{to_string(from) + ": insufficient funds"}, from_{std::move(from)} {}
  /// The record that was to pay.
  [[nodiscard]] const Place& from() const noexcept { return from_; }

 private:
  Place from_;
};

/// Both sides are the same record.
class SameAccount : public TransferRefused {
 public:
  /// `account` was to pay itself.
  explicit SameAccount(Place account)
      : TransferRefused{to_string(account) + ": transfer to itself"}, account_{std::move(account)} {}
  /// The record on both sides.
  [[nodiscard]] const Place& account() const noexcept { return account_; }

 private:
  Place account_;
};

/// The amount is zero, negative, or not a number.
class AmountNotPositive : public TransferRefused {
 public:
  AmountNotPositive() : TransferRefused{"the amount of a transfer must be positive"} {}
};

/// The receiving side cannot hold so much.
class AmountOverflow : public TransferRefused {
 public:
  /// `to` has too much already.
  explicit AmountOverflow(Place to)
      : TransferRefused{to_string(to) + ": the amount does not fit"}, to_{std::move(to)} {}
  /// The record that was to receive.
  [[nodiscard]] const Place& to() const noexcept { return to_; }

 private:
  Place to_;
};

/// The member that a transfer moves between where none is named.
struct Balance {
  /// The member `balance`.
  template <class T>
  constexpr auto& operator()(T& record) const noexcept
    requires requires { record.balance; }
  {
    return record.balance;
  }
};

namespace detail {

template <class T, auto Field>
using AmountOf = std::remove_cvref_t<std::invoke_result_t<decltype(Field), T&>>;

template <class Amount>
concept Arithmetic = (std::integral<Amount> && !std::same_as<Amount, bool>) || std::floating_point<Amount>;

/// A number of std's, or another that says what `fits`: Decimal.
template <class Amount>
concept Numeric = Arithmetic<Amount> || requires(const Amount& a) {
  { a >= a } -> std::convertible_to<bool>;
  { fits(a, a) } -> std::same_as<bool>;
  { a - a } -> std::same_as<Amount>;
  { a + a } -> std::same_as<Amount>;
};

/// True if `a + b` can be represented, for a positive `b`.
template <Arithmetic Amount>
[[nodiscard]] constexpr bool fits(Amount a, Amount b) noexcept {
  if constexpr (std::integral<Amount>) {
    return a <= std::numeric_limits<Amount>::max() - b;
  } else {
    const Amount sum =
        a + b;  // compared, and not std::isfinite, for <cmath> would be a tenth of all includes
    return sum >= std::numeric_limits<Amount>::lowest() && sum <= std::numeric_limits<Amount>::max();
  }
}

/// Throws what makes no sense of a transfer whatever is stored.
template <Storage S, class Order>
void check_transfer(const S& storage, const Order& order) {
  if (!(order.amount > decltype(order.amount){})) throw AmountNotPositive{};
  if (same_key(storage, order.from, order.to)) throw SameAccount{place_of(storage, order.from)};
}

/// Locks or announces both records, so that their loads come together.
template <Storage S, class Order>
void prepare_transfer(auto& tx, S& storage, const Order& order) {
  const auto& [from, to, amount] = order;
  if constexpr (LockableStorage<S> && std::totally_ordered<key_of<S>>) {
    if (tx.locks()) {  // in key order, so that opposite transfers do not deadlock
      tx.lock(storage, to < from ? to : from);
      tx.lock(storage, to < from ? from : to);
    }
  }
  if constexpr (PrefetchStorage<S>) tx.prefetch(storage, std::array<key_of<S>, 2>{from, to});
}

/// The data member that `Field` names; null if it is a function.
template <class T, auto Field>
[[nodiscard]] constexpr auto named_member() noexcept {
  if constexpr (std::is_member_object_pointer_v<std::remove_const_t<decltype(Field)>>) {
    return Field;
  } else if constexpr (std::same_as<std::remove_const_t<decltype(Field)>, Balance>) {
    if constexpr (requires { requires std::is_member_object_pointer_v<decltype(&T::balance)>; }) {
      return &T::balance;
    } else {
      return nullptr;
    }
  } else {
    return nullptr;
  }
}

/// True if the storage has moved the amount by itself. If not, nothing was written, and it takes a look to
/// tell why.
template <auto Field, Storage S, class Order>
[[nodiscard]] bool moved_by_storage(S& storage, const Order& order) {
  constexpr auto member = named_member<record_of<S>, Field>();
  if constexpr (!std::is_null_pointer_v<std::remove_const_t<decltype(member)>>) {
    if constexpr (MovingStorage<S, member>) {
      return storage.template move_amount<member>(order.from, order.to, order.amount);
    }
  }
  return false;
}

template <auto Field, Storage S, class Order>
void move_amount(auto& tx, S& storage, const Order& order) {
  const auto& [from, to, amount] = order;
  auto& payer = detail::invoke(Field, tx.edit(storage, from));
  auto& payee = detail::invoke(Field, tx.edit(storage, to));
  if (!(payer >= amount)) throw InsufficientFunds{place_of(storage, from)};
  if (!fits(payee, amount)) throw AmountOverflow{place_of(storage, to)};
  payer = static_cast<std::remove_reference_t<decltype(payer)>>(payer - amount);
  payee = static_cast<std::remove_reference_t<decltype(payee)>>(payee + amount);
}

}  // namespace detail

/// Moves `transfer.amount` from one record's `balance` to the other's, in one commit.
///
/// `transfer<&Account::points>(...)` moves another numeric member than `balance`. Count
/// money in integers of its smallest unit, or in a Decimal: floating point rounds, and so loses some.
/// Safe to call from any thread. `retry.locking` chooses the way: optimistic,
/// pessimistic (both records locked first), or adaptive. Throws AmountNotPositive,
/// SameAccount, Missing, InsufficientFunds, AmountOverflow, ConstraintViolated, and
/// Exhausted by `retry`'s limits; nothing was written then.
/// Cost: one step where the storage can move the amount itself (MovingStorage), nothing stands in the way,
/// and locks are not asked for; else two loads and one commit per attempt. The loads are one round trip where
/// the storage can (PrefetchStorage).
template <auto Field = Balance{}, Storage S>
  requires detail::Numeric<detail::AmountOf<record_of<S>, Field>>
void transfer(S& storage, const Transfer<key_of<S>, detail::AmountOf<record_of<S>, Field>>& transfer,
              const Retry& retry = {}, Caller where = Caller::here()) {
  [[maybe_unused]] const auto caller = detail::called_from(storage, where);
  detail::check_transfer(storage, transfer);
  if (retry.locking != Locking::pessimistic && detail::moved_by_storage<Field>(storage, transfer)) return;
  transact(
      storage,
      [&](auto& tx) {
        detail::prepare_transfer(tx, storage, transfer);
        detail::move_amount<Field>(tx, storage, transfer);
      },
      retry);
}

}  // namespace lockstep
