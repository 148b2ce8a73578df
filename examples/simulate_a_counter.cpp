// A test of one's own in the simulator: its body runs once per interleaving, until one
// fails. The finding shows how, and can be replayed by its token.
#include <lockstep/sim/sim.hpp>

#include <iostream>

namespace sim = lockstep::sim;

namespace {

// [concurrently]
void two_increments() {
  sim::atomic<int> counter{0};
  // [label]
  sim::label(counter, "counter");  // else the timeline says atomic#1
  // [label]
  const auto increment = [&] { counter.store(counter.load() + 1); };  // wrong: two steps
  sim::concurrently(increment, increment);
  // [check]
  sim::check(counter.load() == 2, "both increments count");
  // [check]
}
// [concurrently]

}  // namespace

int main() {
  // [explore]
  const auto result = sim::explore(two_increments, {.name = "two_increments"});
  std::cout << result.report();
  // [explore]
  if (result.passed()) return 1;  // this one must be found

  // [replay]
  const auto again = sim::replay(two_increments, result.finding->token, {.name = "two_increments"});
  // [replay]
  return again.finding && again.finding->steps == result.finding->steps ? 0 : 1;
}
