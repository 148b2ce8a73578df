// The embedded storage: a table of records of one type in memory.
//
// It models Storage and every capability: locks, savepoints, chosen versions, guarded
// change, unguarded writes. Stored records are immutable and shared, so that a load
// copies outside the database's mutex, and a record whose copy throws harms nobody.
#pragma once

#include <lockstep/core/contract.hpp>
#include <lockstep/core/invariant.hpp>
#include <lockstep/core/invoke.hpp>
#include <lockstep/memory/database.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

namespace lockstep::memory {

namespace detail {

template <class Hash, class Key>
concept HashOf = std::default_initializable<Hash> && requires(const Hash& hash, const Key& key) {
  { hash(key) } -> std::convertible_to<std::size_t>;
};
// std::equal_to has a call operator even where its type has no `==`.
template <class Equal, class Key>
concept EqualOf = (!std::same_as<Equal, std::equal_to<Key>> || requires(const Key& key) { key == key; }) &&
                  std::default_initializable<Equal> && requires(const Equal& equal, const Key& key) {
                    { equal(key, key) } -> std::convertible_to<bool>;
                  };

// Stands in for what a key lacks: the one error is then the one that names it.
struct Lacking {
  template <class... Keys>
  std::size_t operator()(const Keys&...) const noexcept {
    return 0;
  }
};

}  // namespace detail

/// A keyed collection of records in memory. Safe to use from any thread; refers to
/// its database, which must outlive it, as it must outlive the sessions that use it.
///
/// `Key` is copyable, and has a `Hash` and an `Equal`; `with_locks` wants an order, too. Loads cost a hash
/// look-up and a copy of the record. Sessions must come from the same database.
template <class Key, class T, Runtime R = StdRuntime, class Hash = std::hash<Key>,
          class Equal = std::equal_to<Key>>
class Table : public FindsVerbs {
  static_assert(std::copyable<Key>, "memory::Table: the key type must be copyable");
  static_assert(detail::HashOf<Hash, Key>,
                "memory::Table: the key type has no hash: specialise std::hash for it, or name a hash, as in "
                "Table<Key, T, StdRuntime, KeyHash>");
  static_assert(
      detail::EqualOf<Equal, Key>,
      "memory::Table: the key type has no equality: give it an operator==, or name an equality, as in "
      "Table<Key, T, StdRuntime, KeyHash, KeyEqual>");
  static_assert(std::copyable<T>, "memory::Table: the record type must be copyable");

 public:
  using key_type = Key;                          ///< as Storage asks
  using record_type = T;                         ///< as Storage asks
  using version_type = Version;                  ///< 64-bit counters
  using runtime_type = R;                        ///< the database's
  static constexpr bool loads_are_local = true;  ///< as LocalStorage asks

  /// `name` stands in messages and tokens, so it is this table's alone while the table
  /// lives: a token of one table must not pass for another's. Throws NameTaken: an exception
  /// and not a contract, since names may come from data that the caller has not made.
  explicit Table(Database<R>& database, std::string name = {}) : database_{&database} {
    const std::scoped_lock guard{database.mutex_};
    ordinal_ = ++database.tables_;
    name_ = database.take_name(std::move(name), ordinal_);
  }
  Table(const Table&) = delete;
  Table& operator=(const Table&) = delete;

  /// The name given, or "table1", "table2", ... in the order of their making.
  [[nodiscard]] const std::string& name() const noexcept { return *name_; }
  /// True if `Equal` says so.
  [[nodiscard]] bool same_key(const Key& a, const Key& b) const { return SameKey{}(a, b); }
  /// The database that it belongs to.
  [[nodiscard]] Database<R>& database() const noexcept { return *database_; }
  /// A session of the database: what it stages commits together with other tables' changes.
  [[nodiscard]] Session<R> session() const { return database_->session(); }
  /// The database's receipts.
  [[nodiscard]] typename Database<R>::Receipts& receipts() const { return database_->receipts(); }

  /// The last committed record, whatever locks others hold.
  [[nodiscard]] std::optional<Versioned<T>> load(const Key& key) const {
    Guard guard{database_->mutex_};
    const auto* const found = slots_.find(key);
    if (found == nullptr) return std::nullopt;
    return copy(found->value.record, found->value.version(), guard);
  }

  /// The record as `session` sees it: its own staged write, or the committed record.
  /// Throws StaleRecord if what the session loaded before has changed since.
  [[nodiscard]] std::optional<Versioned<T>> load(Session<R>& session, const Key& key) {
    Guard guard{mutex_of(session)};
    auto& entry = entry_of(session, key);
    if (entry.staged.write != Entry::Write::none) {
      const auto guard_version = entry.staged.guard;
      return copy(std::static_pointer_cast<const T>(entry.staged.record), guard_version, guard);
    }
    auto& slot = entry.slot();
    if (!entry.seen) entry.seen = {slot.last, slot.present};
    session.check_reads();
    return copy(entry.typed_slot().record, slot.version(), guard);
  }

  /// Stages a validation: at commit the record must still be at `version`.
  void expect(Session<R>& session, const Key& key, Version version) {
    const std::scoped_lock guard{mutex_of(session)};
    entry_of(session, key).staged.expected.push_back(version);
  }

  /// Stages a write guarded by `version`; absent inserts.
  void write(Session<R>& session, const Key& key, Version version, T record) {
    stage(session, key,
          {Entry::Write::put, true, version, {}, {}, std::make_shared<const T>(std::move(record))});
  }

  /// Stages an insert that lands at `initial`, which must be past every version that
  /// a record at this key ever had: else the commit throws VersionUnavailable.
  void insert(Session<R>& session, const Key& key, T record, Version initial) {
    stage(session, key,
          {Entry::Write::put, true, {}, initial, {}, std::make_shared<const T>(std::move(record))});
  }

  /// Stages an erase guarded by `version`.
  void erase(Session<R>& session, const Key& key, Version version) {
    stage(session, key, {Entry::Write::erase, true, version, {}, {}, {}});
  }

  /// Stages a write of an existing record whatever its version. It is counted.
  void write_unguarded(Session<R>& session, const Key& key, T record) {
    stage(session, key, {Entry::Write::put, false, {}, {}, {}, std::make_shared<const T>(std::move(record))});
  }

  /// Stages an erase of an existing record whatever its version. It is counted.
  void erase_unguarded(Session<R>& session, const Key& key) {
    stage(session, key, {Entry::Write::erase, false, {}, {}, {}, {}});
  }

  /// After a commit: the version at which the session's write of `key` landed.
  [[nodiscard]] Version version(Session<R>& session, const Key& key) const {
    Expects(lockstep::detail::told(session.over(), "a version is known once its session has committed"));
    const std::scoped_lock guard{database_->mutex_};
    const auto* const slot = slots_.find(key);
    const auto* const entry = slot != nullptr ? session.index_.find(&slot->value) : nullptr;
    Expects(lockstep::detail::told(entry != nullptr, "the session has written a record at this key"));
    return entry->value->landed;
  }

  /// Locks the record, or the key if there is no record, until the session ends.
  bool lock(Session<R>& session, const Key& key, LockMode mode = LockMode::exclusive,
            Wait wait = Wait::forever()) {
    Guard guard{mutex_of(session)};
    return session.lock(entry_of(session, key), mode, wait, guard);
  }

  /// Runs `change` on a copy of the record while holding its lock, and stores the copy
  /// if `change` returns true. Nothing if it returned false. Throws Missing.
  template <std::predicate<T&> Change>
  std::optional<Versioned<T>> change(const Key& key, Change&& change) {
    auto session = this->session();
    lock(session, key);
    auto found = load(session, key);
    if (!found) throw Missing{{*name_, shown(key)}};
    if (!lockstep::detail::invoke(change, found->record)) return std::nullopt;
    write(session, key, found->version, found->record);
    if (auto commit = session.commit(); !commit) throw StaleRecord{std::move(commit)};
    found->version = version(session, key);
    return found;
  }

  /// Applies `changes`, in their order, to a copy of each record for which `where` holds, stores the copies,
  /// all at one moment, and says how many they were. Waits for the locks of these records. `where` and the
  /// changes run with the database locked: they must not use it. Throws OutOfRange if a change returns false,
  /// ConstraintViolated, VersionUnavailable, Deadlock; nothing was written then. Cost: a look at every
  /// record.
  template <std::predicate<const T&> Where, std::predicate<T&>... Changes>
  std::uint64_t change_all(const Where& where, const Changes&... changes) {
    auto session = this->session();
    Guard guard{database_->mutex_};
    std::vector<detail::Entry<R>*> wanted;
    do {  // while it waited for a lock, others may have changed what it had looked at
      wanted.clear();
      slots_.each([&](auto& node) {
        auto& slot = node.value;
        if (!slot.present || !lockstep::detail::invoke(where, std::as_const(*slot.record))) return;
        wanted.push_back(&session.template entry<Entry>(slot, *this, node.key));
      });
    } while (session.lock_all(wanted, guard));
    for (auto* const entry : wanted) {
      auto record = std::make_shared<T>(*static_cast<Entry&>(*entry).typed_slot().record);
      if (!(lockstep::detail::invoke(changes, *record) && ...)) throw OutOfRange{*name_};
      check_invariants(*record, [&] { return entry->place(); });
      entry->staged.replace_by({Entry::Write::put, true, entry->slot().version(), {}, {}, std::move(record)});
    }
    if (auto commit = session.commit(guard); !commit) throw StaleRecord{std::move(commit)};
    return wanted.size();
  }

 private:
  using SameKey = std::conditional_t<detail::EqualOf<Equal, Key>, Equal, detail::Lacking>;

  struct Slot : detail::SlotBase<R> {
    using detail::SlotBase<R>::SlotBase;
    std::shared_ptr<const T> record;
  };

  class Entry final : public detail::Entry<R> {
   public:
    Entry(Slot& slot, Table& table, const Key& key) : detail::Entry<R>{slot}, table_{&table}, key_{key} {}

    [[nodiscard]] Slot& typed_slot() const noexcept { return static_cast<Slot&>(this->slot()); }
    [[nodiscard]] Place place() const override { return {*table_->name_, shown(key_)}; }

    [[nodiscard]] std::shared_ptr<const Stale> stale(Action action, Version expected) const override {
      const auto& slot = typed_slot();
      std::optional<Versioned<T>> current;
      if (slot.present) current = Versioned<T>{*slot.record, slot.last};
      return std::make_shared<const Conflict<Key, T>>(action, *table_->name_, key_, expected, slot.version(),
                                                      std::move(current));
    }

    void install(Version landing) noexcept override {
      auto& slot = typed_slot();
      auto old = std::exchange(slot.record, std::static_pointer_cast<const T>(this->staged.record));
      this->staged.record = std::move(old);  // dies with the session, outside the mutex
      slot.present = slot.record != nullptr;
      slot.last = landing;
      if (!slot.present) this->landed = {};
    }

    void leave() noexcept override {
      if (this->slot().unused()) table_->slots_.erase(*table_->slots_.find(key_));
    }

   private:
    Table* table_;
    Key key_;
  };

  using Guard = typename Session<R>::Guard;

  [[nodiscard]] typename R::mutex& mutex_of(const Session<R>& session) const {
    Expects(lockstep::detail::told(!session.over(), "a session is over after its commit: start another"));
    Expects(lockstep::detail::told(&session.database() == database_,
                                   "a session is used with tables of its own database"));
    return database_->mutex_;
  }

  Entry& entry_of(Session<R>& session, const Key& key) {
    const auto [slot, added] = slots_.try_emplace(key, ordinal_, slots_made_);
    if (added) ++slots_made_;
    try {
      return session.template entry<Entry>(slot->value, *this, key);
    } catch (...) {
      if (slot->value.unused()) slots_.erase(*slot);
      throw;
    }
  }

  void stage(Session<R>& session, const Key& key, typename Entry::Staged next) {
    const std::scoped_lock guard{mutex_of(session)};
    entry_of(session, key).staged.replace_by(std::move(next));
  }

  static std::optional<Versioned<T>> copy(std::shared_ptr<const T> record, Version version, Guard& guard) {
    guard.unlock();
    if (!record) return std::nullopt;
    return Versioned<T>{*record, version};
  }

  Database<R>* database_;
  std::shared_ptr<const std::string> name_;
  std::uint64_t ordinal_ = 0;
  std::uint64_t slots_made_ = 0;
  detail::NodeMap<Key, Slot, std::conditional_t<detail::HashOf<Hash, Key>, Hash, detail::Lacking>, SameKey>
      slots_;
};

template <Runtime R>
typename Database<R>::Receipts& Database<R>::receipts() {
  const std::scoped_lock guard{making_receipts_};
  if (!receipts_) receipts_ = std::make_shared<Receipts>(*this, "lockstep_receipts");
  return *receipts_;
}

}  // namespace lockstep::memory
