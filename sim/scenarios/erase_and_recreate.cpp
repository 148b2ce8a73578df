// Erase and recreate: a new record under an old key. If versions start again, the
// holder of the old record's version writes over the new one (the ABA problem).
#include "bank.hpp"

#include <map>

namespace lockstep::sim::scenarios::of_erase_and_recreate {

namespace {

/// A storage that forgets the version of an erased record, as tables do whose version
/// column starts at 0 with each row.
class Forgetful : public StagedStorage<Forgetful, int, Account> {
 public:
  using runtime_type = Runtime;
  using StagedStorage::load;

  [[nodiscard]] std::string name() const { return "forgetful"; }
  std::optional<Versioned<Account>> load(int key) const {
    const auto found = rows_.find(key);
    return found == rows_.end() ? std::nullopt : std::optional{found->second};
  }
  Commit apply(std::span<const Change> changes) {
    Commit::Members failed;
    for (const auto& change : changes) {
      const auto now = load(change.key);
      if ((now ? now->version : Version{}) != change.expected) failed.push_back(stale(change, now));
    }
    if (!failed.empty()) return Commit{std::move(failed)};
    for (const auto& change : changes) {
      if (change.action == Action::erase) rows_.erase(change.key);
      if (change.record) rows_[change.key] = {*change.record, change.landing};
    }
    return {};
  }
  static Version next(int, Version expected) {
    return expected.absent() ? Version{0} : Version{expected.number() + 1};
  }

 private:
  std::map<int, Versioned<Account>> rows_;
};

/// One pays into the account it loaded; another closes it and opens a new one, with
/// nothing in it and for somebody else, under the same number.
template <Storage S>
void recreate_while_paying_in(S& storage) {
  Simulated accounts{storage};
  bool recreated = false;
  concurrently(
      [&] {
        auto account = find(accounts, 1);
        if (!account || (*account)->balance == 0) return;  // closed, or the new one
        (*account)->balance += 50;
        static_cast<void>(save(accounts, 1, *account));
      },
      [&] {
        const auto old = load(accounts, 1);
        if (!erase(accounts, 1, old)) return;
        insert(accounts, 1, Account{0}).or_throw();
        recreated = true;
      });
  check(!recreated || storage.load(1).value()->balance == 0,
        "nobody pays into an account that was never loaded");
}

void forgetful() {
  Forgetful storage;
  insert(storage, 1, Account{100}).or_throw();
  recreate_while_paying_in(storage);
}

void remembering() {
  Bank bank{1};
  recreate_while_paying_in(bank.table);
}

const Registered scenarios[]{
    Registered{{.name = "erase_and_recreate/forgetful",
                .summary = "versions start again with each new record of a key",
                .expected = FindingKind::check,
                .body = forgetful}},
    Registered{{.name = "erase_and_recreate/memory",
                .summary = "the memory storage uses no version of a key twice",
                .body = remembering}},
};

}  // namespace

}  // namespace lockstep::sim::scenarios::of_erase_and_recreate
