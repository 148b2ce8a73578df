// A test in the simulator, from Boost.Test.
#define BOOST_TEST_MODULE accounts
#include <lockstep/sim/sim.hpp>

#include <boost/test/unit_test.hpp>

namespace sim = lockstep::sim;

BOOST_AUTO_TEST_CASE(two_deposits_both_survive) {
  const auto result = sim::explore([] {
    sim::atomic<int> balance{100};
    sim::thread other{[&] { balance.fetch_add(10); }};
    balance.fetch_add(20);
    other.join();
    sim::check(balance.load() == 130, "both deposits are in the balance");
  });
  BOOST_TEST(result.passed(), result.report());
}
