#include <lockstep/sim/scenario.hpp>

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace lockstep::sim {

namespace {

/// Made at the first registration, which may precede every other static object.
std::vector<Scenario>& registered() {
  static std::vector<Scenario> scenarios;
  return scenarios;
}

}  // namespace

std::vector<Scenario> catalogue() {
  std::vector<Scenario> scenarios = registered();
  std::ranges::sort(scenarios, {}, &Scenario::name);
  return scenarios;
}

Registered::Registered(Scenario scenario) {
  const auto same = [&](const Scenario& other) { return other.name == scenario.name; };
  if (scenario.name.empty() || scenario.body == nullptr || std::ranges::any_of(registered(), same)) {
    throw std::logic_error{"lockstep::sim: a scenario needs a body and a name of its own: \"" +
                           scenario.name + "\""};
  }
  scenario.options.name = scenario.name;
  registered().push_back(std::move(scenario));
}

}  // namespace lockstep::sim
