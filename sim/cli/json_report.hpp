// Results for other programs: one JSON object, as docs/lockstep-sim.schema.json says.
#pragma once

#include "outcome.hpp"
#include "output_file.hpp"

#include <boost/json/value.hpp>

#include <string>
#include <utility>
#include <vector>

namespace lockstep::sim::cli {

[[nodiscard]] boost::json::value json_of(const std::vector<Outcome>& outcomes);

/// Of `lockstep-sim list`: the name, expected finding, explorer and summary of each.
[[nodiscard]] boost::json::value json_of(const std::vector<Scenario>& scenarios);

/// The file that --json names.
class JsonFile {
 public:
  /// As OutputFile.
  explicit JsonFile(std::string name) : file_{std::move(name)} {}
  /// Throws Failed.
  void write(const boost::json::value& value);
  [[nodiscard]] bool is_standard_output() const noexcept { return file_.is_standard_output(); }

 private:
  OutputFile file_;
};

}  // namespace lockstep::sim::cli
