// One exploration: what its threads have done and found together, and when it is time to stop or to tell.
#pragma once

#include <lockstep/sim/explore.hpp>
#include <lockstep/sim/explorer.hpp>

#include "team.hpp"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

namespace lockstep::sim {

class Orders;

/// An execution that ended in a finding.
struct Failure {
  std::uint64_t number = 0;  ///< of the execution, where they have one
  FindingKind kind = FindingKind::check;
  std::vector<Decision> decisions = {};
};

/// Runs a test body as often as its options ask for.
class Exploration {
 public:
  using Body = std::function<void()>;

  /// `orders` are those of atomics, in place of what operations name; may be null.
  Exploration(const Body& body, const Options& options, Orders* orders = nullptr);

  /// Once.
  Result run();
  /// Once, in its place: what is found is counted, and not shown.
  Result count();

 private:
  using Clock = std::chrono::steady_clock;
  class Worker;

  void explore();
  void explore_once();
  void see_what_is_left();
  void work(Explorer& explorer, bool first);
  void add(std::unique_ptr<Explorer> explorer);
  [[nodiscard]] bool more_is_wanted() const noexcept;
  [[nodiscard]] bool begin(Explorer& explorer);
  void add(Result& news, const Explorer& explorer);
  [[nodiscard]] std::uint64_t left() const;
  void add(Failure failure);
  void see_that_the_first_repeats();
  [[nodiscard]] bool threads_did_nothing() const;
  void show_failure();
  void tell(Clock::time_point now);
  void pause(std::unique_lock<std::mutex>& lock);
  void pause_is_over();
  [[nodiscard]] std::uint64_t first_execution() const;
  void save() const;
  void load();

  const Body* body_;
  const Options* options_;
  Orders* orders_;
  Team team_;
  Clock::time_point start_ = Clock::now();
  std::uint64_t test_ = 0;  ///< what the test does, as a checkpoint tells tests apart

  std::atomic<bool> stopped_ = false;
  std::atomic<bool> again_ = false;       ///< from the start: graphs must tell unlocks
  bool unlocks_matter_ = false;           ///< they do
  std::atomic<bool> pausing_ = false;     ///< all wait until a checkpoint is written
  std::atomic<std::uint64_t> begun_ = 0;  ///< executions that count, as far as is known
  std::atomic<std::uint64_t> last_;       ///< executions with a greater number need not be made

  std::mutex mutex_;  ///< guards what follows
  Result result_;
  std::list<std::unique_ptr<Explorer>> explorers_;  ///< that have something to do
  std::map<const Explorer*, std::uint64_t> left_;   ///< to each of those that are at work
  std::optional<Failure> failure_;                  ///< the one to be shown
  std::vector<Decision> first_decisions_;           ///< of the first execution, if it found nothing
  std::vector<Step> first_steps_;                   ///< what it did
  std::size_t first_threads_ = 0;                   ///< how many threads it had
  Clock::time_point told_ = start_;
  Clock::time_point saved_ = start_;
  bool told_off_ = false;  ///< by an exception
  unsigned working_ = 0;   ///< threads
  unsigned paused_ = 0;    ///< of them
  std::condition_variable resumed_;
};

}  // namespace lockstep::sim
