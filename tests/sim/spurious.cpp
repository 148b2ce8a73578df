// What std allows to wake or to fail without a reason: off, and then each way, as often as is allowed.
#include "support.hpp"

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <mutex>
#include <set>
#include <shared_mutex>
#include <string>

BOOST_AUTO_TEST_SUITE(spurious)

namespace {

using namespace lockstep::sim;
using namespace std::chrono_literals;
using test::concurrently;
using test::found;

/// What `attempt` tells in all executions, each once.
template <class Attempt>
std::string seen(Attempt attempt, unsigned spurious) {
  std::set<char> outcomes;
  const Result result = explore([&] { outcomes.insert(attempt() ? 'y' : 'n'); }, {.spurious = spurious});
  BOOST_TEST(result.passed(), result.report());
  BOOST_TEST(result.complete);
  return {outcomes.begin(), outcomes.end()};
}

template <class Condition>
void wait_once(const Options& options, const std::string& expected) {
  BOOST_TEST(found(
                 [] {
                   mutex guard;
                   Condition changed;
                   bool ready = false;
                   concurrently(
                       [&] {
                         std::unique_lock lock{guard};
                         if (!ready) changed.wait(lock);
                         check(ready, "it is ready");
                       },
                       [&] {
                         const std::lock_guard lock{guard};
                         ready = true;
                         changed.notify_one();
                       });
                 },
                 options) == expected);
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_condition_variable_wakes_spuriously_if_that_is_allowed) {
  wait_once<condition_variable>({}, "none");
  wait_once<condition_variable>({.spurious = 1}, "check");
  wait_once<condition_variable>({.strategy = Strategy::random, .spurious = 1}, "check");
  wait_once<condition_variable_any>({}, "none");
  wait_once<condition_variable_any>({.spurious = 1}, "check");
}

BOOST_AUTO_TEST_CASE(a_wait_with_a_predicate_survives_spurious_wakeups) {
  const auto executions = [](unsigned spurious) {
    const Result result = explore(
        [] {
          mutex guard;
          condition_variable changed;
          var<bool> ready{false};
          concurrently(
              [&] {
                std::unique_lock lock{guard};
                changed.wait(lock, [&] { return ready.get(); });
                check(lock.owns_lock() && ready, "it is ready, and the lock is held");
              },
              [&] {
                const std::lock_guard lock{guard};
                ready = true;
                changed.notify_one();
              });
        },
        {.spurious = spurious});
    BOOST_TEST(result.passed(), result.report());
    BOOST_TEST(result.complete);
    return result.executions;
  };
  const auto none = executions(0);
  const auto one = executions(1);
  const auto two = executions(2);
  BOOST_TEST(none == 2U);
  BOOST_TEST(none < one);
  BOOST_TEST(one < two);
}

BOOST_AUTO_TEST_CASE(a_waiter_that_may_wake_spuriously_is_notified_all_the_same) {
  bool woken_late = false;
  const Result result = explore(
      [&] {
        mutex guard;
        condition_variable_any changed;
        int ready = 0;
        concurrently(
            [&] {
              std::unique_lock lock{guard};
              while (ready == 0) changed.wait(lock);
              woken_late = woken_late || ready == 2;
            },
            [&] {
              const std::lock_guard lock{guard};
              ready = 2;
              changed.notify_one();
            });
      },
      {.spurious = 1});
  BOOST_TEST(result.passed(), result.report());
  BOOST_TEST(result.complete);
  BOOST_TEST(woken_late);
}

BOOST_AUTO_TEST_CASE(a_timed_wait_that_wakes_spuriously_has_not_timed_out) {
  const auto times_out = [] {
    mutex guard;
    condition_variable changed;
    std::unique_lock lock{guard};
    return changed.wait_for(lock, 10ms) == cv_status::timeout;
  };
  BOOST_TEST(seen(times_out, 0) == "y");
  BOOST_TEST(seen(times_out, 1) == "ny");
}

BOOST_AUTO_TEST_CASE(a_weak_compare_exchange_fails_spuriously_and_a_strong_one_never) {
  const auto weak = [] {
    atomic<int> x{1};
    int expected = 1;
    const bool done = x.compare_exchange_weak(expected, 2);
    check(expected == 1 && x.load() == (done ? 2 : 1), "what fails changes nothing");
    return done;
  };
  const auto strong = [] {
    atomic<int> x{1};
    int expected = 1;
    return x.compare_exchange_strong(expected, 2);
  };
  BOOST_TEST(seen(weak, 0) == "y");
  BOOST_TEST(seen(weak, 1) == "ny");
  BOOST_TEST(seen(strong, 1) == "y");
}

BOOST_AUTO_TEST_CASE(a_weak_compare_exchange_without_a_loop_is_found) {
  const auto once = [] {
    atomic<int> x{0};
    int expected = 0;
    x.compare_exchange_weak(expected, 1);
    check(x.load() == 1, "nobody else is there");
  };
  BOOST_TEST(found(once) == "none");
  const Result result = explore(once, {.spurious = 1});
  BOOST_TEST(found(result) == "check");
  BOOST_TEST(result.finding->steps[0].outcome == "fails spuriously");
  BOOST_TEST(found(replay(once, result.finding->token, {.spurious = 1})) == "check");
}

BOOST_AUTO_TEST_CASE(a_loop_of_weak_compare_exchanges_ends_after_as_many_failures_as_are_allowed) {
  for (const unsigned allowed : {0U, 1U, 2U, 3U}) {
    const Result result = explore(
        [] {
          atomic<int> x{0};
          int expected = 0;
          while (!x.compare_exchange_weak(expected, expected + 1)) {
          }
          check(x.load() == 1, "it is counted");
        },
        {.spurious = allowed});
    BOOST_TEST(result.passed(), result.report());
    BOOST_TEST(result.executions == allowed + 1U);
  }
}

BOOST_AUTO_TEST_CASE(what_is_tried_fails_spuriously_and_what_waits_does_not) {
  const auto tries = [](auto object, auto attempt) {
    BOOST_TEST(seen([&] { return attempt(*object()); }, 0) == "y");
    return seen([&] { return attempt(*object()); }, 1);
  };
  const auto a_mutex = [] { return std::make_unique<mutex>(); };
  const auto a_timed_mutex = [] { return std::make_unique<timed_mutex>(); };
  const auto a_shared_mutex = [] { return std::make_unique<shared_mutex>(); };
  const auto a_semaphore = [] { return std::make_unique<binary_semaphore>(1); };
  const auto locked = [](auto& lock, bool taken) {
    if (taken) lock.unlock();
    return taken;
  };
  BOOST_TEST(tries(a_mutex, [&](mutex& lock) { return locked(lock, lock.try_lock()); }) == "ny");
  BOOST_TEST(tries(a_shared_mutex, [&](shared_mutex& lock) { return locked(lock, lock.try_lock()); }) ==
             "ny");
  BOOST_TEST(tries(a_shared_mutex, [&](shared_mutex& lock) {
               const bool taken = lock.try_lock_shared();
               if (taken) lock.unlock_shared();
               return taken;
             }) == "ny");
  BOOST_TEST(tries(a_semaphore, [](binary_semaphore& free) { return free.try_acquire(); }) == "ny");
  BOOST_TEST(tries(a_timed_mutex, [&](timed_mutex& lock) { return locked(lock, lock.try_lock_for(1ms)); }) ==
             "y");
}

BOOST_AUTO_TEST_CASE(std_lock_of_two_survives_a_try_that_fails) {
  const Result result = explore(
      [] {
        mutex a;
        mutex b;
        const std::scoped_lock both{a, b};
        check(!a.try_lock() && !b.try_lock(), "both are held");
      },
      {.spurious = 2});
  BOOST_TEST(result.passed(), result.report());
  BOOST_TEST(result.complete);
}

BOOST_AUTO_TEST_SUITE_END()
