// An update reads, changes and writes in a loop, so that no change of anybody is lost.
#include <lockstep/lockstep.hpp>

#include <iostream>
#include <thread>
#include <vector>

int main() {
  lockstep::memory::Database db;
  lockstep::memory::Table<int, int> visits{db, "visits"};
  insert(visits, 1, 0).or_throw();
  {
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < 4; ++thread) {
      threads.emplace_back([&] {
        // [update]
        for (int i = 0; i < 1000; ++i) update(visits, 1, [](int& count) { ++count; });
        // [update]
      });
    }
  }
  const auto counted = load(visits, 1);
  std::cout << counted.record << " visits, at version " << to_string(counted.version) << '\n';
  return counted.record == 4000 ? 0 : 1;
}
