// Several threads that work at one thing, through oneTBB.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <mutex>

namespace lockstep::sim {

/// As many threads as it is told to have, the caller's included; even if there are fewer processors.
class Team {
 public:
  explicit Team(unsigned threads);
  ~Team();
  Team(const Team&) = delete;
  Team& operator=(const Team&) = delete;

  /// Runs `work`, and all that is added meanwhile, each on one thread. Rethrows the first exception that one
  /// of them throws; what has not begun by then is left out.
  void run(const std::function<void()>& work);
  /// Called from inside of such work: some thread shall run this too, the caller's at the latest.
  void add(std::function<void()> work);
  /// True if a thread has nothing to do. Costs a load.
  [[nodiscard]] bool idle() const noexcept;

 private:
  struct Threads;

  void run_next();

  std::unique_ptr<Threads> threads_;  ///< null: only the caller's
  std::mutex mutex_;
  std::deque<std::function<void()>> waiting_;  ///< guarded by it
};

}  // namespace lockstep::sim
