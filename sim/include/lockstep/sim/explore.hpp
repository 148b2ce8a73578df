// The entrance to the simulator: run a test body under every interleaving, or under
// many drawn ones, and report the first that fails.
#pragma once

#include <lockstep/sim/finding.hpp>
#include <lockstep/sim/memory_model.hpp>
#include <lockstep/sim/source_location.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

namespace lockstep::sim {

/// How interleavings are chosen.
enum class Strategy {
  exhaustive,  ///< each Mazurkiewicz trace once, by optimal partial-order reduction
  random,      ///< uniformly among the enabled threads at each step
  pct,         ///< probabilistic concurrency testing: priorities with `depth` - 1 change points
  pos,         ///< partial order sampling: priorities of steps, drawn anew where steps conflict
  surw,        ///< selectively uniform random walk: orders of steps on what is shared, each as likely
};

/// The strategy's name, as the command line spells it.
[[nodiscard]] std::string_view to_string(Strategy strategy);
/// The strategy of that name, if there is one.
[[nodiscard]] std::optional<Strategy> strategy(std::string_view name);

/// Where an exploration stands, for a progress line.
struct Progress {
  std::uint64_t executions = 0;         ///< ended so far, without those cut short as redundant
  std::uint64_t steps = 0;              ///< over all of them
  std::chrono::nanoseconds elapsed{0};  ///< since the exploration began
  std::uint64_t left =
      0;  ///< executions that are known to be left; exhaustive exploration finds more as it goes on
};

/// How far to explore, and in which way.
struct Options {
  Strategy strategy = Strategy::exhaustive;  ///< how interleavings are chosen
  MemoryModel model = MemoryModel::interleavings;  ///< what a load may read; a token is replayed with the same
  std::uint64_t seed = 1;  ///< all but exhaustive draw from it; the same seed finds the same
  unsigned depth = 3;      ///< pct: the number of ordering constraints of the bug to find
  std::optional<unsigned> preemptions = {};  ///< exhaustive: only what at most so many preemptions can reach
  std::uint64_t executions = 0;              ///< stop after so many; 0: no limit for exhaustive, else 10,000
  std::chrono::nanoseconds time{0};          ///< stop after so long; 0: no limit
  std::uint64_t steps = 10'000;              ///< the bound on one execution's steps
  unsigned jobs = 1;  ///< threads to explore with, the caller's included; 0: as many as there are processors.
                      ///< With more than one, several executions of the body run at the same time, so
                      ///< what it uses from outside must bear that
  unsigned spurious =
      0;  ///< how many wake-ups of condition variables, and failures of weak compare-exchanges and
          ///< of try_lock, may be spurious in one execution; a token is replayed with the same
  unsigned timeouts =
      0;  ///< how many waits with a time limit, and sleeps, may be over in one execution although
          ///< others could go on, which then are slow; a token is replayed with the same
  std::string name = "test";    ///< stands in the token, so that a token names its test
  std::string checkpoint = {};  ///< exhaustive, without a bound on preemptions: a file that tells how far the
                                ///< exploration is. It is written now and then, and if the exploration ends
                                ///< with more to do; if it is there, the exploration goes on from it; it is
                                ///< removed when nothing is left, or something is found
  std::chrono::nanoseconds checkpoint_every = std::chrono::seconds{10};  ///< how often it is written
  bool keep_going = false;  ///< do not stop at a finding: count all of them in `Result::found`
  std::function<void(const Progress&)> progress = {};  ///< called now and then, by one thread at a time; not
                                                       ///< from simulated threads
};

/// What an exploration did and found.
struct Result {
  std::optional<Finding> finding;              ///< the first
  std::map<FindingKind, std::uint64_t> found;  ///< how many executions ended in each kind
  bool complete =
      false;  ///< every interleaving was explored to its end (exhaustive, and no finding ended it)
  bool exhausted = false;    ///< likewise every one within the bound on preemptions
  bool fair_only = false;    ///< threads that wait in loops that yield let others go first, so executions
                             ///< in which such a loop gives up while others could run are left out
  bool timely_only = false;  ///< there were waits with a time limit, or sleeps, that ended only when nobody
                             ///< could go on: see Options::timeouts
  std::uint64_t executions = 0;         ///< those that ran to their end, be it a finding
  std::uint64_t blocked = 0;            ///< executions that turned out to be like others, and do not count
  std::uint64_t steps = 0;              ///< over all executions
  std::chrono::nanoseconds elapsed{0};  ///< of real time
  std::string
      note;  ///< what else to know: that a token was made from other steps, or that the exploration went on
             ///< from a checkpoint; then the numbers are those of all runs together, but for `elapsed`

  /// True if nothing was found.
  [[nodiscard]] bool passed() const noexcept { return !finding.has_value(); }

  /// True if nothing was found in any interleaving, unfair and untimely ones included. Spurious events are
  /// those that Options::spurious allows.
  [[nodiscard]] bool proven() const noexcept { return passed() && complete && !fair_only && !timely_only; }

  /// A few lines for a person: the verdict, and the timeline and token of a finding.
  [[nodiscard]] std::string report() const;
};

/// Runs `body` once per interleaving until one fails or the exploration ends.
///
/// `body` runs as the thread "main" on the calling thread, and again for every
/// execution, so everything it uses must be made inside it. The first execution is run twice more,
/// and once in the end unless it goes on from a checkpoint, to see that the test is deterministic, and a
/// finding again, to shorten it and to write it down. Not reentrant: throws std::logic_error inside an
/// execution. Throws BadCheckpoint, std::runtime_error if a checkpoint cannot be written,
/// std::invalid_argument if none can be made with these options, and what `options.progress` throws.
Result explore(const std::function<void()>& body, const Options& options = {});

/// A checkpoint that cannot be gone on from: it cannot be read, or belongs to another test or other options.
class BadCheckpoint : public std::invalid_argument {
 public:
  using std::invalid_argument::invalid_argument;
};

/// A replay token that cannot be read, or belongs to another test.
class BadToken : public std::invalid_argument {
 public:
  using std::invalid_argument::invalid_argument;
};

/// Runs `body` once, along the interleaving that `token` names. If the steps are no longer those that
/// the token was made from, the test has changed: `note` says so, and the rest tells what happens now.
/// Throws BadToken if the token is malformed or names another test than `options.name`.
Result replay(const std::function<void()>& body, std::string_view token, const Options& options = {});

/// Likewise, and then makes the interleaving shorter as `explore` does with what it finds: fewest switches,
/// then fewest steps. The finding has the token of the shorter one.
Result shrink(const std::function<void()>& body, std::string_view token, const Options& options = {});

/// The name of the test that `token` replays. Throws BadToken.
[[nodiscard]] std::string test_of(std::string_view token);

/// Fails the running execution, with `what` as the message, unless `holds`. From any simulated
/// thread. Outside an execution it throws std::logic_error if `holds` is false, or not: it is for tests
/// that run in the simulator. Throws Abandoned to unwind the thread.
void check(bool holds, std::string_view what, source_location where = source_location::current());

}  // namespace lockstep::sim
