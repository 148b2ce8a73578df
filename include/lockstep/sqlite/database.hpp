// An SQLite database: what its tables share, and the sessions in which their guarded writes
// commit together.
//
// A session reads from one snapshot, and keeps what it means to write to itself. A transaction that
// begins by reading and writes later fails at once when another has written meanwhile, whatever its
// busy timeout. If it does not fail, what was read is what is there: then the commit was that cheap.
// If it does, the commit leaves the snapshot, takes SQLite's write lock first of all (BEGIN IMMEDIATE),
// and only then looks at the guards.
// Source: "Isolation In SQLite", https://sqlite.org/isolation.html, and "Transactions",
// https://sqlite.org/lang_transaction.html
#pragma once

#include <lockstep/core/contract.hpp>
#include <lockstep/runtime/std_runtime.hpp>
#include <lockstep/sql/mapping.hpp>
#include <lockstep/sql/receipts.hpp>
#include <lockstep/sql/staging_table.hpp>
#include <lockstep/sqlite/advisory.hpp>
#include <lockstep/sqlite/connection.hpp>
#include <lockstep/sqlite/patience.hpp>
#include <lockstep/sqlite/write_turn.hpp>
#include <lockstep/storage/staging.hpp>
#include <lockstep/storage/storage.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace lockstep::sqlite {

template <Runtime R = StdRuntime>
class Database;
template <Runtime R = StdRuntime>
class Session;
template <class Key, sql::Record T, Runtime R>
class Table;

/// The statement that makes the table of receipts, for those who prepare a database for others. Rows of it
/// may be erased once nobody sends the same request again: DELETE FROM lockstep_receipts WHERE created_at <
/// ...
[[nodiscard]] inline std::string create_receipts(const std::string& table = "lockstep_receipts") {
  return sql::detail::create_receipts(table, "integer", "text");
}

/// How SQLite keeps a commit from being half there after a crash.
enum class Journal {
  wal,        ///< a write-ahead log: loads and one writer do not wait for each other
  unchanged,  ///< as the file has it. With a rollback journal a session that has read holds commits back
};

/// What a commit that has returned survives.
enum class Durability {
  power_loss,  ///< the system's crash, too: PRAGMA synchronous = FULL
  crash,       ///< the program's; after the system's the last commits may be gone: NORMAL
  none,        ///< the program's; after the system's the file may be damaged: OFF. For tests
};

/// How a database is opened.
struct Options {
  bool create = true;                              ///< make the file if it is not there
  Journal journal = Journal::wal;                  ///< see Journal
  Durability durability = Durability::power_loss;  ///< see Durability
  std::optional<std::chrono::nanoseconds> busy_timeout =
      std::chrono::seconds{5};                       ///< how long a commit waits for others' locks
                                                     ///< before it throws sql::Busy; empty: for ever
  bool foreign_keys = true;                          ///< enforce REFERENCES, which SQLite alone does not
  std::string version_column = "lock_version";       ///< of tables whose mapping names none
  std::string receipts_table = "lockstep_receipts";  ///< in which receipts are kept
  std::size_t idle_connections = 8;                  ///< how many are kept open for the next session
  std::function<void(std::string_view)> on_statement = {};  ///< hears of each statement before it runs,
                                                            ///< on the thread that runs it
};

namespace detail {

/// A connection with its patience, which SQLite knows by address.
template <Runtime R>
struct Pooled {
  Pooled(const std::string& path, const Options& options)
      : connection{path, options.create, options.on_statement} {
    connection.on_busy(&Patience<R>::called, &patience);
  }
  Pooled(const Pooled&) = delete;
  Pooled& operator=(const Pooled&) = delete;

  Connection connection;
  Patience<R> patience;
};

/// What a session knows and plans about one row.
template <Runtime R>
class Entry : public sql::detail::Entry {
 public:
  using sql::detail::Entry::Entry;

  /// The version that is stored now; absent if there is no row.
  [[nodiscard]] virtual Version stored(Connection& connection) const = 0;
  /// The failure of the guard `expected`, with what is stored.
  [[nodiscard]] virtual std::shared_ptr<const Stale> stale(Connection& connection, Action action,
                                                           Version expected) const = 0;
  /// Writes what is staged, if its guard holds: false if it does not. Sets `landed`. `time` is that of the
  /// commit. Throws VersionUnavailable, sql::ConstraintFailed.
  virtual bool land(Connection& connection, sql::detail::CommitTime& time) = 0;

  /// True if `land` is one statement, which says by itself whether the guard has held.
  [[nodiscard]] virtual bool lands_in_one_statement() const = 0;

  /// True if every guard holds of what the session has loaded.
  [[nodiscard]] bool holds_as_seen() const {
    if (!writes() && staged.expected.empty()) return true;
    if (!seen) return false;
    const auto now = seen->version;
    if (writes() && (staged.guarded ? staged.guard != now : now.absent())) return false;
    return std::ranges::all_of(staged.expected,
                               [&](Version expected) { return !staged.asks(expected) || expected == now; });
  }

  /// The further guards, and that of the write, that do not hold now.
  void validate(Connection& connection, Commit::Members& failed) const {
    if (!writes() && staged.expected.empty()) return;
    const auto now = stored(connection);
    if (writes()) {
      const bool holds = staged.guarded ? staged.guard == now : !now.absent();
      if (!holds) failed.push_back(stale(connection, staged.action(), staged.guard));
    }
    for (const auto expected : staged.expected) {
      if (staged.asks(expected) && expected != now) {
        failed.push_back(stale(connection, Action::validate, expected));
      }
    }
  }
};

}  // namespace detail

/// A unit of work on the tables of one database: everything staged in it commits together.
/// Movable; used by one thread at a time; destroyed without a commit it leaves no trace and no
/// lock. The tables it touched must outlive it.
///
/// Its first load opens a snapshot that the others read from, and that keeps the write-ahead log
/// from being emptied: do not keep a session that has read for hours.
template <Runtime R>
class Session {
  using Entry = detail::Entry<R>;
  using TimePoint = typename R::clock::time_point;

 public:
  /// Begins with nothing staged and nothing locked. Safe to call from any thread. Cost: none until it loads.
  explicit Session(Database<R>& database) : work_{std::make_unique<Work>(database)} {}
  Session(Session&&) noexcept = default;
  Session& operator=(Session&&) = delete;
  ~Session() = default;

  /// Lands every staged write if every guard holds, else none; the session is over either way.
  ///
  /// Waits for the write lock as long as Options::busy_timeout says, then throws sql::Busy. Throws
  /// sql::ConstraintFailed, VersionUnavailable or sql::DatabaseError; nothing was written then. Throws
  /// OutcomeUnknown, with SQLite's error nested, if the disk failed during SQLite's COMMIT.
  Commit commit() {
    auto& work = this->work();
    struct End {
      Work& work;
      ~End() {
        work.over = true;
        work.end();
      }
    } const end{work};
    return work.commit();
  }

  /// True once it has committed, and after it was moved from.
  [[nodiscard]] bool over() const noexcept { return !work_ || work_->over; }
  /// The database that it works on, which must outlive it.
  [[nodiscard]] Database<R>& database() const noexcept { return *work_->database; }

  /// A point to return to: see `rollback_to`.
  class Savepoint {
    friend Session;
    std::vector<typename Entry::Staged> staged_;
    bool locked_ = false;
    std::size_t names_ = 0;
  };

  /// The present point. Cost: a copy of what is staged, without the records. Nothing is sent.
  [[nodiscard]] Savepoint savepoint() const {
    Savepoint point;
    point.locked_ = work_->locked();
    point.names_ = work_->names ? work_->names->size() : 0;
    for (const auto& entry : work_->entries) point.staged_.push_back(entry->staged);
    return point;
  }

  /// Drops what was staged and locked since `point`. What was read stays read.
  void rollback_to(const Savepoint& point) {
    auto& work = this->work();
    for (std::size_t i = 0; i < work.entries.size(); ++i) {
      work.entries[i]->staged = i < point.staged_.size() ? point.staged_[i] : typename Entry::Staged{};
    }
    if (work.locked() && !point.locked_) work.leave_transaction();
    if (work.names) work.names->back_to(point.names_);
  }

  /// Locks `name` until the session ends: see AdvisoryLocks, which holds it. Ends the session's snapshot, as
  /// the lock of a record does. False only for `Wait::skip()`. Throws LockUnavailable, LockTimeout,
  /// sql::DatabaseError.
  bool advisory_lock(const std::string& name, LockMode mode = LockMode::exclusive,
                     Wait wait = Wait::forever()) {
    auto& work = this->work();
    if (!work.locked()) work.leave_transaction();
    if (!work.names) {
      work.names = std::make_unique<AdvisoryLocks<R>>(work.database->advisory_locks(AdvisoryScope::session));
    }
    return work.names->lock(name, mode, wait);
  }
  /// In which mode the session holds `name`, if it does.
  [[nodiscard]] std::optional<LockMode> advisory_held(const std::string& name) const {
    return work_ && work_->names ? work_->names->held(name) : std::nullopt;
  }

 private:
  template <class Key, sql::Record T, Runtime R2>
  friend class Table;
  template <class Of, class Key, sql::Record T, class In>
  friend class sql::StagingTable;

  struct Work {
    explicit Work(Database<R>& of) : database{&of} {}
    Work(const Work&) = delete;
    Work& operator=(const Work&) = delete;
    ~Work() { end(); }

    [[nodiscard]] bool locked() const noexcept { return static_cast<bool>(turn); }

    detail::Connection& connection() {
      if (!pooled) pooled = database->lend();
      return pooled->connection;
    }

    /// From here on loads belong to one state: the present one, or that of the first load.
    detail::Connection& read() {
      auto& open = connection();
      if (!open.in_transaction()) {
        pooled->patience.until(database->busy_limit());
        open.run("BEGIN");
      }
      if (left) check_reads(open);
      left = false;
      return open;
    }

    /// Takes the write lock, waiting until `limit`. False if `wait` is to skip. `place` names what is wanted.
    template <class PlaceOf>
    bool lock(Wait wait, PlaceOf&& place) {
      if (locked()) return true;
      leave_transaction();
      auto limit =
          wait.kind() == Wait::Kind::up_to ? std::optional{detail::time_in<R>(wait.limit())} : std::nullopt;
      const bool waits = wait.kind() == Wait::Kind::forever || wait.kind() == Wait::Kind::up_to;
      auto mine = waits ? database->turn_.take(limit) : database->turn_.try_take();
      if (!waits) limit = R::clock::now();
      if (mine && begin_immediate(limit)) {
        turn = std::move(mine);
        return true;
      }
      if (wait.kind() == Wait::Kind::skip) return false;
      if (wait.kind() == Wait::Kind::never) throw LockUnavailable{place()};
      throw LockTimeout{place()};
    }

    /// Takes the write lock for a commit. Throws sql::Busy.
    void lock_for_commit() {
      if (locked()) return;
      leave_transaction();
      const auto limit = database->busy_limit();
      auto mine = database->turn_.take(limit);
      if (!mine || !begin_immediate(limit)) throw busy();
      turn = std::move(mine);
    }

    bool begin_immediate(const std::optional<TimePoint>& limit) {
      auto& open = connection();
      pooled->patience.until(limit);
      try {
        open.run("BEGIN IMMEDIATE");
        return true;
      } catch (const sql::Busy&) {
        return false;
      }
    }

    Commit commit() {
      bool writes = false;
      bool asks = false;
      std::size_t staged = 0;
      for (const auto& entry : entries) {
        const bool has_write = entry->writes();
        writes = writes || has_write;
        asks = asks || !entry->staged.expected.empty();
        if (has_write || !entry->staged.expected.empty()) ++staged;
      }
      if (!writes && !asks) return Commit{};
      sql::detail::CommitTime time{&sql::detail::present_time<R>};
      const bool alone = staged == 1 && !asks;
      if (alone && land_alone(time)) return Commit{};
      if (writes && land_on_snapshot(time)) return committed();

      if (writes) {
        lock_for_commit();
      } else if (!locked()) {  // guards alone hold or not at one moment: the present one
        leave_transaction();
        left = false;
        read();
      }
      auto& open = connection();
      Commit::Members failed;
      // Of several, all guards are looked at first: what one write does to another's row, by a trigger or a
      // cascade, is not a lost race. One write alone carries its guard.
      if (!alone) {
        for (const auto& entry : entries) entry->validate(open, failed);
        if (!failed.empty()) return Commit{std::move(failed)};
      }
      if (!writes) return Commit{};
      for (const auto& entry : entries) {
        if (!entry->writes() || entry->land(open, time)) continue;
        if (alone) {
          failed.push_back(entry->stale(open, entry->staged.action(), entry->staged.guard));
          return Commit{std::move(failed)};
        }
        check_not_landed(*entry);
      }
      return committed();
    }

    /// A write whose guards have held did not land: a trigger or a cascade of the same commit was in the way.
    static void check_not_landed(const Entry& entry) {
      if (entry.staged.write == Entry::Staged::Write::erase) return;  // a cascade of another write did it
      throw sql::DatabaseError{SQLITE_ABORT,
                               joined("SQLite: ", to_string(entry.place()),
                                      " was changed by a trigger or cascade of the same commit")};
    }

    /// One guarded write, where no transaction is open, is a transaction by itself. False if its guard does
    /// not hold: what is there instead takes another look.
    bool land_alone(sql::detail::CommitTime& time) {
      if (locked() || (pooled && pooled->connection.in_transaction())) return false;
      Entry* only = nullptr;
      for (const auto& entry : entries) {
        if (entry->writes()) only = entry.get();
      }
      if (!only->lands_in_one_statement()) return false;
      const auto limit = database->busy_limit();
      turn = database->turn_.take(limit);
      if (!turn) throw busy();
      auto& open = connection();
      pooled->patience.until(limit);
      bool landed = false;
      try {
        landed = only->land(open, time);
      } catch (const sql::Busy&) {
        throw busy();
      } catch (const sql::DatabaseError& error) {
        throw_unknown(error, [&] { return written(); });
        throw;
      }
      turn.end();
      return landed;
    }

    /// Writes in the transaction that has read, if what it has read is still what is there: SQLite says so
    /// when the first write asks for the write lock. False if not, or if a guard does not hold: nothing is
    /// written then, and the usual way finds out and waits.
    bool land_on_snapshot(sql::detail::CommitTime& time) {
      if (locked() || left || !pooled || !pooled->connection.in_transaction()) return false;
      for (const auto& entry : entries) {
        if (!entry->holds_as_seen()) return false;
      }
      turn = database->turn_.try_take();
      if (!turn) return false;
      auto& open = connection();
      bool wrote = false;
      try {
        for (const auto& entry : entries) {
          if (!entry->writes()) continue;
          if (!entry->land(open, time)) check_not_landed(*entry);
          wrote = true;
        }
        return true;
      } catch (const sql::Busy&) {
        if (wrote) throw;
        leave_transaction();
        return false;
      }
    }

    Commit committed() {
      auto& open = connection();
      commit_transaction(open);
      for (const auto& entry : entries) {
        if (entry->writes() && !entry->staged.guarded) {
          ++database->unguarded_writes_;
        }
      }
      return Commit{};
    }

    void commit_transaction(detail::Connection& open) {
      commit_transaction(open, [&] { return written(); });
    }
    /// `places()` are those of the records that it writes.
    template <class Places>
    void commit_transaction(detail::Connection& open, Places&& places) {
      pooled->patience.until(database->busy_limit());  // with a rollback journal: for those who read
      try {
        open.run("COMMIT");
      } catch (const detail::Refused& refused) {  // a deferred constraint, of whichever row
        throw sql::ConstraintFailed{{database->path(), "?"}, refused.kind, refused.constraint};
      } catch (const sql::DatabaseError& error) {
        throw_unknown(error, places);
        throw;
      }
    }

    /// Of an error during a commit: throws OutcomeUnknown, with the error nested, if it may have landed.
    template <class Places>
    static void throw_unknown(const sql::DatabaseError& error, Places&& places) {
      if ((error.code() & 0xFF) == SQLITE_IOERR) std::throw_with_nested(OutcomeUnknown{places()});
    }
    [[nodiscard]] std::vector<Place> written() const {
      std::vector<Place> writes;
      for (const auto& entry : entries) {
        if (entry->writes()) writes.push_back(entry->place());
      }
      return writes;
    }

    [[nodiscard]] sql::Busy busy() const {
      return sql::Busy{joined("SQLite: ", database->path(), " was locked by another session for too long")};
    }

    /// Throws StaleRecord if what was loaded before the snapshot was left is not what is there now.
    void check_reads(detail::Connection& open) {
      Commit::Members moved;
      for (const auto& entry : entries) {
        if (entry->seen && entry->stored(open) != entry->seen->version) {
          moved.push_back(entry->stale(open, Action::validate, entry->seen->version));
        }
      }
      if (!moved.empty()) throw StaleRecord{Commit{std::move(moved)}};
    }

    /// Ends the snapshot, or gives the write lock back. Later loads are checked against earlier ones.
    void leave_transaction() noexcept {
      if (pooled && !pooled->connection.roll_back()) pooled.reset();
      turn.end();
      left = true;
    }

    void end() noexcept {
      leave_transaction();
      if (pooled) database->give_back(std::move(pooled));
      names.reset();
    }

    Database<R>* database;
    std::unique_ptr<detail::Pooled<R>> pooled;
    typename detail::WriteTurn<R>::Hold turn;
    std::vector<std::unique_ptr<Entry>> entries;
    std::unordered_map<std::string, Entry*> index;  // by table and key
    std::unique_ptr<AdvisoryLocks<R>> names;
    bool left = false;  // a snapshot was left: loads before and after it may be of two states
    bool over = false;
  };

  Work& work() const {
    Expects(lockstep::detail::told(!over(), "a session is over after its commit: start another"));
    return *work_;
  }

  std::unique_ptr<Work> work_;
};

/// An SQLite file, with the connections to it. Safe to use from any thread; outlives its tables
/// and their sessions. Other processes may use the file at the same time, and other programs.
///
/// Each session has a connection while it reads or writes. Do not fork while one is open.
template <Runtime R>
class Database : public FindsVerbs {
 public:
  using runtime_type = R;                           ///< as the verbs deduce it
  using Receipts = Table<std::string, Receipt, R>;  ///< what `receipts` gives

  /// Opens the file at `path`. Throws sql::DatabaseError, sql::Busy, or NotSupported for a database in
  /// memory, whose connections would each have one of their own: memory::Database is that.
  explicit Database(std::string path, Options options = {})
      : path_{std::move(path)}, options_{std::move(options)} {
    if (path_.empty() || path_ == ":memory:") {
      throw NotSupported{
          "sqlite::Database: a database in memory has one connection; use memory::Database, or a file"};
    }
    if (sqlite3_threadsafe() == 0)
      throw NotSupported{"sqlite::Database: this SQLite was built without threads"};
    auto first = open();
    if (options_.journal == Journal::wal) {
      first->patience.until(busy_limit());
      detail::use_wal(first->connection, first->patience, path_);
    }
    file_ = first->connection.file();
    give_back(std::move(first));
  }
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  /// A unit of work on the database's tables. Safe to call from any thread.
  [[nodiscard]] Session<R> session() { return Session<R>{*this}; }

  /// Runs statements that are no guarded writes, one after the other: CREATE TABLE, say. Each is a
  /// transaction of its own. Nothing is bound: never put data into the text.
  /// Throws sql::DatabaseError, sql::Busy, sql::ConstraintFailed.
  void execute(std::string_view statements) {
    Lease lease{*this};
    try {
      lease.connection().run_all(std::string{statements});
    } catch (const detail::Refused& refused) {
      throw sql::ConstraintFailed{{path_, "?"}, refused.kind, refused.constraint};
    }
  }

  /// Where the file is.
  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  /// The table of receipts, in which what is performed once leaves one (verbs/once.hpp). Opened when it is
  /// first asked for, and made if it is not there: where that is not allowed, run `create_receipts` before.
  /// Safe to call from any thread. Throws sql::MappingMismatch, and as `execute` does.
  [[nodiscard]] Receipts& receipts();

  /// A holder of locks on names, which are kept in files beside the database's. Both scopes are alike but for
  /// `unlock`. Safe to call from any thread.
  [[nodiscard]] AdvisoryLocks<R> advisory_locks(AdvisoryScope scope) const {
    return {file_, options_.on_statement, scope};
  }
  /// Whether anybody who is alive holds `name`. Safe to call from any thread. Throws sql::DatabaseError.
  [[nodiscard]] bool advisory_exists(const std::string& name) const {
    return detail::AdvisoryTable<R>{file_, options_.on_statement}.exists(name);
  }

  /// As it was opened.
  [[nodiscard]] const Options& options() const noexcept { return options_; }
  /// How many writes went past the version check since the start: each may have overwritten somebody's
  /// change.
  [[nodiscard]] std::uint64_t unguarded_writes() const noexcept { return unguarded_writes_; }

 private:
  friend Session<R>;
  template <class Key, sql::Record T, Runtime R2>
  friend class Table;
  using Pooled = detail::Pooled<R>;

  // A connection for one call.
  class Lease {
   public:
    explicit Lease(Database& database) : database_{&database}, pooled_{database.lend()} {
      pooled_->patience.until(database.busy_limit());
    }
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;
    ~Lease() {
      if (pooled_->connection.roll_back()) database_->give_back(std::move(pooled_));
    }
    [[nodiscard]] detail::Connection& connection() const noexcept { return pooled_->connection; }

   private:
    Database* database_;
    std::unique_ptr<Pooled> pooled_;
  };

  [[nodiscard]] std::optional<typename R::clock::time_point> busy_limit() const {
    if (!options_.busy_timeout) return std::nullopt;
    return detail::time_in<R>(*options_.busy_timeout);
  }

  std::unique_ptr<Pooled> open() {
    auto opened = std::make_unique<Pooled>(path_, options_);
    opened->patience.until(busy_limit());
    auto& connection = opened->connection;
    connection.run(options_.foreign_keys ? "PRAGMA foreign_keys = ON" : "PRAGMA foreign_keys = OFF");
    connection.run(options_.durability == Durability::power_loss ? "PRAGMA synchronous = FULL"
                   : options_.durability == Durability::crash    ? "PRAGMA synchronous = NORMAL"
                                                                 : "PRAGMA synchronous = OFF");
    return opened;
  }

  std::unique_ptr<Pooled> lend() {
    {
      const std::scoped_lock guard{mutex_};
      if (!idle_.empty()) {
        auto pooled = std::move(idle_.back());
        idle_.pop_back();
        return pooled;
      }
    }
    return open();
  }

  void give_back(std::unique_ptr<Pooled> pooled) noexcept {
    try {
      const std::scoped_lock guard{mutex_};
      if (idle_.size() < options_.idle_connections) idle_.push_back(std::move(pooled));
    } catch (...) {  // it is closed instead
    }
  }

  std::string path_;
  std::string file_;
  Options options_;
  mutable typename R::mutex mutex_;
  std::vector<std::unique_ptr<Pooled>> idle_;
  detail::WriteTurn<R> turn_;
  std::atomic<std::uint64_t> unguarded_writes_ = 0;
  typename R::mutex opening_receipts_;
  std::shared_ptr<Receipts> receipts_;
};

}  // namespace lockstep::sqlite
