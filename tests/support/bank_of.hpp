// What the tests of verbs do with a bank, whatever it is stored in.
#pragma once

#include <lockstep/storage/storage.hpp>
#include <lockstep/verbs/save.hpp>

#include <cstdint>

namespace test {

/// Accounts 1, 2 and 3 with 100 each, and order 7 of 40, in `Tables`: a database `db` with `accounts` and
/// `orders`, which may be opened with `Tables::Options`.
template <class Tables>
struct BankOf : Tables {
  BankOf() { fill(); }
  explicit BankOf(const typename Tables::Options& options) : Tables{options} { fill(); }

  [[nodiscard]] std::int64_t balance(int key) { return lockstep::load(this->accounts, key)->balance; }
  [[nodiscard]] lockstep::Version version(int key) { return lockstep::load(this->accounts, key).version; }

  /// Somebody else's deposit: a guarded write in a session of its own.
  void deposit(int key, std::int64_t amount) {
    auto value = lockstep::load(this->accounts, key);
    value->balance += amount;
    lockstep::save(this->accounts, key, value).or_throw();
  }

  /// Whether another session would have to wait for the lock: of the record, or of the whole database.
  [[nodiscard]] bool locked(int key = 1, lockstep::LockMode mode = lockstep::LockMode::shared) {
    if constexpr (lockstep::WholeLockStorage<decltype(this->accounts)>) mode = lockstep::LockMode::exclusive;
    auto session = this->db.session();
    return !this->accounts.lock(session, key, mode, lockstep::Wait::skip());
  }

 private:
  void fill() {
    lockstep::insert(this->accounts, 1, {"ann", 100}).or_throw();
    lockstep::insert(this->accounts, 2, {"bob", 100}).or_throw();
    lockstep::insert(this->accounts, 3, {"cid", 100}).or_throw();
    lockstep::insert(this->orders, 7, {40}).or_throw();
  }
};

}  // namespace test
