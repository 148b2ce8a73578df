// std's runtime by a time of day that the test sets. Each look at it takes a microsecond, so that two looks
// differ.
#pragma once

#include <lockstep/runtime/std_runtime.hpp>

#include <atomic>
#include <chrono>

namespace test {

struct SetTime : lockstep::StdRuntime {
  struct system_clock {
    using duration = std::chrono::microseconds;
    using time_point = std::chrono::sys_time<duration>;
    static std::atomic<std::int64_t>& micros() {
      static std::atomic<std::int64_t> count = 0;
      return count;
    }
    static time_point now() noexcept { return time_point{duration{micros()++}}; }
  };

  static void set(std::chrono::sys_time<std::chrono::microseconds> now) {
    system_clock::micros() = now.time_since_epoch().count();
  }
};

}  // namespace test
