#include "support/document_table.hpp"
#include "support/isolation_cases.hpp"
#include "support/isolation_verbs.hpp"
#include "support/postgres_bank.hpp"

#include <boost/test/unit_test.hpp>

#include <libpq-fe.h>

#include <array>
#include <cstdlib>
#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <utility>

namespace {

/// A connection of libpq's own.
class RawPostgres final : public test::IsolationClient {
 public:
  explicit RawPostgres(const std::string& keywords) : db_{PQconnectdb(keywords.c_str())} {
    BOOST_REQUIRE(PQstatus(db_) == CONNECTION_OK);
  }
  RawPostgres(const RawPostgres&) = delete;
  RawPostgres& operator=(const RawPostgres&) = delete;
  ~RawPostgres() override { PQfinish(db_); }

  test::Answer run(const std::string& sql) override {
    BOOST_REQUIRE(PQsendQuery(db_, sql.c_str()) == 1);
    while (PQconsumeInput(db_) == 1 && PQisBusy(db_) == 1) {
      if (watcher && watcher->waits(PQbackendPID(db_))) return {.waits = true};
    }
    return finish();
  }

  test::Answer finish() override {
    test::Answer answer;
    while (auto* const result = PQgetResult(db_)) {
      const auto* const state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
      if (state) answer.error = state;
      for (int row = 0; row < PQntuples(result); ++row) {
        answer.values.push_back(
            static_cast<int>(std::strtol(PQgetvalue(result, row, PQnfields(result) - 1), nullptr, 10)));
      }
      PQclear(result);
    }
    return answer;
  }

  RawPostgres* watcher = nullptr;  ///< a connection that others' waiting is asked by

 private:
  bool waits(int process) {
    const auto answer = run("SELECT cardinality(pg_blocking_pids(" + std::to_string(process) + "))");
    return answer.values.front() > 0;
  }

  PGconn* db_;
};

constexpr std::array levels{
    std::tuple{"read committed", "READ COMMITTED", lockstep::postgres::Isolation::read_committed},
    std::tuple{"repeatable read", "REPEATABLE READ", lockstep::postgres::Isolation::repeatable_read},
    std::tuple{"serializable", "SERIALIZABLE", lockstep::postgres::Isolation::serializable}};

}  // namespace

BOOST_AUTO_TEST_SUITE(isolation)

BOOST_AUTO_TEST_CASE(the_page_says_which_anomalies_each_level_of_postgresql_prevents_and_how) {
  test::DocumentTable table{LOCKSTEP_DOCS "/isolation.md", "postgres"};
  const test::PostgresSchema schema;
  RawPostgres setup{schema.keywords()};
  setup.run("CREATE TABLE test (id integer PRIMARY KEY, value integer)");
  for (const auto& [level, name, unused] : levels) {
    for (const auto& each : test::isolation_cases()) {
      setup.run("TRUNCATE test; INSERT INTO test VALUES (1, 10), (2, 20)");
      std::map<int, int> rows;
      std::string verdict;
      {
        test::IsolationRun run{each.transactions, [&] {
                                 auto client = std::make_unique<RawPostgres>(schema.keywords());
                                 client->watcher = &setup;
                                 auto begun = client->run(std::string{"BEGIN ISOLATION LEVEL "} + name);
                                 return std::pair{std::unique_ptr<test::IsolationClient>{std::move(client)},
                                                  begun};
                               }};
        each.run(run);
        run.end();
        for (int id = 1; id <= 4; ++id) {
          const auto found = setup.run("SELECT value FROM test WHERE id = " + std::to_string(id)).values;
          if (!found.empty()) rows[id] = found.front();
        }
        verdict = test::verdict(each, run, rows);
      }
      table.check(each.name, level, verdict);
    }
  }
}

BOOST_AUTO_TEST_CASE(the_page_says_what_the_verbs_make_of_them_at_each_level_of_postgresql) {
  test::DocumentTable table{LOCKSTEP_DOCS "/isolation.md", "verbs"};
  for (const auto& [level, unused, isolation] : levels) {
    test::check_verbs<test::PostgresBank<>>(table, std::string{"PostgreSQL, "} + level, [level = isolation] {
      return std::make_unique<test::PostgresBank<>>(lockstep::postgres::Options{.isolation = level});
    });
  }
}

BOOST_AUTO_TEST_SUITE_END()
