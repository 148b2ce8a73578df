// Guards of the embedded storage at the grain of its own mutex and waits: what was only
// read, a check with its change, an erase, a batch, a merge.
#include "fine_bank.hpp"

namespace lockstep::sim::scenarios::of_memory_guards {

namespace {

constexpr int amount = 150;

/// Either account may be overdrawn, their sum may not (write skew).
template <class Withdraw>
void two_withdrawals(Withdraw&& withdraw) {
  FineBank bank;
  concurrently([&] { withdraw(bank.accounts, 1); }, [&] { withdraw(bank.accounts, 2); });
  check(bank.balance(1) + bank.balance(2) >= 0, "the sum over both accounts is not negative");
}

void skew_by_saves() {
  two_withdrawals([](FineAccounts& accounts, int from) {
    auto one = load(accounts, 1);
    auto two = load(accounts, 2);
    if (one->balance + two->balance < amount) return;
    auto& mine = from == 1 ? one : two;
    mine->balance -= amount;
    static_cast<void>(save(accounts, from, mine));
  });
}

void skew_against_expect() {
  two_withdrawals([](FineAccounts& accounts, int from) {
    const auto mine = load(accounts, from);
    const auto other = load(accounts, 3 - from);
    if (mine->balance + other->balance < amount) return;
    auto session = accounts.session();
    accounts.expect(session, 3 - from, other.version);
    accounts.write(session, from, mine.version, Account{mine->balance - amount});
    static_cast<void>(session.commit());
  });
}

void skew_against_transact() {
  two_withdrawals([](FineAccounts& accounts, int from) {
    transact(
        accounts,
        [&](auto& tx) {
          if (tx.read(accounts, 1).balance + tx.read(accounts, 2).balance < amount) return;
          tx.edit(accounts, from).balance -= amount;
        },
        at_once);
  });
}

/// The stock is 100; two want 70 and 60 of it.
template <class Take>
void two_orders(Take&& take) {
  FineBank bank;
  int taken = 0;
  concurrently([&] { taken += take(bank.accounts, 70) ? 70 : 0; },
               [&] { taken += take(bank.accounts, 60) ? 60 : 0; });
  check(bank.balance(1) >= 0, "the stock never goes below zero");
  check(bank.balance(1) + taken == 100, "what was taken is what is missing");
  check(taken > 0, "one of the two gets what it wants");
}

void check_then_act() {
  two_orders([](FineAccounts& stock, int wanted) {
    if (load(stock, 1)->balance < wanted) return false;
    update(stock, 1, [=](Account& left) { left.balance -= wanted; }, at_once);
    return true;
  });
}

void change_under_a_guard() {
  two_orders([](FineAccounts& stock, int wanted) {
    return change_if(
               stock, 1, [=](const Account& left) { return left.balance >= wanted; },
               [=](Account& left) { left.balance -= wanted; })
        .has_value();
  });
}

/// A guarded change beside a save made from an earlier load: never both from one state.
void change_beside_a_save() {
  FineBank bank;
  bool saved = false;
  concurrently(
      [&] {
        const auto changed = change_if(
            bank.accounts, 1, [](const Account& left) { return left.balance >= 70; },
            [](Account& left) { left.balance -= 70; });
        check(changed.has_value(), "there is enough either way");
      },
      [&] {
        auto mine = load(bank.accounts, 1);
        mine->balance += 5;
        saved = static_cast<bool>(save(bank.accounts, 1, mine));
      });
  check(bank.balance(1) == (saved ? 35 : 30), "what landed is in the stock");
}

/// One closes the account if it is empty, another pays into it.
template <class Erase>
void close_while_paying_in(Erase&& erase_account) {
  FineBank bank;
  bool paid = false;
  bool closed = false;
  concurrently(
      [&] {
        const auto account = load(bank.accounts, 1);
        if (account->balance == 100) closed = erase_account(bank.accounts, account);
      },
      [&] {
        if (auto account = find(bank.accounts, 1)) {
          (*account)->balance += 50;
          paid = static_cast<bool>(save(bank.accounts, 1, *account));
        }
      });
  check(!(paid && closed), "no account is closed that somebody has paid into");
  check(closed == !find(bank.accounts, 1), "reported closed if and only if it is gone");
}

void erase_unseen() {
  close_while_paying_in([](FineAccounts& accounts, const Versioned<Account>& account) {
    return static_cast<bool>(erase(unguarded(accounts), 1, account));
  });
}

void erase_seen() {
  close_while_paying_in([](FineAccounts& accounts, const Versioned<Account>& account) {
    return static_cast<bool>(erase(accounts, 1, account));
  });
}

/// Moves 30 from account 1 to 2 as it saw them, beside a deposit on 2.
template <class Move>
void move_beside_a_deposit(Move&& move) {
  FineBank bank;
  bool moved = false;
  concurrently(
      [&] {
        auto from = load(bank.accounts, 1);
        auto to = load(bank.accounts, 2);
        from->balance -= 30;
        to->balance += 30;
        moved = move(bank.accounts, from, to);
      },
      [&] {
        auto to = load(bank.accounts, 2);
        to->balance += 5;
        static_cast<void>(save(bank.accounts, 2, to));
      });
  const int sum = bank.balance(1) + bank.balance(2);
  check(sum == 200 || sum == 205, "a move creates and destroys no money");
  check(bank.balance(1) == (moved ? 70 : 100), "and happens if it says so");
}

void save_by_save() {
  move_beside_a_deposit([](FineAccounts& accounts, auto& from, auto& to) {
    return save(accounts, 1, from) && save(accounts, 2, to);
  });
}

void batch() {
  move_beside_a_deposit([](FineAccounts& accounts, auto& from, auto& to) {
    Batch batch{accounts};
    batch.save(accounts, 1, from).save(accounts, 2, to);
    return static_cast<bool>(batch.commit());
  });
}

/// Two drafts of one record, each saved until it lands; the second settles its conflict.
template <class Save>
void two_drafts(Save&& save_draft) {
  FineBank bank;
  const auto deposit = [&](int deposited) {
    auto draft = edit(load(bank.accounts, 1));
    draft->balance += deposited;
    save_draft(bank.accounts, draft);
  };
  concurrently([&] { deposit(25); }, [&] { deposit(40); });
  check(bank.balance(1) == 165, "both deposits are in the balance");
}

void mine_over_theirs() {
  two_drafts([](FineAccounts& accounts, auto& draft) { save(accounts, 1, draft, mine_wins).or_throw(); });
}

void added_up() {
  two_drafts([](FineAccounts& accounts, auto& draft) {
    const auto add_up = [](std::string_view, int base, int mine, int theirs) { return theirs + mine - base; };
    save(accounts, 1, draft, merge_fields(add_up)).or_throw();
  });
}

const Registered scenarios[]{
    Registered{{.name = "memory_guards/separate_saves",
                .summary = "write skew: each save guards only the record it writes",
                .expected = FindingKind::check,
                .body = skew_by_saves}},
    Registered{{.name = "memory_guards/expect",
                .summary = "write skew: expect() guards what was only read",
                .body = skew_against_expect}},
    Registered{{.name = "memory_guards/transact",
                .summary = "write skew: transact() validates what was only read",
                .body = skew_against_transact}},
    Registered{{.name = "memory_guards/check_then_act",
                .summary = "look at the stock, then take from it",
                .expected = FindingKind::check,
                .body = check_then_act}},
    Registered{{.name = "memory_guards/change_if",
                .summary = "two guarded changes leave no stock below zero",
                .body = change_under_a_guard}},
    Registered{{.name = "memory_guards/change_and_save",
                .summary = "a guarded change beside a save of an earlier load",
                .body = change_beside_a_save}},
    Registered{{.name = "memory_guards/unseen_erase",
                .summary = "erase without a version check",
                .expected = FindingKind::check,
                .body = erase_unseen}},
    Registered{{.name = "memory_guards/erase",
                .summary = "erase() removes only what its caller has seen",
                .body = erase_seen}},
    Registered{{.name = "memory_guards/save_by_save",
                .summary = "two writes that belong together, as two commits",
                .expected = FindingKind::check,
                .body = save_by_save}},
    Registered{{.name = "memory_guards/batch", .summary = "the same two as one Batch", .body = batch}},
    Registered{{.name = "memory_guards/mine_wins",
                .summary = "a conflict settled by the own record buries the other's change",
                .expected = FindingKind::check,
                .body = mine_over_theirs}},
    Registered{{.name = "memory_guards/merge",
                .summary = "a conflict settled field by field, guarded by what the resolver saw",
                .body = added_up}},
};

}  // namespace

}  // namespace lockstep::sim::scenarios::of_memory_guards
