#include <lockstep/sim/shared_mutex.hpp>

#include <bit>

namespace lockstep::sim {

/// Takes it for itself. Counts as a write even if it fails: whether it does depends on every reader.
class shared_mutex::Acquire final : public Operation {
 public:
  Acquire(std::string_view name, const shared_mutex& of, Instant deadline, const source_location& where)
      : Operation{name, of.id(), deadline == 0 ? Readiness::always : Readiness::conditional, deadline, where},
        mutex_{&of},
        access_{of.id(), true} {}
  [[nodiscard]] Footprint footprint() const override { return {&access_, 1}; }
  [[nodiscard]] bool enabled() const override { return mutex_->free(); }
  [[nodiscard]] ThreadSet holders() const override { return mutex_->holders(); }
  [[nodiscard]] bool part_of_waiting() const override { return true; }

 private:
  const shared_mutex* mutex_;
  Access access_;
};

class shared_mutex::AcquireShared final : public Operation {
 public:
  AcquireShared(std::string_view name, const shared_mutex& of, Instant deadline, const source_location& where)
      : Operation{name, of.id(), deadline == 0 ? Readiness::always : Readiness::conditional, deadline, where},
        mutex_{&of},
        access_{of.id(), false} {}
  [[nodiscard]] Footprint footprint() const override { return {&access_, 1}; }
  [[nodiscard]] bool enabled() const override { return mutex_->shareable(); }
  [[nodiscard]] ThreadSet holders() const override { return mutex_->holders(); }
  [[nodiscard]] bool part_of_waiting() const override { return true; }

 private:
  const shared_mutex* mutex_;
  Access access_;
};

class shared_mutex::Release final : public Operation {
 public:
  Release(std::string_view name, const shared_mutex& of, bool write, const source_location& where)
      : Operation{name, of.id(), Readiness::always, never, where}, access_{of.id(), write} {}
  [[nodiscard]] Footprint footprint() const override { return {&access_, 1}; }
  [[nodiscard]] bool changes(const Access&) const override { return true; }
  [[nodiscard]] bool part_of_waiting() const override { return true; }

 private:
  Access access_;
};

shared_mutex::~shared_mutex() {
  Execution* execution = Execution::current();
  if (execution != nullptr && holders() != 0)
    execution->lock_destroyed(id(), static_cast<unsigned>(std::countr_zero(holders())));
}

bool shared_mutex::take(Execution* execution) {
  if (!free()) return false;
  owner_ = execution != nullptr ? execution->self() : outsider;
  if (execution != nullptr) execution->lock_taken(id());
  detail::acquired(id());
  detail::acquired(detail::other_side(id()));
  return true;
}

bool shared_mutex::share(Execution* execution) {
  if (!shareable()) return false;
  ++sharers_;
  detail::acquired(id());
  if (execution != nullptr) {
    execution->lock_taken(id());
    ++shares_[execution->self()];
    readers_ |= only(execution->self());
  }
  return true;
}

void shared_mutex::lock(source_location where) {
  Execution* execution = Execution::current();
  if (execution == nullptr) refuse_strangers(id());
  if (execution == nullptr && !free()) refuse_to_block("shared_mutex::lock");
  if (execution != nullptr) {
    Acquire acquire{"lock", *this, never, where};
    execution->visible(acquire);
  }
  take(execution);
}

bool shared_mutex::try_lock_until(Instant deadline, const source_location& where) {
  Execution* execution = Execution::current();
  if (execution == nullptr) {
    refuse_strangers(id());
    return take(execution);
  }
  const bool over = execution->times_out(deadline, where);
  const Instant limit = over ? 0 : deadline;
  Acquire acquire{deadline == 0 ? "try_lock" : "try_lock_until", *this, limit, where};
  execution->visible_late(acquire, over && !free());
  const bool taken = !(deadline == 0 && free() && execution->spuriously()) && take(execution);
  if (!taken) execution->is_late(deadline, id());
  if (execution->recording()) execution->outcome(taken ? "-> true" : "-> false");
  return taken;
}

void shared_mutex::unlock(source_location where) {
  Execution* execution = Execution::current();
  if (execution != nullptr && !execution->abandoned()) {
    Release release{"unlock", *this, true, where};
    execution->visible(release);
    if (owner_ != execution->self() && owner_ != outsider) {
      execution->report(FindingKind::bad_unlock,
                        execution->name_of_thread(execution->self()) + " unlocks " +
                            execution->name_of(id()) + " without holding it",
                        where);
    }
  }
  if (execution == nullptr || owner_ == execution->self() || owner_ == outsider) {
    if (execution != nullptr) execution->lock_released(id());
    detail::released(id());
    owner_ = nobody;
  }
}

void shared_mutex::lock_shared(source_location where) {
  Execution* execution = Execution::current();
  if (execution == nullptr) refuse_strangers(id());
  if (execution == nullptr && !shareable()) refuse_to_block("shared_mutex::lock_shared");
  if (execution != nullptr) {
    AcquireShared acquire{"lock_shared", *this, never, where};
    execution->visible(acquire);
  }
  share(execution);
}

bool shared_mutex::try_lock_shared_until(Instant deadline, const source_location& where) {
  Execution* execution = Execution::current();
  if (execution == nullptr) {
    refuse_strangers(id());
    return share(execution);
  }
  const bool over = execution->times_out(deadline, where);
  const Instant limit = over ? 0 : deadline;
  AcquireShared acquire{deadline == 0 ? "try_lock_shared" : "try_lock_shared_until", *this, limit, where};
  execution->visible_late(acquire, over && !shareable());
  const bool taken = !(deadline == 0 && shareable() && execution->spuriously()) && share(execution);
  if (!taken) execution->is_late(deadline, id());
  if (execution->recording()) execution->outcome(taken ? "-> true" : "-> false");
  return taken;
}

void shared_mutex::unlock_shared(source_location where) {
  Execution* execution = Execution::current();
  if (execution != nullptr && !execution->abandoned()) {
    Release release{"unlock_shared", *this, false, where};
    execution->visible(release);
  }
  if (execution == nullptr) {
    sharers_ -= sharers_ != 0 ? 1 : 0;
    return;
  }
  const unsigned self = execution->self();
  if (shares_[self] == 0) {
    execution->report(
        FindingKind::bad_unlock,
        execution->name_of_thread(self) + " unlocks " + execution->name_of(id()) + " without sharing it",
        where);
    return;
  }
  execution->lock_released(id());
  detail::released(detail::other_side(id()));  // for its next single owner, not for others who share it
  --sharers_;
  if (--shares_[self] == 0) readers_ &= ~only(self);
}

}  // namespace lockstep::sim
