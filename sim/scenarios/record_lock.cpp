// Locks of records: who waits is let in, who gives up is not in the way, and nobody
// is let in twice.
#include "bank.hpp"

namespace lockstep::sim::scenarios {

namespace {

/// Two hold a lock across two loads and a save; a third lets go without a commit.
void taking_turns() {
  Bank bank{1};
  int inside = 0;
  const auto visit = [&](bool commit) {
    ScopedLock lock{bank.accounts, 1};
    check(++inside == 1, "one at a time");
    lock->balance += 10;
    static_cast<void>(load(bank.accounts, 1));  // a moment in which others run
    --inside;
    if (commit) lock.commit();
  };
  concurrently([&] { visit(true); }, [&] { visit(true); }, [&] { visit(false); });
  check(bank.balance(1) == 120, "what was committed is stored, what was not is not");
}

/// A commit without a lock waits for the holder, and then finds its version stale.
void holds_back_commits() {
  Bank bank{1};
  concurrently(
      [&] {
        with_lock(bank.accounts, 1, [&](Account& account) {
          const int before = load(bank.accounts, 1)->balance;
          account.balance += 10;
          check(load(bank.accounts, 1)->balance == before, "nobody writes a record that another has locked");
        });
      },
      [&] { update(bank.accounts, 1, [](Account& account) { account.balance += 5; }, at_once); });
  check(bank.balance(1) == 115, "both changes are in the balance");
}

/// Two readers hold a shared lock together and both want it exclusively: one is told.
void upgrade() {
  Bank bank{1};
  int done = 0;
  int told = 0;
  const auto read_then_write = [&] {
    try {
      transact(
          bank.accounts,
          [&](auto& tx) {
            tx.lock(bank.accounts, 1, LockMode::shared);
            tx.lock(bank.accounts, 1, LockMode::exclusive);
            tx.edit(bank.accounts, 1).balance += 10;
          },
          Retry{.attempts = 1});
      ++done;
    } catch (const Exhausted&) {
      ++told;
    }
  };
  concurrently(read_then_write, read_then_write);
  check(done + told == 2 && done >= 1, "at most one is told of a deadlock, and the other goes on");
  check(bank.balance(1) == 100 + 10 * done, "only who was let in has changed it");
}

void without_waiting() {
  Bank bank{1};
  int held = 0;
  const auto try_once = [&] {
    try {
      ScopedLock lock{bank.accounts, 1, LockMode::exclusive, Wait::never()};
      check(++held == 1, "one at a time");
      static_cast<void>(load(bank.accounts, 1));
      --held;
    } catch (const LockUnavailable&) {
    }
  };
  concurrently(try_once, try_once, try_once);
}

const Registered scenarios[]{
    Registered{{.name = "record_lock/turns",
                .summary = "three lock one record, one of them rolls back",
                .body = taking_turns}},
    Registered{{.name = "record_lock/holds_back_commits",
                .summary = "an update() without a lock waits for the holder",
                .body = holds_back_commits}},
    Registered{{.name = "record_lock/upgrade",
                .summary = "two shared holders both upgrade: one is told of the deadlock",
                .body = upgrade}},
    Registered{{.name = "record_lock/no_wait",
                .summary = "Wait::never() lets one in and tells the others",
                .body = without_waiting}},
};

}  // namespace

}  // namespace lockstep::sim::scenarios
