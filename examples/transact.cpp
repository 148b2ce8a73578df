// A transaction changes records of several types together; it runs again if others
// changed what it read, and what should happen once belongs into a hook.
#include <lockstep/lockstep.hpp>

#include <cstdint>
#include <iostream>
#include <stdexcept>

struct Account {
  std::int64_t balance = 0;
  friend bool operator==(const Account&, const Account&) = default;
};

struct Order {
  std::int64_t total = 0;
  bool paid = false;
  friend bool operator==(const Order&, const Order&) = default;
};

int main() {
  lockstep::memory::Database db;
  lockstep::memory::Table<int, Account> accounts{db, "accounts"};
  lockstep::memory::Table<int, Order> orders{db, "orders"};
  insert(accounts, 1, {100}).or_throw();
  insert(orders, 7, {40}).or_throw();

  // [transact]
  const auto pay = [&](int number, int payer) {
    return transact(accounts, orders, [&](auto& tx) {
      auto& order = tx.edit(orders, number);
      auto& account = tx.edit(accounts, payer);
      if (order.paid) throw std::runtime_error{"paid already"};
      account.balance -= order.total;
      order.paid = true;
      tx.after_commit([number] { std::cout << "order " << number << " is paid\n"; });
      return account.balance;
    });
  };
  // [transact]

  const auto left = pay(7, 1);
  bool refused = false;
  try {
    pay(7, 1);
  } catch (const std::runtime_error& error) {
    refused = true;
    std::cout << error.what() << ", so nothing was taken again\n";
  }
  return left == 60 && refused && load(accounts, 1)->balance == 60 && load(orders, 7)->paid ? 0 : 1;
}
