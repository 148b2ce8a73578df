// Does a program that writes an SQLite file for long keep more and more memory?
#include <lockstep/sqlite/table.hpp>

#include "steady.hpp"

#include <filesystem>
#include <string>

int main(int argc, char** argv) {
  using namespace lockstep;
  const auto path =
      std::filesystem::temp_directory_path() / ("lockstep-bench-" + std::to_string(StdRuntime::random()));
  {
    sqlite::Database db{path.string(), {.durability = sqlite::Durability::crash}};
    db.execute(bench::accounts_table);
    sqlite::Table<int, bench::Account> accounts{db, "accounts"};
    bench::run_steadily(accounts, argc, argv);
  }
  for (const auto* const suffix : {"", "-wal", "-shm"}) std::filesystem::remove(path.string() + suffix);
}
