// Objects that answer as if each call happened at one moment, and objects that do not, told apart by their
// history alone. Herlihy & Wing, "Linearizability: A Correctness Condition for Concurrent Objects", TOPLAS
// 1990; the stack is Treiber's, "Systems Programming: Coping with Parallelism", IBM RJ 5118, 1986.
#include <lockstep/sim/linearizability.hpp>
#include <lockstep/sim/scenario.hpp>
#include <lockstep/sim/sim.hpp>

#include <array>
#include <optional>
#include <string>
#include <vector>

namespace lockstep::sim::scenarios::of_linearizable {

namespace {

// --- A stack of the numbers 1 to 3, each pushed once ---

/// push(n), or pop() where n is 0.
struct StackCall {
  int pushed = 0;
  friend bool operator==(const StackCall&, const StackCall&) = default;
  friend std::string to_string(const StackCall& call) {
    return call.pushed != 0 ? "push(" + std::to_string(call.pushed) + ")" : "pop()";
  }
};
using Popped = std::optional<int>;

auto a_stack() {
  return sequential<StackCall>(std::vector<int>{}, [](std::vector<int>& stack, const StackCall& call) {
    if (call.pushed != 0) {
      stack.push_back(call.pushed);
      return Popped{};
    }
    if (stack.empty()) return Popped{};
    const int top = stack.back();
    stack.pop_back();
    return Popped{top};
  });
}

class Stack {
 public:
  Stack() { label(top_, "top"); }

  void push(int number) {
    int top = top_.load();
    do {
      below_.at(static_cast<std::size_t>(number)) = top;
    } while (!top_.compare_exchange_strong(top, number));
  }
  Popped pop() {
    int top = top_.load();
    while (top != 0) {
      if (top_.compare_exchange_strong(top, below(top))) return top;
    }
    return {};
  }
  Popped pop_by_load_and_store() {
    const int top = top_.load();
    if (top == 0) return {};
    top_.store(below(top));  // whatever is on top by now
    return top;
  }

 private:
  [[nodiscard]] int below(int number) const { return below_.at(static_cast<std::size_t>(number)); }

  atomic<int> top_{0};
  std::array<int, 4> below_{};
};

template <class Pop>
void use_a_stack(Pop pop) {
  Stack stack;
  History<StackCall, Popped> history;
  const auto push = [&](int number) {
    history.call({number}, [&] {
      stack.push(number);
      return Popped{};
    });
  };
  const auto recorded_pop = [&] { history.call({}, [&] { return pop(stack); }); };
  push(1);
  concurrently(recorded_pop, [&] { push(2); }, recorded_pop);
  check_linearizable(history, a_stack(), "the stack");
}

void stack_by_load_and_store() {
  use_a_stack([](Stack& stack) { return stack.pop_by_load_and_store(); });
}
void stack_by_compare_exchange() {
  use_a_stack([](Stack& stack) { return stack.pop(); });
}

// --- A register, of which each reader has a copy of its own ---

void use_a_register(int copies) {
  std::array<atomic<int>, 2> copy;
  History<std::string, int> history;
  const auto read = [&](int reader) {
    history.call("read", [&, reader] { return copy.at(static_cast<std::size_t>(reader % copies)).load(); });
  };
  concurrently(
      [&] {
        history.call("write 1", [&] {
          for (int i = 0; i != copies; ++i) copy.at(static_cast<std::size_t>(i)).store(1);
          return 0;
        });
      },
      [&] { read(0); }, [&] { read(1); });
  check_linearizable(history,
                     sequential<std::string>(0,
                                             [](int& value, const std::string& call) {
                                               if (call == "read") return value;
                                               value = 1;
                                               return 0;
                                             }),
                     "the register");
}

void register_of_two_copies() { use_a_register(2); }
void register_of_one_copy() { use_a_register(1); }

const Registered scenarios[]{
    Registered{{.name = "linearizable/stack_by_load_and_store",
                .summary = "a stack whose pop loads the top and stores the next",
                .expected = FindingKind::check,
                .body = stack_by_load_and_store}},
    Registered{{.name = "linearizable/stack",
                .summary = "a stack by compare-exchange is linearizable",
                .body = stack_by_compare_exchange}},
    Registered{{.name = "linearizable/register_of_two_copies",
                .summary = "a reader sees the new value, and a later one the old",
                .expected = FindingKind::check,
                .body = register_of_two_copies}},
    Registered{{.name = "linearizable/register",
                .summary = "a register of one copy is linearizable",
                .body = register_of_one_copy}},
};

}  // namespace

}  // namespace lockstep::sim::scenarios::of_linearizable
