// A transfer as two separate saves: each is guarded, but between them money is
// missing, and if the second fails it stays so.
#include "bank.hpp"

namespace lockstep::sim::scenarios::of_transfer {

namespace {

/// The sum over both accounts in one state, as an auditor sees it.
int audited(Bank& bank) {
  return read_only(
      bank.accounts,
      [&](auto& tx) { return tx.read(bank.accounts, 1).balance + tx.read(bank.accounts, 2).balance; },
      at_once);
}

void two_saves() {
  Bank bank{2};
  concurrently(
      [&] {
        update(bank.accounts, 1, [](Account& account) { account.balance -= 30; }, at_once);
        update(bank.accounts, 2, [](Account& account) { account.balance += 30; }, at_once);
      },
      [&] { check(audited(bank) == 200, "an auditor finds all the money"); });
}

void conserves(Locking locking) {
  Bank bank{2};
  Retry retry = at_once;
  retry.locking = locking;
  concurrently([&] { transfer(bank.accounts, {.from = 1, .to = 2, .amount = 30}, retry); },
               [&] { check(audited(bank) == 200, "an auditor finds all the money"); });
  check(bank.balance(1) == 70 && bank.balance(2) == 130, "the transfer happened once");
}

void atomic_transfer() { conserves(Locking::adaptive); }
void locked_transfer() { conserves(Locking::pessimistic); }

void one_transaction() {
  Bank bank{2};
  const auto move = [&](int from, int to, int amount) {
    transact(
        bank.accounts,
        [&](auto& tx) {
          tx.edit(bank.accounts, from).balance -= amount;
          tx.edit(bank.accounts, to).balance += amount;
        },
        at_once);
  };
  concurrently([&] { move(1, 2, 30); }, [&] { move(2, 1, 50); });
  check(bank.balance(1) == 120 && bank.balance(2) == 80, "both transfers happened, each once");
}

void unknown_account() {
  Bank bank{1};
  bool refused = false;
  concurrently(
      [&] {
        try {
          transfer(bank.accounts, {.from = 1, .to = 2, .amount = 30}, at_once);
        } catch (const Missing&) {
          refused = true;
        }
      },
      [&] { update(bank.accounts, 1, [](Account& account) { account.balance += 5; }, at_once); });
  check(refused && bank.balance(1) == 105, "a refused transfer writes nothing");
}

const Registered scenarios[]{
    Registered{{.name = "transfer/two_saves",
                .summary = "debit and credit as two guarded updates",
                .expected = FindingKind::check,
                .body = two_saves}},
    Registered{{.name = "transfer/optimistic",
                .summary = "transfer(): an auditor sees the money before or after",
                .body = atomic_transfer}},
    Registered{{.name = "transfer/pessimistic",
                .summary = "transfer() with both accounts locked first",
                .body = locked_transfer}},
    Registered{{.name = "transfer/transact",
                .summary = "two opposite transfers as transactions, each happens once",
                .body = one_transaction}},
    Registered{{.name = "transfer/unknown_account",
                .summary = "a transfer to nowhere leaves the payer alone",
                .body = unknown_account}},
};

}  // namespace

}  // namespace lockstep::sim::scenarios::of_transfer
