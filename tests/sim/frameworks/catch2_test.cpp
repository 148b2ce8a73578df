// A test in the simulator, from Catch2.
#include <lockstep/sim/sim.hpp>

#if __has_include(<catch2/catch_all.hpp>)
#include <catch2/catch_all.hpp>
#else
#include <catch2/catch.hpp>
#endif

namespace sim = lockstep::sim;

TEST_CASE("two deposits both survive") {
  const auto result = sim::explore([] {
    sim::atomic<int> balance{100};
    sim::thread other{[&] { balance.fetch_add(10); }};
    balance.fetch_add(20);
    other.join();
    sim::check(balance.load() == 130, "both deposits are in the balance");
  });
  INFO(result.report());
  CHECK(result.passed());
}
