#include <lockstep/sim/structure_test.hpp>

#include "support.hpp"

#include <boost/test/unit_test.hpp>

#include <array>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

BOOST_AUTO_TEST_SUITE(structure_tests)

namespace {

using namespace lockstep::sim;

/// A stack of at most eight numbers; its pop is a load and a store unless it is `correct`.
template <bool correct>
class Stack {
 public:
  void push(int value) {
    const int node = next_node_.fetch_add(1);
    auto& mine = nodes_.at(static_cast<std::size_t>(node));
    mine.value = value;
    mine.below = top_.load();
    while (!top_.compare_exchange_strong(mine.below, node)) {
    }
  }
  std::optional<int> pop() {
    int top = top_.load();
    while (top != 0) {
      const Node& node = nodes_.at(static_cast<std::size_t>(top));
      if (!correct) top_.store(node.below);
      if (!correct || top_.compare_exchange_strong(top, node.below)) return node.value;
    }
    return {};
  }

 private:
  struct Node {
    int value = 0;
    int below = 0;
  };
  atomic<int> top_{0};
  atomic<int> next_node_{1};
  std::array<Node, 9> nodes_{};
};

/// What a stack is meant to do, by other means.
struct Specification {
  void push(int value) { values.push_back(value); }
  std::optional<int> pop() {
    if (values.empty()) return {};
    const int top = values.back();
    values.pop_back();
    return top;
  }
  std::vector<int> values;
};

template <class Test>
Test& with_operations(Test& test) {
  test.operation("push", [](auto& stack, int value) { stack.push(value); }, values(1, 2));
  test.operation("pop", [](auto& stack) { return stack.pop(); });
  return test;
}

template <bool correct>
StructureTestResult test_stack(const StructureTestOptions& options) {
  StructureTest<Stack<correct>, Specification> test;
  return with_operations(test).run(options);
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_broken_structure_is_found_and_the_scenario_made_small) {
  const auto result = test_stack<false>({.scenarios = 200});
  BOOST_TEST(!result.passed());
  BOOST_TEST(result.finding->message.starts_with("the structure is not linearizable"), result.report());
  BOOST_TEST(result.scenario == "t1: push(1), pop()\nt2: pop()\n");  // both pop the same
  BOOST_TEST(result.report().find("call pop()") != std::string::npos, result.report());
}

BOOST_AUTO_TEST_CASE(a_correct_structure_passes_in_every_scenario_of_a_size) {
  const auto result = test_stack<true>({.operations = 1});
  BOOST_TEST(result.passed(), result.report());
  BOOST_TEST(!result.exhaustive);  // there are more than 50
  const auto all = test_stack<true>({.operations = 1, .scenarios = 200});
  BOOST_TEST(all.passed(), all.report());
  BOOST_TEST(all.exhaustive);
  BOOST_TEST(all.complete);
  BOOST_TEST(all.scenarios == 96U);  // 4 beginnings, 6 pairs whose order makes no difference, 4 ends
}

BOOST_AUTO_TEST_CASE(the_same_seed_finds_the_same) {
  const auto first = test_stack<false>({.scenarios = 200, .seed = 5});
  const auto second = test_stack<false>({.scenarios = 200, .seed = 5});
  BOOST_TEST(first.report() == second.report());
  BOOST_TEST(first.executions == second.executions);
  BOOST_TEST(first.scenarios == second.scenarios);
}

BOOST_AUTO_TEST_CASE(several_threads_explore_each_scenario_with_the_same_verdicts) {
  const auto executions = [](unsigned jobs) {  // enough for several threads to be at work at once
    const auto result = test_stack<true>({.operations = 2, .scenarios = 5, .exploration = {.jobs = jobs}});
    BOOST_TEST(result.passed(), result.report());
    BOOST_TEST(result.complete);
    return result.executions;
  };
  BOOST_TEST(executions(3) == executions(1));
  BOOST_TEST(!test_stack<false>({.scenarios = 200, .exploration = {.jobs = 3}}).passed());
}

BOOST_AUTO_TEST_CASE(other_seeds_draw_other_scenarios) {
  std::set<std::uint64_t> executions;
  for (std::uint64_t seed = 1; seed != 6; ++seed)
    executions.insert(test_stack<true>({.operations = 1, .scenarios = 5, .seed = seed}).executions);
  BOOST_TEST(executions.size() > 1U);
}

BOOST_AUTO_TEST_CASE(it_is_no_proof_if_some_scenario_was_not_explored_to_the_end) {
  const auto result = test_stack<true>({.operations = 1, .scenarios = 200, .exploration = {.executions = 1}});
  BOOST_TEST(result.exhaustive);
  BOOST_TEST(!result.complete);
}

BOOST_AUTO_TEST_CASE(a_structure_is_judged_by_itself_if_nothing_else_is_given) {
  StructureTest<Stack<false>> broken;
  BOOST_TEST(!with_operations(broken).run({.scenarios = 200}).passed());
  StructureTest<Stack<true>> correct;
  const auto result = with_operations(correct).run({.scenarios = 10});
  BOOST_TEST(result.passed(), result.report());
}

BOOST_AUTO_TEST_CASE(a_structure_that_one_thread_alone_shows_to_be_wrong_shrinks_to_one_thread) {
  struct Forgetful {
    void push(int) {}
    std::optional<int> pop() { return {}; }
  };
  StructureTest<Forgetful, Specification> test;
  BOOST_TEST(with_operations(test).run().scenario == "t1: push(1)\nafter: pop()\n");
}

BOOST_AUTO_TEST_CASE(arguments_become_simpler) {
  struct Picky {
    int set(int value, bool) {
      value_.store(value);
      return value_.load();
    }
    atomic<int> value_{0};
  };
  struct Sequential {
    int set(int value, bool) { return value; }
  };
  StructureTest<Picky, Sequential> test;
  test.operation(
      "set", [](auto& cell, int value, bool flag) { return cell.set(value, flag); }, values(1, 2, 3),
      values(false, true));
  const auto result = test.run();
  BOOST_TEST(result.scenario == "t1: set(1, false)\nt2: set(2, false)\n");
}

BOOST_AUTO_TEST_CASE(an_exception_is_a_result) {
  struct Cell {
    int take() {
      if (taken.fetch_add(1) != 0) throw std::out_of_range{"gone"};
      return 7;
    }
    atomic<int> taken{0};
  };
  StructureTest<Cell> test;
  test.operation("take", [](auto& cell) { return cell.take(); });
  const auto result = test.run();
  BOOST_TEST(result.passed(), result.report());
  BOOST_TEST(result.exhaustive);
}

BOOST_AUTO_TEST_CASE(other_findings_than_wrong_answers_are_made_small_as_well) {
  struct Two {
    void both(bool upwards) {
      const std::lock_guard one{upwards ? first : second};
      const std::lock_guard two{upwards ? second : first};
    }
    mutex first;
    mutex second;
  };
  StructureTest<Two> test;
  test.operation("both", [](auto& two, bool upwards) { two.both(upwards); }, values(true, false));
  const auto result = test.run({.threads = 3});
  BOOST_TEST((result.finding->kind == FindingKind::deadlock));
  BOOST_TEST(result.scenario == "t1: both(true)\nt2: both(false)\n");
}

BOOST_AUTO_TEST_CASE(a_finding_is_replayed_by_its_token_alone) {
  const StructureTestOptions options{.scenarios = 200, .exploration = {.name = "stack"}};
  StructureTest<Stack<false>, Specification> test;
  const auto found = with_operations(test).run(options);
  BOOST_REQUIRE(!found.passed());
  BOOST_TEST(found.report().find("replay: " + found.finding->token) != std::string::npos);

  StructureTest<Stack<false>, Specification> fresh;
  const auto again = with_operations(fresh).replay(found.finding->token, {.name = "stack"});
  BOOST_REQUIRE(!again.passed());
  BOOST_TEST(again.scenario == found.scenario);
  BOOST_TEST(timeline(*again.finding) == timeline(*found.finding));
  BOOST_TEST(again.finding->token == found.finding->token);
  BOOST_TEST(again.note.empty());
  BOOST_TEST(again.executions == 1U);
}

BOOST_AUTO_TEST_CASE(a_token_tells_what_ran_before_and_after_the_threads) {
  struct Forgetful {
    void put(int value) { value_.store(value == 2 ? 0 : value); }
    int get() { return value_.load(); }
    atomic<int> value_{0};
  };
  struct Sequential {
    void put(int value) { value_ = value; }
    int get() { return value_; }
    int value_ = 0;
  };
  const auto with_both = [](auto&& test) -> decltype(auto) {
    test.operation("put", [](auto& cell, int value) { cell.put(value); }, values(1, 2));
    test.operation("get", [](auto& cell) { return cell.get(); });
    return std::forward<decltype(test)>(test);
  };
  const std::string start =
      "ls1.test@0:1/1:0/1:0+0:0.0.00000000";  // before: put(2), t1: get(), after: get(), put(1)
  StructureTest<Forgetful, Sequential> test;
  const auto result = with_both(test).replay(start);
  BOOST_TEST(result.scenario == "before: put(2)\nt1: get()\nafter: get(), put(1)\n");
  BOOST_TEST(!result.passed());
  BOOST_TEST(result.note.find("not those that the token was made from") != std::string::npos,
             result.note);  // the digest is made up
}

BOOST_AUTO_TEST_CASE(a_token_of_another_test_or_of_other_operations_is_refused) {
  StructureTest<Stack<false>, Specification> test;
  const auto found = with_operations(test).run({.scenarios = 200});
  const std::string& token = found.finding->token;
  StructureTest<Stack<false>, Specification> without;
  const auto refused = [&](auto& by, std::string_view text, const Options& options = {}) {
    BOOST_CHECK_THROW(static_cast<void>(by.replay(text, options)), BadToken);
  };
  refused(without, token);  // has no operations at all
  refused(test, token, {.name = "other"});
  refused(test, "nonsense");
  const std::size_t at = token.find('@') + 1;
  const std::string start = token.substr(0, at);
  const std::string end = token.substr(token.find('.', at));
  for (const char* code : {"", "0", "0:0", "x/0:0/", "/0:9/", "/9:0/", "/0:0", "/0:0+/", "/0/", "/-1:0/",
                           "/99999999999999999999999:0/", "/0:0/,"}) {
    BOOST_TEST_CONTEXT(code) { refused(test, start + code + end); }
  }
}

BOOST_AUTO_TEST_CASE(what_is_made_small_goes_on_failing_in_the_same_way) {
  struct Gun {  // fires for ever if it is armed, and else tells that it has fired
    bool use(bool fire) {
      if (fire && armed) {
        guard.lock();
        guard.lock();
      }
      armed = true;
      return fire;
    }
    mutex guard;
    bool armed = false;
  };
  struct Toy {
    bool use(bool) { return false; }
  };
  StructureTest<Gun, Toy> test;
  test.operation("use", [](auto& gun, bool fire) { return gun.use(fire); }, values(false, true));
  const auto result = test.run({.threads = 1, .initial = 0, .post = 0});
  BOOST_REQUIRE(!result.passed());
  BOOST_TEST((result.finding->kind == FindingKind::deadlock), result.report());
  BOOST_TEST(result.scenario == "t1: use(false), use(true)\n");
}

BOOST_AUTO_TEST_CASE(without_operations_there_is_nothing_to_test) {
  StructureTest<Specification> test;
  BOOST_CHECK_THROW(static_cast<void>(test.run()), std::invalid_argument);
}

BOOST_AUTO_TEST_SUITE_END()
