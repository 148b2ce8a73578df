// The verbs on a `memory::FlatTable`: those of a storage that its engine has, with the same meanings. A lost
// race is the same value, and a record that is not there the same error.
//
// Several keys are read and changed together as cells are (cell_transaction.hpp): the places of the records
// are looked for, and are the cells. A commit that finds one of them moved, or erased, looks for it again.
#pragma once

#include <lockstep/core/invoke.hpp>
#include <lockstep/core/parameter.hpp>
#include <lockstep/memory/flat_table.hpp>
#include <lockstep/verbs/save.hpp>
#include <lockstep/verbs/transfer.hpp>

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <tuple>
#include <type_traits>
#include <utility>

namespace lockstep {

namespace detail {

/// What records of the table `S` are found by.
template <class K, class S>
concept FindsIn = memory::FlatTableType<S> && std::remove_cvref_t<S>::template finds<K>;
/// And is no key.
template <class K, class S>
concept FindsInOtherwise = FindsIn<K, S> && !std::same_as<K, key_of<S>>;

/// What a record is looked for by: `key` if that can be, else a key made of it.
template <memory::FlatTableType S, class K>
decltype(auto) key_for(const K& key) {
  if constexpr (FindsIn<K, S>) {
    return static_cast<const K&>(key);
  } else {
    return key_of<S>(key);
  }
}

/// The version of a record, without what a table keeps beside it.
template <std::size_t I, class Transaction>
[[nodiscard]] Version version_in_table(const Transaction& transaction) {
  return Version{memory::detail::SlotVersion::of(transaction.template state<I>()).number};
}

/// Runs `change(records, transaction)` on the records at `keys`, and commits what it did, until that lands;
/// then returns what `done(transaction, records, what change returned)` does. Optimistically, and after some
/// lost races with all of them locked. Cells that are const are only read. Throws Missing.
template <class... Cells, class Table, class Keys, class Change, class Done>
auto until_it_lands_in(Table& table, const Keys& keys, Change change, Done done) {
  namespace engine = memory::detail;
  using Access = engine::FlatTableAccess;
  using R = typename Table::runtime_type;
  constexpr bool only_read = (std::is_const_v<Cells> && ...);
  constexpr auto count = sizeof...(Cells);
  return [&]<std::size_t... I>(std::index_sequence<I...>) {
    const std::array<std::uint64_t, count> hashes{Access::hash_of(table, std::get<I>(keys))...};
    for (unsigned lost = 0;;) {
      const auto turn = Access::turn(table);
      if constexpr (!only_read) {
        (engine::prefetch_for_write(Access::home(table, turn, hashes[I])), ...);
      }
      const std::array found{Access::find(table, turn, hashes[I], std::get<I>(keys))...};
      if (((found[I].kind != engine::SlotKind::live) || ...)) [[unlikely]] {
        if (!Access::unmoved(table, turn)) continue;
        ((found[I].kind == engine::SlotKind::live
              ? void()
              : throw Missing{Access::place_of(table, std::get<I>(keys))}),
         ...);
      }
      for (std::size_t i = 1; i < count; ++i) {
        for (std::size_t j = 0; j != i; ++j) {
          Expects(lockstep::detail::told(found[i].slot != found[j].slot || !Access::still(table, turn),
                                         "the keys of a transaction differ from each other"));
        }
      }
      std::tuple<std::remove_const_t<Cells>...> cells{Access::cell_of(table, turn, found[I])...};
      const auto all_live = [&](const auto& transaction) {
        return ((engine::SlotVersion::of(transaction.template state<I>()).kind == engine::SlotKind::live) &&
                ...) &&
               Access::still(table, turn);
      };
      const auto attempt = [&](auto& transaction, auto& result) {
        auto records = transaction.records();
        auto outcome = change(records, transaction);
        if (!engine::landed(transaction, records, outcome)) return false;
        result.emplace(done(transaction, records, std::move(outcome)));
        return true;
      };
      using Records = typename engine::CellReads<Cells...>::Records;
      using Optimistic = engine::Optimistic<Cells...>;
      using Outcome = decltype(change(std::declval<Records&>(), std::declval<Optimistic&>()));
      std::optional<decltype(done(std::declval<Optimistic&>(), std::declval<Records&>(),
                                  std::declval<Outcome>()))>
          result;
      if (only_read || lost != engine::Pace<R>::losses_before_locking) [[likely]] {
        Optimistic transaction{std::get<I>(cells)...};
        if (!transaction.try_read()) [[unlikely]]
          transaction.read();
        if (!all_live(transaction)) [[unlikely]]
          continue;
        if (attempt(transaction, result)) [[likely]]
          return std::move(*result);
        ++lost;
        engine::Pace<R>::back_off(lost);
      } else {
        engine::Locked<Cells...> transaction{std::get<I>(cells)...};
        static_cast<void>(transaction.lock(Wait::forever()));
        if (!all_live(transaction)) continue;
        transaction.read();
        static_cast<void>(attempt(transaction, result));
        return std::move(*result);
      }
    }
  }(std::make_index_sequence<count>{});
}

template <memory::FlatTableType S>
using SlotCellOf = memory::detail::SlotCell<std::remove_cvref_t<S>>;

template <memory::FlatTableType S>
using SlotCellOf = memory::detail::SlotCell<std::remove_cvref_t<S>>;

/// A guarded write that lost: `there` is what is stored.
template <class S, class K>
[[nodiscard]] saved_of<S> lost_in_table(Action action, const K& key, Version expected,
                                        std::optional<versioned_of<S>> there) {
  const auto actual = there ? there->version : Version{};
  return saved_of<S>{Commit{{std::make_shared<const conflict_of<S>>(action, "table", key_of<S>(key), expected,
                                                                    actual, std::move(there))}}};
}

template <class S, class K>
[[nodiscard]] saved_of<S> save_in_table(S& table, const K& key, Version expected,
                                        const record_of<S>& record) {
  try {
    return until_it_lands_in<SlotCellOf<S>>(
        table, std::tuple<const K&>{key},
        [&](auto& records, const auto& transaction) {
          if (version_in_table<0>(transaction) != expected) return memory::detail::Skip{true};
          std::get<0>(records) = record;
          return memory::detail::Skip{};
        },
        [&](const auto& transaction, auto& records, memory::detail::Skip lost) {
          const auto version = version_in_table<0>(transaction);
          if (!lost.skip) return saved_of<S>{version};
          return lost_in_table<S>(Action::update, key, expected,
                                  versioned_of<S>{std::get<0>(records), version});
        });
  } catch (const Missing&) {
    return lost_in_table<S>(Action::update, key, expected, std::nullopt);
  }
}

template <class S, class K, class Change>
versioned_of<S> update_in_table(S& table, const K& key, Change& change) {
  static_assert(may_change<Change, record_of<S>>,
                "update: the change must take the record by reference, as in [](Account& a) { ... }; "
                "by value or const, nothing would be written");
  return until_it_lands_in<SlotCellOf<S>>(
      table, std::tuple<const K&>{key},
      [&](auto& records, const auto&) {
        detail::invoke(change, std::get<0>(records));
        return memory::detail::Skip{};
      },
      [](const auto& transaction, auto& records, auto&&) {
        return versioned_of<S>{std::get<0>(records), version_in_table<0>(transaction)};
      });
}

/// A table, keys, and then a function of as many records.
template <class... Args>
struct TableKeysAndFunction {
  static constexpr bool valid = false;
};
template <class S, class First, class Second, class... Rest>
  requires memory::FlatTableType<S>
struct TableKeysAndFunction<S, First, Second, Rest...> {
  static constexpr std::size_t keys = sizeof...(Rest) + 1;
  static constexpr bool valid = true;
};

/// `fn` on the records at the keys that come before it in `arguments`, of which it is the last.
template <class Cell, class Fn, class S, class Arguments, std::size_t... I>
decltype(auto) transact_in_table(S& table, const Arguments& arguments, std::index_sequence<I...>) {
  using memory::detail::call_with;
  auto& fn = std::get<sizeof...(I)>(arguments);
  using Keys = std::tuple<decltype(key_for<std::remove_const_t<S>>(std::get<I>(arguments)))...>;
  const Keys keys{key_for<std::remove_const_t<S>>(std::get<I>(arguments))...};
  using Records = std::tuple<std::conditional_t<true, record_of<S>, std::tuple_element_t<I, Keys>>...>;
  const auto call = [&](auto& records) -> decltype(auto) {
    return call_with<std::conditional_t<true, Cell, std::tuple_element_t<I, Keys>>...>(fn, records);
  };
  using Result = decltype(call(std::declval<Records&>()));
  if constexpr (std::is_void_v<Result>) {
    until_it_lands_in<std::conditional_t<true, Cell, std::tuple_element_t<I, Keys>>...>(
        table, keys,
        [&](auto& records, const auto&) {
          call(records);
          return memory::detail::Skip{};
        },
        [](const auto&, auto&, auto&&) { return memory::detail::Nothing{}; });
  } else {
    return until_it_lands_in<std::conditional_t<true, Cell, std::tuple_element_t<I, Keys>>...>(
        table, keys, [&](auto& records, const auto&) -> std::decay_t<Result> { return call(records); },
        [](const auto&, auto&, std::decay_t<Result>&& result) { return std::move(result); });
  }
}

/// In batches: so many lines are fetched at the same time.
inline constexpr std::size_t keys_in_flight = 16;

/// Calls `each(hash, index)` for every key, when its line has been asked for, by `fetch`.
template <class S, class Fetch, class Each>
void in_flight(S& table, std::span<const key_of<S>> keys, Fetch fetch, Each each) {
  using Access = memory::detail::FlatTableAccess;
  std::array<std::uint64_t, keys_in_flight> hashes;
  for (std::size_t from = 0; from < keys.size(); from += keys_in_flight) {
    const auto count = std::min(keys_in_flight, keys.size() - from);
    const auto turn = Access::turn(table);
    for (std::size_t i = 0; i != count; ++i) {
      hashes[i] = Access::hash_of(table, keys[from + i]);
      fetch(Access::home(table, turn, hashes[i]));
    }
    for (std::size_t i = 0; i != count; ++i) each(hashes[i], from + i);
  }
}

}  // namespace detail

/// The record at `key`, with its version; nothing if there is none.
///
/// Safe to call from any thread; waits for no lock and for no growth. Writes nothing that is shared. Cost: a
/// hash, one or two lines, and the copy of the record.
template <memory::FlatTableType S>
[[nodiscard]] std::optional<versioned_of<S>> load(const S& table,
                                                  const std::type_identity_t<key_of<S>>& key) {
  return memory::detail::FlatTableAccess::load(table, key);
}
/// Likewise, by something that the table's hash and equality take.
template <memory::FlatTableType S, detail::FindsInOtherwise<S> K>
[[nodiscard]] std::optional<versioned_of<S>> load(const S& table, const K& key) {
  return memory::detail::FlatTableAccess::load(table, key);
}

/// Calls `each(index, record)` with what `load` of each of `keys` returns, in their order. Each is loaded by
/// itself: they need not belong to one moment.
///
/// Safe to call from any thread. Fetches the lines of 16 keys at the same time, so that a large table costs a
/// half to a third of what loads one after another do.
template <memory::FlatTableType S, std::invocable<std::size_t, std::optional<versioned_of<S>>&&> Each>
void load_each(const S& table, std::span<const std::type_identity_t<key_of<S>>> keys, Each&& each) {
  detail::in_flight(
      table, keys, [](const void* line) { memory::detail::prefetch_for_read(line); },
      [&](std::uint64_t hash, std::size_t index) {
        detail::invoke(each, index, memory::detail::FlatTableAccess::load_at(table, hash, keys[index]));
      });
}

/// Stores a new record at `key`; a conflict if there is one already.
///
/// Safe to call from any thread. Throws ConstraintViolated, VersionUnavailable, and what operator new does
/// if the table has to grow or the key is a node; nothing was written then. Waits while the table grows, and
/// takes part in that. Cost: as `update`.
template <memory::FlatTableType S>
saved_of<S> insert(S& table, const std::type_identity_t<key_of<S>>& key,
                   const std::type_identity_t<record_of<S>>& record) {
  using Access = memory::detail::FlatTableAccess;
  check_invariants(record, [&] { return Access::place_of(table, key); });
  auto inserted = Access::insert(table, key, record);
  if (!inserted.there) return saved_of<S>{inserted.version};
  return detail::lost_in_table<S>(Action::insert, key, Version{}, std::move(inserted.there));
}

/// Writes `value` back if the record is still at the version that it was read at, and moves its version then,
/// so that it can be saved again. A lost race leaves it alone, and tells what is there now.
///
/// Safe to call from any thread. Nothing is written if nothing changed. Throws ConstraintViolated,
/// VersionUnavailable; nothing was written then. Cost: as `update`.
template <memory::FlatTableType S>
saved_of<S> save(S& table, const std::type_identity_t<key_of<S>>& key,
                 std::type_identity_t<versioned_of<S>>& value) {
  auto saved = detail::save_in_table(table, key, value.version, value.record);
  if (saved) value.version = saved.version();
  return saved;
}

/// Applies `change` to the record at `key` and writes it back if nobody else has written it since; otherwise
/// reads again and repeats. Returns what is stored now.
///
/// Safe to call from any thread. `change` runs once per attempt, on a fresh copy, and must have no side
/// effects beyond it; what it throws goes through, and nothing was written. After some lost races the record
/// is locked first: it ends whatever others do. While it is locked, `change` must use no other verb that
/// writes to the table. A change that changes nothing writes nothing. Throws Missing, ConstraintViolated,
/// VersionUnavailable. Cost where nobody is in the way: that of a load, a copy in, and one compare-exchange.
template <memory::FlatTableType S, std::invocable<record_of<S>&> Change>
versioned_of<S> update(S& table, const std::type_identity_t<key_of<S>>& key, Change&& change) {
  return detail::update_in_table(table, key, change);
}
/// Likewise, by something that the table's hash and equality take.
template <memory::FlatTableType S, detail::FindsInOtherwise<S> K, std::invocable<record_of<S>&> Change>
versioned_of<S> update(S& table, const K& key, Change&& change) {
  return detail::update_in_table(table, key, change);
}

/// `update` of each of `keys`, in their order, each by itself; `change(index, record)`. Throws what `update`
/// does: then those before it have been changed.
///
/// Safe to call from any thread. Fetches the lines of 16 keys at the same time, for writing.
template <memory::FlatTableType S, std::invocable<std::size_t, record_of<S>&> Change>
void update_each(S& table, std::span<const std::type_identity_t<key_of<S>>> keys, Change&& change) {
  detail::in_flight(
      table, keys, [](const void* line) { memory::detail::prefetch_for_write(line); },
      [&](std::uint64_t, std::size_t index) {
        auto one = [&](record_of<S>& record) { detail::invoke(change, index, record); };
        detail::update_in_table(table, keys[index], one);
      });
}

/// Erases the record at `key`, at whatever version it is; false if there is none.
/// Safe to call from any thread. Throws VersionUnavailable. Cost: as `update`.
template <memory::FlatTableType S>
bool erase(S& table, const std::type_identity_t<key_of<S>>& key) {
  return memory::detail::FlatTableAccess::erase(table, key, std::nullopt).first;
}
/// Likewise, by something that the table's hash and equality take.
template <memory::FlatTableType S, detail::FindsInOtherwise<S> K>
bool erase(S& table, const K& key) {
  return memory::detail::FlatTableAccess::erase(table, key, std::nullopt).first;
}
/// Erases the record if it is still at `version`. Safe to call from any thread. Throws VersionUnavailable.
template <memory::FlatTableType S>
saved_of<S> erase(S& table, const std::type_identity_t<key_of<S>>& key, Version version) {
  auto [erased, there] = memory::detail::FlatTableAccess::erase(table, key, version);
  if (erased) return saved_of<S>{Version{}};
  return detail::lost_in_table<S>(Action::erase, key, version, std::move(there));
}

/// `transact(table, a, b, ..., fn)` runs `fn(record at a, record at b, ...)` on copies that belong to one
/// moment, and writes what it changed, all or nothing, if none of the records has changed since; otherwise
/// again. Returns what `fn` returned.
///
/// Safe to call from any thread. `fn` may run several times, and then sees one state each time (opacity): it
/// must have no side effects beyond its arguments, and what it throws goes through with nothing written.
/// After some lost races all records are locked first, in the order of their addresses, so that it ends;
/// while they are, `fn` must use no other verb that writes to the table. What is not changed is validated.
/// Outcomes are serializable. The keys differ from each other. Throws Missing, ConstraintViolated,
/// VersionUnavailable; nothing was written then. Cost: that of a load for each, and a compare-exchange and a
/// copy in for each that changed. Allocates nothing.
template <class... Args>
  requires detail::TableKeysAndFunction<Args&&...>::valid
auto transact(Args&&... args) {
  return [&]<class S, class... Rest>(S& table, Rest&... rest) {
    using Fn = std::tuple_element_t<sizeof...(Rest) - 1, std::tuple<Rest...>>;
    return detail::transact_in_table<detail::SlotCellOf<S>, Fn>(
        table, std::forward_as_tuple(rest...), std::make_index_sequence<sizeof...(Rest) - 1>{});
  }(args...);
}

/// `read_only(table, a, b, ..., fn)` runs `fn` once, on the records of one moment, and returns what it
/// returned. Safe to call from any thread; waits for no lock and for no growth, and writes nothing that is
/// shared. Throws Missing.
template <class... Args>
  requires detail::TableKeysAndFunction<Args&&...>::valid
auto read_only(Args&&... args) {
  return [&]<class S, class... Rest>(S& table, Rest&... rest) {
    using Fn = std::tuple_element_t<sizeof...(Rest) - 1, std::tuple<Rest...>>;
    return detail::transact_in_table<const detail::SlotCellOf<S>, Fn>(
        table, std::forward_as_tuple(rest...), std::make_index_sequence<sizeof...(Rest) - 1>{});
  }(args...);
}

/// Moves `order.amount` from one record's `balance` to the other's, in one commit;
/// `transfer<&Account::points>(...)` moves another numeric member.
///
/// Safe to call from any thread. Throws AmountNotPositive, SameAccount, Missing, InsufficientFunds,
/// AmountOverflow, ConstraintViolated, VersionUnavailable; nothing was written then. Cost: as `transact` of
/// two.
template <auto Field = Balance{}, memory::FlatTableType S>
  requires detail::Numeric<detail::AmountOf<record_of<S>, Field>>
void transfer(S& table, const Transfer<key_of<S>, detail::AmountOf<record_of<S>, Field>>& order) {
  using Access = memory::detail::FlatTableAccess;
  if (!(order.amount > decltype(order.amount){})) throw AmountNotPositive{};
  if (order.from == order.to) throw SameAccount{Access::place_of(table, order.from)};
  transact(table, order.from, order.to, [&](record_of<S>& payer_record, record_of<S>& payee_record) {
    auto& payer = detail::invoke(Field, payer_record);
    auto& payee = detail::invoke(Field, payee_record);
    if (!(payer >= order.amount)) throw InsufficientFunds{Access::place_of(table, order.from)};
    if (!detail::fits(payee, order.amount)) throw AmountOverflow{Access::place_of(table, order.to)};
    payer = static_cast<std::remove_reference_t<decltype(payer)>>(payer - order.amount);
    payee = static_cast<std::remove_reference_t<decltype(payee)>>(payee + order.amount);
  });
}

}  // namespace lockstep
