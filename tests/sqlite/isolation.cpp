#include "support/document_table.hpp"
#include "support/isolation_cases.hpp"
#include "support/isolation_verbs.hpp"
#include "support/sqlite_bank.hpp"

#include <boost/test/unit_test.hpp>

#include <sqlite3.h>

#include <cstdlib>
#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <utility>

namespace {

/// A connection of SQLite's own, which waits for nobody.
class RawSqlite final : public test::IsolationClient {
 public:
  explicit RawSqlite(const std::string& path) {
    BOOST_REQUIRE(sqlite3_open(path.c_str(), &db_) == SQLITE_OK);
  }
  RawSqlite(const RawSqlite&) = delete;
  RawSqlite& operator=(const RawSqlite&) = delete;
  ~RawSqlite() override { sqlite3_close_v2(db_); }

  test::Answer run(const std::string& sql) override {
    test::Answer answer;
    const auto take = [](void* into, int columns, char** texts, char**) {
      static_cast<test::Answer*>(into)->values.push_back(
          static_cast<int>(std::strtol(texts[columns - 1], nullptr, 10)));
      return 0;
    };
    const int code = sqlite3_exec(db_, sql.c_str(), take, &answer, nullptr);
    if (code == SQLITE_OK) return answer;
    const int extended = sqlite3_extended_errcode(db_);
    return {.error = extended == SQLITE_BUSY_SNAPSHOT ? "SQLITE_BUSY_SNAPSHOT"
                     : code == SQLITE_BUSY            ? "SQLITE_BUSY"
                                                      : sqlite3_errmsg(db_)};
  }
  test::Answer finish() override { return {}; }

 private:
  sqlite3* db_ = nullptr;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(isolation)

BOOST_AUTO_TEST_CASE(the_page_says_which_anomalies_each_mode_of_sqlite_prevents_and_how) {
  test::DocumentTable table{LOCKSTEP_DOCS "/isolation.md", "sqlite"};
  for (const auto& [mode, journal, begin] :
       {std::tuple{"rollback journal, `BEGIN`", "delete", "BEGIN"},
        std::tuple{"WAL, `BEGIN`", "wal", "BEGIN"},
        std::tuple{"WAL, `BEGIN IMMEDIATE`", "wal", "BEGIN IMMEDIATE"}}) {
    for (const auto& each : test::isolation_cases()) {
      const test::TemporaryDirectory directory;
      const auto path = directory.file("test.db");
      RawSqlite setup{path};
      setup.run(std::string{"PRAGMA journal_mode = "} + journal);
      setup.run("PRAGMA synchronous = OFF; CREATE TABLE test (id INTEGER PRIMARY KEY, value INTEGER)");
      BOOST_REQUIRE(setup.run("INSERT INTO test VALUES (1, 10), (2, 20)").error.empty());
      test::IsolationRun run{each.transactions, [&] {
                               auto client = std::make_unique<RawSqlite>(path);
                               auto begun = client->run(begin);
                               return std::pair{std::unique_ptr<test::IsolationClient>{std::move(client)},
                                                begun};
                             }};
      each.run(run);
      run.end();
      std::map<int, int> rows;
      for (int id = 1; id <= 4; ++id) {
        const auto found = setup.run("SELECT value FROM test WHERE id = " + std::to_string(id)).values;
        if (!found.empty()) rows[id] = found.front();
      }
      table.check(each.name, mode, verdict(each, run, rows));
    }
  }
}

BOOST_AUTO_TEST_CASE(the_page_says_what_the_verbs_make_of_them_in_sqlite) {
  test::DocumentTable table{LOCKSTEP_DOCS "/isolation.md", "verbs"};
  test::check_verbs<test::SqliteBank<>>(table, "SQLite",
                                        [] { return std::make_unique<test::SqliteBank<>>(); });
}

BOOST_AUTO_TEST_SUITE_END()
