// lockstep-sim run: explores scenarios and compares what is found with what is expected.
#include <lockstep/sim/scenario.hpp>

#include "commands.hpp"
#include "errors.hpp"
#include "interrupt.hpp"
#include "json_report.hpp"
#include "outcome.hpp"
#include "output_file.hpp"
#include "progress_line.hpp"
#include "report.hpp"
#include "select.hpp"
#include "terminal.hpp"
#include "text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <string_view>
#include <utility>

namespace lockstep::sim::cli {

namespace {

struct Planned {
  Scenario scenario;
  Detail detail = Detail::full;
};

/// The scenario's own options, overridden by what the user asks for.
Options options(const Scenario& scenario, const Run& request) {
  auto options = scenario.options;
  options.name = scenario.name;
  options.strategy = request.explorer.value_or(options.strategy);
  options.seed = request.seed.value_or(options.seed);
  if (request.preemptions) options.preemptions = request.preemptions;
  request.allowed.override(options);
  options.depth = request.depth.value_or(options.depth);
  options.executions = request.executions.value_or(options.executions);
  options.time = request.time.value_or(options.time);
  options.jobs = static_cast<unsigned>(request.jobs.value_or(options.jobs));
  options.checkpoint = request.checkpoint;
  return options;
}

/// Where a scenario stands in a newcomer's reading: first one bug of the showcase, then what
/// prevents it, then all else.
int rank(const Scenario& scenario, const std::string& group) {
  if (group_of(scenario.name) != group) return 2;
  return scenario.expected ? 0 : 1;
}

/// All of the catalogue: the showcase first and in full, of the rest only the findings.
std::vector<Planned> plan_of_all(std::vector<Scenario> scenarios) {
  const auto group = showcase(scenarios);
  std::ranges::sort(scenarios, {}, [&](const Scenario& each) {
    return std::pair{rank(each, group), std::string_view{each.name}};
  });
  std::vector<Planned> plan;
  bool shown_bug = false;
  for (auto& scenario : scenarios) {
    const bool bug = scenario.expected.has_value();
    const bool full = group_of(scenario.name) == group && !(bug && std::exchange(shown_bug, true));
    plan.push_back({std::move(scenario), full ? Detail::full : Detail::brief});
  }
  return plan;
}

std::vector<Planned> plan_of(std::vector<Scenario> scenarios) {
  std::vector<Planned> plan;
  plan.reserve(scenarios.size());
  for (auto& scenario : scenarios) plan.push_back({std::move(scenario)});
  return plan;
}

std::vector<Planned> plan(const Run& request) {
  const auto scenarios = catalogue();
  if (scenarios.empty()) throw Failed{"the catalogue is empty: this program was built without scenarios"};
  auto plan = request.names.empty() ? plan_of_all(scenarios) : plan_of(select(scenarios, request.names));
  for (auto& planned : plan) {
    if (request.verbose) planned.detail = Detail::full;
    if (request.quiet) planned.detail = Detail::none;
  }
  return plan;
}

void see_that_it_can_be_saved(const Run& request, const std::vector<Planned>& plan) {
  if (request.checkpoint.empty()) return;
  if (plan.size() != 1)
    throw BadUsage{fmt::format("--checkpoint is for one scenario, and these are {}", plan.size())};
  const auto options = cli::options(plan.front().scenario, request);
  if (options.strategy != Strategy::exhaustive || options.preemptions)
    throw BadUsage{"--checkpoint is for the exhaustive explorer, without --preemptions"};
}

Result explored(const Scenario& scenario, const Options& options) {
  try {
    return explore(scenario.body, options);
  } catch (const BadCheckpoint& error) {
    throw BadUsage{error.what()};
  }
}

/// Runs a plan, and keeps what is known even if Ctrl-C ends it.
class Runner {
 public:
  Runner(const Run& request, Report& report)
      : request_{request}, report_{report}, progress_line_{!request.quiet} {}

  /// False if it was interrupted.
  bool run(const std::vector<Planned>& plan) {
    const InterruptWatch watch;
    try {
      for (const auto& planned : plan) run(planned, plan.size());
      return true;
    } catch (const Interrupted&) {
      return false;
    }
  }

  [[nodiscard]] const std::vector<Outcome>& outcomes() const noexcept { return outcomes_; }

 private:
  void run(const Planned& planned, std::size_t total) {
    InterruptWatch::check();
    auto options = cli::options(planned.scenario, request_);
    const auto doing = fmt::format("[{}/{}] {}", outcomes_.size() + 1, total, planned.scenario.name);
    options.progress = [this, &doing](const Progress& progress) {
      InterruptWatch::check();
      progress_line_.show(doing, progress);
    };
    auto result = explored(planned.scenario, options);
    progress_line_.clear();
    outcomes_.push_back(
        {planned.scenario, std::string{to_string(options.strategy)}, std::move(result), request_.allowed});
    report_.tell(outcomes_.back(), planned.detail);
  }

  const Run& request_;
  Report& report_;
  ProgressLine progress_line_;
  std::vector<Outcome> outcomes_;
};

/// As `list` shows them, whatever was run first; names on the command line have their own order.
std::vector<Outcome> in_order(std::vector<Outcome> outcomes, const Run& request) {
  const auto name = [](const Outcome& outcome) { return std::string_view{outcome.scenario.name}; };
  if (request.names.empty()) std::ranges::sort(outcomes, {}, name);
  return outcomes;
}

void write_page(OutputFile& page, const std::vector<Outcome>& outcomes, Terminal& terminal) {
  if (!page) return;
  const auto found = std::ranges::find_if(
      outcomes, [](const Outcome& outcome) { return outcome.result.finding.has_value(); });
  if (found != outcomes.end()) return page.write(html(*found->result.finding, found->scenario.name));
  terminal.print(fmt::format("Nothing was found, so {} is empty\n", in_quotes(page.name())));
}

}  // namespace

ExitStatus run(const Run& request, const std::string& program) {
  const auto planned = plan(request);
  see_that_it_can_be_saved(request, planned);
  JsonFile json{request.json};
  OutputFile page{request.html};
  Terminal terminal{json.is_standard_output() ? stderr : stdout};
  Report report{terminal, program};
  Runner runner{request, report};
  const bool finished = runner.run(planned);
  const auto outcomes = in_order(runner.outcomes(), request);
  if (!request.quiet) report.summarize(outcomes);
  json.write(json_of(outcomes));
  write_page(page, outcomes, terminal);
  if (!finished) {
    terminal.print(fmt::format("Interrupted: {} of {} had been run\n", outcomes.size(),
                               counted(planned.size(), "scenario")));
    return ExitStatus::interrupted;
  }
  return std::ranges::all_of(outcomes, as_expected) ? ExitStatus::as_expected : ExitStatus::differs;
}

}  // namespace lockstep::sim::cli
