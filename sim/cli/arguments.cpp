#include "arguments.hpp"

#include "duration.hpp"
#include "errors.hpp"
#include "nearest.hpp"
#include "text.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <charconv>
#include <system_error>

namespace lockstep::sim::cli {

Strategy explorer_argument(const std::string& option, const std::string& text) {
  if (const auto found = strategy(text)) return *found;
  const auto names = explorer_names();
  throw BadUsage{fmt::format("{} takes one of {}, not {}{}", option, fmt::join(names, ", "), in_quotes(text),
                             suggestion(text, names))};
}

MemoryModel model_argument(const std::string& option, const std::string& text) {
  if (const auto found = memory_model(text)) return *found;
  const std::vector<std::string> names{"interleavings", "rc11", "sc"};
  throw BadUsage{fmt::format("{} takes one of {}, not {}{}", option, fmt::join(names, ", "), in_quotes(text),
                             suggestion(text, names))};
}

std::uint64_t number_argument(const std::string& option, const std::string& text, std::uint64_t least,
                              std::uint64_t most) {
  std::uint64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, number);
  if (error == std::errc{} && rest == end && number >= least && number <= most) return number;
  throw BadUsage{
      fmt::format("{} takes a whole number from {} to {}, not {}", option, least, most, in_quotes(text))};
}

std::chrono::nanoseconds time_argument(const std::string& option, const std::string& text) {
  const auto time = parse_duration(text);
  if (time && time->count() > 0) return *time;
  throw BadUsage{
      fmt::format("{} takes a time above zero such as 10s, 500ms or 2m (seconds if no unit is given), not {}",
                  option, in_quotes(text))};
}

std::vector<std::string> explorer_names() {
  std::vector<std::string> names;
  for (const auto each :
       {Strategy::exhaustive, Strategy::random, Strategy::pct, Strategy::pos, Strategy::surw})
    names.emplace_back(to_string(each));
  return names;
}

}  // namespace lockstep::sim::cli
