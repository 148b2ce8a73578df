// The SQLite storage: a table of a database file, mapped to records of one type.
//
// It models Storage with locks, savepoints, chosen versions, guarded change and unguarded
// writes. Other programs may write the same rows: whoever counts the version column up with each
// write, as Rails' `lock_version` does, is seen and respected, and sees and respects in turn.
#pragma once

#include <lockstep/core/contract.hpp>
#include <lockstep/core/fingerprint.hpp>
#include <lockstep/sql/bulk.hpp>
#include <lockstep/sql/move.hpp>
#include <lockstep/sql/staging_table.hpp>
#include <lockstep/sql/statements.hpp>
#include <lockstep/sqlite/database.hpp>

#include <algorithm>
#include <array>
#include <cctype>
#include <concepts>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lockstep::sqlite {

namespace detail {

inline constexpr sql::detail::Dialect dialect{.numbered = false};

/// Whether a column of a declared type keeps values of `type` as they are. Any column takes any value,
/// but some are changed: the text 007 in an integer column becomes the number 7.
/// Source: the rules of affinity, https://sqlite.org/datatype3.html section 3.1
[[nodiscard]] inline bool keeps(const std::string& type_of_column, sql::ColumnType type) {
  auto declared = type_of_column;
  std::ranges::transform(declared, declared.begin(),
                         [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  const auto has = [&](std::string_view part) { return declared.find(part) != std::string::npos; };
  const bool integer = has("INT");
  const bool text = !integer && (has("CHAR") || has("CLOB") || has("TEXT"));
  const bool blob = !integer && !text && (declared.empty() || has("BLOB") || declared == "ANY");
  const bool real = !integer && !text && !blob && (has("REAL") || has("FLOA") || has("DOUB"));
  // Others are numeric, where text that looks like a number becomes one. A time does not look like one.
  const bool time = !integer && !text && !blob && !real && (has("DATE") || has("TIME"));
  switch (type) {
    case sql::ColumnType::integer:
      return !text && !real;
    case sql::ColumnType::real:
      return !text;
    case sql::ColumnType::text:
    case sql::ColumnType::timestamp:
      return text || blob || time;
    case sql::ColumnType::blob:
      return true;
    case sql::ColumnType::decimal:
      return !real && !integer;
    case sql::ColumnType::uuid:
      return text || blob || has("UUID");
    case sql::ColumnType::json:
      return text || blob || has("JSON");
  }
  return false;
}

}  // namespace detail

/// A keyed collection of records in a table of an SQLite database. Safe to use from any thread; refers to
/// its database, which must outlive it, as it must outlive the sessions that use it.
///
/// `T` is described with Boost.Describe, and its fields have an sql::Codec, as the parts of `Key` have: one
/// value, or a tuple of them. The key is no field of `T`. Use one Table for a table within one session.
///
/// An exclusive lock is SQLite's write lock, which is the whole database's: BEGIN IMMEDIATE. Shared locks it
/// has not: they throw NotSupported.
template <class Key, sql::Record T, Runtime R = StdRuntime>
class Table : public sql::StagingTable<Table<Key, T, R>, Key, T, Session<R>> {
  using Base = sql::StagingTable<Table, Key, T, Session<R>>;
  friend Base;

 public:
  using runtime_type = R;                                ///< the database's
  static constexpr bool loads_are_local = true;          ///< as LocalStorage asks
  static constexpr bool loads_are_a_snapshot = true;     ///< as SnapshotStorage asks
  static constexpr bool locks_are_the_databases = true;  ///< as WholeLockStorage asks

  /// Opens the table that `mapping` names. Throws sql::MappingMismatch with all that the table lacks.
  Table(Database<R>& database, const sql::Mapping& mapping)
      : database_{&database}, statements_{opened(database, mapping)}, index_{Base::bytes_before(name())} {}
  /// The table `name`, with the key in the column `id` and each field in the column of its name.
  template <std::convertible_to<std::string_view> Name>
  Table(Database<R>& database, const Name& name) : Table{database, Base::named(name)} {}

  /// The table's name.
  [[nodiscard]] const std::string& name() const noexcept { return statements_.layout().table; }
  /// True if it has a version column. If not, a record's version is computed from its columns: a write is
  /// stale if one of them has another value than when it was loaded, but not if it has the same one again.
  [[nodiscard]] bool versioned() const noexcept { return statements_.versioned(); }
  /// The database that it belongs to.
  [[nodiscard]] Database<R>& database() const noexcept { return *database_; }
  /// A session of the database: what it stages commits together with other tables' changes.
  [[nodiscard]] Session<R> session() const { return database_->session(); }
  /// The database's receipts.
  [[nodiscard]] typename Database<R>::Receipts& receipts() const { return database_->receipts(); }

  /// The last committed record, whatever locks others hold. Throws sql::Unreadable if a column holds
  /// what its field cannot.
  [[nodiscard]] std::optional<Versioned<T>> load(const Key& key) const {
    const typename Database<R>::Lease lease{*database_};
    return select(lease.connection(), key);
  }

  /// The record as `session` sees it: its own staged write, or the record of its snapshot.
  /// Throws StaleRecord if a lock ended the snapshot, and what was loaded before has changed since.
  [[nodiscard]] std::optional<Versioned<T>> load(Session<R>& session, const Key& key) {
    auto& work = this->work_of(session);
    auto& entry = this->entry_of(work, key);
    if (entry.writes()) return Base::staged_of(entry);
    auto found = select(work.read(), key);
    if (!entry.seen) {
      entry.seen.emplace();
      if (found) entry.seen = {found->version, std::make_shared<const T>(found->record)};
    }
    return found;
  }

  /// Takes the write lock of the whole database until the session ends, whatever the key. Ends the
  /// session's snapshot: later loads show the present, or throw StaleRecord if what was loaded before is not.
  /// Throws NotSupported for a shared lock that is not covered by an exclusive one, LockUnavailable,
  /// LockTimeout. Waiters of this process are served in their order; other processes' are not.
  bool lock(Session<R>& session, const Key& key, LockMode mode = LockMode::exclusive,
            Wait wait = Wait::forever()) {
    auto& work = this->work_of(session);
    const auto place = [&] { return Place{name(), shown(key)}; };
    if (mode == LockMode::shared && !work.locked()) {
      throw NotSupported{joined(to_string(place()), ": SQLite has no shared locks of records")};
    }
    return work.lock(wait, place);
  }

  /// Runs `change` on a copy of the record while holding the write lock, and stores the copy if `change`
  /// returns true. Nothing if it returned false. Throws Missing, sql::Busy.
  template <std::predicate<T&> Change>
  std::optional<Versioned<T>> change(const Key& key, Change&& change) {
    auto session = this->session();
    session.work().lock_for_commit();
    auto found = load(session, key);
    if (!found) throw Missing{this->place(key)};
    if (!std::invoke(change, found->record)) return std::nullopt;
    this->write(session, key, found->version, found->record);
    if (auto commit = session.commit(); !commit) throw StaleRecord{std::move(commit)};
    found->version = this->version(session, key);
    return found;
  }

  /// Moves `amount` of a field from one row to the other, both versions with it, by two statements that look
  /// for themselves: see MovingStorage. False as well if SQLite refuses, for whatever reason, and if versions
  /// are not counted. Throws OutcomeUnknown, with SQLite's error nested, if the disk failed during SQLite's
  /// COMMIT. Of a record type with invariants in C++ there is none.
  template <auto Member, class Amount>
    requires sql::detail::Movable<T, Member, Amount>
  bool move_amount(const Key& from, const Key& to, const Amount& amount) {
    const auto& layout = statements_.layout();
    const auto moved = sql::detail::moved(amount);
    if (!moved.possible || !sql::detail::moves_alone(layout)) return false;
    sql::detail::CommitTime time{&sql::detail::present_time<R>};
    auto session = this->session();
    auto& work = session.work();
    const auto change = [&](const std::string& text, const Key& key, std::int64_t limit) {
      const auto values = sql::detail::key_values(key);
      Query query{work.connection(), text};
      query.bind(moved.amount);
      if (!layout.updated_at.empty()) query.bind(time.text());
      return query.bind_all(values).bind(limit).write() == 1;
    };
    constexpr auto field = sql::detail::field_number<T, Member>;
    try {
      work.lock_for_commit();
      if (!change(statements_.pay(field), from, moved.amount)) return false;
      if (!change(statements_.receive(field), to, moved.room)) return false;
      work.commit_transaction(work.connection(),
                              [&] { return std::vector{this->place(from), this->place(to)}; });
      return true;
    } catch (const Conflicted&) {  // another look tells what of, or finds that it has gone
      return false;
    } catch (const detail::Refused&) {
      return false;
    } catch (const sql::ConstraintFailed&) {
      return false;
    } catch (const sql::DatabaseError&) {
      return false;
    }
  }

  /// Applies `changes` to each row for which `where` holds, in one statement, moves the versions, and says
  /// how many rows they were: see BulkStorage. Throws sql::Busy, OutOfRange, sql::ConstraintFailed,
  /// sql::DatabaseError; nothing was written then. Of a record type with invariants in C++ there is none:
  /// nobody could look at them.
  template <Condition Where, class... Changes>
    requires sql::detail::WithoutInvariants<T>
  std::uint64_t change_all(const Where& where, const Changes&... changes) {
    auto session = this->session();
    auto& work = session.work();
    sql::detail::CommitTime time{&sql::detail::present_time<R>};
    sql::detail::BulkText<T> text{statements_.layout(), detail::dialect, sql::detail::Overflow::by_abs};
    const auto sql = text.update(time, where, changes...);
    work.lock_for_commit();
    auto& connection = work.connection();
    try {
      const auto count = Query{connection, sql}.bind_all(text.values()).write();
      work.commit_transaction(connection);
      return static_cast<std::uint64_t>(count);
    } catch (const detail::Refused& refused) {
      throw sql::ConstraintFailed{{name(), "?"}, refused.kind, refused.constraint};
    } catch (const sql::DatabaseError& error) {
      if (error.code() != SQLITE_ERROR || std::string_view{error.what()} != "SQLite: integer overflow") throw;
      throw OutOfRange{name()};
    }
  }

 private:
  using Connection = detail::Connection;
  using Query = detail::Query;
  using Staged = lockstep::detail::Staged;
  using Work = typename Session<R>::Work;

  // The column is 64 bits with sign.
  static constexpr std::uint64_t last_version = std::numeric_limits<std::int64_t>::max();

  class Entry final : public detail::Entry<R> {
   public:
    Entry(const Table& table, const Key& key) : detail::Entry<R>{&table}, table_{&table}, key_{key} {}

    [[nodiscard]] Place place() const override { return table_->place(key_); }

    [[nodiscard]] Version stored(Connection& connection) const override {
      return table_->stored_version(connection, key_);
    }

    [[nodiscard]] std::shared_ptr<const Stale> stale(Connection& connection, Action action,
                                                     Version expected) const override {
      auto current = table_->select(connection, key_);
      const auto actual = current ? current->version : Version{};
      return std::make_shared<const Conflict<Key, T>>(action, table_->name(), key_, expected, actual,
                                                      std::move(current));
    }

    bool land(Connection& connection, sql::detail::CommitTime& time) override {
      const auto& plan = this->staged;
      const auto& statements = table_->statements_;
      try {
        auto guard = plan.guard;
        if (!plan.guarded || !statements.counted()) {  // the write lock keeps what is found
          const auto now = stored(connection);
          const bool holds = plan.guarded ? now == guard : !now.absent();
          if (!holds) return false;
          guard = now;
        }
        if (plan.write == Staged::Write::erase) {
          Query query{connection, statements.erase(plan.guarded)};
          bind_key(query, sql::detail::key_values(key_));
          if (plan.guarded && statements.counted()) query.bind(number(guard));
          this->landed = {};
          return query.write() == 1;
        }
        const auto landing = this->landing(guard, time);
        const bool written =
            guard.absent() ? insert(connection, landing, time) : update(connection, guard, landing, time);
        if (written) this->landed = statements.versioned() ? landing.version : stored(connection);
        return written;
      } catch (const detail::Refused& refused) {
        throw sql::ConstraintFailed{place(), refused.kind, refused.constraint};
      }
    }

    [[nodiscard]] bool lands_in_one_statement() const override {
      return this->staged.guarded && table_->statements_.versioned();
    }

   private:
    [[nodiscard]] const T& record() const { return *static_cast<const T*>(this->staged.record.get()); }

    [[nodiscard]] static sql::Value number(Version version) {
      return static_cast<std::int64_t>(version.number());
    }
    static void bind_key(Query& query, const auto& values) { query.bind_all(values); }
    void bind_times(Query& query, bool insert, sql::detail::CommitTime& time) const {
      table_->statements_.layout().for_each_own_time(insert,
                                                     [&](const std::string&) { query.bind(time.text()); });
    }

    /// A version, and what its column holds then.
    struct Landing {
      Version version;
      sql::Value stored;
    };

    /// What comes after `guard`, or what is wanted. Throws VersionUnavailable.
    [[nodiscard]] Landing landing(Version guard, sql::detail::CommitTime& time) const {
      const auto& wanted = this->staged.initial;
      const auto kind = table_->statements_.layout().kind;
      if (!table_->statements_.versioned()) return {Version{0}, {}};
      if (kind == sql::VersionKind::uuid) {
        if (!wanted.absent()) throw VersionUnavailable{place(), "a version that is a UUID cannot be chosen"};
        auto text = sql::detail::random_uuid<R>();
        const auto version = of_uuid(text);
        return {version, std::move(text)};
      }
      const auto next = this->next(guard, wanted, kind, time);
      if (kind == sql::VersionKind::timestamp) {
        return {next, sql::text_of_time(sql::detail::time_of(next))};
      }
      return {next, number(next)};
    }

    [[nodiscard]] Version next(Version guard, Version wanted, sql::VersionKind kind,
                               sql::detail::CommitTime& time) const {
      if (!wanted.absent()) {
        if (!guard.absent() && wanted.number() <= guard.number()) {
          throw VersionUnavailable{place(), joined("version ", to_string(wanted), " was used before")};
        }
        if (wanted.number() > last_version) {
          throw VersionUnavailable{place(),
                                   joined("version ", to_string(wanted), " does not fit its column")};
        }
        return wanted;
      }
      if (!guard.absent() && guard.number() >= last_version) {
        throw VersionUnavailable{place(), "its last version is used"};
      }
      const Version after = guard.absent() ? Version{0} : Version{guard.number() + 1};
      if (kind == sql::VersionKind::counter) return after;
      const auto now = sql::detail::version_of(time.moment());
      return now.number() < after.number() ? after : now;
    }

    bool insert(Connection& connection, const Landing& landing, sql::detail::CommitTime& time) const {
      const auto& statements = table_->statements_;
      const auto key = sql::detail::key_values(key_);
      const auto row = sql::detail::row_to_insert(statements.layout(), record(), time);
      sql::detail::check_digits(statements.layout(), row);
      Query query{connection, statements.insert()};
      query.bind_all(key);
      if (statements.versioned()) query.bind(landing.stored);
      query.bind_all(row.values);
      bind_times(query, true, time);
      return query.write() == 1;
    }

    bool update(Connection& connection, Version guard, const Landing& landing,
                sql::detail::CommitTime& time) const {
      const auto& statements = table_->statements_;
      const auto key = sql::detail::key_values(key_);
      const auto row = sql::detail::row_to_update(statements.layout(), record(),
                                                  static_cast<const T*>(this->staged.base.get()), time);
      sql::detail::check_digits(statements.layout(), row);
      const auto text = statements.update(row.changed, this->staged.guarded);
      Query query{connection, text};
      for (std::size_t at = 0; at < row.values.size(); ++at) {
        if (row.changed[at]) query.bind(row.values[at]);
      }
      if (statements.versioned()) query.bind(landing.stored);
      bind_times(query, false, time);
      query.bind_all(key);
      if (this->staged.guarded && statements.counted()) query.bind(number(guard));
      return query.write() == 1;
    }

    const Table* table_;
    Key key_;
  };

  static sql::detail::Statements opened(Database<R>& database, const sql::Mapping& mapping) {
    const typename Database<R>::Lease lease{database};
    auto& connection = lease.connection();
    std::vector<sql::detail::ExistingColumn> columns;
    {
      Query query{connection,
                  "SELECT name, type, \"notnull\" OR (pk AND type = 'INTEGER' COLLATE NOCASE), "
                  "dflt_value IS NOT NULL OR hidden OR pk FROM pragma_table_xinfo(?)"};
      query.bind(std::string_view{mapping.table});
      const auto text = [&](int at) {
        const auto value = query.column(at);
        const auto* const view = std::get_if<std::string_view>(&value);
        return view ? std::string{*view} : std::string{};
      };
      const auto is = [&](int at) {
        const auto value = query.column(at);
        const auto* const number = std::get_if<std::int64_t>(&value);
        return number && *number != 0;
      };
      while (query.next()) columns.push_back({text(0), text(1), !is(2), is(3), -1});
    }
    std::vector<std::string> mismatches;
    if (columns.empty()) throw sql::MappingMismatch{mapping.table, {sql::detail::no_such_table}};
    auto layout =
        sql::detail::laid_out<Key, T>(mapping, database.options().version_column, sql::VersionKind::columns,
                                      columns, &detail::keeps, mismatches);
    if (!mismatches.empty()) throw sql::MappingMismatch{mapping.table, std::move(mismatches)};
    std::size_t at = 0;
    for_each_field<T>([&](const char*, auto field) {
      using Field = std::remove_cvref_t<decltype(std::declval<T&>().*field)>;
      const auto column = std::ranges::find(columns, layout.fields[at], &sql::detail::ExistingColumn::name);
      const bool decimal = sql::Codec<Field>::type == sql::ColumnType::decimal;
      if (decimal && !detail::keeps(column->type, sql::ColumnType::text)) layout.approximate.push_back(at);
      ++at;
    });
    sql::detail::Statements statements{std::move(layout), detail::dialect};
    try {
      const Query query{connection, statements.insert()};
    } catch (const sql::DatabaseError& error) {  // ON CONFLICT names what must be unique
      throw sql::MappingMismatch{
          mapping.table,
          {joined("the key's columns are not its primary key, and not unique: ", error.what())}};
    }
    return statements;
  }

  [[nodiscard]] std::string index_of(const Key& key) const { return Base::bytes_of(key, index_); }

  [[nodiscard]] std::unique_ptr<detail::Entry<R>> new_entry(const Key& key, const std::string&) const {
    return std::make_unique<Entry>(*this, key);
  }

  // The version of the row that `query` stands at: NULL counts as 0.
  [[nodiscard]] Version version_of_row(const Query& query, const Key& key) const {
    if (!versioned()) {
      std::string bytes;
      for (std::size_t at = 0; at < statements_.layout().fields.size(); ++at) {
        sql::detail::append_bytes(bytes, query.column(static_cast<int>(at) + 1));
      }
      return Version{lockstep::detail::fingerprint(bytes)};
    }
    const auto value = query.column(0);
    if (std::holds_alternative<std::monostate>(value)) return Version{0};
    const auto kind = statements_.layout().kind;
    const auto* const text = std::get_if<std::string_view>(&value);
    const auto* const number = std::get_if<std::int64_t>(&value);
    if (kind == sql::VersionKind::uuid && text) return of_uuid(*text);
    if (kind == sql::VersionKind::counter && number && *number >= 0) {
      return Version{static_cast<std::uint64_t>(*number)};
    }
    const auto time = kind == sql::VersionKind::timestamp && text ? sql::time_from_text(*text) : std::nullopt;
    if (!time || time->time_since_epoch().count() < 0) {
      throw sql::Unreadable{this->place(key), statements_.layout().version, sql::shown_value(value)};
    }
    return sql::detail::version_of(*time);
  }

  [[nodiscard]] static Version of_uuid(std::string_view text) {
    return Version{lockstep::detail::fingerprint(text)};
  }

  [[nodiscard]] Version stored_version(Connection& connection, const Key& key) const {
    const auto values = sql::detail::key_values(key);
    Query query{connection, statements_.select_version()};
    if (!query.bind_all(values).next()) return {};
    return version_of_row(query, key);
  }

  [[nodiscard]] std::optional<Versioned<T>> select(Connection& connection, const Key& key) const {
    const auto values = sql::detail::key_values(key);
    Query query{connection, statements_.select()};
    if (!query.bind_all(values).next()) return std::nullopt;
    const auto column = [&](std::size_t at) { return query.column(static_cast<int>(at) + 1); };
    const auto unfit = [&](std::size_t at) {
      throw sql::Unreadable{this->place(key), statements_.layout().fields[at], sql::shown_value(column(at))};
    };
    const auto version = version_of_row(query, key);
    return Versioned<T>{sql::detail::record_of_values<T>(column, unfit), version};
  }

  Database<R>* database_;
  sql::detail::Statements statements_;
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

}  // namespace lockstep::sqlite
