// The program on the catalogue: what a newcomer sees first.
#include "programs.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/test/unit_test.hpp>

#include <string>
#include <vector>

using namespace lockstep::test;

namespace {

/// Not optimised, exploring all of it takes minutes, and shows no more.
#if defined(__OPTIMIZE__)
constexpr bool optimised = true;
#else
constexpr bool optimised = false;
#endif

bool settled(const boost::json::value& scenario) {
  return !scenario.at("finding").is_null() || scenario.at("complete").as_bool();
}

}  // namespace

BOOST_AUTO_TEST_SUITE(catalogue)

BOOST_AUTO_TEST_CASE(every_verdict_is_as_expected_and_every_proof_complete,
                     *boost::unit_test::enable_if<optimised>()) {
  const TemporaryDirectory directory;
  const auto told = sim({"run", "--all", "--json", directory / "json"});
  BOOST_TEST(told.status == 0, told.out);
  BOOST_TEST(told.err == "");
  const auto scenarios = scenarios_in(contents(directory / "json"));
  BOOST_TEST(scenarios.size() >= 16U);
  for (const auto& scenario : scenarios) {
    const auto name = std::string{scenario.at("name").as_string()};
    BOOST_TEST(scenario.at("verdict").as_string() == "ok", name << " differs");
    const bool drawn = scenario.at("explorer").as_string() != "exhaustive";
    BOOST_TEST((drawn || settled(scenario)), name << " is not complete");
  }
}

BOOST_AUTO_TEST_CASE(a_newcomer_first_sees_a_lost_update_and_what_is_proven_free_of_it) {
  const auto out = sim({"run", "--all", "--executions", "1000"}).out;
  BOOST_TEST(out.starts_with("lost_update/naive: "));
  BOOST_TEST(contains(out, "proven: nothing found over every interleaving"));
  BOOST_TEST(out.find("To see it again: ") < out.find("proven: nothing found"));
  BOOST_TEST(out.find("proven: nothing found") < out.find("Further bugs found"));
}

BOOST_AUTO_TEST_CASE(the_table_fits_into_100_columns) {
  const auto all = lines(sim({"run", "--all", "--executions", "1000"}).out);
  for (const auto& line : all) {
    const bool row = line.ends_with(" ok") || line.ends_with(" differs") || line.ends_with(" verdict");
    BOOST_TEST((!row || line.size() <= 100), line);
  }
}

BOOST_AUTO_TEST_CASE(list_names_every_scenario_and_what_it_expects) {
  const auto told = sim({"list"});
  BOOST_TEST(told.status == 0);
  BOOST_TEST(told.err == "");
  BOOST_TEST(lines(told.out).size() == lines(sim({"list", "--quiet"}).out).size() + 1);
}

BOOST_AUTO_TEST_CASE(run_understands_every_name_that_list_prints) {
  std::vector<std::string> arguments{"run", "--quiet", "--executions", "1"};
  for (const auto& name : lines(sim({"list", "--quiet"}).out)) arguments.push_back(name);
  BOOST_TEST(sim(arguments).status <= 1);
}

BOOST_AUTO_TEST_SUITE_END()
