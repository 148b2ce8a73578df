// A PostgreSQL database: what its tables share, and the sessions in which their guarded writes commit
// together.
//
// A session reads from one snapshot (REPEATABLE READ), and keeps what it means to write to itself. Its
// commit leaves the snapshot and is one round trip in a transaction of its own (READ COMMITTED): each
// record is locked, compared with its guard as it is then, and written if all guards hold. A write under
// the snapshot would fail as a whole as soon as another has written, and could not tell what is there.
// Source: "Transaction Isolation", https://www.postgresql.org/docs/current/transaction-iso.html, and
// "Explicit Locking", https://www.postgresql.org/docs/current/explicit-locking.html
#pragma once

#include <lockstep/core/contract.hpp>
#include <lockstep/postgres/entry.hpp>
#include <lockstep/postgres/pool.hpp>
#include <lockstep/runtime/std_runtime.hpp>
#include <lockstep/sql/receipts.hpp>
#include <lockstep/storage/staging.hpp>
#include <lockstep/storage/storage.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <limits>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace lockstep::postgres {

template <Runtime R = StdRuntime>
class Database;
template <Runtime R = StdRuntime>
class Session;
template <class Key, sql::Record T, Runtime R>
class Table;

/// The statement that makes the table of receipts, for those who prepare a database for others. Rows of it may
/// be erased once nobody sends the same request again: DELETE FROM lockstep_receipts WHERE created_at < ...
[[nodiscard]] inline std::string create_receipts(const std::string& table = "lockstep_receipts") {
  return sql::detail::create_receipts(table, "bigint", "timestamp");
}

/// In what kind of transaction a session reads. Guards make commits serializable in each of them, as far as
/// records go that the session has loaded by their keys.
enum class Isolation {
  read_committed,   ///< no snapshot: each load checks the earlier ones, and throws StaleRecord if they moved
  repeatable_read,  ///< one snapshot, which is left for the commit
  serializable,     ///< reads and writes in one SERIALIZABLE transaction, others' statements in it included;
                    ///< the server may end it by SerializationFailure at any call
};

/// How a database is opened.
struct Options {
  std::chrono::milliseconds connect_timeout = std::chrono::seconds{10};  ///< for each new connection; libpq's
                                                                         ///< least is 2 s
  std::optional<std::chrono::milliseconds> lock_timeout =
      std::chrono::seconds{5};  ///< how long a commit waits for others' locks of its records before it
                                ///< throws sql::Busy; empty: for ever
  std::optional<std::chrono::milliseconds> statement_timeout = {};  ///< the server gives a statement up after
                                                                    ///< so long; empty: as the server has it
  std::optional<std::chrono::milliseconds> answer_timeout = {};     ///< the connection is given up if the server
                                                                    ///< is silent for so long while it is
                                                                    ///< waited for; longer than lock waits
  std::size_t max_connections = 16;   ///< at a time; a session holds one from its first load to its end
  std::size_t idle_connections = 8;   ///< of which so many are kept open for the next session
  std::optional<std::chrono::nanoseconds> connection_wait =
      std::chrono::seconds{5};  ///< how long to wait while all are in use; then NoConnectionFree. Empty: for ever
  std::chrono::nanoseconds check_after =
      std::chrono::seconds{30};  ///< a connection that lay idle for longer is asked whether it works
  Isolation isolation = Isolation::repeatable_read;  ///< of sessions for which nothing else is said
  std::string version_column = "lock_version";       ///< of tables whose mapping names none
  std::string receipts_table = "lockstep_receipts";  ///< in which receipts are kept
  std::function<void(std::string_view)> on_statement = {};  ///< hears of each statement before it is sent, on
                                                            ///< the thread that sends it
};

/// A unit of work on the tables of one database: everything staged in it commits together. Movable; used by
/// one thread at a time; destroyed without a commit it leaves no trace and no lock. The tables it touched must
/// outlive it.
///
/// From its first load to its end it has a connection, and a transaction that keeps the server from clearing
/// away old rows: do not keep a session that has read for hours.
template <Runtime R>
class Session {
  using Entry = detail::Entry;
  using Open = detail::Open;
  using Query = detail::Query;

 public:
  /// Begins with nothing staged and nothing locked. Safe to call from any thread. Cost: none until it loads.
  explicit Session(Database<R>& database, Isolation isolation)
      : work_{std::make_unique<Work>(database, isolation)} {}
  Session(Session&&) noexcept = default;
  Session& operator=(Session&&) = delete;
  ~Session() = default;

  /// Lands every staged write if every guard holds, else none; the session is over either way.
  /// Cost: one round trip; a second one where a race was lost in a way that only another look can tell.
  ///
  /// Waits for others' locks as long as Options::lock_timeout says, then throws sql::Busy. Throws Deadlock,
  /// SerializationFailure, sql::ConstraintFailed, VersionUnavailable, ServerError or ConnectionLost; nothing
  /// was written then. Throws OutcomeUnknown, with ConnectionLost nested, if the connection ended after the
  /// commit was sent.
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
    std::size_t locks_ = 0;
  };

  /// The present point. Cost: a copy of what is staged, without the records. Nothing is sent: each lock but
  /// the first is a savepoint of the server's already.
  [[nodiscard]] Savepoint savepoint() const {
    Savepoint point;
    point.locks_ = work_->locks.size();
    for (const auto& entry : work_->entries) point.staged_.push_back(entry->staged);
    return point;
  }

  /// Drops what was staged and locked since `point`. What was read stays read. Cost: a round trip if there
  /// are later locks, else none. Throws ConnectionLost.
  void rollback_to(const Savepoint& point) {
    auto& work = this->work();
    for (std::size_t i = 0; i < work.entries.size(); ++i) {
      work.entries[i]->staged = i < point.staged_.size() ? point.staged_[i] : typename Entry::Staged{};
    }
    if (work.locks.size() > point.locks_) work.unlock_to(point.locks_);
  }

 private:
  template <class Key, sql::Record T, Runtime R2>
  friend class Table;

  struct Lock {
    Entry* entry;
    detail::Held before;
  };

  struct Work {
    Work(Database<R>& of, Isolation level) : database{&of}, isolation{level} {}
    Work(const Work&) = delete;
    Work& operator=(const Work&) = delete;
    ~Work() { end(); }

    // The connection

    detail::Connection& connection() {
      if (lost) throw ConnectionLost{"PostgreSQL: the session's connection was lost"};
      if (!pooled) pooled = database->pool_.lend();
      return *pooled;
    }

    /// One round trip. Throws detail::Refused, detail::Broken.
    std::vector<detail::Rows> ask(const std::vector<Query>& queries) {
      auto& lent = connection();
      ++database->round_trips_;
      try {
        return lent.run(queries);
      } catch (const detail::Refused&) {
        throw;
      } catch (...) {  // it may be in the middle of anything
        drop_connection();
        throw;
      }
    }

    void drop_connection() noexcept {
      if (open != Open::no) lost = true;
      database->pool_.give_back(nullptr);
      pooled.reset();
      forget_transaction();
    }

    // Transactions

    [[nodiscard]] Query begin_to_read() const {
      switch (isolation) {
        case Isolation::read_committed:
          return Query{"BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE"};
        case Isolation::serializable:
          return Query{"BEGIN ISOLATION LEVEL SERIALIZABLE READ WRITE"};
        default:
          return Query{"BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"};
      }
    }

    [[nodiscard]] Open opened_to_read() const noexcept {
      switch (isolation) {
        case Isolation::read_committed:
          return Open::current;
        case Isolation::serializable:
          return Open::serializable;
        default:
          return Open::snapshot;
      }
    }

    void forget_transaction() noexcept {
      for (const auto& entry : entries) {
        entry->held = detail::Held::no;
        entry->current.reset();
      }
      locks.clear();
      timeout.reset();
      open = Open::no;
      left = true;
      ++epoch;
    }

    /// Ends the transaction without a commit. Later loads are checked against earlier ones.
    void leave_transaction() noexcept {
      if (open != Open::no) {
        try {
          ask({Query{"ROLLBACK"}});
        } catch (...) {  // then the connection is not used again, and with it the transaction ends
          if (pooled) drop_connection();
          lost = false;
        }
      }
      forget_transaction();
    }

    void end() noexcept {
      leave_transaction();
      if (pooled) database->pool_.give_back(std::move(pooled));
      pooled.reset();
    }

    // Reading

    /// What is there of each, all of it one state together with all that was loaded before. One round trip,
    /// or none where it is known. Throws StaleRecord, SerializationFailure, ConnectionLost, ServerError.
    void read(std::span<Entry* const> wanted) {
      std::vector<Entry*> unknown;
      for (auto* const entry : wanted) {
        if (!known(*entry) && std::ranges::find(unknown, entry) == unknown.end()) unknown.push_back(entry);
      }
      if (!unknown.empty()) {
        bring_along(unknown);
        fetch(unknown);
      }
      Commit::Members moved;
      for (auto* const entry : wanted) {
        if (!entry->seen) {
          entry->seen = *entry->current;
        } else if (entry->seen->version != entry->current->version) {
          moved.push_back(entry->stale(Action::validate, entry->seen->version, *entry->current));
        }
      }
      if (!moved.empty()) throw StaleRecord{Commit{std::move(moved)}};
    }

    /// What was announced goes with the next load, where it stays known after it.
    void bring_along(std::vector<Entry*>& wanted) {
      for (auto* const entry : std::exchange(announced, {})) {
        if (isolation == Isolation::read_committed || open == Open::current || entry->writes()) continue;
        if (!known(*entry) && std::ranges::find(wanted, entry) == wanted.end()) wanted.push_back(entry);
      }
    }

    [[nodiscard]] bool known(const Entry& entry) const noexcept {
      if (entry.held != detail::Held::no) return true;
      return entry.current && entry.epoch == epoch && (open == Open::snapshot || open == Open::serializable);
    }

    void fetch(const std::vector<Entry*>& wanted) {
      std::vector<Query> queries;
      const bool begins = open == Open::no;
      const bool guarded = !begins && !locks.empty();  // a statement that fails must not cost the locks
      if (begins) queries.push_back(begin_to_read());
      if (guarded) queries.push_back(Query{"SAVEPOINT lockstep_load"});
      const auto first = queries.size();
      for (auto* const entry : wanted) queries.push_back(entry->select(detail::Hold::no));

      // Without a snapshot: what was loaded before is looked at after what is loaded now. If it has not
      // moved, all of it was there together when the first of these statements ran.
      std::vector<Entry*> earlier;
      if (left || open == Open::current || (begins && opened_to_read() == Open::current)) {
        for (const auto& entry : entries) {
          if (entry->seen && entry->held == detail::Held::no &&
              std::ranges::find(wanted, entry.get()) == wanted.end()) {
            earlier.push_back(entry.get());
          }
        }
      }
      for (auto* const entry : earlier) queries.push_back(entry->select(detail::Hold::no));
      if (guarded) queries.push_back(Query{"RELEASE SAVEPOINT lockstep_load"});

      std::vector<detail::Rows> answers;
      try {
        if (begins) open = opened_to_read();  // for all that is known if it fails
        answers = ask(queries);
      } catch (const detail::Refused& refused) {
        if (!guarded || !run_quietly("ROLLBACK TO SAVEPOINT lockstep_load")) leave_transaction();
        detail::throw_failure(refused.failure, wanted.front()->place());
      } catch (const detail::Broken& broken) {
        throw ConnectionLost{joined("PostgreSQL: ", broken.why)};
      }
      for (std::size_t at = 0; at < wanted.size(); ++at) {
        wanted[at]->current = wanted[at]->present(answers[first + at], 0);
        wanted[at]->epoch = epoch;
      }
      Commit::Members moved;
      for (std::size_t at = 0; at < earlier.size(); ++at) {
        const auto& entry = *earlier[at];
        const auto now = entry.present(answers[first + wanted.size() + at], 0);
        if (now.version != entry.seen->version) {
          moved.push_back(entry.stale(Action::validate, entry.seen->version, now));
        }
      }
      if (!moved.empty()) throw StaleRecord{Commit{std::move(moved)}};
      left = false;
    }

    bool run_quietly(const std::string& sql) noexcept {
      try {
        ask({Query{sql, Query::Kind::once}});
        return true;
      } catch (...) {  // the caller ends the transaction
        return false;
      }
    }

    // Locking

    bool lock(Entry& entry, LockMode mode, Wait wait) {
      const auto held = mode == LockMode::shared ? detail::Held::shared : detail::Held::exclusive;
      if (entry.held >= held) return true;
      const bool waits = wait.kind() == Wait::Kind::forever || wait.kind() == Wait::Kind::up_to;
      const bool limited = wait.kind() == Wait::Kind::up_to;

      std::vector<Query> queries;
      if (open == Open::snapshot) {
        queries.push_back(Query{"ROLLBACK"});
        forget_transaction();
      }
      const bool begins = open == Open::no;
      if (begins) {
        queries.push_back(Query{isolation == Isolation::serializable
                                    ? "BEGIN ISOLATION LEVEL SERIALIZABLE READ WRITE"
                                    : "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE"});
      }
      if (waits) wait_up_to(queries, limited ? detail::milliseconds(wait.limit()) : "0");
      const bool guarded = !locks.empty();
      if (guarded) queries.push_back(Query{savepoint(locks.size()), Query::Kind::once});
      if (begins) open = isolation == Isolation::serializable ? Open::serializable : Open::current;

      try {
        const auto [granted, now] = lock_row(entry, mode, waits, std::move(queries));
        if (!granted) {
          if (!guarded) leave_transaction();
          if (wait.kind() == Wait::Kind::never) throw LockUnavailable{entry.place()};
          return false;
        }
        locks.push_back({&entry, entry.held});
        entry.held = held;
        entry.current = now;
        return true;
      } catch (const detail::Refused& refused) {
        if (refused.failure.state == "40001" || !guarded || !run_quietly(rollback_to_lock(locks.size()))) {
          leave_transaction();
        } else {
          timeout.reset();
        }
        if (refused.failure.state == "55P03" && limited) throw LockTimeout{entry.place()};
        detail::throw_failure(refused.failure, entry.place());
      } catch (const detail::Broken& broken) {
        throw ConnectionLost{joined("PostgreSQL: ", broken.why)};
      }
    }

    /// Locks the row, or where there is none the number that stands for it. False if it would have to wait.
    std::pair<bool, detail::Present> lock_row(Entry& entry, LockMode mode, bool waits,
                                              std::vector<Query> queries) {
      const auto hold = mode == LockMode::shared ? detail::Hold::shared : detail::Hold::exclusive;
      for (bool numbered = false;; numbered = true) {
        if (numbered) {
          std::string sql{waits ? "SELECT pg_advisory_xact_lock" : "SELECT pg_try_advisory_xact_lock"};
          sql += mode == LockMode::shared ? "_shared($1)" : "($1)";
          queries.push_back(Query{std::move(sql)});
          queries.back().bind(entry.lock_number());
        }
        queries.push_back(waits ? entry.select(hold) : entry.select_unless_locked(hold));
        const auto answers = ask(queries);
        queries.clear();
        if (numbered && !waits && answers[answers.size() - 2].number_at(0, 0) != 1) return {false, {}};
        const auto& found = answers.back();
        const bool there = waits ? found.size() == 1 : found.number_at(0, 1) == 1;
        if (!waits && there && found.number_at(0, 0) != 1) return {false, {}};
        if (there || numbered) return {true, entry.present(found, waits ? 0 : 2)};
      }
    }

    // For `wanted` milliseconds; 0 is for ever.
    void wait_up_to(std::vector<Query>& queries, std::string wanted) {
      if (timeout == wanted) return;
      queries.push_back(Query{"SELECT set_config('lock_timeout', $1, true)"});
      queries.back().bind(std::string_view{wanted});
      timeout = std::move(wanted);
    }

    // Of lock number n, from 0: the point before it was taken. The first needs none.
    static std::string savepoint(std::size_t n) { return joined("SAVEPOINT lockstep_", std::to_string(n)); }
    static std::string rollback_to_lock(std::size_t n) {
      return joined("ROLLBACK TO SAVEPOINT lockstep_", std::to_string(n));
    }

    void unlock_statement(std::size_t count) {
      try {
        ask({Query{rollback_to_lock(count), Query::Kind::once}});
      } catch (const detail::Refused& refused) {
        leave_transaction();
        detail::throw_failure(refused.failure, {"postgres", "?"});
      } catch (const detail::Broken& broken) {
        throw ConnectionLost{joined("PostgreSQL: ", broken.why)};
      }
      timeout.reset();  // a setting goes back with the rest
    }

    void unlock_to(std::size_t count) {
      if (count == 0) return leave_transaction();
      unlock_statement(count);
      while (locks.size() > count) {
        auto& [entry, before] = locks.back();
        entry->held = before;
        if (before == detail::Held::no) entry->current.reset();
        locks.pop_back();
      }
    }

    // Committing

    Commit commit() {
      std::vector<Entry*> staged;
      bool writes = false;
      for (const auto& entry : entries) {
        if (!entry->writes() && entry->staged.expected.empty()) continue;
        staged.push_back(entry.get());
        writes = writes || entry->writes();
        if (entry->writes()) entry->check_landing();
      }
      if (staged.empty()) return Commit{};
      if (!writes && (open == Open::no || open == Open::snapshot)) return Commit{look(staged)};
      for (;;) {
        auto failed = land(staged);
        if (!failed) continue;  // what was in the way has gone
        if (!failed->empty()) return Commit{*std::move(failed)};
        for (const auto* const entry : staged) {
          if (entry->writes() && !entry->staged.guarded) ++database->unguarded_writes_;
        }
        return Commit{};
      }
    }

    /// The guards that do not hold now, in a transaction of its own.
    Commit::Members look(const std::vector<Entry*>& staged) {
      std::vector<Query> queries;
      if (open != Open::no) queries.push_back(Query{"ROLLBACK"});
      if (staged.size() > 1) queries.push_back(Query{"BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"});
      const auto first = queries.size();
      for (const auto* const entry : staged) queries.push_back(entry->select(detail::Hold::no));
      if (staged.size() > 1) queries.push_back(Query{"ROLLBACK"});
      forget_transaction();
      try {
        const auto answers = ask(queries);
        Commit::Members failed;
        for (std::size_t at = 0; at < staged.size(); ++at) {
          staged[at]->compare(staged[at]->present(answers[first + at], 0), failed);
        }
        return failed;
      } catch (const detail::Refused& refused) {
        open = Open::current;  // it has to be ended
        detail::throw_failure(refused.failure, staged.front()->place());
      } catch (const detail::Broken& broken) {
        throw ConnectionLost{joined("PostgreSQL: ", broken.why)};
      }
    }

    /// All guards and all writes in one round trip. The guards that failed: none, and all of it has landed.
    /// Nothing at all if it must be tried again.
    std::optional<Commit::Members> land(const std::vector<Entry*>& staged) {
      detail::Asked asked;
      if (open == Open::snapshot) {
        asked.add(Query{"ROLLBACK"});
        forget_transaction();
      }
      if (isolation == Isolation::serializable && open == Open::no) {
        asked.add(Query{"BEGIN ISOLATION LEVEL SERIALIZABLE READ WRITE"});
        open = Open::serializable;
      }
      const bool within = open != Open::no;
      if (within) wait_up_to(asked.queries, detail::milliseconds(database->options_.lock_timeout));
      asked.whose.resize(asked.queries.size());

      const auto guards = staged.front()->guards();
      const bool alone = staged.size() == 1 && guards.size() == 1 && staged.front()->writes() &&
                         staged.front()->lands_alone();
      std::vector<std::size_t> checks(staged.size());
      std::vector<std::size_t> writes(staged.size());
      if (alone) {
        if (guards.front() == detail::Guard::absent) asked.add_number_of(*staged.front(), true);
        writes.front() = asked.add(staged.front()->land(true), staged.front());
      } else {
        asked.add(Query{std::string{detail::Statements::begin_checks}});
        for (const auto at : in_order(staged)) {
          const auto& entry = *staged[at];
          const auto its = entry.guards();
          if (std::ranges::find(its, detail::Guard::absent) != its.end()) {
            asked.add_number_of(entry, entry.writes());
          }
          checks[at] = asked.add(entry.check(its), &entry);
        }
        for (std::size_t at = 0; at < staged.size(); ++at) {
          if (staged[at]->writes()) writes[at] = asked.add(staged[at]->land(false), staged[at]);
        }
      }
      if (within) asked.add(Query{"COMMIT"});

      std::vector<detail::Rows> answers;
      try {
        answers = ask(asked.queries);
      } catch (const detail::Refused& refused) {
        leave_transaction();
        return refused_commit(refused, asked, staged);
      } catch (const detail::Broken& broken) {
        try {
          throw ConnectionLost{joined("PostgreSQL: ", broken.why)};
        } catch (const ConnectionLost&) {
          if (!broken.sent) throw;
          std::vector<Place> places;
          for (const auto* const entry : staged) {
            if (entry->writes()) places.push_back(entry->place());
          }
          std::throw_with_nested(OutcomeUnknown{std::move(places)});
        }
      }
      forget_transaction();

      Commit::Members failed;
      if (!alone) {
        for (std::size_t at = 0; at < staged.size(); ++at) {
          staged[at]->compare(staged[at]->present(answers[checks[at]], 1), failed);
        }
      } else if (!answers[writes.front()].number_at(0, 0)) {
        return lost_alone(*staged.front(), answers[writes.front()]);
      }
      if (!failed.empty()) return failed;
      for (std::size_t at = 0; at < staged.size(); ++at) {
        auto& entry = *staged[at];
        const auto version = entry.writes() ? answers[writes[at]].number_at(0, 0) : std::nullopt;
        entry.landed = version && entry.staged.write != Entry::Staged::Write::erase
                           ? Version{static_cast<std::uint64_t>(*version)}
                           : Version{};
      }
      return failed;
    }

    /// The order in which everybody locks rows.
    [[nodiscard]] static std::vector<std::size_t> in_order(const std::vector<Entry*>& staged) {
      std::vector<std::size_t> order(staged.size());
      for (std::size_t at = 0; at < order.size(); ++at) order[at] = at;
      std::ranges::sort(order, {}, [&](std::size_t at) -> const std::string& { return staged[at]->order(); });
      return order;
    }

    /// Why a write alone did not land. What the statement saw may be older than what it waited for.
    std::optional<Commit::Members> lost_alone(Entry& entry, const detail::Rows& answer) {
      Commit::Members failed;
      entry.compare(entry.present(answer, 1), failed);
      if (failed.empty()) failed = look({&entry});
      if (!failed.empty()) return failed;
      if (entry.staged.guarded && entry.staged.guard.absent()) return std::nullopt;
      throw sql::DatabaseError{0, joined("PostgreSQL: ", to_string(entry.place()),
                                         ": a trigger or a rule kept the row from being written")};
    }

    /// What becomes of a commit that the server refused; nothing of it was written.
    std::optional<Commit::Members> refused_commit(const detail::Refused& refused, const detail::Asked& asked,
                                                  const std::vector<Entry*>& staged) {
      const auto& failure = refused.failure;
      const auto* whose = refused.statement < asked.whose.size() ? asked.whose[refused.statement] : nullptr;
      const bool taken = whose && failure.state == "23505" && whose->key_is_taken(failure);
      if (taken || failure.state == "40001") {  // in a transaction of its own something of it may be told
        auto failed = look(staged);
        if (!failed.empty()) return failed;
        if (taken) return std::nullopt;
      }
      if (!whose) {  // a constraint that is looked at last: it is known whose it is if only one row can be
        std::size_t candidates = 0;
        for (const auto* const entry : staged) {
          if (!entry->writes() || entry->table_name() != failure.table) continue;
          whose = entry;
          ++candidates;
        }
        if (candidates != 1) whose = nullptr;
      }
      if (failure.state == "22P02" && failure.message.find("lockstep: a trigger") != std::string::npos) {
        throw sql::DatabaseError{0, joined("PostgreSQL: ", whose ? to_string(whose->place()) : "a record",
                                           " was changed by a trigger or cascade of the same commit")};
      }
      detail::throw_failure(failure, whose ? whose->place()
                                     : failure.table.empty() ? staged.front()->place()
                                                             : Place{failure.table, "?"});
    }

    Database<R>* database;
    Isolation isolation;
    std::unique_ptr<detail::Connection> pooled;
    std::vector<std::unique_ptr<Entry>> entries;
    std::unordered_map<std::string, Entry*> index;  // by table and key
    std::vector<Entry*> announced;                  // to be loaded soon
    std::vector<Lock> locks;
    std::optional<std::string> timeout;  // of the transaction, if it has one of its own
    Open open = Open::no;
    std::uint64_t epoch = 0;
    bool left = false;  // a transaction was left: loads before and after it may be of two states
    bool lost = false;  // with its connection went its locks
    bool over = false;
  };

  Work& work() const {
    Expects(lockstep::detail::told(!over(), "a session is over after its commit: start another"));
    return *work_;
  }

  std::unique_ptr<Work> work_;
};

/// A PostgreSQL database, with the connections to it. Safe to use from any thread; outlives its tables and
/// their sessions. Other processes may use it at the same time, and other programs.
///
/// Do not fork while one is open. Statements are prepared: between it and the server there may be a pooler
/// that keeps a session's connection, but none that changes it from one transaction to the next.
template <Runtime R>
class Database : public FindsVerbs {
 public:
  using runtime_type = R;                             ///< as the verbs deduce it
  using Receipts = Table<std::string, Receipt, R>;  ///< what `receipts` gives

  /// Connects as `keywords` say: libpq's connection string or URI, with which TLS is asked for as well, and
  /// "options=-csearch_path=..." for tables that are not in the usual schemas. Throws ConnectionLost,
  /// ServerError.
  explicit Database(std::string keywords, Options options = {})
      : options_{std::move(options)},
        pool_{{std::move(keywords), options_.connect_timeout, options_.answer_timeout, options_.on_statement},
              {std::max<std::size_t>(options_.max_connections, 1), options_.idle_connections,
               options_.connection_wait, options_.check_after},
              setup(options_)} {
    pool_.give_back(pool_.lend());
  }
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  /// A unit of work on the database's tables. Safe to call from any thread.
  [[nodiscard]] Session<R> session() { return session(options_.isolation); }
  /// The same, in another kind of transaction.
  [[nodiscard]] Session<R> session(Isolation isolation) { return Session<R>{*this, isolation}; }

  /// Runs statements that are no guarded writes, one after the other: CREATE TABLE, say. They are one
  /// transaction, unless they begin others. Nothing is bound: never put data into the text.
  /// Throws ServerError, sql::ConstraintFailed, ConnectionLost, and OutcomeUnknown if the connection
  /// ended meanwhile.
  void execute(std::string_view statements) {
    Lease lease{*this};
    try {
      lease.connection().run_all(std::string{statements});
    } catch (const detail::Refused& refused) {
      detail::throw_failure(refused.failure, {refused.failure.table, "?"});
    } catch (const detail::Broken& broken) {
      lease.drop();
      if (!broken.sent) throw ConnectionLost{joined("PostgreSQL: ", broken.why)};
      throw OutcomeUnknown{{}};
    }
  }

  /// The table of receipts, in which what is performed once leaves one (verbs/once.hpp). Opened when it is first
  /// asked for, and made if it is not there: where that is not allowed, run `create_receipts` before.
  /// Safe to call from any thread. Throws sql::MappingMismatch, and as `execute` does.
  [[nodiscard]] Receipts& receipts();

  /// As it was opened.
  [[nodiscard]] const Options& options() const noexcept { return options_; }
  /// How often the server was asked, and its answer waited for, since the start: statements that are sent
  /// together are one round trip. New connections are not counted.
  [[nodiscard]] std::uint64_t round_trips() const noexcept { return round_trips_; }
  /// How many writes went past the version check since the start: each may have overwritten somebody's
  /// change.
  [[nodiscard]] std::uint64_t unguarded_writes() const noexcept { return unguarded_writes_; }

 private:
  friend Session<R>;
  template <class Key, sql::Record T, Runtime R2>
  friend class Table;

  // A connection for one call.
  class Lease {
   public:
    explicit Lease(Database& database) : database_{&database}, connection_{database.pool_.lend()} {
      ++database.round_trips_;
    }
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;
    ~Lease() { database_->pool_.give_back(std::move(connection_)); }
    [[nodiscard]] detail::Connection& connection() const noexcept { return *connection_; }
    void drop() noexcept { connection_.reset(); }

   private:
    Database* database_;
    std::unique_ptr<detail::Connection> connection_;
  };

  // What texts look like, and that a transaction that nobody begins is READ COMMITTED.
  static detail::Query setup(const Options& options) {
    detail::Query query{
        "SELECT set_config('default_transaction_isolation', 'read committed', false), "
        "set_config('lock_timeout', $1, false), "
        "set_config('statement_timeout', COALESCE($2, current_setting('statement_timeout')), false), "
        "set_config('TimeZone', 'UTC', false), set_config('DateStyle', 'ISO, MDY', false), "
        "set_config('bytea_output', 'hex', false), set_config('extra_float_digits', '1', false)"};
    const auto lock_timeout = detail::milliseconds(options.lock_timeout);
    query.bind(std::string_view{lock_timeout});
    if (options.statement_timeout) {
      const auto limit = detail::milliseconds(options.statement_timeout);
      query.bind(std::string_view{limit});
    } else {
      query.bind(std::monostate{});
    }
    return query;
  }

  Options options_;
  detail::Pool<R> pool_;
  std::atomic<std::uint64_t> round_trips_ = 0;
  std::atomic<std::uint64_t> unguarded_writes_ = 0;
  typename R::mutex opening_receipts_;
  std::shared_ptr<Receipts> receipts_;
};

}  // namespace lockstep::postgres
