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
  using key_type = key_of<S>;
  using record_type = record_of<S>;
  using version_type = version_of<S>;
  using runtime_type = runtime_of<S>;
  using Session = session_of<S>;

  explicit Unguarded(S& storage) noexcept : storage_{&storage} {}

  [[nodiscard]] std::string name() const { return name_of(*storage_); }
  [[nodiscard]] bool same_key(const key_type& a, const key_type& b) const {
    return lockstep::same_key(*storage_, a, b);
  }
  [[nodiscard]] Session session() const { return storage_->session(); }
  [[nodiscard]] std::optional<versioned_of<S>> load(const key_type& key) const { return storage_->load(key); }
  [[nodiscard]] std::optional<versioned_of<S>> load(Session& session, const key_type& key) const {
    return storage_->load(session, key);
  }
  void expect(Session&, const key_type&, const version_type&) const noexcept {}
  void write(Session& session, const key_type& key, const version_type& version, record_type record) const {
    if (version == version_type{}) {
      storage_->write(session, key, version, std::move(record));
    } else {
      storage_->write_unguarded(session, key, std::move(record));
    }
  }
  void erase(Session& session, const key_type& key, const version_type&) const {
    storage_->erase_unguarded(session, key);
  }
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
