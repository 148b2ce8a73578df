// Executions that are given up: whatever stacks hold is released, and what is caught comes again.
#include "support.hpp"

#include <boost/test/unit_test.hpp>

#include <memory>
#include <stdexcept>

BOOST_AUTO_TEST_SUITE(abandoned)

namespace {

using namespace lockstep::sim;
using test::concurrently;

/// Counts how many exist.
struct Counted {
  explicit Counted(int& alive) : count{&alive} { ++*count; }
  Counted(const Counted&) = delete;
  Counted& operator=(const Counted&) = delete;
  ~Counted() { --*count; }
  int* count;
};

}  // namespace

BOOST_AUTO_TEST_CASE(stacks_are_unwound_when_a_check_fails) {
  int alive = 0;
  const Result result = test::explore_all([&] {
    const Counted in_main{alive};
    mutex guard;
    condition_variable condition;
    atomic<int> x{0};
    concurrently(
        [&] {
          const auto held = std::make_unique<Counted>(alive);
          std::unique_lock lock{guard};
          condition.wait(lock);
        },
        [&] {
          const Counted local{alive};
          x.store(1);
          x.store(2);
        },
        [&] { check(x.load() != 1, "x is never seen between"); });
  });
  BOOST_TEST(result.found.at(FindingKind::check) > 0U);
  BOOST_TEST(result.found.at(FindingKind::deadlock) > 0U);
  BOOST_TEST(alive == 0);
}

BOOST_AUTO_TEST_CASE(younger_threads_are_unwound_before_the_older_ones_whose_locals_they_use) {
  std::string order;
  const Result result = explore([&] {
    struct Last {
      std::string* order;
      char name;
      ~Last() { *order += name; }
    };
    order.clear();
    const Last main{&order, 'm'};
    mutex guard;
    concurrently([&] {
      const Last outer{&order, '1'};
      concurrently([&] {
        const Last inner{&order, '2'};
        const std::lock_guard lock{guard};
        guard.lock();
      });
    });
  });
  BOOST_TEST(test::found(result) == "deadlock");
  BOOST_TEST(order == "21m");
}

BOOST_AUTO_TEST_CASE(destructors_may_use_primitives_while_unwinding) {
  const Result result = test::explore_all([] {
    struct Session {
      mutex* guard;
      atomic<int>* open;
      condition_variable* condition;
      ~Session() {
        const std::lock_guard lock{*guard};
        open->fetch_sub(1);
        condition->notify_all();
        this_thread::yield();
      }
    };
    mutex guard;
    condition_variable condition;
    atomic<int> open{2};
    concurrently(
        [&] {
          const Session session{&guard, &open, &condition};
          check(open.load() == 2, "the other has not ended yet");
        },
        [&] { const Session session{&guard, &open, &condition}; });
  });
  BOOST_TEST(result.complete);
  BOOST_TEST(result.found.at(FindingKind::check) > 0U);
}

BOOST_AUTO_TEST_CASE(a_lock_awaited_in_a_destructor_is_granted_if_it_is_free) {
  const Result result = test::explore_all([] {
    struct LocksAtTheEnd {
      mutex* guard;
      ~LocksAtTheEnd() {
        const std::lock_guard lock{*guard};  // must not throw
      }
    };
    mutex guard;
    atomic<int> x{0};
    concurrently(
        [&] {
          const LocksAtTheEnd end{&guard};
          x.store(1);
        },
        [&] { check(x.load() == 0, "t2 comes first"); });
  });
  BOOST_TEST(result.complete);
  BOOST_TEST(result.found.at(FindingKind::check) > 0U);
}

BOOST_AUTO_TEST_CASE(a_catch_all_does_not_keep_a_thread_alive) {
  int swallowed = 0;
  const Result result = explore([&] {
    mutex guard;
    guard.lock();
    concurrently([&] {
      for (int i = 0; i != 3; ++i) {
        try {
          guard.lock();
        } catch (...) {
          ++swallowed;
        }
      }
    });
  });
  BOOST_TEST(test::found(result) == "deadlock");
  BOOST_TEST(swallowed > 0);
}

BOOST_AUTO_TEST_CASE(a_retry_loop_in_an_abandoned_execution_ends) {
  const Result result = explore([] {
    atomic<int> x{0};
    concurrently(
        [&] {
          while (x.load() != 7) x.store(1);  // nobody ever stores 7
        },
        [&] { check(x.load() == 0, "x is not seen to change"); });
  });
  BOOST_TEST(!result.passed());
}

BOOST_AUTO_TEST_CASE(a_thread_cannot_be_started_in_an_abandoned_execution) {
  const Result result = explore([] {
    atomic<int> x{0};
    concurrently([&] { x.store(1), concurrently([&] { x.store(2); }); },
                 [&] { check(x.load() == 1, "it is 1"); });
  });
  BOOST_TEST(test::found(result) == "check");
}

BOOST_AUTO_TEST_CASE(a_check_that_fails_before_the_first_operation_of_a_thread_is_found) {
  const Result result = explore([] {
    atomic<int> x{0};
    concurrently([&] { x.store(1); }, [] { check(false, "at once"); });
  });
  BOOST_TEST(test::found(result) == "check");
}

BOOST_AUTO_TEST_CASE(an_exploration_inside_an_execution_is_refused) {
  const Result result = explore([] { explore([] {}); });
  BOOST_TEST(test::found(result) == "exception");
}

BOOST_AUTO_TEST_CASE(the_next_exploration_starts_afresh_after_a_failing_one) {
  BOOST_TEST(!explore(test::lost_update).passed());
  BOOST_TEST(explore([] {
               atomic<int> x{0};
               concurrently([&] { x.store(1); }, [&] { x.store(2); });
             }).complete);
}

BOOST_AUTO_TEST_SUITE_END()
