// What must hold for every stored record is said once, and checked before each write of
// each verb. A write that would break it is refused by name, and not tried again.
#include <lockstep/lockstep.hpp>

#include <cstdint>
#include <iostream>
#include <tuple>

struct Account {
  std::int64_t balance = 0;
  std::int64_t credit = 0;
  friend bool operator==(const Account&, const Account&) = default;
};

// [Invariants]
template <>
struct lockstep::Invariants<Account> {
  static constexpr std::tuple all{
      lockstep::Invariant{"credit_not_negative", [](const Account& a) { return a.credit >= 0; }},
      lockstep::Invariant{"within_credit", [](const Account& a) { return a.balance >= -a.credit; }}};
};
// [Invariants]

int main() {
  lockstep::memory::Database db;
  lockstep::memory::Table<int, Account> accounts{db, "accounts"};
  insert(accounts, 1, {.balance = 100, .credit = 50}).or_throw();

  update(accounts, 1, [](Account& account) { account.balance -= 120; });
  try {
    with_lock(accounts, 1, [](Account& account) { account.balance -= 120; });
    return 1;
  } catch (const lockstep::ConstraintViolated& violated) {
    std::cout << violated.what() << '\n';  // accounts[1]: violates within_credit
  }
  std::cout << "balance: " << load(accounts, 1)->balance << '\n';
  return load(accounts, 1)->balance == -20 ? 0 : 1;
}
