#include "random_program.hpp"

#include <lockstep/sim/sim.hpp>

#include "support.hpp"

#include <algorithm>
#include <array>
#include <random>

namespace lockstep::sim::test {

using namespace std::chrono_literals;

struct World {
  std::array<atomic<int>, 2> values{0, 0};
  std::array<timed_mutex, 2> mutexes;
  shared_mutex shared;
  counting_semaphore<> semaphore{1};
  latch gate{2};
  atomic<int> arrivals{0};  // no more than the gate expects
  mutex guard;
  condition_variable condition;
  condition_variable_any any;
  stop_source stop;
  bool signalled = false;
};

namespace {

using Code = Instruction::Code;

void look(const atomic<int>& value) { static_cast<void>(value.load()); }

struct Named {
  const char* name;
  Code code;
};

constexpr std::array atomic_codes{
    Named{"load", [](World& world, unsigned which, bool) { look(world.values[which]); }},
    Named{"store",
          [](World& world, unsigned which, bool variant) { world.values[which].store(variant ? 1 : 2); }},
    Named{"add", [](World& world, unsigned which, bool) { world.values[which].fetch_add(1); }},
    Named{"cas?load",
          [](World& world, unsigned which, bool variant) {
            int expected = 0;
            if (!world.values[which].compare_exchange_weak(expected, 3) && variant)
              look(world.values[1 - which]);
          }},
    Named{"exchange",
          [](World& world, unsigned which, bool variant) { world.values[which].exchange(variant ? 4 : 5); }},
    Named{"cas loop",
          [](World& world, unsigned which, bool variant) {
            int seen = world.values[which].load();
            while (!world.values[which].compare_exchange_weak(seen, variant ? seen + 1 : 0)) {
            }
          }},
    Named{"cas;cas",
          [](World& world, unsigned which, bool variant) {
            int seen = 0;
            world.values[which].compare_exchange_weak(seen, 6);
            world.values[variant ? which : 0].compare_exchange_weak(seen, 0);
          }},
};

constexpr std::array lock_codes{
    Named{"lock{load}",
          [](World& world, unsigned which, bool) {
            const std::lock_guard lock{world.mutexes[which]};
            look(world.values[which]);
          }},
    Named{"try_lock?store",
          [](World& world, unsigned which, bool variant) {
            const std::unique_lock lock{world.mutexes[which], std::try_to_lock};
            if (lock && variant) world.values[1 - which].store(7);
          }},
    Named{"lock{lock}",
          [](World& world, unsigned which, bool variant) {
            const std::unique_lock outer{world.mutexes[which]};
            if (variant) const std::lock_guard inner{world.mutexes[1 - which]};
          }},
    Named{"exclusive{store}",
          [](World& world, unsigned which, bool variant) {
            const std::lock_guard lock{world.shared};
            if (variant) world.values[which].store(8);
          }},
    Named{"shared{load}",
          [](World& world, unsigned which, bool variant) {
            const std::shared_lock lock{world.shared};
            if (variant) look(world.values[which]);
          }},
    Named{"shared{add}",
          [](World& world, unsigned which, bool) {
            const std::shared_lock lock{world.shared};
            world.values[which].fetch_add(1);  // so those who share come one after the other
          }},
    Named{"try_shared",
          [](World& world, unsigned, bool) { const std::shared_lock lock{world.shared, std::try_to_lock}; }},
    Named{"try_exclusive",
          [](World& world, unsigned, bool) { const std::unique_lock lock{world.shared, std::try_to_lock}; }},
};

constexpr std::array wait_codes{
    Named{"acquire{store}",
          [](World& world, unsigned which, bool variant) {
            world.semaphore.acquire();
            if (variant) world.values[which].store(9);
            world.semaphore.release();
          }},
    Named{"try_acquire",
          [](World& world, unsigned, bool) {
            if (world.semaphore.try_acquire()) world.semaphore.release();
          }},
    Named{"acquire", [](World& world, unsigned, bool) { world.semaphore.acquire(); }},
    Named{"release", [](World& world, unsigned, bool) { world.semaphore.release(); }},
    Named{"wait until signalled",
          [](World& world, unsigned, bool) {
            std::unique_lock lock{world.guard};
            while (!world.signalled) world.condition.wait(lock);
          }},
    Named{"wait once",
          [](World& world, unsigned, bool) {
            std::unique_lock lock{world.guard};
            world.condition.wait(lock);
          }},
    Named{"signal",
          [](World& world, unsigned, bool variant) {
            {
              const std::lock_guard lock{world.guard};
              world.signalled = true;
              if (variant) world.condition.notify_one();
            }
            if (!variant) world.condition.notify_all();
          }},
    Named{"notify",
          [](World& world, unsigned, bool variant) {
            variant ? world.condition.notify_one() : world.condition.notify_all();
          }},
    Named{"count_down",
          [](World& world, unsigned, bool) {
            if (world.arrivals.fetch_add(1) < 2) world.gate.count_down();
          }},
    Named{"gate", [](World& world, unsigned, bool) { world.gate.wait(); }},
};

constexpr std::array stop_codes{
    Named{"wait any",
          [](World& world, unsigned, bool variant) {
            std::unique_lock lock{world.guard};
            variant ? static_cast<void>(world.any.wait_for(lock, 1ms)) : world.any.wait(lock);
          }},
    Named{"wait any until stopped",
          [](World& world, unsigned, bool variant) {
            std::unique_lock lock{world.guard};
            const auto ready = [&] { return variant && world.signalled; };
            static_cast<void>(world.any.wait(lock, world.stop.get_token(), ready));
          }},
    Named{"signal any",
          [](World& world, unsigned, bool variant) {
            const std::lock_guard lock{world.guard};
            world.signalled = true;
            variant ? world.any.notify_one() : world.any.notify_all();
          }},
    Named{"stop", [](World& world, unsigned, bool) { static_cast<void>(world.stop.request_stop()); }},
    Named{"look", [](World& world, unsigned, bool) { static_cast<void>(world.stop.stop_requested()); }},
};

constexpr std::array parking_codes{
    Named{"wait(0)", [](World& world, unsigned which, bool) { world.values[which].wait(0); }},
    Named{"wait(1)", [](World& world, unsigned which, bool) { world.values[which].wait(1); }},
    Named{"store;notify",
          [](World& world, unsigned which, bool variant) {
            world.values[which].store(1);
            variant ? world.values[which].notify_one() : world.values[which].notify_all();
          }},
    Named{"notify value",
          [](World& world, unsigned which, bool variant) {
            variant ? world.values[which].notify_one() : world.values[which].notify_all();
          }},
    Named{"store value",
          [](World& world, unsigned which, bool variant) { world.values[which].store(variant ? 1 : 0); }},
};

constexpr std::array timed_codes{
    Named{"try_lock_for?store",
          [](World& world, unsigned which, bool variant) {
            const std::unique_lock lock{world.mutexes[which], 1ms};
            if (lock && variant) world.values[1 - which].store(10);
          }},
    Named{"wait_for",
          [](World& world, unsigned, bool) {
            std::unique_lock lock{world.guard};
            if (!world.signalled) world.condition.wait_for(lock, 1ms);
          }},
    Named{"lock{sleep}",
          [](World& world, unsigned which, bool variant) {
            const std::lock_guard lock{world.mutexes[which]};
            this_thread::sleep_for(variant ? 2ms : 1ms);
          }},
    Named{"sleep;load",
          [](World& world, unsigned which, bool variant) {
            this_thread::sleep_for(variant ? 2ms : 1ms);
            look(world.values[which]);
          }},
    Named{"try_acquire_for",
          [](World& world, unsigned, bool variant) {
            static_cast<void>(world.semaphore.try_acquire_for(variant ? 2ms : 1ms));
          }},
};

constexpr std::array failing_codes{
    Named{"fail unless",
          [](World& world, unsigned which, bool variant) {
            check(world.values[which].load() == (variant ? 1 : 0), "as expected");
          }},
    Named{"fail",
          [](World& world, unsigned which, bool) {
            world.values[which].store(2);
            check(false, "never");
          }},
};

constexpr std::array step_codes{
    Named{"step{both}",
          [](World& world, unsigned, bool variant) {
            const auto& values = world.values;
            step("both", {{values[0].id(), variant}, {values[1].id(), !variant}}, [] {});
          }},
    Named{"step{lock}",
          [](World& world, unsigned which, bool) {
            step("locked", {{world.mutexes[which].id(), true}},
                 [&] { const std::lock_guard lock{world.mutexes[which]}; });
          }},
    Named{"step{lock}{step{unlock}}",
          [](World& world, unsigned which, bool variant) {
            step("lock", {{world.mutexes[which].id(), true}}, [&] { world.mutexes[which].lock(); });
            if (variant) look(world.values[which]);
            step("unlock", {{world.mutexes[which].id(), true}}, [&] { world.mutexes[which].unlock(); });
          }},
};

std::vector<Named> codes(unsigned kinds) {
  std::vector<Named> all;
  const auto add = [&](Kind kind, std::span<const Named> codes) {
    for (const Named& named : (kinds & kind) != 0 ? codes : std::span<const Named>{}) all.push_back(named);
  };
  add(atomics, atomic_codes);
  add(locks, lock_codes);
  add(waits, wait_codes);
  add(stops, stop_codes);
  add(parking, parking_codes);
  add(timed, timed_codes);
  add(failing, failing_codes);
  add(steps, step_codes);
  return all;
}

void run(const Program& program, World& world) {
  repeatedly(static_cast<unsigned>(program.size()), [&](unsigned thread) {
    for (const auto& [code, which, variant] : program[thread]) code(world, which, variant);
  });
}
void run(const Program& program) {
  World world;
  run(program, world);
}

// --- Traces ---

struct Chosen {
  unsigned thread;
  std::string name;
  std::vector<Access> accesses;
};

/// Passes everything on to an explorer, and writes down the steps that it chose.
class Written final : public Explorer {
 public:
  explicit Written(Explorer& explorer) : explorer_{&explorer} {}
  bool begin() override {
    chosen.clear();
    return explorer_->begin();
  }
  unsigned choose(const Choice& choice) override {
    const unsigned answer = explorer_->choose(choice);
    if (choice.kind == Decision::Kind::schedule && answer < max_threads) {
      const Operation& next = choice.next(answer);
      const Footprint footprint = next.footprint();
      chosen.push_back({answer, std::string{next.name()}, {footprint.begin(), footprint.end()}});
    } else if (choice.kind == Decision::Kind::outcome && !chosen.empty()) {
      if (answer != 0) chosen.back().name += std::to_string(answer);  // 0 is what happens without a choice
    }
    return answer;
  }
  void follows(unsigned thread, std::size_t step) override { explorer_->follows(thread, step); }
  void joins(unsigned thread, unsigned other) override { explorer_->joins(thread, other); }
  void time_passes(const Execution& execution, ThreadSet pending) override {
    explorer_->time_passes(execution, pending);
  }
  void times_out(unsigned thread) override { explorer_->times_out(thread); }
  void stops(const Execution& execution, ThreadSet pending, bool failed) override {
    // What has failed comes after everything else.
    if (failed && !chosen.empty()) chosen.back().accesses.push_back({{~std::uint64_t{0}}, true});
    explorer_->stops(execution, pending, failed);
  }
  bool end(const Ending& ending) override { return explorer_->end(ending); }

  std::vector<Chosen> chosen;

 private:
  Explorer* explorer_;
};

/// One text for all interleavings of a trace: the one in which the lowest thread goes whenever it can.
std::string trace_of(std::vector<Chosen> events) {
  std::string text;
  while (!events.empty()) {
    auto next = events.end();
    for (auto event = events.begin(); event != events.end(); ++event) {
      const auto last = [](const Chosen& one) {
        return !one.accesses.empty() && one.accesses.back().object.value == ~std::uint64_t{0};
      };
      const auto before = [&](const Chosen& other) {
        return other.thread == event->thread || last(*event) || conflict(other.accesses, event->accesses);
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

}  // namespace

std::function<void()> body(Program program, std::function<void(const std::string&)> tell) {
  return [program = std::move(program), tell = std::move(tell)] {
    World world;
    run(program, world);
    std::string values;
    for (const auto& each : world.values) values += std::to_string(each.load()) + " ";
    tell(values);
  };
}

Program random_program(unsigned number, unsigned kinds, unsigned threads, unsigned length) {
  const std::vector<Named> choices = codes(kinds);
  std::mt19937 random{number};
  Program program(2 + random() % (threads - 1));
  for (unsigned i = 0; i != length; ++i) {
    auto& thread = i < program.size() ? program[i] : program[random() % program.size()];
    thread.push_back(
        {choices[random() % choices.size()].code, static_cast<unsigned>(random() % 2), random() % 2 != 0});
  }
  return program;
}

std::string to_string(const Program& program) {
  std::string text;
  for (const auto& thread : program) {
    text += text.empty() ? "" : "  ||  ";
    for (const Instruction& instruction : thread) {
      for (const Named& named : codes(~0U)) {
        if (named.code == instruction.run) text += named.name;
      }
      text += '(';
      text += std::to_string(instruction.which);
      text += instruction.variant ? ",1); " : ",0); ";
    }
  }
  return text;
}

Exploration traces(const Program& program, Explorer& explorer, std::uint64_t most, unsigned spurious,
                   unsigned timeouts) {
  Written written{explorer};
  Execution execution;
  execution.allow_spurious(spurious);
  execution.allow_timeouts(timeouts);
  Exploration result;
  while (written.begin()) {
    const Ending ending = execution.run([&] { run(program); }, written, {.steps = 1'000});
    if (written.end(ending)) {
      result.traces.insert(trace_of(written.chosen));
    } else {
      ++result.blocked;
    }
    if (result.traces.size() + result.blocked > most) {
      result.ended = false;
      break;
    }
  }
  return result;
}

}  // namespace lockstep::sim::test
