#include <lockstep/sim/call_once.hpp>
#include <lockstep/sim/counted.hpp>

namespace lockstep::sim {

/// Waits while another thread runs the function; from the end of it on, it only looks.
class once_flag::Enter final : public Operation {
 public:
  explicit Enter(const once_flag& of)
      : Operation{"call_once", of.id(), Readiness::conditional}, flag_{&of}, access_{of.id(), true} {}
  [[nodiscard]] Footprint footprint() const override {
    access_.write = flag_->state_ == State::untouched;
    return {&access_, 1};
  }
  [[nodiscard]] bool enabled() const override { return flag_->state_ != State::running; }
  [[nodiscard]] ThreadSet holders() const override {
    return flag_->runner_ < max_threads ? only(flag_->runner_) : 0;
  }

 private:
  const once_flag* flag_;
  mutable Access access_;
};

bool once_flag::enter() {
  Execution* execution = Execution::current();
  if (execution == nullptr && state_ == State::running) refuse_to_block("call_once");
  if (execution != nullptr) {
    Enter enter{*this};
    execution->visible(enter);
    if (execution->recording()) execution->outcome(state_ == State::done ? "was called" : "calls");
  }
  detail::acquired(id());
  if (state_ == State::done) return false;
  state_ = State::running;
  runner_ = execution != nullptr ? execution->self() : max_threads;
  return true;
}

void once_flag::leave(State state) {
  detail::announce_change(state == State::done ? "call returns" : "call throws", id());
  detail::released(id());
  state_ = state;
  runner_ = max_threads;
}

}  // namespace lockstep::sim
