// The same races as in lost_update.cpp and write_skew.cpp, found without a rule about balances: from the
// versions that the transactions read and wrote alone.
#include <lockstep/sim/recorded.hpp>

#include "bank.hpp"

namespace lockstep::sim::scenarios::of_serializable {

namespace {

/// A bank whose transactions are recorded.
struct RecordedBank : Bank {
  explicit RecordedBank(int count) : Bank{count} {}

  TransactionHistory history;
  Recorded<Table> recorded{table, history};
  Simulated<Recorded<Table>> accounts{recorded};
};

template <class Deposit>
void two_deposits(Deposit&& deposit) {
  RecordedBank bank{1};
  concurrently([&] { as_transaction(bank.history, "deposit 25", [&] { deposit(bank.accounts, 25); }); },
               [&] { as_transaction(bank.history, "deposit 40", [&] { deposit(bank.accounts, 40); }); });
  check_serializable(bank.history, "the bank");
}

void lost_update() {
  two_deposits([](auto& accounts, int amount) {
    auto account = load(accounts, 1);
    account->balance += amount;
    save(unguarded(accounts), 1, account).or_throw();
  });
}
void updated() {
  two_deposits([](auto& accounts, int amount) {
    update(accounts, 1, [=](Account& account) { account.balance += amount; }, at_once);
  });
}

template <class Withdraw>
void two_withdrawals(Withdraw&& withdraw) {
  RecordedBank bank{2};
  concurrently([&] { as_transaction(bank.history, "first", [&] { withdraw(bank.accounts, 1); }); },
               [&] { as_transaction(bank.history, "second", [&] { withdraw(bank.accounts, 2); }); });
  check_serializable(bank.history, "the bank");
}

constexpr int amount = 150;

void write_skew() {
  two_withdrawals([](auto& accounts, int from) {
    auto one = load(accounts, 1);
    auto two = load(accounts, 2);
    if (one->balance + two->balance < amount) return;
    auto& mine = from == 1 ? one : two;
    mine->balance -= amount;
    static_cast<void>(save(accounts, from, mine));  // guards only what it writes
  });
}
void transaction() {
  two_withdrawals([](auto& accounts, int from) {
    transact(
        accounts,
        [&](auto& tx) {
          if (tx.read(accounts, 1).balance + tx.read(accounts, 2).balance < amount) return;
          tx.edit(accounts, from).balance -= amount;
        },
        at_once);
  });
}

template <class Read>
void read_during_a_transfer(Read&& read) {
  RecordedBank bank{2};
  concurrently([&] { transfer(bank.accounts, {.from = 1, .to = 2, .amount = 30}, at_once); },
               [&] { as_transaction(bank.history, "reader", [&] { read(bank.accounts); }); });
  check_serializable(bank.history, "the bank");
}

void read_skew() {
  read_during_a_transfer([](auto& accounts) {
    static_cast<void>(load(accounts, 1));
    static_cast<void>(load(accounts, 2));
  });
}
void read_together() {
  read_during_a_transfer([](auto& accounts) {
    read_only(accounts, [&](auto& tx) {
      static_cast<void>(tx.read(accounts, 1)), static_cast<void>(tx.read(accounts, 2));
    });
  });
}

const Registered scenarios[]{
    Registered{{.name = "serializable/lost_update",
                .summary = "a lost update, by the versions alone: G-single",
                .expected = FindingKind::check,
                .body = lost_update}},
    Registered{{.name = "serializable/update",
                .summary = "two calls of update() are serializable",
                .body = updated}},
    Registered{{.name = "serializable/write_skew",
                .summary = "write skew, by the versions alone: G2-item",
                .expected = FindingKind::check,
                .body = write_skew}},
    Registered{{.name = "serializable/transact",
                .summary = "two calls of transact() are serializable",
                .body = transaction}},
    Registered{{.name = "serializable/read_skew",
                .summary = "two loads during a transfer: G-single",
                .expected = FindingKind::check,
                .body = read_skew}},
    Registered{{.name = "serializable/read_only",
                .summary = "read_only() during a transfer is serializable",
                .body = read_together}},
};

}  // namespace

}  // namespace lockstep::sim::scenarios::of_serializable
