// Mutexes under the simulator. To lock waits until the mutex is free; who gets it is explored.
// std's lock_guard, unique_lock, scoped_lock and lock work on them: see lock_guards.hpp.
#pragma once

#include <lockstep/sim/clock.hpp>
#include <lockstep/sim/execution.hpp>
#include <lockstep/sim/lock_guards.hpp>
#include <lockstep/sim/source_location.hpp>

#include <chrono>
#include <mutex>

namespace lockstep::sim {

/// std::mutex. Locking it twice is found as a deadlock, unlocking one that is not held as
/// FindingKind::bad_unlock, and a thread that ends while it holds it as FindingKind::leaked_lock. Outside an
/// execution it locks as well, and throws std::logic_error instead of blocking.
class mutex {
 public:
  mutex() : mutex{"mutex"} {}
  /// Precondition: nobody holds it; otherwise the execution fails.
  ~mutex();
  mutex(const mutex&) = delete;
  mutex& operator=(const mutex&) = delete;

  /// Blocks until nobody holds it.
  void lock(source_location where = source_location::current());
  /// Locks it if nobody holds it. Fails spuriously if Options::spurious allows it.
  [[nodiscard]] bool try_lock(source_location where = source_location::current());
  /// Precondition: the calling thread holds it; otherwise the execution fails.
  void unlock(source_location where = source_location::current());

  /// Its identity, for `label` and for the footprints of steps.
  [[nodiscard]] ObjectId id() const noexcept { return object_.id(); }

 protected:
  /// For mutexes of another kind: see Object.
  explicit mutex(std::string_view kind) : object_{kind} {}
  /// Tries until `deadline`.
  [[nodiscard]] bool try_lock_until(Instant deadline, const source_location& where);

 private:
  friend class condition_variable;
  class Acquire;

  static constexpr unsigned nobody = max_threads;
  static constexpr unsigned outsider = max_threads + 1;

  void take(Execution& execution);
  void give();
  [[nodiscard]] bool free() const noexcept { return owner_ == nobody; }

  Object object_;
  unsigned owner_ = nobody;
};

/// std::timed_mutex, on virtual time.
class timed_mutex : public mutex {
 public:
  timed_mutex() : mutex{"timed_mutex"} {}

  /// Tries for so much virtual time.
  template <class Rep, class Period>
  [[nodiscard]] bool try_lock_for(const std::chrono::duration<Rep, Period>& duration,
                                  source_location where = source_location::current()) {
    return mutex::try_lock_until(detail::after(duration), where);
  }
  /// Tries until the virtual clock shows `when`.
  [[nodiscard]] bool try_lock_until(const clock::time_point& when,
                                    source_location where = source_location::current()) {
    return mutex::try_lock_until(detail::instant(when), where);
  }
};

/// std::recursive_mutex. A thread that holds it locks it again, and unlocks it all but the last time, without
/// a step.
class recursive_mutex {
 public:
  recursive_mutex() : recursive_mutex{"recursive_mutex"} {}

  /// Blocks until no other thread holds it. A thread may hold it several times.
  void lock(source_location where = source_location::current());
  /// Locks it if no other thread holds it.
  [[nodiscard]] bool try_lock(source_location where = source_location::current());
  /// Gives it back once. Precondition: the calling thread holds it; otherwise the execution fails.
  void unlock(source_location where = source_location::current());
  /// Its identity, for `label` and for the footprints of steps.
  [[nodiscard]] ObjectId id() const noexcept { return mutex_.id(); }

 protected:
  /// For mutexes of another kind: see Object.
  explicit recursive_mutex(std::string_view kind) : mutex_{kind} {}
  /// Tries until `deadline`.
  [[nodiscard]] bool try_lock_until(Instant deadline, const source_location& where);

 private:
  /// A mutex whose parts recursion needs.
  struct Once : mutex {
    explicit Once(std::string_view kind) : mutex{kind} {}
    using mutex::try_lock_until;
  };

  [[nodiscard]] bool mine() const noexcept;

  Once mutex_;
  unsigned owner_ = max_threads;
  unsigned depth_ = 0;
};

/// std::recursive_timed_mutex, on virtual time.
class recursive_timed_mutex : public recursive_mutex {
 public:
  recursive_timed_mutex() : recursive_mutex{"recursive_timed_mutex"} {}

  /// Tries for so much virtual time.
  template <class Rep, class Period>
  [[nodiscard]] bool try_lock_for(const std::chrono::duration<Rep, Period>& duration,
                                  source_location where = source_location::current()) {
    return recursive_mutex::try_lock_until(detail::after(duration), where);
  }
  /// Tries until the virtual clock shows `when`.
  [[nodiscard]] bool try_lock_until(const clock::time_point& when,
                                    source_location where = source_location::current()) {
    return recursive_mutex::try_lock_until(detail::instant(when), where);
  }
};

}  // namespace lockstep::sim
