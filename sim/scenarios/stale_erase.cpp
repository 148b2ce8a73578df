// Stale erase: a record is removed by someone who has not seen its last change.
#include "bank.hpp"

namespace lockstep::sim::scenarios {

namespace {

/// One closes the account if it is empty, another pays into it. Returns what was lost.
template <class Erase>
void close_while_paying_in(Erase&& erase_account) {
  Bank bank{0};
  bank.put(1, {0});
  bool paid = false;
  bool closed = false;
  concurrently(
      [&] {
        const auto account = load(bank.accounts, 1);
        if (account->balance == 0) closed = erase_account(bank.accounts, account);
      },
      [&] {
        if (auto account = find(bank.accounts, 1)) {
          (*account)->balance += 50;
          paid = static_cast<bool>(save(bank.accounts, 1, *account));
        }
      });
  check(!(paid && closed), "no account is closed with money in it");
  check(closed == !bank.peek(1), "an account is reported closed if and only if it is gone");
}

void naive() {
  close_while_paying_in([](Accounts& accounts, const Versioned<Account>& account) {
    return static_cast<bool>(erase(unguarded(accounts), 1, account));
  });
}

void guarded() {
  close_while_paying_in([](Accounts& accounts, const Versioned<Account>& account) {
    return static_cast<bool>(erase(accounts, 1, account));
  });
}

const Registered scenarios[]{
    Registered{{.name = "stale_erase/naive",
                .summary = "load, decide, erase without a version check",
                .expected = FindingKind::check,
                .body = naive}},
    Registered{{.name = "stale_erase/erase",
                .summary = "erase() removes only what its caller has seen",
                .body = guarded}},
};

}  // namespace

}  // namespace lockstep::sim::scenarios
