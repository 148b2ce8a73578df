// Locks of the embedded storage at the grain of its own mutex and waits: time limits,
// sharing, upgrades, releases, hand-over to several waiters.
#include "fine_bank.hpp"

namespace lockstep::sim::scenarios::of_memory_locks {

namespace {

using std::chrono::milliseconds;

/// Fails if somebody still holds the lock alone, or stands in its queue.
void check_nothing_is_left(FineBank& bank) {
  auto one = bank.accounts.session();
  auto two = bank.accounts.session();
  check(bank.accounts.lock(one, 1, LockMode::shared, Wait::skip()) &&
            bank.accounts.lock(two, 1, LockMode::shared, Wait::skip()),
        "no lock is left behind");
}

/// The limit of one ends in the moment in which the other lets the lock go.
void time_limit() {
  FineBank bank;
  int inside = 0;
  const auto visit = [&](Wait wait, milliseconds stays) {
    auto session = bank.accounts.session();
    try {
      bank.accounts.lock(session, 1, LockMode::exclusive, wait);
      check(++inside == 1, "one at a time");
      Runtime::sleep_for(stays);
      --inside;
    } catch (const LockTimeout&) {
      check(clock::now().time_since_epoch() == milliseconds{10}, "it has waited as long as it said");
    }
  };
  concurrently([&] { visit(Wait::forever(), milliseconds{10}); },
               [&] { visit(Wait::up_to(milliseconds{10}), milliseconds{1}); });
  check_nothing_is_left(bank);
}

/// A cycle of two locks in two sessions of each thread, ended by the limit of one.
void cycle_ended_by_a_limit() {
  FineBank bank;
  int told = 0;
  const auto visit = [&](int one, int two, Wait wait) {
    auto first = bank.accounts.session();
    auto second = bank.accounts.session();
    bank.accounts.lock(first, one);
    try {
      bank.accounts.lock(second, two, LockMode::exclusive, wait);
    } catch (const LockTimeout&) {
      ++told;
    }
  };
  concurrently([&] { visit(1, 2, Wait::forever()); }, [&] { visit(2, 1, Wait::up_to(milliseconds{10})); });
  check(told <= 1, "who has a limit gives way");
  check_nothing_is_left(bank);
}

void sharers_and_a_writer() {
  FineBank bank;
  int readers = 0;
  int writers = 0;
  const auto read = [&] {
    auto session = bank.accounts.session();
    bank.accounts.lock(session, 1, LockMode::shared);
    ++readers;
    check(writers == 0, "no writer beside a reader");
    static_cast<void>(bank.accounts.load(1));
    --readers;
  };
  concurrently(read, [&] {
    auto session = bank.accounts.session();
    bank.accounts.lock(session, 1, LockMode::exclusive);
    ++writers;
    check(readers == 0, "no reader beside a writer");
    static_cast<void>(bank.accounts.load(1));
    --writers;
  });
  check_nothing_is_left(bank);
}

void sharers_meet() {
  FineBank bank;
  barrier both{2};
  label(both, "both");
  const auto read = [&] {
    auto session = bank.accounts.session();
    bank.accounts.lock(session, 1, LockMode::shared);
    both.arrive_and_wait();
  };
  concurrently(read, read);
}

void upgrades() {
  FineBank bank;
  int done = 0;
  int told = 0;
  const auto upgrade = [&] {
    auto session = bank.accounts.session();
    bank.accounts.lock(session, 1, LockMode::shared);
    try {
      bank.accounts.lock(session, 1, LockMode::exclusive);
      ++done;
    } catch (const Deadlock& deadlock) {
      check(deadlock.cycle().size() == 2, "the cycle has both");
      ++told;
    }
  };
  concurrently(upgrade, upgrade);
  check(done + told == 2 && told <= 1, "one goes on");
  check_nothing_is_left(bank);
}

void released_by_a_savepoint() {
  FineBank bank;
  latch released{1};
  concurrently(
      [&] {
        auto session = bank.accounts.session();
        const auto point = session.savepoint();
        bank.accounts.lock(session, 1);
        bank.accounts.write(session, 1, Version{0}, Account{1});
        session.rollback_to(point);
        released.wait();
        check(static_cast<bool>(session.commit()), "nothing is left to be stale");
      },
      [&] {
        auto session = bank.accounts.session();
        bank.accounts.lock(session, 1);
        const auto account = bank.accounts.load(session, 1).value();
        check(account->balance == 100, "what was dropped is not seen");
        released.count_down();
      });
  check(bank.balance(1) == 100, "nor stored");
}

void transfers() {
  FineBank bank;
  Retry retry = at_once;
  retry.locking = Locking::pessimistic;
  retry.attempts = 1;
  concurrently([&] { transfer(bank.accounts, {.from = 1, .to = 2, .amount = 30}, retry); },
               [&] { transfer(bank.accounts, {.from = 2, .to = 1, .amount = 50}, retry); });
  check(bank.balance(1) == 120 && bank.balance(2) == 80, "both happened at the first attempt");
}

void by_argument_order() {
  FineBank bank;
  int done = 0;
  const auto move = [&](int from, int to) {
    auto session = bank.accounts.session();
    try {
      bank.accounts.lock(session, from);
      bank.accounts.lock(session, to);
      ++done;
    } catch (const Deadlock&) {
    }
  };
  concurrently([&] { move(1, 2); }, [&] { move(2, 1); });
  check(done == 2, "both happened at the first attempt");
}

const Registered scenarios[]{
    Registered{{.name = "memory_locks/time_limit",
                .summary = "a limit that ends as the lock is released",
                .body = time_limit}},
    Registered{{.name = "memory_locks/cycle_ended_by_a_limit",
                .summary = "a cycle over four sessions ends when one gives up",
                .body = cycle_ended_by_a_limit}},
    Registered{{.name = "memory_locks/shared_and_exclusive",
                .summary = "a reader and a writer take turns",
                .body = sharers_and_a_writer}},
    Registered{{.name = "memory_locks/shared",
                .summary = "two readers hold the lock at one time",
                .body = sharers_meet}},
    Registered{{.name = "memory_locks/upgrades",
                .summary = "two upgrades: one is told of the cycle",
                .body = upgrades}},
    Registered{{.name = "memory_locks/savepoint",
                .summary = "a rollback to a savepoint gives back what was locked since",
                .body = released_by_a_savepoint}},
    Registered{{.name = "memory_locks/argument_order",
                .summary = "opposite pairs of locks in the order of the arguments: one is told",
                .expected = FindingKind::check,
                .body = by_argument_order}},
    Registered{{.name = "memory_locks/transfers",
                .summary = "opposite transfers lock in key order: nobody is told of a deadlock",
                .body = transfers}},
};

}  // namespace

}  // namespace lockstep::sim::scenarios::of_memory_locks
