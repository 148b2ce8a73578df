// The command line, as values.
#pragma once

#include <lockstep/sim/explore.hpp>

#include "allowed.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace lockstep::sim::cli {

/// lockstep-sim list
struct List {
  std::string json = {};  ///< the file to write; "-" is standard output; empty is none
  bool quiet = false;     ///< names only
};

/// lockstep-sim run
struct Run {
  std::vector<std::string> names = {};  ///< of scenarios or groups; empty means all
  std::optional<Strategy> explorer = {};
  std::optional<std::uint64_t> seed = {};
  std::optional<unsigned> depth = {};
  std::optional<unsigned> preemptions = {};
  Allowed allowed = {};
  std::optional<std::uint64_t> executions = {};
  std::optional<std::chrono::nanoseconds> time = {};
  std::optional<std::uint64_t> jobs = {};
  std::string checkpoint = {};  ///< the file of the only scenario; empty is none
  std::string json = {};
  std::string html = {};  ///< the file for the first finding's page; empty is none
  bool quiet = false;     ///< only what differs from what was expected
  bool verbose = false;   ///< every timeline
};

/// lockstep-sim replay, explain and shrink: one interleaving again.
struct Replay {
  /// What to do with it.
  enum class How {
    replay,   ///< print its timeline
    explain,  ///< say in words what happened
    shrink,   ///< make it shorter first
  };
  How how = How::replay;
  std::string token = {};
  Allowed allowed = {};
  std::string json = {};
  std::string html = {};
  bool quiet = false;
};

/// lockstep-sim audit: which memory orders scenarios need.
struct Audit {
  std::vector<std::string> names = {};  ///< of scenarios or groups
  std::optional<std::uint64_t> executions = {};
  std::optional<std::chrono::nanoseconds> time = {};
};

/// --help or --version: nothing but text to print.
struct Information {
  std::string text;
};

using Command = std::variant<List, Run, Replay, Audit, Information>;

/// Throws BadUsage with a message for the user.
[[nodiscard]] Command parse_command_line(int argc, const char* const* argv);

}  // namespace lockstep::sim::cli
