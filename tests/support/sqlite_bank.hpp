// The bank of the verbs' tests in an SQLite file of its own, which goes with it.
#pragma once

#include <lockstep/sqlite/table.hpp>
#include <lockstep/verbs/save.hpp>

#include "support/print.hpp"
#include "support/records.hpp"

#include <cerrno>
#include <cstdint>
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

/// Accounts 1, 2 and 3 with 100 each, and order 7 of 40.
template <lockstep::Runtime R = lockstep::StdRuntime>
struct SqliteBank : private SqliteFile<R> {
  using SqliteFile<R>::db;
  using SqliteFile<R>::directory;
  lockstep::sqlite::Table<int, Account, R> accounts{db, "accounts"};
  lockstep::sqlite::Table<int, Order, R> orders{db, "orders"};

  explicit SqliteBank(const lockstep::sqlite::Options& options = quick())
      : SqliteFile<R>{bank_tables, options} {
    lockstep::insert(accounts, 1, {"ann", 100}).or_throw();
    lockstep::insert(accounts, 2, {"bob", 100}).or_throw();
    lockstep::insert(accounts, 3, {"cid", 100}).or_throw();
    lockstep::insert(orders, 7, {40}).or_throw();
  }

  [[nodiscard]] std::int64_t balance(int key) { return lockstep::load(accounts, key)->balance; }
  [[nodiscard]] lockstep::Version version(int key) { return lockstep::load(accounts, key).version; }

  /// Somebody else's deposit: a guarded write in a session of its own.
  void deposit(int key, std::int64_t amount) {
    auto value = lockstep::load(accounts, key);
    value->balance += amount;
    lockstep::save(accounts, key, value).or_throw();
  }

  /// Whether another session would have to wait for the lock, which is the whole database's.
  [[nodiscard]] bool locked(int key = 1, lockstep::LockMode = lockstep::LockMode::exclusive) {
    auto session = db.session();
    return !accounts.lock(session, key, lockstep::LockMode::exclusive, lockstep::Wait::skip());
  }
};

}  // namespace test
