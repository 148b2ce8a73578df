// A retry that fetches the new version but sends the old record again: the guard
// holds, and the other's change is lost all the same.
#include "bank.hpp"

namespace lockstep::sim::scenarios {

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
};

}  // namespace

}  // namespace lockstep::sim::scenarios
