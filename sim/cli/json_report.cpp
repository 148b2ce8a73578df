#include "json_report.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <chrono>
#include <utility>

namespace json = boost::json;

namespace lockstep::sim::cli {

namespace {

json::string_view view(std::string_view text) { return {text.data(), text.size()}; }

json::value json_of(const std::optional<SourceLine>& source) {
  if (!source) return nullptr;
  return json::object{{"file", view(source->file)}, {"line", source->line}};
}

json::value text_or_null(std::string_view text) {
  return text.empty() ? json::value(nullptr) : json::value(view(text));
}

json::value json_of(const Step& step) {
  json::array reads;
  json::array writes;
  for (const auto& [object, write] : step.touched) (write ? writes : reads).emplace_back(view(object));
  const json::value from = step.from ? json::value(*step.from) : json::value(nullptr);
  return json::object{{"thread", step.thread},         {"operation", view(step.operation)},
                      {"object", view(step.object)},   {"outcome", view(step.outcome)},
                      {"switched", step.switched},     {"reads", std::move(reads)},
                      {"writes", std::move(writes)},   {"reads_from", from},
                      {"source", json_of(step.source)}};
}

json::value json_of(const Finding& finding) {
  json::array threads;
  for (const auto& thread : finding.threads) threads.emplace_back(view(thread));
  json::array steps;
  for (const auto& step : finding.steps) steps.push_back(json_of(step));
  return json::object{{"kind", view(to_string(finding.kind))},
                      {"message", view(finding.message)},
                      {"source", json_of(finding.source)},
                      {"culprit", text_or_null(finding.culprit)},
                      {"too_weak", text_or_null(finding.too_weak)},
                      {"threads", std::move(threads)},
                      {"steps", std::move(steps)}};
}

double seconds(std::chrono::nanoseconds duration) { return std::chrono::duration<double>{duration}.count(); }

json::value json_of(const Outcome& outcome) {
  const auto& [scenario, explorer, result, allowed] = outcome;
  const auto& finding = result.finding;
  return json::object{{"name", view(scenario.name)},
                      {"explorer", view(explorer)},
                      {"model", view(to_string(outcome.model()))},
                      {"expected", view(name_of(scenario.expected))},
                      {"finding", finding ? json_of(*finding) : json::value(nullptr)},
                      {"verdict", view(verdict(outcome))},
                      {"executions", result.executions},
                      {"complete", result.complete},
                      {"fair_only", result.fair_only},
                      {"timely_only", result.timely_only},
                      {"steps", result.steps},
                      {"seconds", seconds(result.elapsed)},
                      {"token", finding ? json::value(view(finding->token)) : json::value(nullptr)}};
}

json::value json_of(const Scenario& scenario) {
  return json::object{{"name", view(scenario.name)},
                      {"expected", view(name_of(scenario.expected))},
                      {"explorer", view(to_string(scenario.options.strategy))},
                      {"model", view(to_string(scenario.options.model))},
                      {"summary", view(scenario.summary)}};
}

template <class Entries>
json::value object_of(const Entries& entries) {
  json::array scenarios;
  for (const auto& entry : entries) scenarios.push_back(json_of(entry));
  return json::object{{"scenarios", std::move(scenarios)}};
}

}  // namespace

json::value json_of(const std::vector<Outcome>& outcomes) { return object_of(outcomes); }

json::value json_of(const std::vector<Scenario>& scenarios) { return object_of(scenarios); }

void JsonFile::write(const json::value& value) {
  if (file_) file_.write(json::serialize(value) + "\n");
}

}  // namespace lockstep::sim::cli
