// Two transfers between the same accounts in opposite directions, each locking its
// accounts in the order of its arguments: each may wait for the other for ever.
// Coffman, Elphick & Shoshani, "System Deadlocks", ACM Computing Surveys 3(2), 1971.
#include "bank.hpp"

#include <mutex>

namespace lockstep::sim::scenarios::of_opposite_transfers {

namespace {

struct Vault {
  mutex guard;
  int balance = 100;
};

void move_by_argument_order(Vault& from, Vault& to, int amount) {
  const std::scoped_lock first{from.guard};
  const std::scoped_lock second{to.guard};
  from.balance -= amount;
  to.balance += amount;
}

void argument_order() {
  Vault a;
  Vault b;
  label(a.guard, "A");
  label(b.guard, "B");
  concurrently([&] { move_by_argument_order(a, b, 30); }, [&] { move_by_argument_order(b, a, 50); });
}

void account_order() {
  Vault a;
  Vault b;
  label(a.guard, "A");
  label(b.guard, "B");
  const auto move = [&](Vault& from, Vault& to, int amount) {
    const std::scoped_lock first{a.guard};
    const std::scoped_lock second{b.guard};
    from.balance -= amount;
    to.balance += amount;
  };
  concurrently([&] { move(a, b, 30); }, [&] { move(b, a, 50); });
  check(a.balance == 120 && b.balance == 80, "both transfers happened");
}

void pessimistic_transfers() {
  Bank bank{2};
  Retry retry = at_once;
  retry.locking = Locking::pessimistic;
  concurrently([&] { transfer(bank.accounts, {.from = 1, .to = 2, .amount = 30}, retry); },
               [&] { transfer(bank.accounts, {.from = 2, .to = 1, .amount = 50}, retry); });
  check(bank.balance(1) == 120 && bank.balance(2) == 80, "both transfers happened");
}

void locked_together() {
  Bank bank{2};
  const auto move = [&](int from, int to, int amount) {
    with_locks(bank.accounts, {from, to}, [&](auto& locked) {
      locked[from].balance -= amount;
      locked[to].balance += amount;
    });
  };
  concurrently([&] { move(1, 2, 30); }, [&] { move(2, 1, 50); });
  check(bank.balance(1) == 120 && bank.balance(2) == 80, "both transfers happened");
}

/// Each ScopedLock is a session of its own, and the storage cannot know that two of them
/// wait for one thread.
void two_scoped_locks() {
  Bank bank{2};
  const auto hold_both = [&](int from, int to) {
    const ScopedLock first{bank.accounts, from};
    const ScopedLock second{bank.accounts, to};
  };
  concurrently([&] { hold_both(1, 2); }, [&] { hold_both(2, 1); });
}

/// Locks taken one by one in one transaction: the library names the cycle to one side,
/// which rolls back, and the other goes on.
void detected() {
  Bank bank{2};
  int done = 0;
  int told = 0;
  const auto move = [&](int from, int to, int amount) {
    try {
      transact(
          bank.accounts,
          [&](auto& tx) {
            tx.lock(bank.accounts, from);
            tx.lock(bank.accounts, to);
            tx.edit(bank.accounts, from).balance -= amount;
            tx.edit(bank.accounts, to).balance += amount;
          },
          Retry{.attempts = 1});
      done += amount;
    } catch (const Exhausted&) {
      ++told;
    }
  };
  concurrently([&] { move(1, 2, 30); }, [&] { move(2, 1, 50); });
  check(told <= 1, "at most one side is told of a deadlock, and the other goes on");
  check(bank.balance(1) + bank.balance(2) == 200, "no money is lost");
}

/// The same, run again when told so.
void resolved() {
  Bank bank{2};
  const auto move = [&](int from, int to, int amount) {
    transact(
        bank.accounts,
        [&](auto& tx) {
          tx.lock(bank.accounts, from);
          tx.lock(bank.accounts, to);
          tx.edit(bank.accounts, from).balance -= amount;
          tx.edit(bank.accounts, to).balance += amount;
        },
        at_once);
  };
  concurrently([&] { move(1, 2, 30); }, [&] { move(2, 1, 50); });
  check(bank.balance(1) == 120 && bank.balance(2) == 80, "both transfers happened");
}

/// Opposite transfers that may each try once: told of a deadlock, they would fail.
void one_attempt() {
  Bank bank{2};
  Retry retry = at_once;
  retry.locking = Locking::pessimistic;
  retry.attempts = 1;
  concurrently([&] { transfer(bank.accounts, {.from = 1, .to = 2, .amount = 30}, retry); },
               [&] { transfer(bank.accounts, {.from = 2, .to = 1, .amount = 50}, retry); });
  check(bank.balance(1) == 120 && bank.balance(2) == 80, "both transfers happened");
}

void one_attempt_each() {
  Bank bank{2};
  const auto move = [&](int from, int to, int amount) {
    try {
      transact(
          bank.accounts,
          [&](auto& tx) {
            tx.edit(bank.accounts, from).balance -= amount;
            tx.edit(bank.accounts, to).balance += amount;
          },
          Retry{.attempts = 1, .locking = Locking::pessimistic});
    } catch (const Exhausted&) {
    }
  };
  concurrently([&] { move(1, 2, 30); }, [&] { move(2, 1, 50); });
  check(bank.balance(1) == 120 && bank.balance(2) == 80, "both transfers happened");
}

/// Three, each of whom wants next what another has.
void ring() {
  Bank bank{3};
  int done = 0;
  int told = 0;
  const auto visit = [&](int one, int two) {
    auto session = bank.accounts.session();
    try {
      bank.accounts.lock(session, one);
      bank.accounts.lock(session, two);
      ++done;
    } catch (const Deadlock& deadlock) {
      ++told;
      check(deadlock.cycle().size() == 3, "the cycle names all three");
    }
  };
  concurrently([&] { visit(1, 2); }, [&] { visit(2, 3); }, [&] { visit(3, 1); });
  check(done + told == 3 && told <= 1, "one gives way, and the others go on");
}

const Registered scenarios[]{
    Registered{{.name = "opposite_transfers/argument_order",
                .summary = "a mutex per account, locked in the order of the arguments",
                .expected = FindingKind::deadlock,
                .body = argument_order}},
    Registered{{.name = "opposite_transfers/account_order",
                .summary = "a mutex per account, locked in one order for all",
                .body = account_order}},
    Registered{{.name = "opposite_transfers/transfer",
                .summary = "pessimistic transfer() locks in key order",
                .body = pessimistic_transfers}},
    Registered{{.name = "opposite_transfers/with_locks",
                .summary = "with_locks() locks in key order",
                .body = locked_together}},
    Registered{{.name = "opposite_transfers/detected",
                .summary = "tx.lock() one by one: a deadlock is told to one side",
                .body = detected}},
    Registered{{.name = "opposite_transfers/resolved",
                .summary = "tx.lock() one by one, and transact() runs again who was told",
                .body = resolved}},
    Registered{{.name = "opposite_transfers/two_scoped_locks",
                .summary = "two ScopedLocks of one thread are two sessions: nobody sees the cycle",
                .expected = FindingKind::deadlock,
                .body = two_scoped_locks}},
    Registered{{.name = "opposite_transfers/one_attempt",
                .summary = "pessimistic transfer() meets no deadlock: one attempt is enough",
                .body = one_attempt}},
    Registered{{.name = "opposite_transfers/one_attempt_each",
                .summary = "locked in the order of the arguments, one attempt is not enough",
                .expected = FindingKind::check,
                .body = one_attempt_each}},
    Registered{{.name = "opposite_transfers/ring",
                .summary = "a cycle of three locks is told to one of the three",
                .body = ring}},
};

}  // namespace

}  // namespace lockstep::sim::scenarios::of_opposite_transfers
