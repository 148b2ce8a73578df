// The locks of a database whose server keeps them, as the simulator sees them: who waits for the server
// blocks the whole process, so who waits, waits here, and asks the server when the lock is free.
#pragma once

#include <lockstep/core/error.hpp>
#include <lockstep/storage/storage.hpp>

#include <cstddef>
#include <memory>

namespace lockstep::sim::detail {

/// What is locked in one database by the sessions of one execution.
class RecordLocks {
 public:
  /// Those of the database at `database` in the present execution: the same ones while anybody has them. Safe
  /// to call from any host thread.
  [[nodiscard]] static std::shared_ptr<RecordLocks> of(const void* database);

  RecordLocks();
  RecordLocks(const RecordLocks&) = delete;
  RecordLocks& operator=(const RecordLocks&) = delete;
  ~RecordLocks();

 private:
  friend class LockHolder;
  struct State;
  std::unique_ptr<State> state_;
};

/// A session, as one that holds such locks. Gives back what it holds when it is destroyed.
class LockHolder {
 public:
  /// Holds nothing so far.
  explicit LockHolder(std::shared_ptr<RecordLocks> locks);
  LockHolder(const LockHolder&) = delete;
  LockHolder& operator=(const LockHolder&) = delete;
  ~LockHolder();

  /// As LockableStorage says, for the record at `place`. Within a step it blocks.
  bool lock(const Place& place, LockMode mode, Wait wait);
  /// How many it has taken, those that made a shared one exclusive included.
  [[nodiscard]] std::size_t count() const noexcept;
  /// Gives back those taken since there were `count`.
  void release_since(std::size_t count) noexcept;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace lockstep::sim::detail
