#include "json_report.hpp"

#include "errors.hpp"
#include "text.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include <cerrno>
#include <chrono>
#include <system_error>
#include <utility>

namespace json = boost::json;

namespace lockstep::sim::cli {

namespace {

json::string_view view(std::string_view text) { return {text.data(), text.size()}; }

json::value json_of(const Step& step) {
  return json::object{{"thread", step.thread},
                      {"operation", view(step.operation)},
                      {"object", view(step.object)},
                      {"outcome", view(step.outcome)},
                      {"switched", step.switched}};
}

json::value json_of(const Finding& finding) {
  json::array threads;
  for (const auto& thread : finding.threads) threads.emplace_back(view(thread));
  json::array steps;
  for (const auto& step : finding.steps) steps.push_back(json_of(step));
  return json::object{{"kind", view(to_string(finding.kind))},
                      {"message", view(finding.message)},
                      {"threads", std::move(threads)},
                      {"steps", std::move(steps)}};
}

double seconds(std::chrono::nanoseconds duration) { return std::chrono::duration<double>{duration}.count(); }

json::value json_of(const Outcome& outcome) {
  const auto& [scenario, explorer, result] = outcome;
  const auto& finding = result.finding;
  return json::object{{"name", view(scenario.name)},
                      {"explorer", view(explorer)},
                      {"expected", view(name_of(scenario.expected))},
                      {"finding", finding ? json_of(*finding) : json::value(nullptr)},
                      {"verdict", view(verdict(outcome))},
                      {"executions", result.executions},
                      {"complete", result.complete},
                      {"fair_only", result.fair_only},
                      {"steps", result.steps},
                      {"seconds", seconds(result.elapsed)},
                      {"token", finding ? json::value(view(finding->token)) : json::value(nullptr)}};
}

json::value json_of(const Scenario& scenario) {
  return json::object{{"name", view(scenario.name)},
                      {"expected", view(name_of(scenario.expected))},
                      {"explorer", view(to_string(scenario.options.strategy))},
                      {"summary", view(scenario.summary)}};
}

template <class Entries>
json::value object_of(const Entries& entries) {
  json::array scenarios;
  for (const auto& entry : entries) scenarios.push_back(json_of(entry));
  return json::object{{"scenarios", std::move(scenarios)}};
}

[[noreturn]] void cannot_write(const std::string& name) {
  const auto reason = std::generic_category().message(errno);
  throw Failed{fmt::format("cannot write {}: {}", name == "-" ? "standard output" : in_quotes(name), reason)};
}

std::FILE* opened(const std::string& name) {
  if (name.empty()) return nullptr;
  if (name == "-") return stdout;
  std::FILE* const file = std::fopen(name.c_str(), "w");
  if (!file) cannot_write(name);
  return file;
}

}  // namespace

json::value json_of(const std::vector<Outcome>& outcomes) { return object_of(outcomes); }

json::value json_of(const std::vector<Scenario>& scenarios) { return object_of(scenarios); }

JsonFile::JsonFile(std::string name) : name_{std::move(name)}, file_{opened(name_)} {}

void JsonFile::write(const json::value& value) {
  if (!file_) return;
  const auto text = json::serialize(value) + "\n";
  const bool written = std::fwrite(text.data(), 1, text.size(), file_.get()) == text.size();
  if (!written || std::fflush(file_.get()) != 0) cannot_write(name_);
}

void JsonFile::Close::operator()(std::FILE* file) const noexcept {
  if (file != stdout) std::fclose(file);
}

}  // namespace lockstep::sim::cli
