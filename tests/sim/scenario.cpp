// The catalogue: what is found exhaustively is found by drawing as well, and comes back when it is replayed. That every
// scenario has its verdict, and every proof is complete, the program tells: see tests/cli/catalogue.cpp.
#include <lockstep/sim/scenario.hpp>

#include <boost/test/unit_test.hpp>

#include <set>
#include <string>

namespace sim = lockstep::sim;

namespace {

sim::Options options_of(const sim::Scenario& scenario, sim::Strategy strategy = sim::Strategy::exhaustive) {
  auto options = scenario.options;
  options.name = scenario.name;
  options.strategy = strategy;
  return options;
}

std::string verdict(const std::optional<sim::FindingKind>& kind) {
  return kind ? std::string{to_string(*kind)} : "none";
}

std::string found(const sim::Result& result) {
  return result.finding ? verdict(result.finding->kind) : "none";
}

std::string group(const sim::Scenario& scenario) { return scenario.name.substr(0, scenario.name.find('/')); }

/// Each bug of the catalogue is found. What is free of bugs has been proven so, all interleavings of it: a
/// few draws show that drawing invents none.
void find_by_drawing(sim::Strategy strategy) {
  for (const auto& scenario : sim::catalogue()) {
    // Two loops that never end need an interleaving as regular as few draws are.
    if (scenario.expected == sim::FindingKind::livelock) continue;
    BOOST_TEST_CONTEXT(scenario.name) {
      auto options = options_of(scenario, strategy);
      options.executions = scenario.expected ? 5'000 : 100;
      const auto result = sim::explore(scenario.body, options);
      BOOST_TEST(found(result) == verdict(scenario.expected), result.report());
    }
  }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(scenario)

BOOST_AUTO_TEST_CASE(every_bug_stands_beside_what_prevents_it) {
  std::set<std::string> bugs;
  std::set<std::string> proofs;
  for (const auto& scenario : sim::catalogue()) (scenario.expected ? bugs : proofs).insert(group(scenario));
  BOOST_TEST(bugs.size() >= 12U);
  for (const auto& bug : bugs) BOOST_TEST(proofs.contains(bug), bug << " shows no cure");
}

BOOST_AUTO_TEST_CASE(names_are_unique_and_every_scenario_says_what_it_is) {
  std::set<std::string> names;
  for (const auto& scenario : sim::catalogue()) {
    BOOST_TEST(names.insert(scenario.name).second, scenario.name << " stands twice");
    BOOST_TEST(scenario.name.find('/') != std::string::npos);
    BOOST_TEST(!scenario.summary.empty());
  }
}

BOOST_AUTO_TEST_CASE(interleavings_drawn_uniformly_find_every_bug_and_none_elsewhere) {
  find_by_drawing(sim::Strategy::random);
}

BOOST_AUTO_TEST_CASE(interleavings_drawn_by_pct_find_every_bug_and_none_elsewhere) {
  find_by_drawing(sim::Strategy::pct);
}

BOOST_AUTO_TEST_CASE(interleavings_drawn_by_pos_find_every_bug_and_none_elsewhere) {
  find_by_drawing(sim::Strategy::pos);
}

BOOST_AUTO_TEST_CASE(interleavings_drawn_by_surw_find_every_bug_and_none_elsewhere) {
  find_by_drawing(sim::Strategy::surw);
}

BOOST_AUTO_TEST_CASE(every_finding_of_the_catalogue_is_replayed_byte_by_byte) {
  for (const auto& scenario : sim::catalogue()) {
    if (!scenario.expected) continue;
    BOOST_TEST_CONTEXT(scenario.name) {
      const auto options = options_of(scenario);
      const auto found = sim::explore(scenario.body, options);
      BOOST_REQUIRE(found.finding.has_value());
      const auto again = sim::replay(scenario.body, found.finding->token, options);
      BOOST_REQUIRE(again.finding.has_value());
      BOOST_TEST(timeline(*again.finding) == timeline(*found.finding));
      BOOST_TEST(again.finding->token == found.finding->token);
      BOOST_TEST(again.note.empty());
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
