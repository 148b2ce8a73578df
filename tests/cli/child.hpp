// Runs a program as a shell does, and keeps all that it tells.
#pragma once

#include <string>
#include <vector>

namespace lockstep::test {

struct Told {
  int status = 0;
  std::string out;
  std::string err;
};

/// Standard input is empty; output goes to files, not to a terminal.
[[nodiscard]] Told told_by(const std::string& program, const std::vector<std::string>& arguments);

/// The same through a shell, where `command` stands after `program`: "run --all | head -1".
[[nodiscard]] Told told_by_shell(const std::string& program, const std::string& command);

/// A directory that is removed at the end.
class TemporaryDirectory {
 public:
  TemporaryDirectory();
  ~TemporaryDirectory();
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

  [[nodiscard]] std::string operator/(const std::string& file) const { return path_ + "/" + file; }

 private:
  std::string path_;
};

/// The text of a file. Throws if it cannot be read.
[[nodiscard]] std::string contents(const std::string& file);

}  // namespace lockstep::test
