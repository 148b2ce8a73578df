#include "source_line.hpp"

#include <algorithm>
#include <array>
#include <mutex>
#include <string_view>

namespace lockstep::sim {

namespace {

std::string_view directory_of(std::string_view file) { return file.substr(0, file.find_last_of("/\\") + 1); }

/// Where the standard library's headers are: std::lock_guard tells, which locks this.
std::string_view standard_library() {
  struct Probe {
    std::string_view file;
    void lock(const source_location& where = source_location::current()) { file = where.file_name(); }
    void unlock() {}
  } probe;
  {
    const std::lock_guard<Probe> lock{probe};
  }
  std::string_view directory = directory_of(probe.file);
  for (const std::string_view inner : {"bits/", "__mutex/"}) {  // of libstdc++ and of libc++
    if (directory.ends_with(inner)) directory.remove_suffix(inner.size());
  }
  return directory;
}

bool own(std::string_view file) {
  constexpr std::array<std::string_view, 3> directories{"include/lockstep/verbs/",
                                                        "include/lockstep/storage/", "include/lockstep/sim/"};
  return std::ranges::any_of(directories, [&](std::string_view directory) {
    return file.find(directory) != std::string_view::npos;
  });
}

std::optional<SourceLine> line_of(std::string_view file, unsigned line) {
  if (line == 0 || tells_nothing(file)) return std::nullopt;
  return SourceLine{.file = std::string{file.substr(directory_of(file).size())}, .line = line};
}

}  // namespace

bool tells_nothing(std::string_view file) {
  static const std::string_view standard = standard_library();
  return own(file) || (!standard.empty() && file.starts_with(standard));
}

std::optional<SourceLine> source_line(const source_location& where, const Caller& caller) {
  const auto line = line_of(where.file_name(), static_cast<unsigned>(where.line()));
  return line ? line : line_of(caller.file, caller.line);
}

}  // namespace lockstep::sim
