// What a test allocates is the same in each run of an execution, as far as addresses can matter.
#include "support.hpp"

#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <set>
#include <vector>

BOOST_AUTO_TEST_SUITE(allocation)

namespace {

using namespace lockstep::sim;

/// One replaces what another has seen, who then compares addresses and nothing else.
void replaced() {
  atomic<int*> held{new int{1}};
  concurrently(
      [&] {
        int* seen = held.load();
        if (held.compare_exchange_strong(seen, nullptr)) delete seen;
      },
      [&] {
        for (int i = 0; i != 2; ++i) delete held.exchange(new int{2});
      });
  delete held.load();
}

struct alignas(128) Wide {
  char bytes[128] = {};
};

}  // namespace

#if defined(__SANITIZE_THREAD__)
#define LOCKSTEP_TEST_OPERATORS_OF_ITS_OWN
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define LOCKSTEP_TEST_OPERATORS_OF_ITS_OWN
#endif
#endif
#if !defined(LOCKSTEP_TEST_OPERATORS_OF_ITS_OWN)
BOOST_AUTO_TEST_CASE(no_address_comes_twice_in_an_execution) {
  const Result result = explore([] {
    std::set<const void*> addresses;
    for (int i = 0; i != 100; ++i) {
      const auto one = std::make_unique<int>(i);
      check(addresses.insert(one.get()).second, "one");
      const auto many = std::make_unique<int[]>(10);
      check(addresses.insert(many.get()).second, "many");
      const auto wide = std::make_unique<Wide>();
      check(addresses.insert(wide.get()).second, "aligned");
      check(reinterpret_cast<std::uintptr_t>(wide.get()) % alignof(Wide) == 0, "as it is to be");
    }
  });
  BOOST_TEST(result.passed(), result.report());
}
#endif

BOOST_AUTO_TEST_CASE(addresses_come_again_in_another_execution_so_memory_stays_flat) {
  const void* kept = nullptr;
  std::set<const void*> addresses;
  const Result result = explore(
      [&] {
        const auto large = std::make_unique<std::vector<char>>(1'000'000);
        addresses.insert(kept = large->data());
      },
      {.strategy = Strategy::random, .executions = 2'000});
  BOOST_TEST(result.executions == 2'000U);
  BOOST_TEST(addresses.size() < 1'000U);  // a sanitizer keeps some, too
}

BOOST_AUTO_TEST_CASE(a_compare_exchange_of_pointers_does_the_same_each_time_under_each_model) {
  for (const MemoryModel model : {MemoryModel::interleavings, MemoryModel::sc, MemoryModel::rc11}) {
    const Result result = explore(replaced, {.model = model});
    BOOST_TEST(result.complete, result.report());
    BOOST_TEST(result.executions == 6U);
  }
}

BOOST_AUTO_TEST_SUITE_END()
