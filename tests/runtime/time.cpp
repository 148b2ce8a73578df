#include <lockstep/runtime/time.hpp>

#include <boost/test/unit_test.hpp>

#include <type_traits>

namespace {

// Named in this file before anything else is included: what the library takes from std::chrono.
static_assert(std::chrono::steady_clock::is_steady);
static_assert(std::is_same_v<std::chrono::system_clock::duration::rep,
                             decltype(std::chrono::system_clock::now().time_since_epoch().count())>);
static_assert(std::chrono::nanoseconds{1500} < std::chrono::microseconds{2});
static_assert(std::chrono::ceil<std::chrono::milliseconds>(std::chrono::microseconds{1500}).count() == 2);

}  // namespace

BOOST_AUTO_TEST_SUITE(std_time)

BOOST_AUTO_TEST_CASE(clocks_and_durations_are_those_of_std) {
  const std::chrono::steady_clock::time_point now = std::chrono::steady_clock::now();
  BOOST_TEST((now + std::chrono::nanoseconds{1} > now));
}

BOOST_AUTO_TEST_SUITE_END()
