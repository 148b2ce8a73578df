// Judges a history of calls: is there one order of them, each between its invocation and its return, in which
// a sequential object would have given the same answers?
//
// Sources: Wing & Gong, "Testing and Verifying Concurrent Objects", JPDC 17, 1993 (the search); Lowe,
// "Testing for Linearizability", Concurrency and Computation 29(4), 2017 (remembering what was reached); Horn
// & Kroening, "Faster Linearizability Checking via P-Compositionality", FORTE 2015 (partitions); Athalye,
// Porcupine, 2017 (models as values, the longest part that can be explained).
#pragma once

#include <lockstep/sim/explore.hpp>
#include <lockstep/sim/history.hpp>

#include <algorithm>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <ranges>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <unordered_map>
#include <utility>
#include <vector>

namespace lockstep::sim {

/// What a shared object is meant to do, one call after the other: a value made of pure functions.
///
/// - `initial()`: the state it begins in.
/// - `step(state, input, output)`: the state after a call of `input` that returned `output`, or nothing if it
///   cannot return that; without an output the call may have returned anything. A model that may go on in
///   several ways returns a vector of states, empty if there is none.
/// - `partition(input)`, if there is one: calls with different results concern different objects, each in a
///   state of its own. They are judged apart, which is quicker by far.
/// - `describe(input, output)`, `describe(state)`, if there are: their text for people.
///
/// States need `==`; with a `std::hash` or an order they are found quicker.
template <class M>
concept SequentialModel =
    std::equality_comparable<typename M::State> &&
    requires(const M& model, const typename M::State& state, const typename M::Input& input,
             const std::optional<typename M::Output>& output) {
      { model.initial() } -> std::same_as<typename M::State>;
      requires std::same_as<decltype(model.step(state, input, output)), std::optional<typename M::State>> ||
                   std::same_as<decltype(model.step(state, input, output)), std::vector<typename M::State>>;
    };

/// The model of an object that answers in one way only: see `sequential`.
template <class StateType, class InputType, class OutputType, class Apply>
class SequentialObject {
 public:
  using State = StateType;    ///< of the object
  using Input = InputType;    ///< which operation, and its arguments
  using Output = OutputType;  ///< what it returns

  /// See `sequential`.
  SequentialObject(State initial, Apply apply) : initial_{std::move(initial)}, apply_{std::move(apply)} {}

  /// The state it begins in.
  [[nodiscard]] State initial() const { return initial_; }
  /// The state after the call, unless it returns something else.
  [[nodiscard]] std::optional<State> step(State state, const Input& input,
                                          const std::optional<Output>& output) const {
    const Output returned = std::invoke(apply_, state, input);
    if (output && !(*output == returned)) return std::nullopt;
    return state;
  }

 private:
  State initial_;
  Apply apply_;
};

/// A model from an object and what a call does to it: `apply(state, input)` changes the state and returns the
/// output. `sim::sequential<Input>(std::vector<int>{}, [](std::vector<int>& stack, const Input& input) { ...
/// })`
template <class Input, class State, class Apply>
[[nodiscard]] auto sequential(State initial, Apply apply) {
  using Output = std::remove_cvref_t<std::invoke_result_t<const Apply&, State&, const Input&>>;
  return SequentialObject<State, Input, Output, Apply>{std::move(initial), std::move(apply)};
}

/// How much effort to spend on a history; what is reached first counts.
struct LinearizabilityLimits {
  std::uint64_t configurations = 0;  ///< reached, of calls that are placed and a state; 0: no limit
  std::chrono::nanoseconds time{0};  ///< of real time; 0: no limit
};

/// What became of a history.
struct Linearization {
  /// Whether an order was found.
  enum class Verdict {
    linearizable,      ///< yes: `order`
    not_linearizable,  ///< there is none
    unknown,           ///< a limit was reached first
  };

  Verdict verdict = Verdict::unknown;  ///< whether there is an order
  /// Linearizable: such an order of all calls that took effect, as indices into the history. Not
  /// linearizable: the longest beginning of one that was found, of the calls of the first partition that has
  /// no order.
  std::vector<std::size_t> order = {};
  std::vector<std::size_t> stuck = {};  ///< not linearizable: the calls of which none can follow `order`
  std::uint64_t configurations = 0;     ///< that the search reached
  std::string explanation = {};         ///< not linearizable: `order` and `stuck` in words

  /// True if it is linearizable.
  [[nodiscard]] explicit operator bool() const noexcept { return verdict == Verdict::linearizable; }
};

/// "linearizable", "not linearizable", "unknown".
[[nodiscard]] std::string_view to_string(Linearization::Verdict verdict);

namespace detail {

/// A partition of a history, with calls and states as numbers. State 0 is the initial one.
class Numbered {
 public:
  struct Interval {
    std::uint64_t invoked = 0;
    std::uint64_t returned = 0;
    bool pending = false;
  };

  Numbered() = default;
  Numbered(const Numbered&) = delete;
  Numbered& operator=(const Numbered&) = delete;
  virtual ~Numbered() = default;

  /// The state after `call`, if it is possible in `state`.
  [[nodiscard]] virtual std::optional<std::uint32_t> step(std::uint32_t state, std::size_t call) = 0;
  /// True if two pending calls may stand for each other.
  [[nodiscard]] virtual bool alike(std::size_t left, std::size_t right) const = 0;

  std::vector<Interval> calls;
};

/// What limits are left, over all partitions of a history.
class Effort {
 public:
  explicit Effort(const LinearizabilityLimits& limits)
      : limits_{limits}, start_{std::chrono::steady_clock::now()} {}
  /// Counts a configuration; false once there have been too many.
  [[nodiscard]] bool one_more();
  [[nodiscard]] std::uint64_t configurations() const noexcept { return configurations_; }

 private:
  LinearizabilityLimits limits_;
  std::chrono::steady_clock::time_point start_;
  std::uint64_t configurations_ = 0;
};

struct Placement {
  Linearization::Verdict verdict = Linearization::Verdict::unknown;
  std::vector<std::size_t> order = {};
  std::vector<std::size_t> stuck = {};
  std::uint32_t state = 0;  ///< after `order`
};

/// The search of one partition.
[[nodiscard]] Placement place(Numbered& partition, Effort& effort);

/// Orders of partitions as one order of all calls: by moments at which each may have taken effect.
[[nodiscard]] std::vector<std::size_t> merged(
    const std::vector<std::vector<std::pair<std::size_t, Numbered::Interval>>>& orders);

/// Who made a call: a thread of the running execution, or "client 3".
[[nodiscard]] std::string client_name(std::uint64_t client);

/// Fails the running execution unless the history is linearizable.
void require(const Linearization& found, std::string_view what);

template <class T>
concept Hashable = requires(const T& value) {
  { std::hash<T>{}(value) } -> std::convertible_to<std::size_t>;
};

/// Numbers for values: equal ones have the same.
template <class T>
class Numbers {
 public:
  std::uint32_t of(T value) {
    if constexpr (Hashable<T>) {
      return remember(hashed_, std::move(value));
    } else if constexpr (std::totally_ordered<T>) {
      return remember(ordered_, std::move(value));
    } else {
      const auto found = std::ranges::find_if(values_, [&](const T* each) { return *each == value; });
      if (found != values_.end()) return static_cast<std::uint32_t>(found - values_.begin());
      owned_.push_back(std::move(value));
      values_.push_back(&owned_.back());
      return static_cast<std::uint32_t>(values_.size() - 1);
    }
  }
  [[nodiscard]] const T& value(std::uint32_t number) const { return *values_[number]; }

 private:
  template <class Map>
  std::uint32_t remember(Map& map, T value) {
    const auto [found, added] = map.try_emplace(std::move(value), static_cast<std::uint32_t>(values_.size()));
    if (added) values_.push_back(&found->first);  // the maps' keys stay where they are
    return found->second;
  }

  struct None {};
  std::conditional_t<Hashable<T>, std::unordered_map<T, std::uint32_t>, None> hashed_;
  std::conditional_t<!Hashable<T> && std::totally_ordered<T>, std::map<T, std::uint32_t>, None> ordered_;
  std::deque<T> owned_;
  std::vector<const T*> values_;
};

/// A model that goes on in one way at a time: of one with several, the state is the set of its states.
template <SequentialModel M>
class Determined {
 public:
  using Input = typename M::Input;
  using Output = std::optional<typename M::Output>;
  static constexpr bool one_way =
      requires(const M& model, const typename M::State& state, const Input& input, const Output& output) {
        { model.step(state, input, output) } -> std::same_as<std::optional<typename M::State>>;
      };
  using State = std::conditional_t<one_way, typename M::State, std::vector<typename M::State>>;

  explicit Determined(const M& model) : model_{&model} {}

  [[nodiscard]] State initial() const {
    if constexpr (one_way) {
      return model_->initial();
    } else {
      return {model_->initial()};
    }
  }

  [[nodiscard]] std::optional<State> step(const State& state, const Input& input,
                                          const Output& output) const {
    if constexpr (one_way) {
      return model_->step(state, input, output);
    } else {
      State next;
      for (const auto& one : state) {
        for (auto& each : model_->step(one, input, output)) {
          if (std::ranges::find(next, each) == next.end()) next.push_back(std::move(each));
        }
      }
      if constexpr (std::totally_ordered<typename M::State>) std::ranges::sort(next);
      if (next.empty()) return std::nullopt;
      return next;
    }
  }

  [[nodiscard]] std::string text(const State& state) const {
    if constexpr (requires { model_->describe(state); }) {
      return model_->describe(state);
    } else {
      return shown_value(state);
    }
  }

 private:
  const M* model_;
};

/// The calls of one partition, with the model's states numbered.
template <SequentialModel M, class C>
class Partition final : public Numbered {
 public:
  explicit Partition(const M& model) : model_{model} { numbers_.of(model_.initial()); }

  void add(const C& call, std::size_t index) {
    calls.push_back({call.invoked, call.returned, call.pending()});
    calls_.push_back(&call);
    indices_.push_back(index);
  }

  [[nodiscard]] std::optional<std::uint32_t> step(std::uint32_t state, std::size_t call) override {
    const std::uint64_t key = std::uint64_t{state} * calls_.size() + call;
    if (const auto known = known_.find(key); known != known_.end()) return known->second;
    std::optional<std::uint32_t> next;
    if (auto after = model_.step(numbers_.value(state), calls_[call]->input, calls_[call]->output))
      next = numbers_.of(*std::move(after));
    known_.emplace(key, next);
    return next;
  }

  [[nodiscard]] bool alike(std::size_t left, std::size_t right) const override {
    if constexpr (std::equality_comparable<typename M::Input>) {
      return calls_[left]->input == calls_[right]->input;
    } else {
      return false;
    }
  }

  [[nodiscard]] std::size_t index(std::size_t call) const { return indices_[call]; }
  [[nodiscard]] std::string text(std::uint32_t state) const { return model_.text(numbers_.value(state)); }

 private:
  Determined<M> model_;
  std::vector<const C*> calls_;
  std::vector<std::size_t> indices_;
  Numbers<typename Determined<M>::State> numbers_;
  std::unordered_map<std::uint64_t, std::optional<std::uint32_t>> known_;
};

template <class M, class C>
[[nodiscard]] std::string shown_call(const M& model, const C& call) {
  const std::string who = client_name(call.client) + ": ";
  if constexpr (requires { model.describe(call.input, call.output); }) {
    return who + model.describe(call.input, call.output);
  } else {
    const std::string output = call.output ? shown_value(*call.output) : "?";
    return who + shown_value(call.input) + (output.empty() ? "" : " -> " + output);
  }
}

/// In words: how far an order goes, and what cannot come next.
template <class M, class C>
[[nodiscard]] std::string explain(const M& model, std::span<const C> calls, const Placement& placed,
                                  const Partition<M, C>& partition) {
  std::string text;
  if (!placed.order.empty()) text = "the longest order of calls that explains their answers:\n";
  for (const std::size_t call : placed.order)
    text += "  " + shown_call(model, calls[partition.index(call)]) + "\n";
  const std::string state = partition.text(placed.state);
  text += "none of these can come next" +
          (state.empty() || state == "?" ? std::string{} : ", in the state " + state) + ", and one must:";
  for (const std::size_t call : placed.stuck)
    text += "\n  " + shown_call(model, calls[partition.index(call)]);
  return text;
}

}  // namespace detail

/// Judges a history: finds an order in which `model` gives the same answers, or that there is none.
///
/// Each call takes effect between its invocation and its return; a pending one after its invocation, or
/// never. Moments need not be consecutive. Exponential in the worst case; histories with few calls at a time
/// take time linear in their length. Memory: a bit per call for each configuration reached. Safe to call from
/// any thread, in an execution and outside; makes no steps.
template <SequentialModel M>
[[nodiscard]] Linearization linearize(std::span<const Call<typename M::Input, typename M::Output>> calls,
                                      const M& model, const LinearizabilityLimits& limits = {}) {
  using Recorded = Call<typename M::Input, typename M::Output>;
  std::vector<std::unique_ptr<detail::Partition<M, Recorded>>> partitions;
  const auto add = [&] {
    return partitions.emplace_back(std::make_unique<detail::Partition<M, Recorded>>(model)).get();
  };
  if constexpr (requires { model.partition(calls.front().input); }) {
    std::map<std::remove_cvref_t<decltype(model.partition(calls.front().input))>,
             detail::Partition<M, Recorded>*>
        by_key;
    for (std::size_t i = 0; i != calls.size(); ++i) {
      auto& partition = by_key[model.partition(calls[i].input)];
      if (partition == nullptr) partition = add();
      partition->add(calls[i], i);
    }
  } else {
    auto* const partition = add();
    for (std::size_t i = 0; i != calls.size(); ++i) partition->add(calls[i], i);
  }

  Linearization result{.verdict = Linearization::Verdict::linearizable};
  detail::Effort effort{limits};
  std::vector<std::vector<std::pair<std::size_t, detail::Numbered::Interval>>> orders;
  for (const auto& partition : partitions) {
    const detail::Placement placed = detail::place(*partition, effort);
    result.configurations = effort.configurations();
    if (placed.verdict == Linearization::Verdict::not_linearizable) {
      result.verdict = placed.verdict;
      result.order.clear();
      for (const std::size_t call : placed.order) result.order.push_back(partition->index(call));
      for (const std::size_t call : placed.stuck) result.stuck.push_back(partition->index(call));
      result.explanation = detail::explain(model, calls, placed, *partition);
      return result;
    }
    if (placed.verdict == Linearization::Verdict::unknown) result.verdict = placed.verdict;
    auto& order = orders.emplace_back();
    for (const std::size_t call : placed.order)
      order.emplace_back(partition->index(call), partition->calls[call]);
  }
  if (result) result.order = detail::merged(orders);
  return result;
}

/// Likewise, of calls in a vector.
template <SequentialModel M>
[[nodiscard]] Linearization linearize(const std::vector<Call<typename M::Input, typename M::Output>>& calls,
                                      const M& model, const LinearizabilityLimits& limits = {}) {
  return linearize(std::span<const Call<typename M::Input, typename M::Output>>{calls}, model, limits);
}

/// Fails the running execution unless the history recorded so far is linearizable; `what` names the object.
/// From a simulated thread, while no other thread records. The finding tells how far an order goes, and what
/// cannot come next. Throws Abandoned to unwind the thread; std::logic_error outside an execution.
template <SequentialModel M>
void check_linearizable(const History<typename M::Input, typename M::Output>& history, const M& model,
                        std::string_view what = "the history") {
  detail::require(linearize(history.calls(), model), what);
}

}  // namespace lockstep::sim
