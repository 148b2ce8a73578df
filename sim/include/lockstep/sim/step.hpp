// Steps of one's own: makes a whole call, such as a storage's load or commit, one atomic step
// of the simulator, and says which objects it reads and writes.
//
//   const ObjectId row = object("accounts[1]");
//   auto found = step("load", {reads(row)}, [&] {
//     auto found = accounts.load(1);
//     outcome([&] { return "-> " + to_string(found->balance); });
//     return found;
//   });
#pragma once

#include <lockstep/sim/execution.hpp>
#include <lockstep/sim/source_location.hpp>

#include <concepts>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace lockstep::sim {

/// The identity of the object called `name`: the same for the same name, always and everywhere, so it may be
/// kept. Usable in an execution and outside. Safe to call from any host thread. Cost: a hash and a look-up.
[[nodiscard]] ObjectId object(std::string_view name);

/// Says that a step looks at `object`.
[[nodiscard]] inline Access reads(ObjectId object) noexcept { return {object, false}; }
/// Says that a step changes `object`.
[[nodiscard]] inline Access writes(ObjectId object) noexcept { return {object, true}; }
/// Says that a step looks at the object of that name.
[[nodiscard]] inline Access reads(std::string_view name) { return reads(object(name)); }
/// Says that a step changes the object of that name.
[[nodiscard]] inline Access writes(std::string_view name) { return writes(object(name)); }

/// True if the running execution is being written down to be shown; only then are outcomes wanted.
[[nodiscard]] inline bool recording() noexcept {
  const Execution* execution = Execution::current();
  return execution != nullptr && execution->recording();
}

/// Says what came of the step that the calling thread makes, for the timeline. `describe` returns the
/// text and is called only while recording. The last call within a step counts.
template <std::invocable Describe>
void outcome(Describe&& describe) {
  if (recording()) Execution::current()->outcome(std::string{std::forward<Describe>(describe)()});
}

/// Says that the calling thread now holds `object`, so that the message of a deadlock can name its cycle.
/// Nothing else depends on it. For locks that are taken inside of steps.
inline void hold(ObjectId object) {
  if (Execution* execution = Execution::current()) execution->hold(object);
}
/// Takes that back. Does nothing if it does not hold it.
inline void release(ObjectId object) noexcept {
  if (Execution* execution = Execution::current()) execution->release(object);
}

namespace detail {

/// Announces the step when it is made; ends it when it is destroyed.
class OpenStep {
 public:
  OpenStep(std::string_view name, Footprint footprint, ObjectId about, source_location where)
      : section_{.name = name, .footprint = footprint, .about = about, .where = where} {
    execution_ = Execution::current();
    if (execution_ == nullptr) return;
    if (execution_->inside_step()) {
      execution_ = nullptr;  // part of the outer one
      return;
    }
    execution_->open(section_);
  }
  ~OpenStep() {
    if (execution_ != nullptr) execution_->close(section_);
  }
  OpenStep(const OpenStep&) = delete;
  OpenStep& operator=(const OpenStep&) = delete;

 private:
  Section section_;
  Execution* execution_ = nullptr;
};

}  // namespace detail

/// Makes `effect` one step called `operation` that touches `accesses`, and returns what it returns.
///
/// Other threads go before it or after it, not between. Simulated primitives used inside do not schedule,
/// and need not stand in `accesses`; what stands there must cover everything that makes a difference to
/// other steps, or exploration misses interleavings. If something inside has to block (a lock
/// held by a thread that itself blocks inside a step, a condition variable), the thread waits, others run,
/// and it goes on as a further step with the same name and accesses. A step inside a step is part of the
/// outer one. Outside an execution it just calls `effect`.
///
/// The timeline names everything in `accesses`, or just `about` if it is given, and the line `where`.
/// `operation` and `accesses` must outlive the call. What `effect` throws passes through. Throws Abandoned.
template <std::invocable Effect>
decltype(auto) step(std::string_view operation, Footprint accesses, Effect&& effect, ObjectId about = {},
                    source_location where = source_location::current()) {
  const detail::OpenStep open{operation, accesses, about, where};
  return std::forward<Effect>(effect)();
}
/// Likewise: `step("load", {reads(row)}, load_it)`.
template <std::invocable Effect>
decltype(auto) step(std::string_view operation, std::initializer_list<Access> accesses, Effect&& effect,
                    ObjectId about = {}, source_location where = source_location::current()) {
  return step(operation, Footprint{accesses.begin(), accesses.size()}, std::forward<Effect>(effect), about,
              where);
}

/// Runs `effect` without a step, and without other threads in between, and returns what it returned: for
/// calls that touch nothing shared, as far as the test can tell, though their code uses primitives. `effect`
/// must not have to block.
template <std::invocable Effect>
decltype(auto) quietly(Effect&& effect) {
  Execution* const execution = Execution::current();
  if (execution == nullptr || execution->inside_step()) return std::forward<Effect>(effect)();
  struct Quiet {
    explicit Quiet(Execution& running) : execution{running} { execution.enter(section); }
    ~Quiet() { execution.close(section); }
    Execution& execution;
    detail::Section section{.name = "quietly", .footprint = {}, .quiet = true};
  } const quiet{*execution};
  return std::forward<Effect>(effect)();
}

}  // namespace lockstep::sim
