// Records in an SQLite file: the same verbs, and rows that other programs may edit meanwhile. One
// that knows nothing of lockstep counts `lock_version` up with each write, as Rails does.
#include <lockstep/lockstep.hpp>
#include <lockstep/sqlite/table.hpp>

#include <boost/describe/class.hpp>

#include <cassert>
#include <cstdint>
#include <filesystem>
#include <iostream>
#include <optional>
#include <string>

using namespace lockstep;

struct Account {
  std::string owner;
  std::int64_t balance = 0;
  std::optional<std::string> note;
  bool operator==(const Account&) const = default;
};
BOOST_DESCRIBE_STRUCT(Account, (), (owner, balance, note))

int main() {
  const auto path =
      std::filesystem::temp_directory_path() / ("lockstep-" + std::to_string(StdRuntime::random()));
  {
    sqlite::Database db{path.string()};
    db.execute(R"(CREATE TABLE accounts (
      id INTEGER PRIMARY KEY, owner TEXT NOT NULL, note TEXT, lock_version INTEGER NOT NULL DEFAULT 0,
      balance INTEGER NOT NULL CONSTRAINT balance_not_negative CHECK (balance >= 0)))");
    sqlite::Table<int, Account> accounts{db, "accounts"};

    insert(accounts, 1, {"ann", 100, {}}).or_throw();
    insert(accounts, 2, {"bob", 100, "new here"}).or_throw();
    update(accounts, 1, [](Account& account) { account.balance += 25; });
    transfer(accounts, {.from = 1, .to = 2, .amount = 30});

    auto draft = edit(load(accounts, 1));
    draft->balance = 0;
    db.execute(
        "UPDATE accounts SET owner = 'Ann', lock_version = lock_version + 1 WHERE id = 1");  // somebody else
    assert(!save(accounts, 1, draft));                                                       // is noticed,
    save(accounts, 1, draft, merge_disjoint).or_throw();  // and not overwritten
    std::cout << load(accounts, 1)->owner << " has " << load(accounts, 1)->balance << '\n';

    try {
      update(accounts, 2, [](Account& account) { account.balance = -1; });
    } catch (const ConstraintViolated& violated) {
      std::cout << violated.what() << '\n';  // accounts[2]: violates balance_not_negative
    }
    assert(load(accounts, 1)->owner == "Ann" && load(accounts, 2)->balance == 130);
  }
  for (const auto* const suffix : {"", "-wal", "-shm"}) std::filesystem::remove(path.string() + suffix);
}
