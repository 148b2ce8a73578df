// The programs under test, and their results as JSON.
#pragma once

#include "child.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

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

inline bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace lockstep::test
