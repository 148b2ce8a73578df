// Who is slow looks like who is gone. A time limit says that somebody waited, and nothing about why.
#include "bank.hpp"

namespace lockstep::sim::scenarios::of_slow_reply {

namespace {

using std::chrono::milliseconds;

const Faults one_slow_reply{.delays = 1, .delay = milliseconds{10}};
constexpr milliseconds limit{5};

/// A job that is to be done once. Whoever cannot lock it in time takes its holder for dead.
template <class TakeOver>
void do_once(TakeOver&& take_over) {
  Bank bank{1, one_slow_reply};
  const auto work = [&] {
    try {
      with_lock(
          bank.accounts, 1,
          [](Account& job) {
            if (job.balance == 100) job.balance += 1;
          },
          Wait::up_to(limit));
    } catch (const LockTimeout&) {
      take_over(bank.accounts);
    }
  };
  concurrently(work, work);
  check(bank.balance(1) == 101, "the job is done once");
}

void takes_over() {
  do_once([](Accounts& accounts) { update(accounts, 1, [](Account& job) { job.balance += 1; }, at_once); });
}

void looks_first() {
  do_once([](Accounts& accounts) {
    update(
        accounts, 1,
        [](Account& job) {
          if (job.balance == 100) job.balance += 1;
        },
        at_once);
  });
}

/// The limit may have passed at any moment, because this thread was slow itself.
void any_moment() {
  Bank bank{2, Faults{.lock_timeouts = 1}};
  int moved = 0;
  const auto move = [&](int from, int to) {
    try {
      with_locks(
          bank.accounts, {from, to},
          [&](auto& records) {
            records[from].balance -= 30;
            records[to].balance += 30;
          },
          Wait::up_to(limit));
      moved += from == 1 ? 30 : -30;
    } catch (const LockTimeout&) {
    }
  };
  concurrently([&] { move(1, 2); }, [&] { move(2, 1); });
  check(bank.balance(1) == 100 - moved && bank.balance(2) == 100 + moved,
        "who was not told moved, who was did not");
  quietly([&] {
    auto session = bank.table.session();
    check(bank.table.lock(session, 1, LockMode::exclusive, Wait::skip()) &&
              bank.table.lock(session, 2, LockMode::exclusive, Wait::skip()),
          "no lock is left behind");
  });
}

const Registered scenarios[]{
    Registered{
        {.name = "slow_reply/takes_over",
         .summary = "who waits too long for a lock takes its holder for dead, and does the work as well",
         .expected = FindingKind::check,
         .body = takes_over}},
    Registered{{.name = "slow_reply/looks_first",
                .summary = "who takes over looks whether it is done, in the step that does it",
                .body = looks_first}},
    Registered{
        {.name = "slow_reply/any_moment",
         .summary = "with_locks() whose time may be over at each lock: all or nothing, and no lock is left",
         .body = any_moment}},
};

}  // namespace

}  // namespace lockstep::sim::scenarios::of_slow_reply
