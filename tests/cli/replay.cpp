// lockstep-sim replay: a token is all it takes to see a finding again.
#include "programs.hpp"

#include <boost/json/object.hpp>
#include <boost/test/unit_test.hpp>

#include <string>

using namespace lockstep::test;

namespace {

/// What stands between the headline and the line that tells how to see it again.
std::string timeline_in(const std::string& report) {
  const auto begin = report.find("\n\n");
  return report.substr(begin, report.find("\n\n", begin + 2) - begin);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(replay)

BOOST_AUTO_TEST_CASE(the_same_token_gives_the_same_text_byte_by_byte) {
  const auto token = token_of("agrees/bug");
  const auto first = planted({"replay", token});
  const auto second = planted({"replay", token});
  BOOST_TEST(first.status == 0);
  BOOST_TEST(contains(first.out, "reproduced: check"));
  BOOST_TEST(first.out == second.out);
}

BOOST_AUTO_TEST_CASE(the_timeline_is_the_one_that_run_printed) {
  const auto run = planted({"run", "agrees/bug"}).out;
  const auto replay = planted({"replay", token_of("agrees/bug")}).out;
  BOOST_TEST(!timeline_in(run).empty());
  BOOST_TEST(timeline_in(run) == timeline_in(replay));
}

BOOST_AUTO_TEST_CASE(the_command_that_run_prints_works_in_a_shell) {
  const auto run = planted({"run", "agrees/bug"}).out;
  const std::string before = "To see it again: " LOCKSTEP_SIM_PLANTED " ";
  const auto begin = run.find(before) + before.size();
  const auto told = told_by_shell(LOCKSTEP_SIM_PLANTED, run.substr(begin, run.find('\n', begin) - begin));
  BOOST_TEST(told.status == 0);
  BOOST_TEST(contains(told.out, "both increments count"));
}

BOOST_AUTO_TEST_CASE(a_finding_that_the_scenario_does_not_expect_exits_with_1) {
  const auto told = planted({"replay", token_of("differs/kind")});
  BOOST_TEST(told.status == 1);
  BOOST_TEST(contains(told.out, "differs/kind expects deadlock, found check"));
}

BOOST_AUTO_TEST_CASE(quiet_tells_only_by_the_exit_status) {
  const auto told = planted({"replay", token_of("agrees/bug"), "--quiet"});
  BOOST_TEST(told.status == 0);
  BOOST_TEST(told.out == "");
  BOOST_TEST(told.err == "");
}

BOOST_AUTO_TEST_CASE(a_token_of_a_scenario_that_is_not_there_is_bad_usage) {
  const auto told = sim({"replay", token_of("agrees/bug")});
  BOOST_TEST(told.status == 2);
  BOOST_TEST(contains(told.err, "'agrees/bug'"));
}

BOOST_AUTO_TEST_SUITE_END()
