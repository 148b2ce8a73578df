// The bank of the verbs' tests in a schema of its own on the tests' server, which goes with it.
#pragma once

#include <lockstep/postgres/table.hpp>

#include "support/bank_of.hpp"
#include "support/print.hpp"
#include "support/records.hpp"

#include <cstdlib>
#include <fstream>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

namespace test {

/// How to connect to the tests' server: in LOCKSTEP_POSTGRES, or the first line of the file that
/// LOCKSTEP_POSTGRES_TOLD names.
inline std::string postgres_server() {
  if (const auto* const keywords = std::getenv("LOCKSTEP_POSTGRES")) return keywords;
  std::string keywords;
  if (const auto* const told = std::getenv("LOCKSTEP_POSTGRES_TOLD")) {
    std::ifstream file{told};
    std::getline(file, keywords);
  }
  if (keywords.empty()) {
    throw std::runtime_error{
        "there is no PostgreSQL server for the tests: run them by ctest, or by scripts/postgres run"};
  }
  return keywords;
}

/// A schema that nobody else uses, dropped at the end with all that is in it.
class PostgresSchema {
 public:
  explicit PostgresSchema(std::string server = postgres_server())
      : server_{std::move(server)}, name_{"test_" + std::to_string(lockstep::StdRuntime::random())} {
    run("CREATE SCHEMA " + name_);
  }
  PostgresSchema(const PostgresSchema&) = delete;
  PostgresSchema& operator=(const PostgresSchema&) = delete;
  ~PostgresSchema() {
    try {
      run("SET client_min_messages = warning; DROP SCHEMA " + name_ + " CASCADE");
    } catch (const lockstep::Error&) {  // it goes with the server
    }
  }

  /// How to connect so that tables are looked for here.
  [[nodiscard]] std::string keywords() const {
    return server_ + " options=-csearch_path=" + name_ + " application_name=" + name_;
  }

  /// Ends all connections that were made so.
  void terminate_connections() const {
    run("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = '" + name_ +
        "'");
  }

  /// Returns as soon as one of them waits for a lock.
  void await_waiting() const {
    const auto ask =
        "DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND "
        "application_name = '" +
        name_ + "') THEN RAISE 'none'; END IF; END $$";
    lockstep::postgres::Database<> db{server_};
    while (true) {
      try {
        return db.execute(ask);
      } catch (const lockstep::postgres::ServerError&) {
      }
    }
  }

  void run(const std::string& statements) const {
    lockstep::postgres::Database<>{server_, {.idle_connections = 0}}.execute(statements);
  }

 private:
  std::string server_;
  std::string name_;
};

/// A database of such a schema, after some statements.
template <lockstep::Runtime R = lockstep::StdRuntime>
struct PostgresTables {
  explicit PostgresTables(std::string_view statements, const lockstep::postgres::Options& options = {})
      : db{schema.keywords(), options} {
    db.execute(statements);
  }
  PostgresSchema schema;
  lockstep::postgres::Database<R> db;
};

inline constexpr auto postgres_bank_tables =
    "CREATE TABLE accounts (id integer PRIMARY KEY, owner text, balance bigint, points bigint, "
    "lock_version bigint);"
    "CREATE TABLE orders (id integer PRIMARY KEY, total bigint, paid boolean, lock_version bigint)";

template <lockstep::Runtime R>
struct PostgresAccounts : private PostgresTables<R> {
  using PostgresTables<R>::db;
  using PostgresTables<R>::schema;
  lockstep::postgres::Table<int, Account, R> accounts{db, "accounts"};
  lockstep::postgres::Table<int, Order, R> orders{db, "orders"};

  using Options = lockstep::postgres::Options;
  explicit PostgresAccounts(const Options& options = {}) : PostgresTables<R>{postgres_bank_tables, options} {}
};

template <lockstep::Runtime R = lockstep::StdRuntime>
using PostgresBank = BankOf<PostgresAccounts<R>>;

}  // namespace test
