#include "command_line.hpp"

#include "arguments.hpp"
#include "errors.hpp"
#include "nearest.hpp"
#include "text.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <functional>
#include <limits>
#include <string_view>

namespace lockstep::sim::cli {

namespace {

constexpr const char* about =
    "Runs known concurrency bugs, and the code that prevents them, under every interleaving.";

constexpr std::uint64_t most_jobs = 1'024;

constexpr const char* exit_statuses = R"(Exit status:
  0    every verdict is as expected
  1    a verdict differs
  2    bad usage: an option, a name or a token
  3    the program failed, for instance because a file cannot be written
  130  interrupted by Ctrl-C; what was known by then is reported
)";

std::string examples(std::string_view program) {
  return fmt::format(R"(Examples:
  {0} run --all
  {0} run lost_update
  {0} run --all --explorer random --seed 7 --executions 1000
)",
                     program);
}

constexpr const char* verdicts = R"(Verdicts:
  ok        what was found is what the scenario expects: its bug, or nothing
  differs   anything else

  "ok" without a finding is a proof only if the run was complete: the exhaustive
  explorer went through every interleaving. Cut short by --executions or --time,
  or drawn by one of the others, it says that nothing was found, and no more; the
  table and the last line tell which of the two it is, the exit status does not.
)";

/// Calls `use` with the option's text, once, if it is given.
void add_text(CLI::App& app, const std::string& name, const std::string& placeholder,
              const std::string& meaning, const std::function<void(const std::string&)>& use) {
  app.add_option_function<std::string>(name, use, meaning)->type_name(placeholder)->take_last();
}

void add_json(CLI::App& app, std::string& file) {
  add_text(app, "--json", "FILE", "Write JSON; - is standard output, and the report goes to stderr",
           [&file](const std::string& text) {
             if (text.empty()) throw BadUsage{"--json takes the name of a file, or - for standard output"};
             file = text;
           });
}

void add_html(CLI::App& app, std::string& file, const std::string& meaning) {
  add_text(app, "--html", "FILE", meaning, [&file](const std::string& text) {
    if (text.empty() || text == "-") throw BadUsage{"--html takes the name of a file"};
    file = text;
  });
}

void add_bound(CLI::App& app, const char* name, std::optional<unsigned>& bound, std::uint64_t least,
               const std::string& meaning) {
  add_text(app, name, "N", meaning, [&bound, name, least](const std::string& text) {
    constexpr std::uint64_t most = std::numeric_limits<unsigned>::max();  // as good as no bound
    bound = static_cast<unsigned>(std::min(number_argument(name, text, least), most));
  });
}

CLI::App* add_list(CLI::App& app, List& list) {
  auto* const command =
      app.add_subcommand("list", "Name the scenarios, what each expects, and what it is about");
  add_json(*command, list.json);
  command->add_flag("-q,--quiet", list.quiet, "Names only");
  command->footer(exit_statuses);
  return command;
}

void add_limits(CLI::App& command, Run& run) {
  add_text(command, "--executions", "N", "Stop each scenario after so many executions",
           [&run](const std::string& text) { run.executions = number_argument("--executions", text, 1); });
  add_text(command, "--time", "TIME", "Stop each scenario after so long: 10s, 500ms, 2m; 10 is 10s",
           [&run](const std::string& text) { run.time = time_argument("--time", text); });
  add_text(command, "--checkpoint", "FILE",
           "exhaustive, one scenario: go on from there, and save how far it is now and then",
           [&run](const std::string& text) {
             if (text.empty()) throw BadUsage{"--checkpoint takes the name of a file"};
             run.checkpoint = text;
           });
  add_text(command, "-j,--jobs", "N", "Explore each scenario with so many threads; 0: one per processor",
           [&run](const std::string& text) { run.jobs = number_argument("--jobs", text, 0, most_jobs); });
}

void add_explorer(CLI::App& command, Run& run) {
  add_text(command, "--explorer", "NAME",
           "How interleavings are chosen: exhaustive (the default), random, pct, pos or surw",
           [&run](const std::string& text) { run.explorer = explorer_argument("--explorer", text); });
  add_text(command, "--seed", "N", "What the others than exhaustive draw from; the same seed finds the same",
           [&run](const std::string& text) { run.seed = number_argument("--seed", text, 0); });
  add_bound(command, "--preemptions", run.preemptions, 0,
            "exhaustive: only interleavings with at most so many preemptions");
  add_bound(command, "--depth", run.depth, 1, "pct: how many switches a bug may need at certain steps");
  add_bound(command, "--spurious", run.allowed.spurious, 0,
            "Let so many wake-ups and failures per execution be spurious, as std allows");
  add_bound(command, "--timeouts", run.allowed.timeouts, 0,
            "Let so many time limits and sleeps per execution be over although others could go on");
  add_text(command, "--model", "NAME",
           "What atomics hold: interleavings (the latest), rc11 (what their memory orders allow) or sc",
           [&run](const std::string& text) { run.allowed.model = model_argument("--model", text); });
}

CLI::App* add_run(CLI::App& app, Run& run, bool& all) {
  auto* const command =
      app.add_subcommand("run", "Run scenarios and compare what they find with what they expect");
  command->add_option("NAME", run.names, "Scenarios (lost_update/naive) or groups (lost_update)")
      ->type_name("");
  command->add_flag("-a,--all", all, "Every scenario");
  add_explorer(*command, run);
  add_limits(*command, run);
  add_json(*command, run.json);
  add_html(*command, run.html, "Write the first finding as a page to step through, if there is one");
  command->add_flag("-q,--quiet", run.quiet, "Print only what differs from what was expected");
  command->add_flag("-v,--verbose", run.verbose, "Print every interleaving that was found");
  command->footer(std::string{verdicts} + "\n" + exit_statuses);
  return command;
}

CLI::App* add_audit(CLI::App& app, Audit& audit) {
  auto* const command = app.add_subcommand(
      "audit", "Try every weaker memory order of each atomic operation, and say which are needed");
  command->add_option("NAME", audit.names, "Scenarios (peterson/seq_cst) or groups (peterson)")
      ->type_name("");
  add_text(
      *command, "--executions", "N", "Stop each exploration after so many executions",
      [&audit](const std::string& text) { audit.executions = number_argument("--executions", text, 1); });
  add_text(*command, "--time", "TIME", "Stop each exploration after so long: 10s, 500ms, 2m; 10 is 10s",
           [&audit](const std::string& text) { audit.time = time_argument("--time", text); });
  command->footer(exit_statuses);
  return command;
}

struct OfToken {
  Replay::How how;
  const char* name;
  const char* meaning;
};
constexpr std::array of_token{
    OfToken{Replay::How::replay, "replay", "Run the one interleaving that a token names, and print it"},
    OfToken{Replay::How::explain, "explain", "Run it, and say in words what happened and what helps"},
    OfToken{Replay::How::shrink, "shrink",
            "Look for a shorter one that fails alike, and print it with its token"},
};

void add_of_token(CLI::App& app, Replay& replay, const OfToken& one) {
  auto* const command = app.add_subcommand(one.name, one.meaning);
  command->add_option("TOKEN", replay.token, "As printed by run")->type_name("");
  add_bound(*command, "--spurious", replay.allowed.spurious, 0, "As run was given it");
  add_bound(*command, "--timeouts", replay.allowed.timeouts, 0, "As run was given it");
  add_text(*command, "--model", "NAME", "As run was given it",
           [&replay](const std::string& text) { replay.allowed.model = model_argument("--model", text); });
  add_json(*command, replay.json);
  add_html(*command, replay.html, "Write the finding as a page to step through");
  command->add_flag("-q,--quiet", replay.quiet, "Print nothing; the exit status tells");
  command->footer(exit_statuses);
  command->callback([&replay, &one] {
    replay.how = one.how;
    if (replay.token.empty())
      throw BadUsage{fmt::format("{} takes the token of a finding, as printed by run", one.name)};
  });
}

void check(const Run& run, bool all) {
  if (all && !run.names.empty()) throw BadUsage{"run takes either names or --all, not both"};
  if (!all && run.names.empty()) {
    throw BadUsage{"run takes the names of scenarios, or --all", "list"};
  }
  if (run.quiet && run.verbose) throw BadUsage{"run takes either --quiet or --verbose, not both"};
}

/// CLI11 would say only that a command is missing.
void check_command(int argc, const char* const* argv) {
  const std::vector<std::string> commands{"list", "run", "audit", "replay", "explain", "shrink"};
  if (argc < 2) throw BadUsage{fmt::format("a command is missing: {}", fmt::join(commands, ", "))};
  const std::string_view word = argv[1];
  if (word.starts_with('-') || std::ranges::find(commands, word) != commands.end()) return;
  throw BadUsage{fmt::format("there is no command {}{}", in_quotes(word), suggestion(word, commands))};
}

/// CLI11's versions differ in how many lines they leave empty at the end.
std::string help(const CLI::App& app) {
  auto text = app.help();
  text.erase(text.find_last_not_of('\n') + 1);
  return text + "\n";
}

}  // namespace

Command parse_command_line(int argc, const char* const* argv) {
  List list;
  Run run;
  Audit audit;
  Replay replay;
  bool all = false;

  // Help names the program as it was called: scripts/sim, say.
  const std::string program = argc > 0 ? shell_word(argv[0]) : "lockstep-sim";
  CLI::App app{about, program};
  app.set_version_flag("--version", std::string{"lockstep-sim " LOCKSTEP_VERSION});
  app.require_subcommand(1);
  app.footer(examples(program) + "\n" + exit_statuses);
  const auto* const list_command = add_list(app, list);
  const auto* const run_command = add_run(app, run, all);
  const auto* const audit_command = add_audit(app, audit);
  for (const auto& one : of_token) add_of_token(app, replay, one);

  try {
    check_command(argc, argv);
    app.parse(argc, argv);
  } catch (const CLI::CallForVersion& version) {
    return Information{fmt::format("{}\n", version.what())};
  } catch (const CLI::Success&) {
    return Information{help(app)};
  } catch (const CLI::ParseError& error) {
    throw BadUsage{error.what()};
  }
  if (list_command->parsed()) return list;
  if (run_command->parsed()) {
    check(run, all);
    return run;
  }
  if (audit_command->parsed()) {
    if (audit.names.empty()) throw BadUsage{"audit takes the names of scenarios", "list"};
    return audit;
  }
  return replay;
}

}  // namespace lockstep::sim::cli
