#include <lockstep/sim/invariant.hpp>

#include "support.hpp"

#include <boost/test/unit_test.hpp>

#include <stdexcept>

BOOST_AUTO_TEST_SUITE(invariants)

namespace {

using namespace lockstep::sim;

/// A counter that is more than one for a moment only.
void brief_excess(bool watched) {
  atomic<int> counter{0};
  label(counter, "counter");
  const auto visit = [&] {
    counter.fetch_add(1);
    counter.fetch_sub(1);
  };
  if (watched) {
    const Invariant alone{
        "at most one is inside", {reads(counter.id())}, [&] { return counter.load() <= 1; }};
    concurrently(visit, visit);
  } else {
    concurrently(visit, visit);
  }
  check(counter.load() == 0, "all is well at the end");
}

}  // namespace

BOOST_AUTO_TEST_CASE(what_holds_again_at_the_end_is_found_in_between) {
  BOOST_TEST(explore([] { brief_excess(false); }).passed());
  const Result result = explore([] { brief_excess(true); });
  BOOST_TEST(test::found(result) == "check");
  BOOST_TEST(result.finding->message ==
             "at most one is inside: does not hold after step 2 (t2: fetch_add counter)");
  BOOST_TEST(result.finding->steps.size() == 2U);  // looking is no step
}

BOOST_AUTO_TEST_CASE(orders_of_steps_that_touch_nothing_common_are_explored_if_the_condition_can_tell_them) {
  const auto body = [](int looks_at) {
    atomic<int> x{0};
    atomic<int> y{0};
    const auto never = [&] { return x.load() == 1 || y.load() == 0; };  // y before x
    const auto run = [&] { concurrently([&] { x.store(1); }, [&] { y.store(1); }); };
    if (looks_at == 0) {
      const Invariant first{"x first", never};
      run();
    } else if (looks_at == 2) {
      const Invariant first{"x first", {reads(x.id()), reads(y.id())}, never};
      run();
    } else {
      run();
    }
  };
  BOOST_TEST(explore([&] { body(1); }).executions == 1U);  // nobody looks: one order will do
  BOOST_TEST(test::found([&] { body(0); }) == "check");
  BOOST_TEST(test::found([&] { body(2); }) == "check");
}

BOOST_AUTO_TEST_CASE(steps_that_a_condition_does_not_look_at_stay_independent) {
  const auto executions = [](bool everything) {
    const Result result = explore([=] {
      atomic<int> x{0};
      atomic<int> y{0};
      atomic<int> z{0};
      const auto holds = [&] { return x.load() + y.load() <= 2; };
      const auto run = [&] {
        concurrently([&] { x.store(1), static_cast<void>(z.load()); },
                     [&] { y.store(1), static_cast<void>(z.load()); });
      };
      if (everything) {
        const Invariant some{"some", holds};
        run();
      } else {
        const Invariant some{"some", {reads(x.id()), reads(y.id())}, holds};
        run();
      }
    });
    BOOST_TEST(result.passed(), result.report());
    BOOST_TEST(result.complete);
    return result.executions;
  };
  BOOST_TEST(executions(false) == 2U);
  BOOST_TEST(executions(true) == 6U);
}

BOOST_AUTO_TEST_CASE(what_a_thread_does_after_its_last_step_is_looked_at) {
  BOOST_TEST(test::message([] {
               atomic<int> x{0};
               int plain = 0;
               const Invariant zero{"zero", [&] { return plain == 0; }};
               thread other{[&] {
                 x.store(1);
                 plain = 1;
               }};
               other.join();
               plain = 0;
             }).starts_with("zero: does not hold after step 1 (t1: store"));
}

BOOST_AUTO_TEST_CASE(a_condition_is_looked_at_first_and_last_as_well) {
  BOOST_TEST(test::message([] { const Invariant never{"never", [] { return false; }}; }) ==
             "never: does not hold at the beginning");
  BOOST_TEST(test::message([] {
               bool good = true;
               const Invariant last{"last", [&] { return good; }};
               good = false;
             }) == "last: does not hold at the beginning");
  BOOST_TEST(test::message([] {
               bool good = false;
               const Invariant first{"first", [&] { return good; }};
               good = true;  // before any step
             }) == "first: does not hold at the beginning");
}

BOOST_AUTO_TEST_CASE(every_condition_is_looked_at) {
  BOOST_TEST(test::message([] {
               atomic<int> x{0};
               const Invariant always{"always", [] { return true; }};
               const Invariant zero{"zero", [&] { return x.load() == 0; }};
               const Invariant again{"again", [] { return true; }};
               x.store(1);
               x.store(0);
             }).starts_with("zero: does not hold after step 1"));
}

BOOST_AUTO_TEST_CASE(reading_what_a_condition_looks_at_stays_independent) {
  const Result result = explore([] {
    atomic<int> x{0};
    const Invariant zero{"zero", {reads(x.id())}, [&] { return x.load() == 0; }};
    concurrently([&] { static_cast<void>(x.load()); }, [&] { static_cast<void>(x.load()); });
  });
  BOOST_TEST(result.passed(), result.report());
  BOOST_TEST(result.executions == 1U);
}

BOOST_AUTO_TEST_CASE(looking_at_a_plain_variable_is_no_data_race_and_orders_nothing) {
  const auto body = [](bool racing) {
    var<int> value{0};
    atomic<int> flag{0};
    const Invariant small{"small", [&] { return value < 10 && flag.load() < 10; }};
    concurrently([&] { value = 1, flag.store(1); },
                 [&] {
                   if (racing) value = 2;
                 });
  };
  BOOST_TEST(explore([&] { body(false); }).passed());
  BOOST_TEST(test::found([&] { body(true); }) == "data_race");
}

BOOST_AUTO_TEST_CASE(a_condition_that_has_to_wait_or_throws_is_told) {
  BOOST_TEST(test::message([] {
               mutex guard;
               const Invariant waits{"waits", [&] {
                                       const std::lock_guard lock{guard};
                                       return true;
                                     }};
               concurrently([&] {
                 guard.lock();
                 guard.unlock();
               });
             }) == "the invariant \"waits\" throws: lockstep::sim: an invariant has to wait");
  BOOST_TEST(test::message([] {
               const Invariant fails{"fails", []() -> bool { throw std::runtime_error{"no"}; }};
             }) == "the invariant \"fails\" throws: no");
}

BOOST_AUTO_TEST_CASE(a_condition_is_declared_in_an_execution_before_threads_start) {
  BOOST_CHECK_THROW(Invariant("here", [] { return true; }), std::logic_error);
  BOOST_TEST(
      test::message([] {
        atomic<int> x{0};
        thread other{[&] { x.store(1); }};
        try {
          const Invariant late{"late", [] { return true; }};
        } catch (...) {
          other.join();
          throw;
        }
      }) ==
      "std::logic_error: lockstep::sim::Invariant: make it before other threads are started leaves main");
}

BOOST_AUTO_TEST_SUITE_END()
