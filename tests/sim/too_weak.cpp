// Which memory orders a finding is owed to.
#include "support.hpp"

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <string>
#include <vector>

BOOST_AUTO_TEST_SUITE(orders_that_are_too_weak)

namespace {

using namespace lockstep::sim;

constexpr auto relaxed = std::memory_order_relaxed;
constexpr auto acquire = std::memory_order_acquire;
constexpr auto release = std::memory_order_release;

/// Without the places in the text, which are not the same in all versions of this file.
std::string told(const std::function<void()>& body, Options options = {}) {
  options.model = MemoryModel::rc11;
  const Result result = explore(body, options);
  if (!result.finding) return "nothing is found";
  std::string text = result.finding->too_weak;
  BOOST_TEST((text.empty() || result.finding->orders_help));
  BOOST_TEST(replay(body, result.finding->token, options).finding->too_weak == text);
  for (auto open = text.find(" ("); open != std::string::npos; open = text.find(" ("))
    text.erase(open, text.find(')', open) + 1 - open);
  return text;
}

auto message(std::memory_order stored, std::memory_order loaded) {
  return [=] {
    atomic<int> data{0};
    atomic<bool> ready{false};
    concurrently(
        [&] {
          data.store(1, relaxed);
          ready.store(true, stored);
        },
        [&] {
          if (ready.load(loaded)) check(data.load(relaxed) == 1, "it is there");
        });
  };
}

auto both_look(std::memory_order stored, std::memory_order loaded) {
  return [=] {
    atomic<int> x{0};
    atomic<int> y{0};
    int seen = 0;
    concurrently([&] { x.store(1, stored), seen += y.load(loaded); },
                 [&] { y.store(1, stored), seen += x.load(loaded); });
    check(seen != 0, "one sees the other");
  };
}

}  // namespace

BOOST_AUTO_TEST_CASE(are_told_alone_where_one_is_to_blame) {
  BOOST_TEST(told(message(release, relaxed)) == "with acquire for the relaxed load nothing is found");
  BOOST_TEST(told(message(relaxed, acquire)) == "with release for the relaxed store nothing is found");
}

BOOST_AUTO_TEST_CASE(are_told_together_where_several_are) {
  BOOST_TEST(told(message(relaxed, relaxed)) ==
             "with release for the relaxed store and acquire for the relaxed load nothing is found");
  BOOST_TEST(
      told(both_look(release, acquire)) ==
      "with seq_cst for the release store, seq_cst for the acquire load, seq_cst for the release store "
      "and seq_cst for the acquire load nothing is found");
  BOOST_TEST(
      told(both_look(relaxed, relaxed)) ==
      "with seq_cst for the relaxed store, seq_cst for the relaxed load, seq_cst for the relaxed store "
      "and seq_cst for the relaxed load nothing is found");
}

BOOST_AUTO_TEST_CASE(are_told_of_drawn_executions_and_of_races_on_plain_variables) {
  const auto race = [] {
    var<int> data{0};
    atomic<bool> ready{false};
    concurrently([&] { data = 1, ready.store(true, relaxed); },
                 [&] {
                   if (ready.load(acquire)) static_cast<void>(data.get());
                 });
  };
  BOOST_TEST(told(race, {.strategy = Strategy::random}) ==
             "with release for the relaxed store nothing is found");
}

BOOST_AUTO_TEST_CASE(are_not_blamed_for_what_is_found_with_seq_cst_as_well) {
  const auto lost = [] {
    atomic<int> x{0};
    const auto increment = [&] { x.store(x.load(relaxed) + 1, relaxed); };
    concurrently(increment, increment);
    check(x.load() == 2, "both count");
  };
  BOOST_TEST(told(lost) == "");
  const Result result = explore(lost, {.model = MemoryModel::rc11});
  BOOST_TEST(!result.finding->orders_help);
  BOOST_TEST(result.report().find("no memory order is to blame") != std::string::npos, result.report());
  BOOST_TEST(explain(*result.finding).find("No memory order is to blame") != std::string::npos);
  BOOST_TEST(explore(message(relaxed, relaxed), {.model = MemoryModel::rc11}).finding->orders_help);
}

BOOST_AUTO_TEST_CASE(are_not_blamed_by_guess_where_the_test_is_too_large) {
  const auto large = [] {
    atomic<int> data{0};
    atomic<bool> ready{false};
    atomic<int> rounds{0};
    const auto work = [&](unsigned i) {
      for (int round = 0; round != 6; ++round) rounds.fetch_add(1, relaxed);
      if (i == 0) data.store(1, relaxed), ready.store(true, relaxed);
      if (i == 1 && ready.load(acquire)) check(data.load(relaxed) == 1, "it is there");
    };
    test::repeatedly(3, work);
  };
  BOOST_TEST(told(large, {.strategy = Strategy::random}) == "");
}

BOOST_AUTO_TEST_SUITE_END()
