// Locks that are not released, or by the wrong one, and objects that are destroyed too early.
#include "support.hpp"

#include <boost/test/unit_test.hpp>

#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <stdexcept>

BOOST_AUTO_TEST_SUITE(lifetimes)

namespace {

using namespace lockstep::sim;
using test::concurrently;
using test::found;
using test::message;

std::string verdict(const std::function<void()>& body) {
  const Result result = explore(body);
  return result.finding ? found(result) + ": " + result.finding->message : "none";
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_thread_that_ends_while_it_holds_a_lock_is_found) {
  BOOST_TEST(verdict([] {
               mutex a;
               label(a, "A");
               concurrently([&] { a.lock(); });
             }) == "leaked_lock: t1 ends while it holds A");
  BOOST_TEST(verdict([] {
               shared_mutex a;
               label(a, "A");
               concurrently([&] { a.lock_shared(); });
             }) == "leaked_lock: t1 ends while it holds A");
  BOOST_TEST(verdict([] {
               recursive_mutex a;
               label(a, "A");
               concurrently([&] { a.lock(), a.lock(), a.unlock(); });
             }) == "leaked_lock: t1 ends while it holds A");
}

BOOST_AUTO_TEST_CASE(a_lock_that_is_destroyed_while_it_is_held_is_found) {
  BOOST_TEST(verdict([] {
               mutex a;
               label(a, "A");
               a.lock();
             }) == "leaked_lock: main destroys A while it holds it");
  BOOST_TEST(verdict([] {
               atomic<int> step{0};
               thread holder;
               {
                 timed_mutex a;
                 label(a, "A");
                 holder = thread{[&] {
                   a.lock();
                   step.store(1);
                   a.unlock();
                 }};
                 while (step.load() == 0) this_thread::yield();
               }
               holder.join();
             }).starts_with("leaked_lock: main destroys A while t1 holds it"));
}

BOOST_AUTO_TEST_CASE(a_lock_leaked_by_an_exception_is_told_with_it) {
  const auto text = message([] {
    mutex a;
    label(a, "A");
    a.lock();
    throw std::runtime_error{"boom"};
  });
  BOOST_TEST(text == "main destroys A while it holds it; then std::runtime_error: boom leaves main");
}

BOOST_AUTO_TEST_CASE(a_lock_that_is_released_twice_or_by_another_thread_is_found) {
  BOOST_TEST(verdict([] {
               mutex a;
               label(a, "A");
               a.lock(), a.unlock(), a.unlock();
             }) == "bad_unlock: main unlocks A without holding it");
  BOOST_TEST(verdict([] {
               mutex a;
               label(a, "A");
               a.lock();
               concurrently([&] { a.unlock(); });
             }) == "bad_unlock: t1 unlocks A without holding it");
  BOOST_TEST(verdict([] {
               shared_mutex a;
               label(a, "A");
               a.lock_shared(), a.unlock();
             }) == "bad_unlock: main unlocks A without holding it");
  BOOST_TEST(verdict([] {
               shared_mutex a;
               label(a, "A");
               a.lock(), a.unlock_shared();
             }) == "bad_unlock: main unlocks A without sharing it");
  BOOST_TEST(verdict([] {
               recursive_mutex a;
               label(a, "A");
               a.lock(), a.unlock(), a.unlock();
             }) == "bad_unlock: main unlocks A without holding it");
}

BOOST_AUTO_TEST_CASE(an_object_that_is_destroyed_before_it_is_used_is_found) {
  BOOST_TEST(verdict([] {
               thread user;
               {
                 mutex a;
                 label(a, "A");
                 user = thread{[&] { const std::lock_guard lock{a}; }};
               }
               user.join();
             }) == "check: main destroys A, which t1 is about to use");
}

BOOST_AUTO_TEST_CASE(a_condition_variable_may_go_once_all_who_waited_were_notified) {
  const auto destroys = [](bool notified) {
    return found([=] {
      mutex guard;
      bool ready = false;
      std::optional<condition_variable> changed{std::in_place};
      thread waiter{[&] {
        std::unique_lock lock{guard};
        changed->wait(lock, [&] { return ready; });
      }};
      {
        const std::lock_guard lock{guard};
        ready = true;
        if (notified) changed->notify_all();
        changed.reset();
      }
      waiter.join();
    });
  };
  BOOST_TEST(destroys(true) == "none");
  BOOST_TEST(destroys(false) == "check");
}

BOOST_AUTO_TEST_CASE(an_atomic_operation_with_an_order_that_is_not_one_for_it_is_found) {
  const auto with = [](auto operation) {
    return found([=] {
      atomic<int> x{0};
      operation(x);
    });
  };
  BOOST_TEST(with([](atomic<int>& x) { static_cast<void>(x.load(std::memory_order_release)); }) == "check");
  BOOST_TEST(with([](atomic<int>& x) { x.store(1, std::memory_order_acquire); }) == "check");
  BOOST_TEST(with([](atomic<int>& x) { x.wait(1, std::memory_order_acq_rel); }) == "check");
  BOOST_TEST(with([](atomic<int>& x) {
               int one = 1;
               x.compare_exchange_strong(one, 2, std::memory_order_acq_rel, std::memory_order_release);
             }) == "check");
}

BOOST_AUTO_TEST_SUITE_END()
