// lockstep-sim audit: which memory orders scenarios need.
#include <lockstep/sim/audit.hpp>
#include <lockstep/sim/scenario.hpp>

#include "commands.hpp"
#include "select.hpp"
#include "terminal.hpp"

#include <fmt/format.h>

namespace lockstep::sim::cli {

ExitStatus audit(const Audit& request) {
  Terminal terminal{stdout};
  auto status = ExitStatus::as_expected;
  for (const Scenario& scenario : select(catalogue(), request.names)) {
    auto options = scenario.options;
    options.name = scenario.name;
    options.executions = request.executions.value_or(options.executions);
    options.time = request.time.value_or(options.time);
    const sim::Audit audited = sim::audit(scenario.body, options);
    if (audited.result.finding) status = ExitStatus::differs;
    terminal.print(fmt::format("{}\n{}\n", scenario.name, audited.report()));
  }
  return status;
}

}  // namespace lockstep::sim::cli
