// A request that is sent twice, because its sender could not know whether it had arrived, happens once.
#include <lockstep/lockstep.hpp>
#include <lockstep/verbs/once.hpp>

#include <iostream>
#include <string>

struct Purse {
  long money = 0;
  friend bool operator==(const Purse&, const Purse&) = default;
};

int main() {
  lockstep::memory::Database db;
  lockstep::memory::Table<int, int> stock{db, "stock"};
  lockstep::memory::Table<int, std::string> orders{db, "orders"};
  insert(stock, 1, 10).or_throw();

  const auto order = [&](const std::string& key, int amount) {
    // [once.transact]
    const auto answer =
        transact(db, {.idempotency_key = key, .request = std::to_string(amount)}, [&](auto& tx) {
          tx.edit(stock, 1) -= amount;
          int number = 1;
          while (tx.find(orders, number)) ++number;
          tx.insert(orders, number, "for " + key);
          return number;  // kept with the receipt, for whoever sends this again
        });
    std::cout << "order " << answer.result << (answer.replayed ? ", as before\n" : "\n");
    // [once.transact]
    return answer.result;
  };
  const int first = order("a3f1", 2);
  const int second = order("a3f1", 2);
  const int third = order("77c0", 2);
  try {
    order("a3f1", 3);
    return 1;
  } catch (const lockstep::IdempotencyKeyReused& error) {
    std::cout << error.what() << '\n';
  }

  lockstep::memory::Table<int, Purse> purses{db, "purses"};
  for (const int key : {1, 2}) insert(purses, key, {100}).or_throw();
  for (int times = 0; times < 2; ++times) {
    // [once.transfer]
    transfer<&Purse::money>(purses, {.from = 1, .to = 2, .amount = 30}, {.idempotency_key = "rent of May"});
    // [once.transfer]
  }
  return first == second && third == 2 && load(stock, 1).record == 6 && load(purses, 2)->money == 130 ? 0 : 1;
}
