// What --json writes, for other programs.
#include "programs.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/test/unit_test.hpp>

#include <set>
#include <string>
#include <vector>

using namespace lockstep::test;
namespace json = boost::json;

namespace {

using Keys = std::set<std::string>;

Keys keys(const json::value& value) {
  Keys all;
  for (const auto& member : value.as_object()) all.insert(std::string{member.key()});
  return all;
}

std::string text(const json::value& value) { return std::string{value.as_string()}; }

json::object only_scenario_of(const std::string& name) {
  const auto all = scenarios_in(planted({"run", name, "--json", "-"}).out);
  BOOST_REQUIRE(all.size() == 1U);
  return all.at(0).as_object();
}

}  // namespace

BOOST_AUTO_TEST_SUITE(json_report)

BOOST_AUTO_TEST_CASE(a_scenario_has_exactly_these_members) {
  const Keys expected{"name",     "explorer",  "model",       "expected", "finding", "verdict", "executions",
                      "complete", "fair_only", "timely_only", "steps",    "seconds", "token"};
  for (const auto& scenario : scenarios_in(planted({"run", "agrees", "--json", "-"}).out)) {
    BOOST_TEST((keys(scenario) == expected));
  }
}

BOOST_AUTO_TEST_CASE(a_clean_scenario_has_no_finding_and_no_token) {
  const auto clean = only_scenario_of("agrees/clean");
  BOOST_TEST(text(clean.at("name")) == "agrees/clean");
  BOOST_TEST(text(clean.at("explorer")) == "exhaustive");
  BOOST_TEST(text(clean.at("expected")) == "none");
  BOOST_TEST(text(clean.at("verdict")) == "ok");
  BOOST_TEST(clean.at("finding").is_null());
  BOOST_TEST(clean.at("token").is_null());
  BOOST_TEST(clean.at("complete").as_bool());
  BOOST_TEST(clean.at("executions").to_number<int>() >= 1);
  BOOST_TEST(clean.at("seconds").to_number<double>() >= 0);
}

BOOST_AUTO_TEST_CASE(a_finding_has_its_kind_message_threads_and_steps) {
  const auto bug = only_scenario_of("agrees/bug");
  const auto& finding = bug.at("finding");
  BOOST_TEST((keys(finding) == Keys{"kind", "message", "source", "culprit", "too_weak", "threads", "steps"}));
  BOOST_TEST(text(bug.at("expected")) == "check");
  BOOST_TEST(text(finding.at("kind")) == "check");
  BOOST_TEST(contains(text(finding.at("message")), "both increments count"));
  BOOST_TEST(!text(bug.at("token")).empty());
  const auto& threads = finding.at("threads").as_array();
  const auto& steps = finding.at("steps").as_array();
  BOOST_TEST(threads.size() == 3U);
  BOOST_REQUIRE(!steps.empty());
  for (const auto& step : steps) {
    BOOST_TEST((keys(step) == Keys{"thread", "operation", "object", "outcome", "switched", "reads", "writes",
                                   "reads_from", "source"}));
    BOOST_TEST(step.at("thread").to_number<std::size_t>() < threads.size());
  }
}

BOOST_AUTO_TEST_CASE(the_verdict_is_ok_if_and_only_if_finding_and_expectation_agree) {
  const auto told = planted({"run", "agrees", "differs", "--json", "-"});
  BOOST_TEST(told.status == 1);
  for (const auto& scenario : scenarios_in(told.out)) {
    const auto& finding = scenario.at("finding");
    const auto found = finding.is_null() ? "none" : text(finding.at("kind"));
    BOOST_TEST(text(scenario.at("verdict")) == (found == text(scenario.at("expected")) ? "ok" : "differs"));
    BOOST_TEST(
        text(scenario.at("name")).starts_with(text(scenario.at("verdict")) == "ok" ? "agrees/" : "differs/"));
  }
}

BOOST_AUTO_TEST_CASE(a_message_survives_with_its_quotes_and_lines) {
  BOOST_TEST(
      contains(text(only_scenario_of("agrees/throws").at("finding").at("message")), "a \"quoted\"\nmessage"));
}

BOOST_AUTO_TEST_CASE(a_run_cut_short_is_not_complete) {
  const auto all = scenarios_in(planted({"run", "endless/clean", "--executions", "3", "--json", "-"}).out);
  BOOST_TEST(!all.at(0).at("complete").as_bool());
  BOOST_TEST(text(all.at(0).at("verdict")) == "ok");
}

BOOST_AUTO_TEST_CASE(the_explorer_is_the_one_that_ran) {
  const auto all = scenarios_in(planted({"run", "agrees/clean", "--explorer", "pct", "--json", "-"}).out);
  BOOST_TEST(text(all.at(0).at("explorer")) == "pct");
}

BOOST_AUTO_TEST_CASE(the_model_of_memory_is_the_one_that_was_explored) {
  const auto model = [](const std::vector<std::string>& arguments) {
    return text(scenarios_in(planted(arguments).out).at(0).at("model"));
  };
  BOOST_TEST(model({"run", "agrees/clean", "--json", "-"}) == "interleavings");
  BOOST_TEST(model({"run", "agrees/clean", "--model", "sc", "--json", "-"}) == "sc");
  BOOST_TEST(model({"run", "orders/published", "--json", "-"}) == "rc11");
}

BOOST_AUTO_TEST_CASE(a_file_gets_the_same_as_standard_output_and_the_report_stays) {
  const TemporaryDirectory directory;
  const auto told = planted({"run", "differs/bug", "--json", directory / "results.json"});
  BOOST_TEST(told.status == 1);
  BOOST_TEST(contains(told.out, "1 not as expected"));
  BOOST_TEST(scenarios_in(contents(directory / "results.json")).size() == 1U);
}

BOOST_AUTO_TEST_CASE(on_standard_output_the_json_is_alone) {
  const auto told = planted({"run", "agrees/bug", "--json", "-"});
  BOOST_TEST(told.out.starts_with("{\"scenarios\":["));
  BOOST_TEST(contains(told.err, "1 bug found as expected"));
}

BOOST_AUTO_TEST_CASE(quiet_and_json_together_print_only_json) {
  const auto told = planted({"run", "agrees", "--quiet", "--json", "-"});
  BOOST_TEST(scenarios_in(told.out).size() == 3U);
  BOOST_TEST(told.err == "");
}

BOOST_AUTO_TEST_CASE(a_file_that_cannot_be_opened_is_told_before_the_run) {
  const auto told = planted({"run", "endless/clean", "--json", "/no/such/directory/results.json"});
  BOOST_TEST(told.status == 3);
  BOOST_TEST(told.out == "");
  BOOST_TEST(contains(told.err, "cannot write '/no/such/directory/results.json': "));
}

BOOST_AUTO_TEST_CASE(list_writes_json_too) {
  for (const auto& scenario : scenarios_in(planted({"list", "--json", "-"}).out)) {
    BOOST_TEST((keys(scenario) == Keys{"name", "expected", "explorer", "model", "summary"}));
  }
}

BOOST_AUTO_TEST_CASE(replay_writes_json_too) {
  const auto token = text(only_scenario_of("agrees/bug").at("token"));
  const auto all = scenarios_in(planted({"replay", token, "--json", "-"}).out);
  BOOST_REQUIRE(all.size() == 1U);
  BOOST_TEST(text(all.at(0).at("explorer")) == "replay");
  BOOST_TEST(text(all.at(0).at("token")) == token);
}

BOOST_AUTO_TEST_SUITE_END()
