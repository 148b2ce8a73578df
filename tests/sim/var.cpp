#include <lockstep/sim/var.hpp>

#include "support.hpp"

#include <boost/test/unit_test.hpp>

#include <array>
#include <chrono>
#include <concepts>
#include <mutex>
#include <random>
#include <shared_mutex>
#include <string>
#include <vector>

BOOST_AUTO_TEST_SUITE(vars)

namespace {

using namespace lockstep::sim;
using namespace std::chrono_literals;
using test::concurrently;
using test::found;

constexpr auto relaxed = std::memory_order_relaxed;
constexpr auto acquire = std::memory_order_acquire;
constexpr auto release = std::memory_order_release;

/// In the first execution alone, in which threads run one after the other: what is found there is not found
/// by the order that they happen to have.
std::string found_at_once(const std::function<void()>& body) { return found(body, {.executions = 1}); }

/// A value passed by a flag: who writes it calls `send(flag)`, who reads it does so if `receive(flag)`.
template <class Send, class Receive>
std::string passing(Send send, Receive receive) {
  return found([&] {
    var<int> data{0};
    atomic<int> flag{0};
    concurrently(
        [&] {
          data = 1;
          send(flag);
        },
        [&] {
          if (receive(flag)) check(data.get() == 1, "the value is there");
        });
  });
}

auto stores(std::memory_order order) {
  return [order](atomic<int>& flag) { flag.store(1, order); };
}
auto loads(std::memory_order order) {
  return [order](atomic<int>& flag) { return flag.load(order) == 1; };
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_var_is_used_like_the_plain_variable_that_it_stands_for) {
  const Result result = explore([] {
    var<int> x{5};
    var y = x;
    check(x == 5 && y + 1 == 6, "it converts");
    x = 7;
    x += 2;
    x -= 1;
    x *= 3;
    x |= 1;
    x &= 31;
    check(x.get() == 25 && ++x == 26 && x++ == 26 && --x == 26 && x-- == 26, "it calculates");
    y = x;
    check(y.read() == 25, "it is copied");
    y.write() = 4;
    y.set(y.get() + 1);
    check(y == 5, "it is changed in place");
    var<std::string> name{"ann"};
    name = "bob";
    name.write() += "by";
    check(name.read() == "bobby", "it holds anything");
    struct Account {
      var<int> balance{10};
      var<bool> open;
    };
    const Account account;
    Account copy = account;
    copy.open = true;
    copy = Account{};
    check(copy.balance == 10 && !copy.open, "structures of them are copied");
  });
  BOOST_TEST(result.passed(), result.report());
  static_assert(std::copyable<var<int>>);
}

BOOST_AUTO_TEST_CASE(outside_an_execution_it_is_a_plain_value) {
  var<int> x{1};
  x += 2;
  BOOST_TEST(x.get() == 3);
}

BOOST_AUTO_TEST_CASE(two_writes_that_nothing_orders_are_a_race_named_with_both_lines) {
  const unsigned line = __LINE__ + 4;
  const Result result = explore([] {
    var<int> balance{0};
    label(balance, "balance");
    const auto write = [&] { balance = 1; };
    const auto read = [&] { static_cast<void>(balance.get()); };
    concurrently(write, read);
  });
  BOOST_TEST(found(result) == "data_race");
  BOOST_TEST(result.finding->message == "t1 writes balance (var.cpp:" + std::to_string(line) +
                                            ") and t2 reads it (var.cpp:" + std::to_string(line + 1) +
                                            "), and neither happens before the other");
  BOOST_TEST(result.executions == 1U);
  BOOST_REQUIRE(result.finding->steps.size() == 2U);
  BOOST_TEST(result.finding->steps[0].operation == "write");
  BOOST_TEST(result.finding->steps[0].outcome == "= 1");
  BOOST_TEST((result.finding->steps[1].source == SourceLine{"var.cpp", line + 1}));
}

BOOST_AUTO_TEST_CASE(a_race_replays) {
  const auto body = [] {
    var<int> x{0};
    atomic<int> y{0};
    concurrently([&] { y.store(1), x = 1; }, [&] { y.store(2), x = 2; });
  };
  const Result result = explore(body);
  const Result again = replay(body, result.finding->token);
  BOOST_TEST(found(again) == "data_race");
  BOOST_TEST(again.finding->message == result.finding->message);
  BOOST_TEST((again.finding->steps == result.finding->steps));
}

BOOST_AUTO_TEST_CASE(reads_do_not_race_with_each_other) {
  const Result result = explore([] {
    var<int> x{1};
    const auto read = [&] { check(x == 1, "it is there"); };
    concurrently(read, read, read);
  });
  BOOST_TEST(result.passed(), result.report());
  BOOST_TEST(result.executions == 1U);
}

BOOST_AUTO_TEST_CASE(accesses_add_no_interleavings) {
  const auto executions = [](auto body) { return explore(body).executions; };
  BOOST_TEST(executions([] {
               mutex guard;
               var<int> x{0};
               const auto work = [&] {
                 const std::lock_guard lock{guard};
                 x += 1;
                 x += 2;
               };
               concurrently(work, work, work);
               check(x == 9, "all are counted");
             }) == 6U);
}

BOOST_AUTO_TEST_CASE(starting_and_joining_order_accesses) {
  const Result result = explore([] {
    var<int> x{0};
    x = 1;
    thread first{[&] { x += 1; }};
    first.join();
    x += 1;
    thread second{[&] { thread{[&] { x += 1; }}.join(); }};
    second.join();
    check(x == 4, "in order");
  });
  BOOST_TEST(result.passed(), result.report());
  BOOST_TEST(found([] {
               var<int> x{0};
               atomic<int> step{0};
               thread first{[&] { step.store(1), x += 1; }};
               x += 1;
               first.join();
             }) == "data_race");
  BOOST_TEST(found([] {
               var<int> x{0};
               thread first{[&] { x += 1; }};
               x += 1;
               first.join();
             }) == "data_race");
}

BOOST_AUTO_TEST_CASE(a_flag_passes_a_value_by_release_and_acquire_and_not_by_less) {
  BOOST_TEST(passing(stores(release), loads(acquire)) == "none");
  BOOST_TEST(passing(stores(std::memory_order_seq_cst), loads(std::memory_order_seq_cst)) == "none");
  BOOST_TEST(passing(stores(relaxed), loads(acquire)) == "data_race");
  BOOST_TEST(passing(stores(release), loads(relaxed)) == "data_race");
  BOOST_TEST(passing(stores(relaxed), loads(relaxed)) == "data_race");
}

BOOST_AUTO_TEST_CASE(fences_order_relaxed_accesses_around_them) {
  const auto fenced_store = [](atomic<int>& flag) {
    lockstep::sim::atomic_thread_fence(release);
    flag.store(1, relaxed);
  };
  const auto fenced_load = [](atomic<int>& flag) {
    const bool set = flag.load(relaxed) == 1;
    lockstep::sim::atomic_thread_fence(acquire);
    return set;
  };
  BOOST_TEST(passing(fenced_store, fenced_load) == "none");
  BOOST_TEST(passing(fenced_store, loads(acquire)) == "none");
  BOOST_TEST(passing(stores(release), fenced_load) == "none");
  BOOST_TEST(passing(fenced_store, loads(relaxed)) == "data_race");
  BOOST_TEST(passing(
                 [](atomic<int>& flag) {
                   flag.store(1, relaxed);
                   lockstep::sim::atomic_thread_fence(release);
                 },
                 fenced_load) == "data_race");
}

BOOST_AUTO_TEST_CASE(a_release_sequence_goes_on_through_read_modify_writes_and_ends_at_a_store) {
  const auto through = [](auto middle) {
    return found([&] {
      var<int> data{0};
      atomic<int> flag{0};
      concurrently([&] { data = 1, flag.store(1, release); },
                   [&] {
                     int one = 1;
                     if (flag.load(relaxed) == 1) middle(flag, one);
                   },
                   [&] {
                     if (flag.load(acquire) == 2) static_cast<void>(data.get());
                   });
    });
  };
  BOOST_TEST(through([](atomic<int>& flag, int) { flag.fetch_add(1, relaxed); }) == "none");
  BOOST_TEST(through([](atomic<int>& flag, int& one) {
               flag.compare_exchange_strong(one, 2, relaxed, relaxed);
             }) == "none");
  BOOST_TEST(through([](atomic<int>& flag, int) { flag.store(2, release); }) == "data_race");
  // Since C++20 not even a store by the thread that began the sequence belongs to it.
  BOOST_TEST(passing([](atomic<int>& flag) { flag.store(2, release), flag.store(1, relaxed); },
                     loads(acquire)) == "data_race");
}

BOOST_AUTO_TEST_CASE(a_compare_exchange_orders_by_the_order_of_its_outcome) {
  const auto tries = [](int expected, std::memory_order success, std::memory_order failure) {
    return [=](atomic<int>& flag) {
      int value = expected;
      return flag.compare_exchange_strong(value, 2, success, failure) || value == 1;
    };
  };
  BOOST_TEST(passing(stores(release), tries(1, acquire, relaxed)) == "none");
  BOOST_TEST(passing(stores(release), tries(1, relaxed, acquire)) == "data_race");
  BOOST_TEST(passing(stores(release), tries(1, acquire, acquire)) == "none");
  BOOST_TEST(passing(stores(release), tries(7, acquire, relaxed)) == "data_race");
  BOOST_TEST(passing(stores(release), tries(7, relaxed, acquire)) == "none");
}

BOOST_AUTO_TEST_CASE(a_wait_orders_like_the_load_that_ends_it) {
  const auto waits = [](std::memory_order order) {
    return [order](atomic<int>& flag) {
      flag.wait(0, order);
      return true;
    };
  };
  const auto notifies = [](atomic<int>& flag) { flag.store(1, release), flag.notify_one(); };
  BOOST_TEST(passing(notifies, waits(acquire)) == "none");
  BOOST_TEST(passing(notifies, waits(relaxed)) == "data_race");
}

BOOST_AUTO_TEST_CASE(a_mutex_orders_what_is_done_under_it_and_nothing_else) {
  const auto write = [](bool locked) {
    return found([=] {
      mutex guard;
      var<int> x{0};
      concurrently(
          [&] {
            const std::lock_guard lock{guard};
            x = 1;
          },
          [&] {
            if (locked) {
              const std::lock_guard lock{guard};
              x = 2;
            } else {
              {
                const std::lock_guard lock{guard};
              }
              x = 2;
            }
          });
    });
  };
  BOOST_TEST(write(true) == "none");
  BOOST_TEST(write(false) == "data_race");
}

BOOST_AUTO_TEST_CASE(a_try_lock_that_fails_orders_nothing) {
  BOOST_TEST(found([] {
               mutex guard;
               var<int> x{0};
               concurrently(
                   [&] {
                     x = 1;
                     guard.lock();
                     guard.unlock();
                   },
                   [&] {
                     if (guard.try_lock()) return guard.unlock();
                     static_cast<void>(x.get());
                   });
             }) == "data_race");
}

BOOST_AUTO_TEST_CASE(a_shared_mutex_orders_readers_and_writers_but_not_readers_among_themselves) {
  const auto second_writes = [](bool alone) {
    return found_at_once([=] {
      shared_mutex guard;
      var<int> x{0};
      concurrently(
          [&] {
            const std::shared_lock lock{guard};
            static_cast<void>(x.get());
          },
          [&] {
            if (alone) {
              const std::lock_guard lock{guard};
              x = 1;
            } else {
              const std::shared_lock lock{guard};
              x = 1;
            }
          });
    });
  };
  BOOST_TEST(second_writes(true) == "none");
  BOOST_TEST(second_writes(false) == "data_race");
}

BOOST_AUTO_TEST_CASE(a_condition_variable_orders_by_its_mutex_alone) {
  const auto wait = [](bool locked) {
    return found([=] {
      mutex guard;
      condition_variable changed;
      var<bool> ready{false};
      concurrently(
          [&] {
            std::unique_lock lock{guard};
            changed.wait(lock, [&] { return ready.get(); });
          },
          [&] {
            if (locked) guard.lock();
            ready = true;
            if (locked) guard.unlock();
            changed.notify_one();
          });
    });
  };
  BOOST_TEST(wait(true) == "none");
  BOOST_TEST(wait(false) == "data_race");
}

BOOST_AUTO_TEST_CASE(semaphores_latches_and_barriers_order_accesses) {
  const Result result = explore([] {
    var<int> one{0};
    var<int> two{0};
    var<int> three{0};
    binary_semaphore filled{0};
    latch done{2};
    barrier phase{2, [&] { three += 1; }};
    concurrently(
        [&] {
          one = 1;
          filled.release();
          done.count_down();
          phase.arrive_and_wait();
          check(two == 1 && three == 1, "of the phase before");
          phase.arrive_and_wait();
          two = 2;
        },
        [&] {
          filled.acquire();
          one += 1;
          two = 1;
          phase.arrive_and_wait();
          static_cast<void>(two.get());
          phase.arrive_and_wait();
          done.count_down();
        },
        [&] {
          done.wait();
          check(one == 2, "both are done");
        });
  });
  BOOST_TEST(result.passed(), result.report());
  BOOST_TEST(result.complete);
}

BOOST_AUTO_TEST_CASE(semaphores_latches_and_barriers_order_in_one_direction) {
  BOOST_TEST(found([] {
               var<int> x{0};
               counting_semaphore<2> places{2};
               const auto enter = [&] { places.acquire(), x += 1, places.release(); };
               concurrently(enter, enter);
             }) == "data_race");
  BOOST_TEST(found([] {
               var<int> x{0};
               latch done{2};
               concurrently([&] { done.count_down(), x = 1; },
                            [&] {
                              done.arrive_and_wait();
                              static_cast<void>(x.get());
                            });
             }) == "data_race");
  BOOST_TEST(found([] {
               var<int> x{0};
               barrier phase{2};
               concurrently([&] { phase.arrive_and_wait(), x = 1; },
                            [&] {
                              phase.arrive_and_wait();
                              static_cast<void>(x.get());
                            });
             }) == "data_race");
}

BOOST_AUTO_TEST_CASE(steps_order_by_what_they_read_and_write) {
  const auto passes = [](Access last) {
    return found([=] {
      var<int> data{0};
      int row = 0;
      concurrently(
          [&] {
            data = 1;
            step("save", {writes("row")}, [&] { row = 1; });
          },
          [&] {
            if (step("load", {last}, [&] { return row; }) == 1) static_cast<void>(data.get());
          });
    });
  };
  BOOST_TEST(passes(reads("row")) == "none");
  BOOST_TEST(found_at_once([] {
               var<int> data{0};
               concurrently([&] { data = 1, step("look", {reads("row")}, [] {}); },
                            [&] { step("look", {reads("row")}, [] {}), data = 2; });
             }) == "data_race");
}

BOOST_AUTO_TEST_CASE(sleeping_orders_nothing) {
  BOOST_TEST(found([] {
               var<int> x{0};
               concurrently([&] { x = 1; }, [&] { this_thread::sleep_for(1s), x = 2; });
             }) == "data_race");
}

BOOST_AUTO_TEST_CASE(to_destroy_a_variable_that_is_still_used_is_a_race) {
  const auto text = test::message([] {
    atomic<int> step{0};
    thread user;
    {
      var<int> x{0};
      label(x, "x");
      user = thread{[&] { x = 1; }};
    }
    user.join();
  });
  BOOST_TEST(text.starts_with("main destroys x and t1 writes it (var.cpp:"), text);
}

BOOST_AUTO_TEST_CASE(a_loop_that_waits_for_a_plain_flag_is_a_race_where_another_thread_sets_it) {
  BOOST_TEST(found([] {
               var<bool> ready{false};
               atomic<int> x{0};
               concurrently(
                   [&] {
                     while (!ready) {
                     }
                   },
                   [&] { x.store(1), ready = true; });
             }) == "data_race");
}

BOOST_AUTO_TEST_CASE(a_loop_that_waits_for_a_plain_flag_that_nobody_sets_ends) {
  const auto text = test::message(
      [] {
        var<bool> ready{false};
        while (!ready) {
        }
      },
      {.steps = 1'000});
  BOOST_TEST(text.starts_with("main touches plain variables 11000 times"), text);
}

BOOST_AUTO_TEST_CASE(a_race_decides_before_the_value_that_it_reads_does) {
  // The value leads t2 to where nothing is visible: the race is found in every interleaving all the same.
  const Result result = test::explore_all([] {
    var<bool> ready{false};
    atomic<int> x{0};
    concurrently([&] { x.store(1), ready = true, x.store(2); },
                 [&] {
                   x.store(3);
                   if (ready) x.store(4);
                 });
  });
  BOOST_TEST(result.found.at(FindingKind::data_race) == result.executions);
}

namespace {

/// What a thread does in one step of a random program.
struct Act {
  enum class Kind { store, load, add, exchange, guarded_write, write, read, read_if_set } kind;
  std::memory_order order;
};
using Program = std::vector<std::vector<Act>>;

/// Runs it; with `everywhere` there is a choice before each act, of plain variables too.
void run(const Program& program, bool everywhere) {
  atomic<int> flag{0};
  mutex guard;
  var<int> data{0};
  const auto act = [&](const Act& each) {
    if (everywhere) {
      static const ObjectId all = object("all");
      SimpleOperation choice{"choice", writes(all)};
      Execution::current()->visible(choice);
    }
    switch (each.kind) {
      case Act::Kind::store:
        return flag.store(1, each.order == acquire ? release : each.order);
      case Act::Kind::load:
        return static_cast<void>(flag.load(each.order == release ? acquire : each.order));
      case Act::Kind::add:
        return static_cast<void>(flag.fetch_add(1, each.order));
      case Act::Kind::exchange:
        return static_cast<void>(flag.exchange(0, each.order));
      case Act::Kind::guarded_write: {
        const std::lock_guard lock{guard};
        data = 3;
        return;
      }
      case Act::Kind::write:
        return data.set(1);
      case Act::Kind::read:
        return static_cast<void>(data.get());
      case Act::Kind::read_if_set:
        if (flag.load(each.order == release ? acquire : each.order) == 1) static_cast<void>(data.get());
    }
  };
  test::repeatedly(static_cast<unsigned>(program.size()), [&](unsigned thread) {
    for (const Act& each : program[thread]) act(each);
  });
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_race_is_found_exactly_if_some_order_of_all_accesses_has_one) {
  std::mt19937 random{11};
  constexpr std::array orders{relaxed, acquire, release, std::memory_order_acq_rel};
  std::array<unsigned, 2> verdicts{};
  for (int round = 0; round != 150; ++round) {
    Program program(2 + random() % 2);
    for (auto& thread : program) {
      thread.resize(program.size() == 2 ? 3 : 2);
      for (Act& act : thread) {
        act.kind = static_cast<Act::Kind>(random() % 8);
        act.order = act.kind == Act::Kind::add || act.kind == Act::Kind::exchange ? orders[random() % 4]
                                                                                  : orders[random() % 3];
      }
    }
    const bool race = !explore([&] { run(program, false); }).passed();
    const bool expected = !explore([&] { run(program, true); }).passed();
    if (race != expected) BOOST_TEST(race == expected, "program " << round);
    ++verdicts[race ? 1 : 0];
  }
  BOOST_TEST(verdicts[0] > 15U);
  BOOST_TEST(verdicts[1] > 15U);
}

BOOST_AUTO_TEST_SUITE_END()
