// lockstep-sim replay: one interleaving again. Prints no times, so that the same token gives
// the same text, byte by byte.
#include <lockstep/sim/explore.hpp>
#include <lockstep/sim/scenario.hpp>

#include "commands.hpp"
#include "errors.hpp"
#include "json_report.hpp"
#include "nearest.hpp"
#include "outcome.hpp"
#include "terminal.hpp"
#include "text.hpp"

#include <fmt/format.h>

namespace lockstep::sim::cli {

namespace {

Scenario scenario_named(const std::string& name) {
  std::vector<std::string> names;
  for (auto& scenario : catalogue()) {
    if (scenario.name == name) return scenario;
    names.push_back(scenario.name);
  }
  throw BadUsage{fmt::format("the token is of {}, and there is no such scenario{} (that of a test of your "
                             "own is replayed there, by sim::replay)",
                             in_quotes(name), suggestion(name, names)),
                 "list"};
}

Outcome replayed(const std::string& token) {
  try {
    auto scenario = scenario_named(test_of(token));
    auto options = scenario.options;
    options.name = scenario.name;
    auto result = replay(scenario.body, token, options);
    return {std::move(scenario), "replay", std::move(result)};
  } catch (const BadToken& error) {
    throw BadUsage{shown(error.what())};
  }
}

std::string interleaving(const Result& result) {
  if (result.finding) return timeline(*result.finding);
  return "nothing was found along this interleaving\n";
}

std::string closing(const Outcome& outcome) {
  const auto expected = name_of(outcome.scenario.expected);
  const auto found = name_of(cli::found(outcome));
  if (as_expected(outcome)) return fmt::format("reproduced: {}, as {} expects", found, outcome.scenario.name);
  return fmt::format("not reproduced: {} expects {}, found {}", outcome.scenario.name, expected, found);
}

std::string report(const Outcome& outcome, const Terminal& terminal) {
  const auto& [scenario, explorer, result] = outcome;
  auto text = fmt::format("{}: {}\n\n{}\n", terminal.painted(scenario.name, Tone::strong), scenario.summary,
                          interleaving(result));
  if (!result.note.empty()) text += fmt::format("note: {}\n", result.note);
  return text + terminal.painted(closing(outcome), as_expected(outcome) ? Tone::good : Tone::bad) + "\n";
}

}  // namespace

ExitStatus replay(const Replay& request) {
  JsonFile json{request.json};
  Terminal terminal{json.is_standard_output() ? stderr : stdout};
  const auto outcome = replayed(request.token);
  if (!request.quiet) terminal.print(report(outcome, terminal));
  json.write(json_of(std::vector{outcome}));
  return as_expected(outcome) ? ExitStatus::as_expected : ExitStatus::differs;
}

}  // namespace lockstep::sim::cli
