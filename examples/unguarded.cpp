// Version checks switched off where the last write may win: a cache, a heartbeat. The
// database counts such writes, so that they do not go unseen.
#include <lockstep/lockstep.hpp>

#include <iostream>

int main() {
  lockstep::memory::Database db;
  lockstep::memory::Table<int, int> positions{db, "positions"};
  insert(positions, 1, 0).or_throw();

  auto mine = load(positions, 1);
  update(positions, 1, [](int& position) { position = 5; });

  // [unguarded]
  *mine = 9;
  save(unguarded(positions), 1, mine).or_throw();  // overwrites the 5, which nobody here has seen
  std::cout << db.unguarded_writes() << " write past the version check\n";
  // [unguarded]

  return load(positions, 1).record == 9 && db.unguarded_writes() == 1 ? 0 : 1;
}
