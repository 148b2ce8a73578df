// Rules that must hold at every moment: who looks in between sees what is right again at the end.
#include <lockstep/sim/invariant.hpp>

#include "bank.hpp"

namespace lockstep::sim::scenarios::of_invariant {

namespace {

template <class Move>
void money_is_never_on_the_way(Move&& move) {
  Bank bank{2};
  const Invariant conserved{"no money is on the way", {reads("accounts[1]"), reads("accounts[2]")}, [&] {
                              return bank.balance(1) + bank.balance(2) == 200;
                            }};
  concurrently([&] { move(bank.accounts, 1, 2); }, [&] { move(bank.accounts, 2, 1); });
}

void two_commits() {
  money_is_never_on_the_way([](Accounts& accounts, int from, int to) {
    update(accounts, from, [](Account& account) { account.balance -= 30; }, at_once);
    update(accounts, to, [](Account& account) { account.balance += 30; }, at_once);
  });
}
void one_commit() {
  money_is_never_on_the_way([](Accounts& accounts, int from, int to) {
    transfer(accounts, {.from = from, .to = to, .amount = 30}, at_once);
  });
}

const Registered scenarios[]{
    Registered{{.name = "invariant/two_commits",
                .summary = "two updates move money, which is on the way in between",
                .expected = FindingKind::check,
                .body = two_commits}},
    Registered{{.name = "invariant/transfer",
                .summary = "transfer() moves money at one moment",
                .body = one_commit}},
};

}  // namespace

}  // namespace lockstep::sim::scenarios::of_invariant
