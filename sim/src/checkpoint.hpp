// A file that tells how far an exploration is: numbers, with a digest, so that half a file is noticed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace lockstep::sim {

/// Collects what is to be saved.
class CheckpointWriter {
 public:
  CheckpointWriter& operator<<(std::uint64_t number);
  CheckpointWriter& operator<<(std::string_view text);
  /// Replaces the file by what was collected: at any moment there is the old one or the new one. Throws
  /// std::runtime_error if it cannot be written.
  void save(const std::string& file) const;

 private:
  std::string text_;
  std::uint64_t digest_ = 0;
};

/// Reads it in the same order. Throws BadCheckpoint if there is no more, or something else.
class CheckpointReader {
 public:
  explicit CheckpointReader(const std::string& file);

  [[nodiscard]] std::uint64_t number();
  /// At most `most`.
  [[nodiscard]] std::uint64_t number(std::uint64_t most);
  [[nodiscard]] std::string text();
  /// The digest is to follow, and nothing else.
  void end();
  [[noreturn]] void bad(const std::string& why) const;

 private:
  [[nodiscard]] std::uint64_t next();

  std::string file_;
  std::string text_;
  std::size_t at_ = 0;
  std::uint64_t digest_ = 0;
};

}  // namespace lockstep::sim
