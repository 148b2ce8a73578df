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
  return node;
}

void WakeupNodes::free(WakeupNode* node) {
  free_all(std::exchange(node->child, nullptr));
  node->sibling = std::exchange(unused_, node);
}

void WakeupNodes::free_all(WakeupNode* first) {
  while (first != nullptr) free(std::exchange(first, first->sibling));
}

void Reversal::assign(const Trace& trace, std::size_t race) {
  trace_ = &trace;
  first_ = trace.races()[race].first;
  last_ = trace.races()[race].second;
  look_again();
  assign_unless([&](Trace::Index event) { return trace.ordered(first_, event); });
}

/// What the last event reads and writes where the sequence has it: before the first event of the race has
/// changed the object of both. If it cannot be told, it counts as a write, which costs a needless execution
/// at most; to take a write for a read would lose some.
void Reversal::look_again() {
  const Trace::Event& first = (*trace_)[first_];
  const Trace::Event& last = (*trace_)[last_];
  last_accesses_ = last.accesses;
  if ((last.conditional && !last.late) || last.writes_if == Operation::always_the_same) return;
  for (Access& access : last_accesses_) {
    const auto changed = [&](const Access& other) { return other.object == access.object && other.write; };
    if (std::ranges::none_of(first.accesses, changed)) continue;
    access.write = last.writes_if == Operation::unknown || last.writes_if == first.sees;
  }
}

template <class InTheWay>
void Reversal::assign_unless(InTheWay in_the_way) {
  events_.clear();
  causes_.clear();
  for (Trace::Index event = first_ + 1; event != last_; ++event) {
    if (in_the_way(event)) continue;
    events_.push_back(event);
    if (trace_->announced_after(event, last_) || conflict((*trace_)[event].accesses, last_accesses_))
      causes_.push_back(event);
  }
  events_.push_back(last_);
}

bool Reversal::assign_without_holders() {
  if (!(*trace_)[last_].conditional) return false;
  std::vector<Trace::Index> holders;
  for (const Trace::Index event : events_) {
    if (event != last_ && stays_held(event)) holders.push_back(event);
  }
  if (holders.empty()) return false;
  assign_unless([&](Trace::Index event) {
    return trace_->ordered(first_, event) || std::ranges::any_of(holders, [&](Trace::Index holder) {
             return holder <= event && trace_->ordered(holder, event);
           });
  });
  return true;
}

/// True if the event takes something that the last one waits for, and the sequence does not give it back.
bool Reversal::stays_held(Trace::Index event) const {
  const Trace::Event& taken = (*trace_)[event];
  if (taken.releases || !conflict(taken.accesses, (*trace_)[last_].accesses)) return false;
  return std::ranges::none_of(events_, [&](Trace::Index later) {
    const Trace::Event& given = (*trace_)[later];
    return later > event && given.releases && given.thread == taken.thread &&
           conflict(given.accesses, (*trace_)[last_].accesses);
  });
}

/// True if one event of the sequence happens before another. What the last one depended on may be left
/// out of the sequence, so its clock in the trace does not count.
bool Reversal::in_order(std::size_t first, std::size_t second) const {
  const Trace::Index earlier = events_[first];
  if (events_[second] != last_) return trace_->ordered(earlier, events_[second]);
  return std::ranges::any_of(
      causes_, [&](Trace::Index cause) { return earlier <= cause && trace_->ordered(earlier, cause); });
}

bool Reversal::may_begin_with(unsigned thread, const Accesses& accesses) const {
  for (std::size_t i = 0; i != events_.size(); ++i) {
    const Trace::Event& event = (*trace_)[events_[i]];
    if (event.thread == thread) {
      for (std::size_t j = 0; j != i; ++j) {
        if (in_order(j, i)) return false;
      }
      return true;
    }
  }
  return std::ranges::none_of(events_,
                              [&](Trace::Index event) { return conflict(accesses, accesses_of(event)); });
}

void Reversal::remove(unsigned thread) {
  const auto found =
      std::ranges::find(events_, thread, [&](Trace::Index event) { return (*trace_)[event].thread; });
  if (found != events_.end()) events_.erase(found);
}

WakeupNode* Reversal::branch(WakeupNodes& nodes) const {
  WakeupNode* first = nullptr;
  WakeupNode** next = &first;
  for (const Trace::Index event : events_) {
    const Trace::Event& step = (*trace_)[event];
    *next = nodes.make(step.thread, accesses_of(event));
    if (event != last_) (*next)->outcomes = step.outcomes;
    next = &(*next)->child;
  }
  return first;
}

void insert(WakeupNode** first, Reversal& reversal, WakeupNodes& nodes) {
  for (;;) {
    WakeupNode** node = first;
    while (*node != nullptr && !reversal.may_begin_with((*node)->thread, (*node)->accesses))
      node = &(*node)->sibling;
    if (*node == nullptr) {
      *node = reversal.branch(nodes);
      return;
    }
    reversal.remove((*node)->thread);
    if (reversal.empty() || (*node)->child == nullptr) return;
    first = &(*node)->child;
  }
}

}  // namespace lockstep::sim
