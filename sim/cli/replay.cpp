// lockstep-sim replay, explain and shrink: one interleaving again. Prints no times, so that the same token
// gives the same text, byte by byte.
#include <lockstep/sim/explore.hpp>
#include <lockstep/sim/scenario.hpp>

#include "commands.hpp"
#include "errors.hpp"
#include "json_report.hpp"
#include "nearest.hpp"
#include "outcome.hpp"
#include "output_file.hpp"
#include "terminal.hpp"
#include "text.hpp"

#include <fmt/format.h>

#include <algorithm>

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

Outcome replayed(const Replay& request) {
  try {
    auto scenario = scenario_named(test_of(request.token));
    auto options = scenario.options;
    options.name = scenario.name;
    request.allowed.override(options);
    const bool shorter = request.how == Replay::How::shrink;
    auto result = (shorter ? shrink : sim::replay)(scenario.body, request.token, options);
    return {std::move(scenario), "replay", std::move(result), request.allowed};
  } catch (const BadToken& error) {
    throw BadUsage{shown(error.what())};
  }
}

std::size_t switches(const Finding& finding) {
  return static_cast<std::size_t>(std::ranges::count_if(finding.steps, &Step::switched));
}

std::string told(const Result& result, const Replay& request) {
  if (!result.finding) return "nothing was found along this interleaving\n";
  const Finding& finding = *result.finding;
  switch (request.how) {
    case Replay::How::explain:
      return explain(finding);
    case Replay::How::shrink:
      return fmt::format("{}\n{}: {} with {}\n", timeline(finding),
                         finding.token == request.token ? "no shorter one was found" : finding.token,
                         counted(finding.steps.size(), "step"),
                         switches(finding) == 1 ? "1 switch" : fmt::format("{} switches", switches(finding)));
    case Replay::How::replay:
      break;
  }
  return timeline(finding);
}

std::string closing(const Outcome& outcome) {
  const auto expected = name_of(outcome.scenario.expected);
  const auto found = name_of(cli::found(outcome));
  if (as_expected(outcome)) return fmt::format("reproduced: {}, as {} expects", found, outcome.scenario.name);
  return fmt::format("not reproduced: {} expects {}, found {}", outcome.scenario.name, expected, found);
}

std::string report(const Outcome& outcome, const Replay& request, const Terminal& terminal) {
  const auto& [scenario, explorer, result, allowed] = outcome;
  auto text = fmt::format("{}: {}\n\n{}\n", terminal.painted(scenario.name, Tone::strong), scenario.summary,
                          told(result, request));
  if (!result.note.empty()) text += fmt::format("note: {}\n", result.note);
  return text + terminal.painted(closing(outcome), as_expected(outcome) ? Tone::good : Tone::bad) + "\n";
}

}  // namespace

ExitStatus replay(const Replay& request) {
  JsonFile json{request.json};
  OutputFile page{request.html};
  Terminal terminal{json.is_standard_output() ? stderr : stdout};
  const auto outcome = replayed(request);
  if (!request.quiet) terminal.print(report(outcome, request, terminal));
  json.write(json_of(std::vector{outcome}));
  if (const auto& finding = outcome.result.finding) page.write(html(*finding, outcome.scenario.name));
  return as_expected(outcome) ? ExitStatus::as_expected : ExitStatus::differs;
}

}  // namespace lockstep::sim::cli
