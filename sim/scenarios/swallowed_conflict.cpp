// A conflict that somebody catches and forgets: the first half was done, the second was
// not, and the whole is taken for done.
#include "bank.hpp"

namespace lockstep::sim::scenarios::of_swallowed_conflict {

namespace {

void forgotten_saves() {
  Bank bank{2};
  concurrently(
      [&] {
        auto from = load(bank.accounts, 1);
        auto to = load(bank.accounts, 2);
        from->balance -= 30;
        to->balance += 30;
        static_cast<void>(save(bank.accounts, 1, from));
        static_cast<void>(save(bank.accounts, 2, to));  // nobody looks whether it landed
      },
      [&] { update(bank.accounts, 2, [](Account& account) { account.balance += 5; }, at_once); });
  check(bank.balance(1) + bank.balance(2) == 205, "no money is lost");
}

/// The read that cannot be consistent with the first one throws; `fn` goes on without it.
void in_read_only() {
  Bank bank{2};
  concurrently([&] { transfer(bank.accounts, {.from = 1, .to = 2, .amount = 30}, at_once); },
               [&] {
                 const int sum = read_only(
                     bank.accounts,
                     [&](auto& tx) {
                       int so_far = tx.read(bank.accounts, 1).balance;
                       try {
                         so_far += tx.read(bank.accounts, 2).balance;
                       } catch (const Conflicted&) {
                       }
                       return so_far;
                     },
                     at_once);
                 check(sum == 200, "no result is made from half of what was to be read");
               });
}

void in_a_transaction() {
  Bank bank{2};
  concurrently(
      [&] {
        transact(
            bank.accounts,
            [&](auto& tx) {
              tx.edit(bank.accounts, 1).balance -= 30;
              try {
                tx.edit(bank.accounts, 2).balance += 30;
              } catch (const Conflicted&) {
              }
            },
            at_once);
      },
      [&] { transfer(bank.accounts, {.from = 2, .to = 1, .amount = 50}, at_once); });
  check(bank.balance(1) == 120 && bank.balance(2) == 80, "both happened, each whole");
}

/// A deadlock is caught, and `fn` goes on with the lock that it has: its commit would
/// land, for nobody else can write what it holds.
void a_deadlock() {
  Bank bank{2};
  const auto move = [&](int from, int to, int amount) {
    transact(
        bank.accounts,
        [&](auto& tx) {
          tx.lock(bank.accounts, from);
          tx.edit(bank.accounts, from).balance -= amount;
          try {
            tx.lock(bank.accounts, to);
            tx.edit(bank.accounts, to).balance += amount;
          } catch (const Deadlock&) {
          }
        },
        at_once);
  };
  concurrently([&] { move(1, 2, 30); }, [&] { move(2, 1, 50); });
  check(bank.balance(1) == 120 && bank.balance(2) == 80, "both happened, each whole");
}

/// The same from within a part: that it was undone does not make the deadlock undone.
void a_deadlock_in_a_part() {
  Bank bank{2};
  const auto move = [&](int from, int to, int amount) {
    transact(
        bank.accounts,
        [&](auto& tx) {
          tx.lock(bank.accounts, from);
          tx.edit(bank.accounts, from).balance -= amount;
          try {
            tx.nested([&] {
              tx.lock(bank.accounts, to);
              tx.edit(bank.accounts, to).balance += amount;
            });
          } catch (const Deadlock&) {
          }
        },
        at_once);
  };
  concurrently([&] { move(1, 2, 30); }, [&] { move(2, 1, 50); });
  check(bank.balance(1) == 120 && bank.balance(2) == 80, "both happened, each whole");
}

const Registered scenarios[]{
    Registered{{.name = "swallowed_conflict/forgotten_saves",
                .summary = "two saves whose outcome nobody looks at",
                .expected = FindingKind::check,
                .body = forgotten_saves}},
    Registered{{.name = "swallowed_conflict/read_only",
                .summary = "read_only() runs again though its function caught the conflict",
                .body = in_read_only}},
    Registered{{.name = "swallowed_conflict/transact",
                .summary = "transact() never commits the half before a conflict that was caught",
                .body = in_a_transaction}},
    Registered{{.name = "swallowed_conflict/deadlock",
                .summary = "nor the half before a deadlock that was caught",
                .body = a_deadlock}},
    Registered{{.name = "swallowed_conflict/nested_deadlock",
                .summary = "nor if it was caught around a nested part",
                .body = a_deadlock_in_a_part}},
};

}  // namespace

}  // namespace lockstep::sim::scenarios::of_swallowed_conflict
