#include "wakeup_tree.hpp"

#include <algorithm>
#include <utility>

namespace lockstep::sim {

WakeupNode* WakeupNodes::make(unsigned thread, const Accesses& accesses) {
  if (unused_ == nullptr) unused_ = &nodes_.emplace_back();
  WakeupNode* const node = unused_;
  unused_ = std::exchange(node->sibling, nullptr);
  node->thread = thread;
  node->accesses = accesses;
  node->outcomes.clear();
  node->postponed = false;
  return node;
}

WakeupNode* WakeupNodes::copy(const WakeupNode* first) {
  WakeupNode* copied = nullptr;
  WakeupNode** last = &copied;
  for (; first != nullptr; first = first->sibling) {
    *last = make(first->thread, first->accesses);
    (*last)->outcomes = first->outcomes;
    (*last)->child = copy(first->child);
    last = &(*last)->sibling;
  }
  return copied;
}

void WakeupNodes::free(WakeupNode* node) {
  free_all(std::exchange(node->child, nullptr));
  node->sibling = std::exchange(unused_, node);
}

void WakeupNodes::free_all(WakeupNode* first) {
  while (first != nullptr) free(std::exchange(first, first->sibling));
}

void Reversal::assign(const Trace& trace, const Trace::Race& race, std::size_t events) {
  trace_ = &trace;
  first_ = race.first;
  known_ = trace.known_before(race);
  last_ = &trace.second(race);
  look_again();
  events_.clear();
  causes_.clear();
  for (Trace::Index event = first_ + 1; event < events; ++event) {
    if (trace.ordered(first_, event) || (!race.pending && event == race.second)) continue;
    events_.push_back(event);
    if (trace.announced_after(event, race) || dependent(trace[event].accesses, last_accesses_))
      causes_.push_back(event);
  }
  events_.push_back(last);
}

/// What the last event reads and writes where the sequence has it: before the first event of the race. If it
/// cannot be told, it is the most that it could be, which costs a needless execution at most; to take a write
/// for a read would lose some.
void Reversal::look_again() {
  const Event& first = (*trace_)[first_];
  last_accesses_ = last_->accesses;
  if (!last_->varies || last_->waits == Waits::for_its_object) return;
  if (last_->writes_if == Operation::unknown) {
    last_accesses_ = last_->widest;
    return;
  }
  for (Access& access : last_accesses_) {
    const auto changed = [&](const Access& other) { return other.object == access.object && other.write; };
    if (std::ranges::none_of(first.accesses, changed)) continue;
    access.write = first.sees == Operation::unknown || first.sees == last_->writes_if;
  }
}

/// True if one event of the sequence happens before another. What the last one depended on may be left
/// out of the sequence, so its clock in the trace does not count.
bool Reversal::in_order(std::size_t first, std::size_t second) const {
  const Trace::Index earlier = events_[first];
  if (events_[second] != last) return trace_->ordered(earlier, events_[second]);
  return std::ranges::any_of(
      causes_, [&](Trace::Index cause) { return earlier <= cause && trace_->ordered(earlier, cause); });
}

Reversal::Begins Reversal::may_begin_with(unsigned thread, const Accesses& accesses) const {
  for (std::size_t i = 0; i != events_.size(); ++i) {
    if (event(events_[i]).thread != thread) continue;
    for (std::size_t j = 0; j != i; ++j) {
      if (in_order(j, i)) return Begins::no;
    }
    return begins(i);
  }
  const auto depends = [&](Trace::Index index) { return dependent(accesses, accesses_of(index)); };
  return std::ranges::none_of(events_, depends) ? Begins::this_time : Begins::no;
}

/// How an event of the sequence, which none before it conflicts with, relates to it.
Reversal::Begins Reversal::begins(std::size_t position) const {
  const bool always =
      events_[position] == last
          ? std::ranges::equal(last_accesses_, last_->accesses)  // so nothing after the race conflicts either
          : events_[position] < known_;
  return always ? Begins::always : Begins::this_time;
}

const Event* Reversal::first_of(unsigned thread) const {
  for (const Trace::Index index : events_) {
    if (event(index).thread == thread) return &event(index);
  }
  return nullptr;
}

void Reversal::remove(unsigned thread) {
  const auto found =
      std::ranges::find(events_, thread, [&](Trace::Index index) { return event(index).thread; });
  if (found != events_.end()) events_.erase(found);
}

WakeupNode* Reversal::branch(WakeupNodes& nodes) const {
  WakeupNode* first = nullptr;
  WakeupNode** next = &first;
  for (const Trace::Index index : events_) {
    *next = nodes.make(event(index).thread, accesses_of(index));
    if (index != last) (*next)->outcomes = event(index).outcomes;
    next = &(*next)->child;
  }
  return first;
}

void insert(WakeupNode** first, Reversal& reversal, WakeupNodes& nodes, bool loose) {
  for (;;) {
    WakeupNode** found = first;
    for (; *found != nullptr; found = &(*found)->sibling) {
      const WakeupNode& node = **found;
      if (loose && reversal.first_of(node.thread) == nullptr) continue;
      if (reversal.may_begin_with(node.thread, node.accesses) != Reversal::Begins::no) break;
    }
    if (*found == nullptr) {
      *found = reversal.branch(nodes);
      return;
    }
    const WakeupNode& node = **found;
    if (node.child == nullptr) return;  // everything from there on is going to be explored
    const Event* const same = reversal.first_of(node.thread);
    if (same != nullptr && !same->outcomes.empty() && same->outcomes != node.outcomes)
      return;  // likewise, of the step's other outcomes
    reversal.remove(node.thread);
    if (reversal.empty()) return;
    first = &(*found)->child;
  }
}

}  // namespace lockstep::sim
