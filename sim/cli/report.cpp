#include "report.hpp"

#include "duration.hpp"
#include "table.hpp"
#include "text.hpp"

#include <fmt/format.h>

#include <utility>

namespace lockstep::sim::cli {

namespace {

constexpr std::size_t widest_kind = std::string_view{"lost_wakeup"}.size();  // of the usual ones

Tone tone_of(const Outcome& outcome) {
  if (!as_expected(outcome)) return Tone::bad;
  const bool settled = outcome.result.finding || outcome.result.complete;
  return settled ? Tone::good : Tone::plain;
}

/// A bug ends the search for it, so completeness is asked only of what found nothing.
Cell complete(const Outcome& outcome) {
  if (outcome.result.finding) return {"-", Tone::faint};
  if (!outcome.result.complete) return {"no"};
  return {outcome.result.fair_only ? "fair" : outcome.result.timely_only ? "timely" : "yes"};
}

std::vector<Cell> row(const Outcome& outcome) {
  const auto& [scenario, explorer, result, allowed] = outcome;
  return {{scenario.name},
          {std::string{name_of(scenario.expected)}},
          {std::string{name_of(found(outcome))}},
          {grouped(result.executions)},
          complete(outcome),
          {show_duration(result.elapsed)},
          {std::string{verdict(outcome)}, tone_of(outcome)}};
}

std::string explored(const Outcome& outcome) {
  const auto& [scenario, explorer, result, allowed] = outcome;
  if (result.complete)
    return fmt::format("over {} ({})", everything(outcome), counted(result.executions, "execution"));
  return fmt::format("in {} ({}, not complete)", counted(result.executions, "execution"), explorer);
}

}  // namespace

std::string sentence(const Outcome& outcome) {
  const auto& finding = outcome.result.finding;
  const auto expected = name_of(outcome.scenario.expected);
  if (finding && as_expected(outcome)) {
    return fmt::format("bug found as expected: {}, in execution {}", expected,
                       grouped(outcome.result.executions));
  }
  if (finding) return fmt::format("{} found, but expected {}", to_string(finding->kind), expected);
  if (!as_expected(outcome))
    return fmt::format("expected {}, but nothing found {}", expected, explored(outcome));
  return fmt::format("{} found {}", proven(outcome) ? "proven: nothing" : "nothing", explored(outcome));
}

Report::Report(Terminal& terminal, std::string program) : terminal_{terminal}, program_{std::move(program)} {}

void Report::tell(const Outcome& outcome, Detail detail) {
  if (detail == Detail::full || !as_expected(outcome)) return full(outcome);
  if (detail == Detail::brief && outcome.result.finding) brief(outcome);
}

void Report::brief(const Outcome& outcome) {
  const Finding& finding = *outcome.result.finding;
  if (!std::exchange(in_list_, true)) {
    terminal_.print(fmt::format("Further bugs found, as expected. To see one: {} replay TOKEN{}\n",
                                shell_word(program_), outcome.allowed.arguments()));
  }
  terminal_.print(
      fmt::format("  {:<{}}  {}\n", to_string(finding.kind), widest_kind, shell_word(finding.token)));
}

void Report::full(const Outcome& outcome) {
  end_list();
  auto text = headline(outcome);
  if (const auto& finding = outcome.result.finding) {
    text += fmt::format("\n{}\nTo see it again: {} replay {}{}\n", timeline(*finding), shell_word(program_),
                        shell_word(finding->token), outcome.allowed.arguments());
  }
  terminal_.print(text + "\n");
}

void Report::end_list() {
  if (std::exchange(in_list_, false)) terminal_.print("\n");
}

std::string Report::headline(const Outcome& outcome) const {
  const auto& scenario = outcome.scenario;
  const std::string& note = outcome.result.note;
  return fmt::format("{}: {}\n  {}\n{}", terminal_.painted(scenario.name, Tone::strong), scenario.summary,
                     terminal_.painted(sentence(outcome), tone_of(outcome)),
                     note.empty() ? "" : fmt::format("  note: {}\n", note));
}

void Report::summarize(const std::vector<Outcome>& outcomes) {
  end_list();
  if (outcomes.empty()) return;
  Table table{{{"scenario"},
               {"expected"},
               {"found"},
               {"executions", Align::right},
               {"all?"},
               {"time", Align::right},
               {"verdict"}}};
  for (const auto& outcome : outcomes) table.add(row(outcome));
  terminal_.print(fmt::format("{}\n{}\n", table.text(terminal_), conclusion(outcomes)));
}

}  // namespace lockstep::sim::cli
