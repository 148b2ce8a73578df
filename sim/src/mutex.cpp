#include <lockstep/sim/mutex.hpp>

namespace lockstep::sim {

class mutex::Acquire final : public Operation {
 public:
  /// Waits until `deadline`; `never` waits for ever, 0 does not wait.
  Acquire(std::string_view name, const mutex& of, Instant deadline, const source_location& where)
      : Operation{name, of.id(), deadline == 0 ? Readiness::always : Readiness::conditional, deadline, where},
        mutex_{&of},
        access_{of.id(), true} {}
  [[nodiscard]] Footprint footprint() const override {
    access_.write = mutex_->free();
    return {&access_, 1};
  }
  [[nodiscard]] Footprint widest_footprint() const override {
    access_.write = true;
    return {&access_, 1};
  }
  [[nodiscard]] Waits waits() const override {
    return readiness() == Readiness::conditional ? Waits::for_its_object : Waits::for_nothing;
  }
  [[nodiscard]] std::uint64_t sees() const override { return mutex_->free() ? available : taken; }
  [[nodiscard]] std::uint64_t writes_if() const override { return available; }
  [[nodiscard]] bool enabled() const override { return mutex_->free(); }
  [[nodiscard]] ThreadSet holders() const override {
    return mutex_->owner_ < max_threads ? only(mutex_->owner_) : 0;
  }
  [[nodiscard]] bool part_of_waiting() const override { return true; }

 private:
  const mutex* mutex_;
  mutable Access access_;
};

namespace {

class Unlock final : public Operation {
 public:
  Unlock(std::string_view name, ObjectId object, const source_location& where)
      : Operation{name, object, Readiness::always, never, where}, access_{object, true} {}
  [[nodiscard]] Footprint footprint() const override { return {&access_, 1}; }
  [[nodiscard]] std::uint64_t sees() const override { return taken; }
  [[nodiscard]] bool gives_back(ObjectId) const override { return !Execution::current()->unlocks_matter(); }
  [[nodiscard]] bool part_of_waiting() const override { return true; }

 private:
  Access access_;
};

}  // namespace

/// In an abandoned execution a mutex may be asked for that is not free: it stays with its owner.
void mutex::take(Execution& execution) {
  if (!free()) return;
  owner_ = execution.self();
  execution.lock_taken(id());
  detail::acquired(id());
}

void mutex::give() {
  if (Execution* execution = Execution::current()) execution->lock_released(id());
  owner_ = nobody;
  detail::released(id());
}

mutex::~mutex() {
  if (owner_ >= max_threads) return;
  if (Execution* execution = Execution::current()) execution->lock_destroyed(id(), owner_);
}

void mutex::lock(source_location where) {
  Execution* execution = Execution::current();
  if (execution == nullptr) {
    refuse_strangers(id());
    if (!free()) refuse_to_block("mutex::lock");
    owner_ = outsider;
    return;
  }
  Acquire acquire{"lock", *this, never, where};
  execution->visible(acquire);
  take(*execution);
}

bool mutex::try_lock(source_location where) { return try_lock_until(0, where); }

bool mutex::try_lock_until(Instant deadline, const source_location& where) {
  Execution* execution = Execution::current();
  if (execution == nullptr) {
    refuse_strangers(id());
    const bool taken = free();
    if (taken) owner_ = outsider;
    return taken;
  }
  execution->unlocks_must_matter();
  const bool over = execution->times_out(deadline, where);
  const Instant limit = over ? 0 : deadline;
  Acquire acquire{deadline == 0 ? "try_lock" : "try_lock_until", *this, limit, where};
  execution->visible_late(acquire, over && !free());
  const bool taken = free() && !(deadline == 0 && execution->spuriously());
  taken ? take(*execution) : execution->is_late(deadline, id());
  if (execution->recording()) execution->outcome(taken ? "-> true" : "-> false");
  return taken;
}

void mutex::unlock(source_location where) {
  Execution* execution = Execution::current();
  if (execution == nullptr) {
    owner_ = nobody;
    return;
  }
  if (!execution->abandoned()) {
    Unlock unlock{"unlock", id(), where};
    execution->visible(unlock);
  }
  if (owner_ == execution->self() || owner_ == outsider) {
    give();
  } else {
    execution->report(FindingKind::bad_unlock,
                      execution->name_of_thread(execution->self()) + " unlocks " + execution->name_of(id()) +
                          " without holding it",
                      where);
  }
}

bool recursive_mutex::mine() const noexcept {
  const Execution* execution = Execution::current();
  return depth_ != 0 && owner_ == (execution != nullptr ? execution->self() : max_threads);
}

void recursive_mutex::lock(source_location where) {
  if (!mine()) {
    mutex_.lock(where);
    const Execution* execution = Execution::current();
    owner_ = execution != nullptr ? execution->self() : max_threads;
    depth_ = 0;
  }
  ++depth_;
}

bool recursive_mutex::try_lock(source_location where) { return try_lock_until(0, where); }

bool recursive_mutex::try_lock_until(Instant deadline, const source_location& where) {
  if (!mine()) {
    if (!mutex_.try_lock_until(deadline, where)) return false;
    const Execution* execution = Execution::current();
    owner_ = execution != nullptr ? execution->self() : max_threads;
    depth_ = 0;
  }
  ++depth_;
  return true;
}

void recursive_mutex::unlock(source_location where) {
  if (mine() && --depth_ != 0) return;
  mutex_.unlock(where);
}

}  // namespace lockstep::sim
