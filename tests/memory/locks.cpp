#include <lockstep/memory/locks.hpp>

#include "support/bank.hpp"
#include "support/scripted_runtime.hpp"
#include "support/watched_runtime.hpp"

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <optional>
#include <thread>
#include <type_traits>
#include <vector>

using namespace lockstep;
using namespace std::chrono_literals;
using test::Bank;
using test::ScriptedRuntime;
using test::WatchedRuntime;
using test::WouldBlock;

namespace {

/// One thread plays all sessions: see ScriptedRuntime.
struct OneThread : test::Scripted {
  Bank<ScriptedRuntime> bank;

  memory::Session<ScriptedRuntime> session() { return bank.db.session(); }

  bool lock(memory::Session<ScriptedRuntime>& session, int key, LockMode mode = LockMode::exclusive,
            Wait wait = Wait::skip()) {
    return bank.accounts.lock(session, key, mode, wait);
  }
};

constexpr auto shared = LockMode::shared;
constexpr auto exclusive = LockMode::exclusive;

}  // namespace

BOOST_FIXTURE_TEST_SUITE(locks, OneThread)

BOOST_AUTO_TEST_CASE(any_number_hold_a_shared_lock_and_one_an_exclusive) {
  auto a = session();
  auto b = session();
  auto c = session();
  BOOST_TEST(lock(a, 1, shared));
  BOOST_TEST(lock(b, 1, shared));
  BOOST_TEST(!lock(c, 1, exclusive));
  BOOST_TEST(lock(a, 2, exclusive));
  BOOST_TEST(!lock(b, 2, shared));
  BOOST_TEST(!lock(b, 2, exclusive));
}

BOOST_AUTO_TEST_CASE(a_lock_taken_again_is_held_already) {
  auto a = session();
  BOOST_TEST(lock(a, 1, exclusive));
  BOOST_TEST(lock(a, 1, exclusive));
  BOOST_TEST(lock(a, 1, shared));
  auto b = session();
  BOOST_TEST(!lock(b, 1, shared));  // asking for less gave nothing up
}

BOOST_AUTO_TEST_CASE(a_sole_holder_of_a_shared_lock_may_upgrade_it) {
  auto a = session();
  auto b = session();
  BOOST_TEST(lock(a, 1, shared));
  BOOST_TEST(lock(a, 1, exclusive));
  BOOST_TEST(!lock(b, 1, shared));
}

BOOST_AUTO_TEST_CASE(an_upgrade_waits_for_other_holders_of_the_shared_lock) {
  auto a = session();
  auto b = std::optional{session()};
  lock(a, 1, shared);
  lock(*b, 1, shared);
  BOOST_TEST(!lock(a, 1, exclusive));
  script.blocked.emplace_back([&] { b.reset(); });
  BOOST_TEST(lock(a, 1, exclusive, Wait::forever()));
  BOOST_TEST(bank.locked(1));
}

BOOST_AUTO_TEST_CASE(a_waiter_is_granted_the_lock_when_it_is_released) {
  auto a = std::optional{session()};
  auto b = session();
  lock(*a, 1);
  script.blocked.emplace_back([&] { a.reset(); });
  BOOST_TEST(lock(b, 1, exclusive, Wait::forever()));
  BOOST_TEST(bank.locked(1));
}

BOOST_AUTO_TEST_CASE(waiters_are_granted_the_lock_in_the_order_they_came) {
  auto holder = std::optional{session()};
  auto first = session();
  auto second = session();
  lock(*holder, 1);
  bool second_granted = true;
  script.blocked.emplace_back([&] {    // the first waits, and meanwhile
    script.blocked.emplace_back([&] {  // the second waits behind it, and meanwhile
      holder.reset();                  // the lock is released.
    });
    try {
      lock(second, 1, exclusive, Wait::up_to(1s));
    } catch (const LockTimeout&) {
      second_granted = false;
    }
  });
  BOOST_TEST(lock(first, 1, exclusive, Wait::forever()));
  BOOST_TEST(!second_granted);
}

BOOST_AUTO_TEST_CASE(who_comes_later_does_not_pass_those_who_wait) {
  auto reader = session();
  auto writer = session();
  auto late = session();
  lock(reader, 1, shared);
  script.blocked.emplace_back([&] {
    BOOST_TEST(!lock(late, 1, shared));  // though the holder would share it: the writer would starve
    BOOST_CHECK_THROW(lock(late, 1, shared, Wait::never()), LockUnavailable);
  });
  BOOST_CHECK_THROW(lock(writer, 1, exclusive, Wait::forever()), WouldBlock);
  BOOST_TEST(lock(late, 1, shared));  // the writer has gone
}

BOOST_AUTO_TEST_CASE(an_upgrade_goes_before_those_who_hold_nothing) {
  auto a = session();
  auto b = std::optional{session()};
  auto writer = session();
  lock(a, 1, shared);
  lock(*b, 1, shared);
  bool granted = false;
  script.blocked.emplace_back([&] {                    // the writer waits, and meanwhile
    script.blocked.emplace_back([&] { b.reset(); });   // (while it waits for b)
    granted = lock(a, 1, exclusive, Wait::forever());  // a upgrades.
  });
  BOOST_CHECK_THROW(lock(writer, 1, exclusive, Wait::forever()), WouldBlock);
  BOOST_TEST(granted);
}

BOOST_AUTO_TEST_CASE(several_shared_waiters_are_granted_together) {
  auto holder = std::optional{session()};
  auto a = session();
  auto b = session();
  lock(*holder, 1);
  bool b_granted = false;
  script.blocked.emplace_back([&] {
    script.blocked.emplace_back([&] { holder.reset(); });
    b_granted = lock(b, 1, shared, Wait::forever());
  });
  BOOST_TEST(lock(a, 1, shared, Wait::forever()));
  BOOST_TEST(b_granted);
}

BOOST_AUTO_TEST_CASE(a_time_limit_is_kept_to_the_nanosecond_and_leaves_the_queue) {
  auto a = std::optional{session()};
  auto b = session();
  lock(*a, 1);
  BOOST_CHECK_THROW(lock(b, 1, exclusive, Wait::up_to(1500ns)), LockTimeout);
  BOOST_TEST((script.now.time_since_epoch() == 1500ns));
  BOOST_CHECK_THROW(lock(b, 1, exclusive, Wait::up_to(0ns)), LockTimeout);
  BOOST_TEST((script.now.time_since_epoch() == 1500ns));
  a.reset();
  auto c = session();
  BOOST_TEST(lock(c, 1));
}

BOOST_AUTO_TEST_CASE(a_time_limit_beyond_all_time_waits_until_granted) {
  auto a = std::optional{session()};
  auto b = session();
  lock(*a, 1);
  script.now += 1h;
  script.blocked.emplace_back([&] { a.reset(); });
  BOOST_TEST(lock(b, 1, exclusive, Wait::up_to(std::chrono::nanoseconds::max())));
}

BOOST_AUTO_TEST_CASE(a_lock_granted_at_the_last_moment_is_not_timed_out) {
  auto a = std::optional{session()};
  auto b = session();
  lock(*a, 1);
  script.blocked.emplace_back([&] {
    script.now += 1h;
    a.reset();
  });
  BOOST_TEST(lock(b, 1, exclusive, Wait::up_to(1s)));
}

BOOST_AUTO_TEST_CASE(a_cycle_of_two_is_found_and_named) {
  auto a = session();
  auto b = std::optional{session()};
  lock(a, 1);
  lock(*b, 2);
  bool found = false;
  script.blocked.emplace_back([&] {
    try {
      lock(*b, 1, exclusive, Wait::up_to(1s));
    } catch (const Deadlock& deadlock) {
      found = true;
      BOOST_REQUIRE(deadlock.cycle().size() == 2U);
      BOOST_TEST(deadlock.cycle()[0].session == b->id());
      BOOST_TEST(deadlock.cycle()[0].wants == (Place{"accounts", "1"}));
      BOOST_TEST(deadlock.cycle()[1].session == a.id());
      BOOST_TEST(deadlock.cycle()[1].wants == (Place{"accounts", "2"}));
      const auto first = std::to_string(b->id());
      const auto second = std::to_string(a.id());
      BOOST_TEST(deadlock.what() == "deadlock: session " + first +
                                        " waits for accounts[1], held by session " + second +
                                        " waits for accounts[2], held by session " + first);
    }
    b.reset();  // and so the first is granted what it waits for
  });
  BOOST_TEST(lock(a, 2, exclusive, Wait::forever()));
  BOOST_TEST(found);
}

BOOST_AUTO_TEST_CASE(a_cycle_of_three_is_found_and_named_in_order) {
  auto a = session();
  auto b = std::optional{session()};
  auto c = std::optional{session()};
  lock(a, 1);
  lock(*b, 2);
  lock(*c, 3);
  std::vector<std::uint64_t> cycle;
  script.blocked.emplace_back([&] {    // a waits for b
    script.blocked.emplace_back([&] {  // b waits for c
      try {
        lock(*c, 1, exclusive, Wait::up_to(1s));
      } catch (const Deadlock& deadlock) {
        for (const auto& waiter : deadlock.cycle()) cycle.push_back(waiter.session);
      }
      c.reset();
    });
    lock(*b, 3, exclusive, Wait::forever());
    const auto expected = std::vector{a.id() + 2, a.id(), a.id() + 1};
    BOOST_TEST(cycle == expected, boost::test_tools::per_element());
    b.reset();
  });
  BOOST_TEST(lock(a, 2, exclusive, Wait::forever()));
}

BOOST_AUTO_TEST_CASE(two_upgrades_of_one_shared_lock_are_a_deadlock) {
  auto a = session();
  auto b = std::optional{session()};
  lock(a, 1, shared);
  lock(*b, 1, shared);
  bool found = false;
  script.blocked.emplace_back([&] {
    try {
      lock(*b, 1, exclusive, Wait::up_to(1s));
    } catch (const Deadlock& deadlock) {
      found = true;
      BOOST_TEST(deadlock.cycle().size() == 2U);
    }
    b.reset();
  });
  BOOST_TEST(lock(a, 1, exclusive, Wait::forever()));
  BOOST_TEST(found);
}

BOOST_AUTO_TEST_CASE(a_cycle_through_those_who_wait_in_front_is_found) {
  auto reader = session();
  auto writer = std::optional{session()};
  auto late = std::optional{session()};
  lock(reader, 1, shared);
  lock(*late, 2);
  bool found = false;
  script.blocked.emplace_back([&] {    // the reader waits for the late one
    script.blocked.emplace_back([&] {  // the writer waits for the reader
      try {                            // and the late one would wait behind the writer
        lock(*late, 1, shared, Wait::up_to(1s));
      } catch (const Deadlock& deadlock) {
        found = true;
        BOOST_TEST(deadlock.cycle().back().session == reader.id());
      }
      late.reset();
    });
    BOOST_CHECK_THROW(lock(*writer, 1, exclusive, Wait::up_to(1s)), LockTimeout);
  });
  BOOST_TEST(lock(reader, 2, exclusive, Wait::forever()));
  BOOST_TEST(found);
}

BOOST_AUTO_TEST_CASE(those_who_wait_for_each_other_in_no_circle_are_no_deadlock) {
  auto a = std::optional{session()};
  auto b = std::optional{session()};
  auto c = session();
  lock(*a, 1);
  lock(*b, 2);
  script.blocked.emplace_back([&] {  // c waits for b
    script.blocked.emplace_back([&] { a.reset(); });
    lock(*b, 1, exclusive, Wait::forever());  // which waits for a
    b.reset();
  });
  BOOST_TEST(lock(c, 2, exclusive, Wait::forever()));
}

BOOST_AUTO_TEST_CASE(what_a_session_waited_for_once_is_forgotten) {
  auto a = session();
  auto b = session();
  lock(a, 1);
  lock(b, 2);
  BOOST_CHECK_THROW(lock(a, 2, exclusive, Wait::up_to(1s)), LockTimeout);
  BOOST_CHECK_THROW(lock(b, 1, exclusive, Wait::up_to(1s)), LockTimeout);  // no deadlock: a waits no more
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(locks_between_threads)

BOOST_AUTO_TEST_CASE(two_threads_that_lock_in_opposite_orders_end_in_one_deadlock) {
  Bank<WatchedRuntime> bank;
  auto mine = std::optional{bank.db.session()};
  bank.accounts.lock(*mine, 1);
  std::atomic<bool> granted = false;
  std::jthread other{[&] {
    auto session = bank.db.session();
    bank.accounts.lock(session, 2);
    granted = bank.accounts.lock(session, 1);
  }};
  WatchedRuntime::until_waiting(1);
  BOOST_CHECK_THROW(bank.accounts.lock(*mine, 2, exclusive, Wait::up_to(30s)), Deadlock);
  BOOST_TEST(!granted);
  mine.reset();  // gives way
  other.join();
  BOOST_TEST(granted);
}

BOOST_AUTO_TEST_CASE(two_threads_that_upgrade_one_shared_lock_end_in_one_deadlock) {
  Bank<WatchedRuntime> bank;
  auto mine = std::optional{bank.db.session()};
  bank.accounts.lock(*mine, 1, shared);
  std::jthread other{[&] {
    auto session = bank.db.session();
    bank.accounts.lock(session, 1, shared);
    bank.accounts.lock(session, 1, exclusive);
  }};
  WatchedRuntime::until_waiting(1);
  BOOST_CHECK_THROW(bank.accounts.lock(*mine, 1, exclusive, Wait::up_to(30s)), Deadlock);
  mine.reset();
}

BOOST_AUTO_TEST_CASE(a_waiting_thread_is_woken_by_a_commit_a_rollback_and_the_end_of_a_session) {
  Bank<WatchedRuntime> bank;
  const auto woken_by = [&](auto release) {
    auto holder = std::optional{bank.db.session()};
    const auto point = holder->savepoint();
    bank.accounts.lock(*holder, 1);
    std::jthread waiter{[&] {
      auto session = bank.db.session();
      bank.accounts.lock(session, 1);
    }};
    WatchedRuntime::until_waiting(1);
    release(holder, point);
    waiter.join();
  };
  woken_by([](auto& holder, const auto&) { static_cast<void>(holder->commit()); });
  woken_by([](auto& holder, const auto& point) { holder->rollback_to(point); });
  woken_by([](auto& holder, const auto&) { holder.reset(); });
  BOOST_TEST(!bank.locked(1));
}

BOOST_AUTO_TEST_CASE(a_waiter_that_gives_up_lets_those_behind_it_go_on) {
  Bank<WatchedRuntime> bank;
  auto reader = bank.db.session();
  bank.accounts.lock(reader, 1, shared);
  bool gave_up = false;
  std::jthread writer{[&] {
    auto session = bank.db.session();
    try {
      bank.accounts.lock(session, 1, exclusive, Wait::up_to(50ms));
    } catch (const LockTimeout&) {
      gave_up = true;
    }
  }};
  WatchedRuntime::until_waiting(1);
  auto late = bank.db.session();  // waits behind the writer, unless that gave up already
  BOOST_TEST(bank.accounts.lock(late, 1, shared, Wait::up_to(30s)));
  writer.join();
  BOOST_TEST(gave_up);
}

BOOST_AUTO_TEST_CASE(all_threads_that_wait_to_share_a_lock_are_woken) {
  Bank<WatchedRuntime> bank;
  auto holder = std::optional{bank.db.session()};
  bank.accounts.lock(*holder, 1);
  std::vector<std::jthread> readers;
  for (int i = 0; i < 3; ++i) {
    readers.emplace_back([&] {
      auto session = bank.db.session();
      bank.accounts.lock(session, 1, shared);
    });
  }
  WatchedRuntime::until_waiting(3);
  holder.reset();
  for (auto& reader : readers) reader.join();
  BOOST_TEST(!bank.locked(1));
}

BOOST_AUTO_TEST_SUITE_END()
