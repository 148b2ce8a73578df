// Locks on names in PostgreSQL: the server's advisory locks, on a connection of their own.
//
// A lock of a session leaks where a pooler hands the connection on at the end of a transaction: another
// client has it then. So the scope of a transaction is the default of `with_advisory_lock`: an empty
// transaction, which holds the connection and the lock, and keeps no old rows. Source: "Explicit Locking",
// https://www.postgresql.org/docs/current/explicit-locking.html#ADVISORY-LOCKS
#pragma once

#include <lockstep/core/contract.hpp>
#include <lockstep/postgres/advisory_key.hpp>
#include <lockstep/postgres/database.hpp>
#include <lockstep/storage/advisory.hpp>

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace lockstep::postgres {

/// Holds locks on names until it ends, or its connection. Movable; used by one thread at a time; the database
/// must outlive it. From its first lock to its end it has one of the database's connections, and nobody else
/// has it.
template <Runtime R>
class AdvisoryLocks {
  using Query = detail::Query;

 public:
  /// Holds nothing. Cost: none until the first lock.
  AdvisoryLocks(Database<R>& database, AdvisoryScope scope) : database_{&database}, scope_{scope} {}
  AdvisoryLocks(AdvisoryLocks&&) noexcept = default;
  AdvisoryLocks& operator=(AdvisoryLocks&&) = delete;
  ~AdvisoryLocks() {
    try {
      end();
    } catch (...) {  // the connection is gone, and the locks with it
    }
  }

  /// Locks `name`: see AdvisoryHolder. Throws ConnectionLost, with which all are lost, NoConnectionFree,
  /// ServerError. Cost: one round trip; none for what is held already.
  bool lock(const std::string& name, LockMode mode = LockMode::exclusive, Wait wait = Wait::forever()) {
    const auto before = held(name);
    if (before == LockMode::exclusive || before == mode) {
      taken_.push_back({name, *before, false});
      return true;
    }
    taken_.reserve(taken_.size() + 1);  // so that what was granted is known
    if (!granted(name, mode, wait)) {
      if (wait.kind() == Wait::Kind::never) throw LockUnavailable{advisory_place(name)};
      return false;
    }
    taken_.push_back({name, mode, true});
    return true;
  }

  /// Takes the last `lock(name)` back. Precondition: it is held. Throws ConnectionLost if the server says
  /// that it was not. Cost: one round trip, or none.
  void unlock(const std::string& name) {
    auto last = taken_.size();
    while (last > 0 && taken_[last - 1].name != name) --last;
    Expects(lockstep::detail::told(last > 0, "a name is unlocked by who holds it"));
    if (scope_ == AdvisoryScope::transaction) return;
    const auto taken = taken_[last - 1];
    taken_.erase(taken_.begin() + static_cast<std::ptrdiff_t>(last - 1));
    if (taken.asked) give_back({taken});
  }

  /// In which mode it is held, if it is, as far as this side knows.
  [[nodiscard]] std::optional<LockMode> held(const std::string& name) const {
    for (auto at = taken_.size(); at-- > 0;) {
      if (taken_[at].name == name) return taken_[at].mode;
    }
    return std::nullopt;
  }

  /// Gives all of them back. Throws ConnectionLost if they were lost before. Cost: one round trip.
  void end() {
    if (!connection_) return;
    const auto taken = std::exchange(taken_, {});
    if (scope_ == AdvisoryScope::transaction) {
      ask({Query{"COMMIT"}}, nullptr);
    } else {
      give_back(taken);
    }
    database_->pool_.give_back(std::move(connection_));
    connection_.reset();
  }

 private:
  struct Taken {
    std::string name;
    LockMode mode;
    bool asked;  // of the server; else it was held already
  };

  bool granted(const std::string& name, LockMode mode, Wait wait) {
    const bool waits = wait.kind() == Wait::Kind::forever || wait.kind() == Wait::Kind::up_to;
    const bool limited = wait.kind() == Wait::Kind::up_to;
    const detail::AdvisoryKey key{name, database_->options()};
    const bool alone = scope_ == AdvisoryScope::session;
    const bool begins = !connection_;
    std::vector<Query> queries;
    // A limit, and what comes of one that is over, is a transaction's.
    if (alone ? waits : begins) queries.emplace_back("BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE");
    if (waits) {
      queries.emplace_back("SELECT set_config('lock_timeout', $1, true)");
      const auto limit = limited ? detail::milliseconds(wait.limit()) : std::string{"0"};
      queries.back().bind(std::string_view{limit});
    }
    if (!alone && !begins) queries.emplace_back("SAVEPOINT lockstep_name");
    const auto which = queries.size();
    queries.push_back(waits ? key.lock(mode, scope_) : key.try_lock(mode, scope_));
    if (!alone && !begins) queries.emplace_back("RELEASE SAVEPOINT lockstep_name");
    if (alone && waits) queries.emplace_back("COMMIT");
    const char* const undo = !waits            ? nullptr
                             : alone || begins ? "ROLLBACK"
                                               : "ROLLBACK TO SAVEPOINT lockstep_name";
    try {
      const auto answers = ask(queries, undo);
      const bool got = waits || answers[which].number_at(0, 0) == 1;
      if (!got && begins) end();
      return got;
    } catch (const detail::Refused& refused) {
      if (begins) database_->pool_.give_back(std::move(connection_));
      if (refused.failure.state == "55P03" && limited) throw LockTimeout{advisory_place(name)};
      detail::throw_failure(refused.failure, advisory_place(name));
    }
  }

  // In the session's scope.
  void give_back(const std::vector<Taken>& taken) {
    std::vector<Query> queries;
    for (auto at = taken.size(); at-- > 0;) {
      const auto& [name, mode, asked] = taken[at];
      if (asked) queries.push_back(detail::AdvisoryKey{name, database_->options()}.unlock(mode));
    }
    if (queries.empty()) return;
    for (const auto& answer : ask(queries, nullptr)) {
      if (answer.number_at(0, 0) == 1) continue;
      drop();
      throw ConnectionLost{
          "PostgreSQL: a lock on a name was held no more, as if the connection were another's"};
    }
  }

  // After a refusal it runs `undo`, and throws the refusal.
  std::vector<detail::Rows> ask(const std::vector<Query>& queries, const char* undo) {
    if (!connection_) connection_ = database_->pool_.lend();
    ++database_->round_trips_;
    try {
      try {
        return connection_->run(queries);
      } catch (const detail::Refused&) {
        if (undo) connection_->run(Query{undo});
        throw;
      }
    } catch (const detail::Broken& broken) {
      drop();
      throw ConnectionLost{joined("PostgreSQL: ", broken.why)};
    }
  }

  void drop() noexcept {
    connection_.reset();
    taken_.clear();
    database_->pool_.give_back(nullptr);
  }

  Database<R>* database_;
  AdvisoryScope scope_;
  std::unique_ptr<detail::Connection> connection_;
  std::vector<Taken> taken_;
};

template <Runtime R>
AdvisoryLocks<R> Database<R>::advisory_locks(AdvisoryScope scope) {
  return {*this, scope};
}

}  // namespace lockstep::postgres
