#include <lockstep/sim/counted.hpp>
#include <lockstep/sim/stop_token.hpp>

#include <algorithm>

namespace lockstep::sim::detail {

namespace {

ObjectId this_thread_object() noexcept {
  const Execution* execution = Execution::current();
  return execution != nullptr ? Execution::thread_object(execution->self()) : ObjectId{};
}

/// What a stop_callback calls must not throw.
void call(StopCallback& callback) {
  try {
    callback.call();
  } catch (const Abandoned&) {
    throw;
  } catch (...) {
    Execution* execution = Execution::current();
    if (execution == nullptr) throw;
    execution->fail(FindingKind::exception,
                    "an exception leaves a stop_callback, which calls std::terminate");
  }
}

/// Waits until the callback that is to be removed does not run, unless on this very thread. That is no
/// property of the state which others could tell from what it holds, since each waits for a callback of its
/// own.
template <class Ready>
class Removal final : public Operation {
 public:
  Removal(ObjectId state, const Ready& ready)
      : Operation{"remove callback", state, Readiness::conditional}, access_{state, true}, ready_{&ready} {}
  [[nodiscard]] Footprint footprint() const override { return {&access_, 1}; }
  [[nodiscard]] Waits waits() const override { return Waits::for_more; }
  [[nodiscard]] bool enabled() const override { return (*ready_)(); }

 private:
  Access access_;
  const Ready* ready_;
};

}  // namespace

/// Everything that changes the state orders itself with everything that did so before.
void StopState::announce(std::string_view name) const {
  announce_change(name, id());
  acquired(id());
  released(id());
}

bool StopState::request() {
  announce("request_stop");
  Execution* execution = Execution::current();
  if (execution != nullptr && execution->recording())
    execution->outcome(requested_ ? "was requested" : std::string{});
  if (std::exchange(requested_, true)) return false;
  requester_ = this_thread_object();
  while (!callbacks_.empty()) {
    const auto count = static_cast<unsigned>(callbacks_.size());
    const auto next = callbacks_.begin() + (execution != nullptr ? execution->outcome_of(count) : 0);
    StopCallback& callback = **next;
    running_ = &callback;
    callbacks_.erase(next);
    call(callback);
    announce("callback is done");
    running_ = nullptr;
  }
  return true;
}

bool StopState::requested() const {
  if (Execution* execution = Execution::current()) {
    SimpleOperation look{"stop_requested", {id(), false}};
    execution->visible(look);
    if (execution->recording()) execution->outcome(requested_ ? "-> true" : "-> false");
  }
  if (requested_) acquired(id());
  return requested_;
}

bool StopState::possible() const {
  if (Execution* execution = Execution::current()) {
    SimpleOperation look{"stop_possible", {id(), false}};
    execution->visible(look);
  }
  return requested_ || sources_ != 0;
}

bool StopState::add(StopCallback& callback) {
  announce("register callback");
  if (requested_) return false;
  if (sources_ != 0) callbacks_.push_back(&callback);
  return true;
}

void StopState::remove(StopCallback& callback) {
  Execution* execution = Execution::current();
  if (execution != nullptr && !execution->abandoned()) {
    const ObjectId self = this_thread_object();  // whoever asks whether it is ready
    const auto ready = [&, self] { return running_ != &callback || requester_ == self; };
    Removal removal{id(), ready};
    execution->visible(removal);
    acquired(id());
    released(id());
  }
  std::erase(callbacks_, &callback);
}

void StopState::remove_source() {
  announce("drop stop_source");
  --sources_;
}

}  // namespace lockstep::sim::detail
