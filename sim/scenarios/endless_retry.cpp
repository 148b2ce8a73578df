// A retry that never ends: two loops that write twice per attempt make each other's
// second write stale for ever. Everybody runs, nobody gets anywhere.
#include "bank.hpp"

#include <algorithm>

namespace lockstep::sim::scenarios::of_endless_retry {

namespace {

struct Job {
  int marks = 0;
  int done = 0;
  friend bool operator==(const Job&, const Job&) = default;
};
BOOST_DESCRIBE_STRUCT(Job, (), (marks, done))

/// Marks the job as taken, then does it, each if nobody came between.
bool attempt(Simulated<memory::Table<int, Job, Runtime>>& jobs) {
  auto job = load(jobs, 1);
  ++job->marks;  // makes the other's attempt stale
  if (!save(jobs, 1, job)) return false;
  ++job->done;
  return static_cast<bool>(save(jobs, 1, job));
}

void naive() {
  Stage<Job> stage{"jobs"};
  stage.put(1, {});
  const auto work = [&] {
    while (!attempt(stage.calls)) {
    }
  };
  concurrently(work, work);
}

/// Both write twice, but who has lost two races locks first.
void escalated() {
  Bank bank{1};
  Retry retry = at_once;
  retry.escalate_after = 2;
  unsigned most = 0;
  retry.observer = [&](const Retrying& lost) { most = std::max(most, lost.attempts); };
  const auto deposit = [&](int amount) {
    update(bank.accounts, 1, [=](Account& account) { account.balance += amount; }, retry);
  };
  concurrently(
      [&] {
        deposit(25);
        deposit(1);
      },
      [&] {
        deposit(40);
        deposit(2);
      });
  check(bank.balance(1) == 168, "all deposits are in the balance");
  check(most <= 2, "no loop loses more races than it may before it locks");
}

/// Somebody writes all the time; an update that never locks could lose every race.
void outlasts_a_writer() {
  Bank bank{1};
  bool done = false;
  Retry retry = at_once;
  retry.escalate_after = 1;
  unsigned lost = 0;
  retry.observer = [&](const Retrying& retrying) { lost = retrying.attempts; };
  concurrently(
      [&] {
        update(bank.accounts, 1, [](Account& account) { account.balance += 1; }, retry);
        done = true;
      },
      [&] {
        for (int i = 0; i < 4 && !done; ++i) {
          auto account = load(bank.accounts, 1);
          account->balance += 10;
          static_cast<void>(save(bank.accounts, 1, account));
        }
      });
  check(done && lost <= 1, "it loses one race, then it locks");
}

/// A transaction of two records beside somebody who writes one of them all the time.
void transaction_outlasts_a_writer() {
  Bank bank{2};
  bool done = false;
  Retry retry = at_once;
  retry.escalate_after = 1;
  unsigned lost = 0;
  retry.observer = [&](const Retrying& retrying) { lost = retrying.attempts; };
  concurrently(
      [&] {
        transact(
            bank.accounts,
            [&](auto& tx) {
              tx.edit(bank.accounts, 1).balance -= 30;
              tx.edit(bank.accounts, 2).balance += 30;
            },
            retry);
        done = true;
      },
      [&] {
        for (int i = 0; i < 3 && !done; ++i) {
          auto account = load(bank.accounts, 1);
          account->balance += 10;
          static_cast<void>(save(bank.accounts, 1, account));
        }
      });
  check(bank.balance(2) == 130, "it happens once");
  check(lost <= 1, "it loses one race, then it locks");
}

const Registered scenarios[]{
    Registered{{.name = "endless_retry/naive",
                .summary = "two loops that write twice per attempt",
                .expected = FindingKind::livelock,
                .body = naive,
                .options = {.steps = 400}}},
    Registered{{.name = "endless_retry/escalation",
                .summary = "update() locks after two lost races, and then wins",
                .body = escalated}},
    Registered{{.name = "endless_retry/hammering_writer",
                .summary = "update() outlasts somebody who writes all the time",
                .body = outlasts_a_writer}},
    Registered{{.name = "endless_retry/transact",
                .summary = "transact() locks after a lost race, and then wins",
                .body = transaction_outlasts_a_writer}},
};

}  // namespace

}  // namespace lockstep::sim::scenarios::of_endless_retry
