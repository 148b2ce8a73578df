#include "select.hpp"

#include "errors.hpp"
#include "nearest.hpp"
#include "text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace lockstep::sim::cli {

namespace {

/// "lost_update/" is the group as well: shells complete it so.
std::string_view without_slash_at_end(std::string_view name) {
  if (name.ends_with('/')) name.remove_suffix(1);
  return name;
}

bool matches(const Scenario& scenario, std::string_view name) {
  return scenario.name == name || group_of(scenario.name) == without_slash_at_end(name);
}

std::vector<std::string> names_and_groups(const std::vector<Scenario>& catalogue) {
  std::vector<std::string> all;
  all.reserve(2 * catalogue.size());
  for (const auto& scenario : catalogue) all.push_back(scenario.name);
  for (const auto& scenario : catalogue) all.emplace_back(group_of(scenario.name));
  return all;
}

[[noreturn]] void unknown(const std::vector<Scenario>& catalogue, const std::string& name) {
  throw BadUsage{fmt::format("there is no scenario {}{}", in_quotes(name),
                             suggestion(name, names_and_groups(catalogue))),
                 "list"};
}

template <class Predicate>
bool group_has(const std::vector<Scenario>& scenarios, std::string_view group, Predicate&& holds) {
  return std::ranges::any_of(
      scenarios, [&](const Scenario& each) { return group_of(each.name) == group && holds(each); });
}

bool tells_both_sides(const std::vector<Scenario>& scenarios, std::string_view group) {
  return group_has(scenarios, group, [](const Scenario& each) { return each.expected.has_value(); }) &&
         group_has(scenarios, group, [](const Scenario& each) { return !each.expected; });
}

}  // namespace

std::string_view group_of(std::string_view name) { return name.substr(0, name.find('/')); }

std::vector<Scenario> select(const std::vector<Scenario>& catalogue, const std::vector<std::string>& names) {
  std::vector<Scenario> chosen;
  std::set<std::string_view> seen;
  for (const auto& name : names) {
    bool known = false;
    for (const auto& scenario : catalogue) {
      if (!matches(scenario, name)) continue;
      known = true;
      if (seen.insert(scenario.name).second) chosen.push_back(scenario);
    }
    if (!known) unknown(catalogue, name);
  }
  return chosen;
}

std::string showcase(const std::vector<Scenario>& scenarios) {
  if (tells_both_sides(scenarios, "lost_update")) return "lost_update";
  for (const auto& scenario : scenarios) {
    const auto group = group_of(scenario.name);
    if (tells_both_sides(scenarios, group)) return std::string{group};
  }
  return "";
}

}  // namespace lockstep::sim::cli
