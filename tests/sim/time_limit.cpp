// Waits with a time limit, and sleeps, that are over although others could go on.
#include <lockstep/memory/table.hpp>
#include <lockstep/sim/clock.hpp>
#include <lockstep/sim/concurrently.hpp>
#include <lockstep/sim/condition_variable.hpp>
#include <lockstep/sim/sim.hpp>
#include <lockstep/sim/simulated.hpp>

#include "support.hpp"

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <functional>
#include <mutex>
#include <set>
#include <string>
#include <type_traits>

using namespace lockstep::sim;
using namespace std::chrono_literals;

namespace {

struct Seen {
  std::set<std::string> outcomes;
  Result result;
};

/// What comes of `body`, which returns it, with so many early timeouts.
Seen seen(const std::function<std::string()>& body, unsigned timeouts) {
  Seen all;
  all.result = explore([&] { all.outcomes.insert(body()); }, {.timeouts = timeouts});
  return all;
}

/// `body` has `one` outcome if time passes only while nobody can go on, and `others` as well if it need not.
void differs(const std::function<std::string()>& body, const std::string& one, std::set<std::string> others,
             unsigned timeouts = 1) {
  const Seen timely = seen(body, 0);
  BOOST_TEST(timely.outcomes == std::set{one}, boost::test_tools::per_element());
  BOOST_TEST(timely.result.complete);
  BOOST_TEST(timely.result.timely_only);
  BOOST_TEST(!timely.result.proven());
  const Seen any = seen(body, timeouts);
  others.insert(one);
  BOOST_TEST(any.outcomes == others, boost::test_tools::per_element());
  BOOST_TEST(any.result.complete);
  BOOST_TEST(!any.result.timely_only);
  BOOST_TEST(any.result.proven());
}

/// A wait with a limit, and how it ended.
template <class Wait>
bool in_time(Wait&& wait) {
  const auto limit = clock::now() + 1ms;
  const bool had = wait(limit);
  check(had || clock::now() >= limit, "who is too late is late");
  return had;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(time_limit)

BOOST_AUTO_TEST_CASE(a_lock_is_not_had_in_time_though_its_holder_goes_on) {
  differs(
      [] {
        timed_mutex mutex;
        bool had = true;
        concurrently([&] { const std::scoped_lock guard{mutex}; },
                     [&] {
                       had = in_time([&](auto limit) { return mutex.try_lock_until(limit); });
                       if (had) mutex.unlock();
                     });
        check(!had || clock::now() == clock::time_point{}, "who has the lock is in time");
        return had ? "had" : "too late";
      },
      "had", {"too late"});
}

BOOST_AUTO_TEST_CASE(nor_is_a_shared_lock_on_either_side) {
  differs(
      [] {
        shared_timed_mutex mutex;
        bool had = true;
        concurrently([&] { const std::scoped_lock guard{mutex}; },
                     [&] {
                       had = in_time([&](auto limit) { return mutex.try_lock_shared_until(limit); });
                       if (had) mutex.unlock_shared();
                     });
        return had ? "had" : "too late";
      },
      "had", {"too late"});
  differs(
      [] {
        shared_timed_mutex mutex;
        bool had = true;
        concurrently(
            [&] {
              mutex.lock_shared();
              mutex.unlock_shared();
            },
            [&] {
              had = in_time([&](auto limit) { return mutex.try_lock_until(limit); });
              if (had) mutex.unlock();
            });
        return had ? "had" : "too late";
      },
      "had", {"too late"});
}

BOOST_AUTO_TEST_CASE(a_permit_comes_too_late) {
  differs(
      [] {
        binary_semaphore permit{0};
        bool had = true;
        concurrently([&] { permit.release(); },
                     [&] { had = in_time([&](auto limit) { return permit.try_acquire_until(limit); }); });
        return had ? "had" : "too late";
      },
      "had", {"too late"});
}

BOOST_AUTO_TEST_CASE(a_notification_comes_too_late) {
  const auto waits_for = [](auto condition) {
    differs(
        [] {
          mutex guard;
          typename decltype(condition)::type changed;
          bool ready = false;
          bool seen = true;
          concurrently(
              [&] {
                const std::scoped_lock lock{guard};
                ready = true;
                changed.notify_one();
              },
              [&] {
                std::unique_lock lock{guard};
                seen = in_time([&](auto limit) {
                  while (!ready && clock::now() < limit) changed.wait_until(lock, limit);
                  return ready;
                });
              });
          return seen ? "in time" : "too late";
        },
        "in time", {"too late"});
  };
  waits_for(std::type_identity<condition_variable>{});
  waits_for(std::type_identity<condition_variable_any>{});
}

BOOST_AUTO_TEST_CASE(who_sleeps_long_enough_is_not_sure_that_others_are_done) {
  differs(
      [] {
        atomic<int> done{0};
        int found = 0;
        concurrently([&] { done = 1; },
                     [&] {
                       this_thread::sleep_for(1s);
                       found = done;
                     });
        return found == 1 ? "done" : "not yet";
      },
      "done", {"not yet"});
}

BOOST_AUTO_TEST_CASE(who_sleeps_longer_may_be_first) {
  differs(
      [] {
        mutex guard;
        std::string order;
        const auto sleep = [&](std::chrono::milliseconds time, const char* name) {
          this_thread::sleep_for(time);
          const std::scoped_lock lock{guard};
          order += name;
        };
        concurrently([&] { sleep(10ms, "a"); }, [&] { sleep(20ms, "b"); });
        return order;
      },
      "ab", {"ba"}, 2);
}

// Who takes a lease over when it has run out must not meet one who finds by the clock that it has not.
BOOST_AUTO_TEST_CASE(who_learns_of_another_is_not_earlier) {
  const auto body = [] {
    const auto end = clock::now() + 10ms;
    atomic<bool> taken_over{false};
    concurrently(
        [&] {
          this_thread::sleep_until(end);
          taken_over = true;
        },
        [&] {
          const bool others = taken_over;
          check(!others || clock::now() >= end, "a lease that was taken over has run out");
        });
    return std::string{};
  };
  const Seen any = seen(body, 1);
  BOOST_TEST(any.result.passed());
  BOOST_TEST(any.result.complete);
}

BOOST_AUTO_TEST_CASE(nor_who_writes_what_another_has_read) {
  const Seen any = seen(
      [] {
        const auto end = clock::now() + 10ms;
        atomic<int> value{0};
        int read = 0;
        auto written = end;
        concurrently(
            [&] {
              this_thread::sleep_until(end);
              read = value;
            },
            [&] {
              value = 1;
              written = clock::now();
            });
        check(read == 1 || written >= end, "who writes after a read at the end does so at the end or later");
        return std::to_string(read);
      },
      1);
  BOOST_TEST(any.result.passed());
  BOOST_TEST(any.outcomes == (std::set<std::string>{"0", "1"}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(nobody_is_later_than_what_this_execution_taught_him) {
  const Seen any = seen(
      [] {
        atomic<int> value{0};
        const auto sleep = [](std::chrono::milliseconds time) {
          check(clock::now() == clock::time_point{}, "a thread begins at the beginning");
          this_thread::sleep_for(time);
        };
        concurrently(
            [&] {
              sleep(5ms);
              check(value == 1 || clock::now() < clock::time_point{10ms},
                    "who has heard nothing is not late");
            },
            [&] {  // is late in an execution before one in which the other is
              sleep(10ms);
              value = 1;
            });
        return std::string{};
      },
      1);
  BOOST_TEST_INFO(any.result.report());
  BOOST_TEST(any.result.passed());
}

BOOST_AUTO_TEST_CASE(no_more_of_them_than_allowed_are_over) {
  const auto body = [] {
    atomic<int> done{0};
    std::string found(2, ' ');
    const auto look = [&](std::size_t at) {
      this_thread::sleep_for(1ms);
      found[at] = done == 1 ? 'y' : 'n';
    };
    concurrently([&] { done = 1; }, [&] { look(0); }, [&] { look(1); });
    return found;
  };
  const Seen one = seen(body, 1);
  BOOST_TEST(one.outcomes == (std::set<std::string>{"ny", "yn", "yy"}), boost::test_tools::per_element());
  BOOST_TEST(one.result.timely_only);
  const Seen two = seen(body, 2);
  BOOST_TEST(two.outcomes == (std::set<std::string>{"nn", "ny", "yn", "yy"}),
             boost::test_tools::per_element());
  BOOST_TEST(!two.result.timely_only);
}

BOOST_AUTO_TEST_CASE(nor_who_is_started_joined_or_woken_by_another) {
  const auto body = [] {
    const auto end = clock::now() + 10ms;
    mutex guard;
    condition_variable changed;
    bool over = false;
    thread waiting{[&] {
      std::unique_lock lock{guard};
      changed.wait(lock, [&] { return over; });
      check(clock::now() >= end, "who is woken");
    }};
    thread sleeping{[&] {
      this_thread::sleep_until(end);
      thread started{[&] { check(clock::now() >= end, "who is started"); }};
      started.join();
      {
        const std::scoped_lock lock{guard};
        over = true;
      }
      changed.notify_one();
    }};
    sleeping.join();
    check(clock::now() >= end, "who joins");
    waiting.join();
    return std::string{};
  };
  const Seen any = seen(body, 1);
  BOOST_TEST_INFO(any.result.report());
  BOOST_TEST(any.result.passed());
  BOOST_TEST(any.result.complete);
}

BOOST_AUTO_TEST_CASE(nor_is_who_comes_after_an_attempt_that_was_too_late) {
  const Seen any = seen(
      [] {
        timed_mutex mutex;
        const auto end = clock::now() + 10ms;
        auto unlocked = end;
        bool had = true;
        concurrently(
            [&] {
              mutex.lock();
              mutex.unlock();
              unlocked = clock::now();
            },
            [&] {
              had = mutex.try_lock_until(end);
              if (had) mutex.unlock();
            });
        check(had || unlocked >= end, "who gives a lock up after somebody has waited too long is as late");
        return std::string{};
      },
      1);
  BOOST_TEST_INFO(any.result.report());
  BOOST_TEST(any.result.passed());
}

// Within a step it is what the step writes that others learn from.
BOOST_AUTO_TEST_CASE(nor_is_who_looks_at_what_a_late_step_has_written) {
  const Seen any = seen(
      [] {
        const auto end = clock::now() + 10ms;
        bool taken = false;
        bool others = false;
        concurrently(
            [&] {
              step("take over", {writes("lease")}, [&] {
                this_thread::sleep_until(end);
                taken = true;
              });
            },
            [&] {
              step("look", {reads("lease")}, [&] { others = taken; });
              check(!others || clock::now() >= end, "a lease that was taken over has run out");
            });
        return std::string{others ? "taken" : "free"};
      },
      1);
  BOOST_TEST_INFO(any.result.report());
  BOOST_TEST(any.result.passed());
  BOOST_TEST(any.outcomes == (std::set<std::string>{"free", "taken"}), boost::test_tools::per_element());
}

// Who waits inside a step is seen waiting before the time is over: one who asks meanwhile closes a cycle.
BOOST_AUTO_TEST_CASE(a_limit_inside_a_step_is_over_after_others_have_seen_who_waits) {
  const auto body = [](auto&& storage_of) {
    return [storage_of] {
      lockstep::memory::Database<Runtime> db;
      lockstep::memory::Table<int, int, Runtime> table{db, "records"};
      auto&& records = storage_of(table);
      std::string first;
      std::string second;
      const auto both = [&](int one, int other, lockstep::Wait wait, std::string& told) {
        auto session = records.session();
        records.lock(session, one, lockstep::LockMode::exclusive, lockstep::Wait::forever());
        try {
          records.lock(session, other, lockstep::LockMode::exclusive, wait);
          told = "both";
        } catch (const lockstep::LockTimeout&) {
          told = "timeout";
        } catch (const lockstep::Deadlock&) {
          told = "deadlock";
        }
      };
      concurrently([&] { both(1, 2, lockstep::Wait::up_to(1s), first); },
                   [&] { both(2, 1, lockstep::Wait::forever(), second); });
      return first + "/" + second;
    };
  };
  const Seen engine = seen(body([](auto& table) -> auto& { return table; }), 3);
  const Seen steps = seen(body([](auto& table) { return Simulated{table}; }), 3);
  BOOST_TEST(engine.result.complete);
  BOOST_TEST(steps.result.complete);
  BOOST_TEST(steps.outcomes == engine.outcomes, boost::test_tools::per_element());
  BOOST_TEST(steps.outcomes.contains("timeout/deadlock"));
}

// The clock of one who has been late is past limits that others have yet to reach.
BOOST_AUTO_TEST_CASE(a_limit_that_is_past_for_a_thread_is_past) {
  const Seen any = seen(
      [] {
        timed_mutex mutex;
        bool had = true;
        concurrently([&] { const std::scoped_lock guard{mutex}; },
                     [&] {
                       const auto limit = clock::now() + 1ms;
                       this_thread::sleep_for(2ms);
                       had = mutex.try_lock_until(limit);
                       if (had) mutex.unlock();
                     });
        return had ? "had" : "too late";
      },
      1);
  BOOST_TEST(any.outcomes == (std::set<std::string>{"had", "too late"}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(what_is_found_is_shortened_and_replayed) {
  const auto body = [] {
    atomic<int> done{0};
    concurrently([&] { done = 1; },
                 [&] {
                   this_thread::sleep_for(1s);
                   check(done == 1, "it was long enough");
                 });
  };
  BOOST_TEST(explore(body).passed());
  const Result found = explore(body, {.timeouts = 1});
  BOOST_REQUIRE(found.finding);
  BOOST_TEST(timeline(*found.finding).find("is over before others go on") != std::string::npos);
  const Result again = replay(body, found.finding->token, {.timeouts = 1});
  BOOST_REQUIRE(again.finding);
  BOOST_TEST(timeline(*again.finding) == timeline(*found.finding));
}

BOOST_AUTO_TEST_CASE(without_threads_or_limits_nothing_is_left_out) {
  const Result alone = explore([] { this_thread::sleep_for(1s); });
  BOOST_TEST(!alone.timely_only);
  const Result unlimited = explore([] {
    mutex guard;
    concurrently([&] { const std::scoped_lock lock{guard}; }, [&] { const std::scoped_lock lock{guard}; });
  });
  BOOST_TEST(!unlimited.timely_only);
}

BOOST_AUTO_TEST_SUITE_END()
