// Locks on names in the memory storage: granted in the order of asking, with the cycle named where there is
// one, locks of records included.
#pragma once

#include <lockstep/memory/database.hpp>
#include <lockstep/storage/advisory.hpp>

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace lockstep::memory {

/// Holds locks on names until it ends. Movable; used by one thread at a time; the database must outlive it.
template <Runtime R = StdRuntime>
class AdvisoryLocks {
 public:
  /// Holds nothing. Safe to call from any thread.
  AdvisoryLocks(Database<R>& database, AdvisoryScope scope)
      : database_{&database}, scope_{scope}, owner_{database.new_owner()} {}
  AdvisoryLocks(AdvisoryLocks&&) noexcept = default;
  AdvisoryLocks& operator=(AdvisoryLocks&&) = delete;
  ~AdvisoryLocks() {
    try {
      end();
    } catch (...) {  // a mutex that cannot be locked: there is nobody left to tell
    }
  }

  /// Locks `name`: see AdvisoryHolder.
  bool lock(const std::string& name, LockMode mode = LockMode::exclusive, Wait wait = Wait::forever()) {
    std::unique_lock guard{database_->mutex_};
    taken_.reserve(taken_.size() + 1);  // so that push_back cannot fail
    const auto taken = database_->lock_name(*owner_, name, mode, wait, guard);
    if (taken) taken_.push_back(*taken);
    return taken.has_value();
  }

  /// Takes the last `lock(name)` back. Precondition: it is held.
  void unlock(const std::string& name) {
    const std::scoped_lock guard{database_->mutex_};
    auto last = taken_.size();
    while (last > 0 && *taken_[last - 1].name != name) --last;
    Expects(lockstep::detail::told(last > 0, "a name is unlocked by who holds it"));
    if (scope_ == AdvisoryScope::transaction) return;
    const auto taken = taken_[last - 1];
    taken_.erase(taken_.begin() + static_cast<std::ptrdiff_t>(last - 1));
    database_->unlock_name(*owner_, taken);
  }

  /// In which mode it is held, if it is.
  [[nodiscard]] std::optional<LockMode> held(const std::string& name) const {
    return database_->name_held(*owner_, name);
  }

  /// Gives all of them back.
  void end() {
    if (!owner_) return;  // moved from
    const std::scoped_lock guard{database_->mutex_};
    while (!taken_.empty()) {
      database_->unlock_name(*owner_, taken_.back());
      taken_.pop_back();
    }
  }

 private:
  Database<R>* database_;
  AdvisoryScope scope_;
  std::unique_ptr<detail::Owner<R>> owner_;
  std::vector<detail::TakenName> taken_;
};

template <Runtime R>
AdvisoryLocks<R> Database<R>::advisory_locks(AdvisoryScope scope) {
  return {*this, scope};
}

}  // namespace lockstep::memory
