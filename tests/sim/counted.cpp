// Semaphores, latches and barriers.
#include <lockstep/sim/barrier.hpp>
#include <lockstep/sim/latch.hpp>
#include <lockstep/sim/semaphore.hpp>

#include "support.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <chrono>

BOOST_AUTO_TEST_SUITE(counted)

namespace {
using namespace lockstep::sim;
using namespace std::chrono_literals;
using test::concurrently;
}  // namespace

BOOST_AUTO_TEST_CASE(a_semaphore_lets_as_many_in_as_it_counts) {
  int most = 0;
  const Result result = explore([&] {
    counting_semaphore<2> places{2};
    atomic<int> inside{0};
    const auto enter = [&] {
      places.acquire();
      const int now = inside.fetch_add(1) + 1;
      most = std::max(most, now);
      check(now <= 2, "no more than two");
      inside.fetch_sub(1);
      places.release();
    };
    concurrently(enter, enter, enter);
  });
  BOOST_TEST(result.passed(), result.report());
  BOOST_TEST(result.complete);
  BOOST_TEST(most == 2);
}

BOOST_AUTO_TEST_CASE(a_binary_semaphore_signals_from_one_thread_to_another) {
  const Result result = explore([] {
    binary_semaphore signal{0};
    int data = 0;
    concurrently([&] { signal.acquire(), check(data == 1, "the data is there"); },
                 [&] { data = 1, signal.release(); });
  });
  BOOST_TEST(result.passed(), result.report());
}

BOOST_AUTO_TEST_CASE(a_semaphore_that_nobody_releases_is_a_deadlock) {
  BOOST_TEST(test::message([] {
               binary_semaphore signal{0};
               label(signal, "signal");
               signal.acquire();
             }) == "main waits for signal, and nobody is left to let it go on");
}

BOOST_AUTO_TEST_CASE(a_semaphore_is_tried_and_awaited_for_some_time) {
  const Result result = explore([] {
    counting_semaphore<> places{1};
    check(places.try_acquire() && !places.try_acquire(), "there was one");
    check(!places.try_acquire_for(3ms) && clock::now().time_since_epoch() == 3ms, "nobody releases it");
  });
  BOOST_TEST(result.passed(), result.report());
}

BOOST_AUTO_TEST_CASE(a_semaphore_above_its_maximum_is_found) {
  BOOST_TEST(test::found([] { binary_semaphore{1}.release(); }) == "check");
}

BOOST_AUTO_TEST_CASE(a_latch_opens_when_all_have_counted_down) {
  const Result result = explore([] {
    latch ready{2};
    atomic<int> done{0};
    const auto work = [&] { done.fetch_add(1), ready.count_down(); };
    concurrently(work, work,
                 [&] { ready.wait(), check(done.load() == 2 && ready.try_wait(), "both are done"); });
  });
  BOOST_TEST(result.passed(), result.report());
  BOOST_TEST(result.complete);
}

BOOST_AUTO_TEST_CASE(a_latch_that_is_counted_below_zero_is_found) {
  BOOST_TEST(test::found([] { latch{1}.count_down(2); }) == "check");
}

BOOST_AUTO_TEST_CASE(a_barrier_separates_phases) {
  int completions = 0;
  const Result result = explore([&] {
    completions = 0;
    barrier phases{2, [&] { ++completions; }};
    atomic<int> first{0};
    const auto work = [&] {
      for (int phase = 1; phase != 3; ++phase) {
        first.fetch_add(1);
        phases.arrive_and_wait();
        check(first.load() >= 2 * phase, "both have done the phase");
      }
    };
    concurrently(work, work);
    check(completions == 2, "each phase completes once");
  });
  BOOST_TEST(result.passed(), result.report());
  BOOST_TEST(result.complete);
}

BOOST_AUTO_TEST_CASE(who_drops_out_of_a_barrier_is_not_waited_for) {
  const Result result = explore([] {
    barrier phases{2};
    concurrently([&] { phases.arrive_and_drop(); },
                 [&] {
                   phases.wait(phases.arrive());
                   phases.arrive_and_wait();
                 });
  });
  BOOST_TEST(result.passed(), result.report());
}

BOOST_AUTO_TEST_CASE(who_drops_out_of_a_barrier_is_waited_for_until_then) {
  const Result result = explore([] {
    barrier phases{2};
    bool dropped = false;
    concurrently(
        [&] {
          static_cast<void>(phases.arrive());
          phases.arrive_and_drop();
          dropped = true;
        },
        [&] {
          phases.arrive_and_wait();
          phases.arrive_and_wait();
          check(dropped, "nobody completes two phases alone");
        });
  });
  BOOST_TEST(result.passed(), result.report());
  BOOST_TEST(result.complete);
}

BOOST_AUTO_TEST_CASE(a_barriers_token_is_good_for_its_phase_and_the_next) {
  const auto waits = [](int phases) {
    return test::found([=] {
      barrier alone{1};
      auto token = alone.arrive();
      for (int i = 1; i != phases; ++i) alone.arrive_and_wait();
      alone.wait(std::move(token));
    });
  };
  BOOST_TEST(waits(1) == "none");
  BOOST_TEST(waits(2) == "check");
}

BOOST_AUTO_TEST_CASE(a_latch_that_is_tried_may_fail_without_a_reason) {
  std::string seen;
  const Result result = explore(
      [&] {
        latch open{0};
        seen += open.try_wait() ? 'y' : 'n';
      },
      {.spurious = 1});
  BOOST_TEST(result.complete);
  BOOST_TEST(seen.find('n') != std::string::npos);
  BOOST_TEST(latch::max() > 1);
  BOOST_TEST(barrier<>::max() > 1);
}

BOOST_AUTO_TEST_CASE(outside_an_execution_they_count_and_refuse_to_block) {
  binary_semaphore signal{1};
  signal.acquire();
  BOOST_CHECK_THROW(signal.acquire(), std::logic_error);
  latch one{1};
  BOOST_CHECK_THROW(one.wait(), std::logic_error);
  one.count_down();
  one.wait();
  barrier alone{1};
  alone.arrive_and_wait();
}

BOOST_AUTO_TEST_SUITE_END()
