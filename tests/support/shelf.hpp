// The smallest storage: a map behind a mutex, on StagedStorage.
#pragma once

#include <lockstep/storage/staged.hpp>

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <utility>

namespace test {

template <class Key = int, class T = int>
class Shelf : public lockstep::StagedStorage<Shelf<Key, T>, Key, T> {
  using Base = lockstep::StagedStorage<Shelf, Key, T>;

 public:
  using Base::load;

  [[nodiscard]] static std::string name() { return "shelf"; }

  std::optional<lockstep::Versioned<T>> load(const Key& key) {
    const std::scoped_lock guard{mutex_};
    return find(key);
  }

  lockstep::Version next(const Key&, const lockstep::Version&) {
    const std::scoped_lock guard{mutex_};
    return lockstep::Version{clock_++};  // one clock for all: no version is used twice
  }

  lockstep::Commit apply(std::span<const typename Base::Change> changes) {
    const std::scoped_lock guard{mutex_};
    lockstep::Commit::Members stale;
    for (const auto& change : changes) {
      const auto current = find(change.key);
      if ((current ? current->version : lockstep::Version{}) != change.expected) {
        stale.push_back(this->stale(change, current));
      }
    }
    if (!stale.empty()) return lockstep::Commit{std::move(stale)};
    for (const auto& change : changes) {
      if (change.action == lockstep::Action::validate) continue;
      records_.erase(change.key);
      if (change.record) records_.emplace(change.key, lockstep::Versioned<T>{*change.record, change.landing});
    }
    return {};
  }

 private:
  std::optional<lockstep::Versioned<T>> find(const Key& key) const {
    const auto found = records_.find(key);
    return found == records_.end() ? std::nullopt : std::optional{found->second};
  }

  std::mutex mutex_;
  std::map<Key, lockstep::Versioned<T>> records_;
  std::uint64_t clock_ = 0;
};

}  // namespace test
