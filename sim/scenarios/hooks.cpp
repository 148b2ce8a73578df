// Effects of a transaction outside of it: the function runs once per attempt, a hook
// runs once, when the end is known.
#include "bank.hpp"

namespace lockstep::sim::scenarios::of_hooks {

namespace {

struct Refused {};

void deposit(Bank& bank, int amount) {
  update(bank.accounts, 1, [=](Account& account) { account.balance += amount; }, at_once);
}

void effect_inside() {
  Bank bank{1};
  int letters = 0;
  concurrently(
      [&] {
        transact(
            bank.accounts,
            [&](auto& tx) {
              tx.edit(bank.accounts, 1).balance -= 30;
              ++letters;
            },
            at_once);
      },
      [&] { deposit(bank, 5); });
  check(letters == 1, "one letter is sent for one payment");
}

void effect_in_a_hook() {
  Bank bank{1};
  int letters = 0;
  concurrently(
      [&] {
        transact(
            bank.accounts,
            [&](auto& tx) {
              tx.edit(bank.accounts, 1).balance -= 30;
              tx.after_rollback([] { check(false, "it did not fail for good"); });
              tx.after_commit([&] {
                ++letters;
                check(load(bank.accounts, 1)->balance <= 75, "the payment is stored when the letter is sent");
              });
            },
            at_once);
      },
      [&] { deposit(bank, 5); });
  check(letters == 1, "one letter is sent for one payment");
  check(bank.balance(1) == 75, "both changes are in the balance");
}

/// Two that may try once each: who loses is told so by its hook, once and by no other.
void either_hook() {
  Bank bank{1};
  int paid = 0;
  const auto pay = [&] {
    int runs = 0;
    int committed = 0;
    int rolled_back = 0;
    bool exhausted = false;
    try {
      transact(
          bank.accounts,
          [&](auto& tx) {
            ++runs;
            tx.after_commit([&] { ++committed; });
            tx.after_rollback([&] { ++rolled_back; });
            tx.edit(bank.accounts, 1).balance -= 30;
          },
          Retry{.attempts = 1});
    } catch (const Exhausted&) {
      exhausted = true;
    }
    check(runs == 1, "one attempt is one attempt");
    check(committed + rolled_back == 1, "one hook, once");
    check(exhausted == (rolled_back == 1), "and the right one");
    paid += committed;
  };
  concurrently(pay, pay);
  check(paid >= 1 && bank.balance(1) == 100 - 30 * paid, "as many payments are stored as hooks told of");
}

/// Hooks of a part that failed: told of its rollback, after the whole has ended.
void hooks_of_a_part() {
  Bank bank{1};
  int undone = 0;
  bool committed = false;
  concurrently(
      [&] {
        transact(
            bank.accounts,
            [&](auto& tx) {
              tx.edit(bank.accounts, 1).balance -= 30;
              tx.after_commit([&] { committed = true; });
              try {
                tx.nested([&] {
                  tx.after_commit([] { check(false, "a part that failed was not committed"); });
                  tx.after_rollback([&] {
                    check(committed, "the whole has ended");
                    ++undone;
                  });
                  throw Refused{};
                });
              } catch (const Refused&) {
              }
            },
            at_once);
      },
      [&] { deposit(bank, 5); });
  check(committed && undone == 1, "each hook ran once");
}

const Registered scenarios[]{
    Registered{{.name = "hooks/effect_inside",
                .summary = "a letter sent from within the function",
                .expected = FindingKind::check,
                .body = effect_inside}},
    Registered{{.name = "hooks/after_commit",
                .summary = "after_commit() runs once, when the change is stored",
                .body = effect_in_a_hook}},
    Registered{{.name = "hooks/either",
                .summary = "one of after_commit() and after_rollback() runs, once",
                .body = either_hook}},
    Registered{{.name = "hooks/nested",
                .summary = "hooks of a nested part that failed tell of its rollback alone",
                .body = hooks_of_a_part}},
};

}  // namespace

}  // namespace lockstep::sim::scenarios::of_hooks
