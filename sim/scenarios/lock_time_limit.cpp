// A lock with a time limit: who waits too long is told, and leaves nothing behind.
// Time is virtual and passes only when nobody can run, so every limit is met exactly.
#include "bank.hpp"

namespace lockstep::sim::scenarios::of_lock_time_limit {

namespace {

using std::chrono::milliseconds;

constexpr milliseconds limit{10};

ScopedLock<Accounts> lock_in_time(Accounts& accounts, LockMode mode = LockMode::exclusive) {
  return ScopedLock<Accounts>{accounts, 1, mode, Wait::up_to(limit)};
}

/// Fails if somebody still holds the lock alone, or stands in its queue. Asked by two: a hold
/// that outlived its owner might pass for the first one's own.
void check_nothing_is_left(Bank& bank) {
  quietly([&] {
    auto one = bank.table.session();
    auto two = bank.table.session();
    check(bank.table.lock(one, 1, LockMode::shared, Wait::skip()) &&
              bank.table.lock(two, 1, LockMode::shared, Wait::skip()),
          "no lock is left behind");
  });
}

/// One holds the record until it has an answer, and who is to answer wants the record first:
/// a cycle through something else than locks, which no storage can see.
void answer_of_one_who_waits(Wait wait) {
  Bank bank{1};
  latch answered{1};
  label(answered, "answered");
  concurrently(
      [&] {
        ScopedLock lock{bank.accounts, 1};
        answered.wait();
        lock->balance += 10;
        lock.commit();
      },
      [&] {
        try {
          const ScopedLock lock{bank.accounts, 1, LockMode::exclusive, wait};
        } catch (const LockTimeout&) {
        }
        answered.count_down();
      });
  check(bank.balance(1) == 110, "the change of the one who waited for the answer is stored");
  check_nothing_is_left(bank);
}

void wait_forever() { answer_of_one_who_waits(Wait::forever()); }
void wait_so_long() { answer_of_one_who_waits(Wait::up_to(limit)); }

void two_scoped_locks() {
  Bank bank{2};
  const auto move = [&](int from, int to) {
    for (;;) {
      try {
        ScopedLock first{bank.accounts, from};
        ScopedLock second{bank.accounts, to, LockMode::exclusive, Wait::up_to(limit * from)};
        first->balance -= 30;
        second->balance += 30;
        first.commit();
        return second.commit();
      } catch (const LockTimeout&) {  // the other has both soon
      }
    }
  };
  concurrently([&] { move(1, 2); }, [&] { move(2, 1); });
  check(bank.balance(1) == 100 && bank.balance(2) == 100, "both moved");
}

void in_time() {
  Bank bank{1};
  concurrently(
      [&] {
        with_lock(bank.accounts, 1, [](Account& account) {
          Runtime::sleep_for(limit / 2);
          account.balance += 10;
        });
      },
      [&] {
        auto lock = lock_in_time(bank.accounts);
        lock->balance += 5;
        lock.commit();
      });
  check(bank.balance(1) == 115, "both changes are in the balance");
}

void too_late() {
  Bank bank{1};
  bool held = false;
  concurrently(
      [&] {
        const ScopedLock lock{bank.accounts, 1};
        held = true;
        Runtime::sleep_for(limit * 2);
        held = false;
      },
      [&] {
        try {
          const auto lock = lock_in_time(bank.accounts);
          check(!held, "one at a time");
        } catch (const LockTimeout&) {
          check(held, "who was told of a timeout was kept waiting");
          check(clock::now().time_since_epoch() == limit, "and for as long as it had said");
        }
      });
  check_nothing_is_left(bank);
}

/// The lock is let go of in the very moment in which the wait for it ends.
void last_moment() {
  Bank bank{1};
  bool granted = false;
  concurrently(
      [&] {
        with_lock(bank.accounts, 1, [](Account& account) {
          Runtime::sleep_for(limit);
          account.balance += 10;
        });
      },
      [&] {
        try {
          auto lock = lock_in_time(bank.accounts);
          lock->balance += 5;
          lock.commit();
          granted = true;
        } catch (const LockTimeout&) {
        }
      });
  check(bank.balance(1) == 110 + (granted ? 5 : 0), "granted or told so: one of the two, and all of it");
  check_nothing_is_left(bank);
}

/// A writer queues behind a reader and gives up; a second reader, queued behind the
/// writer, goes in then, while the first is still there.
void gives_way() {
  Bank bank{1};
  latch read{1};
  label(read, "read");
  concurrently(
      [&] {
        const ScopedLock lock{bank.accounts, 1, LockMode::shared};
        Runtime::sleep_for(milliseconds{1});
        read.wait();
      },
      [&] {
        try {
          const auto lock = lock_in_time(bank.accounts);
        } catch (const LockTimeout&) {
        }
      },
      [&] {
        const ScopedLock lock{bank.accounts, 1, LockMode::shared};
        read.count_down();
      });
  check_nothing_is_left(bank);
}

const Registered scenarios[]{
    Registered{{.name = "lock_time_limit/forever",
                .summary = "the holder waits for an answer of one who waits for the lock",
                .expected = FindingKind::deadlock,
                .body = wait_forever}},
    Registered{{.name = "lock_time_limit/up_to",
                .summary = "Wait::up_to() ends such a wait, and both go on",
                .body = wait_so_long}},
    Registered{{.name = "lock_time_limit/two_scoped_locks",
                .summary = "two ScopedLocks of one thread, the second with a time limit",
                .body = two_scoped_locks}},
    Registered{{.name = "lock_time_limit/in_time",
                .summary = "a lock that is released before the limit is granted",
                .body = in_time}},
    Registered{{.name = "lock_time_limit/too_late",
                .summary = "a lock that is held for longer is a LockTimeout",
                .body = too_late}},
    Registered{{.name = "lock_time_limit/last_moment",
                .summary = "a lock released at the limit itself is granted or timed out, not both",
                .body = last_moment}},
    Registered{{.name = "lock_time_limit/gives_way",
                .summary = "who gives up lets those behind it go on",
                .body = gives_way}},
};

}  // namespace

}  // namespace lockstep::sim::scenarios::of_lock_time_limit
