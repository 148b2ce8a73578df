// A database may end any session with a conflict that names no record (SQLSTATE 40001). Whoever retries must
// do the whole work again, and whoever does not must take it for not done.
#include "bank.hpp"

namespace lockstep::sim::scenarios::of_injected_conflict {

namespace {

const Faults one_conflict{.conflicts = 1};

/// Runs `deposit` twice side by side; both must be in the balance.
template <class Deposit>
void two_deposits(Deposit&& deposit) {
  Bank bank{1, one_conflict};
  concurrently([&] { deposit(bank.accounts, 10); }, [&] { deposit(bank.accounts, 5); });
  check(bank.balance(1) == 115, "both deposits are in the balance");
}

void ignored() {
  two_deposits([](Accounts& accounts, int amount) {
    try {
      with_lock(accounts, 1, [&](Account& account) { account.balance += amount; });
    } catch (const Conflicted&) {  // "it is locked, what can go wrong"
    }
  });
}

void with_a_lock() {
  two_deposits([](Accounts& accounts, int amount) {
    for (bool done = false; !done;) {
      try {
        with_lock(accounts, 1, [&](Account& account) { account.balance += amount; });
        done = true;
      } catch (const Conflicted&) {
      }
    }
  });
}

void updates() {
  two_deposits([](Accounts& accounts, int amount) {
    update(accounts, 1, [&](Account& account) { account.balance += amount; }, at_once);
  });
}

void pessimistic_updates() {
  two_deposits([](Accounts& accounts, int amount) {
    Retry retry = at_once;
    retry.locking = Locking::pessimistic;
    update(accounts, 1, [&](Account& account) { account.balance += amount; }, retry);
  });
}

/// A conflict in a nested part ends the session, not only the part.
void nested() {
  two_deposits([](Accounts& accounts, int amount) {
    transact(
        accounts,
        [&](auto& tx) {
          tx.edit(accounts, 1).balance += amount;
          try {
            tx.nested([&] {
              tx.lock(accounts, 2);
              tx.edit(accounts, 1).balance += 0;
            });
          } catch (const Conflicted&) {  // forgotten: the transaction knows better
          }
        },
        at_once);
  });
}

void transfers() {
  Bank bank{2, Faults{.conflicts = 1}};
  concurrently(
      [&] { transfer(bank.accounts, {.from = 1, .to = 2, .amount = 30}, at_once); },
      [&] {
        const int sum = read_only(
            bank.accounts,
            [&](auto& tx) { return tx.read(bank.accounts, 1).balance + tx.read(bank.accounts, 2).balance; },
            at_once);
        check(sum == 200, "an auditor finds all the money");
      });
  check(bank.balance(1) == 70 && bank.balance(2) == 130, "the transfer happened once");
}

/// Verbs that do not retry say so, and nothing of them is written.
void told() {
  Bank bank{1, one_conflict};
  int least = 100;
  const auto attempt = [&](int amount, auto&& save_it) {
    try {
      if (save_it(amount)) least += amount;
    } catch (const SerializationFailure&) {
    }
  };
  concurrently(
      [&] {
        attempt(10, [&](int amount) {
          auto value = load(bank.accounts, 1);
          value->balance += amount;
          const auto version = value.version;
          try {
            return static_cast<bool>(save(bank.accounts, 1, value));
          } catch (const SerializationFailure&) {
            check(value.version == version, "a value that was not saved keeps its version");
            throw;
          }
        });
      },
      [&] {
        attempt(5, [&](int amount) {
          return change_if(
                     bank.accounts, 1, [](const Account&) { return true; },
                     [&](Account& account) { account.balance += amount; })
              .has_value();
        });
      });
  check(bank.balance(1) == least, "what was not told to be done is not");
}

const Registered scenarios[]{
    Registered{{.name = "injected_conflict/ignored",
                .summary = "a conflict under a lock, caught and forgotten",
                .expected = FindingKind::check,
                .body = ignored}},
    Registered{{.name = "injected_conflict/with_lock",
                .summary = "with_lock() tells of it, holds nothing then, and may be run again",
                .body = with_a_lock}},
    Registered{{.name = "injected_conflict/update",
                .summary = "update() runs again, wherever it strikes",
                .body = updates}},
    Registered{{.name = "injected_conflict/update_pessimistic",
                .summary = "likewise with a lock, which it gives back",
                .body = pessimistic_updates}},
    Registered{{.name = "injected_conflict/nested",
                .summary = "transact() runs again though a nested part swallowed it",
                .body = nested}},
    Registered{{.name = "injected_conflict/transfer",
                .summary = "transfer() and read_only() run again",
                .body = transfers}},
    Registered{{.name = "injected_conflict/told",
                .summary = "save() and change_if() say so, and nothing is written",
                .body = told}},
};

}  // namespace

}  // namespace lockstep::sim::scenarios::of_injected_conflict
