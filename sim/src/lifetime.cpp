// Locks that are never released, and objects that are destroyed too early.
#include <lockstep/sim/execution.hpp>

#include <algorithm>

namespace lockstep::sim {

void Execution::lock_taken(ObjectId lock) {
  if (!abandoned_) running_->locks.push_back(lock);
}

void Execution::lock_released(ObjectId lock) noexcept {
  std::vector<ObjectId>& locks = running_->locks;
  const auto latest = std::ranges::find(locks.rbegin(), locks.rend(), lock);
  if (latest != locks.rend()) locks.erase(std::next(latest).base());
}

void Execution::lock_destroyed(ObjectId lock, unsigned holder) {
  if (abandoned_) return;
  report(FindingKind::leaked_lock,
         name_of_thread(running_->ordinal) + " destroys " + name_of(lock) + " while " +
             (holder == running_->ordinal ? "it" : name_of_thread(holder)) + " holds it");
}

void Execution::see_that_nothing_is_held(const Thread& ending) {
  if (abandoned_ || ending.locks.empty()) return;
  message_ = name_of_thread(ending.ordinal) + " ends while it holds " + name_of(ending.locks.back());
  stop(FindingKind::leaked_lock);
}

/// A thread that has announced an operation is about to perform it, whatever happens before that.
void Execution::object_destroyed(ObjectId object) {
  if (abandoned_ || count_ == 1) return;
  for (unsigned i = 0; i != count_; ++i) {
    const Operation* pending = threads_[i]->finished ? nullptr : threads_[i]->pending;
    if (pending == nullptr || i == running_->ordinal) continue;
    const auto same = [&](const Access& access) { return access.object == object; };
    if (std::ranges::none_of(pending->footprint(), same)) continue;
    return report(FindingKind::check, name_of_thread(running_->ordinal) + " destroys " + name_of(object) +
                                          ", which " + name_of_thread(i) + " is about to use");
  }
}

namespace detail {

void disallowed_order(std::string_view operation, ObjectId atomic) {
  Execution* execution = Execution::current();
  if (execution == nullptr || execution->abandoned()) return;
  execution->report(FindingKind::check, "a " + std::string{operation} + " of " + execution->name_of(atomic) +
                                            " with a memory order that std does not allow for it");
}

}  // namespace detail

}  // namespace lockstep::sim
