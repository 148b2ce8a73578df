// The storage crashes and restarts: what was committed stays, and every open session is lost with its locks.
// Its owner learns of it at the next call, and until then may believe to hold what somebody else has.
#include "bank.hpp"

namespace lockstep::sim::scenarios::of_crash {

namespace {

const Faults one_crash{.crashes = 1};

/// What the balance may be, by what the clients were told.
struct Told {
  int least = 100;
  int most = 100;

  /// Runs `deposit`, which adds `amount`.
  template <class Deposit>
  void by(int amount, Deposit&& deposit) {
    try {
      deposit();
      least += amount;
      most += amount;
    } catch (const OutcomeUnknown&) {
      most += amount;
    } catch (const ConnectionLost&) {
    }
  }
};

void check_nothing_is_left(Bank& bank) {
  quietly([&] {
    auto session = bank.table.session();
    check(bank.table.lock(session, 1, LockMode::exclusive, Wait::skip()), "no lock is left behind");
  });
}

template <class Deposit>
void two_deposits(Deposit&& deposit) {
  Bank bank{1, one_crash};
  Told told;
  const auto add = [&](int amount) { told.by(amount, [&] { deposit(bank.accounts, amount); }); };
  concurrently([&] { add(10); }, [&] { add(5); });
  check(told.least <= bank.balance(1) && bank.balance(1) <= told.most,
        "what was told to have landed has, and what was told to be lost has not");
  check_nothing_is_left(bank);
}

void updates() {
  two_deposits([](Accounts& accounts, int amount) {
    update(accounts, 1, [&](Account& account) { account.balance += amount; }, at_once);
  });
}

void locks() {
  two_deposits([](Accounts& accounts, int amount) {
    with_lock(accounts, 1, [&](Account& account) { account.balance += amount; });
  });
}

void transactions() {
  two_deposits([](Accounts& accounts, int amount) {
    transact(
        accounts,
        [&](auto& tx) {
          tx.lock(accounts, 1);
          tx.nested([&] { tx.edit(accounts, 1).balance += amount; });
        },
        at_once);
  });
}

/// Something outside of the storage that is to have one user at a time.
struct Printer {
  Printer() { label(users, "users of the printer"); }
  void print() {
    check(users.fetch_add(1) == 0, "one prints at a time");
    users.fetch_sub(1);
  }
  atomic<int> users{0};
};

/// The lock is of the storage, and the storage has lost it.
void printing_under_a_lock() {
  Bank bank{1, one_crash};
  Printer printer;
  const auto print = [&] {
    try {
      const ScopedLock lock{bank.accounts, 1};
      printer.print();
    } catch (const ConnectionLost&) {
    }
  };
  concurrently(print, print);
}

const Registered scenarios[]{
    Registered{{.name = "crash/printer",
                .summary = "a lock of the storage guards something else, and a crash has released it",
                .expected = FindingKind::check,
                .body = printing_under_a_lock}},
    Registered{{.name = "crash/update",
                .summary = "update(): what was told to have landed has, what was told to be lost has not",
                .body = updates}},
    Registered{{.name = "crash/with_lock",
                .summary = "with_lock(): likewise; no lock outlives the crash, and no write the lock",
                .body = locks}},
    Registered{{.name = "crash/transact",
                .summary = "transact() with locks and a nested part: likewise",
                .body = transactions}},
};

}  // namespace

}  // namespace lockstep::sim::scenarios::of_crash
