// Whose turn it is to write. SQLite lets one connection of all processes write at a time; this
// queue orders those of one process before they ask SQLite, which knows polling only.
#pragma once

#include <lockstep/runtime/runtime.hpp>

#include <algorithm>
#include <deque>
#include <mutex>
#include <optional>
#include <utility>

namespace lockstep::sqlite::detail {

/// A lock that is granted in the order of asking, and waited for through the runtime.
template <Runtime R>
class WriteTurn {
 public:
  using TimePoint = typename R::clock::time_point;

  /// A turn that is held, and ends with its holder.
  class Hold {
   public:
    Hold() = default;
    explicit Hold(WriteTurn& turn) noexcept : turn_{&turn} {}
    Hold(Hold&& other) noexcept : turn_{std::exchange(other.turn_, nullptr)} {}
    Hold& operator=(Hold&& other) noexcept {
      std::swap(turn_, other.turn_);
      return *this;
    }
    ~Hold() { end(); }

    [[nodiscard]] explicit operator bool() const noexcept { return turn_ != nullptr; }
    void end() noexcept {
      if (auto* const turn = std::exchange(turn_, nullptr)) turn->give();
    }

   private:
    WriteTurn* turn_ = nullptr;
  };

  /// Waits until `limit`; for ever if there is none. Empty if the limit passed.
  [[nodiscard]] Hold take(std::optional<TimePoint> limit) {
    std::unique_lock guard{mutex_};
    if (!taken_) {
      taken_ = true;
      return Hold{*this};
    }
    Waiter self;
    const InQueue place{*this, self};
    while (!self.granted && !(limit && R::clock::now() >= *limit)) {
      if (limit) {
        self.woken.wait_until(guard, *limit);
      } else {
        self.woken.wait(guard);
      }
    }
    return std::exchange(self.granted, false) ? Hold{*this} : Hold{};
  }

  /// Without waiting: empty if it is taken.
  [[nodiscard]] Hold try_take() {
    const std::scoped_lock guard{mutex_};
    return std::exchange(taken_, true) ? Hold{} : Hold{*this};
  }

 private:
  struct Waiter {
    typename R::condition_variable woken;
    bool granted = false;
  };

  // Leaves the queue with the mutex held, also by an exception; a turn that was granted goes on to the next.
  struct InQueue {
    InQueue(WriteTurn& turn, Waiter& self) : turn_{turn}, self_{self} { turn_.waiters_.push_back(&self_); }
    InQueue(const InQueue&) = delete;
    InQueue& operator=(const InQueue&) = delete;
    ~InQueue() {
      std::erase(turn_.waiters_, &self_);
      if (self_.granted) turn_.pass_on();
    }
    WriteTurn& turn_;
    Waiter& self_;
  };

  void pass_on() noexcept {
    taken_ = !waiters_.empty();
    if (!taken_) return;
    auto* const next = waiters_.front();
    waiters_.pop_front();
    next->granted = true;
    next->woken.notify_one();
  }

  void give() noexcept {
    try {
      const std::scoped_lock guard{mutex_};
      pass_on();
    } catch (...) {  // a mutex that cannot be locked: there is nobody left to tell
    }
  }

  typename R::mutex mutex_;
  std::deque<Waiter*> waiters_;
  bool taken_ = false;
};

}  // namespace lockstep::sqlite::detail
