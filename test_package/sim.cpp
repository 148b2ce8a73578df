// The simulator: it finds a lost update.
#include <lockstep/sim/sim.hpp>

#include <cstdlib>

int main() {
  namespace sim = lockstep::sim;
  const auto result = sim::explore([] {
    sim::atomic<int> counter{0};
    const auto increment = [&] { counter.store(counter.load() + 1); };
    sim::concurrently(increment, increment);
    sim::check(counter.load() == 2, "both increments count");
  });
  return result.passed() ? EXIT_FAILURE : EXIT_SUCCESS;
}
