// Scenarios that no catalogue should have: what the program says about them is under test.
#include <lockstep/sim/atomic.hpp>
#include <lockstep/sim/concurrently.hpp>
#include <lockstep/sim/explore.hpp>
#include <lockstep/sim/scenario.hpp>

#include <csignal>
#include <stdexcept>
#include <string>
#include <utility>

namespace lockstep::sim::planted {

namespace {

void nothing() {}

void wrong() { check(false, "it is right"); }

void throws() { throw std::runtime_error{"a \"quoted\"\nmessage"}; }

void increment(atomic<int>& counter) { counter.store(counter.load() + 1); }

void racy() {
  atomic<int> counter{0};
  concurrently([&] { increment(counter); }, [&] { increment(counter); });
  check(counter.load() == 2, "both increments count");
}

/// More interleavings than anyone waits for: 40 conflicting steps of each of two threads.
void endless() {
  atomic<int> counter{0};
  const auto work = [&] {
    for (int i = 0; i < 40; ++i) counter.fetch_add(1);
  };
  concurrently(work, work);
}

/// Presses Ctrl-C in its first execution.
void interrupted() {
  static bool pressed = false;
  if (!std::exchange(pressed, true)) std::raise(SIGINT);
  endless();
}

const Registered scenarios[]{
    Registered{{.name = "agrees/bug",
                .summary = "finds what it expects",
                .expected = FindingKind::check,
                .body = racy}},
    Registered{{.name = "agrees/clean", .summary = "finds nothing, as expected", .body = nothing}},
    Registered{{.name = "agrees/throws",
                .summary = "expects an exception whose message needs quoting",
                .expected = FindingKind::exception,
                .body = throws}},
    Registered{{.name = "differs/bug", .summary = "expects nothing and finds a bug", .body = wrong}},
    Registered{{.name = "differs/clean",
                .summary = "expects a deadlock and finds nothing",
                .expected = FindingKind::deadlock,
                .body = nothing}},
    Registered{{.name = "differs/kind",
                .summary = "expects a deadlock and finds a failed check",
                .expected = FindingKind::deadlock,
                .body = wrong}},
    Registered{{.name = "endless/clean", .summary = "is never explored completely", .body = endless}},
    Registered{{.name = "endless/interrupted", .summary = "presses Ctrl-C", .body = interrupted}},
    Registered{{.name = "long/" + std::string(300, 'x'), .summary = "has a very long name", .body = nothing}},
};

}  // namespace

}  // namespace lockstep::sim::planted
