// error: update: the change must take the record by reference
#include "bank.hpp"

int main() {
#ifdef CORRECT
  update(accounts, 1, [](Account&) {});
#else
  update(accounts, 1, [](const Account&) {});
#endif
}
