// A file that the user names, for what other programs read.
#pragma once

#include <cstdio>
#include <memory>
#include <string>
#include <string_view>

namespace lockstep::sim::cli {

class OutputFile {
 public:
  /// Opens it, so that a wrong name is known before a long run. Throws Failed.
  /// "-" is standard output; an empty name is no file, and writing to it does nothing.
  explicit OutputFile(std::string name);

  /// Throws Failed.
  void write(std::string_view text);

  /// False for no file.
  explicit operator bool() const noexcept { return file_ != nullptr; }
  [[nodiscard]] bool is_standard_output() const noexcept { return name_ == "-"; }
  [[nodiscard]] const std::string& name() const noexcept { return name_; }

 private:
  struct Close {
    void operator()(std::FILE* file) const noexcept;
  };
  std::string name_;
  std::unique_ptr<std::FILE, Close> file_;
};

}  // namespace lockstep::sim::cli
