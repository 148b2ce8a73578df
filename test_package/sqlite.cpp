// Records in an SQLite file: a stale writer is told so.
#include <lockstep/lockstep.hpp>
#include <lockstep/sqlite/table.hpp>

#include <boost/describe/class.hpp>

#include <cstdlib>

struct Account {
  long balance = 0;
  bool operator==(const Account&) const = default;
};
BOOST_DESCRIBE_STRUCT(Account, (), (balance))

int main() {
  lockstep::sqlite::Database<> db{"test_package.sqlite"};
  db.execute(
      "DROP TABLE IF EXISTS accounts; CREATE TABLE accounts (id INTEGER PRIMARY KEY, balance INTEGER, "
      "lock_version INTEGER)");
  lockstep::sqlite::Table<int, Account> accounts{db, "accounts"};
  lockstep::insert(accounts, 1, {.balance = 100}).or_throw();
  auto stale = lockstep::load(accounts, 1);
  lockstep::update(accounts, 1, [](Account& account) { account.balance += 25; });
  stale->balance = 0;
  const bool refused = !lockstep::save(accounts, 1, stale);
  return refused && lockstep::load(accounts, 1)->balance == 125 ? EXIT_SUCCESS : EXIT_FAILURE;
}
