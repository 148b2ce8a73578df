// A request with an idempotency key happens exactly once, whatever becomes of requests and replies: its
// receipt lands with it, in one commit. In two commits it does not.
#include <lockstep/verbs/once.hpp>

#include "bank.hpp"

namespace lockstep::sim::scenarios::of_once {

namespace {

const Faults bad_line{.lost_requests = 1, .lost_replies = 1};

/// The transfer of every sender here.
auto transfer_once(Bank& bank) {
  return transfer(bank.accounts, {.from = 1, .to = 2, .amount = 30}, {.idempotency_key = "a"}, at_once);
}

void two_senders(const Faults& faults) {
  Bank bank{2, faults};
  int performed = 0;
  const auto send = [&] {
    if (!transfer_once(bank).replayed) ++performed;
  };
  concurrently(send, send);
  check(bank.balance(1) == 70 && bank.balance(2) == 130, "the transfer happened once");
  check(performed == 1, "and one of the two is told that it was theirs");
}

void over_a_bad_line() { two_senders(bad_line); }
void through_a_crash() { two_senders({.crashes = 1}); }

void beside_others() {
  Bank bank{2, bad_line};
  concurrently([&] { static_cast<void>(transfer_once(bank)); },
               [&] {
                 try {
                   update(bank.accounts, 2, [](Account& account) { account.balance += 5; }, at_once);
                 } catch (const OutcomeUnknown&) {
                 }
               });
  const int second = bank.balance(2);
  check(bank.balance(1) == 70 && (second == 130 || second == 135), "the transfer happened once");
}

void hooks() {
  Bank bank{1, Faults{.lost_requests = 1, .lost_replies = 2}};
  int committed = 0;
  int rolled_back = 0;
  const auto answer = transact(
      bank.accounts, {.idempotency_key = "a"},
      [&](auto& tx) {
        tx.edit(bank.accounts, 1).balance += 10;
        tx.after_commit([&] { ++committed; });
        tx.after_rollback([&] { ++rolled_back; });
        return bank.accounts.faults()->struck(Fault::lost_request) + 1;
      },
      at_once);
  check(committed == 1 && rolled_back == 0, "the hook runs once, however long it took to find out");
  check(!answer.replayed, "the request was performed by this call");
  check(answer.result == bank.accounts.faults()->struck(Fault::lost_request) + 1,
        "by the attempt that landed");
  check(bank.balance(1) == 110, "once");
}

/// What it throws at last says what is there.
void refused() {
  Bank bank{2, bad_line};
  bool was_refused = false;
  concurrently(
      [&] {
        try {
          transfer(bank.accounts, {.from = 1, .to = 2, .amount = 100}, {.idempotency_key = "a"}, at_once);
        } catch (const InsufficientFunds&) {
          was_refused = true;
        }
      },
      [&] {
        try {
          transfer(bank.accounts, {.from = 1, .to = 2, .amount = 10}, {.idempotency_key = "b"}, at_once);
        } catch (const InsufficientFunds&) {
        }
      });
  const int left = bank.balance(1);
  check(left == (was_refused ? 90 : 0), "it is told to be refused if and only if it is not there");
  check(left + bank.balance(2) == 200, "no money is lost");
}

/// The key is noted first, and then the money moves: what gets lost in between is never done.
void key_before() {
  Bank bank{2, bad_line};
  auto receipts = bank.accounts.receipts();
  const auto answered = [](auto&& work) {
    for (;;) {
      try {
        return work();
      } catch (const OutcomeUnknown&) {
      }
    }
  };
  answered([&] {
    const auto found = find(receipts, "a");
    if (found) return;
    insert(receipts, "a", Receipt{0, 1, ""}).or_throw();
    transfer(bank.accounts, {.from = 1, .to = 2, .amount = 30}, at_once);
  });
  check(bank.balance(1) == 70 && bank.balance(2) == 130, "the transfer happened once");
}

/// The money moves, and then the key is noted: what gets lost in between is done twice.
void key_after() {
  Bank bank{2, bad_line};
  auto receipts = bank.accounts.receipts();
  for (bool answered = false; !answered;) {
    try {
      if (!find(receipts, "a")) {
        transfer(bank.accounts, {.from = 1, .to = 2, .amount = 30}, at_once);
        insert(receipts, "a", Receipt{0, 1, ""}).or_throw();
      }
      answered = true;
    } catch (const OutcomeUnknown&) {
    }
  }
  check(bank.balance(1) == 70 && bank.balance(2) == 130, "the transfer happened once");
}

const Registered scenarios[]{
    Registered{{.name = "once/transfer",
                .summary = "two send one transfer under one key, and requests and replies get lost",
                .body = over_a_bad_line}},
    Registered{{.name = "once/crash",
                .summary = "the same through a crash of the storage",
                .body = through_a_crash}},
    Registered{{.name = "once/beside_others",
                .summary = "an unknown outcome is found out while others write the same record",
                .body = beside_others}},
    Registered{
        {.name = "once/hooks",
         .summary = "the hook and the result are those of the attempt that landed, though its reply was lost",
         .body = hooks}},
    Registered{{.name = "once/refused",
                .summary = "a refusal after an unknown outcome says that nothing has landed",
                .body = refused}},
    Registered{{.name = "once/key_before",
                .summary = "a key that is noted in a commit before the transfer",
                .expected = FindingKind::check,
                .body = key_before}},
    Registered{{.name = "once/key_after",
                .summary = "a key that is noted in a commit after the transfer",
                .expected = FindingKind::check,
                .body = key_after}},
};

}  // namespace

}  // namespace lockstep::sim::scenarios::of_once
