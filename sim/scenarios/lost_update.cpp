// Lost update: two read, both change, both write; the second write buries the first.
// Berenson et al., "A Critique of ANSI SQL Isolation Levels", SIGMOD 1995 (P4).
#include "bank.hpp"

namespace lockstep::sim::scenarios {

namespace {

void deposit_by_load_and_write(Accounts& accounts, int amount) {
  auto account = load(accounts, 1);
  account->balance += amount;
  save(unguarded(accounts), 1, account).or_throw();  // writes whatever is stored by now
}

void naive() {
  Bank bank{1};
  concurrently([&] { deposit_by_load_and_write(bank.accounts, 25); },
               [&] { deposit_by_load_and_write(bank.accounts, 40); });
  check(bank.balance(1) == 165, "both deposits are in the balance");
}

void updated() {
  Bank bank{1};
  const auto deposit = [&](int amount) {
    update(bank.accounts, 1, [=](Account& account) { account.balance += amount; }, at_once);
  };
  concurrently([&] { deposit(25); }, [&] { deposit(40); }, [&] { deposit(7); });
  check(bank.balance(1) == 172, "all deposits are in the balance");
}

void saved() {
  Bank bank{1};
  bool first = false;
  bool second = false;
  const auto deposit = [&](int amount, bool& landed) {
    auto account = load(bank.accounts, 1);
    account->balance += amount;
    landed = static_cast<bool>(save(bank.accounts, 1, account));
  };
  concurrently([&] { deposit(25, first); }, [&] { deposit(40, second); });
  check(first || second, "one of two saves lands");
  check(bank.balance(1) == 100 + (first ? 25 : 0) + (second ? 40 : 0),
        "what save calls landed is in the balance");
}

void locked() {
  Bank bank{1};
  const auto deposit = [&](int amount) {
    with_lock(bank.accounts, 1, [=](Account& account) { account.balance += amount; });
  };
  concurrently([&] { deposit(25); }, [&] { deposit(40); });
  check(bank.balance(1) == 165, "both deposits are in the balance");
}

const Registered scenarios[]{
    Registered{{.name = "lost_update/naive",
                .summary = "load, change, write without a version check",
                .expected = FindingKind::check,
                .body = naive}},
    Registered{
        {.name = "lost_update/update", .summary = "update() loses none of three deposits", .body = updated}},
    Registered{{.name = "lost_update/save", .summary = "save() tells the loser of the race", .body = saved}},
    Registered{{.name = "lost_update/with_lock",
                .summary = "with_lock() makes two deposits take turns",
                .body = locked}},
};

}  // namespace

}  // namespace lockstep::sim::scenarios
