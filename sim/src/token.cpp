#include "token.hpp"

#include <lockstep/sim/execution.hpp>
#include <lockstep/sim/explore.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <limits>
#include <optional>
#include <utility>

namespace lockstep::sim {

namespace {

constexpr std::string_view version = "ls1.";
constexpr std::size_t most_decisions = 10'000'000;

[[noreturn]] void bad(std::string_view token, const std::string& why) {
  throw BadToken{"not a replay token: \"" + std::string{token} + "\": " + why};
}

bool plain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '/' ||
         c == '-' || c == '.' || c == ':' || c == '+' || c == ',' || c == '@';
}

std::string escape(std::string_view name) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  for (const char c : name) {
    if (plain(c)) {
      text += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      text += {'%', digits[byte >> 4U], digits[byte & 15U]};
    }
  }
  return text;
}

template <class Number>
std::optional<Number> number(std::string_view text, int base = 10) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::string unescape(std::string_view text, std::string_view token) {
  std::string name;
  for (std::size_t i = 0; i != text.size(); ++i) {
    if (text[i] != '%') {
      if (!plain(text[i])) bad(token, "a character that no token has");
      name += text[i];
      continue;
    }
    const auto byte = i + 2 < text.size() ? number<unsigned>(text.substr(i + 1, 2), 16) : std::nullopt;
    if (!byte) bad(token, "its name is cut");
    name += static_cast<char>(static_cast<unsigned char>(*byte));
    i += 2;
  }
  return name;
}

/// The decisions as items: runs of defaults, and departures from them.
std::vector<std::string> items(const std::vector<Decision>& decisions) {
  std::vector<std::string> items;
  std::size_t defaults = 0;
  for (const Decision& decision : decisions) {
    if (decision.chosen == decision.fallback || decision.chosen == Decision::by_default) {
      ++defaults;
      continue;
    }
    if (defaults != 0) items.push_back(std::to_string(std::exchange(defaults, 0)));
    items.emplace_back(decision.kind == Decision::Kind::outcome ? "o" : "t")
        .append(std::to_string(decision.chosen));
  }
  return items;
}

/// How often the group of `period` items at `begin` stands there in a row.
std::size_t repeats(const std::vector<std::string>& items, std::size_t begin, std::size_t period) {
  std::size_t count = 1;
  const auto at = [&](std::size_t i) { return items.begin() + static_cast<std::ptrdiff_t>(i); };
  while (begin + (count + 1) * period <= items.size() &&
         std::equal(at(begin), at(begin + period), at(begin + count * period))) {
    ++count;
  }
  return count;
}

void parse_item(std::string_view item, std::vector<Decision>& decisions, std::string_view token) {
  const bool marked = !item.empty() && (item.front() == 't' || item.front() == 'o');
  const auto value = number<std::uint32_t>(marked ? item.substr(1) : item);
  if (!value || (marked && *value >= Decision::by_default))
    bad(token, "\"" + std::string{item} + "\" is no decision");
  if (!marked) {
    if (decisions.size() + *value > most_decisions) bad(token, "too long");
    decisions.insert(decisions.end(), *value, Decision{.chosen = Decision::by_default});
    return;
  }
  decisions.push_back({.kind = item.front() == 'o' ? Decision::Kind::outcome : Decision::Kind::schedule,
                       .chosen = static_cast<std::uint8_t>(*value)});
}

/// Calls `visit` for each part of `text` between separators.
template <class Visit>
void split(std::string_view text, char separator, Visit&& visit) {
  while (true) {
    const std::size_t end = text.find(separator);
    visit(text.substr(0, end));
    if (end == std::string_view::npos) return;
    text.remove_prefix(end + 1);
  }
}

void parse_group(std::string_view group, std::vector<Decision>& decisions, std::string_view token) {
  const std::size_t x = group.find('x');
  if (x == std::string_view::npos) return parse_item(group, decisions, token);
  const auto times = number<std::uint32_t>(group.substr(0, x));
  if (!times || *times == 0) bad(token, "\"" + std::string{group} + "\" is no repetition");
  std::vector<Decision> once;
  split(group.substr(x + 1), '+', [&](std::string_view item) { parse_item(item, once, token); });
  if (once.size() * *times > most_decisions) bad(token, "too long");
  for (std::uint32_t i = 0; i != *times; ++i) decisions.insert(decisions.end(), once.begin(), once.end());
}

}  // namespace

std::string encode(const Token& token) {
  const std::vector<std::string> all = items(token.decisions);
  std::string text{version};
  text += escape(token.name) + ".";
  if (all.empty()) text += "0";
  for (std::size_t i = 0; i != all.size();) {
    constexpr std::size_t longest = 64;
    std::size_t period = 1;
    std::size_t count = 1;
    for (std::size_t candidate = 1; candidate <= longest && i + 2 * candidate <= all.size(); ++candidate) {
      const std::size_t times = repeats(all, i, candidate);
      if (times >= 3 && times * candidate > period * count) {
        period = candidate;
        count = times;
      }
    }
    if (i != 0) text += "-";
    if (count > 1) text += std::to_string(count) + "x";
    for (std::size_t j = 0; j != period; ++j) text += (j == 0 ? "" : "+") + all[i + j];
    i += period * count;
  }
  constexpr std::string_view digits = "0123456789abcdef";
  text += ".";
  for (unsigned shift = 32; shift != 0; shift -= 4) text += digits[(token.digest >> (shift - 4)) & 15U];
  return text;
}

std::string token_of(const Execution& execution, const std::string& name) {
  return encode({name, execution.decisions(), execution.digest()});
}

Token decode(std::string_view text) {
  if (text.substr(0, version.size()) != version) bad(text, "it does not begin with \"ls1.\"");
  std::string_view rest = text.substr(version.size());
  const std::size_t digest = rest.rfind('.');
  const std::size_t decisions =
      digest == std::string_view::npos || digest == 0 ? digest : rest.rfind('.', digest - 1);
  if (digest == std::string_view::npos || decisions == std::string_view::npos || digest == 0) {
    bad(text, "a part is missing; it has a name, decisions and a digest");
  }
  Token token{.name = unescape(rest.substr(0, decisions), text)};
  const std::string_view hex = rest.substr(digest + 1);
  const auto value = number<std::uint32_t>(hex, 16);
  if (!value || hex.size() != 8) bad(text, "its end is cut");
  token.digest = *value;
  split(rest.substr(decisions + 1, digest - decisions - 1), '-',
        [&](std::string_view group) { parse_group(group, token.decisions, text); });
  return token;
}

std::string test_of(std::string_view token) { return decode(token).name; }

}  // namespace lockstep::sim
