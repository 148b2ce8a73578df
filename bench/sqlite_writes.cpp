// How close do a guarded update and a transfer in an SQLite file come to the C that one would write by hand?
//
// One client, a write-ahead log, statements prepared once. The bounds do nothing but the work: one guarded
// UPDATE; BEGIN IMMEDIATE, two UPDATEs that guard the balance themselves, COMMIT. The disk is not waited for
// (synchronous = NORMAL), as that takes both alike and hides what is asked.
#include <lockstep/lockstep.hpp>
#include <lockstep/sqlite/table.hpp>

#include "accounts.hpp"
#include "measure.hpp"

#include <sqlite3.h>

#include <filesystem>
#include <stdexcept>

namespace {

using namespace lockstep;
using bench::Account;

// A statement of hand-written C.
class Prepared {
 public:
  Prepared(sqlite3* db, const char* sql) {
    if (sqlite3_prepare_v3(db, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement_, nullptr) != SQLITE_OK) {
      throw std::runtime_error{sqlite3_errmsg(db)};
    }
  }
  Prepared(const Prepared&) = delete;
  Prepared& operator=(const Prepared&) = delete;
  ~Prepared() { sqlite3_finalize(statement_); }

  template <class... Numbers>
  void operator()(Numbers... numbers) {
    int at = 0;
    (sqlite3_bind_int64(statement_, ++at, numbers), ...);
    if (sqlite3_step(statement_) != SQLITE_DONE) throw std::runtime_error{"the bound failed"};
    sqlite3_reset(statement_);
  }

 private:
  sqlite3_stmt* statement_ = nullptr;
};

struct Bound {
  explicit Bound(const std::string& path) {
    if (sqlite3_open(path.c_str(), &db) != SQLITE_OK) throw std::runtime_error{sqlite3_errmsg(db)};
    sqlite3_exec(db, "PRAGMA synchronous = NORMAL", nullptr, nullptr, nullptr);
  }
  Bound(const Bound&) = delete;
  Bound& operator=(const Bound&) = delete;
  ~Bound() { sqlite3_close_v2(db); }

  void changed(int rows) {
    if (sqlite3_changes(db) != rows) throw std::runtime_error{"the bound was stale"};
  }

  sqlite3* db = nullptr;
};

}  // namespace

int main(int argc, char** argv) {
  const auto path =
      std::filesystem::temp_directory_path() / ("lockstep-bench-" + std::to_string(StdRuntime::random()));
  {
    std::uint64_t statements = 0;
    sqlite::Database db{path.string(), {.durability = sqlite::Durability::crash}};
    sqlite::Database counted{
        path.string(),
        {.durability = sqlite::Durability::crash, .on_statement = [&](std::string_view) { ++statements; }}};
    db.execute(bench::accounts_table);
    sqlite::Table<int, Account> accounts{db, "accounts"};
    sqlite::Table<int, Account> counted_accounts{counted, "accounts"};
    for (int id = 1; id <= bench::account_count; ++id)
      insert(accounts, id, {"ann", 1'000'000'000}).or_throw();

    Bound bound{path.string()};
    Prepared update{bound.db,
                    "UPDATE accounts SET balance = ?, lock_version = ? WHERE id = ? AND lock_version = ?"};
    Prepared begin{bound.db, "BEGIN IMMEDIATE"};
    Prepared debit{bound.db,
                   "UPDATE accounts SET balance = balance - ?1, lock_version = lock_version + 1 "
                   "WHERE id = ?2 AND balance >= ?1"};
    Prepared credit{
        bound.db,
        "UPDATE accounts SET balance = balance + ?1, lock_version = lock_version + 1 WHERE id = ?2"};
    Prepared commit{bound.db, "COMMIT"};

    const auto save_loaded = [](sqlite::Table<int, Account>& table) {
      return [&table, draft = edit(load(table, 1))]() mutable {
        ++draft->balance;
        save(table, 1, draft).or_throw();
      };
    };
    const auto transfer_any = [](sqlite::Table<int, Account>& table) {
      return [&table, random = bench::Random{1}]() mutable {
        const auto [from, to] = random.two(bench::account_count);
        transfer(table, {.from = static_cast<int>(from) + 1, .to = static_cast<int>(to) + 1, .amount = 1});
      };
    };

    bench::Question updates{"SQLite: a guarded update of a loaded record"};
    updates.contender("save",
                      [&] { return bench::time_of(1, [&](unsigned) { return save_loaded(accounts); }); });
    updates.contender("bound: one UPDATE", [&] {
      return bench::time_of(1, [&](unsigned) {
        const auto now = load(accounts, 1);
        return
            [&, version = static_cast<std::int64_t>(now.version.number()), balance = now->balance]() mutable {
              update(++balance, version + 1, std::int64_t{1}, version);
              bound.changed(1);
              ++version;
            };
      });
    });
    updates.answer(bench::rounds(argc, argv));

    bench::Question transfers{"SQLite: a transfer between two of a hundred accounts"};
    transfers.contender("transfer",
                        [&] { return bench::time_of(1, [&](unsigned) { return transfer_any(accounts); }); });
    transfers.contender("bound: BEGIN IMMEDIATE, UPDATE, UPDATE, COMMIT", [&] {
      return bench::time_of(1, [&](unsigned) {
        return [&, random = bench::Random{1}]() mutable {
          const auto [from, to] = random.two(bench::account_count);
          begin();
          debit(std::int64_t{1}, static_cast<std::int64_t>(from) + 1);
          bound.changed(1);
          credit(std::int64_t{1}, static_cast<std::int64_t>(to) + 1);
          bound.changed(1);
          commit();
        };
      });
    });
    transfers.answer(bench::rounds(argc, argv));

    std::printf("\nEach takes\n");
    bench::print_cost("save", statements, save_loaded(counted_accounts));
    bench::print_cost("transfer", statements, transfer_any(counted_accounts));
  }
  for (const auto* const suffix : {"", "-wal", "-shm"}) std::filesystem::remove(path.string() + suffix);
}
