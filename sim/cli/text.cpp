#include "text.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace lockstep::sim::cli {

namespace {

bool control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

bool plain_in_shell(char c) {
  constexpr std::string_view others = "_-./:,+=@%";
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         others.find(c) != std::string_view::npos;
}

}  // namespace

std::string grouped(std::uint64_t number) {
  auto digits = std::to_string(number);
  for (auto at = digits.size(); at > 3; at -= 3) digits.insert(at - 3, 1, ',');
  return digits;
}

std::string counted(std::uint64_t number, std::string_view noun) {
  return fmt::format("{} {}{}", grouped(number), noun, number == 1 ? "" : "s");
}

std::string shown(std::string_view text) {
  constexpr std::size_t end = 60;
  const bool is_short = text.size() <= 2 * end;
  auto all = is_short ? std::string{text}
                      : fmt::format("{}...{}", text.substr(0, end), text.substr(text.size() - end));
  std::ranges::replace_if(all, control, '?');
  return all;
}

std::string in_quotes(std::string_view text) { return fmt::format("'{}'", shown(text)); }

std::string shell_word(std::string_view word) {
  if (!word.empty() && std::ranges::all_of(word, plain_in_shell)) return std::string{word};
  std::string quoted = "'";
  for (const char c : word) quoted += c == '\'' ? std::string{"'\\''"} : std::string{c};
  return quoted + "'";
}

}  // namespace lockstep::sim::cli
