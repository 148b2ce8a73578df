// Scenarios that no catalogue should have: what the program says about them is under test.
#include <lockstep/sim/atomic.hpp>
#include <lockstep/sim/concurrently.hpp>
#include <lockstep/sim/explore.hpp>
#include <lockstep/sim/mutex.hpp>
#include <lockstep/sim/scenario.hpp>
#include <lockstep/sim/this_thread.hpp>
#include <lockstep/sim/var.hpp>

#include <chrono>
#include <csignal>
#include <mutex>
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

/// Right by itself; wrong where std lets a weak compare-exchange fail without a reason.
void takes_once() {
  atomic<bool> taken{false};
  bool expected = false;
  taken.compare_exchange_weak(expected, true);
  check(taken.load(), "it is taken");
}

void waits() {
  atomic<bool> ready{false};
  concurrently([&] { ready.store(true); },
               [&] {
                 while (!ready.load()) this_thread::yield();
               });
}

void sleeps() {
  atomic<bool> ready{false};
  concurrently([&] { ready.store(true); },
               [&] {
                 this_thread::sleep_for(std::chrono::seconds{1});
                 check(ready.load(), "it is ready after a second");
               });
}

/// Right in every interleaving, and not as C++ has it: each of two may miss what the other has said.
void both_miss() {
  atomic<int> one{0};
  atomic<int> other{0};
  int seen_by_one = 0;
  int seen_by_other = 0;
  const auto say_and_look = [](atomic<int>& mine, atomic<int>& theirs, int& seen) {
    mine.store(1, std::memory_order_relaxed);
    seen = theirs.load(std::memory_order_relaxed);
  };
  concurrently([&] { say_and_look(one, other, seen_by_one); },
               [&] { say_and_look(other, one, seen_by_other); });
  check(seen_by_one + seen_by_other > 0, "one of them hears the other");
}

/// With an order that is needed, and one that is stronger than needed.
void publishes() {
  int message = 0;
  atomic<bool> sent{false};
  var<int> letter{0};
  concurrently(
      [&] {
        letter = 1;
        sent.store(true, std::memory_order_seq_cst);
      },
      [&] {
        if (sent.load(std::memory_order_acquire)) message = letter;
      });
  check(message == 0 || message == 1, "there is no other letter");
}

/// A deadlock inside a destructor, which cannot be left by an exception.
void deadlock_in_a_destructor() {
  mutex first;
  mutex second;
  struct Both {
    mutex& one;
    mutex& other;
    ~Both() {
      const std::lock_guard outer{one};
      const std::lock_guard inner{other};
    }
  };
  concurrently([&] { const Both both{first, second}; }, [&] { const Both both{second, first}; });
}

/// An exception where none may leave.
void throws_where_it_must_not() {
  concurrently([]() noexcept { throws(); });
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
    Registered{{.name = "fair/waits", .summary = "waits in a loop that yields", .body = waits}},
    Registered{{.name = "orders/missed",
                .summary = "finds nothing, unless orders are as weak as they say",
                .body = both_miss}},
    Registered{{.name = "orders/published",
                .summary = "finds nothing, with orders some of which are needed",
                .body = publishes,
                .options = {.model = MemoryModel::rc11}}},
    Registered{{.name = "spurious/weak",
                .summary = "finds nothing, unless what may fail spuriously does",
                .body = takes_once}},
    Registered{{.name = "timely/sleeps",
                .summary = "finds nothing, unless a sleep ends before others go on",
                .body = sleeps}},
    Registered{{.name = "terminates/deadlock",
                .summary = "waits for ever in a destructor",
                .expected = FindingKind::deadlock,
                .body = deadlock_in_a_destructor}},
    Registered{{.name = "terminates/exception",
                .summary = "calls std::terminate",
                .expected = FindingKind::exception,
                .body = throws_where_it_must_not}},
    Registered{{.name = "long/" + std::string(300, 'x'), .summary = "has a very long name", .body = nothing}},
};

}  // namespace

}  // namespace lockstep::sim::planted
