// Optimal exploration against the simplest methods that are right, on random programs of all primitives: the
// same traces, each once. What is right for programs in which a check fails, sleep sets do not tell: a
// failure ends the execution for all, so it conflicts with everything; there every interleaving is run.
#include "bounded.hpp"
#include "every_interleaving.hpp"
#include "exhaustive.hpp"
#include "random_program.hpp"
#include "sleep_sets.hpp"
#include "split_at_random.hpp"

#include <boost/test/unit_test.hpp>

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <string>
#include <type_traits>

BOOST_AUTO_TEST_SUITE(random_programs)

namespace {

using namespace lockstep::sim;
using namespace lockstep::sim::test;
using lockstep::sim::test::atomics;  // not the test suite of that name

/// How large the programs are, and how many of them there are.
struct Size {
  unsigned threads;
  unsigned length;
  unsigned programs;
  unsigned first = 0;     ///< the number of the first program
  unsigned spurious = 0;  ///< events in an execution at most
  unsigned timeouts = 0;  ///< early ones, likewise
};

template <class Tested>
std::unique_ptr<Tested> tested() {
  if constexpr (std::is_same_v<Tested, Bounded>) {
    return std::make_unique<Bounded>(1'000);
  } else {
    return std::make_unique<Tested>();
  }
}

/// Executions that had to be given up.
struct Blocked {
  std::uint64_t optimal = 0;
  std::uint64_t oracle = 0;
};

/// One explorer that is split now and then, against one that is not.
template <class Tested>
Blocked compare_split(unsigned kinds, const Size& size, const std::string& file = {}) {
  constexpr std::uint64_t most = 1'000;
  Blocked blocked;
  std::uint64_t splits = 0;
  for (unsigned number = size.first; number != size.first + size.programs; ++number) {
    const Program program = random_program(number, kinds, size.threads, size.length);
    const auto whole = tested<Tested>();
    const Exploration expected = traces(program, *whole, most, size.spurious, size.timeouts);
    if (!expected.ended) continue;
    SplitAtRandom<Tested> parts{tested<Tested>(), number, file};
    const Exploration found = traces(program, parts, 1'000 * most, size.spurious, size.timeouts);
    BOOST_TEST(parts.complete());
    BOOST_TEST((found.traces == expected.traces), "program " << number << ", " << to_string(program) << ": "
                                                             << found.traces.size() << " traces instead of "
                                                             << expected.traces.size());
    blocked.optimal += found.blocked;
    blocked.oracle += expected.blocked;
    splits += parts.splits();
  }
  BOOST_TEST(splits > size.programs / 2);
  return blocked;
}

template <class Oracle, class Tested = Exhaustive>
Blocked compare(unsigned kinds, const Size& size) {
  constexpr std::uint64_t most = 2'000;
  Blocked blocked;
  std::uint64_t compared = 0;
  for (unsigned number = size.first; number != size.first + size.programs; ++number) {
    const Program program = random_program(number, kinds, size.threads, size.length);
    Oracle oracle;
    Exploration expected = traces(program, oracle, most, size.spurious, size.timeouts);
    if (!expected.ended) continue;
    const std::set<std::string> each_once(expected.traces.begin(), expected.traces.end());
    const auto optimal = tested<Tested>();
    const Exploration found = traces(program, *optimal, 10 * most, size.spurious, size.timeouts);
    BOOST_TEST(found.ended);
    BOOST_TEST(optimal->complete());
    BOOST_TEST(std::ranges::equal(found.traces, each_once),
               "program " << number << ", " << to_string(program) << ": " << found.traces.size()
                          << " traces instead of " << each_once.size());
    blocked.optimal += found.blocked;
    blocked.oracle += expected.blocked;
    ++compared;
  }
  BOOST_TEST(compared * 2 > size.programs);
  return blocked;
}

}  // namespace

BOOST_AUTO_TEST_CASE(of_atomics_have_each_trace_once_and_nothing_else) {
  BOOST_TEST(compare<SleepSets>(atomics, {3, 6, 500}).optimal == 0U);
  BOOST_TEST(compare<SleepSets>(atomics, {4, 6, 300}).optimal == 0U);
}

BOOST_AUTO_TEST_CASE(of_locks_have_each_trace_once) {
  const Blocked blocked = compare<SleepSets>(atomics | locks, {4, 6, 500});
  BOOST_TEST(blocked.optimal * 10 < blocked.oracle);
}

BOOST_AUTO_TEST_CASE(of_what_waits_have_each_trace_once) {
  BOOST_TEST(compare<SleepSets>(waits, {3, 5, 400}).optimal == 0U);
  const Blocked blocked = compare<SleepSets>(atomics | locks | waits, {5, 7, 200, 300});
  BOOST_TEST(blocked.optimal * 10 < blocked.oracle);
}

BOOST_AUTO_TEST_CASE(of_atomics_that_are_waited_for_have_each_trace_once) {
  const Blocked blocked = compare<SleepSets>(parking, {4, 5, 1'600});
  BOOST_TEST(blocked.optimal * 10 < blocked.oracle);
}

BOOST_AUTO_TEST_CASE(of_time_limits_have_each_trace_once) {
  const Blocked blocked = compare<SleepSets>(timed, {3, 5, 200});
  BOOST_TEST(blocked.optimal < blocked.oracle);
}

BOOST_AUTO_TEST_CASE(of_stop_requests_have_each_trace_once) {
  const Blocked blocked = compare<SleepSets>(stops | waits, {3, 5, 200});
  BOOST_TEST(blocked.optimal < blocked.oracle);
}

BOOST_AUTO_TEST_CASE(with_spurious_events_have_each_trace_once) {
  constexpr unsigned kinds = atomics | locks | waits | stops | timed;
  static_cast<void>(compare<SleepSets>(waits, {.threads = 3, .length = 5, .programs = 220, .spurious = 1}));
  static_cast<void>(compare<SleepSets>(kinds, {.threads = 3, .length = 4, .programs = 300, .spurious = 2}));
  static_cast<void>(
      compare<EveryInterleaving>(kinds, {.threads = 3, .length = 3, .programs = 100, .spurious = 1}));
}

BOOST_AUTO_TEST_CASE(with_early_timeouts_have_each_trace_once) {
  constexpr unsigned kinds = atomics | locks | waits | stops | timed;
  static_cast<void>(compare<SleepSets>(timed, {.threads = 3, .length = 4, .programs = 150, .timeouts = 1}));
  static_cast<void>(
      compare<SleepSets>(timed | waits, {.threads = 3, .length = 5, .programs = 100, .timeouts = 1}));
  static_cast<void>(
      compare<SleepSets>(kinds, {.threads = 3, .length = 4, .programs = 200, .spurious = 1, .timeouts = 2}));
  static_cast<void>(
      compare<EveryInterleaving>(timed, {.threads = 3, .length = 3, .programs = 100, .timeouts = 1}));
}

BOOST_AUTO_TEST_CASE(of_steps_have_each_trace_once) {
  const Blocked blocked = compare<SleepSets>(steps | atomics, {3, 5, 300});
  BOOST_TEST(blocked.optimal * 10 < blocked.oracle);
}

BOOST_AUTO_TEST_CASE(of_everything_have_each_trace_once) {
  const Blocked blocked = compare<SleepSets>(atomics | locks | waits | parking | timed | steps, {4, 6, 500});
  BOOST_TEST(blocked.optimal * 10 < blocked.oracle);
}

BOOST_AUTO_TEST_CASE(have_each_trace_once_under_a_bound_that_nothing_exceeds) {
  static_cast<void>(
      compare<SleepSets, Bounded>(atomics | locks | waits | parking | timed | steps, {3, 5, 200}));
  static_cast<void>(compare<EveryInterleaving, Bounded>(failing | atomics, {3, 4, 100}));
}

BOOST_AUTO_TEST_CASE(that_fail_fail_in_every_way_once) {
  static_cast<void>(compare<EveryInterleaving>(failing | atomics, {3, 4, 300}));
  static_cast<void>(compare<EveryInterleaving>(failing | atomics | locks | waits | timed, {3, 4, 300}));
}

BOOST_AUTO_TEST_CASE(have_each_trace_once_if_explorers_hand_over_parts) {
  BOOST_TEST(compare_split<Exhaustive>(atomics, {4, 6, 200}).optimal == 0U);
  static_cast<void>(
      compare_split<Exhaustive>(atomics | locks | waits | parking | timed | steps, {4, 6, 200}));
  static_cast<void>(compare_split<Exhaustive>(failing | atomics, {3, 5, 100}));
  static_cast<void>(
      compare_split<Exhaustive>(waits | stops, {.threads = 3, .length = 5, .programs = 50, .spurious = 1}));
  static_cast<void>(compare_split<Bounded>(atomics | locks | waits, {3, 5, 100}));
}

BOOST_AUTO_TEST_CASE(have_each_trace_once_if_explorers_are_saved_and_others_go_on) {
  const std::string file =
      (std::filesystem::temp_directory_path() / ("lockstep-explorers-" + std::to_string(getpid()))).string();
  BOOST_TEST(compare_split<Exhaustive>(atomics, {4, 6, 100}, file).optimal == 0U);
  static_cast<void>(
      compare_split<Exhaustive>(atomics | locks | waits | parking | timed | steps, {4, 6, 30}, file));
  static_cast<void>(compare_split<Exhaustive>(locks, {4, 6, 60}, file));
  static_cast<void>(compare_split<Exhaustive>(
      waits | stops, {.threads = 3, .length = 4, .programs = 15, .spurious = 1}, file));
  std::filesystem::remove(file);
}

BOOST_AUTO_TEST_SUITE_END()
