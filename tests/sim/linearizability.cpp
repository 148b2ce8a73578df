#include <lockstep/sim/linearizability.hpp>

#include "support.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <memory>
#include <random>
#include <sstream>
#include <thread>

BOOST_AUTO_TEST_SUITE(linearizability)

namespace {

using namespace lockstep::sim;
using Verdict = Linearization::Verdict;

/// A register per key, with compare-and-set.
struct RegisterInput {
  enum class Kind { read, write, cas } kind = Kind::read;
  int key = 0;
  int value = 0;  ///< written, or expected by cas
  int replacement = 0;
  friend bool operator==(const RegisterInput&, const RegisterInput&) = default;
};

struct Registers {
  using Input = RegisterInput;
  using Output = int;  ///< what was read; 1 or 0 for a cas; 0 for a write
  using State = int;
  static constexpr int unset = -1;

  [[nodiscard]] State initial() const { return unset; }
  [[nodiscard]] std::optional<State> step(State state, const Input& input,
                                          const std::optional<Output>& output) const {
    switch (input.kind) {
      case Input::Kind::read:
        if (output && *output != state) return std::nullopt;
        return state;
      case Input::Kind::write:
        return input.value;
      case Input::Kind::cas:
        break;
    }
    const bool would = state == input.value;
    if (output && *output != (would ? 1 : 0)) return std::nullopt;
    return would ? input.replacement : state;
  }
  [[nodiscard]] int partition(const Input& input) const { return input.key; }
};

using RegisterCall = Call<Registers::Input, Registers::Output>;
using Kind = RegisterInput::Kind;

RegisterCall read(std::uint64_t invoked, std::uint64_t returned, int value, int key = 0) {
  return {.client = invoked,
          .input = {Kind::read, key},
          .output = value,
          .invoked = invoked,
          .returned = returned};
}
RegisterCall write(std::uint64_t invoked, std::uint64_t returned, int value, int key = 0) {
  return {.client = invoked,
          .input = {Kind::write, key, value},
          .output = 0,
          .invoked = invoked,
          .returned = returned};
}
RegisterCall pending(RegisterCall call) {
  call.output.reset();
  call.returned = RegisterCall::never;
  return call;
}

// --- Brute force: every subset of the pending calls, every order of them ---

template <class M, class C>
bool explains(const M& model, const std::vector<C>& calls, const std::vector<std::size_t>& order) {
  for (std::size_t i = 0; i != order.size(); ++i) {
    for (std::size_t j = i + 1; j != order.size(); ++j) {
      if (calls[order[j]].returned < calls[order[i]].invoked) return false;
    }
  }
  std::map<int, typename M::State> states;
  for (const std::size_t call : order) {
    int key = 0;
    if constexpr (requires { model.partition(calls[call].input); }) key = model.partition(calls[call].input);
    const auto state = states.try_emplace(key, model.initial()).first;
    const auto next = model.step(state->second, calls[call].input, calls[call].output);
    if (!next) return false;
    state->second = *next;
  }
  return true;
}

template <class M, class C>
bool linearizable_by_brute_force(const M& model, const std::vector<C>& calls) {
  for (unsigned subset = 0; subset != 1U << calls.size(); ++subset) {
    std::vector<std::size_t> order;
    bool all_that_returned = true;
    for (std::size_t i = 0; i != calls.size(); ++i) {
      if ((subset >> i & 1U) != 0) {
        order.push_back(i);
      } else {
        all_that_returned = all_that_returned && calls[i].pending();
      }
    }
    if (!all_that_returned) continue;
    do {
      if (explains(model, calls, order)) return true;
    } while (std::ranges::next_permutation(order).found);
  }
  return false;
}

/// Draws calls of at most five clients, or a sixth, whose moments are a shuffle; some never return.
template <class C, class Draw>
std::vector<C> random_history(std::mt19937& random, Draw&& draw) {
  const auto below = [&](unsigned bound) { return static_cast<unsigned>(random() % bound); };
  std::vector<C> calls(2 + below(4));
  std::vector<std::uint64_t> moments(2 * calls.size());
  for (std::size_t i = 0; i != moments.size(); ++i) moments[i] = below(8) == 0 && i != 0 ? moments[i - 1] : i;
  // Mostly near each other, so that some overlap and some do not.
  for (std::size_t i = 0; i + 1 < moments.size(); ++i) {
    std::swap(moments[i], moments[std::min<std::size_t>(i + below(3), moments.size() - 1)]);
  }
  for (std::size_t i = 0; i != calls.size(); ++i) {
    draw(calls[i]);
    calls[i].client = i;
    calls[i].invoked = std::min(moments[2 * i], moments[2 * i + 1]);
    calls[i].returned = std::max(moments[2 * i], moments[2 * i + 1]);
    if (below(6) == 0) {
      calls[i].output.reset();
      calls[i].returned = C::never;
    }
  }
  return calls;
}

struct Tally {
  unsigned linearizable = 0;
  unsigned not_linearizable = 0;
};

/// Compares the verdict and the witness with brute force, and counts both verdicts.
template <class M, class C>
void compare(const M& model, const std::vector<C>& calls, Tally& tally) {
  const bool expected = linearizable_by_brute_force(model, calls);
  const Linearization found = linearize(calls, model);
  ++(expected ? tally.linearizable : tally.not_linearizable);
  const bool same = found.verdict == (expected ? Verdict::linearizable : Verdict::not_linearizable);
  if (!same) BOOST_ERROR("the verdicts differ");
  if (found && !explains(model, calls, found.order)) BOOST_ERROR("the witness explains nothing");
  if (!found && (found.stuck.empty() || found.explanation.empty())) BOOST_ERROR("not explained");
}

struct StackInput {
  int pushed = 0;  ///< 0: pop
  friend bool operator==(const StackInput&, const StackInput&) = default;
};

auto stack_model() {
  return sequential<StackInput>(std::vector<int>{}, [](std::vector<int>& stack, const StackInput& input) {
    if (input.pushed != 0) {
      stack.push_back(input.pushed);
      return 0;
    }
    if (stack.empty()) return -1;
    const int top = stack.back();
    stack.pop_back();
    return top;
  });
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_read_of_what_was_overwritten_before_is_not_linearizable) {
  BOOST_CHECK(linearize({write(0, 1, 1), write(2, 3, 2), read(4, 5, 2)}, Registers{}));
  const auto stale = linearize({write(0, 1, 1), write(2, 3, 2), read(4, 5, 1)}, Registers{});
  BOOST_TEST((stale.verdict == Verdict::not_linearizable));
  BOOST_TEST((stale.order == std::vector<std::size_t>{0, 1}));
  BOOST_TEST((stale.stuck == std::vector<std::size_t>{2}));
  const auto earlier = linearize({write(0, 1, 1), read(2, 3, 2), read(4, 5, 2)}, Registers{});
  BOOST_TEST((earlier.stuck == std::vector<std::size_t>{1}));  // the other comes later
  BOOST_CHECK(linearize({write(0, 1, 1), write(2, 5, 2), read(4, 6, 1)}, Registers{}));  // they overlap
}

BOOST_AUTO_TEST_CASE(calls_at_the_same_moment_overlap) {
  BOOST_CHECK(linearize({write(0, 1, 1), write(2, 4, 2), read(4, 6, 1)}, Registers{}));
}

BOOST_AUTO_TEST_CASE(a_pending_call_may_take_effect_late_or_never) {
  BOOST_CHECK(
      linearize({write(0, 1, 1), pending(write(2, 3, 2)), read(4, 5, 1), read(6, 7, 2)}, Registers{}));
  BOOST_CHECK(
      linearize({write(0, 1, 1), pending(write(2, 3, 2)), read(4, 5, 1), read(6, 7, 1)}, Registers{}));
  BOOST_CHECK(!linearize({write(0, 1, 1), pending(write(4, 5, 2)), read(2, 3, 2)}, Registers{}));
  BOOST_CHECK(
      !linearize({write(0, 1, 1), pending(write(2, 3, 2)), read(4, 5, 2), read(6, 7, 1)}, Registers{}));
}

BOOST_AUTO_TEST_CASE(an_empty_history_is_linearizable) {
  BOOST_CHECK(linearize(std::vector<RegisterCall>{}, Registers{}));
}

BOOST_AUTO_TEST_CASE(partitions_are_judged_apart_and_their_orders_merge) {
  const std::vector calls{write(0, 5, 1, 7), read(1, 2, 1, 7), write(3, 4, 2, 8), read(6, 7, 2, 8)};
  const auto found = linearize(calls, Registers{});
  BOOST_CHECK(found);
  BOOST_TEST(explains(Registers{}, calls, found.order));
  const auto stale = linearize({write(0, 1, 1, 7), write(2, 3, 2, 8), read(4, 5, 1, 8)}, Registers{});
  BOOST_CHECK(!stale);
  BOOST_TEST((stale.order == std::vector<std::size_t>{1}));  // of the partition that has no order
}

BOOST_AUTO_TEST_CASE(what_cannot_be_explained_is_told_in_words) {
  using C = Call<StackInput, int>;
  const std::vector<C> calls{{.client = 1, .input = {5}, .output = 0, .invoked = 0, .returned = 1},
                             {.client = 2, .input = {6}, .output = 0, .invoked = 2, .returned = 3},
                             {.client = 1, .input = {0}, .output = 5, .invoked = 4, .returned = 5}};
  struct Described {
    using State = std::vector<int>;
    using Input = StackInput;
    using Output = int;
    [[nodiscard]] State initial() const { return {}; }
    [[nodiscard]] std::optional<State> step(const State& state, const Input& input,
                                            const std::optional<int>& output) const {
      return stack_model().step(state, input, output);
    }
    [[nodiscard]] std::string describe(const Input& input, const std::optional<int>& output) const {
      if (input.pushed != 0) return "push(" + std::to_string(input.pushed) + ")";
      return "pop() -> " + (output ? std::to_string(*output) : "?");
    }
  };
  BOOST_CHECK(linearize(calls, Described{}).explanation ==
              "the longest order of calls that explains their answers:\n"
              "  client 1: push(5)\n"
              "  client 2: push(6)\n"
              "none of these can come next, in the state [5, 6], and one must:\n"
              "  client 1: pop() -> 5");
}

BOOST_AUTO_TEST_CASE(a_model_may_go_on_in_several_ways) {
  /// A lottery: a draw gives 1 or 2 and the object keeps which; a look shows it.
  struct Lottery {
    using State = int;
    using Input = bool;  ///< true: draw
    using Output = int;
    [[nodiscard]] State initial() const { return 0; }
    [[nodiscard]] std::vector<State> step(const State& state, const Input& draw,
                                          const std::optional<Output>& output) const {
      if (draw) return {1, 2};
      if (output && *output != state) return {};
      return {state};
    }
  };
  using C = Call<bool, int>;
  const C draw{.client = 0, .input = true, .output = 0, .invoked = 0, .returned = 1};
  const auto look = [](std::uint64_t when, int seen) {
    return C{.client = 1, .input = false, .output = seen, .invoked = when, .returned = when + 1};
  };
  BOOST_CHECK(linearize({draw, look(2, 1), look(4, 1)}, Lottery{}));
  BOOST_CHECK(linearize({draw, look(2, 2), look(4, 2)}, Lottery{}));
  BOOST_CHECK(!linearize({draw, look(2, 1), look(4, 2)}, Lottery{}));
  BOOST_CHECK(!linearize({draw, look(2, 0)}, Lottery{}));
}

BOOST_AUTO_TEST_CASE(states_without_hash_or_order_will_do) {
  struct Plain {
    int value = 0;
    bool operator==(const Plain&) const = default;
  };
  const auto counter = sequential<int>(Plain{}, [](Plain& state, int add) { return state.value += add; });
  using C = Call<int, int>;
  std::vector<C> calls;
  for (std::uint64_t i = 0; i != 5; ++i)
    calls.push_back(
        {.client = i, .input = 1, .output = static_cast<int>(5 - i), .invoked = i, .returned = 10 + i});
  BOOST_CHECK(linearize(calls, counter));
  calls.back().output = 2;
  BOOST_CHECK(!linearize(calls, counter));
}

BOOST_AUTO_TEST_CASE(a_limit_leaves_the_verdict_open) {
  std::vector<RegisterCall> calls;
  for (std::uint64_t i = 0; i != 12; ++i) calls.push_back(write(i, 100 + i, static_cast<int>(i)));
  calls.push_back(read(200, 201, 99));
  const auto limited = linearize(calls, Registers{}, {.configurations = 100});
  BOOST_TEST((limited.verdict == Verdict::unknown));
  BOOST_TEST(limited.configurations == 101U);
  BOOST_TEST((linearize(calls, Registers{}).verdict == Verdict::not_linearizable));
  BOOST_TEST(
      (linearize(calls, Registers{}, {.time = std::chrono::nanoseconds{1}}).verdict == Verdict::unknown));
}

BOOST_AUTO_TEST_CASE(long_histories_of_few_clients_take_time_linear_in_their_length) {
  std::vector<RegisterCall> calls;
  constexpr std::uint64_t rounds = 5'000;
  for (std::uint64_t i = 0; i != rounds; ++i) {
    const std::uint64_t t = 10 * i;
    calls.push_back(write(t, t + 5, 1));
    calls.push_back(write(t + 1, t + 6, 2));
    calls.push_back(read(t + 2, t + 7, 1));
    calls.push_back(read(t + 8, t + 9, 2));
  }
  const auto found = linearize(calls, Registers{});
  BOOST_CHECK(found);
  BOOST_TEST(found.configurations < 100 * rounds);
}

BOOST_AUTO_TEST_CASE(registers_agree_with_brute_force) {
  std::mt19937 random{1};
  Tally tally;
  for (int i = 0; i != 12'000; ++i) {
    const unsigned keys = i % 2 == 0 ? 1 : 2;
    const auto calls = random_history<RegisterCall>(random, [&](RegisterCall& call) {
      const auto small = [&] { return static_cast<int>(random() % 2); };
      call.input = {static_cast<Kind>(random() % 3), static_cast<int>(random() % keys), small(), small()};
      call.output = call.input.kind != Kind::read || random() % 4 != 0 ? small() : Registers::unset;
    });
    compare(Registers{}, calls, tally);
  }
  BOOST_TEST_MESSAGE("linearizable " << tally.linearizable << ", not " << tally.not_linearizable);
  BOOST_TEST(tally.linearizable > 3'000U);
  BOOST_TEST(tally.not_linearizable > 3'000U);
}

BOOST_AUTO_TEST_CASE(stacks_agree_with_brute_force) {
  std::mt19937 random{2};
  Tally tally;
  for (int i = 0; i != 6'000; ++i) {
    const auto calls = random_history<Call<StackInput, int>>(random, [&](Call<StackInput, int>& call) {
      call.input = {static_cast<int>(random() % 3)};
      const int popped = static_cast<int>(random() % 4);
      call.output = call.input.pushed != 0 ? 0 : popped == 0 ? -1 : 1 + popped % 2;
    });
    compare(stack_model(), calls, tally);
  }
  BOOST_TEST_MESSAGE("linearizable " << tally.linearizable << ", not " << tally.not_linearizable);
  BOOST_TEST(tally.linearizable > 1'500U);
  BOOST_TEST(tally.not_linearizable > 1'500U);
}

BOOST_AUTO_TEST_CASE(histories_of_real_threads_are_judged) {
  std::atomic<int> value{0};
  History<int, int> history;  // input: what is added; output: what was there
  {
    std::vector<std::thread> threads;
    for (int i = 0; i != 4; ++i) {
      threads.emplace_back([&] {
        for (int call = 0; call != 200; ++call) history.call(1, [&] { return value.fetch_add(1); });
      });
    }
    for (auto& thread : threads) thread.join();
  }
  const auto counter =
      sequential<int>(0, [](int& state, int add) { return std::exchange(state, state + add); });
  auto calls = history.calls();
  BOOST_CHECK(linearize(calls, counter));
  calls[400].output = *calls[400].output + 100;
  BOOST_CHECK(!linearize(calls, counter));
}

// --- Under the simulator ---

namespace {

/// Counts by a load and a store.
void count(bool atomically) {
  atomic<int> counter{0};
  label(counter, "counter");
  History<std::string, int> history;
  const auto increment = [&] {
    history.call("increment", [&] {
      if (atomically) return counter.fetch_add(1);
      const int seen = counter.load();
      counter.store(seen + 1);
      return seen;
    });
  };
  concurrently(increment, increment);
  check_linearizable(
      history, sequential<std::string>(0, [](int& state, const std::string&) { return state++; }), "counter");
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_finding_tells_how_far_an_order_goes) {
  const Result broken = explore([] { count(false); });
  BOOST_TEST(test::found(broken) == "check");
  const auto& message = broken.finding->message;
  BOOST_TEST(message.starts_with("counter is not linearizable\nthe longest order"), message);
  BOOST_TEST(message.ends_with("none of these can come next, in the state 1, and one must:\n"
                               "  t2: increment -> 0"),
             message);
  const Result correct = explore([] { count(true); });
  BOOST_TEST(correct.passed(), correct.report());
  BOOST_TEST(correct.complete);
}

BOOST_AUTO_TEST_CASE(a_stale_read_is_found_though_its_steps_touch_nothing_common) {
  // The write goes elsewhere: nothing but the order of calls in time can tell.
  const Result result = explore([] {
    atomic<int> here{0};
    atomic<int> there{0};
    History<bool, int> history;
    concurrently([&] { history.call(false, [&] { return here.load(); }); },
                 [&] {
                   history.call(true, [&] {
                     there.store(1);
                     return 0;
                   });
                 });
    check_linearizable(history, sequential<bool>(0, [](int& state, bool write) {
                         if (write) state = 1;
                         return write ? 0 : state;
                       }));
  });
  BOOST_TEST(test::found(result) == "check");
}

BOOST_AUTO_TEST_CASE(a_history_is_checked_in_an_execution_only) {
  const History<bool, int> history;
  BOOST_CHECK_THROW(check_linearizable(history, sequential<bool>(0, [](int& state, bool) { return state; })),
                    std::logic_error);
}

// --- Recorded histories with known verdicts ---

namespace {

/// Reads a log of Jepsen's: `... - CLIENT :invoke|:ok|:fail|:info :read|:write|:cas VALUE`.
std::vector<RegisterCall> recorded(const std::filesystem::path& file) {
  std::vector<RegisterCall> calls;
  std::map<std::uint64_t, std::size_t> open;
  std::ifstream log{file};
  std::uint64_t now = 0;
  for (std::string line; std::getline(log, line); ++now) {
    std::istringstream words{line.substr(line.find(" - ") + 3)};
    std::uint64_t client = 0;
    std::string event;
    std::string operation;
    std::string value;
    words >> client >> event >> operation >> value;
    if (event == ":invoke") {
      RegisterCall call{.client = client, .invoked = now};
      call.input.kind = operation == ":read" ? Kind::read : operation == ":write" ? Kind::write : Kind::cas;
      if (call.input.kind == Kind::write) call.input.value = std::stoi(value);
      if (call.input.kind == Kind::cas) {
        call.input.value = std::stoi(value.substr(1));
        words >> call.input.replacement;
      }
      open[client] = calls.size();
      calls.push_back(call);
      continue;
    }
    RegisterCall& call = calls.at(open.at(client));
    if (event == ":info" || value == ":timed-out") continue;  // may take effect at any time, or never
    call.returned = now;
    call.output = 0;
    if (call.input.kind == Kind::read) call.output = value == "nil" ? Registers::unset : std::stoi(value);
    if (call.input.kind == Kind::cas) call.output = event == ":ok" ? 1 : 0;
  }
  return calls;
}

}  // namespace

BOOST_AUTO_TEST_CASE(recorded_histories_of_etcd_get_their_verdicts) {
  const char* const folder = std::getenv("LOCKSTEP_RECORDED_HISTORIES");  // NOLINT(concurrency-mt-unsafe)
  if (folder == nullptr) {
    BOOST_TEST_MESSAGE("skipped");
    std::cout << "skipped: LOCKSTEP_RECORDED_HISTORIES does not name their folder\n";
    return;
  }
  std::ifstream verdicts{std::filesystem::path{folder} / "verdicts.csv"};
  unsigned judged = 0;
  std::chrono::nanoseconds slowest{0};
  std::string line;
  std::getline(verdicts, line);
  while (std::getline(verdicts, line)) {
    const auto comma = line.find(',');
    const auto calls = recorded(std::filesystem::path{folder} / line.substr(0, comma));
    BOOST_TEST(!calls.empty());
    const auto start = std::chrono::steady_clock::now();
    const auto found = linearize(calls, Registers{});
    slowest = std::max<std::chrono::nanoseconds>(slowest, std::chrono::steady_clock::now() - start);
    BOOST_TEST((found.verdict ==
                (line.substr(comma + 1) == "yes" ? Verdict::linearizable : Verdict::not_linearizable)),
               line << " was judged " << to_string(found.verdict));
    if (found) BOOST_TEST(explains(Registers{}, calls, found.order));
    ++judged;
  }
  BOOST_TEST(judged != 0U);
  std::cout << judged << " recorded histories, the slowest took "
            << std::chrono::duration_cast<std::chrono::microseconds>(slowest).count() << " us\n";
}

BOOST_AUTO_TEST_SUITE_END()
