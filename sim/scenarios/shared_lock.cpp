// Shared locks: readers hold a record together, a writer waits for all of them, and one
// who reads and then wants to write may close a cycle with another who does the same.
// Gray, Lorie, Putzolu & Traiger, "Granularity of Locks", 1976.
#include "bank.hpp"

#include <vector>

namespace lockstep::sim::scenarios::of_shared_lock {

namespace {

using std::chrono::milliseconds;

/// Two who each hold the record until both do.
void meet_under(LockMode mode) {
  Bank bank{1};
  barrier both{2};
  label(both, "both");
  const auto visit = [&] {
    const ScopedLock lock{bank.accounts, 1, mode};
    both.arrive_and_wait();
  };
  concurrently(visit, visit);
}

void meet_exclusively() { meet_under(LockMode::exclusive); }
void meet_together() { meet_under(LockMode::shared); }

/// An auditor who looks twice, beside somebody's deposit.
template <class Audit>
void audit_during_a_deposit(Audit&& audit) {
  Bank bank{1};
  concurrently([&] { update(bank.accounts, 1, [](Account& account) { account.balance += 5; }, at_once); },
               [&] { audit(bank.accounts); });
  check(bank.balance(1) == 105, "the deposit is in the balance");
}

void look_twice() {
  audit_during_a_deposit([](Accounts& accounts) {
    const int before = load(accounts, 1)->balance;
    check(load(accounts, 1)->balance == before, "nobody writes while the auditor looks");
  });
}

void look_twice_under_a_lock() {
  audit_during_a_deposit([](Accounts& accounts) {
    with_shared_lock(accounts, 1, [&](const Account& account) {
      check(load(accounts, 1)->balance == account.balance, "nobody writes while the auditor looks");
      check(load(accounts, 1)->balance == account.balance, "nor later");
    });
  });
}

/// Both read under a shared lock and write what they have made of it.
void changed_under_a_shared_lock() {
  Bank bank{1};
  int refused = 0;
  const auto deposit = [&] {
    ScopedLock lock{bank.accounts, 1, LockMode::shared};
    lock->balance += 10;
    try {
      lock.commit();
    } catch (const NotSupported&) {
      ++refused;
    }
  };
  concurrently(deposit, deposit);
  check(refused == 2 && bank.balance(1) == 100, "a shared lock is no permission to write");
}

/// Who reads under a shared lock and then wants the record alone; the cycle has a name.
void upgrade_deadlock() {
  Bank bank{1};
  int done = 0;
  int told = 0;
  const auto read_then_write = [&] {
    auto session = bank.accounts.session();
    bank.accounts.lock(session, 1, LockMode::shared);
    try {
      bank.accounts.lock(session, 1, LockMode::exclusive);
      ++done;
    } catch (const Deadlock& deadlock) {
      ++told;
      check(deadlock.cycle().size() == 2, "two are in the cycle");
      for (const auto& waiter : deadlock.cycle()) {
        check(to_string(waiter.wants) == "accounts[1]", "and each wants the record");
      }
    }
  };
  concurrently(read_then_write, read_then_write);
  check(done + told == 2 && told <= 1, "at most one is told, and the other goes on");
}

/// One who holds it alone with a reader that only reads has no cycle, and waits.
void upgrade_waits() {
  Bank bank{1};
  concurrently(
      [&] {
        auto session = bank.accounts.session();
        bank.accounts.lock(session, 1, LockMode::shared);
        bank.accounts.lock(session, 1, LockMode::exclusive);
        const auto account = bank.accounts.load(session, 1).value();
        bank.accounts.write(session, 1, account.version, Account{account->balance + 10});
        check(static_cast<bool>(session.commit()), "what was read under the lock is not stale");
      },
      [&] {
        with_shared_lock(bank.accounts, 1, [&](const Account& account) {
          check(load(bank.accounts, 1)->balance == account.balance, "the upgrade waits for the reader");
        });
      });
  check(bank.balance(1) == 110, "then it is granted");
}

/// A writer waits for two readers, one of whom then wants to write as well: were it to
/// stand behind the writer, who waits for it, nobody could go on.
void upgrade_goes_first() {
  Bank bank{1};
  concurrently(
      [&] {
        auto session = bank.accounts.session();
        bank.accounts.lock(session, 1, LockMode::shared);
        Runtime::sleep_for(milliseconds{2});
        bank.accounts.lock(session, 1, LockMode::exclusive);
      },
      [&] {
        const ScopedLock lock{bank.accounts, 1, LockMode::shared};
        Runtime::sleep_for(milliseconds{3});
      },
      [&] {
        Runtime::sleep_for(milliseconds{1});
        const ScopedLock lock{bank.accounts, 1};
      });
}

/// Who comes while another waits does not go before it, though it could.
void writer_is_not_passed() {
  Bank bank{1};
  std::vector<char> order;
  const auto visit = [&](char who, LockMode mode, milliseconds comes) {
    Runtime::sleep_for(comes);
    const ScopedLock lock{bank.accounts, 1, mode};
    order.push_back(who);
    Runtime::sleep_for(milliseconds{5});
  };
  concurrently([&] { visit('r', LockMode::shared, milliseconds{1}); },
               [&] { visit('w', LockMode::exclusive, milliseconds{2}); },
               [&] { visit('s', LockMode::shared, milliseconds{3}); });
  check(order == std::vector{'r', 'w', 's'}, "first come, first served");
}

/// Two readers wait for a writer and meet inside: both are let in when it goes.
void readers_are_let_in_together() {
  Bank bank{1};
  latch held{1};
  barrier both{2};
  label(held, "held");
  label(both, "both");
  const auto read = [&] {
    held.wait();
    const ScopedLock lock{bank.accounts, 1, LockMode::shared};
    both.arrive_and_wait();
  };
  concurrently(
      [&] {
        const ScopedLock lock{bank.accounts, 1};
        held.count_down();
        Runtime::sleep_for(milliseconds{1});
      },
      read, read);
}

const Registered scenarios[]{
    Registered{{.name = "shared_lock/meet_exclusively",
                .summary = "two exclusive holders who wait for each other inside",
                .expected = FindingKind::deadlock,
                .body = meet_exclusively}},
    Registered{{.name = "shared_lock/meet",
                .summary = "two shared holders hold the record at one time",
                .body = meet_together}},
    Registered{{.name = "shared_lock/two_looks",
                .summary = "two loads around somebody's write, without a lock",
                .expected = FindingKind::check,
                .body = look_twice}},
    Registered{{.name = "shared_lock/writer_waits",
                .summary = "with_shared_lock() keeps writers out",
                .body = look_twice_under_a_lock}},
    Registered{{.name = "shared_lock/refuses_changes",
                .summary = "a change under a shared lock is refused, not lost",
                .body = changed_under_a_shared_lock}},
    Registered{{.name = "shared_lock/upgrade_deadlock",
                .summary = "two upgrades close a cycle, which one of them is told",
                .body = upgrade_deadlock}},
    Registered{{.name = "shared_lock/upgrade_waits",
                .summary = "an upgrade waits for a reader, and is no cycle with itself",
                .body = upgrade_waits}},
    Registered{{.name = "shared_lock/upgrade_goes_first",
                .summary = "an upgrade goes before a writer that waits for its reader",
                .body = upgrade_goes_first}},
    Registered{{.name = "shared_lock/writer_is_not_passed",
                .summary = "readers do not pass a writer that waits",
                .body = writer_is_not_passed}},
    Registered{{.name = "shared_lock/let_in_together",
                .summary = "several readers that wait are let in together",
                .body = readers_are_let_in_together}},
};

}  // namespace

}  // namespace lockstep::sim::scenarios::of_shared_lock
