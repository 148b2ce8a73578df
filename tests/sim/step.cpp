#include <lockstep/sim/step.hpp>

#include "support.hpp"

#include <boost/test/unit_test.hpp>

#include <map>
#include <stdexcept>

BOOST_AUTO_TEST_SUITE(steps)

namespace {

using namespace lockstep::sim;
using test::concurrently;

/// A lock manager as storages have one: a map behind a mutex, and waiting on a condition.
class Locks {
 public:
  void lock(const std::string& key) {
    const Access touched = writes(key);
    step("lock", {touched}, [&] {
      std::unique_lock guard{mutex_};
      while (taken_[key]) released_.wait(guard);
      taken_[key] = true;
      hold(touched.object);
      outcome([] { return "-> granted"; });
    });
  }
  void unlock(const std::string& key) {
    const Access touched = writes(key);
    step("unlock", {touched}, [&] {
      const std::lock_guard guard{mutex_};
      taken_[key] = false;
      release(touched.object);
      released_.notify_all();
    });
  }

 private:
  mutex mutex_;
  condition_variable released_;
  std::map<std::string, bool> taken_;
};

}  // namespace

BOOST_AUTO_TEST_CASE(an_object_of_a_name_is_the_same_everywhere) {
  const ObjectId outside = object("accounts[1]");
  BOOST_TEST((object("accounts[1]") == outside));
  BOOST_TEST((object("accounts[2]") != outside));
  explore([&] { check(object("accounts[1]") == outside, "inside as well"); });
}

BOOST_AUTO_TEST_CASE(nobody_comes_between_the_parts_of_a_step) {
  const Result result = explore([] {
    atomic<int> balance{100};
    const auto deposit = [&](int amount) {
      step("deposit", {writes("balance")}, [&] { balance.store(balance.load() + amount); });
    };
    concurrently([&] { deposit(10); }, [&] { deposit(20); });
    check(balance.load() == 130, "both deposits are in the balance");
  });
  BOOST_TEST(result.passed(), result.report());
  BOOST_TEST(result.executions == 2U);
}

BOOST_AUTO_TEST_CASE(steps_on_different_objects_commute_and_reads_do) {
  const auto orders = [](Access left, Access right) {
    return explore([&] {
             concurrently([&] { step("left", {left}, [] {}); }, [&] { step("right", {right}, [] {}); });
           })
        .executions;
  };
  BOOST_TEST(orders(writes("a"), writes("b")) == 1U);
  BOOST_TEST(orders(reads("a"), reads("a")) == 1U);
  BOOST_TEST(orders(reads("a"), writes("a")) == 2U);
  BOOST_TEST(orders(writes("a"), writes("a")) == 2U);
}

BOOST_AUTO_TEST_CASE(a_step_returns_what_its_effect_returns_also_a_reference) {
  explore([] {
    int value = 1;
    int& same = step("get", {reads("value")}, [&]() -> int& { return value; });
    same = 2;
    check(value == 2, "it is the same");
    check(step("copy", {reads("value")}, [&] { return value; }) == 2, "and its value");
  });
  BOOST_TEST(step("outside", {reads("value")}, [] { return 3; }) == 3);
}

BOOST_AUTO_TEST_CASE(an_exception_passes_through_a_step_and_ends_it) {
  const Result result = explore([] {
    bool thrown = false;
    try {
      step("fail", {writes("a")}, [] { throw std::runtime_error{"no"}; });
    } catch (const std::runtime_error&) {
      thrown = true;
    }
    check(thrown && !Execution::current()->inside_step(), "it is caught outside of the step");
  });
  BOOST_TEST(result.passed(), result.report());
}

BOOST_AUTO_TEST_CASE(a_step_inside_a_step_is_part_of_it) {
  const Result result = explore([] {
    const auto twice = [] {
      step("outer", {writes("a")}, [] {
        step("inner", {writes("b")}, [] {});
        check(Execution::current()->inside_step(), "the outer one goes on");
      });
    };
    concurrently(twice, twice);
  });
  BOOST_TEST(result.passed(), result.report());
  BOOST_TEST(result.executions == 2U);
}

BOOST_AUTO_TEST_CASE(a_step_that_blocks_lets_others_run_and_goes_on_later) {
  const Result result = explore([] {
    Locks locks;
    int inside = 0;
    const auto work = [&] {
      locks.lock("a");
      check(++inside == 1, "one at a time");
      step("work", {writes("other")}, [] {});
      --inside;
      locks.unlock("a");
    };
    concurrently(work, work, work);
  });
  BOOST_TEST(result.passed(), result.report());
  BOOST_TEST(result.complete);
}

BOOST_AUTO_TEST_CASE(a_deadlock_of_steps_names_its_cycle) {
  const Result result = explore([] {
    Locks locks;
    const auto both = [&](const char* first, const char* second) {
      locks.lock(first);
      locks.lock(second);
      locks.unlock(second);
      locks.unlock(first);
    };
    concurrently([&] { both("a", "b"); }, [&] { both("b", "a"); });
  });
  BOOST_REQUIRE(result.finding.has_value());
  BOOST_TEST((result.finding->kind == FindingKind::deadlock));
  BOOST_TEST(result.finding->message.find("t1 holds a and waits for b; t2 holds b and waits for a") == 0U,
             result.finding->message);
}

BOOST_AUTO_TEST_CASE(a_step_that_blocks_and_is_granted_shows_both) {
  const Result shown = replay(
      [] {
        Locks locks;
        concurrently([&] { locks.lock("a"), locks.unlock("a"); }, [&] { locks.lock("a"); });
        check(false, "the end");
      },
      "ls1.test.1-t2.00000000");
  const std::string text = shown.report();
  BOOST_TEST(text.find("lock a blocks") != std::string::npos, text);
  BOOST_TEST(text.find("lock a -> granted") != std::string::npos, text);
}

BOOST_AUTO_TEST_CASE(a_step_that_does_not_end_is_found) {
  const Result result = explore([] {
    atomic<int> x{0};
    step("spin", {writes("x")}, [&] {
      while (x.load() == 0) {
      }
    });
  });
  BOOST_TEST(test::found(result) == "bound");
  BOOST_TEST(result.finding->message.find("\"spin\" does not end") != std::string::npos,
             result.finding->message);
}

BOOST_AUTO_TEST_CASE(outcomes_are_only_asked_for_while_recording) {
  int asked = 0;
  const Result result = explore([&] {
    const auto write = [&] {
      step("write", {writes("a")}, [&] { outcome([&] { return ++asked, "done"; }); });
    };
    concurrently(write, write, write, write);
  });
  BOOST_TEST(result.executions == 24U);
  BOOST_TEST(asked == 12);  // the first execution is written down three times, to see that the test repeats
}

BOOST_AUTO_TEST_CASE(what_is_done_quietly_leaves_no_text_in_the_timeline) {
  const Result result = explore([] {
    atomic<int> x{0};
    x.store(1);
    quietly([] { step("load", {reads("record")}, [] { outcome([] { return "-> secret"; }); }); });
    check(false, "the timeline is shown");
  });
  BOOST_REQUIRE(result.finding);
  BOOST_TEST(result.finding->steps.size() == 1U);
  BOOST_TEST(result.finding->steps.front().outcome == "= 1");
}

BOOST_AUTO_TEST_SUITE_END()
