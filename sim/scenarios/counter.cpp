// An unlocked read-modify-write on a counter: a load and a store are two steps.
#include <lockstep/sim/concurrently.hpp>
#include <lockstep/sim/scenario.hpp>
#include <lockstep/sim/sim.hpp>

#include <mutex>

namespace lockstep::sim::scenarios::of_counter {

namespace {

void load_and_store() {
  atomic<int> counter{0};
  label(counter, "counter");
  const auto increment = [&] { counter.store(counter.load() + 1); };
  concurrently(increment, increment);
  check(counter.load() == 2, "both increments count");
}

void fetch_add() {
  atomic<int> counter{0};
  label(counter, "counter");
  const auto increment = [&] { counter.fetch_add(1); };
  concurrently(increment, increment, increment);
  check(counter.load() == 3, "all increments count");
}

void compare_exchange() {
  atomic<int> counter{0};
  label(counter, "counter");
  const auto increment = [&] {
    int seen = counter.load();
    while (!counter.compare_exchange_strong(seen, seen + 1)) {
    }
  };
  concurrently(increment, increment, increment);
  check(counter.load() == 3, "all increments count");
}

void under_a_mutex() {
  mutex guard;
  label(guard, "guard");
  int counter = 0;
  const auto increment = [&] {
    const std::scoped_lock lock{guard};
    ++counter;
  };
  concurrently(increment, increment, increment);
  check(counter == 3, "all increments count");
}

const Registered scenarios[]{
    Registered{{.name = "counter/load_and_store",
                .summary = "an increment as a load and a store",
                .expected = FindingKind::check,
                .body = load_and_store}},
    Registered{
        {.name = "counter/fetch_add", .summary = "an increment as one atomic step", .body = fetch_add}},
    Registered{{.name = "counter/compare_exchange",
                .summary = "an increment as a compare-exchange loop",
                .body = compare_exchange}},
    Registered{{.name = "counter/mutex", .summary = "an increment under a mutex", .body = under_a_mutex}},
};

}  // namespace

}  // namespace lockstep::sim::scenarios::of_counter
