// error: with_locks: the key type has no order
#include "bank.hpp"

struct Key {
  int number = 0;
  bool operator==(const Key&) const = default;
};
template <>
struct std::hash<Key> {
  std::size_t operator()(const Key& key) const { return static_cast<std::size_t>(key.number); }
};
inline memory::Table<Key, Account> table{db, "ordered by nothing"};

int main() {
#ifdef CORRECT
  with_lock(table, Key{1}, [](Account&) {});
#else
  with_locks(table, {Key{1}, Key{2}}, [](auto&) {});
#endif
}
