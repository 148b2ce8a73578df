#include <lockstep/runtime/std_runtime.hpp>

#include <boost/test/unit_test.hpp>

#include <array>
#include <atomic>
#include <chrono>
#include <concepts>
#include <set>
#include <stop_token>
#include <thread>

#if __has_include(<unistd.h>) && __has_include(<sys/wait.h>)
#include <sys/wait.h>
#include <unistd.h>
#endif

using lockstep::StdRuntime;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(std_runtime)

BOOST_AUTO_TEST_CASE(its_parts_are_those_of_std) {
  static_assert(std::same_as<StdRuntime::atomic<int>, std::atomic<int>>);
  static_assert(std::same_as<StdRuntime::mutex, std::mutex>);
  static_assert(std::same_as<StdRuntime::condition_variable, std::condition_variable>);
  static_assert(std::same_as<StdRuntime::thread, std::thread>);
  static_assert(std::same_as<StdRuntime::clock, std::chrono::steady_clock>);
  StdRuntime::fence(std::memory_order::seq_cst);
  StdRuntime::yield();
}

BOOST_AUTO_TEST_CASE(a_sleep_lasts_at_least_as_long_as_it_was_asked_to) {
  const auto began = StdRuntime::clock::now();
  StdRuntime::sleep_for(1ms);
  BOOST_TEST((StdRuntime::clock::now() - began >= 1ms));
  std::stop_source source;
  const auto again = StdRuntime::clock::now();
  StdRuntime::sleep_for(1ms, source.get_token());
  BOOST_TEST((StdRuntime::clock::now() - again >= 1ms));
}

BOOST_AUTO_TEST_CASE(a_sleep_ends_when_a_stop_is_requested) {
  std::stop_source source;
  std::jthread sleeper{[&] { StdRuntime::sleep_for(std::chrono::hours{1}, source.get_token()); }};
  source.request_stop();
  sleeper.join();  // else the test's time limit ends it
  StdRuntime::sleep_for(std::chrono::hours{1}, source.get_token());
}

BOOST_AUTO_TEST_CASE(random_numbers_differ_within_and_between_threads) {
  std::set<std::uint64_t> seen;
  const auto draw = [&] {
    for (int i = 0; i < 100; ++i) seen.insert(StdRuntime::random());
  };
  draw();
  std::jthread{draw}.join();
  BOOST_TEST(seen.size() == 200U);  // two of 200 alike: one in 10^15
}

#if __has_include(<unistd.h>) && __has_include(<sys/wait.h>)
BOOST_AUTO_TEST_CASE(random_numbers_differ_between_processes_that_were_forked) {
  static_cast<void>(StdRuntime::random());  // has a state to inherit
  std::set<std::uint64_t> seen;
  for (int i = 0; i != 2; ++i) {
    std::array<int, 2> ends{};
    BOOST_REQUIRE(pipe(ends.data()) == 0);
    const pid_t child = fork();
    BOOST_REQUIRE(child >= 0);
    if (child == 0) {
      const std::uint64_t drawn = StdRuntime::random();
      _exit(write(ends[1], &drawn, sizeof drawn) == sizeof drawn ? 0 : 1);
    }
    close(ends[1]);
    std::uint64_t drawn = 0;
    BOOST_TEST(read(ends[0], &drawn, sizeof drawn) == static_cast<ssize_t>(sizeof drawn));
    close(ends[0]);
    BOOST_TEST(waitpid(child, nullptr, 0) == child);
    seen.insert(drawn);
  }
  BOOST_TEST(seen.size() == 2U);
}
#endif

BOOST_AUTO_TEST_SUITE_END()
