// error: update: the change must take the record by reference
#include "bank.hpp"

int main() {
#ifdef CORRECT
  update(accounts, 1, [](auto& account) { account.balance += 5; });
  update(accounts, 1, [](auto&& account) { account.balance += 5; });
#else
  update(accounts, 1, [](auto account) { account.balance += 5; });
#endif
}
