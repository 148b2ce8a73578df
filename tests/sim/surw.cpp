// Selectively uniform random walk: what it draws how often.
#include "support.hpp"

#include <boost/test/unit_test.hpp>

#include <array>
#include <functional>
#include <map>
#include <string>

BOOST_AUTO_TEST_SUITE(surw)

namespace {

using namespace lockstep::sim;
using test::concurrently;

using Seen = std::map<std::string, unsigned>;  ///< how often each interleaving came up

/// Runs `body` many times; it appends to the interleaving that it is given.
Seen drawn(unsigned executions, const std::function<void(std::string&)>& body,
           Strategy strategy = Strategy::surw) {
  Seen seen;
  explore(
      [&] {
        std::string interleaving;
        body(interleaving);
        ++seen[interleaving];
      },
      {.strategy = strategy, .seed = 5, .executions = executions});
  return seen;
}

/// Pearson's statistic: how far the counts are from being the same, over `kinds` that there are.
double chi_square(const Seen& seen, unsigned kinds) {
  double all = 0;
  for (const auto& [interleaving, times] : seen) all += times;
  const double expected = all / kinds;
  double sum = (kinds - static_cast<double>(seen.size())) * expected;  // those that never came up
  for (const auto& [interleaving, times] : seen) sum += (times - expected) * (times - expected) / expected;
  return sum;
}

/// `times` steps on `shared`, each told by `name`.
auto steps(atomic<int>& shared, int times, char name, std::string& interleaving) {
  return [&shared, times, name, &interleaving] {
    for (int i = 0; i != times; ++i) {
      shared.fetch_add(1);
      interleaving += name;
    }
  };
}

void four_and_two(std::string& interleaving) {
  atomic<int> x{0};
  concurrently(steps(x, 4, 'a', interleaving), steps(x, 2, 'b', interleaving));
}

}  // namespace

// A statistic above these comes up once in a thousand times if all are as likely; the seed is fixed.

BOOST_AUTO_TEST_CASE(interleavings_of_threads_of_different_length_are_as_likely) {
  BOOST_TEST(chi_square(drawn(3'000, four_and_two), 15) < 36.1);
  BOOST_TEST(chi_square(drawn(3'000, four_and_two, Strategy::random), 15) > 1'000);
  BOOST_TEST(chi_square(drawn(3'000, four_and_two, Strategy::pos), 15) > 100);
}

BOOST_AUTO_TEST_CASE(so_are_those_of_three_threads) {
  const auto body = [](std::string& interleaving) {
    atomic<int> x{0};
    concurrently(steps(x, 1, 'a', interleaving), steps(x, 2, 'b', interleaving),
                 steps(x, 3, 'c', interleaving));
  };
  BOOST_TEST(chi_square(drawn(6'000, body), 60) < 98.4);
}

BOOST_AUTO_TEST_CASE(a_thread_stands_for_the_steps_of_those_that_it_will_start) {
  const auto body = [](std::string& interleaving) {
    atomic<int> x{0};
    concurrently(
        [&] {
          steps(x, 1, 'a', interleaving)();
          thread started{steps(x, 3, 's', interleaving)};
          started.join();
        },
        steps(x, 3, 'b', interleaving));
  };
  BOOST_TEST(chi_square(drawn(3'500, body), 35) < 65.2);
}

BOOST_AUTO_TEST_CASE(a_thread_drawn_for_those_that_it_will_start_hands_its_turn_to_them) {
  const auto body = [](std::string& interleaving) {
    atomic<int> x{0};
    atomic<int> own{0};
    concurrently(
        [&] {
          own.fetch_add(1);
          thread started{steps(x, 3, 's', interleaving)};
          started.join();
        },
        steps(x, 3, 'b', interleaving));
  };
  BOOST_TEST(chi_square(drawn(3'000, body), 20) < 43.8);
}

BOOST_AUTO_TEST_CASE(steps_on_what_only_one_thread_touches_make_no_difference) {
  const auto body = [](std::string& interleaving) {
    atomic<int> x{0};
    atomic<int> own{0};
    concurrently(
        [&] {
          for (int i = 0; i != 20; ++i) own.fetch_add(1);
          steps(x, 2, 'a', interleaving)();
        },
        steps(x, 2, 'b', interleaving));
  };
  BOOST_TEST(chi_square(drawn(1'200, body), 6) < 20.5);
}

// Over all steps, one in 705,432 interleavings begins with every step of one thread. If the steps on `x`
// alone matter, which they do in a quarter of all executions, it is every other one.
BOOST_AUTO_TEST_CASE(few_steps_on_one_object_are_not_lost_among_many_on_another) {
  const auto body = [](std::string& interleaving) {
    atomic<int> x{0};
    atomic<int> y{0};
    std::string others;
    concurrently(
        [&] {
          steps(x, 1, 'a', interleaving)();
          steps(y, 10, 'A', others)();
        },
        [&] {
          steps(y, 10, 'B', others)();
          steps(x, 1, 'b', interleaving)();
        });
  };
  const auto seen = drawn(1'000, body);
  BOOST_TEST(seen.at("ba") > 80U);
  BOOST_TEST(seen.at("ab") > 80U);
}

BOOST_AUTO_TEST_CASE(every_interleaving_of_several_objects_can_come_up) {
  const auto body = [](std::string& interleaving) {
    atomic<int> x{0};
    atomic<int> y{0};
    const auto both = [&](char first, char second) {
      return [&x, &y, &interleaving, first, second] {
        steps(x, 1, first, interleaving)();
        steps(y, 1, second, interleaving)();
      };
    };
    concurrently(both('a', 'A'), both('b', 'B'));
  };
  BOOST_TEST(drawn(300, body).size() == 6U);
}

BOOST_AUTO_TEST_CASE(who_waits_politely_for_one_that_is_held_back_lets_it_go) {
  const Result result = explore(
      [] {
        atomic<int> x{0};
        atomic<int> tries{0};
        atomic<bool> flag{false};
        concurrently(
            [&] {
              x.store(1);
              while (!flag.load()) {
                tries.fetch_add(1);
                this_thread::yield();
              }
              x.store(2);
            },
            [&] {
              for (int i = 0; i != 3; ++i) x.fetch_add(1);
              flag.store(true);
            });
      },
      {.strategy = Strategy::surw, .executions = 500});
  BOOST_TEST(result.passed(), result.report());
}

BOOST_AUTO_TEST_SUITE_END()
