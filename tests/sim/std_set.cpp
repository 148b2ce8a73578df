// What std has beside the primitives: free functions, references, locks of other kinds, waits with any lock.
#include "support.hpp"

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <mutex>
#include <set>
#include <shared_mutex>
#include <string>

BOOST_AUTO_TEST_SUITE(std_set)

namespace {

using namespace lockstep::sim;
using namespace std::chrono_literals;
using test::concurrently;
using test::found;

constexpr auto relaxed = std::memory_order_relaxed;

}  // namespace

BOOST_AUTO_TEST_CASE(free_functions_do_what_the_members_do) {
  const Result result = explore([] {
    atomic<int> x{5};
    check(atomic_is_lock_free(&x) && atomic_load(&x) == 5 && atomic_load_explicit(&x, relaxed) == 5, "load");
    atomic_store(&x, 6), atomic_store_explicit(&x, 7, relaxed);
    check(atomic_exchange(&x, 8) == 7 && atomic_exchange_explicit(&x, 1, relaxed) == 8, "exchange");
    int expected = 1;
    check(atomic_compare_exchange_strong(&x, &expected, 2) &&
              !atomic_compare_exchange_weak(&x, &expected, 3) && expected == 2 &&
              atomic_compare_exchange_weak_explicit(&x, &expected, 4, relaxed, relaxed) &&
              !atomic_compare_exchange_strong_explicit(&x, &expected, 3, relaxed, relaxed),
          "compare_exchange");
    check(atomic_fetch_add(&x, 1) == 4 && atomic_fetch_sub(&x, 2) == 5 && x == 3, "arithmetic");
    check(atomic_fetch_add_explicit(&x, 1, relaxed) == 3 && atomic_fetch_sub_explicit(&x, 1, relaxed) == 4,
          "order");
    check(atomic_fetch_or(&x, 4) == 3 && atomic_fetch_and(&x, 6) == 7 && atomic_fetch_xor(&x, 2) == 6,
          "bits");
    check(atomic_fetch_or_explicit(&x, 1, relaxed) == 4 && atomic_fetch_and_explicit(&x, 1, relaxed) == 5 &&
              atomic_fetch_xor_explicit(&x, 1, relaxed) == 1 && x == 0,
          "bits by order");
    atomic_wait(&x, 1), atomic_wait_explicit(&x, 1, relaxed), atomic_notify_one(&x), atomic_notify_all(&x);
    atomic_flag flag;
    check(!atomic_flag_test_and_set(&flag) && atomic_flag_test_and_set_explicit(&flag, relaxed), "set");
    atomic_flag_wait(&flag, false), atomic_flag_wait_explicit(&flag, false, relaxed);
    check(atomic_flag_test(&flag) && atomic_flag_test_explicit(&flag, relaxed), "test");
    atomic_flag_notify_one(&flag), atomic_flag_notify_all(&flag);
    atomic_flag_clear(&flag), atomic_flag_clear_explicit(&flag, relaxed);
    check(!flag.test(), "clear");
    lockstep::sim::atomic_signal_fence(relaxed);
  });
  BOOST_TEST(result.passed(), result.report());
}

BOOST_AUTO_TEST_CASE(an_atomic_ref_is_atomic_on_a_variable) {
  const Result result = explore([] {
    var<int> x{1};
    const auto add = [&] {
      atomic_ref ref{x};
      ref.fetch_add(1, relaxed);
      ++ref;
    };
    concurrently(add, add);
    check(x == 5, "all are counted");
    atomic_ref again{x};
    const atomic_ref copy{again};
    int expected = 5;
    check(again.compare_exchange_strong(expected, 6) && copy.load() == 6 && (again = 7) == 7, "as an atomic");
  });
  BOOST_TEST(result.passed(), result.report());
  BOOST_TEST(result.complete);
  BOOST_TEST(result.executions == 6U);
}

BOOST_AUTO_TEST_CASE(an_atomic_ref_races_with_plain_accesses_that_nothing_orders) {
  const auto beside = [](auto plain, std::memory_order order) {
    return found([=] {
      var<int> x{0};
      atomic<bool> sent{false};
      concurrently(
          [&] {
            atomic_ref ref{x};
            ref.store(1, relaxed);
            sent.store(true, order);
          },
          [&] {
            if (order == relaxed || sent.load()) plain(x);
          });
    });
  };
  const auto read = [](var<int>& x) { static_cast<void>(x.get()); };
  const auto write = [](var<int>& x) { x = 2; };
  const auto load = [](var<int>& x) { static_cast<void>(atomic_ref{x}.load(relaxed)); };
  const auto store = [](var<int>& x) { atomic_ref{x}.store(2, relaxed); };
  BOOST_TEST(beside(read, relaxed) == "data_race");
  BOOST_TEST(beside(write, relaxed) == "data_race");
  BOOST_TEST(beside(load, relaxed) == "none");
  BOOST_TEST(beside(store, relaxed) == "none");
  BOOST_TEST(beside(read, std::memory_order_release) == "none");
  BOOST_TEST(beside(write, std::memory_order_release) == "none");
  BOOST_TEST(found([] {
               var<int> x{0};
               concurrently([&] { static_cast<void>(atomic_ref{x}.load()); },
                            [&] { static_cast<void>(x.get()); });
             }) == "none");
}

BOOST_AUTO_TEST_CASE(a_release_store_by_reference_publishes_itself_too) {
  BOOST_TEST(found([] {
               var<int> x{0};
               concurrently([&] { atomic_ref{x}.store(1, std::memory_order_release); },
                            [&] {
                              if (atomic_ref{x}.load(std::memory_order_acquire) == 1) x = 2;
                            });
             }) == "none");
}

BOOST_AUTO_TEST_CASE(std_locks_work_on_every_mutex) {
  const Result result = explore([] {
    mutex a;
    recursive_mutex b;
    timed_mutex c;
    recursive_timed_mutex d;
    shared_mutex e;
    shared_timed_mutex f;
    var<int> x{0};
    const auto work = [&] {
      const std::scoped_lock all{a, b, c, d, e, f};
      x += 1;
    };
    concurrently(work, work);
    std::unique_lock first{a, std::defer_lock};
    std::unique_lock second{c, 1ms};
    check(second.owns_lock() && first.try_lock() && std::try_lock(b, d) == -1, "all are free");
    b.unlock(), d.unlock();
    const std::shared_lock shared{e};
    const std::shared_lock timed{f, 1ms};
    check(timed.owns_lock() && x == 2, "shared");
    concurrently([&] { check(!e.try_lock() && e.try_lock_shared(), "by others too"), e.unlock_shared(); });
  });
  BOOST_TEST(result.passed(), result.report());
}

BOOST_AUTO_TEST_CASE(a_recursive_timed_mutex_counts_and_gives_up) {
  const Result result = explore([] {
    recursive_timed_mutex guard;
    check(guard.try_lock_for(1ms) && guard.try_lock() && guard.try_lock_until(clock::now()), "three times");
    concurrently([&] { check(!guard.try_lock_for(5ms), "it is held"); });
    check(clock::now().time_since_epoch() == 5ms, "that took 5 ms");
    guard.unlock(), guard.unlock();
    concurrently([&] { check(!guard.try_lock(), "it is still held"); });
    guard.unlock();
    concurrently([&] { check(guard.try_lock(), "it is free"), guard.unlock(); });
  });
  BOOST_TEST(result.passed(), result.report());
}

BOOST_AUTO_TEST_CASE(a_shared_timed_mutex_is_shared_in_time) {
  const Result result = explore([] {
    shared_timed_mutex guard;
    guard.lock();
    concurrently(
        [&] { check(!guard.try_lock_shared_for(3ms) && !guard.try_lock_until(clock::now() + 1ms), "held"); });
    check(clock::now().time_since_epoch() == 4ms, "that took 4 ms");
    guard.unlock();
    check(guard.try_lock_shared_until(clock::now() + 1ms), "shared");
    concurrently([&] {
      check(!guard.try_lock_for(1ms) && guard.try_lock_shared_for(1ms), "not alone"), guard.unlock_shared();
    });
    guard.unlock_shared();
  });
  BOOST_TEST(result.passed(), result.report());
}

BOOST_AUTO_TEST_CASE(a_condition_variable_any_waits_with_any_lock) {
  const auto handed_over = [](auto make) {
    const Result result = explore([&] {
      auto guard = make();
      condition_variable_any changed;
      var<int> ready{0};
      concurrently(
          [&] {
            std::unique_lock lock{*guard};
            changed.wait(lock, [&] { return ready.get() == 1; });
            check(lock.owns_lock(), "held again");
            ready = 2;
          },
          [&] {
            {
              const std::lock_guard lock{*guard};
              ready = 1;
            }
            changed.notify_one();
          });
      check(ready == 2, "it went on");
    });
    BOOST_TEST(result.passed(), result.report());
    BOOST_TEST(result.complete);
  };
  handed_over([] { return std::make_unique<mutex>(); });
  handed_over([] { return std::make_unique<shared_mutex>(); });
  handed_over([] { return std::make_unique<recursive_timed_mutex>(); });
}

BOOST_AUTO_TEST_CASE(a_condition_variable_any_waits_with_a_shared_lock) {
  const Result result = explore([&] {
    shared_mutex guard;
    condition_variable_any changed;
    var<bool> ready{false};
    const auto wait = [&] {
      std::shared_lock lock{guard};
      changed.wait(lock, [&] { return ready.get(); });
    };
    concurrently(wait, wait, [&] {
      {
        const std::lock_guard lock{guard};
        ready = true;
      }
      changed.notify_all();
    });
  });
  BOOST_TEST(result.passed(), result.report());
  BOOST_TEST(result.complete);
}

BOOST_AUTO_TEST_CASE(a_notification_between_the_look_and_the_wait_is_lost) {
  BOOST_TEST(found([] {
               mutex guard;
               condition_variable_any changed;
               atomic<bool> ready{false};
               concurrently(
                   [&] {
                     if (ready.load()) return;
                     std::unique_lock lock{guard};
                     changed.wait(lock);
                   },
                   [&] { ready.store(true), changed.notify_one(); });
             }) == "lost_wakeup");
}

BOOST_AUTO_TEST_CASE(a_wait_ends_when_a_stop_is_requested) {
  std::set<std::string> outcomes;
  const Result result = explore([&] {
    mutex guard;
    condition_variable_any changed;
    var<bool> ready{false};
    std::string outcome;
    {
      jthread waiter{[&](const stop_token& stop) {
        std::unique_lock lock{guard};
        outcome = changed.wait(lock, stop, [&] { return ready.get(); }) ? "ready" : "stopped";
        check(lock.owns_lock(), "held again");
      }};
      const std::lock_guard lock{guard};
      ready = true;
      changed.notify_one();
    }
    outcomes.insert(outcome);
    {
      const jthread waiter{[&](const stop_token& stop) {
        std::unique_lock lock{guard};
        check(!changed.wait(lock, stop, [] { return false; }), "only the request ends it");
      }};
    }
  });
  BOOST_TEST(result.passed(), result.report());
  BOOST_TEST(result.complete);
  BOOST_TEST((outcomes == std::set<std::string>{"ready"}));
}

BOOST_AUTO_TEST_CASE(a_timed_wait_with_any_lock_gives_up_when_nobody_can_run) {
  const Result result = explore([] {
    timed_mutex guard;
    condition_variable_any changed;
    stop_source source;
    std::unique_lock lock{guard};
    const auto no = [] { return false; };
    check(changed.wait_for(lock, 1ms) == cv_status::timeout, "nobody notifies");
    check(changed.wait_until(lock, clock::now() + 1ms) == cv_status::timeout, "nobody notifies");
    check(!changed.wait_for(lock, 1ms, no) && !changed.wait_until(lock, clock::now() + 1ms, no), "no");
    check(!changed.wait_for(lock, source.get_token(), 1ms, no), "no");
    check(!changed.wait_until(lock, source.get_token(), clock::now() + 1ms, no), "no");
    check(lock.owns_lock() && clock::now().time_since_epoch() == 6ms, "that took 6 ms");
  });
  BOOST_TEST(result.passed(), result.report());
}

BOOST_AUTO_TEST_CASE(outside_an_execution_a_wait_with_any_lock_is_refused) {
  mutex guard;
  condition_variable_any changed;
  std::unique_lock lock{guard};
  BOOST_CHECK_THROW(changed.wait(lock), std::logic_error);
}

BOOST_AUTO_TEST_SUITE_END()
