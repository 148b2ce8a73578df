// How fast is exploration, and how far from what the machine could do at most?
//
// Exhaustive: programs whose number of traces is known, or of graphs under RC11, with that number. Random:
// executions per second on tests as small as they come. The bound beside them is the least that any simulator
// with a stack per thread must do: as many stack switches as the executions have steps. Every program is run
// in turn, several times over, and the medians are shown with their spread; times are processor time. The
// last column is real time: how many times as fast two threads are as one.
#include <lockstep/sim/fiber.hpp>
#include <lockstep/sim/sim.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

namespace {

using namespace lockstep::sim;

double processor_seconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

// --- Programs ---

void load(const atomic<int>& value) { static_cast<void>(value.load()); }

/// `count` threads that run `function(index)`.
template <class F>
void repeatedly(unsigned count, F function) {
  std::vector<thread> threads;
  threads.reserve(count);
  for (unsigned i = 0; i != count; ++i) threads.emplace_back([function, i] { function(i); });
  for (thread& each : threads) each.join();
}

void store_buffering() {
  atomic<int> x{0};
  atomic<int> y{0};
  concurrently([&] { x.store(1), load(y); }, [&] { y.store(1), load(x); });
}

void message_passing() {
  atomic<int> x{0};
  atomic<int> y{0};
  concurrently([&] { x.store(1), y.store(1); }, [&] { load(y), load(x); });
}

void independent_reads() {
  atomic<int> x{0};
  atomic<int> y{0};
  concurrently([&] { x.store(1); }, [&] { y.store(1); }, [&] { load(x), load(y); },
               [&] { load(y), load(x); });
}

void two_critical_sections() {
  mutex guard;
  const auto work = [&] { const std::lock_guard lock{guard}; };
  concurrently(work, work);
}

void fib_bench() {
  atomic<int> x{1};
  atomic<int> y{1};
  const auto add = [](atomic<int>& to, const atomic<int>& from) {
    for (int i = 0; i != 5; ++i) {
      const int before = to.load();
      to.store(before + from.load());
    }
  };
  concurrently([&] { add(x, y); }, [&] { add(y, x); }, [&] { load(x), load(y); });
}

void fib_bench_acq_rel() {
  constexpr auto acquire = std::memory_order_acquire;
  atomic<int> x{1};
  atomic<int> y{1};
  const auto add = [](atomic<int>& to, const atomic<int>& from) {
    for (int i = 0; i != 5; ++i) {
      const int before = to.load(acquire);
      to.store(before + from.load(acquire), std::memory_order_release);
    }
  };
  concurrently([&] { add(x, y); }, [&] { add(y, x); },
               [&] { static_cast<void>(x.load(acquire) + y.load(acquire)); });
}

void casw_5() {
  constexpr auto relaxed = std::memory_order_relaxed;
  atomic<int> x{0};
  repeatedly(5, [&](unsigned i) {
    int expected = 0;
    x.compare_exchange_strong(expected, 1, relaxed, relaxed);
    x.store(static_cast<int>(i) + 3, std::memory_order_release);
  });
}

void readers_13() {
  atomic<int> x{0};
  repeatedly(14, [&](unsigned i) {
    i == 0 ? x.store(1, std::memory_order_release) : static_cast<void>(x.load(std::memory_order_acquire));
  });
}

void last_zero_10() {
  std::vector<atomic<int>> a(11);
  repeatedly(11, [&](unsigned i) {
    if (i != 0) {
      a[i].store(a[i - 1].load() + 1);
    } else {
      for (unsigned at = 10; at != 0 && a[at].load() != 0;) --at;
    }
  });
}

// --- Measuring ---

struct Program {
  const char* name;
  Strategy strategy;
  void (*body)();
  std::uint64_t executions;  ///< exhaustive: how many there are; random: how many to run
  MemoryModel model = MemoryModel::interleavings;
};

constexpr Program programs[] = {
    {"fib_bench", Strategy::exhaustive, fib_bench, 218'243},
    {"casw(5)", Strategy::exhaustive, casw_5, 32'880},
    {"readers(13)", Strategy::exhaustive, readers_13, 8'192},
    {"lastzero(10)", Strategy::exhaustive, last_zero_10, 3'328},
    {"fib_bench", Strategy::exhaustive, fib_bench_acq_rel, 525'630, MemoryModel::rc11},
    {"casw(5)", Strategy::exhaustive, casw_5, 32'880, MemoryModel::rc11},
    {"readers(13)", Strategy::exhaustive, readers_13, 8'192, MemoryModel::rc11},
    {"SB", Strategy::random, store_buffering, 100'000},
    {"MP", Strategy::random, message_passing, 100'000},
    {"IRIW", Strategy::random, independent_reads, 100'000},
    {"mutex 2x1", Strategy::random, two_critical_sections, 100'000},
    {"SB", Strategy::random, store_buffering, 100'000, MemoryModel::rc11},
};

struct Sample {
  double seconds = 0;
  double bound = 0;     ///< seconds for as many switches
  double speed_up = 0;  ///< by a second thread
};

/// Seconds for one switch from one stack to another.
double switch_seconds() {
  struct Partner {
    Fiber here;
    Fiber there{&back, this};
    static Fiber& back(void* self) { return static_cast<Partner*>(self)->here; }
  };
  Partner partner;
  constexpr int rounds = 1'000'000;
  const double begin = processor_seconds();
  for (int i = 0; i != rounds; ++i) partner.here.switch_to(partner.there);
  return (processor_seconds() - begin) / (2.0 * rounds);
}

Result run(const Program& program, unsigned jobs) {
  Options options;
  options.strategy = program.strategy;
  options.model = program.model;
  options.jobs = jobs;
  if (program.strategy != Strategy::exhaustive) options.executions = program.executions;
  Result result = explore(program.body, options);
  if (!result.passed() || result.executions != program.executions) {
    std::fprintf(stderr, "%s: %llu executions instead of %llu\n", program.name,
                 static_cast<unsigned long long>(result.executions),
                 static_cast<unsigned long long>(program.executions));
  }
  return result;
}

Sample measure(const Program& program) {
  const double begin = processor_seconds();
  const Result alone = run(program, 1);
  const double seconds = processor_seconds() - begin;
  const Result together = run(program, 2);
  return {seconds, static_cast<double>(alone.steps) * switch_seconds(),
          std::chrono::duration<double>(alone.elapsed) / together.elapsed};
}

double median(std::vector<double> values) {
  std::ranges::nth_element(values, values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2));
  return values[values.size() / 2];
}

}  // namespace

int main() {
  constexpr std::size_t rounds = 7;
  constexpr std::size_t count = std::size(programs);
  std::vector<std::vector<double>> rates(count);
  std::vector<std::vector<double>> ratios(count);
  std::vector<std::vector<double>> speed_ups(count);
  for (std::size_t round = 0; round != rounds; ++round) {
    for (std::size_t i = 0; i != count; ++i) {
      const Sample sample = measure(programs[i]);
      rates[i].push_back(static_cast<double>(programs[i].executions) / sample.seconds / 1e6);
      ratios[i].push_back(sample.seconds / sample.bound);
      speed_ups[i].push_back(sample.speed_up);
    }
  }
  std::printf("%-14s %-10s %-13s %10s  %s  %s  %s\n", "program", "explorer", "model", "executions",
              "million a second (spread)", "times the bound (spread)", "with two threads (spread)");
  for (std::size_t i = 0; i != count; ++i) {
    const auto [slowest, fastest] = std::ranges::minmax(rates[i]);
    const auto [least, most] = std::ranges::minmax(ratios[i]);
    const auto [lowest, highest] = std::ranges::minmax(speed_ups[i]);
    std::printf(
        "%-14s %-10s %-13s %10llu  %8.3f  (%.3f .. %.3f)    %8.1f  (%.1f .. %.1f)   %8.2f  (%.2f .. %.2f)\n",
        programs[i].name, std::string{to_string(programs[i].strategy)}.c_str(),
        std::string{to_string(programs[i].model)}.c_str(),
        static_cast<unsigned long long>(programs[i].executions), median(rates[i]), slowest, fastest,
        median(ratios[i]), least, most, median(speed_ups[i]), lowest, highest);
  }
}
