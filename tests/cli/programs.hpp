// The programs under test, and their results as JSON.
#pragma once

#include "child.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include <sstream>
#include <string>
#include <vector>

namespace lockstep::test {

/// On the catalogue.
inline Told sim(const std::vector<std::string>& arguments) { return told_by(LOCKSTEP_SIM, arguments); }

/// On tests/cli/planted/scenarios.cpp.
inline Told planted(const std::vector<std::string>& arguments) {
  return told_by(LOCKSTEP_SIM_PLANTED, arguments);
}

/// On no scenario at all.
inline Told empty(const std::vector<std::string>& arguments) {
  return told_by(LOCKSTEP_SIM_EMPTY, arguments);
}

/// The scenarios in a program's JSON.
inline boost::json::array scenarios_in(const std::string& text) {
  return boost::json::parse(text).as_object().at("scenarios").as_array();
}

/// How to see again what is found in a planted scenario.
inline std::string token_of(const std::string& name) {
  const auto scenario = scenarios_in(planted({"run", name, "--json", "-"}).out).at(0);
  return std::string{scenario.at("token").as_string()};
}

inline std::vector<std::string> lines(const std::string& text) {
  std::vector<std::string> all;
  std::istringstream stream{text};
  for (std::string line; std::getline(stream, line);) all.push_back(line);
  return all;
}

inline bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace lockstep::test
