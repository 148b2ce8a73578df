// What an exploration can find, and what it tells about it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lockstep::sim {

/// The kinds of failure that an execution can end in.
enum class FindingKind {
  check,           ///< `sim::check` was false
  exception,       ///< an exception left the test or one of its threads
  deadlock,        ///< unfinished threads wait for each other in a cycle, or for what nobody left can give
  lost_wakeup,     ///< a thread waits for a notification that was sent before it waited
  livelock,        ///< every thread keeps running and none gets anywhere
  data_race,       ///< two accesses to a `sim::var`, one of them a write, that nothing orders
  nondeterminism,  ///< the same decisions led to other steps
  bound,           ///< the execution is longer than the bound on steps
};

/// The name of a kind, as the command line and the JSON spell it: "check", "lost_wakeup", ...
[[nodiscard]] std::string_view to_string(FindingKind kind);
/// The kind of that name, if there is one.
[[nodiscard]] std::optional<FindingKind> finding_kind(std::string_view name);

/// A line of code.
struct SourceLine {
  std::string file = {};   ///< as the compiler was told it
  std::uint32_t line = 0;  ///< from 1; 0: not known

  friend bool operator==(const SourceLine&, const SourceLine&) = default;
};

/// One visible operation of a thread, as the timeline shows it.
struct Step {
  unsigned thread = 0;         ///< the thread's ordinal; 0 is the body of the test
  std::string operation = {};  ///< "load", "lock", "commit", ...
  std::string object = {};     ///< its name: "balance", "mutex#1", "accounts[1]"
  std::string outcome = {};    ///< what it saw or did: "-> 100", "stale", "blocks"; may be empty
  bool switched = false;       ///< the thread differs from the previous step's
  SourceLine source = {};      ///< where it stands in the code, if that is known

  friend bool operator==(const Step&, const Step&) = default;
};

/// One failure and the interleaving that leads to it.
struct Finding {
  FindingKind kind = FindingKind::check;  ///< what went wrong
  std::string message = {};               ///< what failed; a deadlock names its cycle
  std::vector<std::string> threads = {};  ///< names by ordinal
  std::vector<Step> steps = {};           ///< the interleaving, up to the failure
  std::string token = {};                 ///< replays it: see `sim::replay`
};

/// The timeline of a finding: a column per thread, a row per step, switches marked.
/// The same finding gives the same text, byte by byte.
[[nodiscard]] std::string timeline(const Finding& finding);

}  // namespace lockstep::sim
