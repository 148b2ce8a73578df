// Records without a table: counters and settings that threads share, alone and together.
#include <lockstep/verbs/cells.hpp>

#include <chrono>
#include <iostream>
#include <thread>
#include <utility>
#include <vector>

struct Account {
  long balance = 0;
  bool operator==(const Account&) const = default;
};
struct Fees {
  long per_transfer = 1;
  bool operator==(const Fees&) const = default;
};

int main() {
  using namespace lockstep;
  using namespace std::chrono_literals;
  memory::Cell<Account> ann{Account{1000}};
  memory::Cell<Account> bob{Account{1000}};
  memory::Cell<Account> bank;
  const memory::Cell<Fees> fees;
  {
    std::vector<std::jthread> tellers;
    tellers.reserve(3);
    for (int teller = 0; teller < 3; ++teller) {
      tellers.emplace_back([&] {
        for (int i = 0; i < 100; ++i) {
          // [cells.transact]
          // Three accounts change together; the fees are const, so they are only read, and validated.
          transact(ann, bob, bank, fees, [](Account& from, Account& to, Account& ours, const Fees& now) {
            from.balance -= 1 + now.per_transfer;
            to.balance += 1;
            ours.balance += now.per_transfer;
          });
          // [cells.transact]
        }
      });
    }
  }

  // [cells.transfer]
  transfer(bob, ann, 300);
  // [cells.transfer]

  // [cells.read_only]
  const long sum = read_only(ann, bob, bank, [](const auto&... each) { return (each.balance + ...); });
  // [cells.read_only]

  // [cell.update]
  update(bank, [](Account& account) { account.balance -= 50; });
  // [cell.update]

  // [cell.change_if]
  const bool bought = change_if(
                          ann, [](const Account& account) { return account.balance >= 400; },
                          [](Account& account) { account.balance -= 400; })
                          .has_value();
  // [cell.change_if]

  // [cell.with_lock]
  const long taken =
      with_lock(bob, [](Account& account) { return std::exchange(account.balance, 0); }, Wait::up_to(200ms));
  // [cell.with_lock]

  // [cell.load]
  auto mine = load(ann);  // a value, with the version that it was read at
  // [cell.load]

  // [cell.save]
  mine->balance += 1;
  if (auto saved = save(ann, mine); !saved) std::cout << to_string(saved.conflict()) << '\n';
  // [cell.save]

  std::cout << sum << ", " << taken << ", " << load(ann)->balance << ", " << load(bank)->balance << '\n';
  return sum == 2000 && bought && taken == 1000 && load(ann)->balance == 301 && load(bank)->balance == 250
             ? 0
             : 1;
}
