// Tests of a concurrent structure from a list of its operations alone: scenarios are generated, explored, and
// judged against the structure used by one thread. The first that fails is made small.
//
// Source: Koval, Fedorov, Sokolova, Tsitelov & Alistarh, "Lincheck: A Practical Framework for Testing
// Concurrent Data Structures on JVM", CAV 2023.
#pragma once

#include <lockstep/sim/linearizability.hpp>
#include <lockstep/sim/thread.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace lockstep::sim {

/// How many scenarios to generate, and how large.
struct StructureTestOptions {
  unsigned threads = 2;          ///< side by side
  unsigned operations = 2;       ///< of each thread
  unsigned initial = 1;          ///< at most so many before the threads start
  unsigned post = 1;             ///< at most so many after they have ended
  std::uint64_t scenarios = 50;  ///< if there are no more than so many, all of them; else so many, drawn
  std::uint64_t seed = 1;        ///< what they are drawn from: the same seed finds the same
  Options exploration = {.executions = 100'000};  ///< of each scenario
};

/// What came of the scenarios.
struct StructureTestResult {
  std::optional<Finding> finding = {};  ///< of the scenario below; its token replays both: see `replay`
  std::string scenario = {};            ///< the smallest that was found to fail, in words
  std::uint64_t scenarios = 0;          ///< explored, until one failed; none by `replay`
  std::uint64_t executions = 0;         ///< over all of them, and those tried to find a smaller one
  bool exhaustive = false;              ///< these were all scenarios of that size
  bool complete = false;                ///< none failed, and each was explored in every interleaving
  std::string note = {};                ///< of a replay: that the token was made from other steps

  /// True if nothing was found.
  [[nodiscard]] bool passed() const noexcept { return !finding.has_value(); }
  /// A few lines for a person: the verdict; the scenario and timeline of a failure.
  [[nodiscard]] std::string report() const;
};

namespace detail {

/// An operation with arguments, as numbers.
struct Actor {
  std::size_t operation = 0;
  std::size_t choice = 0;  ///< of its arguments; 0 is the simplest
  friend auto operator<=>(const Actor&, const Actor&) = default;
};

struct GeneratedScenario {
  std::vector<Actor> initial = {};
  std::vector<std::vector<Actor>> threads = {};
  std::vector<Actor> post = {};
  friend auto operator<=>(const GeneratedScenario&, const GeneratedScenario&) = default;
};

/// A structure whose types are known elsewhere.
class TestedStructure {
 public:
  TestedStructure() = default;
  TestedStructure(const TestedStructure&) = delete;
  TestedStructure& operator=(const TestedStructure&) = delete;
  virtual ~TestedStructure() = default;

  [[nodiscard]] virtual std::string text(const Actor& actor) const = 0;
  /// Runs a scenario, as the body of a test.
  virtual void run(const GeneratedScenario& scenario) = 0;

  std::vector<std::size_t> choices;  ///< how many there are of each operation
};

[[nodiscard]] StructureTestResult test_structure(TestedStructure& structure,
                                                 const StructureTestOptions& options);

[[nodiscard]] StructureTestResult replay_structure(TestedStructure& structure, std::string_view token,
                                                   const Options& exploration);

/// "throws std::out_of_range".
[[nodiscard]] std::string thrown_text(const std::exception& error);

/// What is called in a scenario.
struct CalledActor {
  Actor actor;
  std::string text;
  friend bool operator==(const CalledActor& left, const CalledActor& right) {
    return left.actor == right.actor;
  }
  friend std::string to_string(const CalledActor& called) { return called.text; }
};

}  // namespace detail

/// The values that an argument may have, the simplest first: `values(1, 2)`.
template <class T, std::same_as<T>... Others>
[[nodiscard]] std::vector<T> values(T first, Others... others) {
  return {std::move(first), std::move(others)...};
}

/// A test of a structure that is made of the simulator's primitives, or takes its runtime as a parameter.
///
///     sim::StructureTest<Stack> test;
///     test.operation("push", [](auto& stack, int value) { stack.push(value); }, sim::values(1, 2));
///     test.operation("pop", [](auto& stack) { return stack.pop(); });
///     const auto result = test.run({.threads = 2, .operations = 2});
///
/// Each scenario makes a structure, uses it by one thread, by several, and by one again, and is explored in
/// every interleaving, or as `exploration` says. What the operations return must be linearizable: as if a
/// `Specification` had been used by one thread. By default that is the structure itself; a simple one with
/// the same operations says more, for it need not have the same mistakes.
///
/// A result is known by its text, an exception by its type. Operations must not wait for other operations.
/// A scenario that fails is made smaller, as long as it fails in the same way: fewer threads, fewer
/// operations, simpler arguments. The same seed gives the same.
template <std::default_initializable Structure, std::default_initializable Specification = Structure>
class StructureTest {
 public:
  /// Adds an operation: `function(structure, arguments...)`, for structures and specifications, with every
  /// combination of the arguments' values.
  template <class Function, class... Arguments>
  StructureTest& operation(const std::string& name, Function function, std::vector<Arguments>... arguments) {
    const auto domains =
        std::make_shared<const std::tuple<std::vector<Arguments>...>>(std::move(arguments)...);
    std::size_t choices = 1;
    std::apply([&](const auto&... each) { ((choices *= each.size()), ...); }, *domains);
    structure_.choices.push_back(choices);
    structure_.operations.push_back(
        {[name, domains](std::size_t choice) {
           std::string text;
           with_arguments(*domains, choice, [&](const auto&... values) {
             ((text += joined(text.empty() ? "" : ", ", detail::shown_value(values))), ...);
           });
           return joined(name, "(", text, ")");
         },
         [function, domains](Structure& structure, std::size_t choice) {
           return result_of(function, structure, *domains, choice);
         },
         [function, domains](Specification& specification, std::size_t choice) {
           return result_of(function, specification, *domains, choice);
         }});
    return *this;
  }

  /// Generates scenarios and explores them until one fails. Throws std::invalid_argument without operations.
  /// Not reentrant: throws std::logic_error inside an execution.
  [[nodiscard]] StructureTestResult run(const StructureTestOptions& options = {}) {
    return detail::test_structure(structure_, options);
  }

  /// Runs the scenario and the interleaving that `token` names, once: that of a finding of this test. With
  /// other operations or arguments than then it may be another scenario; the finding's note says so if its
  /// steps differ. Throws BadToken if the token cannot be read, is of a test by another name than
  /// `exploration.name`, or names operations that there are not.
  [[nodiscard]] StructureTestResult replay(std::string_view token, const Options& exploration = {}) {
    return detail::replay_structure(structure_, token, exploration);
  }

 private:
  struct Operation {
    std::function<std::string(std::size_t)> text;
    std::function<std::string(Structure&, std::size_t)> run;
    std::function<std::string(Specification&, std::size_t)> specify;
  };

  template <class Domains, class Use>
  static decltype(auto) with_arguments(const Domains& domains, std::size_t choice, Use&& use) {
    return std::apply(
        [&](const auto&... each) -> decltype(auto) {
          const auto pick = [&](const auto& domain) -> decltype(auto) {
            const std::size_t chosen = choice % domain.size();
            choice /= domain.size();
            return domain[chosen];
          };
          return std::apply(use, std::tuple<decltype(pick(each))...>{pick(each)...});
        },
        domains);
  }

  template <class Function, class Object, class Domains>
  static std::string result_of(const Function& function, Object& object, const Domains& domains,
                               std::size_t choice) {
    try {
      return with_arguments(domains, choice, [&](const auto&... arguments) -> std::string {
        if constexpr (std::is_void_v<decltype(function(object, arguments...))>) {
          function(object, arguments...);
          return {};
        } else {
          return detail::shown_value(function(object, arguments...));
        }
      });
    } catch (const std::exception& error) {
      return detail::thrown_text(error);
    }
  }

  class Tested final : public detail::TestedStructure {
   public:
    [[nodiscard]] std::string text(const detail::Actor& actor) const override {
      return operations[actor.operation].text(actor.choice);
    }

    void run(const detail::GeneratedScenario& scenario) override {
      History<detail::CalledActor, std::string> history;
      auto object = quietly([] { return std::make_unique<Structure>(); });
      const auto use = [&](const std::vector<detail::Actor>& actors) {
        for (const detail::Actor& actor : actors) {
          history.call({actor, text(actor)},
                       [&] { return operations[actor.operation].run(*object, actor.choice); });
        }
      };
      quietly([&] { use(scenario.initial); });
      {
        std::vector<thread> threads;
        for (const auto& actors : scenario.threads) threads.emplace_back([&use, &actors] { use(actors); });
        for (thread& each : threads) each.join();
      }
      quietly([&] { use(scenario.post); });
      quietly([&] { object.reset(); });
      check_linearizable(history, Sequential{this}, "the structure");
    }

    /// What a sequence of operations on a fresh specification returns last. The same sequences come again and
    /// again.
    [[nodiscard]] const std::string& specified(const std::vector<detail::Actor>& sequence) {
      const std::scoped_lock lock{mutex_};  // threads that explore share it
      const auto known = specified_.find(sequence);
      if (known != specified_.end()) return known->second;
      auto result = quietly([&] {
        Specification fresh;
        std::string last;
        for (const detail::Actor& actor : sequence)
          last = operations[actor.operation].specify(fresh, actor.choice);
        return last;
      });
      return specified_.emplace(sequence, std::move(result)).first->second;
    }

    std::vector<Operation> operations;

   private:
    std::mutex mutex_;
    std::map<std::vector<detail::Actor>, std::string> specified_;
  };

  /// The specification as a model: its state is what was called so far.
  struct Sequential {
    using State = std::vector<detail::Actor>;
    using Input = detail::CalledActor;
    using Output = std::string;

    [[nodiscard]] State initial() const { return {}; }
    [[nodiscard]] std::optional<State> step(State state, const Input& input,
                                            const std::optional<Output>& output) const {
      state.push_back(input.actor);
      if (output && *output != tested->specified(state)) return std::nullopt;
      return state;
    }
    [[nodiscard]] std::string describe(const State&) const { return {}; }

    Tested* tested;
  };

  Tested structure_;
};

}  // namespace lockstep::sim
