// Two loads are two moments: together they may show a state that never was.
// Guerraoui & Kapalka, "On the Correctness of Transactional Memory", PPoPP 2008 (opacity).
#include "bank.hpp"

namespace lockstep::sim::scenarios {

namespace {

template <class Audit>
void audit_during_a_transfer(Audit&& audit) {
  Bank bank{2};
  concurrently([&] { transfer(bank.accounts, {.from = 1, .to = 2, .amount = 30}, at_once); },
               [&] { audit(bank.accounts); });
}

void two_loads() {
  audit_during_a_transfer([](Accounts& accounts) {
    const auto one = load(accounts, 1);
    const auto two = load(accounts, 2);
    check(one->balance + two->balance == 200, "an auditor finds all the money");
  });
}

void one_state() {
  audit_during_a_transfer([](Accounts& accounts) {
    read_only(
        accounts,
        [&](auto& tx) {
          const int one = tx.read(accounts, 1).balance;
          const int two = tx.read(accounts, 2).balance;
          check(one + two == 200, "even an attempt that will run again sees one state");
        },
        at_once);
  });
}

void under_shared_locks() {
  audit_during_a_transfer([](Accounts& accounts) {
    transact(
        accounts,
        [&](auto& tx) {
          tx.lock(accounts, 1, LockMode::shared);
          tx.lock(accounts, 2, LockMode::shared);
          check(tx.read(accounts, 1).balance + tx.read(accounts, 2).balance == 200,
                "nobody moves money meanwhile");
        },
        at_once);
  });
}

const Registered scenarios[]{
    Registered{{.name = "torn_read/two_loads",
                .summary = "two loads around somebody's transfer",
                .expected = FindingKind::check,
                .body = two_loads}},
    Registered{{.name = "torn_read/read_only",
                .summary = "read_only() shows one state at every moment (opacity)",
                .body = one_state}},
    Registered{{.name = "torn_read/shared_locks",
                .summary = "shared locks hold writers back",
                .body = under_shared_locks}},
};

}  // namespace

}  // namespace lockstep::sim::scenarios
