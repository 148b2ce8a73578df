// How often, how long and how patiently lost races are run again.
// Source: full jitter after M. Brooker, "Exponential Backoff and Jitter", 2015.
#pragma once

#include <lockstep/core/callback.hpp>
#include <lockstep/core/error.hpp>
#include <lockstep/runtime/runtime.hpp>
#include <lockstep/runtime/time.hpp>
#include <lockstep/storage/commit.hpp>

#include <concepts>
#include <cstdint>
#include <exception>
#include <limits>
#include <optional>
#include <stop_token>
#include <string>
#include <type_traits>
#include <utility>

namespace lockstep {

/// Whether a loop may take locks: see `Retry::locking`.
enum class Locking {
  adaptive,     ///< optimistic first; after `escalate_after` lost races, lock before reading
  optimistic,   ///< never lock
  pessimistic,  ///< lock before the first read
};

/// A lost race, told to an observer before the work is run again.
struct Retrying {
  unsigned attempts = 0;                 ///< so far, this one included
  const Conflicted* conflict = nullptr;  ///< what was lost; valid during the call
  std::chrono::nanoseconds delay{0};     ///< how long the loop will sleep now
};

/// The policy of every loop that runs lost work again.
struct Retry {
  /// No limit on the attempts.
  static constexpr unsigned unlimited = std::numeric_limits<unsigned>::max();

  unsigned attempts = unlimited;        ///< how often the work is run at most; at least once
  Locking locking = Locking::adaptive;  ///< whether the loop may take locks
  unsigned escalate_after = 4;          ///< adaptive: so many lost races are enough
  std::chrono::nanoseconds base = std::chrono::microseconds{10};  ///< the first delay is drawn from [0, base]
  std::chrono::nanoseconds cap =
      std::chrono::milliseconds{20};  ///< no delay is longer; each range doubles until here
  std::optional<std::chrono::nanoseconds> deadline =
      {};                                         ///< no new attempt so long after the first one began
  std::stop_token stop = {};                      ///< no new attempt once requested; ends a sleep early
  Callback<void(const Retrying&)> observer = {};  ///< called before each new attempt
};

/// The loop gave up. Nothing was written; `last()` tells what was lost last.
class Exhausted : public Error {
 public:
  /// Which limit of `Retry` was reached.
  enum class Reason {
    attempts,  ///< as many as `Retry::attempts` allows were made
    deadline,  ///< the next one would have begun after `Retry::deadline`
    stopped,   ///< `Retry::stop` was requested
  };

  /// Made by the loop: `last` is what the last attempt lost by, `commit` its stale members.
  Exhausted(Reason reason, unsigned attempts, const Conflicted& last, Commit commit)
      : Error{text(reason, attempts, last)},
        reason_{reason},
        attempts_{attempts},
        commit_{std::move(commit)} {}

  /// Which limit was reached.
  [[nodiscard]] Reason reason() const noexcept { return reason_; }
  /// How often the work was run.
  [[nodiscard]] unsigned attempts() const noexcept { return attempts_; }
  /// The stale members of the last attempt; empty if it ended in a deadlock.
  [[nodiscard]] const Commit& last() const noexcept { return commit_; }

 private:
  static std::string text(Reason reason, unsigned attempts, const Conflicted& last) {
    const char* const when = reason == Reason::attempts   ? "gave up after "
                             : reason == Reason::deadline ? "gave up at the deadline, after "
                                                          : "gave up as requested, after ";
    return joined(when, std::to_string(attempts), attempts == 1 ? " attempt" : " attempts",
                  "; the last conflict: ", last.what());
  }
  Reason reason_;
  unsigned attempts_;
  Commit commit_;
};

namespace detail {

/// Why an attempt did not win: guards that failed, or an error of the retryable category.
class Lost {
 public:
  Lost() = default;

  /// Runs one step of an attempt; false if it lost. What else it throws goes through.
  template <class Step>
  bool won(Step&& step) {
    try {
      if constexpr (std::same_as<std::invoke_result_t<Step>, Commit>) {
        commit_ = step();
        return static_cast<bool>(commit_);
      } else {
        step();
        return true;
      }
    } catch (const Conflicted&) {
      error_ = std::current_exception();
      return false;
    }
  }

  [[nodiscard]] const Commit& commit() const noexcept { return commit_; }

  /// Calls `tell` with the conflict, and returns what it does.
  template <class Tell>
  auto tell(Tell&& tell) const {
    if (!error_) return tell(StaleRecord{commit_});
    try {
      std::rethrow_exception(error_);
    } catch (const Conflicted& conflict) {
      return tell(conflict);
    }
  }

 private:
  Commit commit_;
  std::exception_ptr error_;
};

/// Counts the attempts of one loop, and sleeps between them.
template <Runtime R>
class Attempts {
 public:
  explicit Attempts(const Retry& retry) : retry_{&retry} {
    if (retry.deadline) began_ = R::clock::now();
  }

  /// True if the coming attempt is to lock before it reads.
  [[nodiscard]] bool locks() const noexcept {
    return retry_->locking == Locking::pessimistic ||
           (retry_->locking == Locking::adaptive && lost_ >= retry_->escalate_after);
  }

  /// The attempt lost its race: throws Exhausted, or returns when it is time for the next.
  void lost(const Lost& lost) {
    ++lost_;
    if (lost_ >= retry_->attempts) give_up(Exhausted::Reason::attempts, lost);
    if (retry_->stop.stop_requested()) give_up(Exhausted::Reason::stopped, lost);
    const auto pause = delay();
    if (retry_->deadline && R::clock::now() - began_ + pause >= *retry_->deadline) {
      give_up(Exhausted::Reason::deadline, lost);
    }
    if (retry_->observer) {
      lost.tell([&](const Conflicted& conflict) { retry_->observer({lost_, &conflict, pause}); });
    }
    if (pause.count() > 0) R::sleep_for(pause, retry_->stop);
    if (retry_->stop.stop_requested()) give_up(Exhausted::Reason::stopped, lost);
  }

 private:
  [[noreturn]] void give_up(Exhausted::Reason reason, const Lost& lost) const {
    throw lost.tell([&](const Conflicted& last) { return Exhausted{reason, lost_, last, lost.commit()}; });
  }

  /// Drawn from [0, base * 2^(lost - 1)], at most the cap.
  [[nodiscard]] std::chrono::nanoseconds delay() const {
    if (retry_->base.count() <= 0) return {};
    const unsigned doublings = lost_ > 62 ? 62 : lost_ - 1;
    const auto range = retry_->cap.count() >> doublings <= retry_->base.count()
                           ? retry_->cap
                           : retry_->base * (std::int64_t{1} << doublings);
    const auto ticks = range.count() > 0 ? static_cast<std::uint64_t>(range.count()) : 0;
    return std::chrono::nanoseconds{static_cast<std::int64_t>(R::random() % (ticks + 1))};
  }

  const Retry* retry_;
  unsigned lost_ = 0;
  typename R::clock::time_point began_{};
};

/// Runs `attempt(lock, lost)` until it returns a result. An attempt that lost returns
/// nothing, having ended its session: no lock is held while the loop sleeps.
template <Runtime R, class Attempt>
auto retry_loop(const Retry& retry, Attempt&& attempt) {
  for (Attempts<R> attempts{retry};;) {
    Lost lost;
    if (auto result = attempt(attempts.locks(), lost)) return *std::move(result);
    attempts.lost(lost);
  }
}

}  // namespace detail

}  // namespace lockstep
