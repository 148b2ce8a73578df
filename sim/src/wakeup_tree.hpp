// What is still to be explored from one point of an execution: sequences of steps, as an ordered tree.
// Source: Abdulla, Aronis, Jonsson & Sagonas, "Source Sets: A Foundation for Optimal Dynamic Partial Order
// Reduction", Journal of the ACM 64(4), 2017, section 6.
#pragma once

#include "trace.hpp"

#include <cstdint>
#include <deque>
#include <vector>

namespace lockstep::sim {

/// A step at which a sequence goes on, or several do.
struct WakeupNode {
  unsigned thread = 0;
  Accesses accesses;
  std::vector<std::uint8_t> outcomes;  ///< what is to be decided inside of it; others are tried afterwards
  bool postponed = false;              ///< it waits until nobody is beyond the steps before
  WakeupNode* child = nullptr;         ///< the first
  WakeupNode* sibling = nullptr;       ///< the next
};

/// Nodes, used again and again.
class WakeupNodes {
 public:
  WakeupNode* make(unsigned thread, const Accesses& accesses);
  /// A copy of a node, with all below it, and of its later siblings.
  WakeupNode* copy(const WakeupNode* first);
  /// Takes back a node with all below it, not its siblings.
  void free(WakeupNode* node);
  void free_all(WakeupNode* first);

 private:
  std::deque<WakeupNode> nodes_;
  WakeupNode* unused_ = nullptr;
};

/// A sequence that reverses a race: of the first `events` of an execution all from the first of the race on
/// that do not depend on it, in their order, and then the second of the race.
class Reversal {
 public:
  void assign(const Trace& trace, const Trace::Race& race, std::size_t events);

  /// How a step relates to the sequence.
  enum class Begins : std::uint8_t {
    no,         ///< an execution that begins with it is not equivalent to one that begins with the sequence
    this_time,  ///< it may be, as far as the events after the race are those of this execution
    always,     ///< it may be, whatever comes after the race
  };
  /// Whether the next step of `thread`, which has these accesses, may begin an execution that is equivalent
  /// to one that begins with the sequence: a weak initial.
  [[nodiscard]] Begins may_begin_with(unsigned thread, const Accesses& accesses) const;
  /// The event of `thread` with which the rest of the sequence may begin; null if it has none.
  [[nodiscard]] const Event* first_of(unsigned thread) const;
  /// Leaves out the first step of `thread`, if there is one.
  void remove(unsigned thread);
  [[nodiscard]] bool empty() const noexcept { return events_.empty(); }
  /// The rest of it as a branch.
  [[nodiscard]] WakeupNode* branch(WakeupNodes& nodes) const;

 private:
  void look_again();
  [[nodiscard]] const Event& event(Trace::Index index) const {
    return index == last ? *last_ : (*trace_)[index];
  }
  [[nodiscard]] const Accesses& accesses_of(Trace::Index index) const {
    return index == last ? last_accesses_ : (*trace_)[index].accesses;
  }
  [[nodiscard]] Begins begins(std::size_t position) const;
  [[nodiscard]] bool in_order(std::size_t first, std::size_t second) const;

  static constexpr Trace::Index last = ~Trace::Index{0};  ///< the second event of the race

  const Trace* trace_ = nullptr;
  Trace::Index first_ = 0;
  Trace::Index known_ = 0;  ///< events before this one are the same in all executions that have the race
  const Event* last_ = nullptr;
  Accesses last_accesses_;
  std::vector<Trace::Index> events_;
  std::vector<Trace::Index> causes_;  ///< of the last event: those that it depends on directly
};

/// Adds the rest of `reversal` to the branches `*first`, unless one of them covers it. `loose`: only one that
/// begins with a step of the sequence does.
void insert(WakeupNode** first, Reversal& reversal, WakeupNodes& nodes, bool loose);

}  // namespace lockstep::sim
