// Wake-ups and failures without a reason, as std allows them.
#include <lockstep/sim/concurrently.hpp>
#include <lockstep/sim/scenario.hpp>
#include <lockstep/sim/sim.hpp>

#include <mutex>

namespace lockstep::sim::scenarios::of_spurious {

namespace {

/// One waits for what the other puts there.
template <class Wait>
void handing_over(Wait wait) {
  mutex guard;
  condition_variable filled;
  var<int> item{0};
  label(guard, "guard");
  label(filled, "filled");
  label(item, "item");
  concurrently(
      [&] {
        std::unique_lock lock{guard};
        wait(filled, lock, item);
        check(item == 7, "what was waited for is there");
      },
      [&] {
        {
          const std::scoped_lock lock{guard};
          item = 7;
        }
        filled.notify_one();
      });
}

void waits_if() {
  handing_over([](condition_variable& filled, std::unique_lock<mutex>& lock, var<int>& item) {
    if (item == 0) filled.wait(lock);
  });
}

void waits_while() {
  handing_over([](condition_variable& filled, std::unique_lock<mutex>& lock, var<int>& item) {
    filled.wait(lock, [&] { return item != 0; });
  });
}

/// Both count once.
template <class Add>
void counting(Add add) {
  atomic<int> counter{0};
  label(counter, "counter");
  concurrently([&] { add(counter); }, [&] { add(counter); });
  check(counter.load() == 2, "both are counted");
}

void weak_for_another() {
  counting([](atomic<int>& counter) {
    int seen = counter.load();
    while (!counter.compare_exchange_weak(seen, seen + 1)) {
      if (seen == 0) return;  // "nobody else has counted, so it must have been done"
    }
  });
}

void weak_in_a_loop() {
  counting([](atomic<int>& counter) {
    int seen = counter.load();
    while (!counter.compare_exchange_weak(seen, seen + 1)) {
    }
  });
}

const Registered scenarios[]{
    Registered{{.name = "spurious/wait_if",
                .summary = "looks once, and waits: a wake-up without a reason passes for the signal",
                .expected = FindingKind::check,
                .body = waits_if,
                .options = {.spurious = 1}}},
    Registered{{.name = "spurious/wait_while",
                .summary = "a wait with a predicate looks again after each wake-up",
                .body = waits_while,
                .options = {.spurious = 2}}},
    Registered{{.name = "spurious/weak_taken_for_strong",
                .summary = "takes a weak compare-exchange that fails for another one's success",
                .expected = FindingKind::check,
                .body = weak_for_another,
                .options = {.spurious = 1}}},
    Registered{{.name = "spurious/weak_in_a_loop",
                .summary = "a weak compare-exchange is repeated until it succeeds",
                .body = weak_in_a_loop,
                .options = {.spurious = 2}}},
};

}  // namespace

}  // namespace lockstep::sim::scenarios::of_spurious
