#include <lockstep/memory/locks.hpp>
#include <lockstep/sim/record_locks.hpp>
#include <lockstep/sim/runtime.hpp>

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace lockstep::sim::detail {

namespace {
using Lock = memory::detail::RecordLock<Runtime>;
using Owner = memory::detail::Owner<Runtime>;
}  // namespace

struct RecordLocks::State {
  Runtime::mutex mutex;
  std::map<std::string, Lock> locks;  // by the record's name; at fixed addresses
  std::uint64_t sessions = 0;
};

RecordLocks::RecordLocks() : state_{std::make_unique<State>()} {}
RecordLocks::~RecordLocks() = default;

std::shared_ptr<RecordLocks> RecordLocks::of(const void* database) {
  static std::mutex mutex;
  static std::map<std::pair<const void*, const Execution*>, std::weak_ptr<RecordLocks>> all;
  const std::scoped_lock guard{mutex};
  std::erase_if(all, [](const auto& entry) { return entry.second.expired(); });
  auto& known = all[{database, Execution::current()}];
  auto locks = known.lock();
  if (!locks) known = locks = std::make_shared<RecordLocks>();
  return locks;
}

struct LockHolder::State {
  struct Held {
    Lock* lock;
    std::optional<LockMode> before;
  };
  explicit State(std::shared_ptr<RecordLocks> of) : locks{std::move(of)}, owner{++locks->state_->sessions} {}

  std::shared_ptr<RecordLocks> locks;
  Owner owner;
  std::vector<Held> held;
};

LockHolder::LockHolder(std::shared_ptr<RecordLocks> locks)
    : state_{std::make_unique<State>(std::move(locks))} {}

LockHolder::~LockHolder() { release_since(0); }

std::size_t LockHolder::count() const noexcept { return state_->held.size(); }

bool LockHolder::lock(const Place& place, LockMode mode, Wait wait) {
  auto& [locks, owner, held] = *state_;
  std::unique_lock guard{locks->state_->mutex};
  auto& lock = locks->state_->locks[to_string(place)];
  held.reserve(held.size() + 1);  // so that push_back cannot fail
  const auto* const holder = lock.holder(owner);
  const auto before = holder != nullptr ? std::optional{holder->mode} : std::nullopt;
  if (!memory::detail::acquire<Runtime>(lock, owner, mode, wait, guard, [&] { return place; })) return false;
  if (before != lock.holder(owner)->mode) held.push_back({&lock, before});
  return true;
}

void LockHolder::release_since(std::size_t count) noexcept {
  auto& [locks, owner, held] = *state_;
  if (held.size() <= count) return;
  try {
    const std::scoped_lock guard{locks->state_->mutex};
    while (held.size() > count) {
      const auto [lock, before] = held.back();
      held.pop_back();
      memory::detail::release(*lock, owner, before);
    }
  } catch (...) {  // the execution is being abandoned, and the locks with it
    held.clear();
  }
}

}  // namespace lockstep::sim::detail
