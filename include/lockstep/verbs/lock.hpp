// Pessimistic locks with a scope: lock, read what is there now, change, commit.
// Plain loads go on meanwhile; other sessions' commits to the record wait.
#pragma once

#include <lockstep/core/contract.hpp>
#include <lockstep/core/fields.hpp>
#include <lockstep/core/invoke.hpp>
#include <lockstep/core/parameter.hpp>
#include <lockstep/core/sort.hpp>
#include <lockstep/verbs/update.hpp>

#include <initializer_list>
#include <span>
#include <type_traits>
#include <vector>

namespace lockstep {

namespace detail {

template <LockableStorage S>
void lock_or_throw(S& storage, session_of<S>& session, const key_of<S>& key, LockMode mode, Wait wait) {
  if (!storage.lock(session, key, mode, wait)) throw LockUnavailable{place_of(storage, key)};
}

/// Refuses to lock a draft with unsaved changes, since the reload would lose them.
template <Storage S>
void refuse_dirty(const S& storage, const key_of<S>& key, const Draft<record_of<S>, version_of<S>>& draft) {
  if (unchanged(*draft, draft.base().record)) return;
  if constexpr (Described<record_of<S>>) {
    throw DirtyRecord{place_of(storage, key), differing_fields(*draft, draft.base().record)};
  } else {
    throw DirtyRecord{place_of(storage, key), {}};
  }
}

}  // namespace detail

/// A record held under lock from construction until `commit`, `rollback` or the end of
/// the scope, which rolls back. `*lock` is the record as it was when the lock was
/// granted, to be changed in place.
///
/// One thread uses it. Each is a session of its own, so a storage cannot see that two of
/// one thread close a cycle of waiting, and both sides wait for ever: hold several
/// records with `with_locks`, or with `lock` inside `transact`, which do see it.
/// The constructor throws Missing, LockUnavailable (also where
/// `Wait::skip()` would skip), LockTimeout, Deadlock, NotSupported. The destructor
/// does not throw. The storage must outlive it.
template <LockableStorage S>
class ScopedLock {
 public:
  /// Locks the record at `key`, and loads it. Blocks as `wait` says.
  ScopedLock(S& storage, key_of<S> key, LockMode mode = LockMode::exclusive, Wait wait = Wait::forever(),
             Caller where = Caller::here())
      : storage_{&storage}, key_{std::move(key)}, mode_{mode}, session_{storage.session()} {
    [[maybe_unused]] const auto caller = detail::called_from(storage, where);
    detail::lock_or_throw(storage, *session_, key_, mode, wait);
    auto found = storage.load(*session_, key_);
    if (!found) throw Missing{place_of(storage, key_)};
    draft_.emplace(*std::move(found));
  }

  /// Locks the record behind `draft` and reloads the draft. Throws DirtyRecord, naming
  /// the fields, if it has unsaved changes.
  ScopedLock(S& storage, key_of<S> key, Draft<record_of<S>, version_of<S>>& draft,
             LockMode mode = LockMode::exclusive, Wait wait = Wait::forever(), Caller where = Caller::here())
      : ScopedLock{(detail::refuse_dirty(storage, key, draft), storage), key, mode, wait, where} {
    draft.rebase(draft_->base());
  }

  ScopedLock(const ScopedLock&) = delete;
  ScopedLock& operator=(const ScopedLock&) = delete;

  /// The record, to change in place. Under a shared lock only to read: see `commit`.
  [[nodiscard]] record_of<S>& operator*() noexcept { return **draft_; }
  /// The record's members.
  [[nodiscard]] record_of<S>* operator->() noexcept { return &**draft_; }

  /// The version that is stored: as locked, or after `commit` where the change landed.
  [[nodiscard]] const version_of<S>& version() const noexcept { return draft_->version(); }
  /// True until `commit` or `rollback`.
  [[nodiscard]] bool held() const noexcept { return session_.has_value(); }

  /// Writes the record back if it changed, and releases the lock. Throws
  /// ConstraintViolated, and NotSupported for a change under a shared lock: the lock
  /// is held then, and nothing was written. What the storage's commit throws
  /// (VersionUnavailable) goes through, with the lock released and nothing written.
  void commit(Caller where = Caller::here()) {
    [[maybe_unused]] const auto caller = detail::called_from(*storage_, where);
    Expects(detail::told(held(), "a ScopedLock is committed while it holds its record"));
    if (detail::unchanged(**draft_, draft_->base().record)) return rollback(where);
    if (mode_ == LockMode::shared) {
      throw NotSupported{to_string(place_of(*storage_, key_)) + ": changed under a shared lock"};
    }
    detail::stage_write(*storage_, *session_, key_, draft_->version(), **draft_);
    auto session = std::move(*session_);
    session_.reset();
    if (auto commit = session.commit(); !commit) throw StaleRecord{std::move(commit)};
    draft_->rebase({**draft_, storage_->version(session, key_)});
  }

  /// Releases the lock; nothing is written, and `*lock` is again as it was stored.
  void rollback(Caller where = Caller::here()) {
    [[maybe_unused]] const auto caller = detail::called_from(*storage_, where);
    draft_->rebase(draft_->base());
    session_.reset();
  }

 private:
  S* storage_;
  key_of<S> key_;
  LockMode mode_;
  std::optional<session_of<S>> session_;
  std::optional<Draft<record_of<S>, version_of<S>>> draft_;
};

/// Locks the record at `key`, reads it, runs `fn` on it, and commits what `fn` changed.
/// Returns what `fn` returned. An exception rolls back and goes through.
///
/// Safe to call from any thread. `fn` runs once; under a shared lock it gets a const
/// record (see `with_shared_lock`). Throws Missing, ConstraintViolated,
/// LockUnavailable, LockTimeout, Deadlock. Cost: one lock, one load, one commit.
template <LockableStorage S, std::invocable<record_of<S>&> F>
auto with_lock(S& storage, const key_of<S>& key, F&& fn, Wait wait = Wait::forever(),
               Caller where = Caller::here()) {
  [[maybe_unused]] const auto caller = detail::called_from(storage, where);
  static_assert(detail::takes_reference<F, record_of<S>>,
                "with_lock: the function must take the record by reference, as in [](Account& a) { ... }, "
                "or const to read it; by value, its changes would be lost");
  ScopedLock lock{storage, key, LockMode::exclusive, wait};
  if constexpr (std::is_void_v<std::invoke_result_t<F&, record_of<S>&>>) {
    detail::invoke(fn, *lock);
    lock.commit();
  } else {
    auto result = detail::invoke(fn, *lock);
    lock.commit();
    return result;
  }
}

/// Holds the record at `key` against change while `fn` reads it, beside other readers
/// that do the same. Returns what `fn` returned.
template <LockableStorage S, std::invocable<const record_of<S>&> F>
auto with_shared_lock(S& storage, const key_of<S>& key, F&& fn, Wait wait = Wait::forever(),
                      Caller where = Caller::here()) {
  [[maybe_unused]] const auto caller = detail::called_from(storage, where);
  ScopedLock lock{storage, key, LockMode::shared, wait};
  return detail::invoke(fn, std::as_const(*lock));
}

/// Several records of one storage under exclusive locks: `records[key]`.
template <LockableStorage S>
class LockedRecords {
 public:
  /// Locks `keys` in key order, each once, so that callers who lock together never deadlock.
  LockedRecords(S& storage, std::span<const key_of<S>> keys, Wait wait)
      : storage_{&storage}, session_{storage.session()} {
    static_assert(std::totally_ordered<key_of<S>>,
                  "with_locks: the key type has no order to lock several records in: give it an operator<=>");
    std::vector<const key_of<S>*> sorted;
    sorted.reserve(keys.size());
    for (const auto& key : keys) sorted.push_back(&key);
    if constexpr (std::totally_ordered<key_of<S>>) {
      detail::sort(sorted, [](const key_of<S>& a, const key_of<S>& b) { return a < b; });
    }
    for (const auto* key : sorted) detail::lock_or_throw(storage, session_, *key, LockMode::exclusive, wait);
    for (const auto* key : sorted) {
      if (member(*key) != members_.end()) continue;
      auto found = storage.load(session_, *key);
      if (!found) throw Missing{place_of(storage, *key)};
      members_.push_back({*key, edit(*std::move(found))});
    }
  }

  /// The record at `key`, to be changed in place. Must be one of the locked keys.
  [[nodiscard]] record_of<S>& operator[](const key_of<S>& key) {
    const auto found = member(key);
    Expects(detail::told(found != members_.end(), "records[key] is one of the keys that were locked"));
    return *found->draft;
  }

  /// Writes what changed, all or nothing, and releases all locks. Throws ConstraintViolated.
  void commit() {
    for (const auto& [key, draft] : members_) {
      if (!detail::unchanged(*draft, draft.base().record)) {
        detail::stage_write(*storage_, session_, key, draft.version(), *draft);
      }
    }
    if (auto commit = session_.commit(); !commit) throw StaleRecord{std::move(commit)};
  }

 private:
  struct Member {
    key_of<S> key;
    Draft<record_of<S>, version_of<S>> draft;
  };

  [[nodiscard]] auto member(const key_of<S>& key) {
    auto found = members_.begin();
    while (found != members_.end() && !same_key(*storage_, found->key, key)) ++found;
    return found;
  }

  S* storage_;
  session_of<S> session_;
  std::vector<Member> members_;
};

/// Locks several records at once, runs `fn(records)` where `records[key]` is each of
/// them, and commits what `fn` changed, all or nothing. Returns what `fn` returned.
///
/// The locks are taken in key order, so such calls do not deadlock with each other.
/// Otherwise as `with_lock`. Cost: a lock and a load per record, one commit.
template <LockableStorage S, std::invocable<LockedRecords<S>&> F>
auto with_locks(S& storage, std::span<const std::type_identity_t<key_of<S>>> keys, F&& fn,
                Wait wait = Wait::forever(), Caller where = Caller::here()) {
  [[maybe_unused]] const auto caller = detail::called_from(storage, where);
  LockedRecords<S> records{storage, keys, wait};
  if constexpr (std::is_void_v<std::invoke_result_t<F&, LockedRecords<S>&>>) {
    detail::invoke(fn, records);
    records.commit();
  } else {
    auto result = detail::invoke(fn, records);
    records.commit();
    return result;
  }
}

/// `with_locks(accounts, {1, 2}, fn)`
template <LockableStorage S, std::invocable<LockedRecords<S>&> F>
auto with_locks(S& storage, std::initializer_list<std::type_identity_t<key_of<S>>> keys, F&& fn,
                Wait wait = Wait::forever(), Caller where = Caller::here()) {
  return with_locks(storage, std::span<const key_of<S>>{keys.begin(), keys.size()}, std::forward<F>(fn), wait,
                    where);
}

}  // namespace lockstep
