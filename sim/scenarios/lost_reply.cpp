// A commit whose reply does not arrive has landed, or not: its caller cannot know. Whoever sends the work
// again does it twice, unless something in the storage says that it was done.
#include "bank.hpp"

namespace lockstep::sim::scenarios::of_lost_reply {

namespace {

const Faults bad_line{.lost_requests = 1, .lost_replies = 1};

/// Runs `work` until it is answered.
template <class Work>
void until_answered(Work&& work) {
  for (;;) {
    try {
      return work();
    } catch (const OutcomeUnknown&) {
    }
  }
}

void transfer_again() {
  Bank bank{2, bad_line};
  concurrently(
      [&] { until_answered([&] { transfer(bank.accounts, {.from = 1, .to = 2, .amount = 30}, at_once); }); },
      [&] {
        try {
          update(bank.accounts, 2, [](Account& account) { account.balance += 0; }, at_once);
        } catch (const OutcomeUnknown&) {
        }
      });
  check(bank.balance(1) == 70 && bank.balance(2) == 130, "the transfer happened once");
}

/// The amount that a transfer of this number has moved.
struct Receipt {
  int amount = 0;
  friend bool operator==(const Receipt&, const Receipt&) = default;
};
BOOST_DESCRIBE_STRUCT(Receipt, (), (amount))

/// The receipt is written with the money, in one commit, so it is there if and only if the money has moved.
void transfer_with_a_receipt() {
  Bank bank{2};
  FaultInjector faults{bad_line};
  const auto owned =
      quietly([&] { return std::make_unique<memory::Table<int, Receipt, Runtime>>(bank.db, "receipts"); });
  Simulated accounts{bank.table, faults};
  Simulated receipts{*owned, faults};
  const auto move = [&] {
    transact(
        accounts,
        [&](auto& tx) {
          if (tx.find(receipts, 7)) return;
          tx.edit(accounts, 1).balance -= 30;
          tx.edit(accounts, 2).balance += 30;
          tx.insert(receipts, 7, {30});
        },
        at_once);
  };
  concurrently([&] { until_answered(move); }, [&] { until_answered(move); });
  check(bank.balance(1) == 70 && bank.balance(2) == 130, "the transfer happened once");
}

void save_again() {
  Bank bank{1, bad_line};
  bool deposited = false;
  concurrently(
      [&] {
        auto value = load(bank.accounts, 1);
        value->balance += 10;
        until_answered([&] { static_cast<void>(save(bank.accounts, 1, value)); });
      },
      [&] {
        try {
          update(bank.accounts, 1, [](Account& account) { account.balance += 5; }, at_once);
          deposited = true;
        } catch (const OutcomeUnknown&) {
        }
      });
  const int balance = bank.balance(1);
  check(balance <= 115, "what is saved again lands once at most");
  check(!deposited || balance >= 105, "and over nobody's change");
}

/// All or nothing, whatever is known about it.
void transfer_once() {
  Bank bank{2, bad_line};
  bool moved = false;
  bool unknown = false;
  concurrently(
      [&] {
        try {
          transfer(bank.accounts, {.from = 1, .to = 2, .amount = 30}, at_once);
          moved = true;
        } catch (const OutcomeUnknown& error) {
          unknown = true;
          check(error.writes().size() == 2, "it names what it may have written");
        }
      },
      [&] {
        try {
          const int sum = read_only(
              bank.accounts,
              [&](auto& tx) { return tx.read(bank.accounts, 1).balance + tx.read(bank.accounts, 2).balance; },
              at_once);
          check(sum == 200, "an auditor finds all the money");
        } catch (const OutcomeUnknown&) {
          check(false, "who only reads needs no answer to its commit");
        }
      });
  check(moved != unknown, "it is told to be done, or unknown");
  const int left = bank.balance(1);
  check(left == 70 || (unknown && left == 100), "what is told to be done is done");
  check(left + bank.balance(2) == 200, "and the rest is all or nothing");
}

void hooks() {
  Bank bank{1, bad_line};
  int committed = 0;
  int rolled_back = 0;
  bool unknown = false;
  try {
    transact(
        bank.accounts,
        [&](auto& tx) {
          tx.edit(bank.accounts, 1).balance += 10;
          tx.after_commit([&] { ++committed; });
          tx.after_rollback([&] { ++rolled_back; });
        },
        at_once);
  } catch (const OutcomeUnknown&) {
    unknown = true;
  }
  check(rolled_back == 0 && committed == (unknown ? 0 : 1), "no hook tells what nobody knows");
}

const Registered scenarios[]{
    Registered{{.name = "lost_reply/transfer_again",
                .summary = "a transfer that is run again as long as its outcome is unknown",
                .expected = FindingKind::check,
                .body = transfer_again}},
    Registered{
        {.name = "lost_reply/receipt",
         .summary = "two send one transfer until it is answered; a receipt in its commit tells who was first",
         .body = transfer_with_a_receipt}},
    Registered{{.name = "lost_reply/save_again",
                .summary = "a guarded save may be sent again: it lands once at most",
                .body = save_again}},
    Registered{{.name = "lost_reply/transfer",
                .summary = "transfer() is not retried then, and has happened whole or not at all",
                .body = transfer_once}},
    Registered{{.name = "lost_reply/hooks",
                .summary = "neither kind of hook runs where the outcome is unknown",
                .body = hooks}},
};

}  // namespace

}  // namespace lockstep::sim::scenarios::of_lost_reply
