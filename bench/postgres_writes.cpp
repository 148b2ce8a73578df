// How close do a guarded update and a transfer in PostgreSQL come to the C that one would write by hand, and
// how far from what one would write without care?
//
// One client on the socket of a server of its own: scripts/postgres run
// build/release/bench/bench-postgres_writes. Statements are prepared once. The bounds take as few round trips
// as can be, and let nothing happen by half: one guarded UPDATE; one statement that locks both rows, looks,
// and writes them; one SELECT of both rows and one UPDATE of both, if both are still as they were. The client
// has one processor and the server another, where that may be said: else it is chance which they share.
#include <lockstep/lockstep.hpp>
#include <lockstep/postgres/table.hpp>

#include "accounts.hpp"
#include "measure.hpp"

#include <libpq-fe.h>

#include <array>
#include <memory>
#include <stdexcept>

namespace {

using namespace lockstep;
using bench::Account;

// A connection of hand-written C.
class Bound {
 public:
  explicit Bound(const char* keywords) : connection_{PQconnectdb(keywords), &PQfinish} {
    if (PQstatus(connection_.get()) != CONNECTION_OK)
      throw std::runtime_error{PQerrorMessage(connection_.get())};
  }
  void prepare(const char* name, const char* sql) {
    answered(PQprepare(connection_.get(), name, sql, 0, nullptr));
  }
  /// Runs a prepared statement with numbers; `rows` is how many it must give or change.
  template <class... Numbers>
  std::unique_ptr<PGresult, decltype(&PQclear)> run(const char* name, int rows, Numbers... numbers) {
    const std::array<std::string, sizeof...(numbers)> texts{std::to_string(numbers)...};
    std::array<const char*, sizeof...(numbers)> values{};
    for (std::size_t at = 0; at != texts.size(); ++at) values[at] = texts[at].c_str();
    auto answer = answered(PQexecPrepared(connection_.get(), name, static_cast<int>(values.size()),
                                          values.data(), nullptr, nullptr, 0));
    if (rows >= 0 && std::strtol(PQcmdTuples(answer.get()), nullptr, 10) != rows) {
      throw std::runtime_error{"the bound was stale"};
    }
    return answer;
  }
  /// Keeps the server's processes for clients on a processor of their own.
  void pin_server(unsigned processor) {
    const auto answer = answered(PQexec(connection_.get(),
                                        "SELECT pid FROM pg_stat_activity WHERE backend_type = "
                                        "'client backend'"));
    for (int row = 0; row != PQntuples(answer.get()); ++row) {
      bench::stay_on(processor, static_cast<int>(number(answer.get(), row, 0)));
    }
  }
  static std::int64_t number(const PGresult* answer, int row, int column) {
    return std::strtoll(PQgetvalue(answer, row, column), nullptr, 10);
  }

 private:
  std::unique_ptr<PGresult, decltype(&PQclear)> answered(PGresult* result) {
    std::unique_ptr<PGresult, decltype(&PQclear)> answer{result, &PQclear};
    const auto status = PQresultStatus(result);
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) {
      throw std::runtime_error{PQerrorMessage(connection_.get())};
    }
    return answer;
  }
  std::unique_ptr<PGconn, decltype(&PQfinish)> connection_;
};

}  // namespace

int main(int argc, char** argv) {
  const auto* const keywords = std::getenv("LOCKSTEP_POSTGRES");
  if (!keywords) {
    std::fputs("there is no server: run this by scripts/postgres run\n", stderr);
    return 2;
  }
  std::uint64_t statements = 0;
  postgres::Database db{keywords};
  postgres::Database counted{keywords, {.on_statement = [&](std::string_view) { ++statements; }}};
  db.execute(bench::accounts_table);
  postgres::Table<int, Account> accounts{db, "accounts"};
  postgres::Table<int, Account> counted_accounts{counted, "accounts"};
  for (int id = 1; id <= bench::account_count; ++id) insert(accounts, id, {"ann", 1'000'000'000}).or_throw();

  Bound bound{keywords};
  bound.prepare("update",
                "UPDATE accounts SET balance = $1, lock_version = $2 WHERE id = $3 AND lock_version = $4");
  bound.prepare("both", "SELECT balance, lock_version FROM accounts WHERE id IN ($1, $2) ORDER BY id = $2");
  bound.prepare(
      "move",
      "WITH held AS MATERIALIZED (SELECT id FROM accounts WHERE (id = $1 AND lock_version = $2) OR "
      "(id = $3 AND lock_version = $4) ORDER BY id FOR UPDATE) UPDATE accounts SET "
      "balance = CASE accounts.id WHEN $1 THEN $5::bigint ELSE $6::bigint END, lock_version = lock_version + "
      "1 "
      "FROM held WHERE accounts.id IN ($1, $3) AND accounts.id = held.id AND (SELECT count(*) FROM held) = "
      "2");
  bound.prepare("transfer",
                "WITH held AS MATERIALIZED (SELECT id = $2 OR balance >= $3::bigint AS holds FROM accounts "
                "WHERE id IN ($1, $2) ORDER BY id FOR NO KEY UPDATE) UPDATE accounts SET "
                "balance = balance + CASE id WHEN $1 THEN -$3::bigint ELSE $3::bigint END, lock_version = "
                "lock_version + 1 "
                "WHERE id IN ($1, $2) AND (SELECT count(*) FROM held WHERE holds) = 2");
  bound.prepare("begin", "BEGIN");
  bound.prepare("one", "SELECT balance, lock_version FROM accounts WHERE id = $1");
  bound.prepare("commit", "COMMIT");

  const auto save_loaded = [](postgres::Table<int, Account>& table) {
    return [&table, draft = edit(load(table, 1))]() mutable {
      ++draft->balance;
      save(table, 1, draft).or_throw();
    };
  };
  const auto transfer_any = [](postgres::Table<int, Account>& table) {
    return [&table, random = bench::Random{1}]() mutable {
      const auto [from, to] = random.two(bench::account_count);
      transfer(table, {.from = static_cast<int>(from) + 1, .to = static_cast<int>(to) + 1, .amount = 1});
    };
  };

  static_cast<void>(load(counted_accounts, 1));
  bound.pin_server(1);

  bench::Question updates{"PostgreSQL: a guarded update of a loaded record"};
  updates.contender("save",
                    [&] { return bench::time_of(1, [&](unsigned) { return save_loaded(accounts); }); });
  updates.contender("bound: one UPDATE", [&] {
    return bench::time_of(1, [&](unsigned) {
      const auto now = load(accounts, 1);
      return
          [&, version = static_cast<std::int64_t>(now.version.number()), balance = now->balance]() mutable {
            bound.run("update", 1, ++balance, version + 1, 1, version);
            ++version;
          };
    });
  });
  updates.answer(bench::rounds(argc, argv));

  bench::Question transfers{"PostgreSQL: a transfer between two of a hundred accounts"};
  transfers.contender("transfer",
                      [&] { return bench::time_of(1, [&](unsigned) { return transfer_any(accounts); }); });
  transfers.contender("bound: one statement", [&] {
    return bench::time_of(1, [&](unsigned) {
      return [&, random = bench::Random{1}]() mutable {
        const auto [from, to] = random.two(bench::account_count);
        bound.run("transfer", 2, from + 1, to + 1, 1);
      };
    });
  });
  const auto load_both = [&] {
    return bench::time_of(1, [&](unsigned) {
      return [&, random = bench::Random{1}]() mutable {
        const auto [from, to] = random.two(bench::account_count);
        const auto both = bound.run("both", 2, from + 1, to + 1);
        bound.run("move", 2, from + 1, Bound::number(both.get(), 0, 1), to + 1,
                  Bound::number(both.get(), 1, 1), Bound::number(both.get(), 0, 0) - 1,
                  Bound::number(both.get(), 1, 0) + 1);
      };
    });
  };
  transfers.contender("bound: SELECT both, UPDATE both", load_both);
  transfers.contender("naive: BEGIN, 2 SELECTs, 2 UPDATEs, COMMIT", [&] {
    return bench::time_of(1, [&](unsigned) {
      return [&, random = bench::Random{1}]() mutable {
        const auto [from, to] = random.two(bench::account_count);
        bound.run("begin", -1);
        const auto payer = bound.run("one", 1, from + 1);
        const auto payee = bound.run("one", 1, to + 1);
        const auto write = [&](std::size_t id, const PGresult* row, std::int64_t change) {
          const auto version = Bound::number(row, 0, 1);
          bound.run("update", 1, Bound::number(row, 0, 0) + change, version + 1, id + 1, version);
        };
        write(from, payer.get(), -1);
        write(to, payee.get(), 1);
        bound.run("commit", -1);
      };
    });
  });
  transfers.answer(bench::rounds(argc, argv));

  const auto transact_any = [](postgres::Table<int, Account>& table) {
    return [&table, random = bench::Random{1}]() mutable {
      const auto [from, to] = random.two(bench::account_count);
      transact(table.database(), [&](auto& tx) {
        const std::array both{static_cast<int>(from) + 1, static_cast<int>(to) + 1};
        tx.prefetch(table, both);
        --tx.edit(table, both[0]).balance;
        ++tx.edit(table, both[1]).balance;
      });
    };
  };
  bench::Question transactions{
      "PostgreSQL: a transaction that loads two of a hundred accounts and changes both"};
  transactions.contender("transact",
                         [&] { return bench::time_of(1, [&](unsigned) { return transact_any(accounts); }); });
  transactions.contender("bound: SELECT both, UPDATE both", load_both);
  transactions.answer(bench::rounds(argc, argv));

  std::printf("\nEach takes\n");
  bench::print_cost("save", statements, save_loaded(counted_accounts));
  bench::print_cost("transfer", statements, transfer_any(counted_accounts));
  bench::print_cost("transact", statements, transact_any(counted_accounts));
}
