// Optimistic checks switched off, for one call or for a storage: last write wins.
#pragma once

#include <lockstep/storage/storage.hpp>

#include <utility>

namespace lockstep {

/// A view of a storage whose writes and erases land whatever the stored version is,
/// so long as the record exists; inserts still need it absent, and nothing is
/// validated. Every such write is counted by the storage underneath.
///
/// For one call: `save(unguarded(accounts), 1, value)`. For good: keep the view.
/// As safe across threads as the storage, which must outlive it.
template <UnguardedStorage S>
class Unguarded {
 public:
  using key_type = key_of<S>;          ///< as the storage's
  using record_type = record_of<S>;    ///< as the storage's
  using version_type = version_of<S>;  ///< as the storage's
  using runtime_type = runtime_of<S>;  ///< as the storage's
  using Session = session_of<S>;       ///< as the storage's

  /// Refers to `storage`. Cost: a pointer.
  explicit Unguarded(S& storage) noexcept : storage_{&storage} {}

  /// The storage's name.
  [[nodiscard]] std::string name() const { return name_of(*storage_); }
  /// As the storage's.
  [[nodiscard]] bool same_key(const key_type& a, const key_type& b) const {
    return lockstep::same_key(*storage_, a, b);
  }
  /// As the storage's, if it has a use for it.
  [[nodiscard]] auto called_from(const Caller& where) const
    requires requires(S& storage) { storage.called_from(where); }
  {
    return storage_->called_from(where);
  }
  /// A session of the storage's.
  [[nodiscard]] Session session() const { return storage_->session(); }
  /// The last committed record.
  [[nodiscard]] std::optional<versioned_of<S>> load(const key_type& key) const { return storage_->load(key); }
  /// The record as the session sees it.
  [[nodiscard]] std::optional<versioned_of<S>> load(Session& session, const key_type& key) const {
    return storage_->load(session, key);
  }
  /// Validates nothing.
  void expect(Session&, const key_type&, const version_type&) const noexcept {}
  /// Stages a write of an existing record whatever its version; with an absent `version` an insert, which is
  /// guarded as ever.
  void write(Session& session, const key_type& key, const version_type& version, record_type record) const {
    if (version == version_type{}) {
      storage_->write(session, key, version, std::move(record));
    } else {
      storage_->write_unguarded(session, key, std::move(record));
    }
  }
  /// Stages an erase of an existing record whatever its version.
  void erase(Session& session, const key_type& key, const version_type&) const {
    storage_->erase_unguarded(session, key);
  }
  /// After the commit: the version that the write of `key` landed at.
  [[nodiscard]] version_type version(Session& session, const key_type& key) const {
    return storage_->version(session, key);
  }

 private:
  S* storage_;
};

/// The view of `storage` without version checks.
template <UnguardedStorage S>
[[nodiscard]] Unguarded<S> unguarded(S& storage) noexcept {
  return Unguarded<S>{storage};
}

}  // namespace lockstep
