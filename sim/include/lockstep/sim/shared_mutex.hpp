// Reader-writer mutexes under the simulator. std's shared_lock works on them: see lock_guards.hpp.
#pragma once

#include <lockstep/sim/clock.hpp>
#include <lockstep/sim/execution.hpp>
#include <lockstep/sim/lock_guards.hpp>
#include <lockstep/sim/source_location.hpp>

#include <array>
#include <chrono>
#include <cstdint>
#include <shared_mutex>

namespace lockstep::sim {

/// std::shared_mutex. Sharing it is reading it: two that share it commute. Whoever can have it may get it
/// next; neither readers nor writers are preferred, so all of it is explored.
/// Outside an execution it locks as well, and throws std::logic_error instead of blocking.
class shared_mutex {
 public:
  shared_mutex() : shared_mutex{"shared_mutex"} {}
  /// Precondition: nobody holds it; otherwise the execution fails.
  ~shared_mutex();
  shared_mutex(const shared_mutex&) = delete;
  shared_mutex& operator=(const shared_mutex&) = delete;

  /// Blocks until nobody holds it.
  void lock(source_location where = source_location::current());
  /// Locks it if nobody holds it. Fails spuriously if Options::spurious allows it.
  [[nodiscard]] bool try_lock(source_location where = source_location::current()) {
    return try_lock_until(0, where);
  }
  /// Precondition: the calling thread holds it alone; otherwise the execution fails.
  void unlock(source_location where = source_location::current());

  /// Blocks until nobody holds it alone.
  void lock_shared(source_location where = source_location::current());
  /// Shares it if nobody holds it alone. Fails spuriously if Options::spurious allows it.
  [[nodiscard]] bool try_lock_shared(source_location where = source_location::current()) {
    return try_lock_shared_until(0, where);
  }
  /// Precondition: the calling thread shares it; otherwise the execution fails.
  void unlock_shared(source_location where = source_location::current());

  /// Its identity, for `label` and for the footprints of steps.
  [[nodiscard]] ObjectId id() const noexcept { return object_.id(); }

 protected:
  /// For mutexes of another kind: see Object.
  explicit shared_mutex(std::string_view kind) : object_{kind} {}
  /// Tries until `deadline`.
  [[nodiscard]] bool try_lock_until(Instant deadline, const source_location& where);
  /// Tries to share until `deadline`.
  [[nodiscard]] bool try_lock_shared_until(Instant deadline, const source_location& where);

 private:
  class Acquire;
  class AcquireShared;
  class Release;

  static constexpr unsigned nobody = max_threads;
  static constexpr unsigned outsider = max_threads + 1;

  [[nodiscard]] bool free() const noexcept { return owner_ == nobody && sharers_ == 0; }
  [[nodiscard]] bool shareable() const noexcept { return owner_ == nobody; }
  [[nodiscard]] ThreadSet holders() const noexcept { return owner_ < max_threads ? only(owner_) : readers_; }
  bool take(Execution* execution);
  bool share(Execution* execution);

  Object object_;
  unsigned owner_ = nobody;
  unsigned sharers_ = 0;
  ThreadSet readers_ = 0;                           ///< who they are
  std::array<std::uint8_t, max_threads> shares_{};  ///< and how often each of them shares it
};

/// std::shared_timed_mutex, on virtual time.
class shared_timed_mutex : public shared_mutex {
 public:
  shared_timed_mutex() : shared_mutex{"shared_timed_mutex"} {}

  /// Tries for so much virtual time.
  template <class Rep, class Period>
  [[nodiscard]] bool try_lock_for(const std::chrono::duration<Rep, Period>& duration,
                                  source_location where = source_location::current()) {
    return shared_mutex::try_lock_until(detail::after(duration), where);
  }
  /// Tries until the virtual clock shows `when`.
  [[nodiscard]] bool try_lock_until(const clock::time_point& when,
                                    source_location where = source_location::current()) {
    return shared_mutex::try_lock_until(detail::instant(when), where);
  }
  /// Tries to share for so much virtual time.
  template <class Rep, class Period>
  [[nodiscard]] bool try_lock_shared_for(const std::chrono::duration<Rep, Period>& duration,
                                         source_location where = source_location::current()) {
    return shared_mutex::try_lock_shared_until(detail::after(duration), where);
  }
  /// Tries to share until the virtual clock shows `when`.
  [[nodiscard]] bool try_lock_shared_until(const clock::time_point& when,
                                           source_location where = source_location::current()) {
    return shared_mutex::try_lock_shared_until(detail::instant(when), where);
  }
};

}  // namespace lockstep::sim
