#include <lockstep/sim/runtime.hpp>

#include "support.hpp"

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <set>
#include <stop_token>

BOOST_AUTO_TEST_SUITE(simulated_runtime)

namespace {

using namespace lockstep::sim;
using namespace std::chrono_literals;

/// Production code that takes its runtime as a parameter.
template <lockstep::Runtime R>
class Counter {
 public:
  void add(int amount) {
    const std::lock_guard lock{mutex_};
    const int before = value_.load();
    R::yield();
    value_.store(before + amount);
  }
  [[nodiscard]] int value() const { return value_.load(); }

 private:
  typename R::mutex mutex_;
  typename R::template atomic<int> value_{0};
};

}  // namespace

BOOST_AUTO_TEST_CASE(code_over_a_runtime_runs_unchanged) {
  const Result result = explore([] {
    Counter<Runtime> counter;
    test::concurrently([&] { counter.add(1); }, [&] { counter.add(2); });
    check(counter.value() == 3, "both are counted");
  });
  BOOST_TEST(result.passed(), result.report());
  BOOST_TEST(result.complete);
}

BOOST_AUTO_TEST_CASE(random_numbers_differ_by_thread_and_repeat_by_execution) {
  std::set<std::uint64_t> numbers;
  const Result result = explore([&] {
    atomic<int> x{0};
    const auto draw = [&] { numbers.insert({Runtime::random(), Runtime::random()}), x.fetch_add(1); };
    test::concurrently(draw, draw);
  });
  BOOST_TEST(result.executions == 2U);
  BOOST_TEST(numbers.size() == 4U);
}

BOOST_AUTO_TEST_CASE(the_time_of_day_is_virtual_and_begins_anew_in_every_execution) {
  const Result result = explore([] {
    atomic<int> x{0};
    const auto midnight = std::chrono::sys_days{std::chrono::January / 1 / 2000};
    check(Runtime::system_clock::now() == midnight, "it begins at midnight");
    Runtime::sleep_for(36h);
    check(Runtime::system_clock::now() == midnight + 36h, "it goes as fast as the other clock");
    test::concurrently([&] { x = 1; }, [&] { x = 2; });
  });
  BOOST_TEST(result.passed(), result.report());
  BOOST_TEST(result.executions == 2U);
}

BOOST_AUTO_TEST_CASE(sleeping_ends_early_when_it_is_asked_to_stop) {
  const Result result = explore([] {
    std::stop_source source;
    test::concurrently([&] { Runtime::sleep_for(1h, source.get_token()); },
                       [&] { Runtime::sleep_for(1s), source.request_stop(); });
    check(Runtime::clock::now().time_since_epoch() == 1s, "it did not take an hour");
  });
  BOOST_TEST(result.passed(), result.report());
}

BOOST_AUTO_TEST_SUITE_END()
