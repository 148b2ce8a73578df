// Small programs with one bug each, whose kinds several tests look for.
#pragma once

#include "support.hpp"

#include <mutex>

namespace lockstep::sim::test {

/// Two locks in opposite orders.
inline void opposite_locks() {
  mutex a;
  mutex b;
  label(a, "A");
  label(b, "B");
  concurrently(
      [&] {
        const std::lock_guard first{a};
        const std::lock_guard second{b};
      },
      [&] {
        const std::lock_guard first{b};
        const std::lock_guard second{a};
      });
}

/// Waits for what was notified before.
inline void lost_wakeup() {
  mutex guard;
  condition_variable condition;
  atomic<bool> ready{false};
  concurrently(
      [&] {
        if (ready.load()) return;  // looked at without the lock
        std::unique_lock lock{guard};
        condition.wait(lock);
      },
      [&] {
        ready.store(true);
        condition.notify_one();
      });
}

/// Two that let each other go first.
inline void two_polite_threads() {
  atomic<bool> left{false};
  atomic<bool> right{false};
  const auto polite = [](atomic<bool>& mine, const atomic<bool>& other) {
    for (;;) {  // after you
      mine.store(true);
      if (!other.load()) return mine.store(false);
      mine.store(false);
    }
  };
  concurrently([&] { polite(left, right); }, [&] { polite(right, left); });
}

/// A loop that waits for another thread, and does not yield.
inline void starving() {
  atomic<bool> flag{false};
  atomic<int> noise{0};
  concurrently([&] { noise.fetch_add(1), noise.fetch_add(1), flag.store(true); },
               [&] {
                 while (!flag.load()) {
                 }
               });
}

/// A way out that forgets the lock.
inline void leaked_lock() {
  mutex guard;
  atomic<bool> stopped{false};
  label(guard, "A");
  concurrently(
      [&] {
        guard.lock();
        if (stopped.load()) return;
        guard.unlock();
      },
      [&] { stopped.store(true); });
}

/// A way out after a failure that releases the lock once more.
inline void bad_unlock() {
  mutex guard;
  atomic<bool> failed{false};
  label(guard, "A");
  concurrently(
      [&] {
        guard.lock();
        guard.unlock();
        if (failed.load()) guard.unlock();
      },
      [&] { failed.store(true); });
}

/// Two writes that nothing orders.
inline void data_race() {
  var<int> balance{0};
  atomic<int> noise{0};
  concurrently([&] { noise.fetch_add(1), balance = 1; }, [&] { noise.fetch_add(1), balance = 2; });
}

}  // namespace lockstep::sim::test
