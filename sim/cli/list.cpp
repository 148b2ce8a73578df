// lockstep-sim list: the catalogue.
#include <lockstep/sim/scenario.hpp>

#include "commands.hpp"
#include "json_report.hpp"
#include "outcome.hpp"
#include "table.hpp"
#include "terminal.hpp"

namespace lockstep::sim::cli {

namespace {

std::string names(const std::vector<Scenario>& scenarios) {
  std::string all;
  for (const auto& scenario : scenarios) all += scenario.name + "\n";
  return all;
}

std::string described(const std::vector<Scenario>& scenarios, const Terminal& terminal) {
  Table table{{{"scenario"}, {"expected"}, {"summary"}}};
  for (const auto& scenario : scenarios) {
    table.add({{scenario.name}, {std::string{name_of(scenario.expected)}}, {scenario.summary}});
  }
  return table.text(terminal);
}

}  // namespace

ExitStatus list(const List& request) {
  JsonFile json{request.json};
  Terminal terminal{json.is_standard_output() ? stderr : stdout};
  const auto scenarios = catalogue();
  terminal.print(request.quiet ? names(scenarios) : described(scenarios, terminal));
  json.write(json_of(scenarios));
  return ExitStatus::as_expected;
}

}  // namespace lockstep::sim::cli
