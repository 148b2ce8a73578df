// Locks on names between the processes that share an SQLite file: a table of who holds which, in a file of
// its own beside the database, so that it never waits for the data nor the data for it.
//
// A holder is alive as long as it has a lock of the operating system: an exclusive transaction in an empty
// database of its own, NAME-advisory-NUMBER. The system takes it back at the moment in which the process
// ends, however it ends, and never before: there is no lease that could run out under a process that was
// stopped for a while, no clock and no heartbeat. Who finds a name taken tries the holder's lock; if it can
// have it, the holder is gone, and its rows with it. Source: "File Locking And Concurrency In SQLite Version
// 3", https://sqlite.org/lockingv3.html
#pragma once

#include <lockstep/core/contract.hpp>
#include <lockstep/sqlite/connection.hpp>
#include <lockstep/sqlite/patience.hpp>
#include <lockstep/storage/advisory.hpp>

#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace lockstep::sqlite {

namespace detail {

/// The table of names, for one holder.
template <Runtime R>
class AdvisoryTable {
 public:
  using TimePoint = typename R::clock::time_point;

  /// `path` is the database's.
  AdvisoryTable(const std::string& path, const Observer& observer)
      : path_{path}, connection_{named(), true, observer} {
    connection_.on_busy(&Patience<R>::called, &patience_);
    patience_.until(time_in<R>(std::chrono::seconds{5}));  // others keep it for the time of a look
    try {
      use_wal(connection_, patience_, named());
      connection_.run("PRAGMA synchronous = NORMAL");  // after a loss of power nobody holds anything
      connection_.run(
          "CREATE TABLE IF NOT EXISTS lockstep_advisory_locks (name text NOT NULL, holder integer NOT NULL, "
          "mode integer NOT NULL, PRIMARY KEY (name, holder)) WITHOUT ROWID");
    } catch (const Refused& refused) {
      throw sql::DatabaseError{SQLITE_CONSTRAINT, refused.constraint};
    }
  }
  AdvisoryTable(const AdvisoryTable&) = delete;
  AdvisoryTable& operator=(const AdvisoryTable&) = delete;

  /// Writes that `holder` has `name`, unless others are in the way. Throws sql::Busy.
  [[nodiscard]] bool take(std::int64_t holder, const std::string& name, LockMode mode) {
    patience_.until(time_in<R>(std::chrono::seconds{5}));
    connection_.run("BEGIN IMMEDIATE");
    const RollBack otherwise{connection_};
    bool free = true;
    for (const auto other : others(holder, name, mode)) {
      if (alive(other)) {
        free = false;
      } else {
        bury(other);
      }
    }
    if (free) {
      write("INSERT INTO lockstep_advisory_locks VALUES (?1, ?2, ?3) ON CONFLICT DO UPDATE SET mode = ?3",
            {std::string_view{name}, holder, number(mode)});
    }
    connection_.run("COMMIT");
    return free;
  }

  /// Writes that `holder` has `name` in `mode`, or not at all.
  void give_back(std::int64_t holder, const std::string& name, std::optional<LockMode> mode) {
    patience_.until(time_in<R>(std::chrono::seconds{5}));
    if (mode) {
      write("UPDATE lockstep_advisory_locks SET mode = ?3 WHERE name = ?1 AND holder = ?2",
            {std::string_view{name}, holder, number(*mode)});
    } else {
      write("DELETE FROM lockstep_advisory_locks WHERE name = ? AND holder = ?",
            {std::string_view{name}, holder});
    }
  }
  void give_back_all(std::int64_t holder) {
    patience_.until(time_in<R>(std::chrono::seconds{5}));
    bury(holder);
  }

  [[nodiscard]] bool exists(const std::string& name) {
    for (const auto holder : others(0, name, LockMode::exclusive)) {
      if (alive(holder)) return true;
    }
    return false;
  }

  /// The file whose lock says that `holder` is alive.
  [[nodiscard]] std::string sign_of(std::int64_t holder) const {
    std::array<char, 16> digits{};
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), holder, 16).ptr;
    return joined(path_, "-advisory-",
                  std::string_view{digits.data(), static_cast<std::size_t>(end - digits.data())});
  }

 private:
  struct RollBack {
    Connection& connection;
    ~RollBack() { static_cast<void>(connection.roll_back()); }
  };

  [[nodiscard]] std::string named() const { return joined(path_, "-advisory"); }
  [[nodiscard]] static std::int64_t number(LockMode mode) { return mode == LockMode::exclusive ? 2 : 1; }

  // Those who hold `name` so that `holder` cannot have it in `mode`.
  [[nodiscard]] std::vector<std::int64_t> others(std::int64_t holder, const std::string& name,
                                                 LockMode mode) {
    Query query{connection_,
                "SELECT holder FROM lockstep_advisory_locks WHERE name = ? AND holder <> ? AND mode + ? > 2"};
    query.bind(std::string_view{name}).bind(holder).bind(number(mode));
    std::vector<std::int64_t> found;
    while (query.next()) {
      const auto value = query.column(0);
      if (const auto* const number = std::get_if<std::int64_t>(&value)) found.push_back(*number);
    }
    return found;
  }

  [[nodiscard]] bool alive(std::int64_t holder) const {
    try {
      Connection sign{sign_of(holder), false, {}};
      sign.run("BEGIN IMMEDIATE");
      return false;
    } catch (const sql::Busy&) {
      return true;
    } catch (const sql::DatabaseError& error) {
      if ((error.code() & 0xFF) == SQLITE_CANTOPEN) return false;  // it took its sign along
      throw;
    }
  }

  void bury(std::int64_t holder) {
    write("DELETE FROM lockstep_advisory_locks WHERE holder = ?", {holder});
    static_cast<void>(std::remove(sign_of(holder).c_str()));  // without rows it means nothing
  }

  void write(const std::string& statement, std::initializer_list<sql::Value> values) {
    Query query{connection_, statement};
    query.bind_all(values).write();
  }

  std::string path_;
  Patience<R> patience_;
  Connection connection_;
};

/// The sign that a holder is alive: a file of its own, locked for as long as it is.
class Alive {
 public:
  explicit Alive(std::string file) : file_{std::move(file)}, connection_{file_, true, {}} {
    connection_.run("PRAGMA journal_mode = MEMORY");  // nothing is written: no second file
    connection_.run("BEGIN EXCLUSIVE");
  }
  Alive(const Alive&) = delete;
  Alive& operator=(const Alive&) = delete;
  ~Alive() {
    // If that fails it stays, without a lock, until somebody looks for it.
    static_cast<void>(std::remove(file_.c_str()));
  }

 private:
  std::string file_;
  Connection connection_;
};

}  // namespace detail

/// Holds locks on names until it ends, or its process. Movable; used by one thread at a time; not to be used
/// after a fork. Waiting is by looking again, so that there is no order among those who wait, and no cycle is
/// seen: who takes several at a time gives a time limit.
template <Runtime R>
class AdvisoryLocks {
 public:
  /// Holds nothing. `path` is the database's. Cost: none until the first lock.
  AdvisoryLocks(std::string path, detail::Observer observer, AdvisoryScope scope)
      : path_{std::move(path)}, observer_{std::move(observer)}, scope_{scope} {}
  AdvisoryLocks(AdvisoryLocks&&) noexcept = default;
  AdvisoryLocks& operator=(AdvisoryLocks&&) = delete;
  ~AdvisoryLocks() {
    try {
      end();
    } catch (...) {  // its sign of life is gone, with or without its rows
    }
  }

  /// Locks `name`: see AdvisoryHolder. Throws sql::DatabaseError, too.
  bool lock(const std::string& name, LockMode mode = LockMode::exclusive, Wait wait = Wait::forever()) {
    const auto before = held(name);
    if (before != LockMode::exclusive && before != mode && !wait_for(name, mode, wait)) return false;
    taken_.push_back({name, before == LockMode::exclusive ? *before : mode, before});
    return true;
  }

  /// Takes the last `lock(name)` back. Precondition: it is held.
  void unlock(const std::string& name) {
    auto last = taken_.size();
    while (last > 0 && taken_[last - 1].name != name) --last;
    Expects(lockstep::detail::told(last > 0, "a name is unlocked by who holds it"));
    if (scope_ == AdvisoryScope::transaction) return;
    const auto before = taken_[last - 1].before;
    const bool changes = taken_[last - 1].mode != before;
    taken_.erase(taken_.begin() + static_cast<std::ptrdiff_t>(last - 1));
    if (changes) table_->give_back(number_, name, before);
  }

  /// In which mode it is held, if it is.
  [[nodiscard]] std::optional<LockMode> held(const std::string& name) const {
    for (auto at = taken_.size(); at-- > 0;) {
      if (taken_[at].name == name) return taken_[at].mode;
    }
    return std::nullopt;
  }

  /// Gives all of them back.
  void end() {
    taken_.clear();
    const auto alive = std::move(alive_);
    if (alive) table_->give_back_all(number_);
  }

  /// How many times something was locked and not given back.
  [[nodiscard]] std::size_t size() const noexcept { return taken_.size(); }
  /// Gives back what was locked since there were `size`.
  void back_to(std::size_t size) {
    while (taken_.size() > size) {
      const auto last = std::move(taken_.back());
      taken_.pop_back();
      if (last.mode != last.before) table_->give_back(number_, last.name, last.before);
    }
  }

 private:
  struct Taken {
    std::string name;
    LockMode mode;
    std::optional<LockMode> before;
  };

  bool wait_for(const std::string& name, LockMode mode, Wait wait) {
    if (!table_) table_ = std::make_unique<detail::AdvisoryTable<R>>(path_, observer_);
    if (!alive_) {
      number_ = static_cast<std::int64_t>(R::random() >> 1U);
      alive_ = std::make_unique<detail::Alive>(table_->sign_of(number_));
    }
    taken_.reserve(taken_.size() + 1);  // so that what was granted is known
    detail::Patience<R> patience;
    if (wait.kind() == Wait::Kind::up_to) patience.until(detail::time_in<R>(wait.limit()));
    for (int times = 0; !table_->take(number_, name, mode); ++times) {
      if (wait.kind() == Wait::Kind::skip) return false;
      if (wait.kind() == Wait::Kind::never) throw LockUnavailable{advisory_place(name)};
      if (detail::Patience<R>::called(&patience, times) == 0) throw LockTimeout{advisory_place(name)};
    }
    return true;
  }

  std::string path_;
  detail::Observer observer_;
  AdvisoryScope scope_;
  std::int64_t number_ = 0;
  std::unique_ptr<detail::AdvisoryTable<R>> table_;
  std::unique_ptr<detail::Alive> alive_;
  std::vector<Taken> taken_;
};

}  // namespace lockstep::sqlite
