// The narrow waist: what a storage must offer for every verb to work on it.
//
// A storage is a keyed collection of versioned records of one type. What several
// storages stage in one session commits together, all or nothing. The laws behind
// the signatures stand with the concept `Storage`, and are a test suite that any storage
// can be put through (laws.hpp).
#pragma once

#include <lockstep/core/caller.hpp>
#include <lockstep/runtime/std_runtime.hpp>
#include <lockstep/runtime/time.hpp>
#include <lockstep/storage/commit.hpp>

#include <concepts>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>

namespace lockstep {

/// An empty base for storages and databases of other namespaces: with it, calls of verbs
/// need no qualification, as in `update(accounts, 1, ...)`.
struct FindsVerbs {};

/// The type of a storage's keys.
template <class S>
using key_of = typename std::remove_cvref_t<S>::key_type;
/// The type of a storage's records.
template <class S>
using record_of = typename std::remove_cvref_t<S>::record_type;
/// Regular; a value-initialised version means "absent".
template <class S>
using version_of = typename std::remove_cvref_t<S>::version_type;
/// The type of the sessions of a storage or a database; storages of one database share it.
template <class S>
using session_of = decltype(std::declval<std::remove_cvref_t<S>&>().session());
/// What a storage loads: a record with its version.
template <class S>
using versioned_of = Versioned<record_of<S>, version_of<S>>;
/// What a failed guard of a storage is.
template <class S>
using conflict_of = Conflict<key_of<S>, record_of<S>, version_of<S>>;

/// Something whose sessions commit guarded writes: a database, or a storage of one.
template <class D>
concept SessionSource = requires(D& source) {
  { source.session().commit() } -> std::same_as<Commit>;
};

/// A keyed collection of versioned records. All calls may be made from any thread,
/// each session being used by one thread at a time.
///
/// The laws:
///
/// 1. A commit is atomic: every guard held and every write landed, or nothing changed.
/// 2. A version is never used twice by one record, erased and inserted again included,
///    where the backend can know it.
/// 3. A load returns a state that some commit produced, whole; within a session all
///    loads belong to one state, and its own staged writes are seen.
/// 4. A session that ends in any other way than a commit leaves no trace and no lock.
/// 5. A guard that failed is a value (`Commit`), never an exception of `commit`. A race that was
///    lost otherwise is Conflicted (Deadlock, SerializationFailure), and nothing else is. An
///    outcome that cannot be known is an error of its own (OutcomeUnknown).
///
/// The calls:
///
/// - `load(key)`: the last committed record, or nothing.
/// - `session()`: a unit of work; movable; ends by `commit()` or by its destruction.
/// - `load(session, key)`: as this session sees it. Throws StaleRecord if it cannot
///   be consistent with what the session loaded before.
/// - `expect(session, key, v)`: at commit the record must still be at `v`.
/// - `write(session, key, v, record)`: stages a write guarded by `v`; absent inserts.
/// - `erase(session, key, v)`: stages a guarded erase.
/// - `version(session, key)`: after a commit, the version that the session's write of
///   `key` landed at.
template <class S>
concept Storage = SessionSource<S> && std::regular<version_of<S>> && std::copyable<record_of<S>> &&
                  requires(S& storage, const key_of<S>& key, session_of<S>& session,
                           const version_of<S>& version, record_of<S> record) {
                    { storage.load(key) } -> std::same_as<std::optional<versioned_of<S>>>;
                    { storage.load(session, key) } -> std::same_as<std::optional<versioned_of<S>>>;
                    storage.expect(session, key, version);
                    storage.write(session, key, version, std::move(record));
                    storage.erase(session, key, version);
                    { storage.version(session, key) } -> std::same_as<version_of<S>>;
                  };

/// Who may hold a lock together: any number of `shared`, or one `exclusive`.
enum class LockMode {
  shared,     ///< beside others that share it; nobody writes meanwhile
  exclusive,  ///< alone
};

/// What to do when a lock is held by another session.
class Wait {
 public:
  /// What to do, apart from the limit.
  enum class Kind {
    forever,  ///< wait until it is granted
    never,    ///< throw LockUnavailable
    skip,     ///< do not lock
    up_to,    ///< wait until the limit, then throw LockTimeout
  };

  /// Wait until it is granted.
  [[nodiscard]] static constexpr Wait forever() noexcept { return {Kind::forever, {}}; }
  /// Throw LockUnavailable.
  [[nodiscard]] static constexpr Wait never() noexcept { return {Kind::never, {}}; }
  /// Do not lock, and say so: `lock` returns false.
  [[nodiscard]] static constexpr Wait skip() noexcept { return {Kind::skip, {}}; }
  /// Wait so long, then throw LockTimeout.
  [[nodiscard]] static constexpr Wait up_to(std::chrono::nanoseconds limit) noexcept {
    return {Kind::up_to, limit};
  }

  /// Which of the four it is.
  [[nodiscard]] constexpr Kind kind() const noexcept { return kind_; }
  /// How long to wait at most; zero for the other kinds.
  [[nodiscard]] constexpr std::chrono::nanoseconds limit() const noexcept { return limit_; }

 private:
  constexpr Wait(Kind kind, std::chrono::nanoseconds limit) noexcept : kind_{kind}, limit_{limit} {}
  Kind kind_;
  std::chrono::nanoseconds limit_;
};

/// A storage whose records can be locked until the session ends, whether they exist
/// or not. A lock leaves plain loads alone; it holds back other sessions' commits.
///
/// `lock` returns false only for `Wait::skip()`. It throws LockUnavailable,
/// LockTimeout, Deadlock (naming the cycle), or NotSupported for a mode that the
/// storage does not have.
template <class S>
concept LockableStorage = Storage<S> && requires(S& storage, session_of<S>& session, const key_of<S>& key,
                                                 LockMode mode, Wait wait) {
  { storage.lock(session, key, mode, wait) } -> std::same_as<bool>;
};

/// A storage whose locks are those of its whole database: who locks one record holds back whoever
/// locks or writes any other. Shared locks it may not have (NotSupported).
template <class S>
concept WholeLockStorage = LockableStorage<S> && std::remove_cvref_t<S>::locks_are_the_databases;

/// A storage whose locks are kept by a server: a call that waits for one blocks its thread where no runtime
/// of ours sees it. `database()` tells which storages share their locks.
template <class S>
concept ServerLockStorage = LockableStorage<S> && std::remove_cvref_t<S>::locks_are_a_servers &&
                            requires(S& storage) { storage.database(); };

/// A storage whose session loads all show one snapshot, which the first of them takes.
template <class S>
concept SnapshotStorage = Storage<S> && std::remove_cvref_t<S>::loads_are_a_snapshot;

/// A storage that writes fields one by one: given `base`, the record as it was at the version that guards
/// the write, it writes what differs, and leaves alone what others changed without moving the version.
template <class S>
concept FieldwiseStorage =
    Storage<S> && requires(S& storage, session_of<S>& session, const key_of<S>& key,
                           const version_of<S>& version, record_of<S> record, const record_of<S>& base) {
      storage.write(session, key, version, std::move(record), base);
    };

/// A session that can go back to an earlier point: staged work and locks since then
/// are dropped; what was read stays read.
template <class Session>
concept SavepointSession = requires(Session& session) { session.rollback_to(session.savepoint()); };

/// A storage that can insert a record at a version of the caller's choice. The commit throws
/// VersionUnavailable unless that version is past every one that a record at this key had.
template <class S>
concept NumberedStorage = Storage<S> && requires(S& storage, session_of<S>& session, const key_of<S>& key,
                                                 const version_of<S>& initial, record_of<S> record) {
  storage.insert(session, key, std::move(record), initial);
};

/// A storage with a guarded change in one step, without a load before it: `change`
/// gets the stored record and says by its result whether to write it back.
template <class S>
concept AtomicStorage =
    Storage<S> && requires(S& storage, const key_of<S>& key, bool (*change)(record_of<S>&)) {
      { storage.change(key, change) } -> std::same_as<std::optional<versioned_of<S>>>;
    };

/// A storage that can move an amount of a field from one record to another in one step, without loading
/// them: `move_amount<Member>(from, to, amount)`, of a positive amount and two different keys. True if it
/// did, both versions moved. False if it did not and nothing was written, for whatever reason: the caller
/// looks.
template <class S, auto Member>
concept MovingStorage =
    Storage<S> &&
    requires(S& storage, const key_of<S>& key,
             const std::remove_cvref_t<decltype(std::declval<record_of<S>&>().*Member)>& amount) {
      { storage.template move_amount<Member>(key, key, amount) } -> std::same_as<bool>;
    };

/// A storage that can write whatever the stored version is; it counts these writes.
template <class S>
concept UnguardedStorage =
    Storage<S> && requires(S& storage, session_of<S>& session, const key_of<S>& key, record_of<S> record) {
      storage.write_unguarded(session, key, std::move(record));
      storage.erase_unguarded(session, key);
    };

/// A storage that can load several records into a session at once: loads of them in the session cost nothing
/// then, or little.
template <class S>
concept PrefetchStorage =
    Storage<S> && requires(S& storage, session_of<S>& session, std::span<const key_of<S>> keys) {
      storage.prefetch(session, keys);
    };

/// A storage whose loads cost no round trip, so that verbs may look before they write.
template <class S>
concept LocalStorage = Storage<S> && std::remove_cvref_t<S>::loads_are_local;

namespace detail {
template <class S>
struct RuntimeOf {
  using type = StdRuntime;
};
template <class S>
  requires requires { typename S::runtime_type; }
struct RuntimeOf<S> {
  using type = typename S::runtime_type;
};
}  // namespace detail

/// The runtime that a storage or database names; `StdRuntime` if it names none.
template <class S>
using runtime_of = typename detail::RuntimeOf<std::remove_cvref_t<S>>::type;

/// The storage's name for messages: its `name()`, or "storage".
template <class S>
[[nodiscard]] std::string name_of(const S& storage) {
  if constexpr (requires { std::string{storage.name()}; }) {
    return std::string{storage.name()};
  } else {
    return "storage";
  }
}

/// True if the storage holds one record for both keys: by its own `same_key`, or by `==`.
template <class S>
[[nodiscard]] bool same_key(const S& storage, const key_of<S>& a, const key_of<S>& b) {
  if constexpr (requires { storage.same_key(a, b); }) {
    return storage.same_key(a, b);
  } else {
    return a == b;
  }
}

/// Names a record of `storage` for a message.
template <Storage S>
[[nodiscard]] Place place_of(const S& storage, const key_of<S>& key) {
  return {name_of(storage), shown(key)};
}

}  // namespace lockstep
