// The PostgreSQL storage: a table of a database, mapped to records of one type.
//
// It models Storage with locks of rows, savepoints, chosen versions, guarded change and unguarded writes.
// Other programs may write the same rows: whoever counts the version column up with each write, as Rails'
// `lock_version` does, is seen and respected, and sees and respects in turn.
#pragma once

#include <lockstep/core/contract.hpp>
#include <lockstep/postgres/database.hpp>
#include <lockstep/sql/bulk.hpp>
#include <lockstep/sql/move.hpp>
#include <lockstep/sql/staging_table.hpp>

#include <array>
#include <concepts>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lockstep::postgres {

namespace detail {

/// Whether a column of a type keeps values of `type` as they are. Text goes into any type that has a text
/// of its own, and comes back as the server writes it: 1.50, 2026-01-31 12:00:00, {"a": 1}.
[[nodiscard]] inline bool keeps(const std::string& declared, sql::ColumnType type) {
  const auto is = [&](auto... names) { return ((declared == names) || ...); };
  const bool whole = is("int2", "int4", "int8", "bool");
  const bool real = is("float4", "float8");
  const bool bytes = is("bytea");
  switch (type) {
    case sql::ColumnType::integer:
      return whole;
    case sql::ColumnType::real:
      return is("float8");  // of 64 bits a float4 keeps half
    case sql::ColumnType::text:
      return !whole && !real && !bytes && !is("bpchar");  // which pads with spaces
    case sql::ColumnType::blob:
      return bytes;
    case sql::ColumnType::timestamp:
      return is("timestamp", "timestamptz");
    case sql::ColumnType::decimal:
      return is("numeric");
    case sql::ColumnType::uuid:
      return is("uuid", "text", "varchar");
    case sql::ColumnType::json:
      return is("json", "jsonb");
  }
  return false;
}

/// How many digits after the point a column keeps: -1 for as many as there are. `modifier` is what the
/// catalogue keeps of numeric(12, 2) and timestamp(3).
[[nodiscard]] inline int digits_kept(std::string_view declared, std::int64_t modifier) {
  if (modifier < 0) return -1;
  if (declared == "numeric") return static_cast<int>((modifier - 4) & 0x7ff);
  return declared.starts_with("timestamp") ? static_cast<int>(modifier) : -1;
}

/// What a table is apart from its layout.
struct Described {
  sql::detail::Layout layout;
  std::string oid;                // the table's number
  std::string key_constraint;     // the name of the index that the key is unique by
  std::int64_t last_version = 0;  // that the version column can hold
  bool triggers = false;          // that may change what an update writes
};

}  // namespace detail

/// A keyed collection of records in a table of a PostgreSQL database. Safe to use from any thread; refers to
/// its database, which must outlive it, as it must outlive the sessions that use it.
///
/// `T` is described with Boost.Describe, and its fields have an sql::Codec, as the parts of `Key` have: one
/// value, or a tuple of them. The key is no field of `T`. Use one Table for a table within one session.
///
/// A lock is the row's: FOR UPDATE, or FOR SHARE. Where there is no row yet, it is an advisory lock of the
/// transaction by a number computed from table and key, which every insert of lockstep takes as well.
template <class Key, sql::Record T, Runtime R = StdRuntime>
class Table : public sql::StagingTable<Table<Key, T, R>, Key, T, Session<R>> {
  using Base = sql::StagingTable<Table, Key, T, Session<R>>;
  friend Base;

 public:
  using runtime_type = R;                             ///< the database's
  static constexpr bool loads_are_a_snapshot = true;  ///< as SnapshotStorage asks
  static constexpr bool locks_are_a_servers = true;   ///< as ServerLockStorage asks

  /// Opens the table that `mapping` names. Throws sql::MappingMismatch with all that the table lacks,
  /// ConnectionLost, ServerError.
  Table(Database<R>& database, const sql::Mapping& mapping) : Table{database, described(database, mapping)} {}
  /// The table `name`, with the key in the column `id` and each field in the column of its name.
  template <std::convertible_to<std::string_view> Name>
  Table(Database<R>& database, const Name& name) : Table{database, Base::named(name)} {}

  /// The table's name.
  [[nodiscard]] const std::string& name() const noexcept { return statements_.layout().table; }
  /// True if it has a version column. If not, and the mapping says nothing else, a record's version is the
  /// row's xmin: the number of the transaction that wrote it, whoever that was. Such a version does not
  /// survive a dump and restore.
  [[nodiscard]] bool versioned() const noexcept { return statements_.versioned(); }
  /// The database that it belongs to.
  [[nodiscard]] Database<R>& database() const noexcept { return *database_; }
  /// A session of the database: what it stages commits together with other tables' changes.
  [[nodiscard]] Session<R> session() const { return database_->session(); }
  /// The database's receipts.
  [[nodiscard]] typename Database<R>::Receipts& receipts() const { return database_->receipts(); }

  /// The last committed record, whatever locks others hold. Throws sql::Unreadable if a column holds what
  /// its field cannot, ConnectionLost, ServerError. Cost: one round trip.
  [[nodiscard]] std::optional<Versioned<T>> load(const Key& key) const {
    typename Database<R>::Lease lease{*database_};
    try {
      return value_of(present_of(lease.connection().run(select(key, detail::Hold::no)), 0, key));
    } catch (const detail::Refused& refused) {
      detail::throw_failure(refused.failure, this->place(key));
    } catch (const detail::Broken& broken) {
      lease.drop();
      throw ConnectionLost{joined("PostgreSQL: ", broken.why)};
    }
  }

  /// The record as `session` sees it: its own staged write, or the record of its snapshot.
  /// Throws StaleRecord if a lock ended the snapshot, and what was loaded before has changed since;
  /// ConnectionLost, ServerError, SerializationFailure. Cost: one round trip, the beginning of the
  /// transaction included; none if the session has loaded or locked it.
  [[nodiscard]] std::optional<Versioned<T>> load(Session<R>& session, const Key& key) {
    auto& work = this->work_of(session);
    auto& entry = this->entry_of(work, key);
    if (entry.writes()) return Base::staged_of(entry);
    detail::Entry* const wanted[] = {&entry};
    work.read(wanted);
    return value_of(*entry.current);
  }

  /// Says what will be loaded: the session's next load brings these along, of whatever tables, in its one
  /// round trip. Cost: none by itself.
  void prefetch(Session<R>& session, std::span<const Key> keys) {
    auto& work = this->work_of(session);
    for (const auto& key : keys) work.announced.push_back(&this->entry_of(work, key));
  }

  /// Locks the row until the session ends, and loads it. Ends the session's snapshot: later loads show the
  /// present, or throw StaleRecord if what was loaded before is not. Throws LockUnavailable, LockTimeout,
  /// Deadlock, SerializationFailure, ConnectionLost, ServerError; locks taken before stay held after the
  /// first three. Cost: one round trip, and a second one where there is no row.
  bool lock(Session<R>& session, const Key& key, LockMode mode = LockMode::exclusive,
            Wait wait = Wait::forever()) {
    auto& work = this->work_of(session);
    return work.lock(this->entry_of(work, key), mode, wait);
  }

  /// Runs `change` on a copy of the record while holding its lock, and stores the copy if `change`
  /// returns true. Nothing if it returned false. Throws Missing, and as `lock` and `commit` do.
  /// Cost: two round trips.
  template <std::predicate<T&> Change>
  std::optional<Versioned<T>> change(const Key& key, Change&& change) {
    auto session = this->session();
    lock(session, key);
    auto found = load(session, key);
    if (!found) throw Missing{this->place(key)};
    if (!std::invoke(change, found->record)) return std::nullopt;
    this->write(session, key, found->version, found->record);
    if (auto commit = session.commit(); !commit) throw StaleRecord{std::move(commit)};
    found->version = this->version(session, key);
    return found;
  }

  /// Moves `amount` of a field from one row to the other in one statement, both versions with it: see
  /// MovingStorage. Both rows are locked in the order of all commits; others' locks of them are waited for.
  /// False as well if the server refuses, for whatever reason, if versions are not counted, and where
  /// sessions are SERIALIZABLE. Throws ConnectionLost, and OutcomeUnknown if the connection ended before the
  /// answer. Of a record type with invariants in C++ there is none. Cost: one round trip.
  template <auto Member, class Amount>
    requires sql::detail::Movable<T, Member, Amount>
  bool move_amount(const Key& from, const Key& to, const Amount& amount) {
    const auto& layout = statements_.layout();
    const auto moved = sql::detail::moved(amount);
    if (!moved.possible || !sql::detail::moves_alone(layout)) return false;
    if (database_->options().isolation == Isolation::serializable) return false;
    const bool first_pays = index_of(from) < index_of(to);
    Query query{statements_.move(sql::detail::field_number<T, Member>, first_pays)};
    query.bind_all(sql::detail::key_values(first_pays ? from : to));
    query.bind_all(sql::detail::key_values(first_pays ? to : from));
    query.bind(moved.amount).bind(moved.room);
    sql::detail::CommitTime time{&sql::detail::present_time<R>};
    if (!layout.updated_at.empty()) query.bind(time.text());
    typename Database<R>::Lease lease{*database_};
    try {
      return lease.connection().run(query).number_at(0, 0) == 1;
    } catch (const detail::Refused&) {  // another look tells what of, or finds that it has gone
      return false;
    } catch (const detail::Broken& broken) {
      lease.drop();
      detail::throw_broken(broken, [&] { return std::vector{this->place(from), this->place(to)}; });
    }
  }

  /// Applies `changes` to each row for which `where` holds, in one statement, moves the versions, and says
  /// how many rows they were: see BulkStorage. A row that somebody else writes meanwhile is waited for, and
  /// looked at again. Rows that come to fulfil the condition meanwhile are not changed, unless sessions are
  /// SERIALIZABLE. Throws sql::Busy, Deadlock, SerializationFailure, OutOfRange, sql::ConstraintFailed,
  /// ConnectionLost, ServerError; nothing was written then. Throws OutcomeUnknown if the connection ended
  /// before the answer. Of a record type with invariants in C++ there is none: nobody could look at them.
  /// Cost: one round trip.
  template <Condition Where, class... Changes>
    requires sql::detail::WithoutInvariants<T>
  std::uint64_t change_all(const Where& where, const Changes&... changes) {
    sql::detail::CommitTime time{&sql::detail::present_time<R>};
    sql::detail::BulkText<T> text{statements_.layout(), detail::dialect, sql::detail::Overflow::by_cast};
    std::vector<Query> queries;
    const bool serializable = database_->options().isolation == Isolation::serializable;
    if (serializable) queries.emplace_back("BEGIN ISOLATION LEVEL SERIALIZABLE READ WRITE");
    queries.emplace_back(text.update(time, where, changes...));
    queries.back().bind_all(text.values());
    if (serializable) queries.emplace_back("COMMIT");
    typename Database<R>::Lease lease{*database_};
    try {
      return lease.connection().run(queries)[serializable ? 1 : 0].affected();
    } catch (const detail::Refused& refused) {
      if (serializable) lease.drop();  // it is in the middle of a transaction
      if (refused.failure.state == "22003") throw OutOfRange{name()};
      detail::throw_failure(refused.failure, {name(), "?"});
    } catch (const detail::Broken& broken) {
      lease.drop();
      detail::throw_broken(broken, [&] { return std::vector{Place{name(), "?"}}; });
    }
  }

 private:
  using Query = detail::Query;
  using Present = detail::Present;
  using Rows = detail::Rows;
  using Staged = lockstep::detail::Staged;
  using Work = typename Session<R>::Work;

  class Entry final : public detail::Entry {
   public:
    Entry(const Table& table, const Key& key, std::string order)
        : detail::Entry{&table}, table_{&table}, key_{key}, order_{std::move(order)} {}

    [[nodiscard]] Place place() const override { return table_->place(key_); }
    [[nodiscard]] const std::string& order() const override { return order_; }
    [[nodiscard]] const std::string& table_name() const override { return table_->name(); }

    [[nodiscard]] Query select(detail::Hold hold) const override { return table_->select(key_, hold); }
    [[nodiscard]] Query select_unless_locked(detail::Hold hold) const override {
      return keyed(statements().select_unless_locked(hold));
    }

    [[nodiscard]] Query check(std::span<const detail::Guard> guards) const override {
      const auto hold = staged.write == Staged::Write::erase ? detail::Hold::exclusive
                        : staged.write == Staged::Write::put ? detail::Hold::update
                                                             : detail::Hold::shared;
      auto query = keyed(statements().check(guards, hold));
      this->for_each_guard([&](Action, Version expected, detail::Guard guard) {
        if (guard == detail::Guard::version) query.bind(number(expected));
      });
      return query;
    }

    [[nodiscard]] Query land(bool alone, sql::detail::CommitTime& time) const override {
      const bool guarded = staged.guarded;
      if (staged.write == Staged::Write::erase) {
        auto query = keyed(statements().erase(guarded, alone));
        if (guarded) query.bind(number(staged.guard));
        return query;
      }
      const auto key = sql::detail::key_values(key_);
      const auto& layout = statements().layout();
      if (guarded && staged.guard.absent()) {
        Query query{statements().insert(alone)};
        query.bind_all(key);
        if (statements().versioned()) query.bind(stored(staged.initial, time));
        query.bind_all(sql::detail::row_to_insert(layout, record(), time).values);
        bind_times(query, true, time);
        return query;
      }
      const auto row =
          sql::detail::row_to_update(layout, record(), static_cast<const T*>(staged.base.get()), time);
      const bool replaces = !staged.initial.absent() && statements().versioned();
      Query query{replaces ? statements().replace(row.changed)
                           : statements().update(row.changed, guarded, alone)};
      for (std::size_t at = 0; at < row.values.size(); ++at) {
        if (row.changed[at]) query.bind(row.values[at]);
      }
      if (replaces) query.bind(stored(staged.initial, time));
      const bool moves_by_itself = layout.kind == sql::VersionKind::counter || !statements().versioned();
      if (!replaces && !moves_by_itself) query.bind(stored({}, time));
      bind_times(query, false, time);
      query.bind_all(key);
      if (guarded) query.bind(number(staged.guard));
      return query;
    }

    [[nodiscard]] bool tells() const override {
      const bool updates = staged.write == Staged::Write::put && !(staged.guarded && staged.guard.absent());
      return !updates || statements().tells(staged.guarded);
    }

    [[nodiscard]] bool lands_alone() const override {
      return staged.write == Staged::Write::erase || staged.guard.absent() || staged.initial.absent();
    }

    [[nodiscard]] Present present(const Rows& rows, int column) const override {
      return table_->present_of(rows, column, key_);
    }

    [[nodiscard]] std::shared_ptr<const Stale> stale(Action action, Version expected,
                                                     const Present& now) const override {
      return std::make_shared<const Conflict<Key, T>>(action, table_->name(), key_, expected, now.version,
                                                      value_of(now));
    }

    void check_landing() const override {
      if (!statements().versioned() || staged.write != Staged::Write::put) return;
      const auto last = static_cast<std::uint64_t>(table_->described_.last_version);
      const bool replaces = staged.guarded && !staged.guard.absent();
      if (statements().layout().kind == sql::VersionKind::uuid) {
        if (staged.initial.absent()) return;
        throw VersionUnavailable{place(), "a version that is a UUID cannot be chosen"};
      }
      if (!staged.initial.absent()) {
        if (replaces && staged.initial.number() <= staged.guard.number()) {
          throw VersionUnavailable{place(),
                                   joined("version ", to_string(staged.initial), " was used before")};
        }
        if (staged.initial.number() > last) {
          throw VersionUnavailable{place(),
                                   joined("version ", to_string(staged.initial), " does not fit its column")};
        }
      } else if (replaces && staged.guard.number() >= last) {
        throw VersionUnavailable{place(), "its last version is used"};
      }
    }

    [[nodiscard]] bool key_is_taken(const detail::Failure& failure) const override {
      return failure.table == table_->name() && failure.constraint == table_->described_.key_constraint;
    }

   private:
    [[nodiscard]] const detail::Statements& statements() const noexcept { return table_->statements_; }
    [[nodiscard]] const T& record() const { return *static_cast<const T*>(staged.record.get()); }
    /// What the version column is to hold: `wanted`, or if that is absent what comes first or next.
    [[nodiscard]] sql::Value stored(Version wanted, sql::detail::CommitTime& time) const {
      switch (statements().layout().kind) {
        case sql::VersionKind::timestamp:
          return sql::text_of_time(wanted.absent() ? time.moment() : sql::detail::time_of(wanted));
        case sql::VersionKind::uuid:
          return sql::detail::random_uuid<R>();
        default:
          return number(wanted.absent() ? Version{0} : wanted);
      }
    }
    void bind_times(Query& query, bool insert, sql::detail::CommitTime& time) const {
      statements().layout().for_each_own_time(insert, [&](const std::string&) { query.bind(time.text()); });
    }
    [[nodiscard]] Query keyed(std::string sql) const {
      Query query{std::move(sql)};
      query.bind_all(sql::detail::key_values(key_));
      return query;
    }

    const Table* table_;
    Key key_;
    std::string order_;
  };

  Table(Database<R>& database, detail::Described described)
      : database_{&database},
        described_{std::move(described)},
        statements_{described_.layout, described_.triggers},
        index_{Base::bytes_before(described_.oid)} {}

  /// A version as a value to bind. What no column can hold is stored nowhere, and so compares with nothing.
  [[nodiscard]] static sql::Value number(Version version) {
    constexpr std::uint64_t most = std::numeric_limits<std::int64_t>::max();
    return version.number() > most ? std::int64_t{-1} : static_cast<std::int64_t>(version.number());
  }

  static detail::Described described(Database<R>& database, const sql::Mapping& mapping) {
    typename Database<R>::Lease lease{database};
    try {
      return described(lease.connection(), mapping, database.options().version_column);
    } catch (const detail::Refused& refused) {
      detail::throw_failure(refused.failure, {mapping.table, "?"});
    } catch (const detail::Broken& broken) {
      lease.drop();
      throw ConnectionLost{joined("PostgreSQL: ", broken.why)};
    }
  }

  static detail::Described described(detail::Connection& connection, const sql::Mapping& mapping,
                                     const std::string& version_column) {
    const auto name = sql::quoted(mapping.table);
    std::vector<Query> queries;
    queries.emplace_back("SELECT CAST(CAST(to_regclass($1) AS oid) AS text)");
    queries.push_back(
        Query{"SELECT attname, COALESCE(base.typname, type.typname), attnotnull OR type.typnotnull, "
              "atthasdef OR attidentity <> '' OR type.typdefault IS NOT NULL, "
              "CASE WHEN base.typname IS NULL THEN atttypmod ELSE type.typtypmod END FROM pg_attribute "
              "JOIN pg_type AS type ON type.oid = atttypid LEFT JOIN pg_type AS base ON base.oid = "
              "type.typbasetype "
              "WHERE attrelid = to_regclass($1) AND attnum > 0 AND NOT attisdropped ORDER BY attnum"});
    // Each unique index that serves ON CONFLICT, and its columns.
    queries.push_back(
        Query{"SELECT class.relname, attname FROM pg_index JOIN pg_class AS class ON class.oid = indexrelid "
              "JOIN pg_attribute ON attrelid = indrelid AND attnum = ANY (indkey) "
              "WHERE indrelid = to_regclass($1) AND indisunique AND indimmediate AND indpred IS NULL "
              "AND indexprs IS NULL AND indnatts = indnkeyatts ORDER BY class.relname"});
    queries.emplace_back(  // BEFORE UPDATE, and for each row
        "SELECT EXISTS (SELECT FROM pg_trigger WHERE tgrelid = to_regclass($1) AND tgtype & 19 = 19)");
    for (auto& query : queries) query.bind(std::string_view{name});
    const auto answers = connection.run(queries);

    std::vector<sql::detail::ExistingColumn> columns;
    for (int row = 0; row < answers[1].size(); ++row) {
      auto type = answers[1].text_at(row, 1);
      const int digits = detail::digits_kept(type, answers[1].number_at(row, 4).value_or(-1));
      columns.push_back({answers[1].text_at(row, 0), std::move(type), answers[1].number_at(row, 2) != 1,
                         answers[1].number_at(row, 3) == 1, digits});
    }
    if (columns.empty()) throw sql::MappingMismatch{mapping.table, {sql::detail::no_such_table}};
    std::vector<std::string> mismatches;
    auto layout = sql::detail::laid_out<Key, T>(mapping, version_column, sql::VersionKind::row, columns,
                                                &detail::keeps, mismatches);

    std::string constraint;
    std::vector<std::string> wanted = layout.key;
    std::ranges::sort(wanted);
    for (int row = 0; row < answers[2].size() && constraint.empty();) {
      const auto index = answers[2].text_at(row, 0);
      std::vector<std::string> indexed;
      for (; row < answers[2].size() && answers[2].text_at(row, 0) == index; ++row) {
        indexed.push_back(answers[2].text_at(row, 1));
      }
      std::ranges::sort(indexed);
      if (indexed == wanted) constraint = index;
    }
    if (constraint.empty()) mismatches.push_back("the key's columns are not its primary key, and not unique");
    if (!mismatches.empty()) throw sql::MappingMismatch{mapping.table, std::move(mismatches)};

    const auto version = std::ranges::find(columns, layout.version, &sql::detail::ExistingColumn::name);
    const std::string type = version == columns.end() ? "int8" : version->type;
    const auto last = type == "int2"   ? std::int64_t{std::numeric_limits<std::int16_t>::max()}
                      : type == "int4" ? std::int64_t{std::numeric_limits<std::int32_t>::max()}
                                       : std::numeric_limits<std::int64_t>::max();
    return {std::move(layout), answers[0].text_at(0, 0), std::move(constraint), last,
            answers[3].number_at(0, 0) == 1};
  }

  [[nodiscard]] std::string index_of(const Key& key) const { return Base::bytes_of(key, index_); }

  [[nodiscard]] std::unique_ptr<detail::Entry> new_entry(const Key& key, std::string order) const {
    return std::make_unique<Entry>(*this, key, std::move(order));
  }

  [[nodiscard]] Query select(const Key& key, detail::Hold hold) const {
    Query query{statements_.select(hold)};
    query.bind_all(sql::detail::key_values(key));
    return query;
  }

  // What the first row has from `column` on. NULL stands for no row: a version that is NULL is read as 0.
  [[nodiscard]] Present present_of(const Rows& rows, int column, const Key& key) const {
    if (rows.size() == 0) return {};
    const auto version = rows.number_at(0, column);
    if (!version) return {};
    if (*version < 0) {
      throw sql::Unreadable{this->place(key), statements_.layout().version, std::to_string(*version)};
    }
    const auto field = [&](std::size_t at) { return rows.value(0, column + 1 + static_cast<int>(at)); };
    const auto unfit = [&](std::size_t at) {
      throw sql::Unreadable{this->place(key), statements_.layout().fields[at], sql::shown_value(field(at))};
    };
    return {Version{static_cast<std::uint64_t>(*version)},
            std::make_shared<const T>(sql::detail::record_of_values<T>(field, unfit))};
  }

  [[nodiscard]] static std::optional<Versioned<T>> value_of(const Present& now) {
    if (now.version.absent()) return std::nullopt;
    return Versioned<T>{*std::static_pointer_cast<const T>(now.record), now.version};
  }

  Database<R>* database_;
  detail::Described described_;
  detail::Statements statements_;
  std::string index_;
};

template <Runtime R>
typename Database<R>::Receipts& Database<R>::receipts() {
  const std::scoped_lock guard{opening_receipts_};
  if (!receipts_) {
    const auto& table = options_.receipts_table;
    receipts_ = sql::detail::open_receipts<Receipts>(*this, table, create_receipts(table));
  }
  return *receipts_;
}

}  // namespace lockstep::postgres
