// A record's life: inserted where there was none, found, erased by who knows its present
// version. Inserted again it is another record to all who hold the old one.
#include <lockstep/lockstep.hpp>

#include <iostream>
#include <string>

int main() {
  lockstep::memory::Database db;
  lockstep::memory::Table<std::string, int> stock{db, "stock"};

  // [insert]
  insert(stock, "apples", 12).or_throw();
  const auto again = insert(stock, "apples", 99);  // there is one: a conflict, and nothing written
  std::cout << to_string(again.conflict()) << '\n';

  insert(stock, "pears", 5, lockstep::Version{42}).or_throw();  // imported, with the version it had elsewhere
  // [insert]

  // [find]
  if (const auto found = find(stock, "apples")) {
    std::cout << found->record << " apples, at version " << to_string(found->version) << '\n';
  }
  const bool none = !find(stock, "plums");
  // [find]

  // [load]
  const auto apples = load(stock, "apples");
  bool missing = false;
  try {
    static_cast<void>(load(stock, "plums"));
  } catch (const lockstep::Missing& error) {
    missing = true;
    std::cout << error.what() << '\n';  // stock[plums]: no such record
  }
  // [load]

  // [erase]
  update(stock, "apples", [](int& count) { count -= 2; });  // meanwhile, somebody else
  const auto stale = erase(stock, "apples", apples);        // guarded like a save
  const auto gone = erase(stock, "apples", load(stock, "apples"));
  // [erase]

  insert(stock, "apples", 30).or_throw();
  auto old = apples;
  const auto ghost = save(stock, "apples", old);  // no version is used twice, so this cannot land by chance
  std::cout << to_string(ghost.conflict()) << '\n';

  return !again && none && missing && !stale && gone && !ghost && load(stock, "apples").record == 30 ? 0 : 1;
}
