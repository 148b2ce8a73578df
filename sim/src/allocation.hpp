// Allocation in executions: what is deleted in one is freed at its end, so that no address comes twice in it.
//
// Code that compares addresses, as a compare-exchange of pointers does, would otherwise do this or that by
// what the allocator happens to give back, and one execution would not be like the next. So the global
// operators new and delete are replaced in a program that is linked with the simulator; weakly, so that those
// of a program win, which then has no such promise. GenMC and loom do not give an address twice either. Those
// of ThreadSanitizer win, too.
#pragma once

namespace lockstep::sim {

/// While it lives, what the calling thread deletes is kept.
class KeepsDeleted {
 public:
  KeepsDeleted() noexcept;
  KeepsDeleted(const KeepsDeleted&) = delete;
  KeepsDeleted& operator=(const KeepsDeleted&) = delete;
  /// Frees it.
  ~KeepsDeleted();
};

}  // namespace lockstep::sim
