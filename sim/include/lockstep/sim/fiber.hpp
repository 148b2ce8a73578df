// Switches stacks, and nothing else: the ground that simulated threads stand on.
//
// A fiber is made once and then loops over pieces of work, so that a million executions
// cost no stack. It runs on the host thread that first switched to it, always.
#pragma once

#include <cstddef>

namespace lockstep::sim {

/// A stack to run work on, or (default constructed) the stack that the caller already runs on.
///
/// Sanitizers are told of every switch. A switch may happen inside a catch block, or in a
/// destructor while an exception unwinds: each fiber keeps its own account of exceptions in flight.
/// Not safe to share between host threads.
class Fiber {
 public:
  /// A piece of work. Returns the fiber to go on with once it is done.
  using Work = Fiber& (*)(void* argument);

  /// The caller's own stack: something for others to switch back to. Costs nothing.
  Fiber() noexcept = default;

  /// A stack of its own, with a guard page below it, on which every switch to a fiber that
  /// is out of work begins `work(argument)` anew. Throws std::bad_alloc.
  Fiber(Work work, void* argument);

  /// Precondition: the fiber is between two pieces of work, or never began.
  ~Fiber();

  Fiber(const Fiber&) = delete;
  Fiber& operator=(const Fiber&) = delete;

  /// Leaves this fiber, the running one, and continues `next` where it was left.
  /// Returns when somebody switches back.
  void switch_to(Fiber& next) noexcept;

  /// The size of each stack in bytes, its guard page not counted. Pages are only used once touched.
  static constexpr std::size_t stack_size = std::size_t{1024} * 1024;

 private:
  /// What the C++ runtime knows of the exceptions in flight, per thread; saved over switches.
  struct Exceptions {
    void* caught = nullptr;
    unsigned uncaught = 0;
  };

  struct Loop;  // the entry of a new stack

  void arrive(void* from_context) noexcept;
  void leave_for(Fiber& next, bool for_good) noexcept;

  void* context_ = nullptr;  ///< where to continue
  Fiber* from_ = nullptr;    ///< who switched here last
  Work work_ = nullptr;
  void* argument_ = nullptr;
  void* stack_top_ = nullptr;
  std::size_t stack_extent_ = 0;  ///< as allocated, guard page included
  Exceptions exceptions_;
  bool closing_ = false;

  const void* stack_bottom_ = nullptr;  ///< for AddressSanitizer
  std::size_t stack_bytes_ = 0;
  void* fake_stack_ = nullptr;
  void* tsan_fiber_ = nullptr;  ///< for ThreadSanitizer
};

}  // namespace lockstep::sim
