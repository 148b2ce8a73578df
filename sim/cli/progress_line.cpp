#include "progress_line.hpp"

#include "duration.hpp"
#include "terminal.hpp"
#include "text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <utility>

namespace lockstep::sim::cli {

namespace {

constexpr const char* start_of_empty_line = "\r\x1b[K";

void put(const std::string& text) {
  std::fputs(text.c_str(), stderr);
  std::fflush(stderr);
}

}  // namespace

ProgressLine::ProgressLine(bool wanted) : wanted_{wanted && is_terminal(stderr)} {}

ProgressLine::~ProgressLine() { clear(); }

void ProgressLine::show(const std::string& doing, const Progress& progress) {
  constexpr std::chrono::milliseconds worth_telling{100};
  if (!wanted_ || progress.elapsed < worth_telling) return;
  auto line = fmt::format("{}  {}  {}", doing, counted(progress.executions, "execution"),
                          show_duration(progress.elapsed));
  const auto rate =
      static_cast<double>(progress.executions) / std::chrono::duration<double>(progress.elapsed).count();
  line += fmt::format("  {}/s  {} or more left", grouped(static_cast<std::uint64_t>(rate)),
                      grouped(progress.left));
  line.resize(std::min(line.size(), width_of(stderr) - 1));  // a line that wraps cannot be cleared
  put(start_of_empty_line + line);
  shown_ = true;
}

void ProgressLine::clear() {
  if (std::exchange(shown_, false)) put(start_of_empty_line);
}

}  // namespace lockstep::sim::cli
