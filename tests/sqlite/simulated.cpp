#if __has_include(<lockstep/sim/sim.hpp>)
#include <lockstep/sim/sim.hpp>
#include <lockstep/sqlite/table.hpp>

#include "support/sqlite_bank.hpp"

#include <optional>
#include <string>

namespace {

/// In a file, which is emptied before each execution. Nobody waits but through the simulator.
template <class Record>
struct Elsewhere {
  using Runtime = lockstep::sim::Runtime;

  static const std::string& path() {
    static const test::TemporaryDirectory directory;
    static const std::string file = directory.file("wallets.sqlite");
    return file;
  }
  struct Emptied {
    explicit Emptied(lockstep::sqlite::Database<Runtime>& db) {
      db.execute(
          "CREATE TABLE IF NOT EXISTS wallets (id INTEGER PRIMARY KEY, balance INTEGER, lock_version "
          "INTEGER);"
          "DELETE FROM wallets");
      db.execute(lockstep::sqlite::create_receipts());
      db.execute("DELETE FROM lockstep_receipts");
    }
  };
  lockstep::sqlite::Database<Runtime> db{path(), test::quick({.busy_timeout = std::nullopt})};
  Emptied emptied{db};
  lockstep::sqlite::Table<int, Record, Runtime> table{db, "wallets"};
};

}  // namespace

#include "support/simulated_bodies.hpp"
#endif
