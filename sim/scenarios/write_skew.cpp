// Write skew: two read both records, and each writes the other one. Every write is
// guarded, and the rule over both is broken all the same.
// Berenson et al., "A Critique of ANSI SQL Isolation Levels", SIGMOD 1995 (A5B).
#include "bank.hpp"

namespace lockstep::sim::scenarios::of_write_skew {

namespace {

/// Account 1 and 2 belong to one person: either may be overdrawn, their sum may not.
template <class Withdraw>
void two_withdrawals(Withdraw&& withdraw) {
  Bank bank{2};
  concurrently([&] { withdraw(bank.accounts, 1); }, [&] { withdraw(bank.accounts, 2); });
  check(bank.balance(1) + bank.balance(2) >= 0, "the sum over both accounts is not negative");
}

constexpr int amount = 150;

void separate_saves() {
  two_withdrawals([](Accounts& accounts, int from) {
    auto one = load(accounts, 1);
    auto two = load(accounts, 2);
    if (one->balance + two->balance < amount) return;
    auto& mine = from == 1 ? one : two;
    mine->balance -= amount;
    static_cast<void>(save(accounts, from, mine));  // guards only what it writes
  });
}

void transaction() {
  two_withdrawals([](Accounts& accounts, int from) {
    transact(
        accounts,
        [&](auto& tx) {
          if (tx.read(accounts, 1).balance + tx.read(accounts, 2).balance < amount) return;
          tx.edit(accounts, from).balance -= amount;
        },
        at_once);
  });
}

void batch_that_expects() {
  two_withdrawals([](Accounts& accounts, int from) {
    auto one = load(accounts, 1);
    auto two = load(accounts, 2);
    if (one->balance + two->balance < amount) return;
    auto& mine = from == 1 ? one : two;
    const auto& other = from == 1 ? two : one;
    mine->balance -= amount;
    Batch batch{accounts};
    batch.save(accounts, from, mine).expect(accounts, 3 - from, other.version);
    static_cast<void>(batch.commit());
  });
}

const Registered scenarios[]{
    Registered{{.name = "write_skew/separate_saves",
                .summary = "each save guards only the record it writes",
                .expected = FindingKind::check,
                .body = separate_saves}},
    Registered{{.name = "write_skew/transact",
                .summary = "transact() validates what was only read",
                .body = transaction}},
    Registered{{.name = "write_skew/batch",
                .summary = "a Batch that expects the other record unchanged",
                .body = batch_that_expects}},
};

}  // namespace

}  // namespace lockstep::sim::scenarios::of_write_skew
