// What a snippet of the README takes for granted: two accounts, an order, a database.
#include <lockstep/lockstep.hpp>
#include <lockstep/memory/advisory.hpp>
#include <lockstep/verbs/advisory.hpp>
#include <lockstep/verbs/update_all.hpp>

#include <boost/describe/class.hpp>

#include <cassert>
#include <iostream>
#include <map>
#include <string>

namespace {

struct Account {
  std::string owner;
  long balance = 0;
  long points = 0;
  bool operator==(const Account&) const = default;
};
BOOST_DESCRIBE_STRUCT(Account, (), (owner, balance, points))

struct Order {
  long total = 0;
  bool paid = false;
  bool operator==(const Order&) const = default;
};

}  // namespace

int main() {
  using namespace lockstep;
  memory::Database db;
  memory::Table<int, Account> accounts{db, "accounts"};
  memory::Table<int, Order> orders{db, "orders"};
  insert(accounts, 1, {"ann", 100}).or_throw();
  insert(accounts, 2, {"bob", 100}).or_throw();
  insert(orders, 7, {30}).or_throw();
  // [snippet]
}
