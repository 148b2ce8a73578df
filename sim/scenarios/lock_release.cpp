// A lock must be given back however its holder ends: by an exception, by a rollback in
// the middle of the scope, by a part of a transaction that failed.
#include "bank.hpp"

namespace lockstep::sim::scenarios::of_lock_release {

namespace {

struct Refused {};

/// A mutex locked and unlocked by hand, with an exception between.
void by_hand() {
  mutex guard;
  label(guard, "guard");
  int balance = 100;
  const auto withdraw = [&](int amount) {
    try {
      guard.lock();
      if (balance < amount) throw Refused{};
      balance -= amount;
      guard.unlock();
    } catch (const Refused&) {
    }
  };
  concurrently([&] { withdraw(500); }, [&] { withdraw(10); });
}

void by_an_exception() {
  Bank bank{1};
  const auto withdraw = [&](int amount) {
    try {
      with_lock(bank.accounts, 1, [&](Account& account) {
        account.balance -= amount;
        if (account.balance < 0) throw Refused{};
      });
      return true;
    } catch (const Refused&) {
      return false;
    }
  };
  concurrently([&] { check(!withdraw(500), "there is not so much"); },
               [&] { check(withdraw(10), "there is enough"); });
  check(bank.balance(1) == 90, "who was refused has changed nothing");
}

/// One rolls back, stays in the scope, and waits there for somebody who needs the lock.
void by_a_rollback() {
  Bank bank{1};
  latch paid{1};
  label(paid, "paid");
  concurrently(
      [&] {
        ScopedLock lock{bank.accounts, 1};
        const int before = lock->balance;
        lock->balance -= 500;
        lock.rollback();
        check(lock->balance == before, "what was rolled back shows what was stored");
        paid.wait();
      },
      [&] {
        with_lock(bank.accounts, 1, [](Account& account) { account.balance += 10; });
        paid.count_down();
      });
  check(bank.balance(1) == 110, "what was rolled back is not stored");
}

/// A part of a transaction locks a second record and fails; the transaction goes on, and
/// waits for somebody who needs that record. Its own lock is still there.
void by_a_part_that_failed() {
  Bank bank{2};
  latch failed{1};
  latch paid{1};
  label(failed, "failed");
  label(paid, "paid");
  concurrently(
      [&] {
        transact(
            bank.accounts,
            [&](auto& tx) {
              tx.lock(bank.accounts, 1);
              try {
                tx.nested([&] {
                  tx.lock(bank.accounts, 2);
                  throw Refused{};
                });
              } catch (const Refused&) {
              }
              failed.count_down();
              paid.wait();
              tx.edit(bank.accounts, 1).balance += 1;
            },
            at_once);
      },
      [&] {
        failed.wait();
        with_lock(bank.accounts, 2, [](Account& account) { account.balance += 10; });
        auto session = bank.accounts.session();
        check(!bank.accounts.lock(session, 1, LockMode::shared, Wait::skip()), "the first lock is kept");
        paid.count_down();
      });
  check(bank.balance(1) == 101 && bank.balance(2) == 110, "both changes are stored");
}

/// The same where the part made a shared lock exclusive: it is shared again, no less.
void by_a_part_that_upgraded() {
  Bank bank{1};
  latch failed{1};
  latch looked{1};
  label(failed, "failed");
  label(looked, "looked");
  concurrently(
      [&] {
        transact(
            bank.accounts,
            [&](auto& tx) {
              tx.lock(bank.accounts, 1, LockMode::shared);
              try {
                tx.nested([&] {
                  tx.lock(bank.accounts, 1);
                  throw Refused{};
                });
              } catch (const Refused&) {
              }
              failed.count_down();
              looked.wait();
            },
            at_once);
      },
      [&] {
        failed.wait();
        const auto free = [&](LockMode mode) {
          auto session = bank.accounts.session();
          return bank.accounts.lock(session, 1, mode, Wait::skip());
        };
        check(free(LockMode::shared), "others may read beside the transaction again");
        check(!free(LockMode::exclusive), "but not write");
        looked.count_down();
      });
}

/// A transaction that fails for good, with a lock that it took before it read.
void by_a_transaction_that_failed() {
  Bank bank{2};
  concurrently(
      [&] {
        try {
          transact(
              bank.accounts,
              [&](auto& tx) {
                tx.lock(bank.accounts, 1);
                tx.edit(bank.accounts, 1).balance -= 500;
                tx.edit(bank.accounts, 2).balance += 500;
                throw Refused{};
              },
              at_once);
        } catch (const Refused&) {
        }
      },
      [&] { transfer(bank.accounts, {.from = 1, .to = 2, .amount = 30}, at_once); });
  check(bank.balance(1) == 70 && bank.balance(2) == 130, "it leaves neither a lock nor a change");
}

const Registered scenarios[]{
    Registered{{.name = "lock_release/by_hand",
                .summary = "lock, throw, and never reach the unlock",
                .expected = FindingKind::leaked_lock,
                .body = by_hand}},
    Registered{{.name = "lock_release/exception",
                .summary = "with_lock() releases and changes nothing when its function throws",
                .body = by_an_exception}},
    Registered{{.name = "lock_release/rollback",
                .summary = "ScopedLock::rollback() releases before the scope ends",
                .body = by_a_rollback}},
    Registered{{.name = "lock_release/nested",
                .summary = "a part that fails gives back its own locks alone",
                .body = by_a_part_that_failed}},
    Registered{{.name = "lock_release/nested_upgrade",
                .summary = "a part that fails makes its exclusive lock shared again",
                .body = by_a_part_that_upgraded}},
    Registered{{.name = "lock_release/transaction",
                .summary = "a transaction that throws leaves no lock and no change",
                .body = by_a_transaction_that_failed}},
};

}  // namespace

}  // namespace lockstep::sim::scenarios::of_lock_release
