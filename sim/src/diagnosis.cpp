// Why an execution cannot go on, in words: deadlocks with their cycle, lost wake-ups, livelocks,
// exceptions nobody caught.
//
// Livelock: Musuvathi & Qadeer, "Fair Stateless Model Checking", PLDI 2008: an execution that is
// fair and does not end shows one.
#include <lockstep/sim/execution.hpp>

#include "culprit.hpp"
#include "graphs.hpp"
#include "source_line.hpp"

#include <boost/core/demangle.hpp>

#include <algorithm>
#include <bit>
#include <typeinfo>

#if __has_include(<cxxabi.h>)
#include <cxxabi.h>
#endif

namespace lockstep::sim {

namespace {

std::string current_exception_type() {
#if __has_include(<cxxabi.h>)
  if (const std::type_info* type = abi::__cxa_current_exception_type())
    return boost::core::demangle(type->name());
#endif
  return "exception";
}

std::string describe(const std::exception_ptr& exception) {
  try {
    std::rethrow_exception(exception);
  } catch (const std::exception& error) {
    return current_exception_type() + ": " + error.what();
  } catch (...) {
    return current_exception_type();
  }
}

}  // namespace

void Execution::uncaught(const std::exception_ptr& exception) {
  std::string what = describe(exception) + " leaves " + name_of_thread(running_->ordinal);
  if (!abandoned_) {
    stop(FindingKind::exception);
    message_ = std::move(what);
  } else if ((failure_ == FindingKind::exception || failure_ == FindingKind::leaked_lock) &&
             !message_.empty()) {
    message_ += "; then " + what;  // the cause of unwinding into what was found first
  }
}

void Execution::terminated() {
  if (failure_) return;
  const std::exception_ptr exception = std::current_exception();
  stop(FindingKind::exception);
  message_ = name_of_thread(running_->ordinal) + " calls std::terminate" +
             (exception ? ", with " + describe(exception) : std::string{});
}

/// The threads of a cycle in the wait-for graph, in order; empty if there is none.
std::vector<unsigned> Execution::cycle() const {
  const ThreadSet alive = unfinished();
  for (unsigned start = 0; start != count_; ++start) {
    if ((alive & only(start)) == 0) continue;
    std::vector<unsigned> path;
    ThreadSet visited = 0;
    const auto search = [&](const auto& again, unsigned thread) -> bool {
      path.push_back(thread);
      visited |= only(thread);
      for (ThreadSet next = threads_[thread]->pending->holders() & alive; next != 0; next &= next - 1) {
        const auto holder = static_cast<unsigned>(std::countr_zero(next));
        if (holder == start) return true;
        if ((visited & only(holder)) == 0 && again(again, holder)) return true;
      }
      path.pop_back();
      return false;
    };
    if (search(search, start)) return path;
  }
  return {};
}

void Execution::stuck() {
  if (const Graphs* graphs = explorer_->graphs(); graphs != nullptr && graphs->in_vain()) {
    pruned_ = abandoned_ = true;
    return;
  }
  const std::vector<unsigned> circle = cycle();
  FindingKind kind = FindingKind::deadlock;
  if (circle.empty()) {
    for (ThreadSet left = unfinished(); left != 0; left &= left - 1) {
      if (threads_[static_cast<unsigned>(std::countr_zero(left))]->pending->missed_notification())
        kind = FindingKind::lost_wakeup;
    }
  }
  if (recording_) {
    message_ = explain_stuck(circle);
    for (unsigned i = 0; i != count_; ++i) {
      const Operation* pending = threads_[i]->finished ? nullptr : threads_[i]->pending;
      if (pending == nullptr || pending->readiness() == Readiness::follow_up) continue;
      record(*threads_[i], *pending);
      rows_.back().outcome = "waits for ever";
    }
  }
  stop(kind);
}

std::string Execution::explain_stuck(const std::vector<unsigned>& circle) const {
  const auto object_of = [&](unsigned thread) {
    const Operation& pending = *threads_[thread]->pending;
    if (pending.object()) return name_of(pending.object());
    std::string names;
    for (const Access& access : pending.footprint())
      names += (names.empty() ? "" : ", ") + name_of(access.object);
    return names;
  };
  const auto waits = [&](unsigned thread) {
    const bool join = threads_[thread]->pending->name() == "join";
    return "waits for " + object_of(thread) + (join ? " to finish" : "");
  };
  std::string text;
  const auto add = [&](const std::string& clause) { text += (text.empty() ? "" : "; ") + clause; };
  for (std::size_t i = 0; i != circle.size(); ++i) {
    const unsigned thread = circle[i];
    const unsigned before = circle[(i + circle.size() - 1) % circle.size()];  // waits for this one
    const bool holds = threads_[before]->pending->name() != "join";
    add(name_of_thread(thread) + (holds ? " holds " + object_of(before) + " and " : " ") + waits(thread));
  }
  for (unsigned thread = 0; thread != count_; ++thread) {
    if (threads_[thread]->finished || std::ranges::find(circle, thread) != circle.end()) continue;
    const Operation& pending = *threads_[thread]->pending;
    std::string clause = name_of_thread(thread) + " " + waits(thread);
    const ThreadSet holders = pending.holders();
    if (pending.missed_notification()) {
      clause += ", which was notified before it waited, and nobody is left to notify it again";
    } else if (pending.wants_notification()) {
      clause += ", and nobody is left to notify it";
    } else if (pending.name() != "join" && holders != 0) {
      const auto holder = static_cast<unsigned>(std::countr_zero(holders));
      clause +=
          ", which " + name_of_thread(holder) + (threads_[holder]->finished ? " never released" : " holds");
    } else if (pending.name() != "join") {
      clause += ", and nobody is left to let it go on";
    }
    add(clause);
  }
  return text;
}

namespace {

bool alike(const Step& a, const Step& b) {
  return a.thread == b.thread && a.operation == b.operation && a.object == b.object;
}

}  // namespace

/// True if the recording repeats itself at least three times between its half and its last eighth, and
/// there no thread finishes, and every thread that could run does. What repeats are threads, operations and
/// objects; if it is one thread alone, it must also see the same each time, or it may just be counting.
/// The end does not count, because depth-first search tries something else there first.
bool Execution::runs_in_circles(std::size_t& period) const {
  const std::size_t half = rows_.size() / 2;
  const std::size_t end = rows_.size() - rows_.size() / 8;
  constexpr std::size_t shortest = 12;
  const auto within = [&](std::size_t row) { return row > half && row <= end; };
  if (rows_.size() < shortest || std::ranges::any_of(finishes_, within)) return false;
  const std::size_t length = end - half;
  const auto same = [&](std::size_t i, std::size_t j) { return alike(rows_[half + i], rows_[half + j]); };
  // The smallest period, by the failure function of Knuth, Morris & Pratt.
  std::vector<std::size_t> border(length, 0);
  for (std::size_t i = 1, k = 0; i != length; ++i) {
    while (k != 0 && !same(i, k)) k = border[k - 1];
    if (same(i, k)) ++k;
    border[i] = k;
  }
  period = length - border.back();
  if (period * 3 > length) return false;
  ThreadSet enabled = 0;
  ThreadSet stepped = 0;
  bool sees_the_same = true;
  for (std::size_t i = half; i != end; ++i) {
    enabled |= rows_enabled_[i];
    stepped |= only(rows_[i].thread);
    if (i >= half + period) sees_the_same = sees_the_same && rows_[i].outcome == rows_[i - period].outcome;
  }
  return (enabled & ~stepped) == 0 && (sees_the_same || !std::has_single_bit(stepped));
}

Finding Execution::finding() const {
  Finding finding;
  if (!failure_) return finding;
  finding.kind = *failure_;
  finding.message = message_;
  finding.source = source_line(where_);
  finding.threads = thread_names();
  finding.steps = rows_;
  finding.culprit = culprit(finding);
  if (finding.kind == FindingKind::bound && finding.message.empty()) {
    const std::string steps = std::to_string(limits_.steps) + " steps";
    if (std::size_t period = 0; runs_in_circles(period)) {
      finding.kind = FindingKind::livelock;
      std::size_t first = rows_.size() / 2;
      while (first != 0 && alike(rows_[first - 1], rows_[first - 1 + period])) --first;
      finding.steps.resize(first + 2 * period);  // what follows is like it
      finding.message = "within " + steps + " the threads come to run in a circle of " +
                        std::to_string(period) +
                        ", in which all that can run do, and none finishes; the first two rounds are steps " +
                        std::to_string(first + 1) + " to " + std::to_string(first + 2 * period);
    } else {
      finding.message =
          "the execution is longer than " + steps + " (a loop that waits for others should yield)";
    }
  }
  return finding;
}

}  // namespace lockstep::sim
