// Stale erase: a record is removed by someone who has not seen its last change.
#include "bank.hpp"

namespace lockstep::sim::scenarios::of_stale_erase {

namespace {

/// One closes the account if it is empty, another pays into it. Returns what was lost.
template <class Erase>
void close_while_paying_in(Erase&& erase_account) {
  Bank bank{0};
  bank.put(1, {0});
  bool paid = false;
  bool closed = false;
  concurrently(
      [&] {
        const auto account = load(bank.accounts, 1);
        if (account->balance == 0) closed = erase_account(bank.accounts, account);
      },
      [&] {
        if (auto account = find(bank.accounts, 1)) {
          (*account)->balance += 50;
          paid = static_cast<bool>(save(bank.accounts, 1, *account));
        }
      });
  check(!(paid && closed), "no account is closed with money in it");
  check(closed == !bank.peek(1), "an account is reported closed if and only if it is gone");
}

void naive() {
  close_while_paying_in([](Accounts& accounts, const Versioned<Account>& account) {
    return static_cast<bool>(erase(unguarded(accounts), 1, account));
  });
}

void guarded() {
  close_while_paying_in([](Accounts& accounts, const Versioned<Account>& account) {
    return static_cast<bool>(erase(accounts, 1, account));
  });
}

/// Two close one account: one of them has.
void two_erase() {
  Bank bank{1};
  int closed = 0;
  const auto close = [&] {
    if (const auto account = find(bank.accounts, 1)) {
      closed += erase(bank.accounts, 1, *account) ? 1 : 0;
    }
  };
  concurrently(close, close);
  check(closed == 1 && !bank.peek(1), "an account is closed once");
}

/// A write without a version check beside an erase with one: it may bury a change, but it
/// does not bring a record back, and it is counted.
void unguarded_write_beside_it() {
  Bank bank{1};
  bool written = false;
  bool closed = false;
  concurrently(
      [&] {
        Versioned account{Account{7}, Version{0}};
        written = static_cast<bool>(save(unguarded(bank.accounts), 1, account));
      },
      [&] {
        const auto account = Versioned<Account>{{100}, Version{0}};  // as it was at the start
        closed = static_cast<bool>(erase(bank.accounts, 1, account));
      });
  check(closed != written, "one of the two comes first, and the other is told");
  check(closed == !bank.peek(1), "closed if and only if it is gone");
  check(quietly([&] { return bank.db.unguarded_writes(); }) == (written ? 1U : 0U), "the write is counted");
}

const Registered scenarios[]{
    Registered{{.name = "stale_erase/naive",
                .summary = "load, decide, erase without a version check",
                .expected = FindingKind::check,
                .body = naive}},
    Registered{{.name = "stale_erase/erase",
                .summary = "erase() removes only what its caller has seen",
                .body = guarded}},
    Registered{{.name = "stale_erase/two_erase",
                .summary = "of two erase() calls one is told that there was nothing left",
                .body = two_erase}},
    Registered{{.name = "stale_erase/unguarded_write",
                .summary = "an unguarded write brings no erased record back",
                .body = unguarded_write_beside_it}},
};

}  // namespace

}  // namespace lockstep::sim::scenarios::of_stale_erase
