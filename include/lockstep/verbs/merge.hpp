// A conflict that a person or a rule can act on: what I loaded, what I made of it,
// what is there now, field by field; and ways to make one record of it.
#pragma once

#include <lockstep/core/fields.hpp>
#include <lockstep/verbs/save.hpp>

#include <concepts>
#include <string_view>
#include <vector>

namespace lockstep {

/// Who changed a field since it was loaded. Both may have, even to the same value.
struct FieldChange {
  std::string_view name;  ///< as described; lives as long as the program
  bool by_me = false;     ///< the attempted record differs from the loaded one
  bool by_them = false;   ///< the stored record differs from the loaded one

  /// True if both sides changed it.
  [[nodiscard]] bool by_both() const noexcept { return by_me && by_them; }
  friend bool operator==(const FieldChange&, const FieldChange&) = default;
};

/// A lost save, with everything needed to decide it. `current` is empty if the
/// record was erased meanwhile.
template <class T, class V = Version>
struct ConflictView {
  Versioned<T, V> base;                    ///< what was loaded, before anybody changed it
  T attempted;                             ///< what the save that lost would have written
  std::optional<Versioned<T, V>> current;  ///< what is stored now

  /// The fields that somebody changed, in their order of declaration.
  [[nodiscard]] std::vector<FieldChange> changes() const
    requires Described<T>
  {
    std::vector<FieldChange> all;
    for_each_field<T>([&](const char* name, auto field) {
      const auto& before = base.record.*field;
      const FieldChange change{name, !(attempted.*field == before),
                               current && !(current->record.*field == before)};
      if (change.by_me || change.by_them) all.push_back(change);
    });
    return all;
  }
};

/// The view of a conflict on `draft`, with the current record as the conflict carried it.
template <class Key, class T, class V>
[[nodiscard]] ConflictView<T, V> view(const Draft<T, V>& draft, const Conflict<Key, T, V>& conflict) {
  return {draft.base(), *draft, conflict.current()};
}

/// Makes one record of a conflict, or none: the conflict stays. It may run several times, so
/// its result depends on the conflict alone, and it has no side effects.
template <class R, class T, class V>
concept Resolver = requires(const R& resolve, const ConflictView<T, V>& conflict) {
  { resolve(conflict) } -> std::same_as<std::optional<T>>;
};

/// My record as a whole.
inline constexpr auto mine_wins = []<class T, class V>(const ConflictView<T, V>& conflict) {
  return std::optional<T>{conflict.attempted};
};

/// Their record as a whole; unresolved if they erased it.
inline constexpr auto theirs_wins = []<class T, class V>(const ConflictView<T, V>& conflict) {
  return conflict.current ? std::optional<T>{conflict.current->record} : std::nullopt;
};

namespace detail {

/// Throws NotSupported if the attempted record has a change outside its described fields,
/// which a merge of these fields would lose. Found by value, since the number of members
/// that a type has cannot be known for all types. Types without `==` cannot be asked, nor
/// can records that are not equal to themselves.
template <Described T, class V>
void refuse_undescribed_changes(const ConflictView<T, V>& conflict) {
  if constexpr (std::equality_comparable<T>) {
    auto described = conflict.base.record;
    for_each_field<T>([&](const char*, auto field) { described.*field = conflict.attempted.*field; });
    const auto& same = described;
    if (described == same && !(described == conflict.attempted)) {
      throw NotSupported{
          "merge: the record was changed in a field that is not described, and the change "
          "would be lost"};
    }
  }
}

}  // namespace detail

/// Per field: whoever changed it. Where both did, `decide(name, base, mine, theirs)`
/// returns the value. Unresolved if they erased the record.
///
/// Fields that are not described are theirs. Where I changed one, the resolver throws
/// NotSupported rather than lose the change, if the type has an `==` that sees it.
template <class Decide>
[[nodiscard]] constexpr auto merge_fields(Decide decide) {
  return [decide]<Described T, class V>(const ConflictView<T, V>& conflict) -> std::optional<T> {
    if (!conflict.current) return std::nullopt;
    detail::refuse_undescribed_changes(conflict);
    auto merged = conflict.current->record;
    for_each_field<T>([&](const char* name, auto field) {
      const auto& base = conflict.base.record.*field;
      const auto& mine = conflict.attempted.*field;
      const auto& theirs = conflict.current->record.*field;
      if (mine == base || mine == theirs) return;
      merged.*field = theirs == base ? mine : decide(std::string_view{name}, base, mine, theirs);
    });
    return merged;
  };
}

/// Per field: whoever changed it. Unresolved where both changed one field to
/// different values, or they erased the record. Fields that are not described: see `merge_fields`.
inline constexpr auto merge_disjoint = []<Described T, class V>(const ConflictView<T, V>& conflict) {
  bool overlap = false;
  auto merged = merge_fields([&](std::string_view, const auto&, const auto& mine, const auto&) {
    overlap = true;
    return mine;
  })(conflict);
  if (overlap) merged.reset();
  return merged;
};

/// Saves `draft`; if it is stale, saves what `resolve` makes of the conflict, guarded
/// by the version that `resolve` saw, and starts again if that is stale too.
///
/// Safe to call from any thread. `resolve` runs once per conflict. Returns the last
/// conflict if `resolve` leaves it, or if the record was erased (mine_wins does not
/// bring it back: insert it). After success the draft starts anew from what is stored.
/// Throws ConstraintViolated, and what `resolve` throws. Cost: one commit per attempt; a load where the
/// storage does not send the current record along with the conflict.
template <Storage S, Resolver<record_of<S>, version_of<S>> Resolve>
saved_of<S> save(S&& storage, const key_of<S>& key, Draft<record_of<S>, version_of<S>>& draft,
                 const Resolve& resolve, Caller where = Caller::here()) {
  [[maybe_unused]] const auto caller = detail::called_from(storage, where);
  auto saved = save(storage, key, draft);
  while (!saved) {
    const auto& conflict = saved.conflict();
    auto seen = view(draft, conflict);
    if (!seen.current) seen.current = storage.load(key);
    const auto resolved = resolve(seen);
    if (!resolved || !seen.current) return saved;
    saved = detail::save_at(storage, key, seen.current->version, *resolved, &seen.current->record);
    if (saved) draft.rebase({*resolved, saved.version()});
  }
  return saved;
}

}  // namespace lockstep
