#include <lockstep/sim/condition_variable.hpp>

#include "support.hpp"

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <mutex>

BOOST_AUTO_TEST_SUITE(condition_variables)

namespace {
using namespace lockstep::sim;
using namespace std::chrono_literals;
using test::concurrently;
}  // namespace

BOOST_AUTO_TEST_CASE(a_queue_hands_over_everything) {
  const Result result = explore([] {
    mutex guard;
    condition_variable filled;
    int items = 0;
    int taken = 0;
    const auto take = [&] {
      std::unique_lock lock{guard};
      filled.wait(lock, [&] { return items > 0; });
      --items;
      ++taken;
    };
    concurrently(take, take, [&] {
      for (int i = 0; i != 2; ++i) {
        const std::lock_guard lock{guard};
        ++items;
        filled.notify_one();
      }
    });
    check(items == 0 && taken == 2, "all are taken");
  });
  BOOST_TEST(result.passed(), result.report());
  BOOST_TEST(result.complete);
}

BOOST_AUTO_TEST_CASE(the_mutex_is_free_while_waiting_and_held_afterwards) {
  const Result result = explore([] {
    mutex guard;
    condition_variable condition;
    bool ready = false;
    concurrently(
        [&] {
          std::unique_lock lock{guard};
          condition.wait(lock, [&] { return ready; });
          check(!guard.try_lock(), "held again");
        },
        [&] {
          const std::lock_guard lock{guard};
          ready = true;
          condition.notify_all();
        });
  });
  BOOST_TEST(result.passed(), result.report());
}

BOOST_AUTO_TEST_CASE(notify_all_wakes_all) {
  const Result result = explore([] {
    mutex guard;
    condition_variable condition;
    bool ready = false;
    const auto wait = [&] {
      std::unique_lock lock{guard};
      condition.wait(lock, [&] { return ready; });
    };
    concurrently(wait, wait, wait, [&] {
      const std::lock_guard lock{guard};
      ready = true;
      condition.notify_all();
    });
  });
  BOOST_TEST(result.passed(), result.report());
  BOOST_TEST(result.complete);
}

BOOST_AUTO_TEST_CASE(a_timed_wait_gives_up_when_nobody_can_run) {
  const Result result = explore([] {
    mutex guard;
    condition_variable condition;
    std::unique_lock lock{guard};
    check(condition.wait_for(lock, 10ms) == cv_status::timeout, "nobody notifies");
    check(lock.owns_lock() && !guard.try_lock(), "the mutex is held");
    check(!condition.wait_until(lock, clock::now() + 5ms, [] { return false; }), "nothing changes");
    check(clock::now().time_since_epoch() == 15ms, "that took 15 ms");
  });
  BOOST_TEST(result.passed(), result.report());
}

BOOST_AUTO_TEST_CASE(a_timed_wait_is_notified_in_time) {
  const Result result = explore([] {
    mutex guard;
    condition_variable condition;
    bool ready = false;
    concurrently(
        [&] {
          std::unique_lock lock{guard};
          check(condition.wait_for(lock, 10ms, [&] { return ready; }), "it is ready");
          check(clock::now().time_since_epoch() == 0ms, "no time has passed");
        },
        [&] {
          const std::lock_guard lock{guard};
          ready = true;
          condition.notify_one();
        });
  });
  BOOST_TEST(result.passed(), result.report());
  BOOST_TEST(result.complete);
}

BOOST_AUTO_TEST_CASE(a_timeout_and_a_notification_at_the_same_time_go_either_way) {
  bool timed_out = false;
  bool notified = false;
  const Result result = explore([&] {
    mutex guard;
    condition_variable condition;
    concurrently(
        [&] {
          std::unique_lock lock{guard};
          (condition.wait_for(lock, 10ms) == cv_status::timeout ? timed_out : notified) = true;
        },
        [&] {
          this_thread::sleep_for(10ms);
          const std::lock_guard lock{guard};
          condition.notify_one();
        });
  });
  BOOST_TEST(result.passed(), result.report());
  BOOST_TEST((timed_out && notified));
}

BOOST_AUTO_TEST_CASE(waiting_without_the_mutex_is_found) {
  BOOST_TEST(test::found([] {
               mutex guard;
               condition_variable condition;
               std::unique_lock lock{guard, std::defer_lock};
               condition.wait(lock);
             }) == "check");
}

BOOST_AUTO_TEST_CASE(a_wait_outside_an_execution_is_refused) {
  mutex guard;
  condition_variable condition;
  std::unique_lock lock{guard};
  BOOST_CHECK_THROW(condition.wait(lock), std::logic_error);
}

BOOST_AUTO_TEST_SUITE_END()
