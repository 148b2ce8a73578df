#include <lockstep/sim/clock.hpp>
#include <lockstep/sim/text.hpp>
#include <lockstep/sim/this_thread.hpp>
#include <lockstep/sim/thread.hpp>

#include <exception>
#include <system_error>

namespace lockstep::sim {

namespace {

class Join final : public Operation {
 public:
  Join(const Execution& execution, unsigned thread, const source_location& where)
      : Operation{"join", Execution::thread_object(thread), Readiness::follow_up, never, where},
        execution_{&execution},
        thread_{thread} {}
  [[nodiscard]] Footprint footprint() const override { return {}; }
  [[nodiscard]] bool enabled() const override { return execution_->finished(thread_); }
  [[nodiscard]] ThreadSet holders() const override { return only(thread_); }

 private:
  const Execution* execution_;
  unsigned thread_;
};

class Sleep final : public Operation {
 public:
  Sleep(const Execution& execution, Instant until, const std::stop_token& stop, const source_location& where)
      : Operation{"sleep", {}, Readiness::follow_up, until, where}, execution_{&execution}, stop_{&stop} {}
  [[nodiscard]] Footprint footprint() const override { return {}; }
  [[nodiscard]] bool enabled() const override { return stop_->stop_requested() || execution_->abandoned(); }

 private:
  const Execution* execution_;
  const std::stop_token* stop_;
};

}  // namespace

void thread::join(source_location where) {
  Execution* execution = Execution::current();
  if (!joinable() || execution == nullptr)
    throw std::system_error{std::make_error_code(std::errc::invalid_argument)};
  if (ordinal_ == execution->self()) {
    throw std::system_error{std::make_error_code(std::errc::resource_deadlock_would_occur)};
  }
  if (!execution->finished(ordinal_)) {
    Join join{*execution, ordinal_, where};
    execution->visible(join);
  }
  if (detail::HappensBefore* order = execution->order()) order->join(execution->self(), ordinal_);
  execution->joins(ordinal_);
  ordinal_ = none;
}

void thread::join_at_the_end() {
  const Execution* execution = Execution::current();
  if (!joinable() || execution == nullptr || execution->abandoned()) {
    ordinal_ = none;
  } else if (ordinal_ == execution->self()) {
    give_up();  // std's throws from a destructor: std::terminate
  } else {
    join();
  }
}

void thread::give_up() {
  if (!joinable()) return;
  Execution* execution = Execution::current();
  const unsigned ordinal = std::exchange(ordinal_, none);
  if (execution == nullptr || execution->abandoned()) return;
  execution->report(FindingKind::exception, execution->name_of_thread(ordinal) +
                                                " was still joinable when its sim::thread was destroyed, "
                                                "which calls std::terminate");
}

namespace detail {

void sleep_until(Instant until, const source_location& where, const std::stop_token& stop) {
  Execution* execution = Execution::current();
  if (execution == nullptr || until <= execution->now() || stop.stop_requested()) return;
  if (execution->recording())
    execution->note("sleep", {}, text(std::chrono::nanoseconds{until - execution->now()}), where);
  if (execution->weak() != nullptr) return execution->weak()->yield();  // there is no time
  if (execution->times_out(until, where)) {
    Deciding awake{"sleep", where};
    if (execution->inside_step()) execution->visible_late(awake, true);
    return execution->is_late(until);
  }
  Sleep sleep{*execution, until, stop, where};
  execution->visible(sleep);
}

}  // namespace detail

}  // namespace lockstep::sim
