// The embedded storage's database: what its tables share, and the sessions in which
// their guarded writes commit together.
//
// A commit locks what it writes in one order for all, validates what it expects,
// installs, and releases (Tu et al., "Speedy Transactions in Multicore In-Memory
// Databases", SOSP 2013). One mutex guards the state. Of user code only a key's hash,
// comparison, copy and text run under it, and a record's copy into a conflict: they
// must not use the database.
#pragma once

#include <lockstep/core/contract.hpp>
#include <lockstep/core/sort.hpp>
#include <lockstep/memory/locks.hpp>
#include <lockstep/memory/node_map.hpp>
#include <lockstep/runtime/std_runtime.hpp>
#include <lockstep/storage/advisory.hpp>
#include <lockstep/storage/staging.hpp>
#include <lockstep/storage/storage.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace lockstep {
struct Receipt;
}  // namespace lockstep

namespace lockstep::memory {

template <Runtime R = StdRuntime>
class Database;
template <Runtime R = StdRuntime>
class Session;
template <Runtime R>
class AdvisoryLocks;
template <class Key, class T, Runtime R, class Hash, class Equal>
class Table;

namespace detail {

/// The part of a record's slot that does not depend on its type. `version` is the
/// last one used; an erased record keeps it, so that none is used twice.
template <Runtime R>
struct SlotBase {
  SlotBase(std::uint64_t table, std::uint64_t ordinal) : order{table, ordinal} {}

  std::pair<std::uint64_t, std::uint64_t> order;  // the order in which commits lock
  Version last = {};
  bool present = false;
  std::uint64_t entries = 0;  // how many sessions refer to it
  RecordLock<R> lock;

  [[nodiscard]] Version version() const noexcept { return present ? last : Version{}; }
  /// True if it never held a record and nobody needs it.
  [[nodiscard]] bool unused() const noexcept { return last.absent() && entries == 0 && lock.idle(); }
};

/// What a session knows and plans about one record.
template <Runtime R>
class Entry {
 public:
  explicit Entry(SlotBase<R>& slot) : slot_{&slot} {}
  Entry(const Entry&) = delete;
  Entry& operator=(const Entry&) = delete;
  virtual ~Entry() = default;

  [[nodiscard]] SlotBase<R>& slot() const noexcept { return *slot_; }
  [[nodiscard]] virtual Place place() const = 0;

  /// True if the record was loaded and has moved since. `expected` says what was loaded.
  [[nodiscard]] bool moved() const noexcept {
    return seen && (slot_->last != seen->last || slot_->present != seen->present);
  }

  /// The failure of the guard `expected`.
  [[nodiscard]] virtual std::shared_ptr<const Stale> stale(Action action, Version expected) const = 0;
  virtual void install(Version landing) noexcept = 0;
  /// Drops the slot from its table if nobody needs it.
  virtual void leave() noexcept = 0;

  struct Seen {
    Version last;
    bool present;
  };
  using Staged = lockstep::detail::Staged;
  using Write = Staged::Write;

  std::optional<Seen> seen;
  Staged staged;
  Version landed = {};

  /// Appends the guards that do not hold.
  void validate(Commit::Members& failed) const {
    const auto now = slot_->version();
    if (staged.write != Write::none) {
      const bool holds = staged.guarded ? staged.guard == now : slot_->present;
      if (!holds) failed.push_back(stale(staged.action(), staged.guard));
    }
    for (const auto expected : staged.expected) {
      if (staged.asks(expected) && expected != now) failed.push_back(stale(Action::validate, expected));
    }
  }

  /// The version at which the staged write lands. Throws VersionUnavailable.
  [[nodiscard]] Version landing() const {
    const auto last = slot_->last;
    if (!staged.initial.absent()) {
      if (!last.absent() && staged.initial.number() <= last.number()) {
        throw VersionUnavailable{place(), joined("version ", to_string(staged.initial), " was used before")};
      }
      return staged.initial;
    }
    if (last.absent()) return Version{0};
    if (last == Version::last()) throw VersionUnavailable{place(), "its last version is used"};
    return Version{last.number() + 1};
  }

 private:
  SlotBase<R>* slot_;
};

/// A name that is locked, and the mode in which its holder held it before, if it did.
struct TakenName {
  const std::string* name;
  std::optional<LockMode> before;
};

/// A lock that a session holds, and the mode in which it held it before, if it did. Of a record, or of a
/// name.
template <Runtime R>
struct Held {
  RecordLock<R>* lock;
  TakenName taken;  // without a name: the record's
};

}  // namespace detail

/// A unit of work on the tables of one database: everything staged in it commits
/// together. Movable; used by one thread at a time; destroyed without a commit it
/// leaves no trace and no lock. The tables it touched must outlive it.
template <Runtime R>
class Session {
  using Entry = detail::Entry<R>;

 public:
  /// Begins with nothing staged and nothing locked. Safe to call from any thread.
  explicit Session(Database<R>& database);
  Session(Session&&) noexcept = default;
  Session& operator=(Session&&) = delete;
  ~Session() {
    try {
      end();
    } catch (...) {  // a mutex that cannot be locked: there is nobody left to tell
    }
  }

  /// Lands every staged write if every guard holds, else none; the session is over
  /// either way. Waits for locks that other sessions hold on what it writes.
  /// Throws Deadlock, or VersionUnavailable; nothing was written then.
  Commit commit();

  /// The number that names this session in the message of a deadlock.
  [[nodiscard]] std::uint64_t id() const noexcept { return owner_->id; }
  /// True once it has committed, and after it was moved from.
  [[nodiscard]] bool over() const noexcept { return !owner_ || over_; }
  /// The database that it works on, which must outlive it.
  [[nodiscard]] Database<R>& database() const noexcept { return *database_; }

  /// A point to return to: see `rollback_to`.
  class Savepoint {
    friend Session;
    std::vector<typename Entry::Staged> staged_;
    std::size_t locks_ = 0;
  };

  /// The present point. Cost: a copy of what is staged, without the records.
  [[nodiscard]] Savepoint savepoint() const {
    Savepoint point;
    point.locks_ = held_.size();
    for (const auto& entry : entries_) point.staged_.push_back(entry->staged);
    return point;
  }

  /// Drops what was staged and locked since `point`. What was read stays read.
  void rollback_to(const Savepoint& point);

  /// Locks `name` until the session ends. False only for `Wait::skip()`. Throws LockUnavailable, LockTimeout,
  /// Deadlock.
  bool advisory_lock(const std::string& name, LockMode mode = LockMode::exclusive,
                     Wait wait = Wait::forever());
  /// In which mode the session holds `name`, if it does.
  [[nodiscard]] std::optional<LockMode> advisory_held(const std::string& name) const {
    return database_->name_held(*owner_, name);
  }

 private:
  template <class Key, class T, Runtime R2, class Hash, class Equal>
  friend class Table;

  using Guard = std::unique_lock<typename R::mutex>;

  // The functions below are called with the database's mutex held.
  template <class E, class Slot, class... Args>
  E& entry(Slot& slot, Args&&... args) {
    if (const auto* const found = index_.find(&slot)) return static_cast<E&>(*found->value);
    auto* const place = index_.try_emplace(&slot, nullptr).first;
    try {
      place->value = entries_.emplace_back(std::make_unique<E>(slot, std::forward<Args>(args)...)).get();
      ++slot.entries;
    } catch (...) {
      index_.erase(*place);
      throw;
    }
    return static_cast<E&>(*place->value);
  }

  /// Throws StaleRecord if what was loaded is no longer one state.
  void check_reads() const {
    Commit::Members moved;
    for (const auto& entry : entries_) {
      if (entry->moved())
        moved.push_back(entry->stale(Action::validate, entry->seen->present ? entry->seen->last : Version{}));
    }
    if (!moved.empty()) throw StaleRecord{Commit{std::move(moved)}};
  }

  Commit commit(Guard& guard);

  bool lock(Entry& entry, LockMode mode, Wait wait, Guard& guard) {
    auto& lock = entry.slot().lock;
    if (held_.size() == held_.capacity())
      held_.reserve(2 * held_.size() + 1);  // so that push_back cannot fail
    const auto* const holder = lock.holder(*owner_);
    const auto before = holder ? std::optional{holder->mode} : std::nullopt;
    if (!detail::acquire<R>(lock, *owner_, mode, wait, guard, [&] { return entry.place(); })) return false;
    if (before != lock.holder(*owner_)->mode) held_.push_back({&lock, {nullptr, before}});
    return true;
  }

  /// Locks what is not locked yet, in the order of all. False if there was nothing to lock.
  bool lock_all(std::vector<Entry*>& wanted, Guard& guard) {
    const auto before = held_.size();
    lockstep::detail::sort(wanted, in_lock_order);
    for (auto* const entry : wanted) lock(*entry, LockMode::exclusive, Wait::forever(), guard);
    return held_.size() > before;
  }
  static bool in_lock_order(const Entry& a, const Entry& b) { return a.slot().order < b.slot().order; }

  void unlock_since(std::size_t count) {
    while (held_.size() > count) {
      const auto [lock, taken] = held_.back();
      held_.pop_back();
      if (taken.name) {
        database_->unlock_name(*owner_, taken);
      } else {
        detail::release(*lock, *owner_, taken.before);
      }
    }
  }

  void end_locked() noexcept {
    over_ = true;
    unlock_since(0);
    for (const auto& entry : entries_) {
      --entry->slot().entries;
      entry->leave();
    }
  }

  void end();

  Database<R>* database_;
  std::unique_ptr<detail::Owner<R>>
      owner_;  // at a fixed address while others wait for it; none once moved from
  std::vector<std::unique_ptr<Entry>> entries_;
  detail::NodeMap<const detail::SlotBase<R>*, Entry*> index_;
  std::vector<detail::Held<R>> held_;
  bool over_ = false;
};

/// There is a table of this name in the database already.
class NameTaken : public Error {
 public:
  /// `name` is the name that was asked for.
  explicit NameTaken(std::string name)
      : Error{joined("a table named ", name, " is in this database already")}, name_{std::move(name)} {}
  /// The name that was asked for.
  [[nodiscard]] const std::string& name() const noexcept { return name_; }

 private:
  std::string name_;
};

/// What tables of one database share. Safe to use from any thread; outlives its
/// tables and their sessions.
template <Runtime R>
class Database : public FindsVerbs {
 public:
  using runtime_type = R;  ///< as the verbs deduce it
  using Receipts = Table<std::string, Receipt, R, std::hash<std::string>,
                         std::equal_to<std::string>>;  ///< what `receipts` gives

  /// Without tables.
  Database() = default;
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  /// A unit of work on the database's tables. Safe to call from any thread.
  [[nodiscard]] Session<R> session() { return Session<R>{*this}; }

  /// The table lockstep_receipts, made when it is first asked for: what is performed once leaves a receipt
  /// there (verbs/once.hpp). Safe to call from any thread.
  [[nodiscard]] Receipts& receipts();

  /// A holder of locks on names. Include lockstep/memory/advisory.hpp. Safe to call from any thread.
  [[nodiscard]] AdvisoryLocks<R> advisory_locks(AdvisoryScope scope);
  /// Whether anybody holds `name`. Safe to call from any thread.
  [[nodiscard]] bool advisory_exists(const std::string& name) const {
    const std::scoped_lock guard{mutex_};
    const auto* const found = name_locks_.find(name);
    return found != nullptr && !found->value.holders.empty();
  }

  /// How many writes went past the version check since the start: each may have
  /// overwritten somebody's change.
  [[nodiscard]] std::uint64_t unguarded_writes() const {
    const std::scoped_lock guard{mutex_};
    return unguarded_writes_;
  }

 private:
  friend Session<R>;
  friend AdvisoryLocks<R>;
  template <class Key, class T, Runtime R2, class Hash, class Equal>
  friend class Table;

  /// The name, for a table to hold while it lives; "table" and the ordinal if it is
  /// empty. Throws NameTaken. Called with the mutex held.
  [[nodiscard]] std::shared_ptr<const std::string> take_name(std::string name, std::uint64_t ordinal) {
    const auto taken = [&](const std::string& wanted) {
      for (const auto& known : names_) {
        if (const auto other = known.lock(); other && *other == wanted) return true;
      }
      return false;
    };
    std::erase_if(names_, [](const auto& known) { return known.expired(); });
    if (name.empty()) {
      while (taken(name = joined("table", std::to_string(ordinal)))) ++ordinal;
    } else if (taken(name)) {
      throw NameTaken{std::move(name)};
    }
    auto held = std::make_shared<const std::string>(std::move(name));
    names_.push_back(held);
    return held;
  }

  [[nodiscard]] std::unique_ptr<detail::Owner<R>> new_owner() {
    const std::scoped_lock guard{mutex_};
    return std::make_unique<detail::Owner<R>>(++sessions_);
  }

  /// Nothing where `wait` skips. Called with the mutex held.
  [[nodiscard]] std::optional<detail::TakenName> lock_name(detail::Owner<R>& owner, const std::string& name,
                                                           LockMode mode, Wait wait,
                                                           std::unique_lock<typename R::mutex>& guard) {
    auto* const node = name_locks_.try_emplace(name).first;
    auto& lock = node->value;
    const auto* const holder = lock.holder(owner);
    const auto before = holder ? std::optional{holder->mode} : std::nullopt;
    const auto place = [&] { return advisory_place(name); };
    if (!detail::acquire<R>(lock, owner, mode, wait, guard, place)) return std::nullopt;
    return detail::TakenName{&node->key, before};
  }
  /// Called with the mutex held.
  void unlock_name(detail::Owner<R>& owner, const detail::TakenName& taken) noexcept {
    auto* const found = name_locks_.find(*taken.name);
    detail::release(found->value, owner, taken.before);
    if (found->value.idle()) name_locks_.erase(*found);
  }
  [[nodiscard]] std::optional<LockMode> name_held(const detail::Owner<R>& owner,
                                                  const std::string& name) const {
    const std::scoped_lock guard{mutex_};
    const auto* const found = name_locks_.find(name);
    if (found == nullptr) return std::nullopt;
    for (const auto& holder : found->value.holders) {
      if (holder.owner == &owner) return holder.mode;
    }
    return std::nullopt;
  }

  mutable typename R::mutex mutex_;
  std::vector<std::weak_ptr<const std::string>> names_;  // of the tables that live
  detail::NodeMap<std::string, detail::RecordLock<R>> name_locks_;
  std::uint64_t sessions_ = 0;
  std::uint64_t tables_ = 0;
  std::uint64_t unguarded_writes_ = 0;
  typename R::mutex making_receipts_;
  std::shared_ptr<Receipts> receipts_;
};

template <Runtime R>
Session<R>::Session(Database<R>& database) : database_{&database}, owner_{database.new_owner()} {}

template <Runtime R>
Commit Session<R>::commit() {
  Expects(lockstep::detail::told(!over(), "a session is over after its commit: start another"));
  Guard guard{database_->mutex_};
  return commit(guard);
}

template <Runtime R>
Commit Session<R>::commit(Guard& guard) {
  struct End {
    Session& session;
    ~End() { session.end_locked(); }
  } const end{*this};

  std::vector<Entry*> writes;
  for (const auto& entry : entries_) {
    if (entry->staged.write != Entry::Write::none) writes.push_back(entry.get());
  }
  lock_all(writes, guard);

  Commit::Members failed;
  for (const auto& entry : entries_) entry->validate(failed);
  if (!failed.empty()) return Commit{std::move(failed)};
  for (auto* const entry : writes) entry->landed = entry->landing();

  for (auto* const entry : writes) {  // nothing below can fail
    if (!entry->staged.guarded) ++database_->unguarded_writes_;
    entry->install(entry->landed);
  }
  return Commit{};
}

template <Runtime R>
void Session<R>::rollback_to(const Savepoint& point) {
  Expects(lockstep::detail::told(!over(), "a session is over after its commit: start another"));
  const std::scoped_lock guard{database_->mutex_};
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    entries_[i]->staged = i < point.staged_.size() ? point.staged_[i] : typename Entry::Staged{};
  }
  unlock_since(point.locks_);
}

template <Runtime R>
bool Session<R>::advisory_lock(const std::string& name, LockMode mode, Wait wait) {
  Expects(lockstep::detail::told(!over(), "a session is over after its commit: start another"));
  Guard guard{database_->mutex_};
  if (held_.size() == held_.capacity()) held_.reserve(2 * held_.size() + 1);  // so that push_back cannot fail
  const auto taken = database_->lock_name(*owner_, name, mode, wait, guard);
  if (taken && taken->before != LockMode::exclusive && taken->before != mode) {
    held_.push_back({nullptr, *taken});
  }
  return taken.has_value();
}

template <Runtime R>
void Session<R>::end() {
  if (over()) return;
  const std::scoped_lock guard{database_->mutex_};
  end_locked();
}

}  // namespace lockstep::memory
