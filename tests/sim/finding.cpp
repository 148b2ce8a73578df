// Each kind of finding, on a planted bug.
#include <lockstep/sim/finding.hpp>

#include "planted.hpp"

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <functional>
#include <mutex>
#include <stdexcept>

BOOST_AUTO_TEST_SUITE(finding)

namespace {
using namespace lockstep::sim;
using test::concurrently;
using test::found;
using test::message;
}  // namespace

BOOST_AUTO_TEST_CASE(every_kind_has_a_name_and_is_found_by_it) {
  for (const auto kind :
       {FindingKind::check, FindingKind::exception, FindingKind::deadlock, FindingKind::lost_wakeup,
        FindingKind::leaked_lock, FindingKind::bad_unlock, FindingKind::data_race, FindingKind::livelock,
        FindingKind::nondeterminism, FindingKind::bound}) {
    BOOST_TEST((finding_kind(to_string(kind)) == kind));
  }
  BOOST_TEST(!finding_kind("no such kind").has_value());
}

BOOST_AUTO_TEST_CASE(a_check_that_fails_in_one_interleaving_is_found) {
  const Result result = explore(test::lost_update);
  BOOST_TEST(found(result) == "check");
  BOOST_TEST(result.finding->message == "both deposits are in the balance");
  BOOST_TEST(!result.complete);
}

BOOST_AUTO_TEST_CASE(a_check_may_fail_in_any_thread) {
  BOOST_TEST(found([] { concurrently([] { check(false, "never"); }); }) == "check");
}

BOOST_AUTO_TEST_CASE(a_check_outside_an_execution_is_a_mistake) {
  BOOST_CHECK_THROW(check(true, "here"), std::logic_error);
}

BOOST_AUTO_TEST_CASE(an_exception_that_leaves_a_thread_is_found_with_its_type) {
  const auto text = message([] {
    atomic<int> x{0};
    concurrently([&] { x.store(1); },
                 [&] {
                   if (x.load() == 1) throw std::out_of_range{"one"};
                 });
  });
  BOOST_TEST(text == "std::out_of_range: one leaves t2");
  BOOST_TEST(message([] { throw 7; }) == "int leaves main");
}

BOOST_AUTO_TEST_CASE(a_deadlock_names_its_cycle) {
  const auto text = message(test::opposite_locks);
  BOOST_TEST(text == "t1 holds A and waits for B; t2 holds B and waits for A; main waits for t1 to finish");
}

BOOST_AUTO_TEST_CASE(a_mutex_locked_twice_is_a_deadlock_with_oneself) {
  BOOST_TEST(message([] {
               mutex a;
               label(a, "A");
               a.lock();
               a.lock();
             }) == "main holds A and waits for A");
}

BOOST_AUTO_TEST_CASE(threads_that_join_each_other_deadlock) {
  const Result result = explore([] {
    thread first;
    atomic<bool> ready{false};
    thread second{[&] {
      ready.wait(false);
      if (first.joinable()) first.join();
    }};
    first = thread{[&] { second.join(); }};
    ready.store(true);
    ready.notify_one();
    ready.wait(true);
  });
  BOOST_TEST(found(result) == "deadlock");
  BOOST_TEST(result.finding->message.find("t1 waits for t2 to finish; t2 waits for t1 to finish") !=
                 std::string::npos,
             result.finding->message);
}

BOOST_AUTO_TEST_CASE(a_thread_that_nobody_is_left_to_notify_is_stuck) {
  const Result result = explore([] {
    mutex guard;
    condition_variable condition;
    label(condition, "news");
    std::unique_lock lock{guard};
    condition.wait(lock);
  });
  BOOST_TEST(found(result) == "deadlock");
  BOOST_TEST(result.finding->message == "main waits for news, and nobody is left to notify it");
}

BOOST_AUTO_TEST_CASE(a_notification_before_the_wait_is_a_lost_wakeup) {
  BOOST_TEST(found(test::lost_wakeup) == "lost_wakeup");
  BOOST_TEST(message(test::lost_wakeup).find("was notified before it waited") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_lost_wakeup_of_an_atomic_is_found_too) {
  const Result result = test::explore_all([] {
    atomic<bool> ready{false};
    atomic<int> turn{0};
    concurrently(
        [&] {
          if (!ready.load()) turn.wait(0);
        },
        [&] {
          ready.store(true);
          turn.notify_one();
        });
  });
  BOOST_TEST(result.found.at(FindingKind::lost_wakeup) == 1U);
}

BOOST_AUTO_TEST_CASE(threads_that_go_round_in_circles_are_a_livelock) {
  BOOST_TEST(found(test::two_polite_threads, {.steps = 200}) == "livelock");
  const Result longer =
      explore(test::two_polite_threads);  // what is shown does not depend on how long it ran
  BOOST_REQUIRE(longer.finding);
  BOOST_TEST(longer.finding->steps.size() < 50U);
}

BOOST_AUTO_TEST_CASE(a_loop_that_waits_politely_for_nothing_is_a_livelock) {
  BOOST_TEST(found(
                 [] {
                   atomic<bool> flag{false};
                   while (!flag.load()) this_thread::yield();
                 },
                 {.steps = 100}) == "livelock");
}

BOOST_AUTO_TEST_CASE(a_loop_that_starves_another_thread_only_exceeds_the_bound) {
  BOOST_TEST(found(test::starving, {.steps = 100}) == "bound");
}

BOOST_AUTO_TEST_CASE(an_execution_that_is_merely_long_exceeds_the_bound) {
  const auto count = [](atomic<int>& x) {
    for (int i = 0; i != 60; ++i) x.store(i);
  };
  const auto one = message(
      [&] {
        atomic<int> x{0};
        count(x);
      },
      {.steps = 50});
  BOOST_TEST(one.find("longer than 50 steps") != std::string::npos, one);
  const auto two = message(
      [&] {
        atomic<int> x{0};
        concurrently([&] { count(x); }, [&] { count(x); });
      },
      {.steps = 50});
  BOOST_TEST(two.find("longer than 50 steps") != std::string::npos, two);
}

BOOST_AUTO_TEST_CASE(a_test_that_depends_on_what_is_outside_is_not_deterministic) {
  for (const Strategy strategy :
       {Strategy::exhaustive, Strategy::random, Strategy::pct, Strategy::pos, Strategy::surw}) {
    int runs = 0;
    BOOST_TEST(found(
                   [&] {
                     atomic<int> x{0};
                     ++runs;
                     concurrently([&] { x.store(runs); }, [&] { static_cast<void>(x.load()); });
                   },
                   {.strategy = strategy}) == "nondeterminism");
  }
}

BOOST_AUTO_TEST_CASE(a_test_that_fails_only_once_is_not_deterministic) {
  for (const int fails : {1, 2, 3, 4}) {
    int runs = 0;
    BOOST_TEST(found([&] {
                 atomic<int> x{0};
                 concurrently([&] { x.store(0); }, [&] { static_cast<void>(x.load()); });
                 check(++runs != fails, "it is another");
               }) == "nondeterminism");
  }
}

BOOST_AUTO_TEST_CASE(a_test_that_changes_later_is_caught_where_a_prefix_leads_elsewhere) {
  int runs = 0;
  BOOST_TEST(found([&] {
               atomic<int> x{0};
               atomic<int> y{0};
               atomic<int>& either = ++runs == 5 ? y : x;
               concurrently([&] { either.store(1), x.store(2); }, [&] { x.store(3), x.store(4); });
             }) == "nondeterminism");
}

BOOST_AUTO_TEST_CASE(a_test_that_does_something_else_in_the_end_than_at_first_is_not_deterministic) {
  for (const unsigned jobs : {1U, 2U}) {
    std::atomic<int> runs = 0;
    const Result result = explore(
        [&] {
          atomic<int> x{0};
          const int value = ++runs > 3 ? 2 : 1;
          concurrently([&] { x.store(value); }, [&] { static_cast<void>(x.load()); });
        },
        {.jobs = jobs});
    BOOST_TEST(found(result) == "nondeterminism");
    BOOST_TEST(!result.complete);
    BOOST_TEST(result.found.at(FindingKind::nondeterminism) == 1U);
  }
}

BOOST_AUTO_TEST_CASE(what_helps_is_said_of_the_deadlock_that_it_is) {
  const auto advice = [](const std::function<void()>& body) {
    const Result result = explore(body);
    return result.finding ? explain(*result.finding) : "nothing found";
  };
  const auto of_oneself = advice([] {
    mutex guard;
    guard.lock();
    guard.lock();
  });
  BOOST_TEST(of_oneself.find("recursive mutex") != std::string::npos, of_oneself);
  const auto of_two = advice([] {
    mutex a;
    mutex b;
    const auto both = [](mutex& first, mutex& second) {
      const std::lock_guard one{first};
      const std::lock_guard two{second};
    };
    concurrently([&] { both(a, b); }, [&] { both(b, a); });
  });
  BOOST_TEST(of_two.find("in one order everywhere") != std::string::npos, of_two);
  const auto of_waiting = advice([] {
    mutex guard;
    condition_variable changed;
    std::unique_lock lock{guard};
    changed.wait(lock);
  });
  BOOST_TEST(of_waiting.find("notify_all") != std::string::npos, of_waiting);
  const auto forgotten = advice([] {
    atomic<int> x{0};
    const thread running{[&] { x.store(1); }};
  });
  BOOST_TEST(forgotten.find("Join each thread") != std::string::npos, forgotten);
}

BOOST_AUTO_TEST_CASE(a_thread_that_is_not_joined_is_found) {
  const Result result = explore([] {
    atomic<int> x{0};
    const thread forgotten{[&] { x.store(1), x.store(2); }};
  });
  BOOST_TEST(found(result) == "exception");
  BOOST_TEST(result.finding->message.find("t1 was still joinable") == 0U, result.finding->message);
}

BOOST_AUTO_TEST_CASE(an_exception_past_a_running_thread_is_told_with_it) {
  const auto text = message([] {
    atomic<int> x{0};
    const thread running{[&] { x.store(1), x.store(2); }};
    throw std::runtime_error{"boom"};
  });
  BOOST_TEST(text.find("t1 was still joinable") != std::string::npos, text);
  BOOST_TEST(text.find("std::runtime_error: boom leaves main") != std::string::npos, text);
}

BOOST_AUTO_TEST_SUITE_END()
