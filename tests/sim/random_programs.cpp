// Optimal exploration against the simplest method that is right, sleep sets, on random programs of all
// primitives: the same traces, each once.
#include "exhaustive.hpp"
#include "sleep_sets.hpp"
#include "support.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <functional>
#include <random>
#include <set>
#include <span>

BOOST_AUTO_TEST_SUITE(random_programs)

namespace {

using namespace lockstep::sim;
using namespace std::chrono_literals;

// --- Programs ---

/// What the threads of a program share.
struct World {
  std::array<atomic<int>, 2> values{0, 0};
  std::array<timed_mutex, 2> mutexes;
  shared_mutex shared;
  counting_semaphore<> semaphore{1};
  latch gate{2};
  atomic<int> arrivals{0};  // no more than the gate expects
  mutex guard;
  condition_variable condition;
  bool signalled = false;
};

/// One instruction: `which` of two objects, and one of two `variant`s.
struct Instruction {
  void (*run)(World&, unsigned which, bool variant);
  unsigned which;
  bool variant;
};

using Code = void (*)(World&, unsigned, bool);
using Program = std::vector<std::vector<Instruction>>;

void look(const atomic<int>& value) { static_cast<void>(value.load()); }

constexpr std::array<Code, 7> atomics{
    [](World& world, unsigned which, bool) { look(world.values[which]); },
    [](World& world, unsigned which, bool variant) { world.values[which].store(variant ? 1 : 2); },
    [](World& world, unsigned which, bool) { world.values[which].fetch_add(1); },
    [](World& world, unsigned which, bool variant) {
      int expected = 0;
      if (!world.values[which].compare_exchange_strong(expected, 3) && variant) look(world.values[1 - which]);
    },
    [](World& world, unsigned which, bool variant) { world.values[which].exchange(variant ? 4 : 5); },
    [](World& world, unsigned which, bool variant) {
      int seen = world.values[which].load();
      while (!world.values[which].compare_exchange_strong(seen, variant ? seen + 1 : 0)) {
      }
    },
    [](World& world, unsigned which, bool variant) {
      int seen = 0;
      world.values[which].compare_exchange_strong(seen, 6);
      world.values[variant ? which : 0].compare_exchange_strong(seen, 0);
    },
};

constexpr std::array<Code, 7> locks{
    [](World& world, unsigned which, bool) {
      const std::lock_guard lock{world.mutexes[which]};
      look(world.values[which]);
    },
    [](World& world, unsigned which, bool variant) {
      const std::unique_lock lock{world.mutexes[which], std::try_to_lock};
      if (lock && variant) world.values[1 - which].store(7);
    },
    [](World& world, unsigned which, bool variant) {
      const std::unique_lock outer{world.mutexes[which]};
      if (variant) const std::lock_guard inner{world.mutexes[1 - which]};
    },
    [](World& world, unsigned which, bool variant) {
      const std::lock_guard lock{world.shared};
      if (variant) world.values[which].store(8);
    },
    [](World& world, unsigned which, bool variant) {
      const std::shared_lock lock{world.shared};
      if (variant) look(world.values[which]);
    },
    [](World& world, unsigned which, bool) {
      const std::shared_lock lock{world.shared};
      world.values[which].fetch_add(1);  // so those who share come one after the other
    },
    [](World& world, unsigned, bool) { const std::shared_lock lock{world.shared, std::try_to_lock}; },
};

constexpr std::array<Code, 7> waits{
    [](World& world, unsigned which, bool variant) {
      world.semaphore.acquire();
      if (variant) world.values[which].store(9);
      world.semaphore.release();
    },
    [](World& world, unsigned, bool) {
      if (world.semaphore.try_acquire()) world.semaphore.release();
    },
    [](World& world, unsigned, bool) { world.semaphore.release(); },
    [](World& world, unsigned, bool) {
      std::unique_lock lock{world.guard};
      while (!world.signalled) world.condition.wait(lock);
    },
    [](World& world, unsigned, bool variant) {
      {
        const std::lock_guard lock{world.guard};
        world.signalled = true;
        if (variant) world.condition.notify_one();
      }
      if (!variant) world.condition.notify_all();
    },
    [](World& world, unsigned, bool) {
      if (world.arrivals.fetch_add(1) < 2) world.gate.count_down();
    },
    [](World& world, unsigned, bool) { world.gate.wait(); },
};

constexpr std::array<Code, 4> timed{
    [](World& world, unsigned which, bool variant) {
      const std::unique_lock lock{world.mutexes[which], 1ms};
      if (lock && variant) world.values[1 - which].store(10);
    },
    [](World& world, unsigned, bool) {
      std::unique_lock lock{world.guard};
      if (!world.signalled) world.condition.wait_for(lock, 1ms);
    },
    [](World& world, unsigned which, bool variant) {
      const std::lock_guard lock{world.mutexes[which]};
      this_thread::sleep_for(variant ? 2ms : 1ms);
    },
    [](World& world, unsigned which, bool variant) {
      this_thread::sleep_for(variant ? 2ms : 1ms);
      look(world.values[which]);
    },
};

/// The program of that number: two or three threads, a few instructions each.
Program program(unsigned number, std::span<const Code> instructions) {
  std::mt19937 random{number};
  Program program(2 + random() % 2);
  for (auto& thread : program) {
    thread.resize(1 + random() % (program.size() == 2 ? 4 : 2));
    for (Instruction& instruction : thread) {
      instruction.run = instructions[random() % instructions.size()];
      instruction.which = static_cast<unsigned>(random() % 2);
      instruction.variant = random() % 2 != 0;
    }
  }
  return program;
}

void run(const Program& program) {
  World world;
  test::repeatedly(static_cast<unsigned>(program.size()), [&](unsigned thread) {
    for (const auto& [code, which, variant] : program[thread]) code(world, which, variant);
  });
}

// --- Traces ---

struct Event {
  unsigned thread;
  std::string name;
  std::vector<Access> accesses;
};

/// An explorer, and the steps that it chose.
template <class Strategy>
class Written final : public Explorer {
 public:
  bool begin() override {
    events.clear();
    return strategy_.begin();
  }
  unsigned choose(const Choice& choice) override {
    const unsigned chosen = strategy_.choose(choice);
    if (choice.kind == Decision::Kind::schedule && chosen < max_threads) {
      const Operation& next = choice.next(chosen);
      const Footprint footprint = next.footprint();
      events.push_back({chosen, std::string{next.name()}, {footprint.begin(), footprint.end()}});
    } else if (choice.kind == Decision::Kind::outcome && !events.empty()) {
      events.back().name += std::to_string(chosen);
    }
    return chosen;
  }
  void follows(unsigned thread, std::size_t step) override { strategy_.follows(thread, step); }
  void joins(unsigned thread, unsigned other) override { strategy_.joins(thread, other); }
  void time_passes() override { strategy_.time_passes(); }
  void times_out(unsigned thread) override { strategy_.times_out(thread); }
  void stops(const Execution& execution, ThreadSet pending, bool failed) override {
    strategy_.stops(execution, pending, failed);
  }
  void end(const Ending& ending) override { strategy_.end(ending); }

  std::vector<Event> events;

 private:
  Strategy strategy_;
};

/// One text for all interleavings of a trace: the one in which the lowest thread goes whenever it can.
std::string trace_of(std::vector<Event> events) {
  std::string text;
  while (!events.empty()) {
    auto next = events.end();
    for (auto event = events.begin(); event != events.end(); ++event) {
      const auto before = [&](const Event& other) {
        return other.thread == event->thread || conflict(other.accesses, event->accesses);
      };
      if (std::none_of(events.begin(), event, before) &&
          (next == events.end() || event->thread < next->thread))
        next = event;
    }
    text += std::to_string(next->thread) + " " + next->name;
    for (const Access& access : next->accesses) text += access.write ? "!" : "?";
    text += "; ";
    events.erase(next);
  }
  return text;
}

struct Exploration {
  std::multiset<std::string> traces = {};
  std::uint64_t blocked = 0;
  bool ended = true;
};

template <class Strategy>
Exploration explored(const Program& program) {
  constexpr std::uint64_t most = 2'000;
  Written<Strategy> explorer;
  Execution execution;
  Exploration result;
  while (explorer.begin()) {
    const Ending ending = execution.run([&] { run(program); }, explorer, {});
    explorer.end(ending);
    if (ending.pruned) {
      ++result.blocked;
    } else {
      result.traces.insert(trace_of(explorer.events));
    }
    if (result.traces.size() + result.blocked > most) return {.ended = false};
  }
  return result;
}

void compare(std::span<const Code> instructions, unsigned programs) {
  std::uint64_t blocked = 0;
  std::uint64_t traces = 0;
  for (unsigned number = 0; number != programs; ++number) {
    const Program tested = program(number, instructions);
    const Exploration expected = explored<SleepSets>(tested);
    if (!expected.ended) continue;
    const Exploration found = explored<Exhaustive>(tested);
    BOOST_TEST(found.ended);
    BOOST_TEST((found.traces == expected.traces), "program " << number << ": " << found.traces.size()
                                                             << " instead of " << expected.traces.size());
    blocked += found.blocked;
    traces += found.traces.size();
  }
  BOOST_TEST(traces > programs);
  BOOST_TEST(blocked * 5 < traces, blocked << " blocked executions for " << traces << " traces");
}

std::vector<Code> all_of(std::initializer_list<std::span<const Code>> sets) {
  std::vector<Code> all;
  for (const auto& set : sets) all.insert(all.end(), set.begin(), set.end());
  return all;
}

}  // namespace

BOOST_AUTO_TEST_CASE(of_atomics_have_each_trace_once) { compare(atomics, 1'500); }

BOOST_AUTO_TEST_CASE(of_locks_have_each_trace_once) { compare(all_of({atomics, locks}), 400); }

BOOST_AUTO_TEST_CASE(of_everything_that_waits_have_each_trace_once) {
  compare(waits, 400);
  compare(all_of({atomics, locks, waits}), 400);
}

BOOST_AUTO_TEST_CASE(of_everything_on_time_have_each_trace_once) {
  compare(timed, 200);
  compare(all_of({atomics, locks, waits, timed}), 400);
}

BOOST_AUTO_TEST_SUITE_END()
