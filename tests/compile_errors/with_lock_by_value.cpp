// error: with_lock: the function must take the record by reference
#include "bank.hpp"

int main() {
#ifdef CORRECT
  with_lock(accounts, 1, [](Account& account) { account.balance = 0; });
  with_lock(accounts, 1, [](const Account& account) { return account.balance; });
#else
  with_lock(accounts, 1, [](Account account) { account.balance = 0; });
#endif
}
