// Where text goes: in colour on a terminal, plain anywhere else.
// Source: https://no-color.org
#pragma once

#include <cstddef>
#include <cstdio>
#include <string>
#include <string_view>

namespace lockstep::sim::cli {

enum class Tone { plain, strong, faint, good, bad };

/// True if a person looks at `stream`.
[[nodiscard]] bool is_terminal(std::FILE* stream);

/// How many characters fit into a line of the terminal behind `stream`; 80 if unknown.
[[nodiscard]] std::size_t width_of(std::FILE* stream);

/// A stream for the reader of a report.
class Terminal {
 public:
  /// Colours if `stream` is a terminal that has them and NO_COLOR is not set.
  explicit Terminal(std::FILE* stream);

  /// Writes at once. Throws Failed if it cannot: nobody is told something else by a full disk.
  void print(std::string_view text);

  [[nodiscard]] std::string painted(std::string_view text, Tone tone) const;

 private:
  std::FILE* stream_;
  bool colour_;
};

}  // namespace lockstep::sim::cli
