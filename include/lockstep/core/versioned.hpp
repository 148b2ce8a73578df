// A record together with the version it was read at: what every guarded write needs.
#pragma once

#include <lockstep/core/version.hpp>

#include <concepts>
#include <utility>

namespace lockstep {

/// A plain value: a record and the version it was read at.
///
/// It has no tie to the storage it came from: two loads of one record are two
/// values, and once one of them is saved the other is stale. Nor does it know its key:
/// versions of two records may be equal, so keep the key with it (a token holds both).
template <class T, class V = Version>
struct Versioned {
  T record{};   ///< the record, to be read and changed at will
  V version{};  ///< the version that it was read at; absent for one that was never stored

  /// The record's members: `value->balance`.
  [[nodiscard]] constexpr T* operator->() noexcept { return &record; }
  /// The record's members, to read.
  [[nodiscard]] constexpr const T* operator->() const noexcept { return &record; }
  /// The record.
  [[nodiscard]] constexpr T& operator*() noexcept { return record; }
  /// The record, to read.
  [[nodiscard]] constexpr const T& operator*() const noexcept { return record; }

  friend bool operator==(const Versioned&, const Versioned&) = default;
};

/// Deduces the types of a record that was never stored.
template <class T>
Versioned(T) -> Versioned<T>;
/// Deduces the types.
template <class T, class V>
Versioned(T, V) -> Versioned<T, V>;

/// A versioned record under change: what was loaded, and the copy being edited.
///
/// It knows what `Versioned` cannot: which fields its holder changed. Saving one
/// writes nothing if nothing changed, and a conflict can be told field by field.
template <class T, class V = Version>
class Draft {
 public:
  /// Begins with a copy of `base`'s record. Cost: one copy of the record.
  constexpr explicit Draft(Versioned<T, V> base) : base_{std::move(base)}, record_{base_.record} {}

  /// The record as it was loaded, with its version.
  [[nodiscard]] constexpr const Versioned<T, V>& base() const noexcept { return base_; }
  /// The version that was loaded: the guard of a save.
  [[nodiscard]] constexpr const V& version() const noexcept { return base_.version; }

  /// The copy's members: `draft->balance = 5`.
  [[nodiscard]] constexpr T* operator->() noexcept { return &record_; }
  /// The copy's members, to read.
  [[nodiscard]] constexpr const T* operator->() const noexcept { return &record_; }
  /// The copy.
  [[nodiscard]] constexpr T& operator*() noexcept { return record_; }
  /// The copy, to read.
  [[nodiscard]] constexpr const T& operator*() const noexcept { return record_; }

  /// True if the copy differs from what was loaded.
  [[nodiscard]] constexpr bool dirty() const
    requires std::equality_comparable<T>
  {
    return !(record_ == base_.record);
  }

  /// Takes what is now stored as the base, and as the copy.
  constexpr void rebase(Versioned<T, V> stored) {
    record_ = stored.record;
    base_ = std::move(stored);
  }

 private:
  Versioned<T, V> base_;
  T record_;
};

/// Starts changing a loaded record: `auto draft = edit(load(accounts, 1));`.
template <class T, class V>
[[nodiscard]] constexpr Draft<T, V> edit(Versioned<T, V> loaded) {
  return Draft<T, V>{std::move(loaded)};
}

}  // namespace lockstep
