// Load, change at leisure, save if nobody else has: the guarded write by hand.
// The pair may lie hours and processes apart; nothing is held in between.
#pragma once

#include <lockstep/core/contract.hpp>
#include <lockstep/core/invariant.hpp>
#include <lockstep/storage/storage.hpp>

#include <memory>
#include <utility>

namespace lockstep {

/// The last committed record at `key`, with its version; nothing if there is none.
/// Safe to call from any thread. Cost: one load.
template <Storage S>
[[nodiscard]] std::optional<versioned_of<S>> find(S& storage, const key_of<S>& key,
                                                  Caller where = Caller::here()) {
  [[maybe_unused]] const auto caller = detail::called_from(storage, where);
  return storage.load(key);
}

/// The last committed record at `key`, with its version. Throws Missing.
/// Safe to call from any thread. Cost: one load.
template <Storage S>
[[nodiscard]] versioned_of<S> load(S& storage, const key_of<S>& key, Caller where = Caller::here()) {
  [[maybe_unused]] const auto caller = detail::called_from(storage, where);
  if (auto found = storage.load(key)) return *std::move(found);
  throw Missing{place_of(storage, key)};
}

/// The outcome of one guarded write: the version it landed at, or the conflict.
template <class Key, class T, class V = Version>
class [[nodiscard]] Saved {
 public:
  /// Landed at `version`.
  explicit Saved(V version) : version_{std::move(version)} {}
  /// Lost. Precondition: `commit` has one stale member, of the storage's types.
  explicit Saved(Commit commit) : commit_{std::move(commit)} {}

  /// True if the write landed.
  [[nodiscard]] explicit operator bool() const noexcept { return static_cast<bool>(commit_); }

  /// The version that is stored now; absent after an erase. Throws StaleRecord if the write lost.
  [[nodiscard]] V version() const {
    if (!*this) throw StaleRecord{commit_};
    return version_;
  }

  /// Throws StaleRecord if the write lost its race.
  void or_throw() const { static_cast<void>(version()); }

  /// Why the write lost. Must have lost.
  [[nodiscard]] const Conflict<Key, T, V>& conflict() const& {
    Expects(detail::told(!*this, "only a write that lost has a conflict: ask the Saved first"));
    return static_cast<const Conflict<Key, T, V>&>(*commit_.stale().front());
  }
  /// Why the write lost, as a value: safe to keep. Must have lost.
  [[nodiscard]] Conflict<Key, T, V> conflict() && { return std::as_const(*this).conflict(); }

  /// The outcome without its types.
  [[nodiscard]] const Commit& commit() const& noexcept { return commit_; }
  /// The outcome without its types, moved out.
  [[nodiscard]] Commit commit() && noexcept { return std::move(commit_); }

 private:
  V version_{};
  Commit commit_;
};

/// What saving into a storage returns.
template <class S>
using saved_of = Saved<key_of<S>, record_of<S>, version_of<S>>;

namespace detail {

/// Every write of every verb goes through here: invariants first, then the guard. `base`, if it is
/// known, is the record as it was at the guard's version.
template <Storage S>
void stage_write(S& storage, session_of<S>& session, const key_of<S>& key, const version_of<S>& guard,
                 record_of<S> record, const record_of<S>* base = nullptr) {
  check_invariants(record, [&] { return place_of(storage, key); });
  if constexpr (FieldwiseStorage<S>) {
    if (base) return storage.write(session, key, guard, std::move(record), *base);
  }
  storage.write(session, key, guard, std::move(record));
}

template <Storage S>
void stage_insert(S& storage, session_of<S>& session, const key_of<S>& key, record_of<S> record,
                  const version_of<S>& initial) {
  check_invariants(record, [&] { return place_of(storage, key); });
  storage.insert(session, key, std::move(record), initial);
}

/// True if the records are known to be equal.
template <class T>
[[nodiscard]] bool unchanged(const T& a, const T& b) {
  if constexpr (std::equality_comparable<T>) {
    return a == b;
  } else {
    return false;
  }
}

/// Commits the write that was staged alone in `session`.
template <Storage S>
[[nodiscard]] saved_of<S> commit_one(S& storage, session_of<S>& session, const key_of<S>& key) {
  if (auto commit = session.commit(); !commit) return saved_of<S>{std::move(commit)};
  return saved_of<S>{storage.version(session, key)};
}

template <Storage S>
[[nodiscard]] saved_of<S> save_at(S& storage, const key_of<S>& key, const version_of<S>& guard,
                                  const record_of<S>& record, const record_of<S>* base = nullptr) {
  auto session = storage.session();
  // Looking is free there: what is stored already is not written. What differs from a base that is known to
  // the storage differs from what is stored, too, if the guard holds.
  if constexpr (LocalStorage<S>) {
    const bool looks = !FieldwiseStorage<S> || !base;
    if (const auto stored = looks ? storage.load(session, key) : std::nullopt;
        stored && stored->version == guard && unchanged(stored->record, record)) {
      return saved_of<S>{guard};
    }
  }
  stage_write(storage, session, key, guard, record, base);
  return commit_one(storage, session, key);
}

}  // namespace detail

/// Stores a new record at `key`; a conflict if there is one already.
/// Safe to call from any thread. Throws ConstraintViolated. Cost: one commit.
template <Storage S>
saved_of<S> insert(S&& storage, const key_of<S>& key, record_of<S> record, Caller where = Caller::here()) {
  [[maybe_unused]] const auto caller = detail::called_from(storage, where);
  auto session = storage.session();
  detail::stage_write(storage, session, key, version_of<S>{}, std::move(record));
  return detail::commit_one(storage, session, key);
}

/// Stores a new record at `key`, at a version of the caller's choice. Throws
/// VersionUnavailable if a record at this key had that version or a later one.
template <NumberedStorage S>
saved_of<S> insert(S&& storage, const key_of<S>& key, record_of<S> record, const version_of<S>& initial,
                   Caller where = Caller::here()) {
  [[maybe_unused]] const auto caller = detail::called_from(storage, where);
  auto session = storage.session();
  detail::stage_insert(storage, session, key, std::move(record), initial);
  return detail::commit_one(storage, session, key);
}

/// Writes `value` back if the stored version is still the one it was read at, and
/// moves its version then, so that it can be saved again. A lost race leaves it alone.
///
/// `key` is the key that `value` was loaded from: a value does not know it, and under
/// another key whose record happens to be at the same version it would land.
/// Safe to call from any thread, with values of its own. Nothing is written if nothing
/// changed, if records have `==` and the storage can tell without a round trip (a Draft
/// always can).
/// Throws ConstraintViolated. Cost: one commit.
template <Storage S>
saved_of<S> save(S&& storage, const key_of<S>& key, versioned_of<S>& value, Caller where = Caller::here()) {
  [[maybe_unused]] const auto caller = detail::called_from(storage, where);
  auto saved = detail::save_at(storage, key, value.version, value.record);
  if (saved) value.version = saved.version();
  return saved;
}

/// The same for a value that is not used again.
template <Storage S>
saved_of<S> save(S&& storage, const key_of<S>& key, versioned_of<S>&& value, Caller where = Caller::here()) {
  return save(storage, key, value, where);
}

/// Writes a draft back. If it is not dirty nothing is sent, and it counts as saved.
/// After success the draft starts anew from what is stored.
template <Storage S>
saved_of<S> save(S&& storage, const key_of<S>& key, Draft<record_of<S>, version_of<S>>& draft,
                 Caller where = Caller::here()) {
  [[maybe_unused]] const auto caller = detail::called_from(storage, where);
  if (detail::unchanged(*draft, draft.base().record)) return saved_of<S>{draft.version()};
  auto saved = detail::save_at(storage, key, draft.version(), *draft, &draft.base().record);
  if (saved) draft.rebase({*draft, saved.version()});
  return saved;
}

/// Erases the record if its stored version is still `version`. Reports success only
/// if a record was removed. Safe to call from any thread. Cost: one commit.
template <Storage S>
saved_of<S> erase(S&& storage, const key_of<S>& key, const version_of<S>& version,
                  Caller where = Caller::here()) {
  [[maybe_unused]] const auto caller = detail::called_from(storage, where);
  Expects(detail::told(!(version == version_of<S>{}),
                       "a record that is erased was loaded: its version is not absent"));
  auto session = storage.session();
  storage.erase(session, key, version);
  if (auto commit = session.commit(); !commit) return saved_of<S>{std::move(commit)};
  return saved_of<S>{version_of<S>{}};
}

/// Likewise, guarded by the version that `value` was loaded at.
template <Storage S>
saved_of<S> erase(S&& storage, const key_of<S>& key, const versioned_of<S>& value,
                  Caller where = Caller::here()) {
  return erase(storage, key, value.version, where);
}

}  // namespace lockstep
