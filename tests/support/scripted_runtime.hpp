// A runtime for one thread: the clock stands still until somebody sleeps or waits, random
// numbers are given in advance, and a call that would block runs the next step of a
// script, which plays the other threads. With no step left it throws WouldBlock.
#pragma once

#include <lockstep/runtime/runtime.hpp>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

namespace test {

/// Nobody is left who could end this wait.
struct WouldBlock : std::logic_error {
  WouldBlock() : logic_error{"would block for ever"} {}
};

struct ScriptedRuntime {
  struct clock {
    using duration = std::chrono::nanoseconds;
    using rep = duration::rep;
    using period = duration::period;
    using time_point = std::chrono::time_point<clock>;
    static constexpr bool is_steady = true;
    static time_point now() noexcept { return script().now; }
  };
  struct system_clock {
    using duration = std::chrono::nanoseconds;
    static std::chrono::time_point<std::chrono::system_clock, duration> now() noexcept {
      return std::chrono::time_point<std::chrono::system_clock, duration>{script().now.time_since_epoch()};
    }
  };

  struct Script {
    clock::time_point now{};
    std::deque<std::uint64_t> random;           // then zeros
    std::deque<std::function<void()>> blocked;  // what others do while this thread waits
    std::function<void()> sleeping;             // what others do while it sleeps
    std::vector<std::chrono::nanoseconds> slept;
  };
  static Script& script() {
    static Script instance;
    return instance;
  }

  template <class T>
  using atomic = std::atomic<T>;
  using mutex = std::mutex;
  using thread = std::thread;

  class condition_variable {
   public:
    void notify_one() noexcept {}
    void notify_all() noexcept {}

    void wait(std::unique_lock<std::mutex>& lock) {
      if (script().blocked.empty()) throw WouldBlock{};
      run_step(lock);
    }
    void wait_until(std::unique_lock<std::mutex>& lock, clock::time_point when) {
      if (script().blocked.empty()) {
        script().now = std::max(script().now, when);
      } else {
        run_step(lock);
      }
    }

   private:
    static void run_step(std::unique_lock<std::mutex>& lock) {
      const auto step = std::move(script().blocked.front());
      script().blocked.pop_front();
      lock.unlock();
      step();
      lock.lock();
    }
  };

  static void fence(std::memory_order) noexcept {}
  static void yield() noexcept {}

  static void sleep_for(std::chrono::nanoseconds duration, const std::stop_token& stop = {}) {
    if (stop.stop_requested()) return;
    script().slept.push_back(duration);
    if (script().sleeping) script().sleeping();
    script().now += duration;
  }

  static std::uint64_t random() {
    if (script().random.empty()) return 0;
    const auto number = script().random.front();
    script().random.pop_front();
    return number;
  }
};

static_assert(lockstep::Runtime<ScriptedRuntime>);

/// A fresh script for each test.
struct Scripted {
  ScriptedRuntime::Script& script = ScriptedRuntime::script();

  Scripted() { script = {}; }
  ~Scripted() { script = {}; }
  Scripted(const Scripted&) = delete;
  Scripted& operator=(const Scripted&) = delete;
};

}  // namespace test
