// One line on a terminal that tells that something is going on.
#pragma once

#include <lockstep/sim/explore.hpp>

#include <string>

namespace lockstep::sim::cli {

/// On standard error, and only if that is a terminal. Never throws.
class ProgressLine {
 public:
  explicit ProgressLine(bool wanted);
  ~ProgressLine();
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  /// `doing` says which scenario runs.
  void show(const std::string& doing, const Progress& progress);

  /// Before anything else is printed.
  void clear();

 private:
  bool wanted_;
  bool shown_ = false;
};

}  // namespace lockstep::sim::cli
