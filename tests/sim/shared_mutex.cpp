#include <lockstep/sim/shared_mutex.hpp>

#include "support.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <chrono>
#include <mutex>
#include <shared_mutex>

BOOST_AUTO_TEST_SUITE(shared_mutexes)

namespace {
using namespace lockstep::sim;
using namespace std::chrono_literals;
using test::concurrently;
}  // namespace

BOOST_AUTO_TEST_CASE(readers_share_and_a_writer_excludes) {
  int most_readers = 0;
  const Result result = explore([&] {
    shared_mutex guard;
    atomic<int> readers{0};
    atomic<int> writers{0};
    const auto read = [&] {
      const std::shared_lock lock{guard};
      most_readers = std::max(most_readers, readers.fetch_add(1) + 1);
      check(writers.load() == 0, "no writer beside a reader");
      readers.fetch_sub(1);
    };
    concurrently(read, read, [&] {
      const std::unique_lock lock{guard};
      writers.fetch_add(1);
      check(readers.load() == 0, "no reader beside a writer");
      writers.fetch_sub(1);
    });
  });
  BOOST_TEST(result.passed(), result.report());
  BOOST_TEST(result.complete);
  BOOST_TEST(most_readers == 2);
}

BOOST_AUTO_TEST_CASE(sharing_commutes) {
  const Result result = explore([] {
    shared_mutex guard;
    const auto read = [&] { const std::shared_lock lock{guard}; };
    concurrently(read, read, read);
  });
  BOOST_TEST(result.executions == 1U);
}

BOOST_AUTO_TEST_CASE(try_lock_is_refused_by_readers_and_try_lock_shared_by_a_writer) {
  const Result result = explore([] {
    shared_mutex guard;
    {
      const std::shared_lock lock{guard};
      check(!guard.try_lock() && guard.try_lock_shared(), "shared");
      guard.unlock_shared();
    }
    const std::unique_lock lock{guard};
    check(!guard.try_lock() && !guard.try_lock_shared(), "exclusive");
  });
  BOOST_TEST(result.passed(), result.report());
}

BOOST_AUTO_TEST_CASE(what_a_failing_try_lock_sees_depends_on_every_reader) {
  bool refused = false;
  bool taken = false;
  explore([&] {
    shared_mutex guard;
    const auto read = [&] { const std::shared_lock lock{guard}; };
    concurrently(read, [&] {
      if (guard.try_lock()) {
        taken = true;
        guard.unlock();
      } else {
        refused = true;
      }
    });
  });
  BOOST_TEST((refused && taken));
}

BOOST_AUTO_TEST_CASE(an_upgrade_by_two_readers_is_a_deadlock_with_its_cycle) {
  const Result result = explore([] {
    shared_mutex guard;
    label(guard, "table");
    const auto upgrade = [&] {
      guard.lock_shared();
      guard.lock();
    };
    concurrently(upgrade, upgrade);
  });
  BOOST_TEST(test::found(result) == "deadlock");
  BOOST_TEST(result.finding->message.find("holds table and waits for table") != std::string::npos,
             result.finding->message);
}

BOOST_AUTO_TEST_CASE(timed_attempts_give_up_when_nobody_can_run) {
  const Result result = explore([] {
    shared_timed_mutex guard;
    guard.lock();
    concurrently([&] { check(!guard.try_lock_shared_for(5ms) && !guard.try_lock_for(5ms), "it is held"); });
    check(clock::now().time_since_epoch() == 10ms, "that took 10 ms");
    guard.unlock();
  });
  BOOST_TEST(result.passed(), result.report());
}

BOOST_AUTO_TEST_CASE(a_reader_that_leaves_wakes_who_polls_for_the_lock) {
  bool seen_after_two_attempts = false;
  const Result result = explore([&] {
    shared_mutex guard;
    atomic<int> x{0};
    int attempts = 1;
    int seen = 0;
    concurrently(
        [&] {
          guard.lock_shared();
          guard.unlock_shared();
          seen = x.load();
        },
        [&] {
          for (; !guard.try_lock(); ++attempts) this_thread::yield();
          x.store(1);
          guard.unlock();
        });
    seen_after_two_attempts = seen_after_two_attempts || (attempts > 2 && seen == 1);
  });
  BOOST_TEST(result.complete);
  BOOST_TEST(seen_after_two_attempts);
}

BOOST_AUTO_TEST_CASE(releasing_what_is_not_held_is_found) {
  BOOST_TEST(test::found([] { shared_mutex{}.unlock(); }) == "bad_unlock");
  BOOST_TEST(test::found([] { shared_mutex{}.unlock_shared(); }) == "bad_unlock");
}

BOOST_AUTO_TEST_CASE(outside_an_execution_it_locks_and_refuses_to_block) {
  shared_mutex guard;
  guard.lock_shared();
  BOOST_CHECK_THROW(guard.lock(), std::logic_error);
  guard.unlock_shared();
  guard.lock();
  BOOST_CHECK_THROW(guard.lock_shared(), std::logic_error);
  guard.unlock();
}

BOOST_AUTO_TEST_SUITE_END()
