// error: the key type has no hash
#include "bank.hpp"

struct Key {
  int number = 0;
  bool operator==(const Key&) const = default;
};
struct KeyHash {
  std::size_t operator()(const Key& key) const { return static_cast<std::size_t>(key.number); }
};

int main() {
#ifdef CORRECT
  memory::Table<Key, Account, StdRuntime, KeyHash> table{db};
  insert(table, Key{}, Account{}).or_throw();
#else
  memory::Table<Key, Account> table{db};
  insert(table, Key{}, Account{}).or_throw();
#endif
}
