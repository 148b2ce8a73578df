// A test in the simulator, from GoogleTest.
#include <lockstep/sim/sim.hpp>

#include <gtest/gtest.h>

namespace sim = lockstep::sim;

TEST(Accounts, TwoDepositsBothSurvive) {
  const auto result = sim::explore([] {
    sim::atomic<int> balance{100};
    sim::thread other{[&] { balance.fetch_add(10); }};
    balance.fetch_add(20);
    other.join();
    sim::check(balance.load() == 130, "both deposits are in the balance");
  });
  EXPECT_TRUE(result.passed()) << result.report();
}
