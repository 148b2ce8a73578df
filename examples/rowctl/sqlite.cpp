// rowctl on an SQLite file.
#include <lockstep/sqlite/table.hpp>

#include "backends.hpp"
#include "editor.hpp"

#include <sqlite3.h>

#include <memory>

namespace rowctl {

namespace {

// What lockstep has no verb for: one number of one statement.
int number_from(const std::string& path, const std::string& statement) {
  sqlite3* opened = nullptr;
  const int status = sqlite3_open_v2(path.c_str(), &opened, SQLITE_OPEN_READONLY, nullptr);
  const std::unique_ptr<sqlite3, decltype(&sqlite3_close)> db{opened, &sqlite3_close};
  sqlite3_busy_timeout(opened, 5000);
  sqlite3_stmt* made = nullptr;
  if (status != SQLITE_OK || sqlite3_prepare_v2(opened, statement.c_str(), -1, &made, nullptr) != SQLITE_OK) {
    throw lockstep::Error{sqlite3_errmsg(opened)};
  }
  const std::unique_ptr<sqlite3_stmt, decltype(&sqlite3_finalize)> query{made, &sqlite3_finalize};
  if (sqlite3_step(made) != SQLITE_ROW) throw lockstep::Error{sqlite3_errmsg(opened)};
  return sqlite3_column_int(made, 0);
}

struct Sqlite {
  template <class T>
  using Table = lockstep::sqlite::Table<int, T>;

  // As ActiveRecord would make them: types that SQLite does not know are names for others to read.
  static constexpr std::string_view schema = R"(
    CREATE TABLE IF NOT EXISTS accounts (
      id integer PRIMARY KEY, owner varchar NOT NULL, balance bigint NOT NULL,
      lock_version integer DEFAULT 0, created_at datetime(6), updated_at datetime(6),
      CONSTRAINT balance_not_negative CHECK (balance >= 0));
    CREATE TABLE IF NOT EXISTS documents (
      id integer PRIMARY KEY, owner varchar NOT NULL, balance bigint NOT NULL,
      version_number integer DEFAULT 0, created_at datetime(6), updated_at datetime(6),
      CONSTRAINT balance_not_negative CHECK (balance >= 0)))";

  explicit Sqlite(const std::string& path, bool create) : db{path, {.create = create}} {}

  void empty_tables() { db.execute("BEGIN IMMEDIATE; DELETE FROM accounts; DELETE FROM documents; COMMIT"); }

  int draw_id(const std::string& table) {
    return number_from(db.path(), "SELECT COALESCE(MAX(id), 0) + 1 FROM " + lockstep::sql::quoted(table));
  }

  lockstep::sqlite::Database<> db;
};

}  // namespace

Outcome run_on_sqlite(const std::string& path, const Request& request) {
  Sqlite backend{path, request.command == Command::schema};
  return run(backend, request);
}

}  // namespace rowctl
