// Does a program that writes to PostgreSQL for long keep more and more memory? The program's is shown, not
// the server's.
#include <lockstep/postgres/table.hpp>

#include "steady.hpp"

#include <cstdio>
#include <cstdlib>

int main(int argc, char** argv) {
  using namespace lockstep;
  const auto* const keywords = std::getenv("LOCKSTEP_POSTGRES");
  if (!keywords) {
    std::fputs("there is no server: run this by scripts/postgres run\n", stderr);
    return 2;
  }
  postgres::Database db{keywords};
  db.execute(bench::accounts_table);
  postgres::Table<int, bench::Account> accounts{db, "accounts"};
  bench::run_steadily(accounts, argc, argv);
}
