// Why the program stops before its work is done.
#pragma once

#include <stdexcept>
#include <string>
#include <utility>

namespace lockstep::sim::cli {

/// The user asked for something that makes no sense: exit status 2.
class BadUsage : public std::runtime_error {
 public:
  /// `help` is the command that shows what would make sense.
  explicit BadUsage(const std::string& message, std::string help = "--help")
      : std::runtime_error{message}, help_{std::move(help)} {}
  [[nodiscard]] const std::string& help() const noexcept { return help_; }

 private:
  std::string help_;
};

/// Something outside failed us: exit status 3.
class Failed : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// The user pressed Ctrl-C: exit status 130.
class Interrupted : public std::runtime_error {
 public:
  Interrupted() : std::runtime_error{"interrupted"} {}
};

}  // namespace lockstep::sim::cli
