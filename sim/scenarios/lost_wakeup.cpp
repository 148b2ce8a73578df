// Lost wake-up: the signal is sent between the look at the flag and the wait for it.
#include <lockstep/sim/concurrently.hpp>
#include <lockstep/sim/scenario.hpp>
#include <lockstep/sim/sim.hpp>

#include <mutex>

namespace lockstep::sim::scenarios::of_lost_wakeup {

namespace {

void flag_outside_the_lock() {
  atomic<bool> ready{false};
  mutex guard;
  condition_variable changed;
  label(ready, "ready");
  label(guard, "guard");
  label(changed, "changed");
  concurrently(
      [&] {
        if (ready.load()) return;
        std::unique_lock lock{guard};
        changed.wait(lock);
      },
      [&] {
        ready.store(true);
        changed.notify_one();
      });
}

void predicate_under_the_lock() {
  bool ready = false;
  mutex guard;
  condition_variable changed;
  label(guard, "guard");
  label(changed, "changed");
  concurrently(
      [&] {
        std::unique_lock lock{guard};
        changed.wait(lock, [&] { return ready; });
      },
      [&] {
        {
          const std::scoped_lock lock{guard};
          ready = true;
        }
        changed.notify_one();
      });
  check(ready, "the waiter goes on because of the signal");
}

void atomic_wait() {
  atomic<int> ready{0};
  label(ready, "ready");
  concurrently([&] { ready.wait(0); },
               [&] {
                 ready.store(1);
                 ready.notify_one();
               });
}

const Registered scenarios[]{
    Registered{{.name = "lost_wakeup/flag_outside_the_lock",
                .summary = "look at the flag, then lock and wait",
                .expected = FindingKind::lost_wakeup,
                .body = flag_outside_the_lock}},
    Registered{{.name = "lost_wakeup/predicate_under_the_lock",
                .summary = "the flag changes and is looked at under the lock",
                .body = predicate_under_the_lock}},
    Registered{{.name = "lost_wakeup/atomic_wait",
                .summary = "atomic wait looks at the value and waits in one step",
                .body = atomic_wait}},
};

}  // namespace

}  // namespace lockstep::sim::scenarios::of_lost_wakeup
