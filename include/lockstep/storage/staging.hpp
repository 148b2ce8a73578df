// What a session plans for one record, and what comes of a second plan for the same one.
#pragma once

#include <lockstep/core/version.hpp>
#include <lockstep/storage/commit.hpp>

#include <memory>
#include <utility>
#include <vector>

namespace lockstep::detail {

/// The plan for one record. Records are held without their type, which the storage knows.
struct Staged {
  enum class Write {
    none,   ///< nothing, or a guard alone
    put,    ///< an insert or an update
    erase,  ///< an erase
  };

  Write write = Write::none;
  bool guarded = true;                 // false: lands whatever the stored version is
  Version guard = {};                  // of the write
  Version initial = {};                // wanted for an insert, or absent
  std::vector<Version> expected = {};  // further guards; more than one differing cannot all hold
  std::shared_ptr<const void> record = {};
  std::shared_ptr<const void> base = {};  // the record at `guard`, where it is known

  [[nodiscard]] Action action() const noexcept {
    if (write == Write::erase) return Action::erase;
    return guard.absent() && guarded ? Action::insert : Action::update;
  }

  /// True if the further guard `version` is more than what the write itself will ask.
  [[nodiscard]] bool asks(Version version) const noexcept {
    return write == Write::none || !guarded || version != guard;
  }

  /// Plans `next`. A change of a staged change keeps the first guard. A different guard of the same
  /// record cannot hold beside it: both are kept, and the commit names the one that fails.
  void replace_by(Staged next) {
    next.expected = expected;
    if (write == Write::none) {
      *this = std::move(next);
      return;
    }
    const bool reinserts = write == Write::erase && next.guarded && next.guard.absent();
    if (next.guarded && !reinserts && (!guarded || next.guard != guard)) next.expected.push_back(next.guard);
    next.guarded = guarded;
    next.guard = guard;
    if (!reinserts && base) next.base = base;
    if (next.initial.absent()) next.initial = initial;
    if (next.write == Write::erase && next.guarded && next.guard.absent()) {  // inserted here, erased here
      next.write = Write::none;
      next.expected.emplace_back();
      next.record.reset();
    }
    *this = std::move(next);
  }
};

}  // namespace lockstep::detail
