// Money moves from one account to another, or not at all, whatever else is going on.
#include <lockstep/lockstep.hpp>

#include <cstdint>
#include <iostream>
#include <thread>
#include <vector>

struct Account {
  std::int64_t balance = 0;
  friend bool operator==(const Account&, const Account&) = default;
};

int main() {
  lockstep::memory::Database db;
  lockstep::memory::Table<int, Account> accounts{db, "accounts"};
  for (const int key : {1, 2, 3}) insert(accounts, key, {100}).or_throw();
  {
    std::vector<std::jthread> tellers;
    for (int teller = 0; teller < 3; ++teller) {
      tellers.emplace_back([&accounts, from = 1 + teller, to = 1 + (teller + 1) % 3] {
        for (int i = 0; i < 500; ++i) {
          // [transfer]
          try {
            transfer(accounts, {.from = from, .to = to, .amount = 1 + i % 40});
          } catch (const lockstep::InsufficientFunds&) {  // then not this time
            // [transfer]
          }
        }
      });
    }
  }
  std::int64_t total = 0;
  for (const int key : {1, 2, 3}) {
    const auto balance = load(accounts, key)->balance;
    std::cout << "account " << key << ": " << balance << '\n';
    if (balance < 0) return 1;
    total += balance;
  }
  return total == 300 ? 0 : 1;
}
