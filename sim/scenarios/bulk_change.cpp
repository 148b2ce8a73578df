// One change of many records beside changes of one, at the grain of the embedded storage's own mutex and
// waits.
#include <lockstep/verbs/unguarded.hpp>
#include <lockstep/verbs/update_all.hpp>

#include "fine_bank.hpp"

namespace lockstep::sim::scenarios::of_bulk_change {

namespace {

constexpr auto balance = field<&Account::balance>;

void add_to_all(FineBank& bank) { update_all(bank.accounts, balance >= 0, add<&Account::balance>(5)); }

/// Each is loaded, changed and written back, whatever happened meanwhile.
void one_by_one_unguarded() {
  FineBank bank;
  concurrently(
      [&] {
        for (const int number : {1, 2}) {
          const auto account = load(bank.accounts, number);
          auto session = bank.accounts.session();
          bank.accounts.write_unguarded(session, number, Account{account->balance + 5});
          check(static_cast<bool>(session.commit()), "a write without a guard lands");
        }
      },
      [&] { update(bank.accounts, 1, [](Account& account) { account.balance += 40; }, at_once); });
  check(bank.balance(1) == 145, "both changes are in the balance");
}

void beside_an_update() {
  FineBank bank;
  concurrently([&] { add_to_all(bank); },
               [&] { update(bank.accounts, 1, [](Account& account) { account.balance += 40; }, at_once); });
  check(bank.balance(1) == 145 && bank.balance(2) == 105, "both changes are in the balance");
}

void beside_another() {
  FineBank bank;
  concurrently([&] { add_to_all(bank); }, [&] { add_to_all(bank); });
  check(bank.balance(1) == 110 && bank.balance(2) == 110, "both changes are in both");
}

/// Who moves a record out of the condition or into it does so before all of it or after all of it.
void all_or_none() {
  FineBank bank;
  update(bank.accounts, 2, [](Account& account) { account.balance = -50; });
  concurrently([&] { add_to_all(bank); },
               [&] { transfer(bank.accounts, {.from = 1, .to = 2, .amount = 60}, at_once); });
  const bool before =
      bank.balance(1) == 45 && bank.balance(2) == 10;  // the change of many, then the transfer
  const bool after = bank.balance(1) == 45 && bank.balance(2) == 15;
  check(before || after, "one after the other");
}

/// A record that is held is waited for, and found as its holder left it.
void beside_a_lock() {
  FineBank bank;
  concurrently([&] { add_to_all(bank); },
               [&] { with_lock(bank.accounts, 1, [](Account& account) { account.balance = -1; }); });
  check(bank.balance(1) == -1, "what is below zero then is left alone");
  check(bank.balance(2) == 105, "and the others are not");
}

const Registered scenarios[]{
    Registered{{.name = "bulk_change/one_by_one",
                .summary = "many are loaded, changed and written back without a guard",
                .expected = FindingKind::check,
                .body = one_by_one_unguarded}},
    Registered{{.name = "bulk_change/update",
                .summary = "update_all() beside update(): none is lost",
                .body = beside_an_update}},
    Registered{{.name = "bulk_change/two",
                .summary = "update_all() twice at once: none is lost",
                .body = beside_another}},
    Registered{{.name = "bulk_change/transfer",
                .summary = "update_all() is before a transfer or after it, as a whole",
                .body = all_or_none}},
    Registered{{.name = "bulk_change/lock",
                .summary = "update_all() waits for who holds one of the records",
                .body = beside_a_lock}},
};

}  // namespace

}  // namespace lockstep::sim::scenarios::of_bulk_change
