#include <lockstep/sim/jthread.hpp>
#include <lockstep/sim/stop_token.hpp>

#include "support.hpp"

#include <boost/test/unit_test.hpp>

#include <concepts>
#include <mutex>
#include <set>
#include <stdexcept>
#include <string>

BOOST_AUTO_TEST_SUITE(stop_tokens)

namespace {

using namespace lockstep::sim;
using test::concurrently;
using test::found;

template <class T>
concept Detachable = requires(T thread) { thread.detach(); };

}  // namespace

BOOST_AUTO_TEST_CASE(sources_tokens_and_callbacks_behave_as_in_std) {
  const auto test = [](auto require) {
    stop_token none;
    require(!none.stop_possible() && !none.stop_requested());
    stop_source nothing{nostopstate};
    require(!nothing.stop_possible() && !nothing.request_stop() && !nothing.get_token().stop_possible());
    stop_token orphan;
    {
      stop_source source;
      orphan = source.get_token();
      const stop_source copy{source};
      require(source == copy && orphan == copy.get_token() && orphan.stop_possible());
    }
    require(!orphan.stop_possible());
    stop_source source;
    const stop_token token = source.get_token();
    int calls = 0;
    const stop_callback before{token, [&] { ++calls; }};
    {
      const stop_callback removed{token, [&] { calls += 10; }};
    }
    require(calls == 0 && !token.stop_requested());
    require(source.request_stop() && !source.request_stop() && token.stop_requested());
    require(calls == 1);
    const stop_callback after{token, [&] { ++calls; }};
    require(calls == 2 && token.stop_possible());
    stop_source moved{std::move(source)};
    require(moved.stop_requested() && !source.stop_possible());  // NOLINT(bugprone-use-after-move)
  };
  test([](bool holds) { BOOST_TEST(holds); });
  const Result result = explore([&] { test([](bool holds) { check(holds, "as in std"); }); });
  BOOST_TEST(result.passed(), result.report());
}

BOOST_AUTO_TEST_CASE(one_of_two_requests_is_the_first) {
  const Result result = explore([] {
    stop_source source;
    atomic<int> first{0};
    const auto request = [&] {
      if (source.request_stop()) first.fetch_add(1);
    };
    concurrently(request, request);
    check(first.load() == 1, "one is");
  });
  BOOST_TEST(result.passed(), result.report());
  BOOST_TEST(result.complete);
  BOOST_TEST(result.executions == 2U);
}

BOOST_AUTO_TEST_CASE(a_callback_runs_once_on_one_of_the_two_threads) {
  std::set<unsigned> runners;
  const Result result = explore([&] {
    stop_source source;
    int calls = 0;
    concurrently([&] { source.request_stop(); },
                 [&] {
                   const stop_callback callback{source.get_token(), [&] {
                                                  ++calls;
                                                  runners.insert(Execution::current()->self());
                                                }};
                   static_cast<void>(source.stop_requested());
                 });
    check(calls <= 1, "once, or it was removed before");
  });
  BOOST_TEST(result.passed(), result.report());
  BOOST_TEST(result.complete);
  BOOST_TEST((runners == std::set<unsigned>{1, 2}));
}

BOOST_AUTO_TEST_CASE(callbacks_are_called_in_every_order) {
  std::set<std::string> orders;
  const Result result = explore([&] {
    std::string order;
    stop_source source;
    const stop_callback a{source.get_token(), [&] { order += 'a'; }};
    const stop_callback b{source.get_token(), [&] { order += 'b'; }};
    const stop_callback c{source.get_token(), [&] { order += 'c'; }};
    source.request_stop();
    orders.insert(order);
  });
  BOOST_TEST(result.executions == 6U);
  BOOST_TEST(orders.size() == 6U);
}

BOOST_AUTO_TEST_CASE(who_destroys_a_callback_waits_for_the_end_of_its_call) {
  const Result result = explore([] {
    stop_source source;
    atomic<int> stage{0};
    concurrently([&] { source.request_stop(); },
                 [&] {
                   var<bool> alive{true};
                   {
                     const stop_callback callback{source.get_token(), [&] {
                                                    check(alive.get(), "before");
                                                    stage.store(1);
                                                    check(alive.get(), "after");
                                                    stage.store(2);
                                                  }};
                   }
                   check(stage.load() != 1, "the call is over, or there was none");
                   alive = false;
                 });
  });
  BOOST_TEST(result.passed(), result.report());
  BOOST_TEST(result.complete);
}

BOOST_AUTO_TEST_CASE(a_callback_may_destroy_itself) {
  const Result result = explore([] {
    stop_source source;
    struct Self {
      std::optional<stop_callback<std::function<void()>>> callback;
    } self;
    self.callback.emplace(source.get_token(), [&] { self.callback.reset(); });
    source.request_stop();
    check(!self.callback, "it is gone");
  });
  BOOST_TEST(result.passed(), result.report());
}

BOOST_AUTO_TEST_CASE(an_exception_that_leaves_a_callback_is_found) {
  BOOST_TEST(found([] {
               stop_source source;
               const stop_callback callback{source.get_token(), [] { throw std::runtime_error{"no"}; }};
               source.request_stop();
             }) == "exception");
}

BOOST_AUTO_TEST_CASE(a_request_orders_what_was_before_it) {
  BOOST_TEST(found([] {
               stop_source source;
               var<int> x{0};
               concurrently([&] { x = 1, source.request_stop(); },
                            [&] {
                              if (source.stop_requested()) check(x == 1, "it is there");
                            });
             }) == "none");
  BOOST_TEST(found([] {
               stop_source source;
               var<int> x{0};
               concurrently([&] { x = 1, source.request_stop(); },
                            [&] {
                              if (!source.stop_requested()) static_cast<void>(x.get());
                            });
             }) == "data_race");
}

BOOST_AUTO_TEST_CASE(a_jthread_is_asked_to_stop_and_joined) {
  static_assert(!Detachable<jthread> && std::movable<jthread> && !std::copyable<jthread>);
  const Result result = explore([] {
    var<int> rounds{0};
    var<bool> ended{false};
    {
      const jthread worker{[&](const stop_token& stop, int step) {
                             while (!stop.stop_requested()) {
                               rounds += step;
                               this_thread::yield();
                             }
                             ended = true;
                           },
                           2};
      jthread plain{[] {}};
      jthread moved{std::move(plain)};
      check(!plain.joinable() && moved.joinable(), "moved");  // NOLINT(bugprone-use-after-move)
      moved = jthread{[] {}};
      moved.join();
      jthread none;
      check(!none.joinable() && !none.request_stop() && !none.get_stop_token().stop_possible(), "none");
    }
    check(ended && rounds % 2 == 0, "it has ended");
  });
  BOOST_TEST(result.passed(), result.report());
  BOOST_TEST(result.complete);
}

BOOST_AUTO_TEST_CASE(a_jthread_of_an_execution_that_fails_is_unwound) {
  BOOST_TEST(found([] {
               mutex never_free;
               never_free.lock();
               const jthread worker{[&] { never_free.lock(); }};
               check(false, "here");
             }) == "check");
  BOOST_TEST(found([] {
               latch never_open{1};
               const jthread worker{[&] { never_open.wait(); }};
             }) == "deadlock");
}

BOOST_AUTO_TEST_SUITE_END()
