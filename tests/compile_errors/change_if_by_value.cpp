// error: change_if: the change must take the record by reference
#include "bank.hpp"

int main() {
#ifdef CORRECT
  change_if(accounts, 1, [](Account) { return true; }, [](Account& account) { account.balance = 0; });
#else
  change_if(accounts, 1, [](Account) { return true; }, [](Account account) { account.balance = 0; });
#endif
}
