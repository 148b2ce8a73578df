// The embedded storage at the grain of its own mutex and waits: every interleaving of
// its code, not only of its calls. Small, because this grain multiplies.
#include "fine_bank.hpp"

namespace lockstep::sim::scenarios::of_memory_engine {

namespace {

void two_commits() {
  FineBank bank;
  bool first = false;
  bool second = false;
  const auto save_once = [&](int amount, bool& landed) {
    auto session = bank.accounts.session();
    bank.accounts.write(session, 1, Version{0}, Account{amount});
    landed = static_cast<bool>(session.commit());
  };
  concurrently([&] { save_once(25, first); }, [&] { save_once(40, second); });
  check(first != second, "one of two commits from one version lands");
  check(load(bank.accounts, 1)->balance == (first ? 25 : 40), "and it is the one that is stored");
}

void lock_is_handed_over() {
  FineBank bank;
  int inside = 0;
  const auto visit = [&] {
    auto session = bank.accounts.session();
    bank.accounts.lock(session, 1);
    check(++inside == 1, "one at a time");
    static_cast<void>(bank.accounts.load(1));  // others read on
    --inside;
  };
  concurrently(visit, visit);
}

void deadlock_is_told() {
  FineBank bank;
  int done = 0;
  int told = 0;
  const auto visit = [&](int one, int two) {
    try {
      auto session = bank.accounts.session();
      bank.accounts.lock(session, one);
      bank.accounts.lock(session, two);
      ++done;
    } catch (const Deadlock&) {
      ++told;
    }
  };
  concurrently([&] { visit(1, 2); }, [&] { visit(2, 1); });
  check(done + told == 2 && done >= 1, "at most one is told, and the other goes on");
}

void commit_waits_for_the_holder() {
  FineBank bank;
  concurrently(
      [&] {
        auto session = bank.accounts.session();
        bank.accounts.lock(session, 1);
        const auto found = bank.accounts.load(session, 1);
        bank.accounts.write(session, 1, found->version, Account{1});
        check(static_cast<bool>(session.commit()), "who holds the lock wins");
      },
      [&] {
        const auto found = bank.accounts.load(1);
        auto session = bank.accounts.session();
        bank.accounts.write(session, 1, found->version, Account{2});
        static_cast<void>(session.commit());
      });
}

const Registered scenarios[]{
    Registered{{.name = "memory_engine/two_commits",
                .summary = "two commits from one version",
                .body = two_commits}},
    Registered{{.name = "memory_engine/hand_over",
                .summary = "a lock is handed to who waits for it",
                .body = lock_is_handed_over}},
    Registered{{.name = "memory_engine/deadlock",
                .summary = "opposite locks, one is told of the cycle",
                .body = deadlock_is_told}},
    Registered{{.name = "memory_engine/commit_waits",
                .summary = "a commit waits for the holder of the record's lock",
                .body = commit_waits_for_the_holder}},
};

}  // namespace

}  // namespace lockstep::sim::scenarios::of_memory_engine
