// The connections of one database: opened when they are needed, kept for the next session, and looked at
// before they are lent again.
#pragma once

#include <lockstep/postgres/connection.hpp>
#include <lockstep/runtime/runtime.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace lockstep::postgres::detail {

/// What a pool keeps to.
struct PoolLimits {
  std::size_t most = 0;  // connections at a time
  std::size_t idle = 0;  // of which so many are kept
  std::optional<std::chrono::nanoseconds> wait;
  std::chrono::nanoseconds unchecked{};  // idle for longer, a connection is asked whether it works
};

/// Lends connections. Safe to use from any thread.
template <Runtime R>
class Pool {
 public:
  using TimePoint = typename R::clock::time_point;

  /// `setup` runs first on each new connection.
  Pool(Endpoint endpoint, PoolLimits limits, Query setup)
      : endpoint_{std::move(endpoint)}, limits_{limits}, setup_{std::move(setup)} {}

  /// One that works, as far as is known. Waits while all are in use. Throws NoConnectionFree, ConnectionLost,
  /// ServerError.
  [[nodiscard]] std::unique_ptr<Connection> lend() {
    if (auto idle = take_turn()) return idle;
    try {
      auto opened = std::make_unique<Connection>(endpoint_);
      try {
        opened->run(setup_);
      } catch (const Refused& refused) {
        throw_failure(refused.failure, {"postgres", "?"});
      } catch (const Broken& broken) {
        throw ConnectionLost{joined("PostgreSQL: ", broken.why)};
      }
      return opened;
    } catch (...) {
      free_place();
      throw;
    }
  }

  /// Takes one back that is outside of a transaction; none if it is not to be used again.
  void give_back(std::unique_ptr<Connection> connection) noexcept {
    try {
      const std::scoped_lock guard{mutex_};
      --lent_;
      if (connection && idle_.size() < limits_.idle)
        idle_.push_back({std::move(connection), R::clock::now()});
      freed_.notify_one();
    } catch (...) {  // it is closed instead
    }
  }

 private:
  struct Idle {
    std::unique_ptr<Connection> connection;
    TimePoint since;
  };

  /// A connection that lay idle; null if a new one may be opened.
  std::unique_ptr<Connection> take_turn() {
    {
      std::unique_lock guard{mutex_};
      if (lent_ >= limits_.most) wait_for_one(guard);
      ++lent_;
    }
    while (auto idle = newest()) {
      if (works(*idle)) return std::move(idle->connection);
    }
    return nullptr;
  }

  void wait_for_one(std::unique_lock<typename R::mutex>& guard) {
    if (!limits_.wait) {
      while (lent_ >= limits_.most) freed_.wait(guard);
      return;
    }
    const auto limit = R::clock::now() + *limits_.wait;
    while (lent_ >= limits_.most) {
      if (R::clock::now() >= limit) {
        throw NoConnectionFree{joined("PostgreSQL: all ", std::to_string(limits_.most),
                                      " connections were in use for too long")};
      }
      freed_.wait_until(guard, limit);
    }
  }

  std::optional<Idle> newest() {
    const std::scoped_lock guard{mutex_};
    if (idle_.empty()) return std::nullopt;
    std::optional<Idle> found{std::move(idle_.back())};
    idle_.pop_back();
    return found;
  }

  [[nodiscard]] bool works(Idle& idle) const noexcept {
    if (!idle.connection->alive_for_next_run()) return false;
    try {
      if (R::clock::now() - idle.since >= limits_.unchecked) idle.connection->run(Query{"SELECT"});
      return true;
    } catch (...) {  // whatever it is, another one is taken
      return false;
    }
  }

  void free_place() noexcept { give_back(nullptr); }

  Endpoint endpoint_;
  PoolLimits limits_;
  Query setup_;
  typename R::mutex mutex_;
  typename R::condition_variable freed_;
  std::vector<Idle> idle_;
  std::size_t lent_ = 0;
};

}  // namespace lockstep::postgres::detail
