// std's runtime, which also tells how many threads wait: a test can force an order of
// events among real threads without sleeping.
#pragma once

#include <lockstep/runtime/std_runtime.hpp>

#include <atomic>
#include <condition_variable>
#include <mutex>

namespace test {

struct WatchedRuntime : lockstep::StdRuntime {
  static std::atomic<int>& waiting() {
    static std::atomic<int> count = 0;
    return count;
  }

  /// Blocks until `count` threads wait on condition variables of this runtime.
  static void until_waiting(int count) {
    for (int now = waiting().load(); now < count; now = waiting().load()) waiting().wait(now);
  }

  class condition_variable {
   public:
    void notify_one() noexcept { condition_.notify_one(); }
    void notify_all() noexcept { condition_.notify_all(); }
    void wait(std::unique_lock<std::mutex>& lock) {
      const Waiting count;
      condition_.wait(lock);
    }
    void wait_until(std::unique_lock<std::mutex>& lock, clock::time_point when) {
      const Waiting count;
      condition_.wait_until(lock, when);
    }

   private:
    // Counted with the mutex held, so whoever locks it afterwards finds the thread waiting.
    struct Waiting {
      Waiting() {
        ++waiting();
        waiting().notify_all();
      }
      ~Waiting() { --waiting(); }
      Waiting(const Waiting&) = delete;
      Waiting& operator=(const Waiting&) = delete;
    };
    std::condition_variable condition_;
  };
};

static_assert(lockstep::Runtime<WatchedRuntime>);

}  // namespace test
