// A session of a PostgreSQL database, in which guarded writes of its tables commit together.
#pragma once

#include <lockstep/core/contract.hpp>
#include <lockstep/postgres/work.hpp>
#include <lockstep/runtime/std_runtime.hpp>
#include <lockstep/sql/staging_table.hpp>

#include <cstddef>
#include <memory>
#include <vector>

namespace lockstep::postgres {

template <Runtime R = StdRuntime>
class Database;
template <Runtime R = StdRuntime>
class Session;
template <Runtime R>
class AdvisoryLocks;
template <class Key, sql::Record T, Runtime R>
class Table;

/// A unit of work on the tables of one database: everything staged in it commits together. Movable; used by
/// one thread at a time; destroyed without a commit it leaves no trace and no lock. The tables it touched
/// must outlive it.
///
/// From its first load to its end it has a connection, and a transaction that keeps the server from clearing
/// away old rows: do not keep a session that has read for hours.
template <Runtime R>
class Session {
  using Entry = detail::Entry;
  using Work = detail::SessionWork<R>;

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

  /// Locks `name` until the session ends, its commit included: see Options::advisory_keys. Ends the session's
  /// snapshot, as the lock of a record does. False only for `Wait::skip()`. Throws as the lock of a record
  /// does. Cost: one round trip; none if it is held.
  bool advisory_lock(const std::string& name, LockMode mode = LockMode::exclusive,
                     Wait wait = Wait::forever()) {
    return this->work().lock(name, mode, wait);
  }
  /// In which mode the session holds `name`, if it does.
  [[nodiscard]] std::optional<LockMode> advisory_held(const std::string& name) const {
    return work_ ? work_->name_held(name) : std::nullopt;
  }

 private:
  template <class Key, sql::Record T, Runtime R2>
  friend class Table;
  template <class Of, class Key, sql::Record T, class In>
  friend class sql::StagingTable;

  Work& work() const {
    Expects(lockstep::detail::told(!over(), "a session is over after its commit: start another"));
    return *work_;
  }

  std::unique_ptr<Work> work_;
};

}  // namespace lockstep::postgres
