#include <lockstep/sim/execution.hpp>
#include <lockstep/sim/explore.hpp>

#include "exploration.hpp"
#include "last_words.hpp"
#include "minimise.hpp"
#include "orders.hpp"
#include "replay.hpp"
#include "token.hpp"
#include "too_weak.hpp"

#include <chrono>
#include <stdexcept>
#include <utility>

namespace lockstep::sim {

namespace {

using Body = std::function<void()>;
using Clock = std::chrono::steady_clock;

}  // namespace

namespace {

Result explored(const Body& body, const Options& options, Orders* orders) {
  if (Execution::current() != nullptr)
    throw std::logic_error{"lockstep::sim: an exploration cannot run inside another"};
  return Exploration{body, options, orders}.run();
}

}  // namespace

Result explore(const Body& body, const Options& options) { return explored(body, options, nullptr); }
Result explore(const Body& body, const Options& options, Orders& orders) {
  return explored(body, options, &orders);
}

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
  execution.use(options.model);
  execution.allow_spurious(options.spurious);
  execution.allow_timeouts(options.timeouts);
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
        "the steps are not those that the token was made from: the test has changed since, it is run with "
        "other "
        "options (model, spurious, timeouts), or the token was mistyped";
  }
  result.elapsed = Clock::now() - start;
  return result;
}

Result blamed(const Body& body, const Options& options, const Execution& execution, Result result) {
  if (result.finding) blame_orders(*result.finding, body, options, execution.decisions());
  return result;
}

}  // namespace

Result replay(const Body& body, std::string_view token, const Options& options) {
  const Token decoded = decoded_for(token, options);
  Execution execution;
  const LastWords last_words{execution, body, options.name, options.steps};
  return blamed(body, options, execution, replayed(body, decoded, execution, options));
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
  return blamed(body, options, execution, std::move(result));
}

void check(bool holds, std::string_view what, source_location where) {
  Execution* execution = Execution::current();
  if (execution == nullptr) throw std::logic_error{"lockstep::sim::check: there is no execution"};
  if (!holds) execution->fail(FindingKind::check, std::string{what}, where);
}

}  // namespace lockstep::sim
