// A retry that fetches the new version but sends the old record again: the guard
// holds, and the other's change is lost all the same.
#include "bank.hpp"

namespace lockstep::sim::scenarios::of_retry_without_reload {

namespace {

void naive() {
  Bank bank{1};
  const auto deposit = [&](int amount) {
    auto account = load(bank.accounts, 1);
    account->balance += amount;
    for (auto saved = save(bank.accounts, 1, account); !saved; saved = save(bank.accounts, 1, account)) {
      account.version = saved.conflict().actual();  // the record stays as it was
    }
  };
  concurrently([&] { deposit(25); }, [&] { deposit(40); });
  check(bank.balance(1) == 165, "both deposits are in the balance");
}

void reloaded() {
  Bank bank{1};
  const auto deposit = [&](int amount) {
    auto account = load(bank.accounts, 1);
    account->balance += amount;
    for (auto saved = save(bank.accounts, 1, account); !saved; saved = save(bank.accounts, 1, account)) {
      account = saved.conflict().current().value();
      account->balance += amount;
    }
  };
  concurrently([&] { deposit(25); }, [&] { deposit(40); });
  check(bank.balance(1) == 165, "both deposits are in the balance");
}

void merged() {
  Bank bank{1};
  const auto deposit = [&](int amount) {
    auto draft = edit(load(bank.accounts, 1));
    draft->balance += amount;
    const auto add_up = [](std::string_view, const auto& base, const auto& mine, const auto& theirs) {
      return static_cast<std::remove_cvref_t<decltype(base)>>(theirs + mine - base);
    };
    save(bank.accounts, 1, draft, merge_fields(add_up)).or_throw();
  };
  concurrently([&] { deposit(25); }, [&] { deposit(40); });
  check(bank.balance(1) == 165, "both deposits are in the balance");
}

/// A value that has lost is sent again as it is: it loses again, for its version is the old one.
void sent_again() {
  Bank bank{1};
  concurrently(
      [&] {
        auto account = load(bank.accounts, 1);
        account->balance += 25;
        if (save(bank.accounts, 1, account)) return;
        check(!save(bank.accounts, 1, account), "what was stale is stale again");
      },
      [&] { update(bank.accounts, 1, [](Account& account) { account.balance += 40; }, at_once); });
  check(bank.balance(1) == 165 || bank.balance(1) == 140, "the other's deposit is in the balance");
}

/// Somebody writes again while a conflict is resolved: the resolved record is stale as well.
void merged_again() {
  Bank bank{1};
  const auto add_up = [](std::string_view, int base, int mine, int theirs) { return theirs + mine - base; };
  concurrently(
      [&] {
        auto draft = edit(load(bank.accounts, 1));
        draft->balance += 25;
        save(bank.accounts, 1, draft, merge_fields(add_up)).or_throw();
      },
      [&] {
        update(bank.accounts, 1, [](Account& account) { account.balance += 40; }, at_once);
        update(bank.accounts, 1, [](Account& account) { account.balance += 7; }, at_once);
      });
  check(bank.balance(1) == 172, "all deposits are in the balance");
}

const Registered scenarios[]{
    Registered{{.name = "retry_without_reload/naive",
                .summary = "after a conflict, the old record at the new version",
                .expected = FindingKind::check,
                .body = naive}},
    Registered{{.name = "retry_without_reload/reload",
                .summary = "after a conflict, the change on the record that the conflict carries",
                .body = reloaded}},
    Registered{{.name = "retry_without_reload/merge",
                .summary = "a conflict resolved field by field, guarded by what the resolver saw",
                .body = merged}},
    Registered{{.name = "retry_without_reload/sent_again",
                .summary = "a value that lost once is stale when it is saved again",
                .body = sent_again}},
    Registered{{.name = "retry_without_reload/merge_again",
                .summary = "somebody writes while a conflict is resolved",
                .body = merged_again}},
};

}  // namespace

}  // namespace lockstep::sim::scenarios::of_retry_without_reload
