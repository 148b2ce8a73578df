// A bank at the grain of the embedded storage's own mutex and waits: no wrapper makes its
// calls one step each, so every interleaving of its code is explored. This grain multiplies.
#pragma once

#include "bank.hpp"

namespace lockstep::sim::scenarios {

/// Two accounts with 100 each.
struct FineBank {
  FineBank() {
    insert(accounts, 1, Account{100}).or_throw();
    insert(accounts, 2, Account{100}).or_throw();
  }
  [[nodiscard]] int balance(int number) { return load(accounts, number)->balance; }

  memory::Database<Runtime> db;
  memory::Table<int, Account, Runtime> accounts{db, "accounts"};
};

using FineAccounts = memory::Table<int, Account, Runtime>;

}  // namespace lockstep::sim::scenarios
