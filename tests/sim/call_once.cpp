#include <lockstep/sim/call_once.hpp>

#include "support.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <stdexcept>

BOOST_AUTO_TEST_SUITE(calls_once)

namespace {
using namespace lockstep::sim;
using test::concurrently;
}  // namespace

BOOST_AUTO_TEST_CASE(one_calls_and_the_others_wait_until_it_has_returned) {
  const Result result = explore([] {
    once_flag flag;
    var<int> made{0};
    atomic<int> inside{0};
    const auto use = [&] {
      lockstep::sim::call_once(
          flag,
          [&](int value) {
            inside.store(1);
            made += value;
          },
          7);
      check(made == 7, "made, and once");
    };
    concurrently(use, use, use);
  });
  BOOST_TEST(result.passed(), result.report());
  BOOST_TEST(result.complete);
  BOOST_TEST(result.executions == 3U);  // who is the first; the order of the others makes no difference
}

BOOST_AUTO_TEST_CASE(after_an_exception_the_next_one_calls) {
  int most = 0;
  const Result result = explore([&] {
    once_flag flag;
    var<int> calls{0};
    atomic<int> caught{0};
    const auto use = [&] {
      try {
        lockstep::sim::call_once(flag, [&] {
          calls += 1;
          if (calls == 1) throw std::runtime_error{"not yet"};
        });
        check(calls == 2, "the second call counts");
      } catch (const std::runtime_error&) {
        caught.fetch_add(1);
      }
    };
    concurrently(use, use, use);
    check(caught.load() == 1 && calls == 2, "one has failed, one has succeeded");
    most = std::max(most, calls.get());
  });
  BOOST_TEST(result.passed(), result.report());
  BOOST_TEST(result.complete);
  BOOST_TEST(most == 2);
}

BOOST_AUTO_TEST_CASE(a_call_from_within_is_a_deadlock_with_oneself) {
  BOOST_TEST(test::message([] {
               once_flag flag;
               label(flag, "flag");
               lockstep::sim::call_once(flag, [&] { lockstep::sim::call_once(flag, [] {}); });
             }) == "main holds flag and waits for flag");
}

BOOST_AUTO_TEST_CASE(outside_an_execution_it_calls_once_as_well) {
  once_flag flag;
  int calls = 0;
  lockstep::sim::call_once(flag, [&] { ++calls; });
  lockstep::sim::call_once(flag, [&] { ++calls; });
  BOOST_TEST(calls == 1);
  once_flag other;
  BOOST_CHECK_THROW(lockstep::sim::call_once(other, [&] { lockstep::sim::call_once(other, [] {}); }),
                    std::logic_error);
}

BOOST_AUTO_TEST_SUITE_END()
