// One change of many records: a condition and changes as values, so that a database can compute them.
#include <lockstep/lockstep.hpp>
#include <lockstep/verbs/update_all.hpp>

#include <boost/describe/class.hpp>

#include <cstdint>
#include <iostream>

struct Account {
  std::int64_t balance = 0;
  bool frozen = false;
  bool operator==(const Account&) const = default;
};
BOOST_DESCRIBE_STRUCT(Account, (), (balance, frozen))

using namespace lockstep;

int main() {
  memory::Database db;
  memory::Table<int, Account> accounts{db, "accounts"};
  insert(accounts, 1, {-20}).or_throw();
  insert(accounts, 2, {100}).or_throw();
  auto held = load(accounts, 1);

  // [update_all]
  const auto changed = update_all(accounts, field<&Account::balance> < 0 && field<&Account::frozen> == false,
                                  add<&Account::balance>(-5), set<&Account::frozen>(true));
  std::cout << changed << " frozen, balance " << load(accounts, 1)->balance << '\n';
  // [update_all]

  held->balance = 0;
  return changed == 1 && !save(accounts, 1, held) ? 0 : 1;  // who held it from before is stale
}
