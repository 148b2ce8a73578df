// Replay tokens: an execution as a short text that survives a shell's command line.
//
//   ls1.lost_update/naive.1-t2-3-t1.5c7d0a91
//
// After the form's version and the test's name come its decisions: a number is so many default
// decisions (stay on the running thread), t2 goes to thread 2, o1 takes outcome 1, and 40x1+t2+1+t1
// repeats the group forty times. Defaults at the end are left out. The digest tells whether the steps
// are still the ones that the token was made from.
#pragma once

#include <lockstep/sim/explorer.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace lockstep::sim {

struct Token {
  std::string name;
  std::vector<Decision> decisions = {};
  std::uint32_t digest = 0;
};

[[nodiscard]] std::string encode(const Token& token);

/// The token of the last run of `execution`, which was recorded, of the test called `name`.
[[nodiscard]] std::string token_of(const Execution& execution, const std::string& name);

/// Throws BadToken.
[[nodiscard]] Token decode(std::string_view text);

}  // namespace lockstep::sim
