// Optimistic update: read, change, write if unchanged; otherwise read again.
// Source: Kung & Robinson, "On Optimistic Methods for Concurrency Control",
// ACM TODS 6(2), 1981.
#pragma once

#include <lockstep/core/invoke.hpp>
#include <lockstep/core/parameter.hpp>
#include <lockstep/verbs/retry.hpp>
#include <lockstep/verbs/save.hpp>

#include <concepts>

namespace lockstep {

namespace detail {

/// The record as the session sees it, locked first if `lock`. Throws Missing.
template <Storage S>
[[nodiscard]] versioned_of<S> load_for_change(S& storage, session_of<S>& session, const key_of<S>& key,
                                              bool lock) {
  if constexpr (LockableStorage<S>) {
    if (lock) storage.lock(session, key, LockMode::exclusive, Wait::forever());
  }
  if (auto found = storage.load(session, key)) return *std::move(found);
  throw Missing{place_of(storage, key)};
}

}  // namespace detail

/// Applies `change` to the record at `key` and writes it back if nobody else has
/// written it since; otherwise reads again and repeats. Returns what is stored now.
///
/// Safe to call from any thread. `change` runs once per attempt, on a fresh copy, so
/// it must have no side effects beyond its argument; what it throws is not retried.
/// After `retry.escalate_after` lost races the record is locked first, where the
/// storage has locks, so that the loop ends whatever others do. A change that changes
/// nothing writes nothing. Throws Missing, ConstraintViolated, or Exhausted by
/// `retry`'s limits; in each case nothing was written. A change that takes its record
/// by value or as const does not compile: it would change nothing.
/// Cost: one load and one commit per attempt.
template <Storage S, std::invocable<record_of<S>&> Change>
versioned_of<S> update(S&& storage, const key_of<S>& key, Change&& change, const Retry& retry = {},
                       Caller where = Caller::here()) {
  [[maybe_unused]] const auto caller = detail::called_from(storage, where);
  static_assert(detail::may_change<Change, record_of<S>>,
                "update: the change must take the record by reference, as in [](Account& a) { ... }; "
                "by value or const, nothing would be written");
  return detail::retry_loop<runtime_of<S>>(retry, [&](bool lock, detail::Lost& lost) {
    auto session = storage.session();
    std::optional<versioned_of<S>> found;
    if (!lost.won([&] { found = detail::load_for_change(storage, session, key, lock); })) return found;
    const auto base = *found;
    detail::invoke(change, found->record);
    if (detail::unchanged(found->record, base.record)) return found;
    detail::stage_write(storage, session, key, found->version, found->record);
    if (!lost.won([&] { return session.commit(); })) return std::optional<versioned_of<S>>{};
    found->version = storage.version(session, key);
    return found;
  });
}

/// Applies `change` to the record at `key` if `when` holds for it, in one guarded
/// step without a load before it. Nothing if `when` did not hold.
///
/// Safe to call from any thread. Both run under the record's lock, on a copy: they
/// must not use the storage. What they throw leaves the record as it was. Holders of
/// the old version become stale. Throws Missing, ConstraintViolated. Cost: one commit.
template <AtomicStorage S, std::predicate<const record_of<S>&> When, std::invocable<record_of<S>&> Change>
std::optional<versioned_of<S>> change_if(S&& storage, const key_of<S>& key, When&& when, Change&& change,
                                         Caller where = Caller::here()) {
  [[maybe_unused]] const auto caller = detail::called_from(storage, where);
  static_assert(detail::may_change<Change, record_of<S>>,
                "change_if: the change must take the record by reference, as in [](Account& a) { ... }; "
                "by value or const, nothing would be written");
  return storage.change(key, [&](record_of<S>& record) {
    if (!detail::invoke(when, std::as_const(record))) return false;
    detail::invoke(change, record);
    check_invariants(record, [&] { return place_of(storage, key); });
    return true;
  });
}

}  // namespace lockstep
