// Overdraft by check-then-act: both see enough money, both take it.
#include "bank.hpp"

namespace lockstep::sim::scenarios::of_overdraft {

namespace {

template <class Withdraw>
void two_withdrawals(Withdraw&& withdraw) {
  Bank bank{1};
  int paid_out = 0;
  concurrently([&] { paid_out += withdraw(bank.accounts, 70) ? 70 : 0; },
               [&] { paid_out += withdraw(bank.accounts, 60) ? 60 : 0; });
  check(bank.balance(1) >= 0, "the account is not overdrawn");
  check(bank.balance(1) + paid_out == 100, "what was paid out was taken from the account");
}

void check_then_act() {
  two_withdrawals([](Accounts& accounts, int amount) {
    if (load(accounts, 1)->balance < amount) return false;
    update(accounts, 1, [=](Account& account) { account.balance -= amount; }, at_once);
    return true;
  });
}

void change_under_a_guard() {
  two_withdrawals([](Accounts& accounts, int amount) {
    return change_if(
               accounts, 1, [=](const Account& account) { return account.balance >= amount; },
               [=](Account& account) { account.balance -= amount; })
        .has_value();
  });
}

void decided_in_the_update() {
  two_withdrawals([](Accounts& accounts, int amount) {
    bool taken = false;
    update(
        accounts, 1,
        [&](Account& account) {
          taken = account.balance >= amount;  // decided anew in each attempt
          if (taken) account.balance -= amount;
        },
        at_once);
    return taken;
  });
}

const Registered scenarios[]{
    Registered{{.name = "overdraft/check_then_act",
                .summary = "look at the balance, then update it",
                .expected = FindingKind::check,
                .body = check_then_act}},
    Registered{{.name = "overdraft/change_if",
                .summary = "change_if(): the check and the change are one step",
                .body = change_under_a_guard}},
    Registered{{.name = "overdraft/update",
                .summary = "update(): the check belongs to the change",
                .body = decided_in_the_update}},
};

}  // namespace

}  // namespace lockstep::sim::scenarios::of_overdraft
