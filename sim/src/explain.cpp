// Findings in words, for somebody who has not seen one before.
#include <lockstep/sim/finding.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>
#include <string_view>

namespace lockstep::sim {

namespace {

struct Meaning {
  FindingKind kind;
  std::string_view what;
  std::string_view helps;  ///< what usually mends it; may be empty
};

constexpr std::array meanings{
    Meaning{FindingKind::check, "Something that must hold in every interleaving does not hold in this one.",
            "Look for what a thread decided by before another changed it."},
    Meaning{FindingKind::exception,
            "An exception left a thread. Outside of the simulator that ends the process.",
            "Catch it in the thread that it leaves, or see why it is thrown in this interleaving only."},
    Meaning{FindingKind::deadlock, "Threads wait for each other, or for what nobody left can give.",
            "Take several locks in one order everywhere, or all at once: std::scoped_lock, with_locks, "
            "transact."},
    Meaning{FindingKind::lost_wakeup,
            "A thread waits for a notification that was sent before it began to wait, and comes no more.",
            "Change what is waited for under the mutex of the condition variable, and look at it under the "
            "same mutex before waiting: wait(lock, predicate)."},
    Meaning{FindingKind::livelock, "All threads that can run do, over and over, and none gets anywhere.",
            "Let one of them win: draw the time to wait at random, give up after some attempts, or lock."},
    Meaning{
        FindingKind::leaked_lock,
        "A thread ended while it held a lock, or a lock that was held was destroyed: whoever waits for it "
        "waits for ever.",
        "Let a guard release it on every way out: std::lock_guard, std::scoped_lock, ScopedLock."},
    Meaning{FindingKind::bad_unlock, "A thread released a lock that it did not hold: undefined behaviour.",
            "Release it once, on the thread that took it; a guard does both."},
    Meaning{FindingKind::data_race,
            "Two threads use a plain variable, one of them writes, and nothing orders the two: undefined "
            "behaviour.",
            "Make it atomic, guard both uses by one mutex, or pass it on by a release store and an acquire "
            "load."},
    Meaning{
        FindingKind::nondeterminism,
        "The same decisions led to other steps, so the test depends on more than the order of its threads.",
        "Make everything that the test uses inside of its body, and take time and chance from the "
        "simulator's "
        "runtime."},
    Meaning{
        FindingKind::bound, "This interleaving has more steps than Options::steps allows.",
        "Let a loop that waits for another thread yield or sleep; or raise the bound if the test is long."},
};

std::string text(const Step& step) {
  std::string text = step.operation;
  for (const std::string* part : {&step.object, &step.outcome}) {
    if (!part->empty()) text += " " + *part;
  }
  if (step.source) text += " (" + step.source->file + ":" + std::to_string(step.source->line) + ")";
  return text;
}

/// A line per thread: its last step.
std::string last_steps(const Finding& finding) {
  std::string lines;
  std::size_t width = 0;
  for (const std::string& thread : finding.threads) width = std::max(width, thread.size());
  for (unsigned thread = 0; thread != finding.threads.size(); ++thread) {
    std::size_t last = finding.steps.size();
    while (last != 0 && finding.steps[last - 1].thread != thread) --last;
    std::string name = finding.threads[thread];
    name.resize(width, ' ');
    lines += "  " + name + "  ";
    lines += last == 0 ? "has made no step"
                       : "step " + std::to_string(last) + ": " + text(finding.steps[last - 1]);
    lines += "\n";
  }
  return lines;
}

/// True if the first thread that the message names holds what it waits for.
bool waits_for_itself(const Finding& finding) {
  constexpr std::string_view holds = " holds ";
  constexpr std::string_view and_waits = " and waits for ";
  const std::string_view message = finding.message;
  const auto held = message.find(holds);
  const auto waited = message.find(and_waits);
  if (held == message.npos || waited == message.npos || waited < held) return false;
  const auto object = message.substr(held + holds.size(), waited - held - holds.size());
  const auto rest = message.substr(waited + and_waits.size());
  return rest.starts_with(object) && (rest.size() == object.size() || rest[object.size()] == ';');
}

/// Which operations have not read, or were not, the newest store, and why that could be.
std::string missed(const Finding& finding) {
  std::string words;
  for (std::size_t i = 0; i != finding.steps.size(); ++i) {
    const Step& step = finding.steps[i];
    if (!step.missed) continue;
    const auto said = [&](std::size_t index) { return "step " + std::to_string(index + 1); };
    const std::string newer =
        said(*step.missed) + " of " + finding.threads[finding.steps[*step.missed].thread];
    words += "  " + said(i) + ": " + finding.threads[step.thread];
    if (step.operation == "store") {
      words += " stores to " + step.object + " before the store of " + newer + "\n";
    } else {
      words += " reads " +
               (step.from ? "what " + said(*step.from) + " has stored to " : "the first value of ") +
               step.object + ", not what " + newer + " has stored\n";
    }
  }
  if (words.empty()) return words;
  return "\nThese are not the newest, as nothing orders the newer store before them:\n" + words;
}

std::string_view helps(const Meaning& meaning, const Finding& finding) {
  if (!finding.too_weak.empty()) {
    return "Name the stronger orders. Others may do as well: audit says which orders of the test are needed "
           "then.";
  }
  const auto says = [&](std::string_view part) { return finding.message.find(part) != std::string::npos; };
  if (finding.kind == FindingKind::deadlock && says("nobody is left to notify")) {
    return "Notify whenever what is waited for may have come true, and everybody who may wait for it: "
           "notify_all, or a "
           "condition variable for each condition.";
  }
  if (finding.kind == FindingKind::deadlock && waits_for_itself(finding)) {
    return "Let who holds the lock call what expects it to be held, or take a recursive mutex.";
  }
  if (finding.kind == FindingKind::exception && says("was still joinable")) {
    return "Join each thread before it is destroyed, on every way out; a jthread does.";
  }
  if (finding.culprit.empty()) return meaning.helps;
  return "Make the read and the write one step, or let the write fail if somebody came between: update, "
         "change_if, "
         "transact, a save with the version that was read, a lock around both; fetch_add or compare_exchange "
         "for an "
         "atomic.";
}

}  // namespace

std::string explain(const Finding& finding) {
  const auto meaning = std::ranges::find(meanings, finding.kind, &Meaning::kind);
  std::string words = std::string{to_string(finding.kind)} + ": " + finding.message;
  if (finding.source) words += " (" + finding.source->file + ":" + std::to_string(finding.source->line) + ")";
  words += "\n";
  if (meaning != meanings.end()) words.append(meaning->what).append("\n");
  if (!finding.culprit.empty()) words += "\nWho came between: " + finding.culprit + ".\n";
  if (!finding.too_weak.empty()) words += "\nWhich orders are too weak: " + finding.too_weak + ".\n";
  if (finding.orders_help) words += missed(finding);
  if (!finding.orders_help) {
    words +=
        "\nNo memory order is to blame: something is found with seq_cst everywhere, too. Explore "
        "interleavings "
        "first.\n";
  }
  if (!finding.steps.empty()) words += "\nThe last step of each thread:\n" + last_steps(finding);
  if (meaning != meanings.end()) words.append("\nWhat helps: ").append(helps(*meaning, finding)).append("\n");
  return words;
}

}  // namespace lockstep::sim
