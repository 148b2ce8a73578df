// Several guarded writes by hand in one commit, and all that is stale at once.
#pragma once

#include <lockstep/core/callback.hpp>
#include <lockstep/verbs/save.hpp>

#include <any>
#include <vector>

namespace lockstep {

/// Collects guarded writes to storages of one database, and commits them together.
/// The values it saves must live until `commit`; their versions move only if it lands.
///
/// One thread uses it. It is over after `commit`; destroyed before, nothing happens.
/// A second write of one record throws NotSupported: it would bury the first unseen.
///
///     Batch batch{db};
///     batch.save(orders, 7, order).expect(products, 3, product.version).touch(customers, 1, customer);
///     if (auto commit = batch.commit(); !commit) show(commit.stale());
template <class Session>
class Batch {
 public:
  /// Begins with nothing staged. `source` is the database, or any storage of it.
  template <SessionSource D>
  explicit Batch(D& source) : session_{source.session()} {}

  /// Writes `value` if its version is still the stored one.
  template <Storage S>
  Batch& save(S& storage, const key_of<S>& key, versioned_of<S>& value, Caller where = Caller::here()) {
    [[maybe_unused]] const auto caller = detail::called_from(storage, where);
    if constexpr (LocalStorage<S>) {
      const auto stored = storage.load(key);
      if (stored && stored->version == value.version && detail::unchanged(stored->record, value.record)) {
        return expect(storage, key, value.version, where);
      }
    }
    return touch(storage, key, value, where);
  }

  /// Moves the version even if nothing in the record changed: a child that changes
  /// moves its parent forward so.
  template <Storage S>
  Batch& touch(S& storage, const key_of<S>& key, versioned_of<S>& value, Caller where = Caller::here()) {
    [[maybe_unused]] const auto caller = detail::called_from(storage, where);
    refuse_second(storage, key);
    detail::stage_write(storage, session_, key, value.version, value.record);
    landed_.push_back(
        [&storage, key, &value](Session& session) { value.version = storage.version(session, key); });
    return *this;
  }

  /// Stores a new record if there is none.
  template <Storage S>
  Batch& insert(S& storage, const key_of<S>& key, record_of<S> record, Caller where = Caller::here()) {
    [[maybe_unused]] const auto caller = detail::called_from(storage, where);
    refuse_second(storage, key);
    detail::stage_write(storage, session_, key, version_of<S>{}, std::move(record));
    return *this;
  }

  /// Removes the record if `version` is still the stored one.
  template <Storage S>
  Batch& erase(S& storage, const key_of<S>& key, const version_of<S>& version,
               Caller where = Caller::here()) {
    [[maybe_unused]] const auto caller = detail::called_from(storage, where);
    refuse_second(storage, key);
    storage.erase(session_, key, version);
    return *this;
  }

  /// Writes nothing, but the record must still be at `version`; absent: must not exist.
  template <Storage S>
  Batch& expect(S& storage, const key_of<S>& key, const version_of<S>& version,
                Caller where = Caller::here()) {
    [[maybe_unused]] const auto caller = detail::called_from(storage, where);
    storage.expect(session_, key, version);
    return *this;
  }

  /// Lands everything, or nothing and says which members were stale: all of them. Waits for locks
  /// that other sessions hold on what it writes, so it may throw Deadlock where they take theirs
  /// one by one; or VersionUnavailable. Nothing was written then.
  Commit commit(Caller where = Caller::here()) {
    [[maybe_unused]] const auto caller = detail::called_from(session_, where);
    auto commit = session_.commit();
    if (commit) {
      for (const auto& landed : landed_) landed(session_);
    }
    return commit;
  }

 private:
  struct Written {
    const void* storage;
    std::any key;
  };

  template <Storage S>
  void refuse_second(const S& storage, const key_of<S>& key) {
    for (const auto& written : written_) {
      const auto* const known =
          written.storage == &storage ? std::any_cast<key_of<S>>(&written.key) : nullptr;
      if (known && same_key(storage, *known, key)) {
        throw NotSupported{joined(to_string(place_of(storage, key)), ": written twice in one batch")};
      }
    }
    written_.push_back({&storage, key});
  }

  Session session_;
  std::vector<Written> written_;
  std::vector<Callback<void(Session&)>> landed_;
};

/// Deduces the session's type.
template <SessionSource D>
Batch(D&) -> Batch<session_of<D>>;

}  // namespace lockstep
