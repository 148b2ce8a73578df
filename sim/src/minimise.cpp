#include "minimise.hpp"

#include "context_bound.hpp"
#include "replay.hpp"

#include <algorithm>
#include <compare>
#include <cstddef>
#include <optional>
#include <string>
#include <utility>

namespace lockstep::sim {

namespace {

/// Steps in a row by one thread.
struct Stretch {
  unsigned thread = 0;
  std::size_t steps = 0;
};
using Schedule = std::vector<Stretch>;

void append(Schedule& schedule, unsigned thread, std::size_t steps) {
  if (!schedule.empty() && schedule.back().thread == thread) {
    schedule.back().steps += steps;
  } else if (steps != 0) {
    schedule.push_back({thread, steps});
  }
}

/// What a schedule costs its reader.
struct Cost {
  std::size_t switches = 0;
  std::size_t outcomes =
      0;  ///< that are not the first: faults, spurious events, another waiter that is woken
  std::size_t steps = 0;
  friend auto operator<=>(const Cost&, const Cost&) = default;
};

std::size_t switches_of(const Schedule& schedule) { return schedule.empty() ? 0 : schedule.size() - 1; }

/// Follows a schedule as far as it can, and writes down what it did.
class Follow final : public Explorer {
 public:
  Follow(const Schedule& schedule, std::vector<unsigned> outcomes) : outcomes_{std::move(outcomes)} {
    for (const Stretch& stretch : schedule) order_.insert(order_.end(), stretch.steps, stretch.thread);
  }

  bool begin() override { return true; }

  unsigned choose(const Choice& choice) override {
    if (choice.kind == Decision::Kind::outcome) {
      const unsigned wanted = next_outcome_ < outcomes_.size() ? outcomes_[next_outcome_++] : 0;
      const unsigned chosen = std::min(wanted, choice.outcomes - 1);
      if (chosen != 0) ++unlikely_;
      return chosen;
    }
    const unsigned wanted = next_ < order_.size() ? order_[next_++] : choice.fallback;
    const unsigned chosen = (choice.enabled & only(wanted)) != 0 ? wanted : choice.fallback;
    append(taken_, chosen, 1);
    ++steps_;
    return chosen;
  }

  [[nodiscard]] const Schedule& taken() const noexcept { return taken_; }
  [[nodiscard]] Cost cost() const noexcept { return {switches_of(taken_), unlikely_, steps_}; }

 private:
  std::vector<unsigned> order_;
  std::vector<unsigned> outcomes_;
  std::size_t next_ = 0;
  std::size_t next_outcome_ = 0;
  std::size_t unlikely_ = 0;  ///< outcomes that are not the first
  Schedule taken_;
  std::size_t steps_ = 0;
};

/// Replays decisions, and writes down the schedule they stand for.
class Trace final : public Explorer {
 public:
  explicit Trace(const std::vector<Decision>& decisions) : replay_{decisions} {}
  bool begin() override { return true; }
  unsigned choose(const Choice& choice) override {
    const unsigned chosen = replay_.choose(choice);
    if (choice.kind == Decision::Kind::schedule) append(schedule, chosen, 1);
    return chosen;
  }

  Schedule schedule;

 private:
  Replay replay_;
};

/// `schedule` with stretch `from` moved next to stretch `to`, which is of the same thread.
Schedule moved(const Schedule& schedule, std::size_t from, std::size_t to) {
  Schedule result;
  for (std::size_t i = 0; i != schedule.size(); ++i) {
    if (i == from) continue;
    append(result, schedule[i].thread, schedule[i].steps + (i == to ? schedule[from].steps : 0));
  }
  return result;
}

/// `schedule` with each thread's stretches in [begin, end) made one, the threads in the order in which they
/// come there first, or last.
Schedule gathered(const Schedule& schedule, std::size_t begin, std::size_t end, bool by_last) {
  Schedule threads;
  for (std::size_t i = begin; i != end; ++i) {
    const auto known = std::ranges::find(threads, schedule[i].thread, &Stretch::thread);
    Stretch stretch = schedule[i];
    if (known == threads.end()) {
      threads.push_back(stretch);
      continue;
    }
    known->steps += stretch.steps;
    if (by_last) std::rotate(known, known + 1, threads.end());
  }
  Schedule result;
  const auto add = [&](const Stretch& stretch) { append(result, stretch.thread, stretch.steps); };
  std::for_each_n(schedule.begin(), begin, add);
  std::ranges::for_each(threads, add);
  std::for_each(schedule.begin() + static_cast<std::ptrdiff_t>(end), schedule.end(), add);
  return result;
}

std::vector<unsigned> outcomes_of(const std::vector<Decision>& decisions) {
  std::vector<unsigned> outcomes;
  for (const Decision& decision : decisions) {
    if (decision.kind == Decision::Kind::outcome) outcomes.push_back(decision.chosen);
  }
  return outcomes;
}

std::size_t unlikely(const std::vector<unsigned>& outcomes) {
  return outcomes.size() - static_cast<std::size_t>(std::ranges::count(outcomes, 0U));
}

/// The best failing execution so far.
class Search {
 public:
  Search(Execution& execution, const std::function<void()>& body, std::vector<Decision> decisions,
         std::uint64_t steps)
      : execution_{&execution}, body_{&body}, limits_{.steps = steps}, decisions_{std::move(decisions)} {
    Trace trace{decisions_};
    execution_->run(*body_, trace, limits_);
    kind_ = execution_->failure();
    message_ = execution_->message();
    schedule_ = trace.schedule;
    cost_ = {.switches = switches_of(schedule_), .outcomes = unlikely(outcomes_of(decisions_))};
    for (const Stretch& stretch : schedule_) cost_.steps += stretch.steps;
  }

  std::vector<Decision> run() {
    if (!kind_ || kind_ == FindingKind::nondeterminism) return decisions_;
    if (kind_ != FindingKind::bound) {
      gather();
      while (improve()) {
      }
    }
    for (std::size_t switches = 0; switches <= cost_.switches && all_with(switches); ++switches) {
    }
    return decisions_;
  }

 private:
  /// Takes out many switches at a time, by windows of half the size each time: what delta debugging does.
  /// Source: Zeller & Hildebrandt, "Simplifying and Isolating Failure-Inducing Input", IEEE TSE 28(2), 2002.
  void gather() {
    constexpr std::size_t smallest = 3;
    for (std::size_t size = schedule_.size(); size >= smallest; size /= 2) {
      for (std::size_t begin = 0; begin + smallest <= schedule_.size();) {
        if (budget_ < 2) return;
        const std::size_t end = std::min(begin + size, schedule_.size());
        const bool shorter =
            accept(gathered(schedule_, begin, end, false)) || accept(gathered(schedule_, begin, end, true));
        if (!shorter) begin += size;
      }
    }
  }

  bool improve() {
    for (std::size_t from = schedule_.size(); from-- != 0;) {
      for (std::size_t to = 0; to != schedule_.size(); ++to) {
        if (to == from || schedule_[to].thread != schedule_[from].thread) continue;
        if (budget_ == 0) return false;
        if (accept(moved(schedule_, from, to))) return true;
      }
    }
    return false;
  }

  /// Tries every schedule with at most so many switches. False if there were too many.
  bool all_with(std::size_t switches) {
    ContextBound bound{switches};
    while (bound.begin()) {
      if (search_budget_ == 0) return false;
      const Ending ending = execution_->run(*body_, bound, limits_);
      search_budget_ -= std::min(search_budget_, ending.steps + 1);
      if (!fails_likewise()) continue;
      const Cost cost{bound.switches(), unlikely(outcomes_of(execution_->decisions())), bound.steps()};
      if (cost >= cost_) continue;
      cost_ = cost;
      decisions_ = execution_->decisions();
    }
    return true;
  }

  [[nodiscard]] bool fails_likewise() const {
    return execution_->failure() == kind_ && execution_->message() == message_;
  }

  bool accept(const Schedule& candidate) {
    --budget_;
    Follow follow{candidate, outcomes_of(decisions_)};
    execution_->run(*body_, follow, limits_);
    if (!fails_likewise() || follow.cost() >= cost_) return false;
    cost_ = follow.cost();
    schedule_ = follow.taken();
    decisions_ = execution_->decisions();
    return true;
  }

  Execution* execution_;
  const std::function<void()>* body_;
  Execution::Limits limits_;
  std::vector<Decision> decisions_;
  std::optional<FindingKind> kind_;
  std::string message_;
  Schedule schedule_;
  Cost cost_;
  unsigned budget_ = 500;                  ///< executions with stretches moved
  std::uint64_t search_budget_ = 100'000;  ///< steps of the systematic search
};

}  // namespace

std::vector<Decision> minimise(Execution& execution, const std::function<void()>& body,
                               const std::vector<Decision>& decisions, std::uint64_t steps) {
  return Search{execution, body, decisions, steps}.run();
}

}  // namespace lockstep::sim
