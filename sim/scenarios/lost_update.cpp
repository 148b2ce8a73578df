// Lost update: two read, both change, both write; the second write buries the first.
// Berenson et al., "A Critique of ANSI SQL Isolation Levels", SIGMOD 1995 (P4).
#include "bank.hpp"

namespace lockstep::sim::scenarios::of_lost_update {

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

/// A value can be saved again after it was saved, unless another came between.
void saved_twice() {
  Bank bank{1};
  bool first = false;
  bool second = false;
  bool other = false;
  concurrently(
      [&] {
        auto account = load(bank.accounts, 1);
        account->balance += 25;
        first = static_cast<bool>(save(bank.accounts, 1, account));
        account->balance += 1;
        second = static_cast<bool>(save(bank.accounts, 1, account));
      },
      [&] {
        auto account = load(bank.accounts, 1);
        account->balance += 40;
        other = static_cast<bool>(save(bank.accounts, 1, account));
      });
  check(other || (first && second), "only another makes a value stale");
  const int mine = first && second ? 26 : first ? 25 : 0;
  check(bank.balance(1) == 100 + mine + (other ? 40 : 0), "what save calls landed is in the balance");
}

/// Another changes the record and changes it back: who has not changed a thing is stale
/// all the same, for what it decided by may have been otherwise meanwhile.
void back_again() {
  Bank bank{1};
  atomic<bool> changed{false};
  label(changed, "changed");
  auto seen = quietly([&] { return load(bank.table, 1); });
  concurrently(
      [&] {
        const bool late = changed.load();
        const bool landed = static_cast<bool>(save(bank.accounts, 1, seen));
        check(!(late && landed), "an old version is stale, whatever its record");
      },
      [&] {
        update(bank.accounts, 1, [](Account& account) { account.balance += 5; }, at_once);
        update(bank.accounts, 1, [](Account& account) { account.balance -= 5; }, at_once);
        changed.store(true);
      });
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
    Registered{{.name = "lost_update/save_twice",
                .summary = "a saved value can be saved again, unless another came between",
                .body = saved_twice}},
    Registered{{.name = "lost_update/back_again",
                .summary = "a record that another changed and changed back is stale",
                .body = back_again}},
};

}  // namespace

}  // namespace lockstep::sim::scenarios::of_lost_update
