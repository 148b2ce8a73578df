// Two tables of one database, with a few records, for the tests of the verbs.
#pragma once

#include <lockstep/memory/table.hpp>
#include <lockstep/verbs/save.hpp>

#include "support/print.hpp"
#include "support/records.hpp"

#include <cstdint>

namespace test {

/// Accounts 1, 2 and 3 with 100 each, and order 7 of 40.
template <lockstep::Runtime R = lockstep::StdRuntime>
struct Bank {
  lockstep::memory::Database<R> db;
  lockstep::memory::Table<int, Account, R> accounts{db, "accounts"};
  lockstep::memory::Table<int, Order, R> orders{db, "orders"};

  Bank() {
    lockstep::insert(accounts, 1, {"ann", 100}).or_throw();
    lockstep::insert(accounts, 2, {"bob", 100}).or_throw();
    lockstep::insert(accounts, 3, {"cid", 100}).or_throw();
    lockstep::insert(orders, 7, {40}).or_throw();
  }

  [[nodiscard]] std::int64_t balance(int key) { return lockstep::load(accounts, key)->balance; }
  [[nodiscard]] lockstep::Version version(int key) { return lockstep::load(accounts, key).version; }

  /// Somebody else's deposit: a guarded write in a session of its own.
  void deposit(int key, std::int64_t amount) {
    auto value = lockstep::load(accounts, key);
    value->balance += amount;
    lockstep::save(accounts, key, value).or_throw();
  }

  /// Whether a session other than `key`'s holder would have to wait for it.
  [[nodiscard]] bool locked(int key, lockstep::LockMode mode = lockstep::LockMode::shared) {
    auto session = db.session();
    return !accounts.lock(session, key, mode, lockstep::Wait::skip());
  }
};

}  // namespace test
