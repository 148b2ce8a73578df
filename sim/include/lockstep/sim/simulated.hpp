// A storage under simulation: each of its calls is one step of the execution, with
// the records and locks it touches as its footprint. Scenarios of verbs and of user
// code stay small at this grain, and run on any storage whose waiting goes through
// the simulator's runtime.
#pragma once

#include <lockstep/core/fields.hpp>
#include <lockstep/sim/runtime.hpp>
#include <lockstep/sim/step.hpp>
#include <lockstep/storage/storage.hpp>

#include <algorithm>
#include <functional>
#include <optional>
#include <source_location>
#include <string>
#include <utility>
#include <vector>

namespace lockstep::sim {

namespace detail {

/// The record as the timeline shows it: "{owner: ann, balance: 100}".
template <class T>
[[nodiscard]] std::string shown_record(const T& record) {
  if constexpr (Described<T>) {
    std::string text = "{";
    for_each_field<T>([&](const char* name, auto field) {
      text += (text.size() > 1 ? ", " : "") + std::string{name} + ": " + shown(record.*field);
    });
    return text + "}";
  } else {
    return shown(record);
  }
}

template <class T, class V>
[[nodiscard]] std::string shown_record(const std::optional<Versioned<T, V>>& loaded) {
  return loaded ? joined("v", shown(loaded->version), " ", shown_record(loaded->record)) : "absent";
}

}  // namespace detail

/// A unit of work on simulated storages of one database. Its commit is one step; so
/// is its end without a commit, if it holds locks.
template <class Inner>
class SimulatedSession {
 public:
  /// Takes over a session of the storage underneath.
  explicit SimulatedSession(Inner inner) : inner_{std::move(inner)} {}
  /// Moves; `other` is over then.
  SimulatedSession(SimulatedSession&& other) noexcept
      : inner_{std::exchange(other.inner_, std::nullopt)},
        landing_{std::move(other.landing_)},
        loaded_{std::move(other.loaded_)},
        staged_{std::move(other.staged_)},
        locks_{std::exchange(other.locks_, {})},
        over_{other.over_} {}
  SimulatedSession& operator=(SimulatedSession&&) = delete;
  ~SimulatedSession() {
    try {
      if (!over_ && inner_ && !locks_.empty()) {
        const auto footprint = with_all_locks(locks_);
        step("rollback", footprint, [&] { end(); }, about(locks_), {});
      } else {
        quietly([&] { end(); });
      }
    } catch (...) {  // the execution is being abandoned
    }
  }

  /// Commits, as one step that reads and writes what was staged; no step if nothing was staged or locked.
  Commit commit(std::source_location where = std::source_location::current()) {
    const auto end = [&] {
      auto commit = inner_->commit();
      over_ = true;
      unhold();
      outcome([&] { return commit ? landed() : joined("-> stale: ", first(commit)); });
      return commit;
    };
    if (staged_.empty() && locks_.empty()) return quietly(end);  // nothing that anybody could notice
    const auto footprint = locks_.empty() ? staged_ : with_all_locks(staged_);
    return step("commit", footprint, end, about(staged_.empty() ? locks_ : staged_), where);
  }

  /// A point to return to. No step.
  [[nodiscard]] auto savepoint() const
    requires SavepointSession<Inner>
  {
    return std::pair{quietly([&] { return inner_->savepoint(); }), locks_.size()};
  }
  /// Drops what was staged and locked since `point`: a step if it gives locks back.
  template <class Point>
  void rollback_to(const Point& point, std::source_location where = std::source_location::current()) {
    if (locks_.size() == point.second) return quietly([&] { inner_->rollback_to(point.first); });
    const auto footprint = with_all_locks(locks_);
    step(
        "rollback_to", footprint,
        [&] {
          inner_->rollback_to(point.first);
          while (locks_.size() > point.second) {
            release(locks_.back().object);
            locks_.pop_back();
          }
        },
        about(locks_), where);
  }

  /// The session underneath. What is called on it directly is no step.
  [[nodiscard]] Inner& inner() noexcept { return *inner_; }

 private:
  template <Storage S>
  friend class Simulated;

  static std::string first(const Commit& commit) {
    const auto& stale = *commit.stale().front();
    return joined(stale.expected_text(), " is now ", stale.actual_text());
  }

  // What a step shows of its footprint: the records, each once.
  static ObjectId about(const std::vector<Access>& footprint) {
    if (!recording()) return {};
    std::vector<std::string> names;
    for (const auto& access : footprint) {
      auto name = Execution::current()->name_of(access.object);
      if (name != all_locks && name != snapshot && std::ranges::find(names, name) == names.end())
        names.push_back(std::move(name));
    }
    std::string joined;
    for (const auto& name : names) joined += (joined.empty() ? "" : ", ") + name;
    return object(joined);
  }

  static constexpr std::string_view all_locks = "locks";
  static constexpr std::string_view snapshot = "snapshot";

  static std::vector<Access> with_all_locks(std::vector<Access> footprint) {
    footprint.push_back(writes(all_locks));
    return footprint;
  }

  std::string landed() {
    std::string text;
    for (const auto& tell : landing_) text += (text.empty() ? "-> " : ", ") + tell(*inner_);
    return text;
  }

  void end() {
    inner_.reset();
    unhold();
  }
  void unhold() noexcept {
    for (const auto& lock : locks_) release(lock.object);
  }

  std::optional<Inner> inner_;
  std::vector<std::function<std::string(Inner&)>>
      landing_;                 // tells what was staged, while the execution is recorded
  std::vector<Access> loaded_;  // validated again by each load
  std::vector<Access> staged_;  // what a commit reads and writes
  std::vector<Access> locks_;   // released at the end
  bool over_ = false;
};

/// Makes each call of a storage one step. Refers to the storage, which must outlive it;
/// its runtime must be the simulator's if it can wait.
///
///     memory::Table<int, Account, sim::Runtime> table{db, "accounts"};
///     sim::Simulated accounts{table};
template <Storage S>
class Simulated : public FindsVerbs {
  static_assert(
      !requires { typename S::runtime_type; } || std::same_as<runtime_of<S>, Runtime>,
      "lockstep::sim::Simulated: this storage waits through another runtime than the simulator's, and "
      "would block the whole process. Make its database with it: memory::Database<sim::Runtime>");

 public:
  using key_type = key_of<S>;                       ///< as the storage's
  using record_type = record_of<S>;                 ///< as the storage's
  using version_type = version_of<S>;               ///< as the storage's
  using runtime_type = Runtime;                     ///< the simulator's, which verbs then sleep and draw from
  using Session = SimulatedSession<session_of<S>>;  ///< shared by all simulated storages of one database
  using Loaded = std::optional<versioned_of<S>>;    ///< what a load gives
  static constexpr bool loads_are_local = LocalStorage<S>;              ///< as the storage's
  static constexpr bool loads_are_a_snapshot = SnapshotStorage<S>;      ///< as the storage's
  static constexpr bool locks_are_the_databases = WholeLockStorage<S>;  ///< as the storage's

  /// Refers to `storage`. Cost: a pointer.
  explicit Simulated(S& storage) noexcept : storage_{&storage} {}

  /// The storage's name.
  [[nodiscard]] std::string name() const { return name_of(*storage_); }
  /// As the storage's.
  [[nodiscard]] bool same_key(const key_type& a, const key_type& b) const {
    return lockstep::same_key(*storage_, a, b);
  }
  /// A unit of work. No step.
  [[nodiscard]] Session session() const {
    return Session{quietly([&] { return storage_->session(); })};
  }

  /// The last committed record: a step that reads it.
  [[nodiscard]] Loaded load(const key_type& key,
                            std::source_location where = std::source_location::current()) const {
    const auto load_it = [&] {
      auto loaded = storage_->load(key);
      outcome([&] { return joined("-> ", detail::shown_record(loaded)); });
      return loaded;
    };
    return step("load", {record(key)}, load_it, {}, where);
  }

  /// The record as the session sees it: a step that reads it, and all that the session loaded before.
  [[nodiscard]] Loaded load(Session& session, const key_type& key,
                            std::source_location where = std::source_location::current()) const {
    session.loaded_.insert(session.loaded_.begin(), record(key));
    if constexpr (SnapshotStorage<S>) {  // the first load fixes what all will show, of every record
      if (session.loaded_.size() == 1) session.loaded_.push_back(reads(Session::snapshot));
    }
    const auto load_it = [&] {
      auto loaded = storage_->load(session.inner(), key);
      outcome([&] { return joined("-> ", detail::shown_record(loaded)); });
      return loaded;
    };
    return step("load", session.loaded_, load_it, session.loaded_.front().object, where);
  }

  /// Stages a validation. No step.
  void expect(Session& session, const key_type& key, const version_type& version) const {
    session.staged_.push_back(record(key));
    quietly([&] { storage_->expect(session.inner(), key, version); });
  }
  /// Stages a guarded write. No step.
  void write(Session& session, const key_type& key, const version_type& version, record_type record) const {
    stage(session, key, &record);
    quietly([&] { storage_->write(session.inner(), key, version, std::move(record)); });
  }
  /// Stages a guarded write of what differs from `base`. No step.
  void write(Session& session, const key_type& key, const version_type& version, record_type record,
             const record_type& base) const
    requires FieldwiseStorage<S>
  {
    stage(session, key, &record);
    quietly([&] { storage_->write(session.inner(), key, version, std::move(record), base); });
  }
  /// Stages a guarded erase. No step.
  void erase(Session& session, const key_type& key, const version_type& version) const {
    stage(session, key, nullptr);
    quietly([&] { storage_->erase(session.inner(), key, version); });
  }
  /// Stages an insert at a chosen version. No step.
  void insert(Session& session, const key_type& key, record_type record, const version_type& initial) const
    requires NumberedStorage<S>
  {
    stage(session, key, &record);
    quietly([&] { storage_->insert(session.inner(), key, std::move(record), initial); });
  }
  /// Stages a write without a version check. No step.
  void write_unguarded(Session& session, const key_type& key, record_type record) const
    requires UnguardedStorage<S>
  {
    stage(session, key, &record);
    quietly([&] { storage_->write_unguarded(session.inner(), key, std::move(record)); });
  }
  /// Stages an erase without a version check. No step.
  void erase_unguarded(Session& session, const key_type& key) const
    requires UnguardedStorage<S>
  {
    stage(session, key, nullptr);
    quietly([&] { storage_->erase_unguarded(session.inner(), key); });
  }
  /// After the commit: the version that the write of `key` landed at. No step.
  [[nodiscard]] version_type version(Session& session, const key_type& key) const {
    return quietly([&] { return storage_->version(session.inner(), key); });
  }

  /// Locks the record: a step, and another one when it is granted after waiting. Steps that lock depend on
  /// each other, whatever the record, because one of them closes a cycle of waiting.
  bool lock(Session& session, const key_type& key, LockMode mode = LockMode::exclusive,
            Wait wait = Wait::forever(), std::source_location where = std::source_location::current()) const
    requires LockableStorage<S>
  {
    const auto lock = lock_of(key);
    const auto lock_it = [&] {
      const bool locked = storage_->lock(session.inner(), key, mode, wait);
      outcome([&] { return locked ? "-> granted" : "-> skipped"; });
      if (locked) {
        hold(lock);
        session.locks_.push_back(writes(lock));
      }
      return locked;
    };
    return step(mode == LockMode::shared ? "lock shared" : "lock", {writes(lock), all_locks()}, lock_it,
                object(called(key)), where);
  }

  /// A guarded change in one step.
  template <class Change>
  Loaded change(const key_type& key, Change&& change,
                std::source_location where = std::source_location::current()) const
    requires AtomicStorage<S>
  {
    const auto record = object(called(key));
    const auto change_it = [&] {
      auto changed = storage_->change(key, change);
      outcome([&] { return joined("-> ", changed ? detail::shown_record(changed) : "declined"); });
      return changed;
    };
    std::vector<Access> footprint;
    footprint.push_back(writes(record));
    footprint.push_back(all_locks());
    if constexpr (SnapshotStorage<S>) footprint.push_back(writes(Session::snapshot));
    return step("change", footprint, change_it, record, where);
  }

 private:
  [[nodiscard]] std::string called(const key_type& key) const { return to_string(Place{name(), shown(key)}); }
  [[nodiscard]] Access record(const key_type& key) const { return reads(called(key)); }
  // An object of its own, so that loads do not depend on locks. Locks of different records depend on each
  // other, since the one who closes a cycle of waiting is told of the deadlock.
  [[nodiscard]] ObjectId lock_of(const key_type& key) const { return object(joined(called(key), "'s lock")); }
  [[nodiscard]] static Access all_locks() { return writes(Session::all_locks); }

  // A commit takes the locks of what it writes.
  void stage(Session& session, const key_type& key, const record_type* record) const {
    session.staged_.push_back(writes(called(key)));
    if constexpr (LockableStorage<S>) session.staged_.push_back(all_locks());
    if constexpr (SnapshotStorage<S>) session.staged_.push_back(writes(Session::snapshot));
    if (!recording()) return;
    const auto text = record ? detail::shown_record(*record) : std::string{};
    session.landing_.push_back([storage = storage_, key, text](session_of<S>& inner) {
      return text.empty() ? "erased" : joined("v", shown(storage->version(inner, key)), " ", text);
    });
  }

  S* storage_;
};

}  // namespace lockstep::sim
