// Code that uses a storage, under the simulator: the same template as in production, the
// simulator's runtime, and a wrapper that makes each call of the storage one step.
#include <lockstep/lockstep.hpp>
#include <lockstep/sim/sim.hpp>

#include <iostream>

namespace sim = lockstep::sim;

// The code under test.
template <lockstep::Storage S>
bool book(S& seats, int seat, int guest) {
  auto found = load(seats, seat);
  if (*found != 0) return false;
  *found = guest;
  return static_cast<bool>(save(seats, seat, found));
}

int main() {
  const auto result = sim::explore([] {
    // [Simulated]
    lockstep::memory::Database<sim::Runtime> db;
    lockstep::memory::Table<int, int, sim::Runtime> table{db, "seats"};
    sim::Simulated seats{table};
    // [Simulated]
    insert(seats, 12, 0).or_throw();
    bool first = false;
    bool second = false;
    sim::concurrently([&] { first = book(seats, 12, 1); }, [&] { second = book(seats, 12, 2); });
    sim::check(first != second, "one of the two gets the seat");
  });
  std::cout << result.report();
  return result.passed() && result.complete ? 0 : 1;
}
