// A part of a transaction that may fail alone: what it did is undone, what was done
// before it stays, and values that it saved are as they were.
#include "bank.hpp"

namespace lockstep::sim::scenarios::of_nested {

namespace {

struct Refused {};

/// A transaction pays 10 into account 1, and moves 500 from account 2 to it if it can. The
/// part that moves is run by `part`; somebody else pays 5 into account 2 meanwhile.
template <class Part>
void move_if_possible(Part&& part) {
  Bank bank{2};
  concurrently(
      [&] {
        transact(
            bank.accounts,
            [&](auto& tx) {
              tx.edit(bank.accounts, 1).balance += 10;
              try {
                part(tx, [&] {
                  tx.edit(bank.accounts, 1).balance += 500;
                  auto& from = tx.edit(bank.accounts, 2);
                  if (from.balance < 500) throw Refused{};
                  from.balance -= 500;
                });
              } catch (const Refused&) {
              }
            },
            at_once);
      },
      [&] { update(bank.accounts, 2, [](Account& account) { account.balance += 5; }, at_once); });
  check(bank.balance(1) == 110, "the part that failed has changed nothing, the rest is stored");
  check(bank.balance(2) == 105, "and nothing of others");
}

void caught_by_hand() {
  move_if_possible([](auto&, auto&& move) { move(); });
}

void confined() {
  move_if_possible([](auto& tx, auto&& move) { tx.nested(move); });
}

/// A value that was saved in a part that failed can be saved again: its version has not
/// moved, and it is stale only if another has written.
void value_can_be_saved_again() {
  Bank bank{2};
  bool landed = false;
  concurrently(
      [&] {
        auto mine = load(bank.accounts, 2);
        const auto version = mine.version;
        mine->balance += 7;
        transact(
            bank.accounts,
            [&](auto& tx) {
              tx.edit(bank.accounts, 1).balance += 1;
              try {
                tx.nested([&] {
                  tx.save(bank.accounts, 2, mine);
                  throw Refused{};
                });
              } catch (const Refused&) {
              } catch (const StaleRecord&) {  // another came before
              }
            },
            at_once);
        check(mine.version == version, "what was not saved has not moved");
        const auto saved = save(bank.accounts, 2, mine);
        landed = static_cast<bool>(saved);
        check(landed || saved.conflict().current()->record.balance == 105, "only another makes it stale");
      },
      [&] { update(bank.accounts, 2, [](Account& account) { account.balance += 5; }, at_once); });
  check(bank.balance(1) == 101, "the transaction happened once");
  check(bank.balance(2) == (landed ? 112 : 105), "and what landed is in the balance");
}

/// What a part that failed has read still guards the commit: the decision to go on
/// without it was made from it.
void what_it_read_stays_read() {
  Bank bank{2};
  bool fell_back = false;
  concurrently(
      [&] {
        transact(
            bank.accounts,
            [&](auto& tx) {
              fell_back = false;
              try {
                tx.nested([&] {
                  if (tx.read(bank.accounts, 2).balance < 500) throw Refused{};
                });
              } catch (const Refused&) {
                fell_back = true;
              }
              auto& mine = tx.edit(bank.accounts, 1);
              mine.balance = fell_back ? -1 : 1;
            },
            at_once);
      },
      [&] {  // sets one account by what it reads in the other: with the above, a write skew
        transact(
            bank.accounts,
            [&](auto& tx) {
              if (tx.read(bank.accounts, 1).balance == 100) tx.edit(bank.accounts, 2).balance = 1000;
            },
            at_once);
      });
  check(!fell_back || bank.balance(2) == 100, "what decided the transaction still held when it landed");
}

const Registered scenarios[]{
    Registered{{.name = "nested/caught_by_hand",
                .summary = "a part's failure is caught, and its first half committed",
                .expected = FindingKind::check,
                .body = caught_by_hand}},
    Registered{{.name = "nested/confined",
                .summary = "tx.nested() undoes the part that failed, and no more",
                .body = confined}},
    Registered{{.name = "nested/saved_again",
                .summary = "a value saved in a part that failed keeps its version",
                .body = value_can_be_saved_again}},
    Registered{{.name = "nested/what_it_read",
                .summary = "what a part that failed has read is still validated",
                .body = what_it_read_stays_read}},
};

}  // namespace

}  // namespace lockstep::sim::scenarios::of_nested
