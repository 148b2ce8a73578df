// A report over several records that all belong to one moment, while others go on writing.
#include <lockstep/lockstep.hpp>

#include <atomic>
#include <cstdint>
#include <iostream>
#include <thread>

struct Account {
  std::int64_t balance = 0;
  friend bool operator==(const Account&, const Account&) = default;
};

int main() {
  lockstep::memory::Database db;
  lockstep::memory::Table<int, Account> accounts{db, "accounts"};
  for (const int key : {1, 2}) insert(accounts, key, {100}).or_throw();

  bool torn = false;
  {
    std::atomic<bool> done = false;
    const std::jthread writer{[&] {
      for (int i = 0; i < 2000; ++i) transfer(accounts, {.from = 1 + i % 2, .to = 2 - i % 2, .amount = 10});
      done = true;
    }};
    while (!done) {
      // [read_only]
      const auto sum = read_only(
          db, [&](auto& tx) { return tx.read(accounts, 1).balance + tx.read(accounts, 2).balance; });
      // [read_only]
      torn = torn || sum != 200;
    }
  }

  bool refused = false;
  try {
    read_only(db, [&](auto& tx) { tx.edit(accounts, 1).balance = 0; });
  } catch (const lockstep::ReadOnly& error) {
    refused = true;
    std::cout << error.what() << '\n';  // accounts[1]: edit refused: the scope is read-only
  }
  return !torn && refused ? 0 : 1;
}
