#include <lockstep/sim/mutex.hpp>

#include "support.hpp"

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <mutex>

BOOST_AUTO_TEST_SUITE(mutexes)

namespace {
using namespace lockstep::sim;
using namespace std::chrono_literals;
using test::concurrently;
}  // namespace

BOOST_AUTO_TEST_CASE(a_mutex_keeps_critical_sections_apart) {
  const Result result = explore([] {
    mutex guard;
    atomic<int> inside{0};
    const auto work = [&] {
      const std::lock_guard lock{guard};
      check(inside.fetch_add(1) == 0, "one at a time");
      inside.fetch_sub(1);
    };
    concurrently(work, work);
  });
  BOOST_TEST(result.passed(), result.report());
  BOOST_TEST(result.executions == 2U);
}

BOOST_AUTO_TEST_CASE(std_scoped_lock_of_two_does_not_deadlock) {
  const Result result = explore(
      [] {
        mutex a;
        mutex b;
        concurrently([&] { const std::scoped_lock lock{a, b}; }, [&] { const std::scoped_lock lock{b, a}; });
      },
      {.strategy = Strategy::random, .executions = 500});
  BOOST_TEST(result.passed(), result.report());
}

BOOST_AUTO_TEST_CASE(try_lock_tells_whether_it_was_free) {
  std::string seen;
  const Result result = explore([&] {
    mutex guard;
    concurrently([&] { const std::lock_guard lock{guard}; },
                 [&] {
                   const bool taken = guard.try_lock();
                   seen += taken ? 'y' : 'n';
                   if (taken) guard.unlock();
                 });
  });
  BOOST_TEST(result.passed(), result.report());
  BOOST_TEST(seen.find('y') != std::string::npos);
  BOOST_TEST(seen.find('n') != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_timed_lock_gives_up_when_nobody_can_run) {
  const Result result = explore([] {
    timed_mutex guard;
    guard.lock();
    concurrently([&] {
      const auto before = clock::now();
      check(!guard.try_lock_for(10ms), "it is held");
      check(clock::now() - before == 10ms, "that took 10 ms");
    });
    guard.unlock();
    check(guard.try_lock_until(clock::now() + 1ms), "now it is free");
    guard.unlock();
  });
  BOOST_TEST(result.passed(), result.report());
}

BOOST_AUTO_TEST_CASE(a_recursive_mutex_counts) {
  const Result result = explore([] {
    recursive_mutex guard;
    atomic<int> inside{0};
    const auto work = [&] {
      const std::lock_guard outer{guard};
      check(inside.fetch_add(1) == 0, "one at a time");
      const std::lock_guard inner{guard};
      check(guard.try_lock(), "once more");
      guard.unlock();
      inside.fetch_sub(1);
    };
    concurrently(work, work);
  });
  BOOST_TEST(result.passed(), result.report());
  BOOST_TEST(result.complete);
}

BOOST_AUTO_TEST_CASE(outside_an_execution_a_mutex_locks_and_refuses_to_block) {
  mutex guard;
  guard.lock();
  BOOST_TEST(!guard.try_lock());
  BOOST_CHECK_THROW(guard.lock(), std::logic_error);
  guard.unlock();
  BOOST_TEST(guard.try_lock());
  guard.unlock();
  recursive_mutex again;
  const std::lock_guard outer{again};
  const std::lock_guard inner{again};
}

BOOST_AUTO_TEST_SUITE_END()
