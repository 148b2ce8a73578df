// Measures things that do the same work, in turn, in one process: the machine changes from minute to minute,
// so a figure alone says little, and the ratio of two that were taken side by side says much.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#if defined(__linux__)
#include <sched.h>
#endif

namespace bench {

/// Keeps the calling thread on a processor of its own, where the system can be told: two threads that take
/// turns on one processor never meet. Another process's, if its number is given.
inline void stay_on([[maybe_unused]] unsigned processor, [[maybe_unused]] int process = 0) {
#if defined(__linux__)
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(processor % std::max(1U, std::thread::hardware_concurrency()), &one);
  static_cast<void>(sched_setaffinity(process, sizeof(one), &one));
#endif
}

/// Keeps what computes `value` from being left out.
template <class T>
void keep(const T& value) {
  asm volatile("" : : "g"(&value) : "memory");
}

/// A generator per thread: SplitMix64 of Steele, Lea & Flood, OOPSLA 2014.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_{seed * 0x9e3779b97f4a7c15U} {}
  /// Two different numbers below `count`.
  std::pair<std::size_t, std::size_t> two(std::size_t count) {
    const auto bits = next();
    const auto first = static_cast<std::size_t>(((bits & 0xffffffffU) * count) >> 32U);
    const auto second = static_cast<std::size_t>(((bits >> 32U) * count) >> 32U);
    return {first, second != first ? second : second + 1 == count ? 0 : second + 1};
  }

 private:
  std::uint64_t next() {
    auto bits = state_ += 0x9e3779b97f4a7c15U;
    bits = (bits ^ (bits >> 30U)) * 0xbf58476d1ce4e5b9U;
    bits = (bits ^ (bits >> 27U)) * 0x94d049bb133111ebU;
    return bits ^ (bits >> 31U);
  }
  std::uint64_t state_;
};

/// Nanoseconds per operation of `threads` together: `work(thread)` makes a function that does one. Beside
/// them runs `hammer`, which does not count, if it is a function.
template <class Work, class Hammer = std::nullptr_t>
double time_of(unsigned threads, Work work, Hammer hammer = nullptr) {
  constexpr auto duration = std::chrono::milliseconds{20};
  constexpr bool hammered = !std::is_same_v<Hammer, std::nullptr_t>;
  std::atomic<unsigned> ready{0};
  std::atomic<bool> go{false};
  std::atomic<bool> stop{false};
  std::vector<double> rates(threads);
  const auto start = [&] {
    ++ready;
    while (!go) {
    }
  };
  {
    std::vector<std::jthread> running;
    for (unsigned i = 0; i != threads; ++i) {
      running.emplace_back([&, i] {
        stay_on(i);
        auto operation = work(i);
        start();
        const auto began = std::chrono::steady_clock::now();
        std::uint64_t done = 0;
        for (; !stop.load(std::memory_order_relaxed); done += 64) {
          for (int n = 0; n != 64; ++n) operation();
        }
        const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - began;
        rates.at(i) = static_cast<double>(done) / took.count();
      });
    }
    if constexpr (hammered) {
      running.emplace_back([&] {
        stay_on(threads);
        start();
        while (!stop.load(std::memory_order_relaxed)) hammer();
      });
    }
    while (ready != running.size()) std::this_thread::yield();
    go = true;
    std::this_thread::sleep_for(duration);
    stop = true;
  }
  double rate = 0;
  for (const auto each : rates) rate += each;
  return 1 / rate;
}

/// Things that do the same work, of which the first is compared with the others.
class Question {
 public:
  explicit Question(std::string text) : text_{std::move(text)} {}

  /// `run()` says how many nanoseconds an operation took.
  void contender(std::string name, std::function<double()> run) {
    contenders_.push_back({std::move(name), std::move(run), {}});
  }

  /// Runs all in turn, so many times, and prints medians, and how many times longer each takes than the
  /// first: the median of the ratios of each round, and between which a half of them lies.
  void answer(unsigned rounds) {
    for (unsigned round = 0; round != rounds; ++round) {
      for (auto& each : contenders_) each.times.push_back(each.run());
    }
    std::printf("\n%s\n%-44s %9s %8s %15s\n", text_.c_str(), "", "ns", "ratio", "half of them in");
    const auto first = contenders_.front().times;
    for (auto& each : contenders_) {
      std::vector<double> ratios;
      for (unsigned round = 0; round != rounds; ++round) ratios.push_back(each.times[round] / first[round]);
      std::printf("%-44s %9.2f %8.2f   [%5.2f, %5.2f]\n", each.name.c_str(), quantile(each.times, 2),
                  quantile(ratios, 2), quantile(ratios, 1), quantile(ratios, 3));
    }
    std::fflush(stdout);
  }

 private:
  struct Contender {
    std::string name;
    std::function<double()> run;
    std::vector<double> times;
  };
  static double quantile(std::vector<double> values, std::size_t quarter) {
    std::sort(values.begin(), values.end());
    return values[(values.size() - 1) * quarter / 4];
  }

  std::string text_;
  std::vector<Contender> contenders_;
};

/// How many rounds: the program's argument, or enough for quartiles to mean something.
inline unsigned rounds(int argc, char** argv) {
  return argc > 1 ? static_cast<unsigned>(std::max(1L, std::strtol(argv[1], nullptr, 10))) : 31;
}

}  // namespace bench
