// The number of execution graphs of programs for which it is known, under sequential consistency and under
// RC11: computed by at least two other methods each. And any number of random programs, against the axioms.
#include "graphs.hpp"

#include <lockstep/sim/barrier.hpp>
#include <lockstep/sim/latch.hpp>
#include <lockstep/sim/semaphore.hpp>
#include <lockstep/sim/shared_mutex.hpp>

#include "access_program.hpp"
#include "axioms.hpp"
#include "random_program.hpp"
#include "support.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <array>
#include <deque>
#include <mutex>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

BOOST_AUTO_TEST_SUITE(graphs)

namespace {

using namespace lockstep::sim;
using test::concurrently;
using test::repeatedly;
using Body = std::function<void()>;

constexpr auto relaxed = std::memory_order_relaxed;
constexpr auto acquire = std::memory_order_acquire;
constexpr auto release = std::memory_order_release;
constexpr auto seq_cst = std::memory_order_seq_cst;

/// Of a body, under each model; 0: not asked for.
struct Numbers {
  std::uint64_t sc = 0;
  std::uint64_t rc11 = 0;
};

std::uint64_t number(const Body& body, MemoryModel model, unsigned jobs) {
  const Result result = explore(body, {.model = model, .jobs = jobs});
  BOOST_TEST(result.passed(), result.report());
  BOOST_TEST(result.complete);
  BOOST_TEST(result.blocked == 0U);
  return result.executions;
}

void has(Numbers numbers, const Body& body) {
  for (const unsigned jobs : {1U, 2U}) {
    if (numbers.sc != 0) BOOST_TEST(number(body, MemoryModel::sc, jobs) == numbers.sc);
    if (numbers.rc11 != 0) BOOST_TEST(number(body, MemoryModel::rc11, jobs) == numbers.rc11);
  }
}

template <class T>
void load(const atomic<T>& from, std::memory_order order) {
  static_cast<void>(from.load(order));
}

struct Locations {
  atomic<int> x{0};
  atomic<int> y{0};
  atomic<int> z{0};
};

Body store_buffering(std::memory_order stores, std::memory_order loads, bool fence) {
  return [=] {
    Locations at;
    const auto side = [&](atomic<int>& mine, const atomic<int>& other) {
      mine.store(1, stores);
      if (fence) lockstep::sim::atomic_thread_fence(seq_cst);
      load(other, loads);
    };
    concurrently([&] { side(at.x, at.y); }, [&] { side(at.y, at.x); });
  };
}

Body message_passing(std::memory_order stores, std::memory_order loads) {
  return [=] {
    Locations at;
    concurrently([&] { at.x.store(1, stores), at.y.store(1, stores); },
                 [&] { load(at.y, loads), load(at.x, loads); });
  };
}

Body two_and_two_writes(std::memory_order stores) {
  return [=] {
    Locations at;
    concurrently([&] { at.x.store(1, stores), at.y.store(2, stores); },
                 [&] { at.y.store(1, stores), at.x.store(2, stores); });
  };
}

Body sums(int rounds, std::memory_order loads, std::memory_order stores, bool reader) {
  return [=] {
    Locations at;
    at.x = at.y = 1;
    const auto add = [&](atomic<int>& to, const atomic<int>& from) {
      for (int i = 0; i != rounds; ++i) {
        const int before = to.load(loads);
        to.store(before + from.load(loads), stores);
      }
    };
    repeatedly(reader ? 3 : 2, [&](unsigned i) {
      if (i == 0) add(at.x, at.y);
      if (i == 1) add(at.y, at.x);
      if (i == 2) load(at.x, loads), load(at.y, loads);
    });
  };
}

Body increments(unsigned threads, std::size_t variables) {
  return [=] {
    std::deque<atomic<int>> shared;
    while (shared.size() != variables) shared.emplace_back(0);
    repeatedly(threads, [&](unsigned) {
      for (auto& each : shared) each.fetch_add(1, relaxed);
    });
  };
}

Body compare_and_write(unsigned threads) {
  return [=] {
    atomic<int> x{0};
    repeatedly(threads, [&](unsigned i) {
      int expected = 0;
      x.compare_exchange_strong(expected, 1, relaxed, relaxed);
      x.store(static_cast<int>(i) + 3, release);
    });
  };
}

Body last_zero(unsigned threads) {
  return [=] {
    std::deque<atomic<int>> array;
    while (array.size() != threads + 1U) array.emplace_back(0);
    repeatedly(threads + 1, [&](unsigned i) {
      if (i != 0) return array[i].store(array[i - 1].load(acquire) + 1, release);
      for (std::size_t at = array.size(); at-- != 0;) {
        if (array[at].load(acquire) == 0) break;
      }
    });
  };
}

Body sections(unsigned threads, unsigned each) {
  return [=] {
    mutex guard;
    var<unsigned> counter{0};
    repeatedly(threads, [&](unsigned) {
      for (unsigned i = 0; i != each; ++i) {
        const std::lock_guard lock{guard};
        ++counter;
      }
    });
    check(counter.get() == threads * each, "counted");
  };
}

}  // namespace

BOOST_AUTO_TEST_CASE(litmus_tests_have_their_numbers) {
  has({3, 4}, store_buffering(release, acquire, false));
  has({3, 3}, store_buffering(seq_cst, seq_cst, false));
  has({3, 3}, store_buffering(relaxed, relaxed, true));
  has({3, 3}, message_passing(release, acquire));
  has({3, 4}, message_passing(relaxed, relaxed));
  has({3, 3}, [] {
    Locations at;
    concurrently(
        [&] {
          at.x.store(1, relaxed);
          lockstep::sim::atomic_thread_fence(release);
          at.y.store(1, relaxed);
        },
        [&] {
          load(at.y, relaxed);
          lockstep::sim::atomic_thread_fence(acquire);
          load(at.x, relaxed);
        });
  });
  has({3, 4}, two_and_two_writes(release));
  has({3, 3}, two_and_two_writes(seq_cst));
  has({3, 3}, [] {
    Locations at;
    const auto side = [](const atomic<int>& from, atomic<int>& to) {
      load(from, acquire), to.store(1, release);
    };
    concurrently([&] { side(at.x, at.y); }, [&] { side(at.y, at.x); });
  });
  has({7, 7}, [] {
    Locations at;
    const auto side = [](const atomic<int>& from, atomic<int>& to) {
      load(from, acquire), to.store(1, release);
    };
    concurrently([&] { side(at.x, at.y); }, [&] { side(at.y, at.z); }, [&] { side(at.z, at.x); });
  });
  has({3, 4}, [] {
    Locations at;
    concurrently([&] { at.x.store(2, release), at.y.store(1, release); },
                 [&] { load(at.y, relaxed), at.x.store(1, release); });
  });
  has({6, 6}, [] {
    Locations at;
    concurrently([&] { at.x.store(1, release), at.x.store(2, release); },
                 [&] { load(at.x, acquire), load(at.x, acquire); });
  });
  has({36, 36}, [] {
    Locations at;
    concurrently([&] { at.x.store(1, release); }, [&] { at.x.store(2, release); },
                 [&] { load(at.x, acquire), load(at.x, acquire); }, [&] { load(at.x, acquire); });
  });
  has({7, 7}, [] {
    Locations at;
    concurrently([&] { at.x.store(1, relaxed), at.z.store(1, release); },
                 [&] {
                   load(at.z, acquire);
                   lockstep::sim::atomic_thread_fence(seq_cst);
                   load(at.y, relaxed);
                 },
                 [&] {
                   at.y.store(1, relaxed);
                   lockstep::sim::atomic_thread_fence(seq_cst);
                   load(at.x, relaxed);
                 });
  });
}

BOOST_AUTO_TEST_CASE(a_release_sequence_has_16_and_20) {
  has({16, 20}, [] {
    Locations at;
    concurrently([&] { at.x.store(1, relaxed), at.y.store(1, release), at.y.store(2, relaxed); },
                 [&] { at.y.exchange(3, relaxed); },
                 [&] {
                   load(at.y, relaxed);
                   lockstep::sim::atomic_thread_fence(acquire);
                   load(at.x, relaxed);
                 });
  });
}

BOOST_AUTO_TEST_CASE(families_have_their_numbers) {
  has({0, 8192}, [] {
    atomic<int> x{0};
    repeatedly(14, [&](unsigned i) { i == 0 ? x.store(1, release) : load(x, acquire); });
  });
  has({64, 64}, last_zero(5));
  has({0, 3328}, last_zero(10));
  has({720, 720}, increments(6, 1));
  has({576, 576}, increments(4, 2));
  has({216, 216}, increments(3, 3));
  has({6, 6}, compare_and_write(2));
  has({66, 66}, compare_and_write(3));
  has({1200, 1200}, compare_and_write(4));
  has({3, 3}, sums(1, seq_cst, seq_cst, false));
  has({19, 19}, sums(2, seq_cst, seq_cst, false));
  has({141, 141}, sums(3, seq_cst, seq_cst, false));
}

BOOST_AUTO_TEST_CASE(a_treiber_stack_has_40_and_25680_of_three_threads) {
  struct Node {
    Node* next = nullptr;
  };
  for (const auto& pair : {std::pair{2U, 40U}, {3U, 25680U}}) {
    BOOST_TEST(number(
                   [threads = pair.first] {
                     std::array<Node, 3> nodes{};
                     atomic<Node*> head{nullptr};
                     repeatedly(threads, [&](unsigned i) {
                       Node* node = &nodes.at(i);
                       node->next = head.load();
                       while (!head.compare_exchange_strong(node->next, node, release, relaxed)) {
                       }
                       Node* top = head.load(acquire);
                       while (top != nullptr && !head.compare_exchange_strong(top, top->next, acquire)) {
                       }
                     });
                   },
                   MemoryModel::rc11, 1) == pair.second);
  }
}

BOOST_AUTO_TEST_CASE(locks_have_their_numbers_and_block_no_execution) {
  has({24, 24}, sections(4, 1));
  has({6, 6}, sections(2, 2));
  has({90, 90}, sections(3, 2));
  has({12, 12}, [] {
    mutex a;
    mutex b;
    const auto transfer = [&] {
      const std::lock_guard from{a};
      const std::lock_guard to{b};
    };
    concurrently(transfer, transfer, [&] {
      {
        const std::lock_guard look{a};
      }
      const std::lock_guard look{b};
    });
  });
}

BOOST_AUTO_TEST_CASE(opposite_locks_have_two_executions_and_a_deadlock) {
  const Result result = explore(
      [] {
        mutex a;
        mutex b;
        const auto both = [](mutex& first, mutex& second) {
          const std::lock_guard one{first};
          const std::lock_guard other{second};
        };
        concurrently([&] { both(a, b); }, [&] { both(b, a); });
      },
      {.model = MemoryModel::rc11, .keep_going = true});
  BOOST_TEST(result.executions == 3U);
  BOOST_TEST(result.found.at(FindingKind::deadlock) == 1U);
  BOOST_TEST(result.finding->message.starts_with("t1 holds mutex#1 and waits for mutex#2; t2 holds"));
}

BOOST_AUTO_TEST_CASE(condition_variables_have_their_numbers) {
  struct Row {
    unsigned waiters;
    unsigned signallers;
    unsigned expected;
  };
  for (const auto& row : {Row{1, 1, 2}, {2, 1, 10}, {2, 2, 60}}) {
    const Result result = explore(
        [&] {
          mutex guard;
          condition_variable condition;
          bool ready = false;
          repeatedly(row.waiters + row.signallers, [&](unsigned i) {
            std::unique_lock lock{guard};
            if (i < row.waiters) {
              while (!ready) condition.wait(lock);
            } else {
              ready = true;
              condition.notify_one();
            }
          });
        },
        {.model = MemoryModel::rc11, .keep_going = true});
    BOOST_TEST(result.executions == row.expected);
    BOOST_TEST(result.blocked == 0U);
  }
}

// --- Against the axioms ---

namespace {

namespace axioms = lockstep::sim::test::axioms;

struct Told {
  Result result;
  std::map<std::string, std::uint64_t> outcomes;
};

Told explored(const axioms::Program& program, const Options& options) {
  Told told;
  told.result =
      explore(axioms::body(program, [&](const std::string& outcome) { ++told.outcomes[outcome]; }), options);
  return told;
}

std::set<std::string> names(const std::map<std::string, std::uint64_t>& outcomes) {
  std::set<std::string> names;
  for (const auto& each : outcomes) names.insert(each.first);
  return names;
}

void random_programs(unsigned count, axioms::Model by, MemoryModel model) {
  for (unsigned number = 0; number != count; ++number) {
    const axioms::Program program = axioms::random_accesses(number);
    const axioms::Verdict expected = axioms::judge(program, by);
    const Told told = explored(program, {.model = model});
    const std::string about = "program " + std::to_string(number) + ": " + to_string(program);
    if (expected.races) {
      BOOST_TEST(test::found(told.result) == "data_race", about);
      continue;
    }
    BOOST_TEST(told.result.complete, about << ": " << told.result.report());
    BOOST_TEST(told.result.executions == expected.graphs(),
               about << ": " << told.result.executions << " instead of " << expected.graphs());
    BOOST_TEST((names(told.outcomes) == names(expected.outcomes)), about);
  }
}

}  // namespace

BOOST_AUTO_TEST_CASE(random_programs_have_the_graphs_that_rc11_allows) {
  random_programs(2'000, axioms::Model::rc11, MemoryModel::rc11);
}

BOOST_AUTO_TEST_CASE(random_programs_have_the_graphs_that_sequential_consistency_allows) {
  random_programs(400, axioms::Model::sc, MemoryModel::sc);
}

BOOST_AUTO_TEST_CASE(what_is_drawn_is_allowed_and_all_that_is_allowed_is_drawn) {
  unsigned weak = 0;
  for (unsigned number = 0; number != 60; ++number) {
    const axioms::Program program = axioms::random_accesses(number);
    const axioms::Verdict expected = axioms::judge(program, axioms::Model::rc11);
    if (expected.races || expected.graphs() > 12) continue;
    const Told told =
        explored(program, {.strategy = Strategy::random, .model = MemoryModel::rc11, .executions = 1'000});
    BOOST_TEST(told.result.passed(), told.result.report());
    BOOST_TEST((names(told.outcomes) == names(expected.outcomes)),
               "program " << number << ": " << to_string(program));
    if (expected.graphs() > axioms::judge(program, axioms::Model::sc).graphs()) ++weak;
  }
  BOOST_TEST(weak > 2U);
}

// --- Against interleavings ---

namespace {

/// What a program of primitives comes to, of whatever interleaving or graph.
struct Comes {
  std::set<std::string> to;
  bool complete = false;
};

Comes comes(const test::Program& program, MemoryModel model) {
  Comes comes;
  const auto tell = [&](const std::string& values) { comes.to.insert(values); };
  const Result result =
      explore(test::body(program, tell), {.model = model, .executions = 20'000, .keep_going = true});
  for (const auto& [kind, times] : result.found) {  // a graph need not tell why nobody is woken
    comes.to.emplace(to_string(kind == FindingKind::lost_wakeup ? FindingKind::deadlock : kind));
  }
  comes.complete = result.executions < 20'000;
  return comes;
}

/// How many were compared.
unsigned compare_with_interleavings(unsigned kinds, unsigned threads, unsigned length, unsigned programs) {
  unsigned compared = 0;
  for (unsigned number = 0; number != programs; ++number) {
    const test::Program program = test::random_program(number, kinds, threads, length);
    const Comes interleavings = comes(program, MemoryModel::interleavings);
    // Their atomics are all seq_cst, so RC11 allows no more.
    const Comes graphs = comes(program, number % 2 == 0 ? MemoryModel::sc : MemoryModel::rc11);
    if (!interleavings.complete || !graphs.complete) continue;
    BOOST_TEST((graphs.to == interleavings.to), "program " << number << ": " << to_string(program));
    ++compared;
  }
  return compared;
}

}  // namespace

BOOST_AUTO_TEST_CASE(random_programs_of_primitives_come_to_what_their_interleavings_do) {
  BOOST_TEST(compare_with_interleavings(test::atomics | test::locks, 3, 5, 80) > 10U);
  BOOST_TEST(compare_with_interleavings(test::atomics | test::locks | test::waits, 3, 6, 90) > 20U);
  BOOST_TEST(compare_with_interleavings(test::parking, 4, 6, 70) > 60U);
}

// --- What primitives and threads order ---

namespace {

/// True if `body` passes in interleavings, and is proven under RC11.
void is_proven(const Body& body) {
  const Result interleavings = explore(body);
  BOOST_TEST(interleavings.complete, interleavings.report());
  const Result graphs = explore(body, {.model = MemoryModel::rc11});
  BOOST_TEST(graphs.complete, graphs.report());
}

/// What the accesses of three threads, of which two meet, can see: in each a text of what it has read.
std::set<std::string> seen_by_meeting(unsigned number, MemoryModel model) {
  std::minstd_rand random{number + 1};
  const auto draw = [&](unsigned values) { return static_cast<unsigned>(random() / 64 % values); };
  std::array<std::vector<unsigned>, 3> program;  // 0, 1: loads; 2, 3: stores; 4: an addition; 5: a meeting
  for (unsigned i = 0; i != 7; ++i) program[draw(3)].push_back(draw(5));
  const bool again = draw(2) != 0;
  const unsigned meetings = again ? 1 + draw(2) : 1;
  for (unsigned i = 0; i != 2; ++i) {
    for (unsigned meeting = 0; meeting != meetings; ++meeting)
      program[i].insert(program[i].begin() + draw(static_cast<unsigned>(program[i].size()) + 1), 5);
  }
  std::set<std::string> seen;
  const Result result = explore(
      [&] {
        std::array<atomic<unsigned>, 2> values{};
        latch once{2};
        barrier phases{2};
        std::array<std::string, 3> read;
        test::repeatedly(3, [&](unsigned i) {
          unsigned next = i * 10;
          for (const unsigned instruction : program[i]) {
            ++next;
            if (instruction < 2) {
              read[i] += std::to_string(values[instruction].load());
            } else if (instruction < 4) {
              values[instruction - 2].store(next);
            } else if (instruction == 4) {
              read[i] += std::to_string(values[0].fetch_add(100));
            } else {
              again ? phases.arrive_and_wait() : once.arrive_and_wait();
            }
            read[i] += ",";
          }
        });
        seen.insert(read[0] + "|" + read[1] + "|" + read[2] + "|" + std::to_string(values[0].load()) + "," +
                    std::to_string(values[1].load()));
      },
      {.model = model});
  BOOST_TEST(result.complete, "program " << number << ": " << result.report());
  return seen;
}

}  // namespace

BOOST_AUTO_TEST_CASE(what_a_thread_did_before_it_ended_comes_before_in_the_order_of_seq_cst) {
  is_proven([] {
    atomic<int> x{0};
    atomic<int> y{0};
    int seen = -1;
    thread other{[&] {
      y.store(1);
      seen = x.load();
    }};
    thread{[&] { x.store(1); }}.join();
    const int before = y.load();
    y.store(2);
    other.join();
    check(before != 0 || y.load() != 1 || seen != 0, "all is in one order");
  });
}

BOOST_AUTO_TEST_CASE(what_was_done_under_a_lock_comes_before_in_the_order_of_seq_cst) {
  is_proven([] {
    atomic<int> x{0};
    atomic<int> y{0};
    mutex guard;
    bool stored = false;
    int seen = -1;
    int before = -1;
    concurrently(
        [&] {
          y.store(1);
          seen = x.load();
        },
        [&] {
          x.store(1);
          const std::lock_guard lock{guard};
          stored = true;
        },
        [&] {
          {
            const std::lock_guard lock{guard};
            if (!stored) return;
          }
          before = y.load();
          y.store(2);
        });
    check(before != 0 || y.load() != 1 || seen != 0, "all is in one order");
  });
}

BOOST_AUTO_TEST_CASE(threads_that_meet_at_a_latch_or_a_barrier_see_what_their_interleavings_do) {
  for (unsigned number = 0; number != 40; ++number) {
    const auto expected = seen_by_meeting(number, MemoryModel::interleavings);
    BOOST_TEST((seen_by_meeting(number, MemoryModel::rc11) == expected), "program " << number);
  }
}

// --- Loops, notifications, other primitives ---

namespace {

/// A message behind a flag that the reader waits for.
template <class Wait>
Body message(std::memory_order stored, Wait wait) {
  return [=] {
    atomic<int> value{0};
    atomic<int> flag{0};
    label(value, "value");
    label(flag, "flag");
    concurrently(
        [&] {
          value.store(1, relaxed);
          flag.store(1, stored);
          flag.notify_one();
        },
        [&] {
          wait(flag);
          check(value.load(relaxed) == 1, "the message has come");
        });
  };
}

constexpr auto by_loop = [](const atomic<int>& flag) {
  while (flag.load(acquire) == 0) this_thread::yield();
};
constexpr auto by_await = [](const atomic<int>& flag) {
  flag.await([](int value) { return value != 0; }, acquire);
};
constexpr auto by_exchange = [](atomic<int>& flag) {
  while (flag.exchange(0, acquire) == 0) this_thread::yield();
};
constexpr auto by_wait = [](const atomic<int>& flag) { flag.wait(0, acquire); };

template <class Wait>
void needs_its_orders(Wait wait) {
  const Result proven = explore(message(release, wait), {.model = MemoryModel::rc11});
  BOOST_TEST(proven.passed(), proven.report());
  BOOST_TEST(proven.complete);
  const Body weak = message(relaxed, wait);
  for (const Strategy strategy : {Strategy::exhaustive, Strategy::random, Strategy::pos}) {
    const Result result = explore(weak, {.strategy = strategy, .model = MemoryModel::rc11});
    BOOST_REQUIRE(result.finding);
    BOOST_TEST(result.finding->message == "the message has come");
    BOOST_TEST(result.report().find("load value -> 0; older than what t1 has stored") != std::string::npos,
               result.report());
    const Result again = replay(weak, result.finding->token, {.model = MemoryModel::rc11});
    BOOST_TEST(again.note == "");
    BOOST_REQUIRE(again.finding);
    BOOST_TEST(again.finding->message == "the message has come");
  }
  BOOST_TEST(explore(weak).passed());
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_loop_that_waits_needs_its_orders) {
  needs_its_orders(by_loop);
  // The flag is seen at once, or after a round in vain; two such rounds would be followed by a third.
  const Result result = explore(message(release, by_loop), {.model = MemoryModel::rc11});
  BOOST_TEST(result.fair_only);
  BOOST_TEST(result.executions == 2U);
  BOOST_TEST(explore(message(release, by_await), {.model = MemoryModel::rc11}).executions == 1U);
}

BOOST_AUTO_TEST_CASE(a_loop_that_has_waited_sees_something_newer_where_executions_are_drawn) {
  unsigned most = 0;
  const Result result = explore(
      [&] {
        atomic<int> flag{0};
        unsigned looks = 0;
        concurrently([&] { flag.store(1, relaxed); },
                     [&] {
                       while (++looks, flag.load(relaxed) == 0) this_thread::yield();
                     });
        most = std::max(most, looks);
      },
      {.strategy = Strategy::random, .model = MemoryModel::rc11, .executions = 1'000});
  BOOST_TEST(result.passed(), result.report());
  BOOST_TEST(most == 3U);  // two rounds in vain, and the one after waiting
}

BOOST_AUTO_TEST_CASE(an_execution_that_is_given_up_runs_on_where_nothing_may_be_thrown) {
  const auto wait = [](const atomic<int>& flag) noexcept { by_loop(flag); };
  const Result result = explore(message(release, wait), {.model = MemoryModel::rc11});
  BOOST_TEST(result.passed(), result.report());
  BOOST_TEST(result.blocked == 1U);
}

BOOST_AUTO_TEST_CASE(an_await_needs_its_orders) { needs_its_orders(by_await); }

BOOST_AUTO_TEST_CASE(a_wait_for_a_notification_needs_its_orders) { needs_its_orders(by_wait); }

BOOST_AUTO_TEST_CASE(what_never_comes_is_waited_for_in_vain) {
  for (const MemoryModel model : {MemoryModel::interleavings, MemoryModel::rc11}) {
    const auto finds = [&](auto wait) {
      return test::found(
          [=] {
            atomic<int> flag{0};
            concurrently([&] { flag.store(0, release); }, [&] { wait(flag); });
          },
          {.model = model});
    };
    BOOST_TEST(finds(by_await) == "deadlock");
    BOOST_TEST(finds(by_wait) == "deadlock");
    BOOST_TEST(finds(by_exchange) == (model == MemoryModel::rc11 ? "deadlock" : "livelock"));
    BOOST_TEST(finds(by_loop) == (model == MemoryModel::rc11 ? "deadlock" : "livelock"));
  }
}

BOOST_AUTO_TEST_CASE(a_notification_that_is_not_sent_is_missed) {
  BOOST_TEST(test::found(
                 [] {
                   atomic<int> flag{0};
                   concurrently([&] { flag.store(1, release); }, [&] { flag.wait(0, acquire); });
                 },
                 {.model = MemoryModel::rc11}) == "deadlock");
}

BOOST_AUTO_TEST_CASE(who_is_not_notified_stays) {
  const auto two_wait = [](bool all) {
    return test::found(
        [=] {
          atomic<int> flag{0};
          const auto wait = [&] { flag.wait(0, acquire); };
          concurrently(
              [&] {
                flag.store(1, release);
                all ? flag.notify_all() : flag.notify_one();
              },
              wait, wait);
        },
        {.model = MemoryModel::rc11});
  };
  BOOST_TEST(two_wait(true) == "none");
  BOOST_TEST(two_wait(false) == "deadlock");
}

BOOST_AUTO_TEST_CASE(other_primitives_order_what_they_guard) {
  const auto proven = [](const Body& body) {
    const Result result = explore(body, {.model = MemoryModel::rc11});
    BOOST_TEST(result.passed(), result.report());
    BOOST_TEST(result.complete);
  };
  proven([] {
    counting_semaphore<1> permit{1};
    var<int> counter{0};
    repeatedly(3, [&](unsigned) {
      permit.acquire();
      ++counter;
      permit.release();
    });
    check(counter.get() == 3, "counted");
  });
  proven([] {
    latch both{2};
    atomic<int> counter{0};
    repeatedly(3, [&](unsigned i) {
      if (i == 0) {
        both.wait();
        check(counter.load(relaxed) == 2, "both have come");
      } else {
        counter.fetch_add(1, relaxed);
        both.count_down();
      }
    });
  });
  proven([] {
    shared_mutex guard;
    var<int> counter{0};
    repeatedly(3, [&](unsigned i) {
      if (i == 0) {
        const std::lock_guard lock{guard};
        ++counter;
      } else {
        const std::shared_lock lock{guard};
        check(counter.get() <= 1, "read");
      }
    });
  });
}

BOOST_AUTO_TEST_CASE(who_tries_to_lock_finds_a_mutex_held_or_given_back) {
  for (const unsigned jobs : {1U, 2U}) {
    std::set<std::pair<bool, bool>> seen;
    std::mutex guards_seen;
    const Result result = explore(
        [&] {
          mutex guard;
          var<int> value{0};
          bool first = false;
          bool second = false;
          const auto attempt = [&](bool& taken) {
            taken = guard.try_lock();
            if (!taken) return;
            ++value;
            guard.unlock();
          };
          concurrently([&] { attempt(first); }, [&] { attempt(second); });
          const std::lock_guard lock{guards_seen};
          seen.emplace(first, second);
        },
        {.model = MemoryModel::rc11, .jobs = jobs});
    BOOST_TEST(result.complete, result.report());
    BOOST_TEST(result.executions == 4U);
    BOOST_TEST((seen == std::set<std::pair<bool, bool>>{{true, true}, {true, false}, {false, true}}));
  }
}

BOOST_AUTO_TEST_CASE(an_attempt_to_lock_that_comes_up_late_is_counted_from_the_start) {
  const Body body = [] {
    mutex guard;
    atomic<int> turn{0};
    concurrently([&] { turn.store(1); },
                 [&] {
                   const std::lock_guard lock{guard};
                   turn.store(2);
                 },
                 [&] {
                   if (turn.load() == 0 && guard.try_lock()) guard.unlock();
                 });
  };
  const Result interleavings = explore(body);
  const Result graphs = explore(body, {.model = MemoryModel::sc});
  BOOST_TEST(graphs.complete);
  BOOST_TEST(graphs.executions == interleavings.executions);
}

BOOST_AUTO_TEST_CASE(phases_of_a_barrier_order_what_comes_before_and_after_them) {
  const auto phases = [](std::memory_order order) {
    return [order] {
      atomic<int> ended{0};
      var<int> value{0};
      barrier all{2, [&]() noexcept { ended.fetch_add(1, order); }};
      const auto work = [&](unsigned i) {
        if (i == 0) value = 1;
        all.arrive_and_wait();
        check(value.get() == 1 && ended.load(order) >= 1, "the first phase is over");
        all.arrive_and_wait();
        if (i == 1) value = 2;
        check(ended.load(order) == 2, "the second phase is over");
      };
      concurrently([&] { work(0); }, [&] { work(1); });
    };
  };
  const Result result = explore(phases(std::memory_order_relaxed), {.model = MemoryModel::rc11});
  BOOST_TEST(result.complete, result.report());
  const auto without_waiting = [] {
    var<int> value{0};
    barrier all{2};
    concurrently(
        [&] {
          value = 1;
          static_cast<void>(all.arrive());
        },
        [&] {
          static_cast<void>(all.arrive());
          static_cast<void>(value.get());
        });
  };
  BOOST_TEST(test::found(explore(without_waiting, {.model = MemoryModel::rc11})) == "data_race");
}

BOOST_AUTO_TEST_CASE(what_has_no_graphs_is_refused) {
  const auto refused = [](const Body& body) {
    const Result result = explore(body, {.model = MemoryModel::rc11});
    return result.finding ? result.finding->message : "nothing";
  };
  const auto is = [](const std::string& message, const std::string& what) {
    BOOST_TEST(message == "std::logic_error: lockstep::sim: there is no \"" + what +
                              "\" under a model of memory: it is explored in interleavings only leaves main");
  };
  is(refused([] {
       timed_mutex guard;
       static_cast<void>(guard.try_lock_for(std::chrono::seconds{1}));
     }),
     "a wait with a time limit");
  is(refused([] { const Invariant invariant{"holds", [] { return true; }}; }), "an invariant");
  is(refused([] { step("both", {writes("record")}, [] {}); }), "a step that is one as a whole");
  BOOST_CHECK_THROW(explore([] {}, {.model = MemoryModel::rc11, .preemptions = 1}), std::invalid_argument);
  BOOST_CHECK_THROW(explore([] {}, {.model = MemoryModel::rc11, .checkpoint = "file"}),
                    std::invalid_argument);
}

BOOST_AUTO_TEST_CASE(a_test_that_is_not_the_same_each_time_is_found_so) {
  const auto found = [](const Body& body, Strategy strategy) {
    return test::found(explore(body, {.strategy = strategy, .model = MemoryModel::rc11}));
  };
  const auto race = [](int value) {
    atomic<int> x{0};
    concurrently([&] { x.store(value); }, [&] { static_cast<void>(x.load()); });
  };
  for (const Strategy strategy :
       {Strategy::exhaustive, Strategy::random, Strategy::pct, Strategy::pos, Strategy::surw}) {
    int runs = 0;
    BOOST_TEST(found([&] { race(++runs); }, strategy) == "nondeterminism");
    for (const int fails : {1, 2, 3, 4}) {
      runs = 0;
      const auto fails_once = [&] {
        race(0);
        check(++runs != fails, "it is another");
      };
      BOOST_TEST(found(fails_once, strategy) == "nondeterminism");
    }
  }
  int runs = 0;
  BOOST_TEST(found([&] { race(++runs > 3 ? 2 : 1); }, Strategy::exhaustive) == "nondeterminism");
}

BOOST_AUTO_TEST_CASE(models_have_names) {
  for (const MemoryModel model : {MemoryModel::interleavings, MemoryModel::rc11, MemoryModel::sc})
    BOOST_CHECK(memory_model(to_string(model)) == model);
  BOOST_CHECK(!memory_model("tso"));
}

BOOST_AUTO_TEST_SUITE_END()
