// Record locks of the memory storage: shared and exclusive, first come first served,
// with a wait-for graph that names the cycle of a deadlock.
//
// Everything here is guarded by the database's mutex; waiting releases it.
#pragma once

#include <lockstep/core/error.hpp>
#include <lockstep/runtime/runtime.hpp>
#include <lockstep/storage/storage.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

namespace lockstep::memory::detail {

template <Runtime R>
struct Owner;

/// The lock of one record: who holds it, and who waits in which order.
template <Runtime R>
struct RecordLock {
  struct Holder {
    Owner<R>* owner;
    LockMode mode;
  };
  struct Waiter {
    Owner<R>* owner;
    LockMode mode;
    bool upgrade;  // holds it shared already, so it goes before those who hold nothing
  };
  std::vector<Holder> holders;
  std::vector<Waiter> waiters;

  [[nodiscard]] bool idle() const noexcept { return holders.empty() && waiters.empty(); }

  [[nodiscard]] Holder* holder(const Owner<R>& owner) {
    for (auto& holder : holders) {
      if (holder.owner == &owner) return &holder;
    }
    return nullptr;
  }

  /// True if `owner` may hold it in `mode` beside the present holders.
  [[nodiscard]] bool compatible(const Owner<R>& owner, LockMode mode) const {
    for (const auto& holder : holders) {
      const bool shared = mode == LockMode::shared && holder.mode == LockMode::shared;
      if (holder.owner != &owner && !shared) return false;
    }
    return true;
  }
};

/// A session in its role as a holder of locks.
template <Runtime R>
struct Owner {
  explicit Owner(std::uint64_t number) : id{number} {}

  std::uint64_t id;  // names the session in messages
  typename R::condition_variable granted;
  RecordLock<R>* waits_for = nullptr;
  Place wants = {};  // what it waits for, in words; set while it waits
};

/// Gives the lock to the waiters at the front that may have it.
template <Runtime R>
void grant(RecordLock<R>& lock) {
  while (!lock.waiters.empty()) {
    const auto next = lock.waiters.front();
    if (!lock.compatible(*next.owner, next.mode)) return;
    lock.waiters.erase(lock.waiters.begin());
    if (auto* held = lock.holder(*next.owner)) {
      held->mode = next.mode;
    } else {
      lock.holders.push_back({next.owner, next.mode});  // room was reserved when it began to wait
    }
    next.owner->waits_for = nullptr;
    next.owner->granted.notify_one();
  }
}

/// Finds the cycle that closes if `owner` waits for `lock`; empty if there is none.
/// An owner waits for the holders of a lock, and for the waiters before it; these wait
/// for the same holders, so no cycle runs through them alone.
template <Runtime R>
class CycleSearch {
 public:
  explicit CycleSearch(const Owner<R>& start) : start_{&start} {}

  [[nodiscard]] std::vector<Deadlock::Waiter> from(const Owner<R>& owner) {
    if (!visit(owner)) path_.clear();
    return std::move(path_);
  }

 private:
  bool visit(const Owner<R>& owner) {
    if (!owner.waits_for) return false;
    for (const auto* const seen : seen_) {
      if (seen == &owner) return false;
    }
    seen_.push_back(&owner);
    path_.push_back({owner.id, owner.wants});
    const auto& lock = *owner.waits_for;
    for (const auto& holder : lock.holders) {
      if (leads_back(owner, *holder.owner)) return true;
    }
    path_.pop_back();
    return false;
  }

  bool leads_back(const Owner<R>& from, const Owner<R>& to) {
    if (&to == &from) return false;  // an upgrade does not wait for its own shared hold
    return &to == start_ || visit(to);
  }

  const Owner<R>* start_;
  std::vector<const Owner<R>*> seen_;
  std::vector<Deadlock::Waiter> path_;
};

/// Takes `owner` out of the queue of `lock`, and lets those behind it go on.
template <Runtime R>
void give_up(RecordLock<R>& lock, Owner<R>& owner) {
  std::erase_if(lock.waiters, [&](const auto& waiter) { return waiter.owner == &owner; });
  owner.waits_for = nullptr;
  grant(lock);
}

/// An owner's place in a queue, which it leaves however its wait ends.
template <Runtime R>
class InQueue {
 public:
  explicit InQueue(Owner<R>& owner) noexcept : owner_{&owner} {}
  InQueue(const InQueue&) = delete;
  InQueue& operator=(const InQueue&) = delete;
  ~InQueue() {
    if (owner_->waits_for) give_up(*owner_->waits_for, *owner_);
  }

 private:
  Owner<R>* owner_;
};

/// Blocks until `owner` is granted what it waits for, or until `limit`.
template <Runtime R>
bool wait_until_granted(Owner<R>& owner, const std::optional<typename R::clock::time_point>& limit,
                        std::unique_lock<typename R::mutex>& guard) {
  while (owner.waits_for && !(limit && R::clock::now() >= *limit)) {
    if (limit) {
      owner.granted.wait_until(guard, *limit);
    } else {
      owner.granted.wait(guard);
    }
  }
  return !owner.waits_for;
}

/// Acquires `lock` for `owner`, or upgrades its hold. False only for `Wait::skip()`.
/// `guard` holds the database's mutex; `place` names the record.
/// Throws LockUnavailable, LockTimeout or Deadlock; the lock is then as before.
template <Runtime R, class PlaceOf>
bool acquire(RecordLock<R>& lock, Owner<R>& owner, LockMode mode, Wait wait,
             std::unique_lock<typename R::mutex>& guard, PlaceOf&& place) {
  auto* const held = lock.holder(owner);
  if (held && (held->mode == LockMode::exclusive || mode == LockMode::shared)) return true;
  if (lock.compatible(owner, mode) && (held || lock.waiters.empty())) {
    if (held) {
      held->mode = mode;
    } else {
      lock.holders.push_back({&owner, mode});
    }
    return true;
  }
  if (wait.kind() == Wait::Kind::skip) return false;
  if (wait.kind() == Wait::Kind::never) throw LockUnavailable{place()};

  owner.wants = place();
  lock.holders.reserve(lock.holders.size() + lock.waiters.size() + 1);  // so that grant cannot fail
  auto before = lock.waiters.begin();
  while (before != lock.waiters.end() && (!held || before->upgrade)) ++before;
  lock.waiters.insert(before, {&owner, mode, held != nullptr});
  owner.waits_for = &lock;
  const InQueue<R> queued{owner};
  if (auto cycle = CycleSearch<R>{owner}.from(owner); !cycle.empty()) throw Deadlock{std::move(cycle)};

  std::optional<typename R::clock::time_point> limit;
  if (wait.kind() == Wait::Kind::up_to) {
    const auto now = R::clock::now();
    const auto most = std::chrono::floor<std::chrono::nanoseconds>(R::clock::time_point::max() - now);
    limit = now + std::chrono::ceil<typename R::clock::duration>(wait.limit() < most ? wait.limit() : most);
  }
  if (!wait_until_granted<R>(owner, limit, guard)) throw LockTimeout{owner.wants};
  return true;
}

/// Sets what `owner` holds back to `before`; nothing if it is empty.
template <Runtime R>
void release(RecordLock<R>& lock, Owner<R>& owner, std::optional<LockMode> before = {}) {
  if (before) {
    lock.holder(owner)->mode = *before;
  } else {
    std::erase_if(lock.holders, [&](const auto& holder) { return holder.owner == &owner; });
  }
  grant(lock);
}

}  // namespace lockstep::memory::detail
