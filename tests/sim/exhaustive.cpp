// The number of executions on programs whose number of Mazurkiewicz traces is known: computed by
// at least two other methods each. Fewer would miss an interleaving, more would repeat one.
#include "exhaustive.hpp"

#include <lockstep/sim/execution.hpp>

#include "support.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <array>
#include <mutex>
#include <stdexcept>
#include <utility>

BOOST_AUTO_TEST_SUITE(exhaustive)

namespace {

using namespace lockstep::sim;
using test::concurrently;
using test::repeatedly;

std::uint64_t traces(const std::function<void()>& body) {
  const Result result = explore(body);
  BOOST_TEST(result.passed(), result.report());
  BOOST_TEST(result.complete);
  BOOST_TEST(result.blocked == 0U);
  const Result together = explore(body, {.jobs = 4});
  BOOST_TEST(together.complete);
  BOOST_TEST(together.executions == result.executions);
  BOOST_TEST(together.blocked == 0U);
  return result.executions;
}

std::uint64_t factorial(unsigned n) { return n == 0 ? 1 : n * factorial(n - 1); }

std::uint64_t power(std::uint64_t base, unsigned exponent) {
  return exponent == 0 ? 1 : base * power(base, exponent - 1);
}

template <class T>
void load(const atomic<T>& value) {
  static_cast<void>(value.load());
}

struct Locations {
  atomic<int> x{0};
  atomic<int> y{0};
  atomic<int> z{0};
};

/// A program of two sizes, and its number.
struct Row {
  unsigned first;
  unsigned second;
  unsigned expected;
};

struct Node {
  int value = 0;
  Node* next = nullptr;
};

}  // namespace

BOOST_AUTO_TEST_CASE(store_buffering_has_3) {
  BOOST_TEST(traces([] {
               Locations l;
               concurrently([&] { l.x.store(1), load(l.y); }, [&] { l.y.store(1), load(l.x); });
             }) == 3U);
}

BOOST_AUTO_TEST_CASE(message_passing_has_3) {
  BOOST_TEST(traces([] {
               Locations l;
               concurrently([&] { l.x.store(1), l.y.store(1); }, [&] { load(l.y), load(l.x); });
             }) == 3U);
}

BOOST_AUTO_TEST_CASE(load_buffering_has_3_and_7_around_three_threads) {
  BOOST_TEST(traces([] {
               Locations l;
               concurrently([&] { load(l.x), l.y.store(1); }, [&] { load(l.y), l.x.store(1); });
             }) == 3U);
  BOOST_TEST(traces([] {
               Locations l;
               concurrently([&] { load(l.x), l.y.store(1); }, [&] { load(l.y), l.z.store(1); },
                            [&] { load(l.z), l.x.store(1); });
             }) == 7U);
}

BOOST_AUTO_TEST_CASE(two_by_two_writes_have_3) {
  BOOST_TEST(traces([] {
               Locations l;
               concurrently([&] { l.x.store(1), l.y.store(2); }, [&] { l.y.store(1), l.x.store(2); });
             }) == 3U);
}

BOOST_AUTO_TEST_CASE(s_has_3) {
  BOOST_TEST(traces([] {
               Locations l;
               concurrently([&] { l.x.store(2), l.y.store(1); }, [&] { load(l.y), l.x.store(1); });
             }) == 3U);
}

BOOST_AUTO_TEST_CASE(coherence_of_reads_has_6_and_36_with_more_threads) {
  BOOST_TEST(traces([] {
               Locations l;
               concurrently([&] { l.x.store(1), l.x.store(2); }, [&] { load(l.x), load(l.x); });
             }) == 6U);
  BOOST_TEST(traces([] {
               Locations l;
               concurrently([&] { l.x.store(1); }, [&] { l.x.store(2); }, [&] { load(l.x), load(l.x); },
                            [&] { load(l.x); });
             }) == 36U);
}

BOOST_AUTO_TEST_CASE(write_and_read_to_write_causality_has_7) {
  BOOST_TEST(traces([] {
               Locations l;
               concurrently([&] { l.x.store(1), l.z.store(1); }, [&] { load(l.z), load(l.y); },
                            [&] { l.y.store(1), load(l.x); });
             }) == 7U);
}

BOOST_AUTO_TEST_CASE(a_release_sequence_has_16) {
  BOOST_TEST(traces([] {
               Locations l;
               concurrently([&] { l.x.store(1), l.y.store(1), l.y.store(2); }, [&] { l.y.exchange(3); },
                            [&] { load(l.y), load(l.x); });
             }) == 16U);
}

BOOST_AUTO_TEST_CASE(readers_of_one_write_have_two_each) {
  for (const unsigned n : {1U, 2U, 5U, 13U}) {
    BOOST_TEST(traces([=] {
                 atomic<int> x{0};
                 repeatedly(n + 1, [&](unsigned i) { i == 0 ? x.store(1) : load(x); });
               }) == power(2, n));
  }
}

BOOST_AUTO_TEST_CASE(last_zero_has_its_number) {
  for (const unsigned n : {2U, 3U, 4U, 5U, 6U, 10U}) {
    BOOST_TEST(traces([=] {
                 std::array<atomic<int>, 11> a{};
                 repeatedly(n + 1, [&](unsigned i) {
                   if (i != 0) {
                     a[i].store(a[i - 1].load() + 1);
                   } else {
                     for (unsigned j = n; a[j].load() != 0;) --j;
                   }
                 });
               }) == (n + 3) * power(2, n - 2));
  }
}

BOOST_AUTO_TEST_CASE(increments_have_their_orders_per_variable) {
  for (const auto& pair : {std::pair{2U, 1U}, {3U, 1U}, {4U, 1U}, {2U, 2U}, {3U, 2U}, {2U, 3U}, {3U, 3U}}) {
    const auto threads = pair.first;
    const auto variables = pair.second;
    BOOST_TEST(traces([=] {
                 std::array<atomic<int>, 3> shared{};
                 repeatedly(threads, [&](unsigned) {
                   for (unsigned v = 0; v != variables; ++v) shared[v].fetch_add(1);
                 });
               }) == power(factorial(threads), variables));
  }
}

BOOST_AUTO_TEST_CASE(compare_exchange_that_fails_only_reads) {
  for (const auto& pair : {std::pair{2U, 6U}, {3U, 66U}, {4U, 1200U}, {5U, 32880U}}) {
    const auto n = pair.first;
    BOOST_TEST(traces([=] {
                 atomic<int> x{0};
                 repeatedly(n, [&](unsigned i) {
                   int zero = 0;
                   x.compare_exchange_strong(zero, 1);
                   x.store(static_cast<int>(i) + 3);
                 });
               }) == pair.second);
  }
}

BOOST_AUTO_TEST_CASE(fibonacci_has_its_number) {
  for (const auto& pair : {std::pair{1, 3U}, {2, 19U}, {3, 141U}, {4, 1107U}, {5, 8953U}}) {
    const auto n = pair.first;
    BOOST_TEST(traces([=] {
                 atomic<int> x{1};
                 atomic<int> y{1};
                 const auto add = [n](atomic<int>& to, const atomic<int>& from) {
                   for (int i = 0; i != n; ++i) {
                     const int before = to.load();
                     to.store(before + from.load());
                   }
                 };
                 concurrently([&] { add(x, y); }, [&] { add(y, x); });
               }) == pair.second);
  }
}

BOOST_AUTO_TEST_CASE(fibonacci_with_a_reader_has_218243) {
  BOOST_TEST(traces([] {
               atomic<int> x{1};
               atomic<int> y{1};
               const auto add = [](atomic<int>& to, const atomic<int>& from) {
                 for (int i = 0; i != 5; ++i) {
                   const int before = to.load();
                   to.store(before + from.load());
                 }
               };
               concurrently([&] { add(x, y); }, [&] { add(y, x); }, [&] { load(x), load(y); });
             }) == 218243U);
}

BOOST_AUTO_TEST_CASE(a_lock_has_its_orders) {
  for (const Row& row : {Row{2, 1, 2}, {3, 1, 6}, {4, 1, 24}, {2, 2, 6}, {3, 2, 90}}) {
    const unsigned threads = row.first;
    const unsigned sections = row.second;
    BOOST_TEST(traces([=] {
                 mutex guard;
                 unsigned counter = 0;
                 repeatedly(threads, [&](unsigned) {
                   for (unsigned i = 0; i != sections; ++i) {
                     const std::lock_guard lock{guard};
                     ++counter;
                   }
                 });
                 check(counter == threads * sections, "the lock keeps increments apart");
               }) == row.expected);
  }
}

BOOST_AUTO_TEST_CASE(opposite_transfers_with_a_reader_have_12) {
  BOOST_TEST(traces([] {
               mutex a;
               mutex b;
               const auto transfer = [&] {
                 const std::lock_guard first{a};
                 const std::lock_guard second{b};
               };
               concurrently(transfer, transfer, [&] {
                 {
                   const std::lock_guard lock{a};
                 }
                 const std::lock_guard lock{b};
               });
             }) == 12U);
}

BOOST_AUTO_TEST_CASE(locks_in_opposite_order_have_2_and_a_deadlock) {
  const Result result = test::explore_all([] {
    mutex a;
    mutex b;
    concurrently(
        [&] {
          const std::scoped_lock first{a};
          const std::scoped_lock second{b};
        },
        [&] {
          const std::scoped_lock first{b};
          const std::scoped_lock second{a};
        });
  });
  BOOST_TEST(result.executions == 3U);
  BOOST_TEST(result.found.at(FindingKind::deadlock) == 1U);
  BOOST_TEST(result.complete);
}

BOOST_AUTO_TEST_CASE(a_condition_has_its_number) {
  for (const Row& row : {Row{1, 1, 2}, {2, 1, 10}, {2, 2, 60}}) {
    const unsigned waiters = row.first;
    const unsigned signallers = row.second;
    const Result result = test::explore_all([=] {
      mutex guard;
      condition_variable condition;
      bool ready = false;
      repeatedly(waiters + signallers, [&](unsigned i) {
        std::unique_lock lock{guard};
        if (i < waiters) {
          while (!ready) condition.wait(lock);
        } else {
          ready = true;
          condition.notify_one();
        }
      });
    });
    BOOST_TEST(result.executions == row.expected);
    BOOST_TEST(result.complete);
  }
}

BOOST_AUTO_TEST_CASE(a_treiber_stack_has_40_and_25680_of_three_threads) {
  for (const auto& pair : {std::pair{2U, 40U}, {3U, 25680U}}) {
    BOOST_TEST(traces([=] {
                 std::array<Node, 3> nodes{};
                 atomic<Node*> head{nullptr};
                 repeatedly(pair.first, [&](unsigned i) {
                   Node* node = &nodes.at(i);
                   node->next = head.load();
                   while (!head.compare_exchange_strong(node->next, node)) {
                   }
                   Node* top = head.load();
                   while (top != nullptr && !head.compare_exchange_strong(top, top->next)) {
                   }
                 });
               }) == pair.second);
  }
}

BOOST_AUTO_TEST_CASE(a_step_that_enables_or_disables_another_conflicts_with_it) {
  // Both outcomes of try_lock, before, inside and after the critical section, with what each sees.
  std::vector<std::string> seen;
  const Result result = explore([&] {
    mutex guard;
    atomic<int> x{0};
    std::string saw;
    concurrently(
        [&] {
          const std::lock_guard lock{guard};
          x.store(1);
        },
        [&] {
          saw = std::to_string(x.load());
          saw += guard.try_lock() ? "free" : "held";
          if (saw.ends_with("free")) guard.unlock();
        });
    seen.push_back(saw);
  });
  BOOST_TEST(result.passed());
  for (const char* expected : {"0free", "0held", "1held", "1free"}) {
    BOOST_TEST((std::ranges::find(seen, expected) != seen.end()), expected);
  }
}

BOOST_AUTO_TEST_CASE(threads_that_share_nothing_have_one_trace) {
  BOOST_TEST(traces([] {
               std::array<atomic<int>, 3> own{};
               repeatedly(3, [&](unsigned i) {
                 own[i].store(1);
                 own[i].store(2);
               });
             }) == 1U);
}

BOOST_AUTO_TEST_CASE(what_must_come_later_does_not_race) {
  using namespace std::chrono_literals;
  // After joining; after a sleep; after a time limit; after a notification; after a latch that is open.
  BOOST_TEST(traces([] {
               atomic<int> x{0};
               atomic<int> y{0};
               concurrently([&] { x.store(1); }, [&] { x.store(2), y.store(2); });
               load(y);
             }) == 2U);
  BOOST_TEST(traces([] {
               atomic<int> x{0};
               concurrently([&] { x.store(1); }, [&] { this_thread::sleep_for(1ms), load(x); });
             }) == 1U);
  BOOST_TEST(traces([] {
               atomic<int> x{0};
               binary_semaphore never{0};
               concurrently([&] { x.store(1); },
                            [&] { static_cast<void>(never.try_acquire_for(1ms)), load(x); });
             }) == 1U);
  BOOST_TEST(traces([] {
               atomic<int> x{0};
               mutex guard;
               condition_variable condition;
               bool ready = false;
               concurrently(
                   [&] {
                     std::unique_lock lock{guard};
                     while (!ready) condition.wait(lock);
                     load(x);
                   },
                   [&] {
                     x.store(1);
                     {
                       const std::lock_guard lock{guard};
                       ready = true;
                     }
                     condition.notify_one();
                   });
             }) == 2U);
  BOOST_TEST(traces([] {
               atomic<int> x{0};
               latch open{1};
               concurrently([&] { x.store(1), open.count_down(); }, [&] { open.wait(), load(x); });
             }) == 1U);
}

// The next ones are programs that slightly different rules get wrong: their numbers are those of sleep sets
// and of every interleaving.

BOOST_AUTO_TEST_CASE(what_comes_after_a_race_matters_to_its_reversal) {
  const auto executions = [](const std::function<void()>& body) {
    const Result result = test::explore_all(body);
    BOOST_TEST(result.complete);
    BOOST_TEST(result.blocked == 0U);
    return result.executions;
  };
  BOOST_TEST(executions([] {
               Locations l;
               mutex m;
               mutex n;
               concurrently(
                   [&] {
                     const std::lock_guard lock{n};
                     load(l.x);
                   },
                   [&] {
                     const std::unique_lock lock{m, std::try_to_lock};
                     if (lock) l.x.store(1);
                   },
                   [&] { const std::lock_guard lock{n}; }, [&] { const std::lock_guard lock{m}; });
             }) == 10U);
  BOOST_TEST(executions([] {
               atomic<int> x{0};
               concurrently([&] { x.notify_one(); }, [&] { x.notify_one(), x.store(1), x.notify_one(); },
                            [&] { x.wait(0); });
             }) == 16U);
}

BOOST_AUTO_TEST_CASE(what_an_atomic_wait_does_depends_on_where_it_stands) {
  const Result lost = test::explore_all([] {
    atomic<int> x{0};
    concurrently([&] { x.wait(0); }, [&] { x.store(1); }, [&] { x.notify_one(); });
  });
  BOOST_TEST(lost.executions == 4U);
  BOOST_TEST(lost.found.contains(FindingKind::lost_wakeup));
  BOOST_TEST(test::explore_all([] {
               atomic<int> x{0};
               concurrently([&] { x.wait(1), load(x); }, [&] { x.store(1), x.notify_all(), x.store(0); },
                            [&] { x.notify_one(); });
             }).executions == 17U);
}

BOOST_AUTO_TEST_CASE(every_waiter_that_one_notification_may_wake_is_explored) {
  BOOST_TEST(test::explore_all([] {
               atomic<int> f{0};
               mutex n;
               concurrently([&] { f.wait(0); }, [&] { const std::lock_guard lock{n}; },
                            [&] {
                              f.wait(0);
                              const std::lock_guard lock{n};
                            },
                            [&] { f.store(1), f.notify_one(), f.notify_one(); });
             }).executions == 26U);
}

BOOST_AUTO_TEST_CASE(a_failure_hides_no_other) {
  const Result result = test::explore_all([] {
    Locations l;
    concurrently(
        [&] {
          l.x.store(1), load(l.z);
          check(false, "fails wherever it stands");
        },
        [&] {
          load(l.z);
          if (l.x.load() == 0) throw std::runtime_error{"came first"};
        });
  });
  BOOST_TEST(result.found.contains(FindingKind::check));
  BOOST_TEST(result.found.contains(FindingKind::exception));
}

BOOST_AUTO_TEST_CASE(what_is_known_to_be_left_is_left) {
  constexpr std::uint64_t all = 2 * 128;
  const auto body = [] {
    atomic<int> x{0};
    repeatedly(9, [&](unsigned i) { i == 0 ? x.store(1) : load(x); });
  };
  Execution execution;
  Exhaustive explorer;
  for (std::uint64_t ended = 1; explorer.begin(); ++ended) {
    explorer.end(execution.run(body, explorer, {}));
    BOOST_TEST(ended + explorer.left() <= all);
    BOOST_TEST((explorer.left() == 0) == (ended == all));
  }
}

BOOST_AUTO_TEST_SUITE_END()
