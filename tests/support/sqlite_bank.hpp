// The bank of the verbs' tests in an SQLite file of its own, which goes with it.
#pragma once

#include <lockstep/sqlite/table.hpp>

#include "support/bank_of.hpp"
#include "support/print.hpp"
#include "support/records.hpp"

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>
#include <system_error>

namespace test {

/// A directory that nobody else uses, removed at the end with all that is in it.
class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::string pattern = (std::filesystem::temp_directory_path() / "lockstep-XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr)
      throw std::system_error{errno, std::generic_category(), "mkdtemp " + pattern};
    path_ = pattern;
  }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  ~TemporaryDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  [[nodiscard]] std::string file(const std::string& name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

/// Not one test here is about power.
inline lockstep::sqlite::Options quick(lockstep::sqlite::Options options = {}) {
  options.durability = lockstep::sqlite::Durability::none;
  return options;
}

/// A database in a file of its own, after some statements.
template <lockstep::Runtime R = lockstep::StdRuntime>
struct SqliteFile {
  explicit SqliteFile(std::string_view statements, const lockstep::sqlite::Options& options = quick())
      : db{directory.file("test.sqlite"), options} {
    db.execute(statements);
  }
  TemporaryDirectory directory;
  lockstep::sqlite::Database<R> db;
};

inline constexpr auto bank_tables =
    "CREATE TABLE accounts (id INTEGER PRIMARY KEY, owner TEXT, balance INTEGER, points INTEGER, "
    "lock_version INTEGER);"
    "CREATE TABLE orders (id INTEGER PRIMARY KEY, total INTEGER, paid BOOLEAN, lock_version INTEGER)";

template <lockstep::Runtime R>
struct SqliteTables : private SqliteFile<R> {
  using SqliteFile<R>::db;
  using SqliteFile<R>::directory;
  lockstep::sqlite::Table<int, Account, R> accounts{db, "accounts"};
  lockstep::sqlite::Table<int, Order, R> orders{db, "orders"};

  using Options = lockstep::sqlite::Options;
  explicit SqliteTables(const Options& options = quick()) : SqliteFile<R>{bank_tables, options} {}
};

template <lockstep::Runtime R = lockstep::StdRuntime>
using SqliteBank = BankOf<SqliteTables<R>>;

}  // namespace test
