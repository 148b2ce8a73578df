#include "exploration.hpp"

#include <lockstep/sim/execution.hpp>

#include "along.hpp"
#include "bounded.hpp"
#include "checkpoint.hpp"
#include "exhaustive.hpp"
#include "graphs.hpp"
#include "last_words.hpp"
#include "memory.hpp"
#include "minimise.hpp"
#include "pct.hpp"
#include "pos.hpp"
#include "random.hpp"
#include "replay.hpp"
#include "round_robin.hpp"
#include "splitmix.hpp"
#include "surw.hpp"
#include "token.hpp"
#include "too_weak.hpp"

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <limits>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>

namespace lockstep::sim {

namespace {

constexpr std::uint64_t unlimited = std::numeric_limits<std::uint64_t>::max();

std::unique_ptr<Explorer> make_explorer(const Options& options) {
  switch (options.strategy) {
    case Strategy::random:
      return std::make_unique<Random>(options.seed);
    case Strategy::pct:
      return std::make_unique<Pct>(options.seed, options.depth);
    case Strategy::pos:
      return std::make_unique<Pos>(options.seed);
    case Strategy::surw:
      return std::make_unique<Surw>(options.seed);
    case Strategy::exhaustive:
      break;
  }
  if (options.model != MemoryModel::interleavings) return std::make_unique<Graphs>(options.model);
  if (options.preemptions) return std::make_unique<Bounded>(*options.preemptions);
  return std::make_unique<Exhaustive>();
}

std::uint64_t most_executions(const Options& options) noexcept {
  constexpr std::uint64_t default_samples = 10'000;
  if (options.executions != 0) return options.executions;
  return options.strategy == Strategy::exhaustive ? unlimited : default_samples;
}

unsigned threads(const Options& options) noexcept {
  return options.jobs != 0 ? options.jobs : std::max(1U, std::thread::hardware_concurrency());
}

std::string shown(const Finding& finding, const std::vector<Step>& steps, std::size_t index) {
  if (index >= steps.size()) return "nothing";
  const Step& step = steps[index];
  std::string text = "\"" + step.operation;
  for (const std::string* part : {&step.object, &step.outcome}) {
    if (!part->empty()) text += " " + *part;
  }
  const bool known = step.thread < finding.threads.size();
  return text + "\" of " + (known ? finding.threads[step.thread] : "another thread");
}

/// ", first at step 3, ...": where the steps of `finding` are not those of another run along the same
/// decisions.
std::string first_difference(const Finding& finding, const std::vector<Step>& before) {
  if (before.empty()) return {};
  const auto [there, here] = std::ranges::mismatch(before, finding.steps);
  if (here == finding.steps.end() && there == before.end()) return ", but not in each run";
  const auto index = static_cast<std::size_t>(here - finding.steps.begin());
  return ", first at step " + std::to_string(index + 1) + ", which was " + shown(finding, before, index) +
         " and then " + shown(finding, finding.steps, index);
}

}  // namespace

/// The part of one thread.
class Exploration::Worker {
 public:
  explicit Worker(Exploration& whole)
      : whole_{&whole},
        body_{whole.body_},
        options_{whole.options_},
        last_words_{execution_, *body_, options_->name, options_->steps} {
    execution_.use(options_->model, whole.orders_);
    execution_.allow_spurious(options_->spurious);
    execution_.allow_timeouts(options_->timeouts);
    if (whole.unlocks_matter_) execution_.make_unlocks_matter();
  }

  /// Explores all that `explorer` has, but for what it hands over to threads that have nothing to do.
  void explore(Explorer& explorer, bool first) {
    for (share(explorer, first); whole_->begin(explorer); share(explorer, first)) {
      const Ending ending = execution_.run(*body_, explorer, {.steps = options_->steps});
      if (explorer.graphs() != nullptr && execution_.unlocks_should_have_mattered()) {
        whole_->again_ = whole_->stopped_ = true;
        break;
      }
      if (!ending.pruned && (ending.failed || first) && !retraced(explorer)) {
        record(execution_.decisions());
        found_not_deterministic(not_deterministic({}));
        break;
      }
      if (count(ending, explorer.end(ending))) {
        if (std::exchange(first, false) && !ending.failed) see_that_it_repeats();
        if (ending.failed) failed(explorer.number());
      }
      look_up(explorer);
    }
    whole_->add(news_, explorer);
  }

  /// What is different if an execution is run again that made `decisions` and `steps`, and did not fail.
  [[nodiscard]] std::optional<Finding> repeated(const std::vector<Decision>& decisions,
                                                const std::vector<Step>& steps) {
    if (recorded_as(decisions) && execution_.steps() == steps) return std::nullopt;
    return not_deterministic(steps);
  }

  /// What a failed execution comes to, in the smallest form.
  [[nodiscard]] Finding finding_of(const Failure& failure) {
    record(failure.decisions);
    const bool as_before = execution_.failure() == failure.kind || execution_.finding().kind == failure.kind;
    const FindingKind kind = execution_.failure().value_or(failure.kind);
    if (as_before) record(minimise(execution_, *body_, failure.decisions, options_->steps));
    if (!as_before || execution_.failure() != kind) {
      record(failure.decisions);
      const std::vector<Step> before = execution_.steps();
      record(failure.decisions);
      return not_deterministic(before);
    }
    Finding finding = recorded();
    const std::vector<Decision> decisions = execution_.decisions();
    if (finding.kind == FindingKind::bound) look_for_a_livelock(finding);
    if (whole_->orders_ == nullptr) blame_orders(finding, *body_, *options_, decisions);
    return finding;
  }

 private:
  /// Hands over something to do, if a thread has nothing. Not before the first execution has shown what there
  /// is.
  void share(Explorer& explorer, bool first) {
    if (first || !whole_->team_.idle() || !whole_->more_is_wanted()) return;
    if (auto part = explorer.split()) whole_->add(std::move(part));
  }

  bool count(const Ending& ending, bool counts) {
    ++(counts ? news_.executions : news_.blocked);
    if (!counts) --whole_->begun_;
    news_.steps += ending.steps;
    steps_since_ += ending.steps;
    news_.fair_only = news_.fair_only || ending.rested;
    news_.timely_only = news_.timely_only || ending.timely;
    return counts;
  }

  /// Looks at the clock now and then, and tells of what was done.
  void look_up(const Explorer& explorer) {
    constexpr std::uint64_t rarely = 1'024;
    if (steps_since_ < rarely && !whole_->pausing_) return;
    steps_since_ = 0;
    whole_->add(news_, explorer);
  }

  /// An execution that was made along a graph is made again by decisions, as any other. False if it went
  /// another way.
  bool retraced(Explorer& explorer) {
    Graphs* const graphs = explorer.graphs();
    if (graphs == nullptr) return true;
    const Graph graph = graphs->graph();
    const auto failure = execution_.failure();
    Along along{graphs->schedule(), graph};
    execution_.memory()->follow(graph);
    execution_.run(*body_, along, {.steps = options_->steps});
    execution_.memory()->follow_nothing();
    return execution_.failure() == failure;
  }

  void failed(std::uint64_t number) {
    Failure failure{.number = number, .kind = *execution_.failure(), .decisions = execution_.decisions()};
    if (options_->keep_going && failure.kind == FindingKind::bound) {
      record(failure.decisions);
      failure.kind = execution_.finding().kind;  // its steps may show why it did not end
    }
    ++news_.found[failure.kind];
    whole_->add(std::move(failure));
  }

  /// Runs along `decisions` and writes the steps down.
  void record(const std::vector<Decision>& decisions) {
    Replay replay{decisions};
    replay.begin();
    execution_.run(*body_, replay, {.steps = options_->steps, .recording = true});
  }

  /// The same. False if it went another way, or failed.
  [[nodiscard]] bool recorded_as(const std::vector<Decision>& decisions) {
    record(decisions);
    return execution_.decisions() == decisions && !execution_.failure();
  }

  [[nodiscard]] Finding recorded() const {
    Finding finding = execution_.finding();
    finding.token = token_of(execution_, options_->name);
    return finding;
  }

  void see_that_it_repeats() {
    const std::vector<Decision> decisions = execution_.decisions();
    const bool same = recorded_as(decisions);
    const std::vector<Step> steps = execution_.steps();
    std::optional<Finding> different = repeated(decisions, steps);
    if (!same && !different) different = not_deterministic(steps);
    if (different) {
      found_not_deterministic(std::move(*different));
    } else {
      whole_->first_decisions_ = decisions;
      whole_->first_steps_ = steps;
      whole_->first_threads_ = execution_.thread_names().size();
    }
  }

  /// Nothing that follows would mean anything.
  void found_not_deterministic(Finding finding) {
    news_.finding = std::move(finding);
    ++news_.found[FindingKind::nondeterminism];
    whole_->stopped_ = true;
  }

  /// `before` is what the same decisions led to, if it was written down.
  [[nodiscard]] Finding not_deterministic(const std::vector<Step>& before) const {
    Finding finding = recorded();
    finding.kind = FindingKind::nondeterminism;
    finding.threads = execution_.thread_names();
    finding.steps = execution_.steps();
    finding.message = "the same decisions led to other threads, operations or outcomes" +
                      first_difference(finding, before) +
                      ": the test depends on something that is not made inside of it";
    return finding;
  }

  /// An execution over its bound may be endless only because its schedule starves somebody. It is a
  /// livelock if a schedule in turns does not end either, within several times the bound.
  void look_for_a_livelock(Finding& finding) {
    constexpr unsigned longest_turn = 16;
    constexpr std::uint64_t patience = 8;
    for (unsigned turn = 1; turn <= longest_turn; ++turn) {
      RoundRobin fair{turn};
      execution_.run(*body_, fair, {.steps = patience * options_->steps});
      if (execution_.failure() != FindingKind::bound) continue;
      RoundRobin again{turn};
      execution_.run(*body_, again, {.steps = options_->steps, .recording = true});
      if (execution_.failure() != FindingKind::bound) continue;
      if (Finding fairer = recorded(); fairer.kind == FindingKind::livelock) {
        finding = std::move(fairer);
        return;
      }
    }
  }

  Exploration* whole_;
  const Body* body_;
  const Options* options_;
  Execution execution_;
  LastWords last_words_;
  Result news_;  ///< that the exploration has not been told
  std::uint64_t steps_since_ = 0;
};

Exploration::Exploration(const Body& body, const Options& options, Orders* orders)
    : body_{&body}, options_{&options}, orders_{orders}, team_{threads(options)}, last_{unlimited} {
  if (!options.checkpoint.empty() && (options.strategy != Strategy::exhaustive || options.preemptions)) {
    throw std::invalid_argument{
        "lockstep::sim: there are checkpoints only of exhaustive exploration without a bound on preemptions"};
  }
  if (options.model != MemoryModel::interleavings && (!options.checkpoint.empty() || options.preemptions)) {
    throw std::invalid_argument{
        "lockstep::sim: checkpoints and bounds on preemptions are of interleavings, not of a model of "
        "memory"};
  }
  if (!options.checkpoint.empty()) test_ = first_execution();
  if (!options.checkpoint.empty() && std::filesystem::exists(options.checkpoint)) {
    load();
  } else {
    explorers_.push_back(make_explorer(options));
    if (!options.checkpoint.empty()) save();  // rather now than never
  }
}

Result Exploration::run() {
  explore();
  const std::lock_guard lock{mutex_};
  see_that_the_first_repeats();
  show_failure();
  if (!options_->checkpoint.empty()) {
    if (explorers_.empty() || (result_.finding && !options_->keep_going)) {
      std::filesystem::remove(options_->checkpoint);
    } else {
      save();
    }
  }
  see_what_is_left();
  if (result_.executions == 1 && threads_did_nothing()) {
    result_.note +=
        "the threads touched nothing that the simulator knows, so there was one interleaving: it watches "
        "primitives "
        "of lockstep::sim, and plain variables as sim::var";
  }
  tell(Clock::now());
  return std::move(result_);
}

Result Exploration::count() {
  explore();
  const std::lock_guard lock{mutex_};
  see_what_is_left();
  return std::move(result_);
}

void Exploration::see_what_is_left() {
  result_.exhausted = explorers_.empty() && !result_.found.contains(FindingKind::bound) &&
                      !result_.found.contains(FindingKind::nondeterminism);
  result_.complete = result_.exhausted && !options_->preemptions;
}

/// A try_lock that comes up changes what graphs are built of, so then all begins anew.
void Exploration::explore() {
  explore_once();
  if (!again_) return;
  unlocks_matter_ = true;
  again_ = stopped_ = false;
  begun_ = 0;
  last_ = unlimited;
  result_ = {};
  failure_.reset();
  left_.clear();
  explorers_.clear();
  explorers_.push_back(make_explorer(*options_));
  explore_once();
}

void Exploration::explore_once() {
  std::vector<Explorer*> explorers;  // before one of them adds others
  for (const auto& each : explorers_) explorers.push_back(each.get());
  try {
    team_.run([&] {
      const bool first = result_.executions == 0;
      for (std::size_t i = 1; i != explorers.size(); ++i)
        team_.add([this, explorer = explorers[i]] { work(*explorer, false); });
      work(*explorers.front(), first);
    });
  } catch (...) {
    const std::lock_guard lock{mutex_};
    if (!options_->checkpoint.empty()) save();
    throw;
  }
}

/// A test that keeps something from one execution to the next does other things in the end than it did at
/// first, and then nothing was proven.
void Exploration::see_that_the_first_repeats() {
  if (failure_ || result_.finding || first_steps_.empty()) return;
  result_.finding = Worker{*this}.repeated(first_decisions_, first_steps_);
  if (result_.finding) ++result_.found[FindingKind::nondeterminism];
}

/// True if threads were started, and none of them touched anything that the simulator knows of.
bool Exploration::threads_did_nothing() const {
  return first_threads_ > 1 && std::ranges::none_of(first_steps_, [](const Step& step) {
           return step.thread != 0 && !step.object.empty();
         });
}

/// What is found comes from the failure that was kept.
void Exploration::show_failure() {
  if (!failure_ || result_.finding) return;
  Finding finding = Worker{*this}.finding_of(*failure_);
  if (!options_->keep_going) {
    result_.found.clear();  // of those that others came upon meanwhile
    if (failure_->number != 0) result_.executions = failure_->number;
  } else if (--result_.found[failure_->kind] == 0) {
    result_.found.erase(failure_->kind);
  }
  ++result_.found[finding.kind];
  if (finding.kind == FindingKind::nondeterminism && !result_.note.empty())
    result_.note += "; the test may have changed since";
  result_.finding = std::move(finding);
}

/// Runs on any of the threads.
void Exploration::work(Explorer& explorer, bool first) {
  {
    const std::lock_guard lock{mutex_};
    ++working_;
  }
  try {
    Worker{*this}.explore(explorer, first);
  } catch (...) {
    stopped_ = true;
    const std::lock_guard lock{mutex_};
    --working_;
    pause_is_over();
    throw;
  }
  const std::lock_guard lock{mutex_};
  --working_;
  left_.erase(&explorer);
  if (explorer.complete()) explorers_.remove_if([&](const auto& each) { return each.get() == &explorer; });
  if (pausing_ && paused_ == working_) pause_is_over();
}

/// Shares the work with some other thread.
void Exploration::add(std::unique_ptr<Explorer> explorer) {
  Explorer* const added = explorer.get();
  {
    const std::lock_guard lock{mutex_};
    explorers_.push_back(std::move(explorer));
  }
  team_.add([this, added] { work(*added, false); });
}

bool Exploration::more_is_wanted() const noexcept {
  return !stopped_ && last_ == unlimited && begun_ < most_executions(*options_);
}

/// Begins another execution, if there is one and it is wanted. One that does not count in the end is to be
/// taken off `begun_`.
bool Exploration::begin(Explorer& explorer) {
  if (stopped_) return false;
  if (begun_++ < most_executions(*options_) && explorer.begin() && explorer.number() <= last_) return true;
  --begun_;
  return false;
}

void Exploration::add(Result& news, const Explorer& explorer) {
  std::unique_lock lock{mutex_};
  left_[&explorer] = explorer.left();
  result_.executions += std::exchange(news.executions, 0);
  result_.blocked += std::exchange(news.blocked, 0);
  result_.steps += std::exchange(news.steps, 0);
  result_.fair_only = result_.fair_only || news.fair_only;
  result_.timely_only = result_.timely_only || news.timely_only;
  for (const auto& [kind, times] : std::exchange(news.found, {})) result_.found[kind] += times;
  if (news.finding) result_.finding = std::exchange(news.finding, {});
  const auto now = Clock::now();
  if (options_->time.count() != 0 && now - start_ >= options_->time) stopped_ = true;
  if (now - told_ >= std::chrono::milliseconds{50}) tell(now);
  if (!options_->checkpoint.empty() && now - saved_ >= options_->checkpoint_every) pausing_ = true;
  if (pausing_) pause(lock);
}

/// Keeps the first failure, as far as there is an order; one that only exceeds a bound is the last choice.
void Exploration::add(Failure failure) {
  const std::lock_guard lock{mutex_};
  if (!options_->keep_going && failure.number == 0) stopped_ = true;
  if (!options_->keep_going) last_ = std::min<std::uint64_t>(last_, failure.number);
  if (failure.kind == FindingKind::nondeterminism) stopped_ = true;
  const auto rank = [&](const Failure& each) {
    return std::pair{options_->keep_going && each.kind == FindingKind::bound, each.number};
  };
  if (!failure_ || rank(failure) < rank(*failure_)) failure_ = std::move(failure);
}

/// What the user throws ends the exploration, and is the last that is told.
void Exploration::tell(Clock::time_point now) {
  told_ = now;
  result_.elapsed = now - start_;
  if (!options_->progress || told_off_) return;
  try {
    options_->progress({.executions = result_.executions,
                        .steps = result_.steps,
                        .elapsed = result_.elapsed,
                        .left = left()});
  } catch (...) {
    told_off_ = true;
    throw;
  }
}

std::uint64_t Exploration::left() const {
  const std::uint64_t most = most_executions(*options_);
  if (options_->strategy != Strategy::exhaustive) return most - std::min(most, result_.executions);
  std::uint64_t left = 0;
  for (const auto& [explorer, part] : left_) left += part;
  return left;
}

// --- Checkpoints ---

/// Waits between two executions until all do so; the last one writes the checkpoint.
void Exploration::pause(std::unique_lock<std::mutex>& lock) {
  if (paused_ + 1 == working_) return pause_is_over();
  ++paused_;
  resumed_.wait(lock, [&] { return !pausing_; });
  --paused_;
}

/// The others go on once the mutex is free, also if nothing could be saved.
void Exploration::pause_is_over() {
  saved_ = Clock::now();
  pausing_ = false;
  resumed_.notify_all();
  if (stopped_) return;
  try {
    save();
  } catch (...) {
    stopped_ = true;
    throw;
  }
}

/// A digest of the steps of an execution without a switch that is not needed: who did what, and what came of
/// it.
std::uint64_t Exploration::first_execution() const {
  Execution execution;
  const LastWords last_words{execution, *body_, options_->name, options_->steps};
  Replay by_default{{}};
  by_default.begin();
  execution.run(*body_, by_default, {.steps = options_->steps, .recording = true});
  std::uint64_t digest = 0;
  const auto add = [&](std::uint64_t part) { digest = SplitMix{digest ^ part}(); };
  for (const Step& step : execution.steps()) {
    add(step.thread);
    for (const std::string* part : {&step.operation, &step.object, &step.outcome}) {
      for (const char c : *part) add(static_cast<unsigned char>(c));
      add(part->size());
    }
  }
  return digest;
}

void Exploration::save() const {
  CheckpointWriter to;
  to << options_->name << test_ << options_->steps << std::uint64_t{options_->spurious}
     << std::uint64_t{options_->timeouts} << std::uint64_t{options_->keep_going} << result_.executions
     << result_.blocked << result_.steps << std::uint64_t{result_.fair_only}
     << std::uint64_t{result_.timely_only} << result_.found.size();
  for (const auto& [kind, times] : result_.found) to << static_cast<std::uint64_t>(kind) << times;
  to << std::uint64_t{failure_.has_value()};
  if (failure_) {
    to << static_cast<std::uint64_t>(failure_->kind) << failure_->decisions.size();
    for (const Decision& decision : failure_->decisions) {
      to << static_cast<std::uint64_t>(decision.kind) << std::uint64_t{decision.chosen}
         << std::uint64_t{decision.fallback};
    }
  }
  std::vector<const Exhaustive*> explorers;
  for (const auto& each : explorers_) explorers.push_back(static_cast<const Exhaustive*>(each.get()));
  Exhaustive::save(explorers, to);
  to.save(options_->checkpoint);
}

void Exploration::load() {
  CheckpointReader from{options_->checkpoint};
  if (const std::string name = from.text(); name != options_->name)
    from.bad("it is of \"" + name + "\", not of \"" + options_->name + "\"");
  if (from.number() != test_) from.bad("it is of another test, or this one has changed since");
  const bool same = from.number() == options_->steps && from.number() == options_->spurious &&
                    from.number() == options_->timeouts && (from.number() != 0) == options_->keep_going;
  if (!same) {
    from.bad(
        "it was made with another bound on steps, other spurious events or timeouts, or another keep_going");
  }
  result_.executions = from.number();
  result_.blocked = from.number();
  result_.steps = from.number();
  result_.fair_only = from.number(1) != 0;
  result_.timely_only = from.number(1) != 0;
  const auto kind = [&] { return static_cast<FindingKind>(from.number(UINT8_MAX)); };
  for (std::uint64_t left = from.size(); left != 0; --left) {
    const FindingKind found = kind();
    result_.found[found] = from.number();
  }
  if (from.number(1) != 0) {
    Failure& failure = failure_.emplace();
    failure.kind = kind();
    failure.decisions.resize(from.size());
    for (Decision& decision : failure.decisions) {
      decision.kind = from.number(1) == 0 ? Decision::Kind::schedule : Decision::Kind::outcome;
      decision.chosen = static_cast<std::uint8_t>(from.number(UINT8_MAX));
      decision.fallback = static_cast<std::uint8_t>(from.number(UINT8_MAX));
    }
  }
  for (auto& each : Exhaustive::load(from)) explorers_.push_back(std::move(each));
  from.end();
  begun_ = result_.executions;
  result_.note = "went on from a checkpoint after " + std::to_string(result_.executions) + " executions";
}

}  // namespace lockstep::sim
