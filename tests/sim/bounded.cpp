// How many traces have an interleaving with at most so many preemptions: numbers from brute force.
#include "planted.hpp"

#include <boost/test/unit_test.hpp>

#include <initializer_list>

BOOST_AUTO_TEST_SUITE(bounded)

namespace {

using namespace lockstep::sim;
using test::concurrently;

struct Locations {
  atomic<int> x{0};
  atomic<int> y{0};
  atomic<int> z{0};
};

void load(const atomic<int>& value) { static_cast<void>(value.load()); }

/// Holds with as many preemptions as there are numbers, less one, and with more of them.
void reaches(std::initializer_list<unsigned> expected, const std::function<void(Locations&)>& program) {
  const auto body = [&] {
    Locations locations;
    program(locations);
  };
  unsigned preemptions = 0;
  for (const unsigned traces : expected) {
    const Result result = explore(body, {.preemptions = preemptions});
    const Result together = explore(body, {.preemptions = preemptions++, .jobs = 4});
    BOOST_TEST(together.executions == result.executions);
    BOOST_TEST(together.exhausted);
    BOOST_TEST(result.executions == traces);
    BOOST_TEST(result.exhausted);
    BOOST_TEST(!result.complete);
  }
  BOOST_TEST(explore(body, {.preemptions = 100}).executions == *(expected.end() - 1));
  BOOST_TEST(explore(body).executions == *(expected.end() - 1));
}

}  // namespace

BOOST_AUTO_TEST_CASE(two_threads_of_two_steps_have_2_and_3) {
  reaches({2, 3}, [](Locations& l) {  // store buffering
    concurrently([&] { l.x.store(1), load(l.y); }, [&] { l.y.store(1), load(l.x); });
  });
  reaches({2, 3}, [](Locations& l) {  // message passing
    concurrently([&] { l.x.store(1), l.y.store(1); }, [&] { load(l.y), load(l.x); });
  });
  reaches({2, 3}, [](Locations& l) {  // load buffering
    concurrently([&] { load(l.x), l.y.store(1); }, [&] { load(l.y), l.x.store(1); });
  });
  reaches({2, 3}, [](Locations& l) {  // 2+2W
    concurrently([&] { l.x.store(1), l.y.store(2); }, [&] { l.y.store(1), l.x.store(2); });
  });
  reaches({2, 3}, [](Locations& l) {  // S
    concurrently([&] { l.x.store(2), l.y.store(1); }, [&] { load(l.y), l.x.store(1); });
  });
}

BOOST_AUTO_TEST_CASE(coherence_of_reads_has_2_4_and_6_and_18_and_36_with_more_threads) {
  reaches({2, 4, 6}, [](Locations& l) {
    concurrently([&] { l.x.store(1), l.x.store(2); }, [&] { load(l.x), load(l.x); });
  });
  reaches({18, 36}, [](Locations& l) {
    concurrently([&] { l.x.store(1); }, [&] { l.x.store(2); }, [&] { load(l.x), load(l.x); },
                 [&] { load(l.x); });
  });
}

BOOST_AUTO_TEST_CASE(around_three_threads_there_are_6_and_7) {
  reaches({6, 7}, [](Locations& l) {  // load buffering
    concurrently([&] { load(l.x), l.y.store(1); }, [&] { load(l.y), l.z.store(1); },
                 [&] { load(l.z), l.x.store(1); });
  });
  reaches({6, 7}, [](Locations& l) {  // write and read to write causality
    concurrently([&] { l.x.store(1), l.z.store(1); }, [&] { load(l.z), load(l.y); },
                 [&] { l.y.store(1), load(l.x); });
  });
}

BOOST_AUTO_TEST_CASE(a_release_sequence_has_6_15_and_16) {
  reaches({6, 15, 16}, [](Locations& l) {
    concurrently([&] { l.x.store(1), l.y.store(1), l.y.store(2); }, [&] { l.y.exchange(3); },
                 [&] { load(l.y), load(l.x); });
  });
}

BOOST_AUTO_TEST_CASE(a_lost_update_needs_one_preemption) {
  const Result without = explore(test::lost_update, {.preemptions = 0});
  BOOST_TEST(without.passed());
  BOOST_TEST(without.exhausted);
  BOOST_TEST(!without.complete);
  BOOST_TEST(!explore(test::lost_update, {.preemptions = 1}).passed());
}

BOOST_AUTO_TEST_CASE(a_thread_that_has_to_wait_is_not_preempted) {
  const Result none = explore(test::opposite_locks, {.preemptions = 0, .keep_going = true});
  BOOST_TEST(none.executions == 2U);
  BOOST_TEST(none.found.empty());
  const Result one = explore(test::opposite_locks, {.preemptions = 1, .keep_going = true});
  BOOST_TEST(one.executions == 3U);
  BOOST_TEST(one.found.at(FindingKind::deadlock) == 1U);
}

BOOST_AUTO_TEST_SUITE_END()
