// A file that tells how far an exploration is: numbers, with a digest, so that half a file is noticed before
// anything of it is believed.
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
};

/// Reads it in the same order. Throws BadCheckpoint if there is no more, or something else.
class CheckpointReader {
 public:
  /// Throws BadCheckpoint unless the whole file is as it was written.
  explicit CheckpointReader(const std::string& file);

  [[nodiscard]] std::uint64_t number();
  /// At most `most`.
  [[nodiscard]] std::uint64_t number(std::uint64_t most);
  /// How many of something follow.
  [[nodiscard]] std::size_t size() { return number(text_.size()); }
  [[nodiscard]] std::string text();
  /// Nothing is to follow.
  void end() const;
  [[noreturn]] void bad(const std::string& why) const;

 private:
  std::string file_;
  std::string text_;
  std::size_t at_ = 0;
};

}  // namespace lockstep::sim
