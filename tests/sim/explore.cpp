#include <lockstep/sim/explore.hpp>

#include "support.hpp"

#include <boost/test/unit_test.hpp>

#include <array>
#include <mutex>
#include <set>
#include <shared_mutex>

BOOST_AUTO_TEST_SUITE(exploring)

namespace {

using namespace lockstep::sim;
using test::concurrently;

/// A bug of depth 3 behind many steps: both orders have to be right.
void deep_bug() {
  atomic<int> stage{0};
  atomic<int> noise{0};
  concurrently(
      [&] {
        for (int i = 0; i != 3; ++i) noise.fetch_add(1);
        stage.store(1);
        noise.fetch_add(1);
        check(stage.load() != 2, "the stage is left alone");
      },
      [&] {
        for (int i = 0; i != 3; ++i) noise.fetch_add(1);
        if (stage.load() == 1) stage.store(2);
      });
}

}  // namespace

BOOST_AUTO_TEST_CASE(every_strategy_has_a_name_and_is_found_by_it) {
  for (const auto each :
       {Strategy::exhaustive, Strategy::random, Strategy::pct, Strategy::pos, Strategy::surw}) {
    BOOST_TEST((strategy(to_string(each)) == each));
  }
  BOOST_TEST(!strategy("no such strategy").has_value());
}

BOOST_AUTO_TEST_CASE(every_strategy_finds_a_lost_update) {
  for (const auto each :
       {Strategy::exhaustive, Strategy::random, Strategy::pct, Strategy::pos, Strategy::surw}) {
    BOOST_TEST(test::found(test::lost_update, {.strategy = each}) == "check");
    BOOST_TEST(test::found(deep_bug, {.strategy = each}) == "check");
  }
}

BOOST_AUTO_TEST_CASE(the_same_seed_finds_the_same) {
  for (const auto each : {Strategy::random, Strategy::pct, Strategy::pos, Strategy::surw}) {
    const Result first = explore(deep_bug, {.strategy = each, .seed = 7});
    const Result second = explore(deep_bug, {.strategy = each, .seed = 7});
    BOOST_REQUIRE(first.finding.has_value());
    BOOST_TEST(first.executions == second.executions);
    BOOST_TEST(first.finding->token == second.finding->token);
  }
}

BOOST_AUTO_TEST_CASE(other_seeds_take_other_ways) {
  std::set<std::uint64_t> executions;
  for (std::uint64_t seed = 1; seed != 9; ++seed) {
    executions.insert(explore(deep_bug, {.strategy = Strategy::random, .seed = seed}).executions);
  }
  BOOST_TEST(executions.size() > 1U);
}

BOOST_AUTO_TEST_CASE(random_reaches_every_outcome) {
  std::set<std::pair<int, int>> seen;
  explore(
      [&] {
        atomic<int> x{0};
        atomic<int> y{0};
        int left = 0;
        int right = 0;
        concurrently([&] { x.store(1), left = y.load(); }, [&] { y.store(1), right = x.load(); });
        seen.emplace(left, right);
      },
      {.strategy = Strategy::random, .executions = 100});
  BOOST_TEST(seen.size() == 3U);
  BOOST_TEST(seen.count({0, 0}) == 0U);  // not under sequential consistency
}

BOOST_AUTO_TEST_CASE(pct_of_depth_one_only_runs_threads_in_some_order) {
  BOOST_TEST(test::found(test::lost_update, {.strategy = Strategy::pct, .depth = 1}) == "none");
  BOOST_TEST(test::found(test::lost_update, {.strategy = Strategy::pct, .depth = 2}) == "check");
}

BOOST_AUTO_TEST_CASE(partial_order_sampling_draws_steps_and_not_threads) {
  // One step comes after all of a long thread: in one execution of 22 if steps are drawn, of two million if
  // threads are.
  const auto last_of_all = [] {
    std::array<atomic<int>, 20> own{};
    atomic<int> x{0};
    bool late = false;
    concurrently(
        [&] {
          for (atomic<int>& each : own) each.store(1);
          x.store(1);
        },
        [&] { late = x.load() == 1; });
    check(!late, "comes before the end of the other");
  };
  const auto found = [&](Strategy strategy) {
    const Result result =
        explore(last_of_all, {.strategy = strategy, .executions = 1'000, .keep_going = true});
    return result.found.contains(FindingKind::check) ? result.found.at(FindingKind::check) : 0;
  };
  BOOST_TEST(found(Strategy::pos) > 20U);
  BOOST_TEST(found(Strategy::pos) < 90U);
  BOOST_TEST(found(Strategy::random) == 0U);
}

BOOST_AUTO_TEST_CASE(those_that_follow_priorities_end_where_a_thread_waits_politely) {
  for (const auto each : {Strategy::pct, Strategy::pos, Strategy::surw}) {
    const Result result = explore(
        [] {
          atomic<bool> flag{false};
          concurrently(
              [&] {
                while (!flag.load()) this_thread::yield();
              },
              [&] { flag.store(true); });
        },
        {.strategy = each, .executions = 200});
    BOOST_TEST(result.passed(), result.report());
  }
}

BOOST_AUTO_TEST_CASE(those_that_draw_stop_after_their_executions_and_claim_no_completeness) {
  for (const auto each : {Strategy::random, Strategy::pct, Strategy::pos, Strategy::surw}) {
    const Result result = explore([] {}, {.strategy = each, .executions = 17});
    BOOST_TEST(result.executions == 17U);
    BOOST_TEST(!result.complete);
  }
}

BOOST_AUTO_TEST_CASE(in_the_end_all_executions_are_told_and_nothing_is_left) {
  for (const Options& options : {Options{}, Options{.strategy = Strategy::random, .executions = 100}}) {
    Progress last;
    Options telling = options;
    telling.progress = [&](const Progress& progress) { last = progress; };
    const Result result = explore(
        [] {
          atomic<int> x{0};
          test::repeatedly(3, [&](unsigned) { x.fetch_add(1); });
        },
        telling);
    BOOST_TEST(last.executions == result.executions);
    BOOST_TEST(last.left == 0U);
  }
}

BOOST_AUTO_TEST_CASE(executions_that_turn_out_like_others_do_not_count) {
  const auto body = [] {
    shared_mutex guard;
    const auto read = [&] { const std::shared_lock lock{guard}; };
    const auto write = [&] { const std::lock_guard lock{guard}; };
    concurrently(read, read, write, write);
  };
  const Result whole = explore(body);
  BOOST_TEST(whole.blocked > 0U);
  BOOST_TEST(explore(body, {.executions = whole.executions - 1}).executions == whole.executions - 1);
}

BOOST_AUTO_TEST_CASE(an_exhaustive_exploration_that_is_cut_short_is_not_complete) {
  const auto body = [] {
    atomic<int> x{0};
    concurrently([&] { x.store(1); }, [&] { x.store(2); }, [&] { x.store(3); });
  };
  BOOST_TEST(!explore(body, {.executions = 5}).complete);
  BOOST_TEST(explore(body).executions == 6U);
}

BOOST_AUTO_TEST_CASE(going_on_after_a_finding_counts_each_kind) {
  const Result result = test::explore_all(test::lost_update);
  BOOST_TEST(result.complete);
  BOOST_TEST(!result.passed());
  BOOST_TEST(result.executions == 4U);
  BOOST_TEST(result.found.at(FindingKind::check) == 2U);
}

BOOST_AUTO_TEST_CASE(progress_is_told_and_ends_with_the_total) {
  Progress last;
  const Result result =
      explore([] {}, {.strategy = Strategy::random, .executions = 100, .progress = [&](const Progress& now) {
                        last = now;
                      }});
  BOOST_TEST(last.executions == result.executions);
  BOOST_TEST(last.steps == result.steps);
}

BOOST_AUTO_TEST_CASE(which_waiter_is_woken_is_explored) {
  std::set<int> first_woken;
  const Result result = explore([&] {
    mutex guard;
    condition_variable condition;
    int turns = 0;
    int first = 0;
    const auto wait = [&](int self) {
      std::unique_lock lock{guard};
      while (turns == 0) condition.wait(lock);
      --turns;
      if (first == 0) first = self;
    };
    concurrently([&] { wait(1); }, [&] { wait(2); },
                 [&] {
                   for (int i = 0; i != 2; ++i) {
                     const std::lock_guard lock{guard};
                     ++turns;
                     condition.notify_one();
                   }
                 });
    first_woken.insert(first);
  });
  BOOST_TEST(result.passed(), result.report());
  BOOST_TEST(first_woken.size() == 2U);
}

BOOST_AUTO_TEST_SUITE_END()
