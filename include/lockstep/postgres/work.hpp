// What a session does with its connection: reads from one snapshot, locks, and commits what is staged.
//
// A session reads from one snapshot (REPEATABLE READ), and keeps what it means to write to itself. Its
// commit leaves the snapshot and is one round trip in a transaction of its own (READ COMMITTED): each
// record is locked, compared with its guard as it is then, and written if all guards hold. A write under
// the snapshot would fail as a whole as soon as another has written, and could not tell what is there.
// Source: "Transaction Isolation", https://www.postgresql.org/docs/current/transaction-iso.html, and
// "Explicit Locking", https://www.postgresql.org/docs/current/explicit-locking.html
#pragma once

#include <lockstep/postgres/advisory_key.hpp>
#include <lockstep/postgres/entry.hpp>
#include <lockstep/postgres/options.hpp>
#include <lockstep/runtime/runtime.hpp>
#include <lockstep/sql/timestamp.hpp>
#include <lockstep/storage/storage.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace lockstep::postgres {

template <Runtime R>
class Database;

namespace detail {

/// The inside of a session.
template <Runtime R>
struct SessionWork {
  struct Lock {
    Entry* entry;  // none: it is of a name
    Held before;
    std::string name;
    LockMode mode;  // of a name
  };

  SessionWork(Database<R>& of, Isolation level) : database{&of}, isolation{level} {}
  ~SessionWork() { end(); }

  // The connection

  Connection& connection() {
    if (lost) throw ConnectionLost{"PostgreSQL: the session's connection was lost"};
    if (!pooled) pooled = database->pool_.lend();
    return *pooled;
  }

  /// One round trip. Throws Refused, Broken.
  std::vector<Rows> ask(const std::vector<Query>& queries) {
    auto& lent = connection();
    ++database->round_trips_;
    try {
      return lent.run(queries);
    } catch (const Refused&) {
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
      entry->held = Held::no;
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
    if (entry.held != Held::no) return true;
    return entry.current && entry.epoch == epoch && (open == Open::snapshot || open == Open::serializable);
  }

  void fetch(const std::vector<Entry*>& wanted) {
    std::vector<Query> queries;
    const bool begins = open == Open::no;
    const bool guarded = !begins && !locks.empty();  // a statement that fails must not cost the locks
    if (begins) queries.push_back(begin_to_read());
    if (guarded) queries.emplace_back("SAVEPOINT lockstep_load");
    const auto first = queries.size();
    for (auto* const entry : wanted) queries.push_back(entry->select(Hold::no));

    // Without a snapshot: what was loaded before is looked at after what is loaded now. If it has not
    // moved, all of it was there together when the first of these statements ran.
    std::vector<Entry*> earlier;
    if (left || open == Open::current || (begins && opened_to_read() == Open::current)) {
      for (const auto& entry : entries) {
        if (entry->seen && entry->held == Held::no &&
            std::ranges::find(wanted, entry.get()) == wanted.end()) {
          earlier.push_back(entry.get());
        }
      }
    }
    for (auto* const entry : earlier) queries.push_back(entry->select(Hold::no));
    if (guarded) queries.emplace_back("RELEASE SAVEPOINT lockstep_load");

    std::vector<Rows> answers;
    try {
      if (begins) open = opened_to_read();  // for all that is known if it fails
      answers = ask(queries);
    } catch (const Refused& refused) {
      if (!guarded || !run_quietly("ROLLBACK TO SAVEPOINT lockstep_load")) leave_transaction();
      throw_failure(refused.failure, wanted.front()->place());
    } catch (const Broken& broken) {
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
    const auto held = mode == LockMode::shared ? Held::shared : Held::exclusive;
    if (entry.held >= held) return true;
    return lock(
        wait, [&] { return entry.place(); },
        [&](bool waits, std::vector<Query> queries) {
          const auto [granted, now] = lock_row(entry, mode, waits, std::move(queries));
          if (!granted) return false;
          locks.push_back({&entry, entry.held, {}, mode});
          entry.held = held;
          entry.current = now;
          return true;
        });
  }

  bool lock(const std::string& name, LockMode mode, Wait wait) {
    const auto before = name_held(name);
    if (before == LockMode::exclusive || before == mode) return true;
    return lock(
        wait, [&] { return advisory_place(name); },
        [&](bool waits, std::vector<Query> queries) {
          const AdvisoryKey key{name, database->options_};
          constexpr auto scope = AdvisoryScope::transaction;
          queries.push_back(waits ? key.lock(mode, scope) : key.try_lock(mode, scope));
          if (ask(queries).back().number_at(0, 0) != 1 && !waits) return false;
          locks.push_back({nullptr, Held::no, name, mode});
          return true;
        });
  }

  [[nodiscard]] std::optional<LockMode> name_held(const std::string& name) const {
    for (auto at = locks.size(); at-- > 0;) {
      if (!locks[at].entry && locks[at].name == name) return locks[at].mode;
    }
    return std::nullopt;
  }

  /// `acquire(waits, queries)` asks `queries` and for the lock, and says whether it is granted.
  template <class PlaceOf, class Acquire>
  bool lock(Wait wait, PlaceOf&& place, Acquire&& acquire) {
    const bool waits = wait.kind() == Wait::Kind::forever || wait.kind() == Wait::Kind::up_to;
    const bool limited = wait.kind() == Wait::Kind::up_to;

    std::vector<Query> queries;
    if (open == Open::snapshot) {
      queries.emplace_back("ROLLBACK");
      forget_transaction();
    }
    const bool begins = open == Open::no;
    if (begins) {
      queries.emplace_back(isolation == Isolation::serializable
                               ? "BEGIN ISOLATION LEVEL SERIALIZABLE READ WRITE"
                               : "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE");
    }
    if (waits) wait_up_to(queries, limited ? milliseconds(wait.limit()) : "0");
    const bool guarded = !locks.empty();
    if (guarded) queries.emplace_back(savepoint(locks.size()), Query::Kind::once);
    if (begins) open = isolation == Isolation::serializable ? Open::serializable : Open::current;

    try {
      if (acquire(waits, std::move(queries))) return true;
      if (!guarded) leave_transaction();
      if (wait.kind() == Wait::Kind::never) throw LockUnavailable{place()};
      return false;
    } catch (const Refused& refused) {
      if (refused.failure.state == "40001" || !guarded || !run_quietly(rollback_to_lock(locks.size()))) {
        leave_transaction();
      } else {
        timeout.reset();
      }
      if (refused.failure.state == "55P03" && limited) throw LockTimeout{place()};
      throw_failure(refused.failure, place());
    } catch (const Broken& broken) {
      throw ConnectionLost{joined("PostgreSQL: ", broken.why)};
    }
  }

  /// Locks the row, or where there is none the number that stands for it. False if it would have to wait.
  std::pair<bool, Present> lock_row(Entry& entry, LockMode mode, bool waits, std::vector<Query> queries) {
    const auto hold = mode == LockMode::shared ? Hold::shared : Hold::exclusive;
    for (bool numbered = false;; numbered = true) {
      if (numbered) {
        std::string sql{waits ? "SELECT pg_advisory_xact_lock" : "SELECT pg_try_advisory_xact_lock"};
        sql += mode == LockMode::shared ? "_shared($1)" : "($1)";
        queries.emplace_back(std::move(sql));
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
    queries.emplace_back("SELECT set_config('lock_timeout', $1, true)");
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
    } catch (const Refused& refused) {
      leave_transaction();
      throw_failure(refused.failure, {"postgres", "?"});
    } catch (const Broken& broken) {
      throw ConnectionLost{joined("PostgreSQL: ", broken.why)};
    }
    timeout.reset();  // a setting goes back with the rest
  }

  void unlock_to(std::size_t count) {
    if (count == 0) return leave_transaction();
    unlock_statement(count);
    while (locks.size() > count) {
      auto& lock = locks.back();
      if (lock.entry) {
        lock.entry->held = lock.before;
        if (lock.before == Held::no) lock.entry->current.reset();
      }
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
    for (unsigned losses = 0;; ++losses) {
      auto failed = land(staged, losses);
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
    if (open != Open::no) queries.emplace_back("ROLLBACK");
    if (staged.size() > 1) queries.emplace_back("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
    const auto first = queries.size();
    for (const auto* const entry : staged) queries.push_back(entry->select(Hold::no));
    if (staged.size() > 1) queries.emplace_back("ROLLBACK");
    forget_transaction();
    try {
      const auto answers = ask(queries);
      Commit::Members failed;
      for (std::size_t at = 0; at < staged.size(); ++at) {
        staged[at]->compare(staged[at]->present(answers[first + at], 0), failed);
      }
      return failed;
    } catch (const Refused& refused) {
      open = Open::current;  // it has to be ended
      throw_failure(refused.failure, staged.front()->place());
    } catch (const Broken& broken) {
      throw ConnectionLost{joined("PostgreSQL: ", broken.why)};
    }
  }

  /// All guards and all writes in one round trip. The guards that failed: none, and all of it has landed.
  /// Nothing at all if it must be tried again, which it was `losses` times.
  std::optional<Commit::Members> land(const std::vector<Entry*>& staged, unsigned losses) {
    Asked asked;
    if (open == Open::snapshot) {
      asked.add(Query{"ROLLBACK"});
      forget_transaction();
    }
    if (isolation == Isolation::serializable && open == Open::no) {
      asked.add(Query{"BEGIN ISOLATION LEVEL SERIALIZABLE READ WRITE"});
      open = Open::serializable;
    }
    const bool within = open != Open::no;
    if (within) wait_up_to(asked.queries, milliseconds(database->options_.lock_timeout));
    asked.whose.resize(asked.queries.size());

    sql::detail::CommitTime time{&sql::detail::present_time<R>};
    const auto guards = staged.front()->guards();
    const bool alone =
        staged.size() == 1 && guards.size() == 1 && staged.front()->writes() && staged.front()->lands_alone();
    std::vector<std::size_t> checks(staged.size());
    std::vector<std::size_t> writes(staged.size());
    if (alone) {
      if (guards.front() == Guard::absent) asked.add_number_of(*staged.front(), true);
      writes.front() = asked.add(staged.front()->land(true, time), staged.front());
    } else {
      asked.add(Query{std::string{Statements::begin_checks}});
      for (const auto at : in_order(staged)) {
        const auto& entry = *staged[at];
        const auto its = entry.guards();
        if (std::ranges::find(its, Guard::absent) != its.end()) {
          asked.add_number_of(entry, entry.writes());
        }
        checks[at] = asked.add(entry.check(its), &entry);
      }
      for (std::size_t at = 0; at < staged.size(); ++at) {
        if (staged[at]->writes()) writes[at] = asked.add(staged[at]->land(false, time), staged[at]);
      }
    }
    if (within) asked.add(Query{"COMMIT"});

    std::vector<Rows> answers;
    try {
      answers = ask(asked.queries);
    } catch (const Refused& refused) {
      leave_transaction();
      return refused_commit(refused, asked, staged);
    } catch (const Broken& broken) {
      throw_broken(broken, [&] {
        std::vector<Place> places;
        for (const auto* const entry : staged) {
          if (entry->writes()) places.push_back(entry->place());
        }
        return places;
      });
    }
    forget_transaction();

    Commit::Members failed;
    if (!alone) {
      for (std::size_t at = 0; at < staged.size(); ++at) {
        staged[at]->compare(staged[at]->present(answers[checks[at]], 1), failed);
      }
    } else if (answers[writes.front()].affected() == 0) {
      return lost_alone(*staged.front(), losses);
    }
    if (!failed.empty()) return failed;
    if (alone && !staged.front()->tells()) {
      staged.front()->landed = Version{staged.front()->staged.guard.number() + 1};
      return failed;
    }
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

  /// Why a write alone did not land, which takes another look. If its guard holds by then, it is tried again,
  /// but not for ever: something may keep the row from being written.
  std::optional<Commit::Members> lost_alone(Entry& entry, unsigned losses) {
    constexpr unsigned most = 3;
    auto failed = look({&entry});
    if (!failed.empty()) return failed;
    if ((entry.staged.guarded && entry.staged.guard.absent()) || losses < most) return std::nullopt;
    throw sql::DatabaseError{0, joined("PostgreSQL: ", to_string(entry.place()),
                                       ": a trigger or a rule kept the row from being written")};
  }

  /// What becomes of a commit that the server refused; nothing of it was written.
  std::optional<Commit::Members> refused_commit(const Refused& refused, const Asked& asked,
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
    throw_failure(failure, whose                   ? whose->place()
                           : failure.table.empty() ? staged.front()->place()
                                                   : Place{failure.table, "?"});
  }

  Database<R>* database;
  Isolation isolation;
  std::unique_ptr<Connection> pooled;
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

}  // namespace detail

}  // namespace lockstep::postgres
