// The library alone: a record is changed, and a stale writer is told so.
#include <lockstep/lockstep.hpp>

#include <cstdlib>

struct Account {
  long balance = 0;
  bool operator==(const Account&) const = default;
};

int main() {
  lockstep::memory::Database<> db;
  lockstep::memory::Table<int, Account> accounts{db};
  lockstep::insert(accounts, 1, {.balance = 100}).or_throw();
  auto stale = lockstep::load(accounts, 1);
  lockstep::update(accounts, 1, [](Account& account) { account.balance += 25; });
  stale->balance = 0;
  const bool refused = !lockstep::save(accounts, 1, stale);
  return refused && lockstep::load(accounts, 1)->balance == 125 ? EXIT_SUCCESS : EXIT_FAILURE;
}
