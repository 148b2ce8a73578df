// Writes that belong together, made by hand: one after the other they can be half done,
// and locked in the order of their making they can wait for each other.
#include "bank.hpp"

namespace lockstep::sim::scenarios::of_batch {

namespace {

/// Moves 30 from account 1 to account 2 with values loaded before; true if it landed.
template <class Move>
void move_beside_a_deposit(Move&& move) {
  Bank bank{2};
  bool moved = false;
  concurrently(
      [&] {
        auto from = load(bank.accounts, 1);
        auto to = load(bank.accounts, 2);
        from->balance -= 30;
        to->balance += 30;
        moved = move(bank.accounts, from, to);
      },
      [&] { update(bank.accounts, 2, [](Account& account) { account.balance += 5; }, at_once); });
  check(bank.balance(1) == (moved ? 70 : 100), "one half");
  check(bank.balance(2) == (moved ? 135 : 105), "and the other");
}

void save_by_save() {
  move_beside_a_deposit([](Accounts& accounts, auto& from, auto& to) {
    return save(accounts, 1, from) && save(accounts, 2, to);
  });
}

void all_or_nothing() {
  move_beside_a_deposit([](Accounts& accounts, auto& from, auto& to) {
    const auto before = from.version;
    Batch batch{accounts};
    batch.save(accounts, 1, from).save(accounts, 2, to);
    const bool landed = static_cast<bool>(batch.commit());
    check(landed == (from.version != before), "the version here moves if and only if it landed");
    return landed;
  });
}

/// What the batch was made from moves as a whole: then every member is stale, and named.
void names_all() {
  Bank bank{2};
  concurrently(
      [&] {
        auto values = transact(bank.accounts, [&](auto& tx) {
          return std::pair{tx.read(bank.accounts, 1), tx.read(bank.accounts, 2)};
        });
        const bool before = values.first.balance == 100;
        Versioned one{values.first, Version{before ? 0U : 1U}};
        Versioned two{values.second, Version{before ? 0U : 1U}};
        Batch batch{bank.accounts};
        batch.touch(bank.accounts, 1, one).touch(bank.accounts, 2, two);
        const auto commit = batch.commit();
        check(commit || commit.stale().size() == 2, "every stale member is named");
      },
      [&] { transfer(bank.accounts, {.from = 1, .to = 2, .amount = 30}, at_once); });
}

/// Two batches that write the same records in opposite order.
void opposite_order() {
  Bank bank{2};
  int landed = 0;
  const auto write = [&](int first, int second) {
    auto one = load(bank.accounts, first);
    auto two = load(bank.accounts, second);
    Batch batch{bank.accounts};
    batch.touch(bank.accounts, first, one).touch(bank.accounts, second, two);
    landed += static_cast<bool>(batch.commit()) ? 1 : 0;
  };
  concurrently([&] { write(1, 2); }, [&] { write(2, 1); },
               [&] {
                 const ScopedLock lock{bank.accounts, 2};  // so that a commit has to wait in the middle
               });
  check(landed >= 1, "the commits wait in one order, and not for each other");
}

/// A child changes and moves its parent forward: who checks the parent sees it.
void moves_the_parent() {
  Bank bank{2};  // the account 1 is the parent
  bool added = false;
  bool closed = false;
  concurrently(
      [&] {
        auto parent = load(bank.accounts, 1);
        if (parent->balance == 0) return;  // closed
        auto child = load(bank.accounts, 2);
        child->balance += 30;
        Batch batch{bank.accounts};
        batch.save(bank.accounts, 2, child).touch(bank.accounts, 1, parent);
        added = static_cast<bool>(batch.commit());
      },
      [&] {  // takes the parent for complete by what it saw of its child
        auto parent = load(bank.accounts, 1);
        if (load(bank.accounts, 2)->balance != 100) return;
        parent->balance = 0;
        closed = static_cast<bool>(save(bank.accounts, 1, parent));
      });
  check(!(added && closed), "nothing is added to what was closed as it was, nor closed as it was not");
}

const Registered scenarios[]{
    Registered{{.name = "batch/save_by_save",
                .summary = "two guarded saves, of which the second may lose",
                .expected = FindingKind::check,
                .body = save_by_save}},
    Registered{{.name = "batch/all_or_nothing",
                .summary = "a Batch lands as a whole or not at all",
                .body = all_or_nothing}},
    Registered{{.name = "batch/names_all",
                .summary = "a Batch that lost names every stale member",
                .body = names_all}},
    Registered{{.name = "batch/opposite_order",
                .summary = "two Batches in opposite order do not wait for each other",
                .body = opposite_order}},
    Registered{{.name = "batch/touch",
                .summary = "a child's change that touches its parent is seen by who guards the parent",
                .body = moves_the_parent}},
};

}  // namespace

}  // namespace lockstep::sim::scenarios::of_batch
