// Data races: plain variables that a flag of too weak a memory order passes from thread to thread.
// Meyers & Alexandrescu, "C++ and the Perils of Double-Checked Locking", Dr. Dobb's Journal, 2004.
#include <lockstep/sim/concurrently.hpp>
#include <lockstep/sim/scenario.hpp>
#include <lockstep/sim/sim.hpp>

#include <mutex>

namespace lockstep::sim::scenarios::of_data_race {

namespace {

/// A message and the flag that says it is there.
void message(std::memory_order stored, std::memory_order loaded) {
  var<int> text{0};
  atomic<bool> sent{false};
  label(text, "text");
  label(sent, "sent");
  concurrently(
      [&] {
        text = 42;
        sent.store(true, stored);
      },
      [&] {
        if (sent.load(loaded)) check(text.get() == 42, "the text is there once it is said to be");
      });
}

void relaxed_flag() { message(std::memory_order_relaxed, std::memory_order_relaxed); }
void released_flag() { message(std::memory_order_release, std::memory_order_acquire); }

/// An object that is made at its first use: looked at without the lock first, then with it.
void double_check(std::memory_order stored, std::memory_order loaded) {
  var<int> object{0};
  atomic<bool> made{false};
  mutex guard;
  label(object, "object");
  label(made, "made");
  label(guard, "guard");
  const auto use = [&] {
    if (!made.load(loaded)) {
      const std::scoped_lock lock{guard};
      if (!made.load(std::memory_order_relaxed)) {
        object = 7;
        made.store(true, stored);
      }
    }
    check(object.get() == 7, "nobody uses it before it is made");
  };
  concurrently(use, use);
}

void double_checked_relaxed() { double_check(std::memory_order_relaxed, std::memory_order_relaxed); }
void double_checked_released() { double_check(std::memory_order_release, std::memory_order_acquire); }

const Registered scenarios[]{
    Registered{{.name = "data_race/relaxed_flag",
                .summary = "a relaxed flag says that the text is there, and orders nothing",
                .expected = FindingKind::data_race,
                .body = relaxed_flag}},
    Registered{{.name = "data_race/released_flag",
                .summary = "a release store read by an acquire load publishes the text",
                .body = released_flag}},
    Registered{{.name = "data_race/double_checked_relaxed",
                .summary = "double-checked locking whose first look is relaxed",
                .expected = FindingKind::data_race,
                .body = double_checked_relaxed}},
    Registered{{.name = "data_race/double_checked_released",
                .summary = "double-checked locking by release and acquire",
                .body = double_checked_released}},
};

}  // namespace

}  // namespace lockstep::sim::scenarios::of_data_race
