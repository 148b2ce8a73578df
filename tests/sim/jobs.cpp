// Several threads that explore together do what one does alone.
#include <lockstep/sim/explore.hpp>

#include "support.hpp"

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <stdexcept>

BOOST_AUTO_TEST_SUITE(exploring_with_several_threads)

namespace {

using namespace lockstep::sim;
using test::concurrently;

constexpr Strategy drawn[] = {Strategy::random, Strategy::pct, Strategy::pos, Strategy::surw};

/// Fails in one execution of many, in some way.
void rare_bug() {
  atomic<int> stage{0};
  atomic<int> noise{0};
  concurrently(
      [&] {
        for (int i = 0; i != 4; ++i) noise.fetch_add(1);
        stage.store(1);
        noise.fetch_add(1);
        check(stage.load() != 2, "the stage is left alone");
      },
      [&] {
        for (int i = 0; i != 6; ++i) noise.fetch_add(1);
        if (stage.load() == 1) stage.store(2);
      });
}

/// Every order of two of three threads' steps fails in one of two ways.
void several_bugs() {
  atomic<int> x{0};
  test::repeatedly(3, [&](unsigned i) {
    const int before = x.load();
    x.store(before + 1);
    check(i != 0 || before == 0, "the first thread comes first");
    if (i == 1 && before == 1) throw std::runtime_error{"the second thread comes second"};
  });
}

Result alone_and_together(const std::function<void()>& body, Options options) {
  const Result alone = explore(body, options);
  options.jobs = 4;
  Result together = explore(body, options);
  BOOST_TEST(alone.executions == together.executions);
  BOOST_TEST((alone.found == together.found));
  BOOST_TEST(alone.complete == together.complete);
  BOOST_TEST(alone.finding.has_value() == together.finding.has_value());
  return together;
}

}  // namespace

BOOST_AUTO_TEST_CASE(finds_the_first_of_the_executions_that_a_seed_draws) {
  for (const Strategy each : drawn) {
    for (std::uint64_t seed = 1; seed != 6; ++seed) {
      const Options options{.strategy = each, .seed = seed};
      const Result together = alone_and_together(rare_bug, options);
      BOOST_REQUIRE(together.finding.has_value());
      BOOST_TEST(together.finding->token == explore(rare_bug, options).finding->token);
    }
  }
}

BOOST_AUTO_TEST_CASE(counts_the_findings_of_all_executions) {
  for (const Strategy each : drawn)
    alone_and_together(several_bugs, {.strategy = each, .executions = 500, .keep_going = true});
  const Result all = alone_and_together(several_bugs, {.keep_going = true});
  BOOST_TEST(all.complete);
  BOOST_TEST(all.found.size() == 2U);
}

BOOST_AUTO_TEST_CASE(shows_a_finding_that_replays) {
  const Result result = explore(rare_bug, {.jobs = 4});
  BOOST_REQUIRE(result.finding.has_value());
  BOOST_TEST(!result.complete);
  const Result again = replay(rare_bug, result.finding->token);
  BOOST_REQUIRE(again.finding.has_value());
  BOOST_TEST(timeline(*again.finding) == timeline(*result.finding));
}

BOOST_AUTO_TEST_CASE(makes_no_more_executions_than_are_asked_for) {
  for (const std::uint64_t most : {1U, 2U, 17U, 30U}) {
    // One that turns out not to count leaves its place to whoever is still there.
    BOOST_TEST(explore(several_bugs, {.executions = most, .jobs = 4, .keep_going = true}).executions <= most);
    for (const Strategy each : drawn) {
      const Result result =
          explore(several_bugs, {.strategy = each, .executions = most, .jobs = 4, .keep_going = true});
      BOOST_TEST(result.executions == most);
    }
  }
}

BOOST_AUTO_TEST_CASE(has_so_many_threads) {
  // Each execution of the last thread to come waits in real time for the others.
  std::atomic<int> here{0};
  const Result result = explore(
      [&] {
        int seen = here.fetch_add(1) + 1;
        here.notify_all();
        if (seen <= 3) return;  // the first one, which is run three times
        for (; seen != 7; seen = here) here.wait(seen);
      },
      {.strategy = Strategy::random, .executions = 5, .jobs = 4});
  BOOST_TEST(result.executions == 5U);
}

BOOST_AUTO_TEST_CASE(ends_with_the_exception_of_whoever_is_told) {
  std::uint64_t told = 0;
  const auto interrupt = [&](const Progress&) {
    if (++told == 2) throw std::runtime_error{"interrupted"};
  };
  const auto endless = [] {
    atomic<int> x{0};
    test::repeatedly(4, [&](unsigned) {
      for (int i = 0; i != 10; ++i) x.fetch_add(1);
    });
  };
  BOOST_CHECK_THROW(explore(endless, {.jobs = 4, .progress = interrupt}), std::runtime_error);
  BOOST_TEST(told == 2U);
}

BOOST_AUTO_TEST_SUITE_END()
