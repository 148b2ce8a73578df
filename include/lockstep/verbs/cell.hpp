// The verbs on one cell: those on a storage's record, without the key. What they promise is the same, and a
// lost race is the same value; `key()` of a conflict is which of the verb's cells it was, from 0.
//
// A cell always holds a record, so nothing is inserted, erased or missing.
#pragma once

#include <lockstep/core/invoke.hpp>
#include <lockstep/core/parameter.hpp>
#include <lockstep/memory/cell_transaction.hpp>
#include <lockstep/verbs/retry.hpp>
#include <lockstep/verbs/save.hpp>

#include <concepts>
#include <memory>
#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>

namespace lockstep {

/// The committed record, with its version. Safe to call from any thread; waits for no lock.
/// Cost: a copy between two looks at the cell's word; nothing that is shared is written. Of a record that
/// does not lie in its cell, a locked instruction more, on a line of the thread's own.
template <memory::CellType C>
[[nodiscard]] versioned_of<C> load(const C& cell) {
  return cell.load();
}

namespace detail {

template <memory::CellType C>
[[nodiscard]] std::shared_ptr<const Stale> stale_cell(const C& cell, Version expected) {
  auto current = cell.load();
  const auto actual = current.version;
  return std::make_shared<const conflict_of<C>>(Action::update, "cell", 0, expected, actual,
                                                std::move(current));
}

template <memory::CellType C>
[[nodiscard]] saved_of<C> save_at(C& cell, Version expected, const record_of<C>& record) {
  const std::tuple<record_of<C>> mine{record};
  for (;;) {
    memory::detail::Optimistic<C> transaction{cell};
    transaction.read();
    if (transaction.template version<0>() != expected) {
      return saved_of<C>{Commit{{stale_cell(cell, expected)}}};
    }
    if (transaction.commit(mine)) return saved_of<C>{transaction.template version<0>()};
  }
}

/// One attempt of `update`: what is stored then, unless it lost. Copied before it is stored, for a copy may
/// throw.
template <memory::CellType C, class Transaction, class Change>
[[nodiscard]] std::optional<versioned_of<C>> attempt_change(Transaction& transaction, Change& change) {
  transaction.read();
  auto records = transaction.records();
  detail::invoke(change, std::get<0>(records));
  std::optional<versioned_of<C>> stored{{std::get<0>(records), transaction.template version<0>()}};
  if (transaction.commit(records)) {
    stored->version = transaction.template version<0>();
  } else {
    stored.reset();
  }
  return stored;
}

/// Whether a record can be handed out after it was stored, when nothing may throw any more. Others are copied
/// before, into what is returned, which a loop could not do: so there is none, and the cell is locked.
template <class C>
inline constexpr bool moves_quietly = std::is_nothrow_move_constructible_v<record_of<C>>;

template <memory::CellType C, class When, class Change>
[[nodiscard]] std::optional<versioned_of<C>> change_locked(C& cell, When&& when, Change& change) {
  memory::detail::Locked<C> transaction{cell};
  static_cast<void>(transaction.lock(Wait::forever()));
  transaction.read();
  auto records = transaction.records();
  std::optional<versioned_of<C>> stored;
  if (!detail::invoke(when, std::as_const(std::get<0>(records)))) return stored;
  detail::invoke(change, std::get<0>(records));
  stored.emplace(versioned_of<C>{std::get<0>(records), transaction.template version<0>()});
  transaction.commit(records);
  stored->version = transaction.template version<0>();
  return stored;
}
template <memory::CellType C, class Change>
[[nodiscard]] versioned_of<C> update_locked(C& cell, Change& change) {
  memory::detail::Locked<C> transaction{cell};
  static_cast<void>(transaction.lock(Wait::forever()));
  transaction.read();
  auto records = transaction.records();
  detail::invoke(change, std::get<0>(records));
  versioned_of<C> stored{std::get<0>(records), transaction.template version<0>()};
  transaction.commit(records);
  stored.version = transaction.template version<0>();
  return stored;
}

}  // namespace detail

/// Writes `value` back if the cell is still at the version that it was read at, and moves its version then,
/// so that it can be saved again. A lost race leaves it alone, and tells what is there now.
///
/// Safe to call from any thread, with values of its own. Waits while others hold the cell's lock. Nothing is
/// written if nothing changed, where records have `==`. Throws ConstraintViolated, VersionUnavailable;
/// nothing was written then. Cost: one read, one compare-exchange and one copy.
template <memory::CellType C>
saved_of<C> save(C& cell, Versioned<std::type_identity_t<record_of<C>>>& value) {
  auto saved = detail::save_at(cell, value.version, value.record);
  if (saved) value.version = saved.version();
  return saved;
}

/// The same for a value that is not used again.
template <memory::CellType C>
saved_of<C> save(C& cell, Versioned<std::type_identity_t<record_of<C>>>&& value) {
  return detail::save_at(cell, value.version, value.record);
}

/// Writes a draft back; a clean one counts as saved. After success the draft starts anew from what is stored.
template <memory::CellType C>
saved_of<C> save(C& cell, Draft<std::type_identity_t<record_of<C>>>& draft) {
  if (detail::unchanged(*draft, draft.base().record)) return saved_of<C>{draft.version()};
  auto saved = detail::save_at(cell, draft.version(), *draft);
  if (saved) draft.rebase({*draft, saved.version()});
  return saved;
}

/// Applies `change` to the record and writes it back if nobody else has written it since; otherwise reads
/// again and repeats. Returns what is stored now.
///
/// Safe to call from any thread. `change` runs once per attempt, on a fresh copy, and must have no side
/// effects beyond it; what it throws goes through, and nothing was written. After a lost race the loop waits
/// for a microsecond, then longer, up to eight, and after sixteen it locks the cell first: it ends whatever
/// others do. While the cell is locked, `change` must not write it by another verb. A change
/// that changes nothing writes nothing. Throws ConstraintViolated, VersionUnavailable. Cost where nobody is
/// in the way: a copy out, a copy in, one compare-exchange. A record whose moves may throw is changed
/// under the lock.
template <memory::CellType C, std::invocable<record_of<C>&> Change>
versioned_of<C> update(C& cell, Change&& change) {
  static_assert(detail::may_change<Change, record_of<C>>,
                "update: the change must take the record by reference, as in [](Account& a) { ... }; "
                "by value or const, nothing would be written");
  if constexpr (!detail::moves_quietly<C>) return detail::update_locked(cell, change);
  return memory::detail::until_it_lands(
      [&](auto& records) {
        detail::invoke(change, std::get<0>(records));
        return memory::detail::Skip{};
      },
      [](auto& transaction, auto& records, auto&&) {
        return versioned_of<C>{std::move(std::get<0>(records)), transaction.template version<0>()};
      },
      cell);
}

/// Likewise, as `retry` says: how often, how long, with which delays, and when to lock. Throws Exhausted.
template <memory::CellType C, std::invocable<record_of<C>&> Change>
versioned_of<C> update(C& cell, Change&& change, const Retry& retry) {
  static_assert(detail::may_change<Change, record_of<C>>,
                "update: the change must take the record by reference, as in [](Account& a) { ... }; "
                "by value or const, nothing would be written");
  return detail::retry_loop<runtime_of<C>>(retry, [&](bool lock, detail::Lost& lost) {
    std::optional<versioned_of<C>> landed;
    static_cast<void>(lost.won([&] {
      if (lock) {
        memory::detail::Locked<C> transaction{cell};
        static_cast<void>(transaction.lock(Wait::forever()));
        landed = detail::attempt_change<C>(transaction, change);
      } else {
        memory::detail::Optimistic<C> transaction{cell};
        landed = detail::attempt_change<C>(transaction, change);
        if (!landed) return Commit{{detail::stale_cell(cell, transaction.template version<0>())}};
      }
      return Commit{};
    }));
    return landed;
  });
}

/// Applies `change` if `when` holds for the record, in one step. Nothing if `when` did not hold.
///
/// Safe to call from any thread. Both run once per attempt, on a fresh copy, as in `update`. Throws
/// ConstraintViolated, VersionUnavailable, and what the two throw; nothing was written then.
template <memory::CellType C, std::predicate<const record_of<C>&> When, std::invocable<record_of<C>&> Change>
std::optional<versioned_of<C>> change_if(C& cell, When&& when, Change&& change) {
  static_assert(detail::may_change<Change, record_of<C>>,
                "change_if: the change must take the record by reference, as in [](Account& a) { ... }; "
                "by value or const, nothing would be written");
  if constexpr (!detail::moves_quietly<C>) return detail::change_locked(cell, when, change);
  return memory::detail::until_it_lands(
      [&](auto& records) {
        if (!detail::invoke(when, std::as_const(std::get<0>(records)))) return memory::detail::Skip{true};
        detail::invoke(change, std::get<0>(records));
        return memory::detail::Skip{};
      },
      [](auto& transaction, auto& records, memory::detail::Skip outcome) {
        std::optional<versioned_of<C>> changed;
        if (!outcome.skip) {
          changed.emplace(
              versioned_of<C>{std::move(std::get<0>(records)), transaction.template version<0>()});
        }
        return changed;
      },
      cell);
}

/// Locks the cell, runs `fn` on its record, and commits what `fn` changed. Returns what `fn` returned. An
/// exception changes nothing and goes through, and the lock is given back.
///
/// Safe to call from any thread. `fn` runs once. Others read on meanwhile, and sleep if they want to write;
/// who holds the cell must not write it by another verb. Two cells are held by `transact`, and never by one
/// `with_lock` inside another, for nobody sees a cycle of waiting. Who comes later may be served earlier.
/// Throws LockUnavailable (also where `Wait::skip()` would skip), LockTimeout, ConstraintViolated,
/// VersionUnavailable. Cost: three atomic read-modify-writes. A time limit is looked at every 50
/// microseconds.
template <memory::CellType C, std::invocable<record_of<C>&> F>
auto with_lock(C& cell, F&& fn, Wait wait = Wait::forever()) {
  static_assert(detail::takes_reference<F, record_of<C>>,
                "with_lock: the function must take the record by reference, as in [](Account& a) { ... }, "
                "or const to read it; by value, its changes would be lost");
  memory::detail::Locked<C> transaction{cell};
  if (!transaction.lock(wait)) {
    if (wait.kind() == Wait::Kind::up_to) throw LockTimeout{memory::detail::place_of_cell(0)};
    throw LockUnavailable{memory::detail::place_of_cell(0)};
  }
  transaction.read();
  auto records = transaction.records();
  if constexpr (std::is_void_v<std::invoke_result_t<F&, record_of<C>&>>) {
    detail::invoke(fn, std::get<0>(records));
    static_cast<void>(transaction.commit(records));
  } else {
    auto result = detail::invoke(fn, std::get<0>(records));
    static_cast<void>(transaction.commit(records));
    return result;
  }
}

}  // namespace lockstep
