// Locks of records: who waits is let in, who gives up is not in the way, and nobody
// is let in twice.
#include "bank.hpp"

namespace lockstep::sim::scenarios::of_record_lock {

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

/// Two take the next free job of three without waiting for each other's.
void skips_what_is_taken() {
  Bank bank{3};
  int taken[4]{};
  const auto take_one = [&] {
    for (int job = 1; job <= 3; ++job) {
      auto session = bank.accounts.session();
      if (!bank.accounts.lock(session, job, LockMode::exclusive, Wait::skip())) continue;
      const auto found = bank.accounts.load(session, job).value();
      if (found->balance == 0) continue;  // done already
      bank.accounts.write(session, job, found.version, Account{0});
      check(static_cast<bool>(session.commit()), "who has locked the job can finish it");
      ++taken[job];
      return;
    }
    check(false, "there are more jobs than workers");
  };
  concurrently(take_one, take_one);
  check(taken[1] + taken[2] + taken[3] == 2, "each took one");
  check(taken[1] <= 1 && taken[2] <= 1, "and nobody the other's");
}

/// A lock that cannot be had is an exception for who does not wait, not a result.
void tells_who_does_not_wait() {
  Bank bank{1};
  latch held{1};
  latch asked{1};
  concurrently(
      [&] {
        const ScopedLock lock{bank.accounts, 1};
        held.count_down();
        asked.wait();
      },
      [&] {
        held.wait();
        auto session = bank.accounts.session();
        bool told = false;
        try {
          static_cast<void>(bank.accounts.lock(session, 1, LockMode::shared, Wait::never()));
        } catch (const LockUnavailable&) {
          told = true;
        }
        asked.count_down();
        check(told, "it is told");
      });
}

/// Three come one after the other while the lock is held.
void first_come_first_served() {
  using std::chrono::milliseconds;
  Bank bank{1};
  std::string order;
  const auto visit = [&](char who, int comes) {
    Runtime::sleep_for(milliseconds{comes});
    const ScopedLock lock{bank.accounts, 1};
    order += who;
    Runtime::sleep_for(milliseconds{5});
  };
  concurrently([&] { visit('a', 1); }, [&] { visit('b', 2); }, [&] { visit('c', 3); });
  check(order == "abc", "in the order in which they came");
}

/// A draft made before the lock was granted shows what is stored when it is.
void draft_is_reloaded() {
  Bank bank{1};
  concurrently(
      [&] {
        auto draft = edit(load(bank.accounts, 1));
        const ScopedLock lock{bank.accounts, 1, draft};
        check(*draft == bank.table.load(1)->record, "the draft shows what was locked");
      },
      [&] { update(bank.accounts, 1, [](Account& account) { account.balance += 5; }, at_once); });
}

/// A draft with a change of its own is not locked, for the reload would lose the change.
void dirty_draft_is_refused() {
  Bank bank{1};
  concurrently(
      [&] {
        auto draft = edit(load(bank.accounts, 1));
        draft->balance += 7;
        try {
          const ScopedLock lock{bank.accounts, 1, draft};
          check(false, "it is refused");
        } catch (const DirtyRecord&) {
          check(draft.dirty(), "the change is still there");
        }
      },
      [&] { update(bank.accounts, 1, [](Account& account) { account.balance += 5; }, at_once); });
  check(bank.balance(1) == 105, "nothing is locked");
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
    Registered{{.name = "record_lock/skip",
                .summary = "Wait::skip() lets each of two workers take a job of its own",
                .body = skips_what_is_taken}},
    Registered{{.name = "record_lock/told",
                .summary = "Wait::never() is a LockUnavailable while another holds the lock",
                .body = tells_who_does_not_wait}},
    Registered{{.name = "record_lock/first_come",
                .summary = "who waits is let in in the order of coming",
                .body = first_come_first_served}},
    Registered{{.name = "record_lock/draft",
                .summary = "a draft is reloaded when its lock is granted",
                .body = draft_is_reloaded}},
    Registered{{.name = "record_lock/dirty_draft",
                .summary = "a draft with unsaved changes is not locked",
                .body = dirty_draft_is_refused}},
};

}  // namespace

}  // namespace lockstep::sim::scenarios::of_record_lock
