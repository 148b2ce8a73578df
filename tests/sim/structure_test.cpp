#include <lockstep/sim/structure_test.hpp>

#include "support.hpp"

#include <boost/test/unit_test.hpp>

#include <array>
#include <optional>
#include <stdexcept>
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

BOOST_AUTO_TEST_CASE(without_operations_there_is_nothing_to_test) {
  StructureTest<Specification> test;
  BOOST_CHECK_THROW(static_cast<void>(test.run()), std::invalid_argument);
}

BOOST_AUTO_TEST_SUITE_END()
