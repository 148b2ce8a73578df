// Results for other programs: one JSON object.
//
//   {"scenarios": [{
//     "name": "lost_update/naive", "explorer": "exhaustive",
//     "expected": "check",            or "none"
//     "finding": {"kind", "message", "threads": [name...],
//                 "steps": [{"thread", "operation", "object", "outcome", "switched"}...]},   or null
//     "verdict": "ok",                or "differs"
//     "executions": 3, "complete": false, "fair_only": false, "steps": 41, "seconds": 0.0007,
//     "token": "..."                  or null
//   }...]}
#pragma once

#include "outcome.hpp"

#include <boost/json/value.hpp>

#include <cstdio>
#include <memory>
#include <string>
#include <vector>

namespace lockstep::sim::cli {

[[nodiscard]] boost::json::value json_of(const std::vector<Outcome>& outcomes);

/// Of `lockstep-sim list`: the name, expected finding, explorer and summary of each.
[[nodiscard]] boost::json::value json_of(const std::vector<Scenario>& scenarios);

/// The file that --json names.
class JsonFile {
 public:
  /// Opens it, so that a wrong name is known before a long run. Throws Failed.
  /// "-" is standard output; an empty name is no file, and writing to it does nothing.
  explicit JsonFile(std::string name);

  /// Throws Failed.
  void write(const boost::json::value& value);

  [[nodiscard]] bool is_standard_output() const noexcept { return name_ == "-"; }

 private:
  struct Close {
    void operator()(std::FILE* file) const noexcept;
  };
  std::string name_;
  std::unique_ptr<std::FILE, Close> file_;
};

}  // namespace lockstep::sim::cli
