#include <lockstep/memory/table.hpp>
#include <lockstep/runtime/runtime.hpp>
#include <lockstep/storage/storage.hpp>

#include "support/scripted_runtime.hpp"
#include "support/watched_runtime.hpp"

#include <boost/test/unit_test.hpp>

#include <concepts>

using namespace lockstep;

BOOST_AUTO_TEST_SUITE(runtime)

BOOST_AUTO_TEST_CASE(any_bundle_with_the_right_parts_is_a_runtime) {
  static_assert(Runtime<StdRuntime> && Runtime<test::ScriptedRuntime> && Runtime<test::WatchedRuntime>);
  struct WithoutClock : StdRuntime {
    struct clock {};
  };
  struct WithoutTimeOfDay : StdRuntime {
    struct system_clock {};
  };
  struct WithoutRandom : StdRuntime {
    static int random() { return 4; }
  };
  static_assert(!Runtime<WithoutClock> && !Runtime<WithoutTimeOfDay> && !Runtime<WithoutRandom> &&
                !Runtime<int>);
}

BOOST_AUTO_TEST_CASE(a_storage_names_its_runtime_and_verbs_deduce_it) {
  using Table = memory::Table<int, int, test::ScriptedRuntime>;
  static_assert(std::same_as<runtime_of<Table>, test::ScriptedRuntime>);
  static_assert(std::same_as<runtime_of<Table&>, test::ScriptedRuntime>);
  static_assert(std::same_as<runtime_of<memory::Database<test::ScriptedRuntime>>, test::ScriptedRuntime>);
  static_assert(std::same_as<runtime_of<int>, StdRuntime>);
}

BOOST_AUTO_TEST_SUITE_END()
