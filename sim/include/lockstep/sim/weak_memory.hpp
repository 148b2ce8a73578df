// What atomics ask, in a simulation with a memory model of its own: which value a load returns.
#pragma once

#include <lockstep/sim/operation.hpp>
#include <lockstep/sim/source_location.hpp>

#include <atomic>
#include <cstddef>
#include <string>
#include <string_view>

namespace lockstep::sim::detail {

/// One operation on an atomic.
struct MemoryAccess {
  std::string_view name;
  ObjectId atomic;
  std::memory_order order;
  void* latest;      ///< what the atomic holds; the latest of its values, for who looks without an order
  std::size_t size;  ///< of a value, in bytes
  source_location where;
  bool announced = false;  ///< it is part of a step that the thread has announced
};

/// What a read-modify-write makes of a value.
struct MemoryChange {
  /// Makes `next` of `old`; false if it writes nothing.
  bool (*apply)(const void* context, const void* old, void* next);
  const void* context;

  bool operator()(const void* old, void* next) const { return apply(context, old, next); }
};

/// Values of atomics by a memory model. Each operation is one step of the running thread, and throws
/// Abandoned.
class WeakMemory {
 public:
  WeakMemory() = default;
  WeakMemory(const WeakMemory&) = delete;
  WeakMemory& operator=(const WeakMemory&) = delete;
  virtual ~WeakMemory() = default;

  /// Copies the value that is read into `value`.
  virtual void load(const MemoryAccess& access, void* value) = 0;
  /// Copies the value from `value`.
  virtual void store(const MemoryAccess& access, const void* value) = 0;
  /// Copies the value that is read into `old`. If `change` writes nothing, the order is `failure`. Returns
  /// whether it wrote.
  virtual bool modify(const MemoryAccess& access, std::memory_order failure, const MemoryChange& change,
                      void* old) = 0;
  /// What to say of the running thread's latest operation, besides the value.
  [[nodiscard]] virtual std::string remark() const = 0;
  virtual void fence(std::memory_order order, const source_location& where) = 0;

  /// The running thread lets others go first, and has ended a round of a loop, if it waits in one. After a
  /// round that has changed nothing, and has seen what the one before it saw, its next operation waits until
  /// there is something else to see.
  virtual void yield() = 0;
  /// Waits until there is something else to see than the running thread's latest load has seen.
  virtual void wait_for_change(const source_location& where) = 0;

  /// The running thread notifies those who wait in the queue.
  virtual void notifies(ObjectId queue) = 0;
  /// It has joined the queue. Its next load sees what happened before the notifications that came too early
  /// for it.
  virtual void joins(ObjectId queue) = 0;

  /// What the thread did happens before what acquires the object from here on.
  virtual void release(unsigned thread, ObjectId object) = 0;
  virtual void acquire(unsigned thread, ObjectId object) = 0;
  /// What was released to the object so far does not happen before what acquires it from here on.
  virtual void forget(ObjectId object) = 0;
  /// What `thread` does next needs what `other` has done, although that need not happen before it.
  virtual void need(unsigned thread, unsigned other) = 0;
  /// What `thread` does next comes after all that `other` has done.
  virtual void follow(unsigned thread, unsigned other) = 0;
};

}  // namespace lockstep::sim::detail
