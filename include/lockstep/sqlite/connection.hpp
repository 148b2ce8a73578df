// One connection to an SQLite database: statements prepared once, values bound, errors typed.
// Source: the C interface of SQLite 3, https://sqlite.org/c3ref/intro.html
#pragma once

#include <lockstep/sql/value.hpp>

#include <sqlite3.h>

#include <cmath>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace lockstep::sqlite::detail {

/// A constraint refused a statement. Becomes sql::ConstraintFailed where the record is known.
struct Refused {
  sql::ConstraintKind kind;
  std::string constraint;
};

/// Hears of each statement before it runs.
using Observer = std::function<void(std::string_view)>;

inline sql::ConstraintKind constraint_kind(int code) noexcept {
  switch (code) {
    case SQLITE_CONSTRAINT_CHECK:
      return sql::ConstraintKind::check;
    case SQLITE_CONSTRAINT_UNIQUE:
    case SQLITE_CONSTRAINT_PRIMARYKEY:
    case SQLITE_CONSTRAINT_ROWID:
      return sql::ConstraintKind::unique;
    case SQLITE_CONSTRAINT_NOTNULL:
      return sql::ConstraintKind::not_null;
    case SQLITE_CONSTRAINT_FOREIGNKEY:
      return sql::ConstraintKind::foreign_key;
    default:
      return sql::ConstraintKind::other;
  }
}

/// Throws what the last call on `db` failed by: Refused, sql::Busy or sql::DatabaseError.
[[noreturn]] inline void throw_last(sqlite3* db) {
  const int code = sqlite3_extended_errcode(db);
  const std::string message = sqlite3_errmsg(db);
  switch (code & 0xFF) {
    case SQLITE_CONSTRAINT: {
      // "CHECK constraint failed: name", "UNIQUE constraint failed: table.column", ...
      const auto colon = message.find(" constraint failed: ");
      const auto bare = message.find(" constraint failed");
      throw Refused{constraint_kind(code), colon != std::string::npos  ? message.substr(colon + 20)
                                           : bare != std::string::npos ? message.substr(0, bare)
                                                                       : message};
    }
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      throw sql::Busy{joined("SQLite: ", message)};
    default:
      throw sql::DatabaseError{code, joined("SQLite: ", message)};
  }
}

/// A connection, used by one thread at a time. Not to be used after a fork.
class Connection {
 public:
  /// Opens the database at `path`. Throws sql::DatabaseError.
  Connection(const std::string& path, bool create, Observer observer) : observer_{std::move(observer)} {
    sqlite3* db = nullptr;
    const int flags = SQLITE_OPEN_READWRITE | (create ? SQLITE_OPEN_CREATE : 0) | SQLITE_OPEN_NOMUTEX;
    const int code = sqlite3_open_v2(path.c_str(), &db, flags, nullptr);
    db_.reset(db);
    if (code != SQLITE_OK) {
      const std::string why = db ? sqlite3_errmsg(db) : sqlite3_errstr(code);
      throw sql::DatabaseError{code, joined("SQLite cannot open ", path, ": ", why)};
    }
    sqlite3_extended_result_codes(db, 1);
  }

  /// Calls `handler(context, n)` when the database is locked, the n-th time; zero gives up.
  void on_busy(int (*handler)(void*, int), void* context) noexcept {
    sqlite3_busy_handler(db_.get(), handler, context);
  }

  /// Runs `sql`, which gives no rows that anybody needs.
  void run(const std::string& sql);

  /// Runs several statements, one after the other, and keeps none of them.
  void run_all(const std::string& statements) {
    if (observer_) observer_(statements);
    if (sqlite3_exec(db_.get(), statements.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK)
      throw_last(db_.get());
  }

  /// The database's file, as SQLite names those that it puts beside it: absolute, and without links.
  [[nodiscard]] std::string file() const {
    const char* const name = sqlite3_db_filename(db_.get(), "main");
    return name ? name : "";
  }

  /// True between a BEGIN and its end.
  [[nodiscard]] bool in_transaction() const noexcept { return sqlite3_get_autocommit(db_.get()) == 0; }
  /// How many rows the last statement inserted, changed or deleted itself.
  [[nodiscard]] int changes() const noexcept { return sqlite3_changes(db_.get()); }

  /// Ends a transaction without a commit, if there is one. False if that failed: close the connection.
  bool roll_back() noexcept {
    if (!in_transaction()) return true;
    try {
      run("ROLLBACK");
    } catch (...) {  // the transaction may have ended by what failed it before
    }
    return !in_transaction();
  }

 private:
  friend class Query;

  struct Close {
    void operator()(sqlite3* db) const noexcept { sqlite3_close_v2(db); }
  };
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const noexcept { sqlite3_finalize(statement); }
  };
  using Prepared = std::unique_ptr<sqlite3_stmt, Finalize>;

  // The text and the statement stay where they are as long as a query on them runs.
  const std::pair<const std::string, Prepared>& prepared(const std::string& sql) {
    if (const auto found = statements_.find(sql); found != statements_.end()) return *found;
    constexpr std::size_t most = 256;  // an update has a text for each set of fields that changed
    if (statements_.size() >= most) statements_.clear();
    sqlite3_stmt* statement = nullptr;
    const int code = sqlite3_prepare_v3(db_.get(), sql.c_str(), static_cast<int>(sql.size()) + 1,
                                        SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
    if (code != SQLITE_OK) throw_last(db_.get());
    return *statements_.emplace(sql, Prepared{statement}).first;
  }

  std::unique_ptr<sqlite3, Close> db_;
  Observer observer_;
  std::unordered_map<std::string, Prepared> statements_;
};

/// One run of a prepared statement. What is bound must stay until the end of the run. A connection
/// has one at a time.
class Query {
 public:
  Query(Connection& connection, const std::string& sql) : Query{connection, connection.prepared(sql)} {}
  Query(const Query&) = delete;
  Query& operator=(const Query&) = delete;
  ~Query() {
    sqlite3_reset(statement_);
    sqlite3_clear_bindings(statement_);
  }

  /// Binds the next placeholder.
  Query& bind(const sql::Value& value) {
    if (std::visit(Bind{statement_, ++bound_}, value) != SQLITE_OK) throw_last(connection_->db_.get());
    return *this;
  }
  /// Binds the next ones.
  template <class Values>
  Query& bind_all(const Values& values) {
    for (const auto& value : values) bind(value);
    return *this;
  }

  /// True if there is a row, to be read by `column` until the next one.
  bool next() {
    if (!started_ && connection_->observer_) connection_->observer_(sql_);
    started_ = true;
    switch (sqlite3_step(statement_)) {
      case SQLITE_ROW:
        return true;
      case SQLITE_DONE:
        return false;
      default:
        throw_last(connection_->db_.get());
    }
  }

  /// Runs the statement; returns how many rows it wrote.
  int write() {
    while (next()) {
    }
    return connection_->changes();
  }

  /// The row's value in column `at`, from 0; valid until the next row.
  [[nodiscard]] sql::Value column(int at) const {
    const auto size = [&] { return static_cast<std::size_t>(sqlite3_column_bytes(statement_, at)); };
    switch (sqlite3_column_type(statement_, at)) {
      case SQLITE_INTEGER:
        return std::int64_t{sqlite3_column_int64(statement_, at)};
      case SQLITE_FLOAT:
        return sqlite3_column_double(statement_, at);
      case SQLITE_TEXT: {
        const auto* const text = reinterpret_cast<const char*>(sqlite3_column_text(statement_, at));
        return std::string_view{text, size()};
      }
      case SQLITE_BLOB: {
        const auto* const bytes = static_cast<const std::byte*>(sqlite3_column_blob(statement_, at));
        return std::span<const std::byte>{bytes, size()};
      }
      default:
        return std::monostate{};
    }
  }

 private:
  Query(Connection& connection, const std::pair<const std::string, Connection::Prepared>& prepared)
      : connection_{&connection}, sql_{prepared.first}, statement_{prepared.second.get()} {}

  struct Bind {
    sqlite3_stmt* statement;
    int at;

    int operator()(std::monostate) const { return sqlite3_bind_null(statement, at); }
    int operator()(std::int64_t number) const { return sqlite3_bind_int64(statement, at, number); }
    int operator()(double number) const {
      if (std::isnan(number)) throw sql::Unstorable{"SQLite would store what is not a number as NULL"};
      return sqlite3_bind_double(statement, at, number);
    }
    int operator()(std::string_view text) const {
      return sqlite3_bind_text64(statement, at, text.data() ? text.data() : "", text.size(), SQLITE_STATIC,
                                 SQLITE_UTF8);
    }
    int operator()(const std::string& text) const { return (*this)(std::string_view{text}); }
    int operator()(std::span<const std::byte> bytes) const {
      if (bytes.empty()) return sqlite3_bind_zeroblob(statement, at, 0);
      return sqlite3_bind_blob64(statement, at, bytes.data(), bytes.size(), SQLITE_STATIC);
    }
  };

  Connection* connection_;
  std::string_view sql_;
  sqlite3_stmt* statement_;
  int bound_ = 0;
  bool started_ = false;
};

inline void Connection::run(const std::string& sql) {
  Query query{*this, sql};
  while (query.next()) {
  }
}

}  // namespace lockstep::sqlite::detail
