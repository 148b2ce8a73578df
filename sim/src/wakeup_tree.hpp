// What is still to be explored from one point of an execution: sequences of steps, as an ordered tree.
// Source: Abdulla, Aronis, Jonsson & Sagonas, "Source Sets: A Foundation for Optimal Dynamic Partial Order
// Reduction", Journal of the ACM 64(4), 2017, section 6.
#pragma once

#include "trace.hpp"

#include <deque>
#include <vector>

namespace lockstep::sim {

/// A step at which a sequence goes on, or several do.
struct WakeupNode {
  unsigned thread = 0;
  Accesses accesses;
  std::vector<std::uint8_t> outcomes;  ///< what is to be decided inside of it
  WakeupNode* child = nullptr;         ///< the first
  WakeupNode* sibling = nullptr;       ///< the next
};

/// Nodes, used again and again.
class WakeupNodes {
 public:
  WakeupNode* make(unsigned thread, const Accesses& accesses);
  /// Takes back a node with all below it, not its siblings.
  void free(WakeupNode* node);
  void free_all(WakeupNode* first);

 private:
  std::deque<WakeupNode> nodes_;
  WakeupNode* unused_ = nullptr;
};

/// A sequence that reverses a race: events of an execution in its order, without those that depend on
/// what is to come later.
class Reversal {
 public:
  /// Of the race `races[race]`: all that does not depend on its first event, and then the second.
  void assign(const Trace& trace, std::size_t race);
  /// If the second event is one that waits, and others in the sequence may be in its way: likewise
  /// without those. Otherwise returns false.
  [[nodiscard]] bool assign_without_holders();

  /// True if `thread`, whose next step has these accesses, may begin an execution that is equivalent to one
  /// that begins with the sequence: a weak initial.
  [[nodiscard]] bool may_begin_with(unsigned thread, const Accesses& accesses) const;
  /// Leaves out the first step of `thread`, if there is one.
  void remove(unsigned thread);
  [[nodiscard]] bool empty() const noexcept { return events_.empty(); }
  /// The rest of it as a branch.
  [[nodiscard]] WakeupNode* branch(WakeupNodes& nodes) const;

 private:
  template <class InTheWay>
  void assign_unless(InTheWay in_the_way);
  [[nodiscard]] bool stays_held(Trace::Index event) const;
  void look_again();
  [[nodiscard]] const Accesses& accesses_of(Trace::Index event) const {
    return event == last_ ? last_accesses_ : (*trace_)[event].accesses;
  }
  [[nodiscard]] bool in_order(std::size_t first, std::size_t second) const;

  const Trace* trace_ = nullptr;
  Trace::Index first_ = 0;
  Trace::Index last_ = 0;
  Accesses last_accesses_;
  std::vector<Trace::Index> events_;
  std::vector<Trace::Index> causes_;  ///< of the last event: those that it depends on directly
};

/// Adds the rest of `reversal` to the branches `*first`, unless one of them covers it.
void insert(WakeupNode** first, Reversal& reversal, WakeupNodes& nodes);

}  // namespace lockstep::sim
