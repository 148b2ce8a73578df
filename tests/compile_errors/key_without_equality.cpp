// error: the key type has no equality
#include "bank.hpp"

struct Key {
  int number = 0;
};
struct KeyHash {
  std::size_t operator()(const Key& key) const { return static_cast<std::size_t>(key.number); }
};
struct KeyEqual {
  bool operator()(const Key& a, const Key& b) const { return a.number == b.number; }
};

int main() {
#ifdef CORRECT
  memory::Table<Key, Account, StdRuntime, KeyHash, KeyEqual> table{db};
  insert(table, Key{}, Account{}).or_throw();
#else
  memory::Table<Key, Account, StdRuntime, KeyHash> table{db};
  insert(table, Key{}, Account{}).or_throw();
#endif
}
