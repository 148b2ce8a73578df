// A storage under simulation: each of its calls is one step of the execution, with
// the records and locks it touches as its footprint. Scenarios of verbs and of user
// code stay small at this grain, and run on any storage whose waiting goes through
// the simulator's runtime.
#pragma once

#include <lockstep/core/fields.hpp>
#include <lockstep/sim/called_from.hpp>
#include <lockstep/sim/faults.hpp>
#include <lockstep/sim/record_locks.hpp>
#include <lockstep/sim/runtime.hpp>
#include <lockstep/sim/source_location.hpp>
#include <lockstep/sim/step.hpp>
#include <lockstep/storage/receipt.hpp>
#include <lockstep/storage/storage.hpp>

#include <algorithm>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
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

/// What crashes and calls have in common.
inline constexpr std::string_view connections = "connections";

/// A step of a connection, and what may go wrong with it. A crash is one with every other call of the
/// database.
template <class Effect>
auto faulty_step(Connection& connection, std::string_view operation, std::vector<Access> footprint,
                 const FaultyCall& call, Effect&& effect, ObjectId about, const source_location& where) {
  if (connection.faults() == nullptr) return step(operation, footprint, effect, about, where);
  if (connection.may(Fault::crash)) footprint.push_back(writes(connections));
  std::chrono::nanoseconds delay{0};
  auto result = step(
      operation, footprint,
      [&] {
        Connection::Call calling{connection, call};
        auto done = effect();
        delay = calling.end(call.commits && static_cast<bool>(done));
        return done;
      },
      about, where);
  if (delay.count() > 0) Runtime::sleep_for(delay, {}, where);
  return result;
}

}  // namespace detail

/// A unit of work on simulated storages of one database. Its commit is one step; so
/// is its end without a commit, if it holds locks.
template <class Inner>
class SimulatedSession {
 public:
  /// Takes over a session of the storage underneath, to which `faults` may happen, if there are any, and
  /// whose locks are `locks`, if a server keeps them.
  explicit SimulatedSession(Inner inner, std::shared_ptr<FaultInjector> faults = {},
                            std::shared_ptr<detail::RecordLocks> locks = {})
      : unit_{std::make_unique<Unit>(std::move(inner), std::move(faults), std::move(locks))} {}
  /// Moves; the other one is over then.
  SimulatedSession(SimulatedSession&&) noexcept = default;
  SimulatedSession& operator=(SimulatedSession&&) = delete;
  ~SimulatedSession() {
    if (!unit_) return;
    try {
      if (!unit_->over && !unit_->locks.empty()) {
        step("rollback", unit_->with_all_locks(unit_->locks), [&] { unit_->drop(); }, about(unit_->locks),
             {});
      } else {
        quietly([&] { unit_->drop(); });
      }
    } catch (...) {  // the execution is being abandoned
    }
  }

  /// What verbs do until the result is destroyed is shown at the line of their caller.
  [[nodiscard]] detail::CalledFrom called_from(const Caller& where) const noexcept {
    return detail::CalledFrom{where};
  }
  /// Commits, as one step that reads and writes what was staged; no step if nothing was staged or locked.
  Commit commit(source_location where = source_location::current()) {
    Unit& unit = *unit_;
    const auto end = [&] {
      auto commit = unit.commit();
      unit.over = true;
      unit.closes();
      unit.unhold();
      outcome([&] { return commit ? unit.landed() : joined("-> stale: ", first(commit)); });
      return commit;
    };
    if (unit.staged.empty() && unit.locks.empty()) {  // nothing that anybody could notice
      if (unit.noticed()) unit.see_that_it_is_there();
      return unit.inner ? quietly(end) : Commit{};
    }
    const auto footprint = unit.locks.empty() ? unit.staged : unit.with_all_locks(unit.staged);
    detail::FaultyCall call;
    if (unit.faults()) {
      call = {.possible = {Fault::conflict, Fault::lost_request, Fault::crash},
              .commits = true,
              .writes = unit.writes};
    }
    return this->call("commit", footprint, call, end, about(unit.staged.empty() ? unit.locks : unit.staged),
                      where);
  }

  /// A point to return to. No step.
  [[nodiscard]] auto savepoint() const
    requires SavepointSession<Inner>
  {
    Point<decltype(unit_->inner->savepoint())> point{{}, unit_->locks.size(), 0, unit_->needs.size()};
    if (unit_->holder) point.held = unit_->holder->count();
    if (unit_->inner) quietly([&] { point.inner.emplace(unit_->inner->savepoint()); });
    return point;
  }
  /// Drops what was staged and locked since `point`: a step if it gives locks back.
  template <class Inside>
  void rollback_to(const Inside& point, source_location where = source_location::current()) {
    Unit& unit = *unit_;
    const auto roll_back = [&] {
      if (unit.inner && point.inner) unit.inner->rollback_to(*point.inner);
      unit.needs.erase(unit.needs.begin() + static_cast<std::ptrdiff_t>(point.needs), unit.needs.end());
    };
    if (unit.locks.size() == point.locks) return quietly(roll_back);
    const auto give_back = [&] {
      unit.see_that_it_is_there();
      roll_back();
      if (unit.holder) unit.holder->release_since(point.held);
      while (unit.locks.size() > point.locks) {
        release(unit.locks.back().object);
        unit.locks.pop_back();
      }
    };
    step("rollback_to", unit.with_all_locks(unit.locks), give_back, about(unit.locks), where);
  }

  /// The session underneath. What is called on it directly is no step. Throws ConnectionLost or
  /// SerializationFailure if a fault has ended it.
  [[nodiscard]] Inner& inner() {
    unit_->see_that_it_is_there();
    return *unit_->inner;
  }

 private:
  template <Storage S>
  friend class Simulated;

  static constexpr std::string_view all_locks = "locks";
  static constexpr std::string_view snapshot = "snapshot";

  template <class InnerPoint>
  struct Point {
    std::optional<InnerPoint> inner;
    std::size_t locks;
    std::size_t held;
    std::size_t needs;
  };

  using Need = std::pair<Place, LockMode>;

  // At a fixed address, for crashes to find.
  struct Unit final : detail::Connection {
    Unit(Inner session, std::shared_ptr<FaultInjector> faults, std::shared_ptr<detail::RecordLocks> kept)
        : Connection{std::move(faults)}, inner{std::move(session)} {
      if (kept) holder.emplace(std::move(kept));
    }

    std::optional<detail::LockHolder>
        holder;                  // of the locks that a server keeps: given back after its session
    std::optional<Inner> inner;  // none once it has ended
    std::vector<std::function<std::string(Inner&)>>
        landing;                 // tells what was staged, while the execution is recorded
    std::vector<Access> loaded;  // validated again by each load
    std::vector<Access> staged;  // what a commit reads and writes
    std::vector<Access> locks;   // released at the end
    std::vector<Place> writes;   // what a commit writes, if there are faults
    std::vector<Need> needs;     // the locks of a server that a commit takes
    bool over = false;
    unsigned thread = 0;  // that has taken the locks

    void holds(ObjectId lock) {
      hold(lock);
      thread = Execution::current() != nullptr ? Execution::current()->self() : 0;
      locks.push_back(sim::writes(lock));
    }
    // Who waits for a server's lock waits before the server is asked. What fails then ends the session, as a
    // commit does that fails in the server.
    [[nodiscard]] Commit commit() {
      if (!holder) return inner->commit();
      // In one order for all sessions; a record that is written as well as validated is locked for the write.
      std::ranges::sort(needs, {}, [](const Need& need) {
        return std::pair{to_string(need.first), need.second == LockMode::shared};
      });
      try {
        for (const auto& [place, mode] : needs) holder->lock(place, mode, Wait::forever());
        return inner->commit();
      } catch (...) {
        drop();
        throw;
      }
    }
    void drop() noexcept override {
      inner.reset();
      unhold();
    }
    void notice() noexcept override { locks.clear(); }
    void unhold() noexcept {
      if (holder) holder->release_since(0);
      if (Execution* const execution = Execution::current()) {
        for (const auto& lock : locks) execution->release(lock.object, thread);
      }
    }
    [[nodiscard]] std::vector<Access> with_all_locks(std::vector<Access> footprint) const {
      footprint.push_back(sim::writes(all_locks));
      if (this->may(Fault::crash)) footprint.push_back(reads(detail::connections));
      return footprint;
    }
    [[nodiscard]] std::string landed() {
      std::string text;
      for (const auto& tell : landing) text += (text.empty() ? "-> " : ", ") + tell(*inner);
      return text;
    }
  };

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

  // A call that a conflict may end gives back the locks of the session.
  template <class Effect>
  auto call(std::string_view operation, std::vector<Access> footprint, const detail::FaultyCall& call,
            Effect&& effect, ObjectId about, const source_location& where) {
    if (unit_->may(Fault::conflict) && !unit_->locks.empty()) footprint.push_back(sim::writes(all_locks));
    return detail::faulty_step(*unit_, operation, std::move(footprint), call, std::forward<Effect>(effect),
                               about, where);
  }

  std::unique_ptr<Unit> unit_;
};

/// Makes each call of a storage one step. Refers to the storage, which must outlive it;
/// its runtime must be the simulator's if it can wait, unless it waits in a server: the locks of a server are
/// waited for here, and the server is asked when they are free. A commit then takes the locks of all that it
/// writes or validates before the server hears of it, for ever if need be, whatever time limit the storage
/// has. So make it within the execution, and let nobody else use the records meanwhile: what the simulator
/// does not know of is LockUnavailable.
///
///     memory::Table<int, Account, sim::Runtime> table{db, "accounts"};
///     sim::Simulated accounts{table};
///
/// With `Faults`, calls may go wrong as well: at each one that they can strike it is decided, as an outcome
/// of its step, whether one does. None strikes inside of `quietly`, nor outside of an execution. A crash does
/// not strike while a commit waits inside of the storage, which cannot take it back; a session that waits for
/// a lock then keeps the others that it has until that call returns. With crashes, calls depend on each other
/// whatever they touch, and order threads, so that data races of a `sim::var` may hide behind them.
template <Storage S>
class Simulated : public FindsVerbs {
  static_assert(
      !requires { typename S::runtime_type; } || std::same_as<runtime_of<S>, Runtime> || ServerLockStorage<S>,
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
  explicit Simulated(S& storage) : storage_{&storage}, locks_{locks_of(storage)} {}
  /// Likewise, with `faults` of its own: `sim::Simulated accounts{table, {.lost_replies = 1}}`.
  Simulated(S& storage, const Faults& faults)
      : storage_{&storage}, faults_{std::make_shared<FaultInjector>(faults)}, locks_{locks_of(storage)} {}
  /// Likewise, with those of the whole database, which must outlive it and its sessions.
  Simulated(S& storage, FaultInjector& faults)
      : storage_{&storage}, faults_{std::shared_ptr<void>{}, &faults}, locks_{locks_of(storage)} {}

  /// The storage's name.
  [[nodiscard]] std::string name() const { return name_of(*storage_); }
  /// As the storage's.
  [[nodiscard]] bool same_key(const key_type& a, const key_type& b) const {
    return lockstep::same_key(*storage_, a, b);
  }
  /// What verbs do until the result is destroyed is shown at the line of their caller.
  [[nodiscard]] detail::CalledFrom called_from(const Caller& where) const noexcept {
    return detail::CalledFrom{where};
  }
  /// The database's receipts, whose calls are steps as well, with the same faults.
  [[nodiscard]] auto receipts() const
    requires ReceiptSource<S>
  {
    using Receipts = std::remove_reference_t<decltype(storage_->receipts())>;
    return Simulated<Receipts>{quietly([&] { return &storage_->receipts(); }), faults_, locks_};
  }
  /// What may go wrong, and how often it did; null if nothing may.
  [[nodiscard]] const FaultInjector* faults() const noexcept { return faults_.get(); }
  /// A unit of work. No step; a crash is no matter to it before its first call.
  [[nodiscard]] Session session() const {
    return quietly([&] { return Session{storage_->session(), faults_, locks_}; });
  }

  /// The last committed record: a step that reads it.
  [[nodiscard]] Loaded load(const key_type& key, source_location where = source_location::current()) const {
    const auto load_it = [&] {
      auto loaded = storage_->load(key);
      outcome([&] { return joined("-> ", detail::shown_record(loaded)); });
      return loaded;
    };
    if (!faults_) return step("load", {record(key)}, load_it, {}, where);
    detail::Connection connection{faults_};
    return detail::faulty_step(connection, "load", {record(key)}, {.possible = {Fault::crash}}, load_it,
                               record(key).object, where);
  }

  /// The record as the session sees it: a step that reads it, and all that the session loaded before.
  [[nodiscard]] Loaded load(Session& session, const key_type& key,
                            source_location where = source_location::current()) const {
    auto& unit = *session.unit_;
    unit.loaded.insert(unit.loaded.begin(), record(key));
    if constexpr (SnapshotStorage<S>) {  // the first load fixes what all will show, of every record
      if (unit.loaded.size() == 1) unit.loaded.push_back(reads(Session::snapshot));
    }
    const auto load_it = [&] {
      auto loaded = storage_->load(*unit.inner, key);
      outcome([&] { return joined("-> ", detail::shown_record(loaded)); });
      return loaded;
    };
    detail::FaultyCall call;
    if (faults_) call.possible = {Fault::conflict, Fault::crash};
    return session.call("load", unit.loaded, call, load_it, unit.loaded.front().object, where);
  }

  /// Stages a validation. No step.
  void expect(Session& session, const key_type& key, const version_type& version) const {
    auto& unit = *session.unit_;
    unit.staged.push_back(record(key));
    if constexpr (ServerLockStorage<S>) {
      unit.staged.push_back(all_locks());
      unit.needs.emplace_back(place_of(*storage_, key), LockMode::shared);
    }
    stage(session, [&](auto& inner) { storage_->expect(inner, key, version); });
  }
  /// Stages a guarded write. No step.
  void write(Session& session, const key_type& key, const version_type& version, record_type record) const {
    plan(session, key, &record);
    stage(session, [&](auto& inner) { storage_->write(inner, key, version, std::move(record)); });
  }
  /// Stages a guarded write of what differs from `base`. No step.
  void write(Session& session, const key_type& key, const version_type& version, record_type record,
             const record_type& base) const
    requires FieldwiseStorage<S>
  {
    plan(session, key, &record);
    stage(session, [&](auto& inner) { storage_->write(inner, key, version, std::move(record), base); });
  }
  /// Stages a guarded erase. No step.
  void erase(Session& session, const key_type& key, const version_type& version) const {
    plan(session, key, nullptr);
    stage(session, [&](auto& inner) { storage_->erase(inner, key, version); });
  }
  /// Stages an insert at a chosen version. No step.
  void insert(Session& session, const key_type& key, record_type record, const version_type& initial) const
    requires NumberedStorage<S>
  {
    plan(session, key, &record);
    stage(session, [&](auto& inner) { storage_->insert(inner, key, std::move(record), initial); });
  }
  /// Stages a write without a version check. No step.
  void write_unguarded(Session& session, const key_type& key, record_type record) const
    requires UnguardedStorage<S>
  {
    plan(session, key, &record);
    stage(session, [&](auto& inner) { storage_->write_unguarded(inner, key, std::move(record)); });
  }
  /// Stages an erase without a version check. No step.
  void erase_unguarded(Session& session, const key_type& key) const
    requires UnguardedStorage<S>
  {
    plan(session, key, nullptr);
    stage(session, [&](auto& inner) { storage_->erase_unguarded(inner, key); });
  }
  /// After the commit: the version that the write of `key` landed at. No step.
  [[nodiscard]] version_type version(Session& session, const key_type& key) const {
    return quietly([&] { return storage_->version(session.inner(), key); });
  }

  /// Locks the record: a step, and another one when it is granted after waiting. Steps that lock depend on
  /// each other, whatever the record, because one of them closes a cycle of waiting.
  bool lock(Session& session, const key_type& key, LockMode mode = LockMode::exclusive,
            Wait wait = Wait::forever(), source_location where = source_location::current()) const
    requires LockableStorage<S>
  {
    auto& unit = *session.unit_;
    const auto lock = lock_of(key);
    const auto lock_it = [&] {
      const bool locked = lock_inner(unit, key, mode, wait);
      outcome([&] { return locked ? "-> granted" : "-> skipped"; });
      if (locked) unit.holds(lock);
      return locked;
    };
    detail::FaultyCall call;
    if (faults_) {
      call = {.possible = {Fault::conflict, Fault::crash}, .waits_for = place_of(*storage_, key)};
      if (wait.kind() == Wait::Kind::up_to) call.possible.push_back(Fault::lock_timeout);
    }
    return session.call(mode == LockMode::shared ? "lock shared" : "lock", {writes(lock), all_locks()}, call,
                        lock_it, object(called(key)), where);
  }

  /// A guarded change in one step.
  template <class Change>
  Loaded change(const key_type& key, Change&& change,
                source_location where = source_location::current()) const
    requires AtomicStorage<S>
  {
    const auto record = object(called(key));
    const auto change_it = [&] {
      std::optional<detail::LockHolder> holder;
      if constexpr (ServerLockStorage<S>) {
        holder.emplace(locks_).lock(place_of(*storage_, key), LockMode::exclusive, Wait::forever());
      }
      auto changed = storage_->change(key, change);
      outcome([&] { return joined("-> ", changed ? detail::shown_record(changed) : "declined"); });
      return changed;
    };
    detail::Connection connection{faults_};
    detail::FaultyCall call;
    if (faults_) {
      call = {.possible = {Fault::conflict, Fault::lost_request, Fault::crash},
              .commits = true,
              .writes = {place_of(*storage_, key)}};
    }
    std::vector<Access> footprint;
    footprint.push_back(writes(record));
    footprint.push_back(all_locks());
    if constexpr (SnapshotStorage<S>) footprint.push_back(writes(Session::snapshot));
    return detail::faulty_step(connection, "change", std::move(footprint), call, change_it, record, where);
  }

 private:
  template <Storage Other>
  friend class Simulated;

  Simulated(S* storage, std::shared_ptr<FaultInjector> faults,
            std::shared_ptr<detail::RecordLocks> locks) noexcept
      : storage_{storage}, faults_{std::move(faults)}, locks_{std::move(locks)} {}

  [[nodiscard]] std::string called(const key_type& key) const { return to_string(Place{name(), shown(key)}); }
  [[nodiscard]] Access record(const key_type& key) const { return reads(called(key)); }
  // An object of its own, so that loads do not depend on locks. Locks of different records depend on each
  // other, since the one who closes a cycle of waiting is told of the deadlock.
  [[nodiscard]] ObjectId lock_of(const key_type& key) const { return object(joined(called(key), "'s lock")); }
  [[nodiscard]] static Access all_locks() { return writes(Session::all_locks); }

  // A commit takes the locks of what it writes.
  void plan(Session& session, const key_type& key, const record_type* record) const {
    auto& unit = *session.unit_;
    unit.staged.push_back(writes(called(key)));
    if constexpr (LockableStorage<S>) unit.staged.push_back(all_locks());
    if constexpr (SnapshotStorage<S>) unit.staged.push_back(writes(Session::snapshot));
    if constexpr (ServerLockStorage<S>)
      unit.needs.emplace_back(place_of(*storage_, key), LockMode::exclusive);
    if (unit.faults()) unit.writes.push_back(place_of(*storage_, key));
    if (!recording()) return;
    const auto text = record ? detail::shown_record(*record) : std::string{};
    unit.landing.push_back([storage = storage_, key, text](session_of<S>& inner) {
      return text.empty() ? "erased" : joined("v", shown(storage->version(inner, key)), " ", text);
    });
  }
  // A server that has to wait blocks everybody; so it is asked when the lock is known to be free. That it is
  // not free then means that somebody holds it whom the simulator does not know.
  template <class Unit>
  bool lock_inner(Unit& unit, const key_type& key, LockMode mode, Wait wait) const {
    if constexpr (ServerLockStorage<S>) {
      const auto before = unit.holder->count();
      if (!unit.holder->lock(place_of(*storage_, key), mode, wait)) return false;
      try {
        return storage_->lock(*unit.inner, key, mode, Wait::never());
      } catch (...) {
        unit.holder->release_since(before);
        throw;
      }
    } else {
      return storage_->lock(*unit.inner, key, mode, wait);
    }
  }
  // What is staged in a session that is lost is lost with it; its next call says so.
  template <class Call>
  void stage(Session& session, Call&& call) const {
    if (session.unit_->inner) quietly([&] { call(*session.unit_->inner); });
  }

  static std::shared_ptr<detail::RecordLocks> locks_of(S& storage) {
    if constexpr (ServerLockStorage<S>) return detail::RecordLocks::of(&storage.database());
    return {};
  }

  S* storage_;
  std::shared_ptr<FaultInjector> faults_;
  std::shared_ptr<detail::RecordLocks> locks_;  // of its database, if a server keeps them
};

}  // namespace lockstep::sim
