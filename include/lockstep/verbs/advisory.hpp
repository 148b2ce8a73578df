// Work that only one may do at a time, though no record stands for it: a lock on a name.
// Source: the idea of Ruby's gem with_advisory_lock, https://github.com/ClosureTree/with_advisory_lock
#pragma once

#include <lockstep/core/contract.hpp>
#include <lockstep/storage/advisory.hpp>

#include <functional>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

namespace lockstep {

/// How a name is locked.
struct Advisory {
  LockMode mode = LockMode::exclusive;               ///< shared: beside others that share it
  Wait wait = Wait::forever();                       ///< what to do while others hold it
  AdvisoryScope scope = AdvisoryScope::transaction;  ///< see AdvisoryScope
};

/// What became of work under a lock on a name: nothing, for the lock was not granted, or what it returned.
/// It does not convert to bool, so that "not acquired" is never taken for a `false` that the work returned.
template <class T>
class AdvisoryResult {
 public:
  /// Not acquired: the work has not run.
  AdvisoryResult() = default;
  /// The work has run, and returned `value`.
  explicit AdvisoryResult(T value) : value_{std::move(value)} {}
  /// True if the lock was granted, and the work has run.
  [[nodiscard]] bool acquired() const noexcept { return value_.has_value(); }
  /// What the work returned. Precondition: acquired.
  [[nodiscard]] const T& value() const {
    Expects(detail::told(acquired(), "a value is there only if the lock was acquired"));
    return *value_;
  }

 private:
  std::optional<T> value_;
};

/// Of work that returns nothing.
template <>
class AdvisoryResult<void> {
 public:
  AdvisoryResult() = default;
  /// The work has run.
  explicit AdvisoryResult(bool acquired) : acquired_{acquired} {}
  /// True if the lock was granted, and the work has run.
  [[nodiscard]] bool acquired() const noexcept { return acquired_; }

 private:
  bool acquired_ = false;
};

namespace detail {

template <class F, class Locks>
decltype(auto) run_under(F& fn, Locks& locks) {
  if constexpr (std::invocable<F&, Locks&>) {
    return std::invoke(fn, locks);
  } else {
    return std::invoke(fn);
  }
}

// `release` gives the lock back, and may say that it was lost.
template <class F, class Locks, class Release>
auto result_under(F& fn, Locks& locks, Release&& release) {
  using Result = std::remove_cvref_t<decltype(run_under(fn, locks))>;
  if constexpr (std::is_void_v<Result>) {
    run_under(fn, locks);
    release();
    return AdvisoryResult<void>{true};
  } else {
    AdvisoryResult<Result> result{run_under(fn, locks)};
    release();
    return result;
  }
}

}  // namespace detail

/// Runs `fn` while it holds the lock on `name`, alone or beside others that share it.
///
/// Safe to call from any thread. `fn` runs once, or not at all: with `Wait::skip()` the result says that the
/// lock was not acquired; otherwise that is LockUnavailable, LockTimeout or Deadlock. What `fn` throws goes
/// through, with the lock given back. `fn` may take the holder of the lock, `fn(locks)`: who calls another
/// `with_advisory_lock(locks, ...)` with it holds the same name again, at once; by the database, it would
/// wait for itself. The lock is a session's of its own, so that what `fn` writes is committed when it says
/// so, and not with the lock. Throws ConnectionLost after `fn` has run, if the lock may have been lost
/// meanwhile: another may have run beside it then.
/// Cost: two round trips where there are such. For a lock until a transaction has landed see
/// `Transaction::advisory_lock`.
template <AdvisoryDatabase D, class F>
auto with_advisory_lock(D& database, const std::string& name, F&& fn, const Advisory& how = {}) {
  auto locks = database.advisory_locks(how.scope);
  using Result = decltype(detail::result_under(fn, locks, [] {}));
  if (!locks.lock(name, how.mode, how.wait)) return Result{};
  return detail::result_under(fn, locks, [&] { locks.end(); });
}

/// The same with the locks of a holder that is there already. What it holds it gets again, at once;
/// `how.scope` is the holder's own.
template <AdvisoryHolder Locks, class F>
auto with_advisory_lock(Locks& locks, const std::string& name, F&& fn, const Advisory& how = {}) {
  using Result = decltype(detail::result_under(fn, locks, [] {}));
  if (!locks.lock(name, how.mode, how.wait)) return Result{};
  struct Unlock {  // in the end, whatever happens; what goes wrong then matters only if nothing else has
    Locks& locks;
    const std::string& name;
    bool done = false;
    void operator()() {
      done = true;
      locks.unlock(name);
    }
    ~Unlock() {
      try {
        if (!done) locks.unlock(name);
      } catch (...) {  // `fn` has thrown, and that is told
      }
    }
  } unlock{locks, name};
  return detail::result_under(fn, locks, unlock);
}

}  // namespace lockstep
