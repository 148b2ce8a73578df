#include <lockstep/sim/execution.hpp>
#include <lockstep/sim/explore.hpp>

#include "bounded.hpp"
#include "exhaustive.hpp"
#include "last_words.hpp"
#include "minimise.hpp"
#include "pct.hpp"
#include "pos.hpp"
#include "random.hpp"
#include "replay.hpp"
#include "round_robin.hpp"
#include "token.hpp"

#include <algorithm>
#include <memory>
#include <stdexcept>
#include <utility>

namespace lockstep::sim {

namespace {

using Body = std::function<void()>;
using Clock = std::chrono::steady_clock;

constexpr std::uint64_t default_samples = 10'000;

std::unique_ptr<Explorer> make_explorer(const Options& options) {
  switch (options.strategy) {
    case Strategy::random:
      return std::make_unique<Random>(options.seed);
    case Strategy::pct:
      return std::make_unique<Pct>(options.seed, options.depth);
    case Strategy::pos:
      return std::make_unique<Pos>(options.seed);
    case Strategy::exhaustive:
      break;
  }
  if (options.preemptions) return std::make_unique<Bounded>(*options.preemptions);
  return std::make_unique<Exhaustive>();
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
  const auto [there, here] = std::ranges::mismatch(before, finding.steps);
  if (here == finding.steps.end() && there == before.end()) return ", but not in each run";
  const auto index = static_cast<std::size_t>(here - finding.steps.begin());
  return ", first at step " + std::to_string(index + 1) + ", which was " + shown(finding, before, index) +
         " and then " + shown(finding, finding.steps, index);
}

/// One exploration: what it has done, and when it is time to stop or to tell.
class Exploration {
 public:
  Exploration(const Body& body, const Options& options)
      : body_{&body}, options_{&options}, explorer_{make_explorer(options)} {
    execution_.allow_spurious(options.spurious);
  }

  Result run() {
    const LastWords last_words{execution_, *body_, options_->name, options_->steps};
    while (!over() && explorer_->begin()) {
      const Ending ending = execution_.run(*body_, *explorer_, {.steps = options_->steps});
      const bool counts = explorer_->end(ending);
      result_.steps += ending.steps;
      result_.fair_only = result_.fair_only || ending.rested;
      if (!counts) {
        ++result_.blocked;
        continue;
      }
      if (result_.executions++ == 0 && !ending.failed) see_that_it_repeats();
      if (ending.failed) found();
      if (result_.finding && !options_->keep_going) break;
      if (result_.found.contains(FindingKind::nondeterminism))
        break;  // nothing that follows would mean anything
    }
    result_.exhausted = explorer_->complete() && !result_.found.contains(FindingKind::bound);
    result_.complete = result_.exhausted && !options_->preemptions;
    result_.elapsed = Clock::now() - start_;
    tell();
    return std::move(result_);
  }

 private:
  bool over() {
    const std::uint64_t most = options_->executions != 0                    ? options_->executions
                               : options_->strategy == Strategy::exhaustive ? 0
                                                                            : default_samples;
    if (most != 0 && result_.executions >= most) return true;
    constexpr std::uint64_t rarely = 64;
    if ((result_.executions + result_.blocked) % rarely != 0) return false;
    const auto now = Clock::now();
    result_.elapsed = now - start_;
    if (now - told_ >= std::chrono::milliseconds{50}) {
      told_ = now;
      tell();
    }
    return options_->time.count() != 0 && result_.elapsed >= options_->time;
  }

  void tell() const {
    if (options_->progress) {
      options_->progress(
          {.executions = result_.executions, .steps = result_.steps, .elapsed = result_.elapsed});
    }
  }

  /// Runs along `decisions` and writes the steps down.
  void record(const std::vector<Decision>& decisions) {
    Replay replay{decisions};
    replay.begin();
    execution_.run(*body_, replay, {.steps = options_->steps, .recording = true});
  }

  [[nodiscard]] Finding recorded() const {
    Finding finding = execution_.finding();
    finding.token = token_of(execution_, options_->name);
    return finding;
  }

  void see_that_it_repeats() {
    const std::vector<Decision> decisions = execution_.decisions();
    record(decisions);
    const std::vector<Step> first = execution_.steps();
    const bool same = execution_.decisions() == decisions;
    record(decisions);
    if (!same || execution_.steps() != first || execution_.decisions() != decisions) not_deterministic(first);
  }

  /// `before` is what the same decisions led to.
  void not_deterministic(const std::vector<Step>& before) {
    ++result_.found[FindingKind::nondeterminism];
    if (result_.finding) return;
    Finding finding = recorded();
    finding.kind = FindingKind::nondeterminism;
    finding.threads = execution_.thread_names();
    finding.steps = execution_.steps();
    finding.message = "the same decisions led to other threads, operations or outcomes" +
                      first_difference(finding, before) +
                      ": the test depends on something that is not made inside of it";
    result_.finding = std::move(finding);
  }

  void found() {
    const FindingKind kind = *execution_.failure();
    const bool wanted = !result_.finding || result_.finding->kind == FindingKind::bound;
    if (!wanted && kind != FindingKind::bound) {
      ++result_.found[kind];
      return;
    }
    const std::vector<Decision> decisions = execution_.decisions();
    const bool reduce = wanted && (kind != FindingKind::bound || !result_.finding);
    record(reduce ? minimise(execution_, *body_, decisions, options_->steps) : decisions);
    if (execution_.failure() != kind) {
      record(decisions);
      const std::vector<Step> before = execution_.steps();
      record(decisions);
      return not_deterministic(before);
    }
    Finding finding = recorded();
    if (wanted && finding.kind == FindingKind::bound) look_for_a_livelock(finding);
    ++result_.found[finding.kind];
    if (wanted && (!result_.finding || finding.kind != FindingKind::bound))
      result_.finding = std::move(finding);
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

  const Body* body_;
  const Options* options_;
  std::unique_ptr<Explorer> explorer_;
  Execution execution_;
  Result result_;
  Clock::time_point start_ = Clock::now();
  Clock::time_point told_ = start_;
};

}  // namespace

Result explore(const Body& body, const Options& options) { return Exploration{body, options}.run(); }

namespace {

Token decoded_for(std::string_view token, const Options& options) {
  Token decoded = decode(token);
  if (decoded.name != options.name) {
    throw BadToken{"the token replays \"" + decoded.name + "\", not \"" + options.name + "\""};
  }
  return decoded;
}

Result replayed(const Body& body, const Token& decoded, Execution& execution, const Options& options) {
  const auto start = Clock::now();
  Replay explorer{decoded.decisions};
  explorer.begin();
  execution.allow_spurious(options.spurious);
  const Ending ending = execution.run(body, explorer, {.steps = options.steps, .recording = true});
  Result result;
  result.executions = 1;
  result.steps = ending.steps;
  if (ending.failed) {
    Finding finding = execution.finding();
    finding.token = token_of(execution, options.name);
    ++result.found[finding.kind];
    result.finding = std::move(finding);
  }
  if (explorer.strayed() || execution.digest() != decoded.digest) {
    result.note =
        "the steps are not those that the token was made from: the test has changed since, or the token was "
        "mistyped";
  }
  result.elapsed = Clock::now() - start;
  return result;
}

}  // namespace

Result replay(const Body& body, std::string_view token, const Options& options) {
  const Token decoded = decoded_for(token, options);
  Execution execution;
  const LastWords last_words{execution, body, options.name, options.steps};
  return replayed(body, decoded, execution, options);
}

Result shrink(const Body& body, std::string_view token, const Options& options) {
  const Token decoded = decoded_for(token, options);
  Execution execution;
  const LastWords last_words{execution, body, options.name, options.steps};
  Result result = replayed(body, decoded, execution, options);
  if (!result.finding || result.finding->kind == FindingKind::livelock) return result;
  Token shorter{decoded.name, minimise(execution, body, execution.decisions(), options.steps)};
  std::string note = std::move(result.note);
  result = replayed(body, shorter, execution, options);
  result.note = std::move(note);  // that of the token that was given; the shorter one has no digest yet
  return result;
}

void check(bool holds, std::string_view what, std::source_location where) {
  Execution* execution = Execution::current();
  if (execution == nullptr) throw std::logic_error{"lockstep::sim::check: there is no execution"};
  if (!holds) execution->fail(FindingKind::check, std::string{what}, where);
}

}  // namespace lockstep::sim
