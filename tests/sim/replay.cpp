// Replay tokens: what a finding prints brings it back, and nothing else passes for one.
#include "planted.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>

BOOST_AUTO_TEST_SUITE(replaying)

namespace {

using namespace lockstep::sim;
using test::concurrently;

void wakes_the_wrong_one() {
  mutex guard;
  condition_variable condition;
  int awake = 0;
  const auto wait = [&](int self) {
    std::unique_lock lock{guard};
    condition.wait(lock);
    check(self != 2 || awake != 0, "the first that waits is woken first");
    ++awake;
    condition.notify_one();
  };
  atomic<int> ready{0};
  concurrently([&] { ready.fetch_add(1), wait(1); }, [&] { ready.fetch_add(1), wait(2); },
               [&] {
                 while (ready.load() != 2) this_thread::yield();
                 const std::lock_guard lock{guard};
                 condition.notify_one();
               });
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_token_brings_back_the_same_timeline_byte_by_byte) {
  for (const auto strategy :
       {Strategy::exhaustive, Strategy::random, Strategy::pct, Strategy::pos, Strategy::surw}) {
    for (void (*body)() : {&test::lost_update, &wakes_the_wrong_one, &test::two_polite_threads}) {
      const Options options{.strategy = strategy, .steps = 300, .name = "some/test"};
      const Result found = explore(body, options);
      if (body == &test::two_polite_threads && strategy != Strategy::exhaustive)
        continue;  // not often met by chance
      BOOST_REQUIRE(found.finding.has_value());
      const Result again = replay(body, found.finding->token, options);
      BOOST_REQUIRE(again.finding.has_value());
      BOOST_TEST(timeline(*again.finding) == timeline(*found.finding));
      BOOST_TEST(again.finding->token == found.finding->token);
      BOOST_TEST(again.note.empty());
      BOOST_TEST(test_of(found.finding->token) == "some/test");
    }
  }
}

BOOST_AUTO_TEST_CASE(a_token_is_short_and_survives_a_command_line) {
  const Result found =
      explore(test::two_polite_threads, {.steps = 1'000, .name = "an odd $name; with (all) of \"it\""});
  BOOST_REQUIRE(found.finding.has_value());
  const std::string& token = found.finding->token;
  BOOST_TEST(token.size() < 150U, token);
  BOOST_TEST(std::ranges::none_of(token,
                                  [](char c) {
                                    return std::string_view{" \t\n\"'`\\*?[]{}$;&|<>()!#~"}.find(c) !=
                                           std::string_view::npos;
                                  }),
             token);
  BOOST_TEST(test_of(token) == "an odd $name; with (all) of \"it\"");
}

BOOST_AUTO_TEST_CASE(a_token_of_a_test_that_has_changed_says_so) {
  const Result found = explore(test::lost_update);
  const Result now = replay(
      [] {
        atomic<int> balance{100};
        const auto deposit = [&](int amount) { balance.fetch_add(amount); };
        concurrently([&] { deposit(10); }, [&] { deposit(20); });
        check(balance.load() == 130, "both deposits are in the balance");
      },
      found.finding->token);
  BOOST_TEST(now.passed());
  BOOST_TEST(now.note.find("the test has changed") != std::string::npos);
  BOOST_TEST(now.report().find("the test has changed") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_token_of_a_model_of_memory_that_is_replayed_without_it_says_so) {
  const auto stale = [] {
    atomic<int> data{0};
    atomic<bool> ready{false};
    concurrently(
        [&] {
          data.store(1, std::memory_order_relaxed);
          ready.store(true, std::memory_order_relaxed);
        },
        [&] {
          if (ready.load(std::memory_order_relaxed))
            check(data.load(std::memory_order_relaxed) == 1, "it is there");
        });
  };
  const Result found = explore(stale, {.model = MemoryModel::rc11});
  const Result without = replay(stale, found.finding->token);
  BOOST_TEST(without.passed());
  BOOST_TEST(without.note.find("other options (model") != std::string::npos, without.note);
  BOOST_TEST(replay(stale, found.finding->token, {.model = MemoryModel::rc11}).note == "");
}

BOOST_AUTO_TEST_CASE(a_token_of_another_test_is_refused) {
  const Result found = explore(test::lost_update, {.name = "one"});
  BOOST_CHECK_THROW(replay(test::lost_update, found.finding->token, {.name = "other"}), BadToken);
}

BOOST_AUTO_TEST_CASE(what_is_no_token_is_refused) {
  for (const char* token : {"",
                            "ls1",
                            "ls1.",
                            "ls1.name",
                            "ls1.name.0",
                            "ls2.name.0.00000000",
                            "ls1.name.0.0000000",
                            "ls1.name.0.0000000g",
                            "ls1.name..00000000",
                            "ls1.name.x.00000000",
                            "ls1.name.t.00000000",
                            "ls1.name.t255.00000000",
                            "ls1.name.1-.00000000",
                            "ls1.name.0x1.00000000",
                            "ls1.name.3x.00000000",
                            "ls1.name.99999999999.00000000",
                            "ls1.name.4000000000x4000000000.00000000",
                            "ls1.na me.0.00000000",
                            "ls1.na%.0.00000000",
                            "ls1.na%zz.0.00000000",
                            "ls1.name.-1.00000000",
                            "ls1.name.+1.00000000"}) {
    BOOST_CHECK_THROW(static_cast<void>(test_of(token)), BadToken);
  }
}

BOOST_AUTO_TEST_CASE(a_token_by_hand_replays_too) {
  const Result result = replay(test::lost_update, "ls1.test.1-t2.00000000");
  BOOST_TEST(test::found(result) == "check");
  BOOST_TEST(!result.note.empty());  // nobody knows the digest by heart
}

BOOST_AUTO_TEST_CASE(a_finding_has_few_switches) {
  for (const auto strategy :
       {Strategy::exhaustive, Strategy::random, Strategy::pct, Strategy::pos, Strategy::surw}) {
    const Result result = explore(
        [] {
          atomic<int> balance{100};
          atomic<int> noise{0};
          const auto deposit = [&](int amount) {
            for (int i = 0; i != 5; ++i) noise.fetch_add(1);
            const int before = balance.load();
            noise.fetch_add(1);
            balance.store(before + amount);
            for (int i = 0; i != 5; ++i) noise.fetch_add(1);
          };
          concurrently([&] { deposit(10); }, [&] { deposit(20); });
          check(balance.load() == 130, "both deposits are in the balance");
        },
        {.strategy = strategy});
    BOOST_REQUIRE(result.finding.has_value());
    const auto switches = std::ranges::count_if(result.finding->steps, &Step::switched);
    BOOST_TEST(switches <= 3, result.report());  // there, back, and the check at the end
  }
}

BOOST_AUTO_TEST_SUITE_END()
