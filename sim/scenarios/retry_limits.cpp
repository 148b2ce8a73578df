// A loop that runs again until it wins needs an end: after so many attempts, after so
// long, or when somebody says stop. Time is virtual.
#include "bank.hpp"

#include <algorithm>
#include <stop_token>

namespace lockstep::sim::scenarios::of_retry_limits {

namespace {

using std::chrono::hours;
using std::chrono::milliseconds;

constexpr milliseconds slow{10};

/// A change that takes its time beside a writer that comes more often: every attempt that
/// does not lock loses. Returns why it gave up, if it did, and how often it ran.
struct Ended {
  std::optional<Exhausted::Reason> reason;
  int runs = 0;
};
Ended slow_change_beside_a_writer(Retry retry, int writes) {
  Bank bank{1};
  Ended ended;
  int told = 0;
  retry.observer = [&](const Retrying&) { ++told; };
  concurrently(
      [&] {
        try {
          update(
              bank.accounts, 1,
              [&](Account& account) {
                ++ended.runs;
                account.balance += 10;
                Runtime::sleep_for(slow);
              },
              retry);
        } catch (const Exhausted& exhausted) {
          ended.reason = exhausted.reason();
        }
      },
      [&] {
        Runtime::sleep_for(slow / 2);
        for (int i = 0; i < writes; ++i) {
          update(bank.accounts, 1, [](Account& account) { account.balance += 1; }, at_once);
          Runtime::sleep_for(slow);
        }
      });
  check(bank.balance(1) == 100 + writes + (ended.reason ? 0 : 10), "given up means that nothing was written");
  check(told == ended.runs - 1, "the observer is told before each new attempt");
  return ended;
}

constexpr int many = 12;

void never_locks() {
  Retry retry = at_once;
  retry.locking = Locking::optimistic;
  check(slow_change_beside_a_writer(retry, many).runs < many, "the slow change gets through");
}

void escalates() {
  const auto ended = slow_change_beside_a_writer(at_once, many);
  check(!ended.reason && ended.runs == static_cast<int>(at_once.escalate_after) + 1,
        "after so many lost races it locks, and the next attempt is the last");
}

void attempts() {
  Retry retry = at_once;
  retry.attempts = 3;
  const auto ended = slow_change_beside_a_writer(retry, many);
  check(ended.reason == Exhausted::Reason::attempts && ended.runs == 3, "three attempts are three");
}

void deadline() {
  Retry retry = at_once;
  retry.deadline = slow * 2;
  const auto ended = slow_change_beside_a_writer(retry, many);
  check(ended.reason == Exhausted::Reason::deadline && ended.runs == 2,
        "no attempt begins after the deadline");
}

/// The loop sleeps for long between its attempts; who says stop does not wait for that.
void stopped() {
  Bank bank{1};
  std::stop_source source;
  Retry retry{.base = hours{2}, .cap = hours{2}};
  retry.stop = source.get_token();
  concurrently(
      [&] {
        try {
          update(
              bank.accounts, 1,
              [&](Account& account) {
                account.balance += 10;
                Runtime::sleep_for(slow);
              },
              retry);
          check(false, "its race was lost");
        } catch (const Exhausted& exhausted) {
          check(exhausted.reason() == Exhausted::Reason::stopped, "it says why it gave up");
        }
      },
      [&] {
        Runtime::sleep_for(slow / 2);
        update(bank.accounts, 1, [](Account& account) { account.balance += 1; }, at_once);
        Runtime::sleep_for(slow);
        source.request_stop();
      });
  check(clock::now().time_since_epoch() < hours{1}, "the stop ends the sleep");
  check(bank.balance(1) == 101, "given up means that nothing was written");
}

/// No lock is held while a loop sleeps: others go on meanwhile.
void sleeps_without_locks() {
  Bank bank{2};
  Retry retry{.base = hours{2}, .cap = hours{2}};
  retry.locking = Locking::pessimistic;
  const auto move = [&](int from, int to) {
    transact(
        bank.accounts,
        [&](auto& tx) {
          tx.lock(bank.accounts, from);
          tx.lock(bank.accounts, to);
          tx.edit(bank.accounts, from).balance -= 30;
          tx.edit(bank.accounts, to).balance += 30;
        },
        retry);
    return clock::now().time_since_epoch();
  };
  std::chrono::nanoseconds one{};
  std::chrono::nanoseconds two{};
  concurrently([&] { one = move(1, 2); }, [&] { two = move(2, 1); });
  check(std::min(one, two) == std::chrono::nanoseconds{0},
        "one of the two does not wait for the other's sleep");
}

/// The deadline lies within the sleep that would come next: the loop does not begin it.
void deadline_in_a_sleep() {
  Retry retry{.base = hours{2}, .cap = hours{2}};
  retry.deadline = slow * 2;
  const auto ended = slow_change_beside_a_writer(retry, 1);
  check(ended.reason == Exhausted::Reason::deadline && ended.runs == 1,
        "no attempt begins after the deadline");
  check(clock::now().time_since_epoch() < hours{1}, "nor does a sleep that would end after it");
}

const Registered scenarios[]{
    Registered{{.name = "retry_limits/never_locks",
                .summary = "a slow change that never locks, beside a writer that is faster",
                .expected = FindingKind::check,
                .body = never_locks}},
    Registered{{.name = "retry_limits/escalation",
                .summary = "update() locks after its lost races, and ends",
                .body = escalates}},
    Registered{{.name = "retry_limits/attempts",
                .summary = "update() gives up after its attempts",
                .body = attempts}},
    Registered{{.name = "retry_limits/deadline",
                .summary = "update() begins no attempt after its deadline",
                .body = deadline}},
    Registered{{.name = "retry_limits/stop",
                .summary = "a stop ends the sleep between two attempts",
                .body = stopped}},
    Registered{{.name = "retry_limits/no_lock_in_sleep",
                .summary = "who was told of a deadlock holds no lock while it sleeps",
                .body = sleeps_without_locks}},
    Registered{{.name = "retry_limits/deadline_in_sleep",
                .summary = "update() begins no sleep that would end after its deadline",
                .body = deadline_in_a_sleep}},
};

}  // namespace

}  // namespace lockstep::sim::scenarios::of_retry_limits
