// std's lock_guard, scoped_lock, unique_lock and shared_lock on the simulator's mutexes. They do what std's
// do, as C++20 says ([thread.lock]), and tell the line that they stand on: std's would be all that a step's
// line shows.
#pragma once

#include <lockstep/sim/called_from.hpp>
#include <lockstep/sim/source_location.hpp>

#include <chrono>
#include <concepts>
#include <mutex>
#include <shared_mutex>
#include <system_error>
#include <tuple>
#include <utility>

namespace lockstep::sim::detail {

/// A mutex of the simulator's: its calls take the line that they stand on. One that is made of it and has
/// calls of its own may not take them.
template <class M>
concept SimulatedMutex = requires(M& mutex, const source_location& where) {
  { mutex.id() } -> std::same_as<ObjectId>;
  mutex.lock(where);
  mutex.unlock(where);
  mutex.try_lock(where);
};
template <class M>
concept SimulatedSharedMutex = SimulatedMutex<M> && requires(M& mutex, const source_location& where) {
  mutex.lock_shared(where);
  mutex.unlock_shared(where);
  mutex.try_lock_shared(where);
};

/// Holding a mutex alone.
struct Alone {
  template <class M>
  static void lock(M& mutex, const source_location& where) {
    mutex.lock(where);
  }
  template <class M>
  static bool try_lock(M& mutex, const source_location& where) {
    return mutex.try_lock(where);
  }
  template <class M, class Time>
  static bool try_lock_until(M& mutex, const Time& when, const source_location& where) {
    return mutex.try_lock_until(when, where);
  }
  template <class M, class Duration>
  static bool try_lock_for(M& mutex, const Duration& duration, const source_location& where) {
    return mutex.try_lock_for(duration, where);
  }
  template <class M>
  static void unlock(M& mutex, const source_location& where) {
    mutex.unlock(where);
  }
};

/// Sharing it.
struct Shared {
  template <class M>
  static void lock(M& mutex, const source_location& where) {
    mutex.lock_shared(where);
  }
  template <class M>
  static bool try_lock(M& mutex, const source_location& where) {
    return mutex.try_lock_shared(where);
  }
  template <class M, class Time>
  static bool try_lock_until(M& mutex, const Time& when, const source_location& where) {
    return mutex.try_lock_shared_until(when, where);
  }
  template <class M, class Duration>
  static bool try_lock_for(M& mutex, const Duration& duration, const source_location& where) {
    return mutex.try_lock_shared_for(duration, where);
  }
  template <class M>
  static void unlock(M& mutex, const source_location& where) {
    mutex.unlock_shared(where);
  }
};

/// What unique_lock and shared_lock have in common. Its end is shown at the line on which it locked.
template <class M, class How>
class Holding {
 public:
  using mutex_type = M;

  Holding() noexcept = default;
  explicit Holding(M& mutex, source_location where = source_location::current()) : mutex_{&mutex} {
    lock(where);
  }
  Holding(M& mutex, std::defer_lock_t) noexcept : mutex_{&mutex} {}
  Holding(M& mutex, std::try_to_lock_t, source_location where = source_location::current()) : mutex_{&mutex} {
    static_cast<void>(try_lock(where));
  }
  Holding(M& mutex, std::adopt_lock_t, source_location where = source_location::current())
      : mutex_{&mutex}, owns_{true}, where_{where} {}
  template <class Clock, class Duration>
  Holding(M& mutex, const std::chrono::time_point<Clock, Duration>& when,
          source_location where = source_location::current())
      : mutex_{&mutex} {
    static_cast<void>(try_lock_until(when, where));
  }
  template <class Rep, class Period>
  Holding(M& mutex, const std::chrono::duration<Rep, Period>& duration,
          source_location where = source_location::current())
      : mutex_{&mutex} {
    static_cast<void>(try_lock_for(duration, where));
  }
  Holding(Holding&& other) noexcept { swap(other); }
  Holding& operator=(Holding&& other) noexcept {
    if (owns_) How::unlock(*mutex_, where_);
    owns_ = false;
    mutex_ = nullptr;
    swap(other);
    return *this;
  }
  Holding(const Holding&) = delete;
  Holding& operator=(const Holding&) = delete;
  ~Holding() {
    if (owns_) How::unlock(*mutex_, where_);
  }

  void lock(source_location where = source_location::current()) {
    check_before_locking();
    How::lock(*mutex_, where);
    owned(true, where);
  }
  bool try_lock(source_location where = source_location::current()) {
    check_before_locking();
    return owned(How::try_lock(*mutex_, where), where);
  }
  template <class Clock, class Duration>
  bool try_lock_until(const std::chrono::time_point<Clock, Duration>& when,
                      source_location where = source_location::current()) {
    check_before_locking();
    return owned(How::try_lock_until(*mutex_, when, where), where);
  }
  template <class Rep, class Period>
  bool try_lock_for(const std::chrono::duration<Rep, Period>& duration,
                    source_location where = source_location::current()) {
    check_before_locking();
    return owned(How::try_lock_for(*mutex_, duration, where), where);
  }
  void unlock(source_location where = source_location::current()) {
    if (!owns_) throw std::system_error{std::make_error_code(std::errc::operation_not_permitted)};
    How::unlock(*mutex_, where);
    owns_ = false;
  }

  void swap(Holding& other) noexcept {
    std::swap(mutex_, other.mutex_);
    std::swap(owns_, other.owns_);
    std::swap(where_, other.where_);
  }
  M* release() noexcept {
    owns_ = false;
    return std::exchange(mutex_, nullptr);
  }
  [[nodiscard]] M* mutex() const noexcept { return mutex_; }
  [[nodiscard]] bool owns_lock() const noexcept { return owns_; }
  explicit operator bool() const noexcept { return owns_; }

 private:
  void check_before_locking() const {
    if (mutex_ == nullptr) throw std::system_error{std::make_error_code(std::errc::operation_not_permitted)};
    if (owns_) throw std::system_error{std::make_error_code(std::errc::resource_deadlock_would_occur)};
  }
  bool owned(bool locked, const source_location& where) {
    where_ = where;
    return owns_ = locked;
  }

  M* mutex_ = nullptr;
  bool owns_ = false;
  source_location where_ = {};
};

}  // namespace lockstep::sim::detail

// A program may specialise std's class templates for types of its own ([namespace.std]).
// NOLINTBEGIN(cert-dcl58-cpp)
namespace std {

/// std::lock_guard on a mutex of the simulator's: its steps are shown at the line that it stands on.
template <lockstep::sim::detail::SimulatedMutex M>
class lock_guard<M> {
 public:
  using mutex_type = M;  ///< as std's
  /// Locks. Blocks until it can.
  explicit lock_guard(M& mutex,
                      lockstep::sim::source_location where = lockstep::sim::source_location::current())
      : mutex_{&mutex}, where_{where} {
    mutex_->lock(where_);
  }
  /// Precondition: the calling thread holds it.
  lock_guard(M& mutex, adopt_lock_t,
             lockstep::sim::source_location where = lockstep::sim::source_location::current())
      : mutex_{&mutex}, where_{where} {}
  lock_guard(const lock_guard&) = delete;
  lock_guard& operator=(const lock_guard&) = delete;
  ~lock_guard() { mutex_->unlock(where_); }

 private:
  M* mutex_;
  lockstep::sim::source_location where_;
};

/// std::scoped_lock on a mutex of the simulator's, as lock_guard.
template <lockstep::sim::detail::SimulatedMutex M>
class scoped_lock<M> : lock_guard<M> {
 public:
  using mutex_type = M;  ///< as std's
  /// Locks. Blocks until it can.
  explicit scoped_lock(M& mutex,
                       lockstep::sim::source_location where = lockstep::sim::source_location::current())
      : lock_guard<M>{mutex, where} {}
  /// Precondition: the calling thread holds it.
  scoped_lock(adopt_lock_t, M& mutex,
              lockstep::sim::source_location where = lockstep::sim::source_location::current())
      : lock_guard<M>{mutex, adopt_lock, where} {}
};

/// std::scoped_lock on several of them: locks as std::lock does, in any order without a deadlock.
template <lockstep::sim::detail::SimulatedMutex M1, lockstep::sim::detail::SimulatedMutex M2,
          lockstep::sim::detail::SimulatedMutex... Ms>
class scoped_lock<M1, M2, Ms...> {
 public:
  /// Locks all. Blocks until it can.
  explicit scoped_lock(M1& one, M2& two, Ms&... others,
                       lockstep::sim::source_location where = lockstep::sim::source_location::current())
      : mutexes_{&one, &two, &others...}, where_{where} {
    const lockstep::sim::detail::CalledFrom caller{where_};
    std::lock(one, two, others...);
  }
  /// Precondition: the calling thread holds all.
  scoped_lock(adopt_lock_t, M1& one, M2& two, Ms&... others,
              lockstep::sim::source_location where = lockstep::sim::source_location::current())
      : mutexes_{&one, &two, &others...}, where_{where} {}
  scoped_lock(const scoped_lock&) = delete;
  scoped_lock& operator=(const scoped_lock&) = delete;
  ~scoped_lock() {
    std::apply([&](auto*... each) { (each->unlock(where_), ...); }, mutexes_);
  }

 private:
  tuple<M1*, M2*, Ms*...> mutexes_;
  lockstep::sim::source_location where_;
};

/// std::unique_lock on a mutex of the simulator's, as lock_guard.
template <lockstep::sim::detail::SimulatedMutex M>
class unique_lock<M> : public lockstep::sim::detail::Holding<M, lockstep::sim::detail::Alone> {
 public:
  using lockstep::sim::detail::Holding<M, lockstep::sim::detail::Alone>::Holding;
};

/// std::shared_lock on a mutex of the simulator's, as lock_guard.
template <lockstep::sim::detail::SimulatedSharedMutex M>
class shared_lock<M> : public lockstep::sim::detail::Holding<M, lockstep::sim::detail::Shared> {
 public:
  using lockstep::sim::detail::Holding<M, lockstep::sim::detail::Shared>::Holding;
};

}  // namespace std
// NOLINTEND(cert-dcl58-cpp)
