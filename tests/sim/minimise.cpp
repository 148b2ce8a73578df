// Findings are as short as they can be: compared with the best of all schedules, and each kind replays.
#include "../../sim/src/minimise.hpp"

#include "../../sim/src/replay.hpp"
#include "../../sim/src/token.hpp"
#include "planted.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <bit>
#include <compare>
#include <map>
#include <stdexcept>

BOOST_AUTO_TEST_SUITE(minimising)

namespace {

using namespace lockstep::sim;
using test::concurrently;

/// What a schedule costs its reader.
struct Cost {
  std::size_t switches = 0;
  std::size_t steps = 0;
  friend auto operator<=>(const Cost&, const Cost&) = default;
};
std::ostream& operator<<(std::ostream& stream, const Cost& cost) {
  return stream << cost.switches << " switches, " << cost.steps << " steps";
}

/// Counts, whoever chooses.
class Counting : public Explorer {
 public:
  bool begin() override {
    cost_ = {};
    last_.reset();
    return true;
  }
  unsigned choose(const Choice& choice) override {
    const unsigned chosen = pick(choice);
    if (choice.kind == Decision::Kind::outcome) return chosen;
    if (last_ && *last_ != chosen) ++cost_.switches;
    last_ = chosen;
    ++cost_.steps;
    return chosen;
  }
  [[nodiscard]] Cost cost() const { return cost_; }

 private:
  virtual unsigned pick(const Choice& choice) = 0;

  Cost cost_;
  std::optional<unsigned> last_;
};

class CountingReplay final : public Counting {
 public:
  explicit CountingReplay(std::vector<Decision> decisions) : replay_{std::move(decisions)} {}

 private:
  unsigned pick(const Choice& choice) override { return replay_.choose(choice); }
  Replay replay_;
};

/// Every schedule, without any reduction.
class Everything final : public Counting {
 public:
  bool begin() override {
    static_cast<void>(Counting::begin());
    depth_ = 0;
    if (path_.empty()) return !std::exchange(begun_, true);
    while (!path_.empty() && path_.back().left == 0) path_.pop_back();
    if (path_.empty()) return false;
    take(path_.back());
    return true;
  }

 private:
  struct Node {
    std::uint64_t left = 0;
    unsigned chosen = 0;
  };
  static void take(Node& node) {
    node.chosen = static_cast<unsigned>(std::countr_zero(node.left));
    node.left &= node.left - 1;
  }
  unsigned pick(const Choice& choice) override {
    if (depth_ == path_.size()) {
      const bool schedule = choice.kind == Decision::Kind::schedule;
      Node node{.left = schedule ? choice.enabled : (std::uint64_t{1} << choice.outcomes) - 1};
      take(node);
      path_.push_back(node);
    }
    return path_[depth_++].chosen;
  }

  std::vector<Node> path_;
  std::size_t depth_ = 0;
  bool begun_ = false;
};

std::optional<Cost> best(const std::function<void()>& body, FindingKind kind) {
  Execution execution;
  Everything all;
  std::optional<Cost> best;
  while (all.begin()) {
    execution.run(body, all, {});
    if (execution.failure() == kind && (!best || all.cost() < *best)) best = all.cost();
  }
  return best;
}

Cost cost_of(const std::function<void()>& body, const Finding& finding) {
  Execution execution;
  CountingReplay replay{decode(finding.token).decisions};
  replay.begin();
  execution.run(body, replay, {});
  BOOST_TEST((execution.failure() == finding.kind));
  return replay.cost();
}

/// A lost update among other work, whose first failing schedule has more switches than are needed.
void noisy_lost_update() {
  atomic<int> balance{0};
  atomic<int> noise{0};
  const auto deposit = [&] {
    noise.fetch_add(1);
    const int before = balance.load();
    balance.store(before + 1);
    noise.fetch_add(1);
  };
  concurrently(deposit, deposit);
  check(balance.load() == 2, "both deposits are in the balance");
}

/// Fails only if the third thread comes between two parts of the first.
void exception_between() {
  atomic<int> x{0};
  atomic<int> y{0};
  concurrently([&] { x.store(1), y.store(1), x.store(2); }, [&] { y.store(2); },
               [&] {
                 if (x.load() == 1 && y.load() == 1) throw std::runtime_error{"between"};
               });
}

void deadlock() {
  mutex one;
  mutex two;
  atomic<int> noise{0};
  concurrently(
      [&] {
        const std::scoped_lock first{one};
        noise.fetch_add(1);
        const std::scoped_lock second{two};
      },
      [&] {
        noise.fetch_add(1);
        const std::scoped_lock first{two};
        const std::scoped_lock second{one};
      });
}

/// The wrong one of two waiters: an outcome is part of the schedule.
void wrong_waiter() {
  atomic<int> turn{0};
  atomic<int> first{0};
  const auto wait = [&](int self) {
    turn.wait(0);
    int nobody = 0;
    first.compare_exchange_strong(nobody, self);
  };
  concurrently([&] { wait(1); }, [&] { wait(2); },
               [&] {
                 turn.store(1);
                 turn.notify_one();
                 turn.notify_one();
               });
  check(first.load() != 2, "the first is first");
}

std::vector<Strategy> strategies() { return {Strategy::exhaustive, Strategy::random, Strategy::pct}; }

}  // namespace

BOOST_AUTO_TEST_CASE(no_schedule_that_fails_likewise_has_fewer_switches_or_as_many_and_fewer_steps) {
  const std::vector<std::pair<FindingKind, void (*)()>> planted{
      {FindingKind::check, &noisy_lost_update},       {FindingKind::check, &wrong_waiter},
      {FindingKind::exception, &exception_between},   {FindingKind::deadlock, &deadlock},
      {FindingKind::leaked_lock, &test::leaked_lock}, {FindingKind::bad_unlock, &test::bad_unlock},
      {FindingKind::lost_wakeup, &test::lost_wakeup},
  };
  for (const auto& [kind, body] : planted) {
    const auto least = best(body, kind);
    BOOST_REQUIRE(least.has_value());
    for (const Strategy strategy : strategies()) {
      const Result result = explore(body, {.strategy = strategy});
      BOOST_REQUIRE(result.finding.has_value());
      BOOST_TEST(cost_of(body, *result.finding) == *least, result.report());
    }
  }
}

BOOST_AUTO_TEST_CASE(a_loop_that_starves_another_is_shown_without_a_switch_that_it_does_not_need) {
  for (const Strategy strategy : strategies()) {
    const Result result = explore(test::starving, {.strategy = strategy, .steps = 50});
    if (!result.finding) continue;  // by chance it ends
    BOOST_TEST(test::found(result) == "bound");
    BOOST_TEST(std::ranges::count_if(result.finding->steps, &Step::switched) == 0, result.report());
  }
}

BOOST_AUTO_TEST_CASE(a_long_test_ends_its_search_and_keeps_the_best) {
  const auto body = [] {
    atomic<int> balance{0};
    atomic<int> noise{0};
    const auto deposit = [&] {
      for (int i = 0; i != 100; ++i) noise.fetch_add(1);
      balance.store(balance.load() + 1);
      for (int i = 0; i != 100; ++i) noise.fetch_add(1);
    };
    concurrently(deposit, deposit, deposit);
    check(balance.load() == 3, "all deposits are in the balance");
  };
  const Result result = explore(body, {.strategy = Strategy::random});
  BOOST_REQUIRE(result.finding.has_value());
  BOOST_TEST(cost_of(body, *result.finding).switches <= 5U, result.report());
}

BOOST_AUTO_TEST_CASE(each_kind_is_found_and_comes_back_byte_by_byte) {
  struct Planted {
    void (*body)();
    std::uint64_t steps = 10'000;
  };
  const std::map<FindingKind, Planted> planted{
      {FindingKind::check, {&noisy_lost_update}},
      {FindingKind::exception, {&exception_between}},
      {FindingKind::deadlock, {&deadlock}},
      {FindingKind::lost_wakeup, {&test::lost_wakeup}},
      {FindingKind::livelock, {&test::two_polite_threads, 200}},
      {FindingKind::leaked_lock, {&test::leaked_lock}},
      {FindingKind::bad_unlock, {&test::bad_unlock}},
      {FindingKind::data_race, {&test::data_race}},
      {FindingKind::bound, {&test::starving, 100}},
  };
  for (unsigned number = 0; number <= static_cast<unsigned>(FindingKind::bound); ++number) {
    const auto kind = static_cast<FindingKind>(number);  // nondeterminism does not come back, by its nature
    BOOST_TEST((planted.contains(kind) != (kind == FindingKind::nondeterminism)), to_string(kind));
  }
  for (const auto& [kind, bug] : planted) {
    const Options options{.steps = bug.steps, .name = "planted"};
    const Result found = explore(bug.body, options);
    BOOST_REQUIRE(found.finding.has_value());
    BOOST_TEST((found.finding->kind == kind), found.report());
    const Result again = replay(bug.body, found.finding->token, options);
    BOOST_REQUIRE(again.finding.has_value());
    BOOST_TEST(again.note == "");
    BOOST_TEST(timeline(*again.finding) == timeline(*found.finding));
    BOOST_TEST(explain(*again.finding) == explain(*found.finding));
    BOOST_TEST(html(*again.finding, "planted") == html(*found.finding, "planted"));
  }
}

BOOST_AUTO_TEST_CASE(what_does_not_repeat_names_the_first_step_that_differs) {
  int runs = 0;
  const Result result = explore([&] {
    atomic<int> x{0};
    label(x, "x");
    ++runs;
    concurrently([&] { x.store(7); }, [&] { x.store(runs); });
  });
  BOOST_TEST(test::found(result) == "nondeterminism");
  BOOST_TEST(result.finding->message.find(
                 R"(first at step 2, which was "store x = 2" of t2 and then "store x = 3" of t2)") !=
                 std::string::npos,
             result.finding->message);
}

BOOST_AUTO_TEST_CASE(a_token_with_needless_switches_is_shrunk_to_the_shortest) {
  const std::string long_token = "ls1.test.1-t2-t1-t2-t1-t2.00000000";
  const Result before = replay(noisy_lost_update, long_token);
  const Result after = shrink(noisy_lost_update, long_token);
  BOOST_REQUIRE(before.finding.has_value());
  BOOST_REQUIRE(after.finding.has_value());
  BOOST_TEST((cost_of(noisy_lost_update, *after.finding) < cost_of(noisy_lost_update, *before.finding)));
  BOOST_TEST(cost_of(noisy_lost_update, *after.finding) == *best(noisy_lost_update, FindingKind::check));
  BOOST_TEST(replay(noisy_lost_update, after.finding->token).note == "");
}

BOOST_AUTO_TEST_SUITE_END()
