// Histories: which calls were made of a shared object, by whom, when each was invoked and when it returned,
// and what it returned. Recorded under the simulator or by real threads; linearizability.hpp judges them.
//
// Source: Herlihy & Wing, "Linearizability: A Correctness Condition for Concurrent Objects", ACM TOPLAS
// 12(3), 1990.
#pragma once

#include <lockstep/sim/shown.hpp>
#include <lockstep/sim/step.hpp>

#include <algorithm>
#include <atomic>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <limits>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

namespace lockstep::sim {

/// One call of a shared object. Without an output it is pending: nobody knows whether it took effect, or
/// will.
template <class InputType, class OutputType>
struct Call {
  using Input = InputType;    ///< which operation, and its arguments
  using Output = OutputType;  ///< what it returned

  /// Later than every moment: when a pending call returns.
  static constexpr std::uint64_t never = std::numeric_limits<std::uint64_t>::max();

  std::uint64_t client = 0;           ///< who called; one client makes one call at a time
  Input input{};                      ///< what was called
  std::optional<Output> output = {};  ///< what it returned; nothing while it is pending
  std::uint64_t invoked = 0;          ///< when; only the order of moments counts, and equal ones have none
  std::uint64_t returned = never;     ///< when; not before `invoked`

  /// True if it has not returned.
  [[nodiscard]] bool pending() const noexcept { return !output; }
};

namespace detail {

/// What a call of the running thread touches as it is invoked, and as it returns. Whether one call returns
/// before another is invoked makes a difference to who judges the history, so these two must not be taken
/// for independent; two invocations, or two returns, are.
[[nodiscard]] Footprint invocation_footprint();
[[nodiscard]] Footprint return_footprint(unsigned thread);

/// A number that no other history of the process has.
[[nodiscard]] std::uint64_t next_history() noexcept;

}  // namespace detail

/// Records the calls of a shared object.
///
/// Under the simulator an invocation and a return are steps, so that exploring covers every order of them,
/// and the timeline shows them. Real threads may use it as well: each writes to a log of its own, and only
/// increments one shared counter. Cost then: one atomic increment per invocation and per return.
template <class Input, class Output>
class History {
  struct Log;

 public:
  using Recorded = Call<Input, Output>;  ///< what it consists of

  /// A call that was invoked, to be handed to `respond`.
  class Ticket {
    friend class History;
    Log* log_ = nullptr;
    std::size_t index_ = 0;
  };

  History() = default;
  History(const History&) = delete;
  History& operator=(const History&) = delete;

  /// Calls `effect`, records it as a call of `input`, and returns what it returned. If `effect` throws, the
  /// call is pending for ever, for nobody knows how far it got: let `effect` return what is an answer. If it
  /// returns nothing, a value-initialised Output is recorded. Safe to call from any thread.
  template <std::invocable Effect>
  std::invoke_result_t<Effect> call(Input input, Effect&& effect) {
    const Ticket ticket = invoke(std::move(input));
    if constexpr (std::is_void_v<std::invoke_result_t<Effect>>) {
      std::invoke(std::forward<Effect>(effect));
      respond(ticket, Output{});
    } else {
      auto result = std::invoke(std::forward<Effect>(effect));
      respond(ticket, Output(result));
      return result;
    }
  }

  /// Records that the calling thread invokes `input`. Safe to call from any thread.
  [[nodiscard]] Ticket invoke(Input input) {
    Log& log = own_log();
    Ticket ticket;
    ticket.log_ = &log;
    ticket.index_ = log.calls.size();
    log.calls.push_back({.client = log.client, .input = std::move(input)});
    Recorded& call = log.calls.back();
    const std::string shown = recording() ? detail::shown_value(call.input) : std::string{};
    const ObjectId about = recording() ? object(shown) : ObjectId{};
    step("call", detail::invocation_footprint(), [&] { call.invoked = clock_.fetch_add(1); }, about);
    return ticket;
  }

  /// Records that a call has returned `output`. By the thread that invoked it, once.
  void respond(Ticket ticket, Output output) {
    Recorded& call = ticket.log_->calls[ticket.index_];
    const std::string shown = recording() ? detail::shown_value(call.input) : std::string{};
    const ObjectId about = recording() ? object(shown) : ObjectId{};
    const Execution* execution = Execution::current();
    const auto give = [&] {
      call.output.emplace(std::move(output));
      call.returned = clock_.fetch_add(1);
      outcome([&] {
        auto text = detail::shown_value(*call.output);
        return text.empty() ? text : joined("-> ", text);
      });
    };
    step("return", detail::return_footprint(execution != nullptr ? execution->self() : 0), give, about);
  }

  /// What was recorded, in the order of invocations. Not while another thread records.
  [[nodiscard]] std::vector<Recorded> calls() const {
    std::vector<Recorded> all;
    for (const auto& log : logs_) all.insert(all.end(), log->calls.begin(), log->calls.end());
    std::ranges::sort(all, {}, &Recorded::invoked);
    return all;
  }

 private:
  struct Log {
    std::uint64_t client = 0;
    std::thread::id thread;
    std::deque<Recorded> calls;
  };

  Log& own_log() {
    if (const Execution* execution = Execution::current()) return simulated_log(execution->self());
    thread_local std::pair<std::uint64_t, Log*> latest{0, nullptr};
    if (latest.first != number_) latest = {number_, &real_log()};
    return *latest.second;
  }

  Log& simulated_log(std::uint64_t client) {
    const auto found = std::ranges::find_if(logs_, [&](const auto& log) { return log->client == client; });
    if (found != logs_.end()) return **found;
    logs_.push_back(std::make_unique<Log>());
    logs_.back()->client = client;
    return *logs_.back();
  }

  Log& real_log() {
    const auto self = std::this_thread::get_id();
    const std::scoped_lock lock{mutex_};
    const auto found = std::ranges::find_if(logs_, [&](const auto& log) { return log->thread == self; });
    if (found != logs_.end()) return **found;
    logs_.push_back(std::make_unique<Log>());
    logs_.back()->client = logs_.size() - 1;
    logs_.back()->thread = self;
    return *logs_.back();
  }

  std::uint64_t number_ = detail::next_history();
  std::atomic<std::uint64_t> clock_{0};
  std::mutex mutex_;  ///< of `logs_`, for real threads; simulated ones take turns
  std::vector<std::unique_ptr<Log>> logs_;
};

}  // namespace lockstep::sim
