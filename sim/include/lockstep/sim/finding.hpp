// What an exploration can find, and what it tells about it.
#pragma once

#include <compare>
#include <cstddef>
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
  leaked_lock,     ///< a thread ended while it held a lock, or a lock that was held was destroyed
  bad_unlock,      ///< a lock was released by a thread that did not hold it: twice, or for another one
  data_race,       ///< two accesses to a `sim::var`, one of them a write, that nothing orders
  nondeterminism,  ///< the same decisions led to other steps
  bound,           ///< the execution is longer than the bound on steps
};

/// The name of a kind, as the command line and the JSON spell it: "check", "lost_wakeup", ...
[[nodiscard]] std::string_view to_string(FindingKind kind);
/// The kind of that name, if there is one.
[[nodiscard]] std::optional<FindingKind> finding_kind(std::string_view name);

/// A line of the test's or the program's text.
struct SourceLine {
  std::string file = {};  ///< its name without directories, so that it is the same wherever it is built
  unsigned line = 0;      ///< from 1

  friend auto operator<=>(const SourceLine&, const SourceLine&) = default;
};

/// An object that a step touched.
struct Touched {
  std::string object = {};  ///< its name
  bool write = false;       ///< changed, not only looked at

  friend bool operator==(const Touched&, const Touched&) = default;
};

/// One visible operation of a thread, as the timeline shows it.
struct Step {
  unsigned thread = 0;                    ///< the thread's ordinal; 0 is the body of the test
  std::string operation = {};             ///< "load", "lock", "commit", ...
  std::string object = {};                ///< its name: "balance", "mutex#1", "accounts[1]"
  std::string outcome = {};               ///< what it saw or did: "-> 100", "stale", "blocks"; may be empty
  bool switched = false;                  ///< the thread differs from the previous step's
  std::vector<Touched> touched = {};      ///< what it read and wrote
  std::optional<SourceLine> source = {};  ///< the call; none where C++ or a library in between hides it
  bool weak = false;  ///< of an atomic, under a model of memory: it is ordered by memory orders alone
  std::optional<std::size_t> from = {};    ///< if so, the step, from 0, whose store it has read; none if that
                                           ///< is what the atomic held at first
  std::optional<std::size_t> missed = {};  ///< if so, a step before it whose store is newer than what it has
                                           ///< read or stored

  friend bool operator==(const Step&, const Step&) = default;
};

/// One failure and the interleaving that leads to it.
struct Finding {
  FindingKind kind = FindingKind::check;  ///< what went wrong
  std::string message = {};               ///< what failed; a deadlock names its cycle
  std::optional<SourceLine> source = {};  ///< the check that failed
  std::vector<std::string> threads = {};  ///< names by ordinal
  std::vector<Step> steps = {};           ///< the interleaving, up to the failure
  std::string token = {};                 ///< replays it: see `sim::replay`
  std::string culprit = {};   ///< of a failed check: which write came between another thread's read and its
                              ///< write; empty if there is none, or orders are to blame
  std::string too_weak = {};  ///< under a model of memory: with which stronger orders, none of which can be
                              ///< left out or weaker, nothing is found; empty if something is with seq_cst as
                              ///< well, or if the test is too large to explore it so often
  bool orders_help = true;    ///< false if something is found with seq_cst everywhere, too
};

/// The timeline of a finding: a column per thread, a row per step, switches marked, and the lines of the
/// calls where any is known.
/// The same finding gives the same text, byte by byte.
[[nodiscard]] std::string timeline(const Finding& finding);

/// The finding in words: what happened, who came between whom, what each thread was doing, and what usually
/// mends it. The same finding gives the same text, byte by byte.
[[nodiscard]] std::string explain(const Finding& finding);

/// The finding as one page of HTML that needs no network: threads side by side, a step at a time by the
/// keyboard, with what every object holds and who has locked it, and which steps happen before which. `title`
/// stands above. The same finding gives the same text, byte by byte.
[[nodiscard]] std::string html(const Finding& finding, std::string_view title);

}  // namespace lockstep::sim
