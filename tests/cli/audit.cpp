// lockstep-sim audit: which memory orders scenarios need.
#include "programs.hpp"

#include <boost/test/unit_test.hpp>

using namespace lockstep::test;

BOOST_AUTO_TEST_SUITE(audit)

BOOST_AUTO_TEST_CASE(says_of_each_order_whether_it_is_needed_and_shows_what_fails_without_it) {
  const auto told = planted({"audit", "orders/published"});
  BOOST_TEST(told.status == 0);
  BOOST_TEST(told.err == "");
  BOOST_TEST(contains(told.out, "orders/published\n"), told.out);
  BOOST_TEST(contains(told.out, "store seq_cst: stronger than needed, release is enough\n"), told.out);
  BOOST_TEST(contains(told.out, "load acquire: needed\n    relaxed: data_race: "), told.out);
  BOOST_TEST(contains(told.out, "load atomic#1 -> true"), told.out);
}

BOOST_AUTO_TEST_CASE(of_a_scenario_that_fails_as_it_is_shows_the_finding_and_exits_with_1) {
  const auto told = planted({"audit", "agrees/bug"});
  BOOST_TEST(told.status == 1);
  BOOST_TEST(contains(told.out, "both increments count"), told.out);
}

BOOST_AUTO_TEST_SUITE_END()
