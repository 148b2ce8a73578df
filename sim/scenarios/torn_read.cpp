// Two loads are two moments: together they may show a state that never was.
// Guerraoui & Kapalka, "On the Correctness of Transactional Memory", PPoPP 2008 (opacity).
#include "bank.hpp"

namespace lockstep::sim::scenarios::of_torn_read {

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

/// Reads by hand in one session, of which the last may come too late. Reads are few here, so
/// what the session says of them is checked as well.
void one_session() {
  Bank bank{3};
  concurrently([&] { transfer(bank.accounts, {.from = 1, .to = 2, .amount = 30}, at_once); },
               [&] {
                 auto session = bank.accounts.session();
                 std::size_t seen = 0;
                 try {
                   int sum = 0;
                   for (; seen < 3; ++seen) {
                     sum += bank.accounts.load(session, static_cast<int>(seen) + 1).value()->balance;
                   }
                   check(sum == 300, "an auditor finds all the money");
                 } catch (const StaleRecord& stale) {
                   check(stale.commit().stale().size() == seen, "every read that moved is named");
                 }
               });
}

/// The same record twice in one session: the same again, or told.
void the_same_again() {
  audit_during_a_transfer([](Accounts& accounts) {
    auto session = accounts.session();
    const int before = accounts.load(session, 1).value()->balance;
    try {
      check(accounts.load(session, 1).value()->balance == before, "a session reads one state");
    } catch (const StaleRecord&) {
    }
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
    Registered{{.name = "torn_read/session",
                .summary = "a session's reads are one state, or it names all that moved",
                .body = one_session}},
    Registered{{.name = "torn_read/read_again",
                .summary = "a record read again in one session is the same, or stale",
                .body = the_same_again}},
};

}  // namespace

}  // namespace lockstep::sim::scenarios::of_torn_read
