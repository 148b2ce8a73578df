// How an execution proceeds: announce, pick, transfer, perform.
#include <lockstep/sim/execution.hpp>

#include "allocation.hpp"
#include "graphs.hpp"
#include "thread_set.hpp"
#include "watched.hpp"

#include <algorithm>
#include <bit>
#include <cstdio>
#include <stdexcept>

namespace lockstep::sim {

using detail::Section;

namespace {

std::uint64_t splitmix(std::uint64_t& state) noexcept {
  std::uint64_t z = (state += 0x9E3779B97F4A7C15U);
  z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9U;
  z = (z ^ (z >> 27U)) * 0x94D049BB133111EBU;
  return z ^ (z >> 31U);
}

constexpr Instant longest_pace = 1'000'000'000;
constexpr std::uint32_t longest_step = 100'000;
constexpr std::uint32_t most_free_steps = 1'000;

[[noreturn]] void give_up(const char* why) {
  std::fprintf(stderr, "lockstep::sim: %s\n", why);
  std::terminate();
}

}  // namespace

/// A thread that has yielded and waits for others to change what it has read.
class Execution::Rest final : public Operation {
 public:
  explicit Rest(const Thread& thread) : Operation{"yield", {}, Readiness::follow_up}, thread_{&thread} {}
  [[nodiscard]] Footprint footprint() const override { return {}; }
  [[nodiscard]] bool enabled() const override {
    return thread_->disturbed || thread_->execution->abandoned();
  }

 private:
  const Thread* thread_;
};

/// A step that had to block inside: to others it is the step that goes on.
class Execution::InsideStep final : public Operation {
 public:
  InsideStep(const Execution& execution, const Section& section, const Operation& inner)
      : Operation{section.name, section.about, Readiness::conditional, inner.deadline(), section.where},
        execution_{&execution},
        section_{&section},
        inner_{&inner} {}
  [[nodiscard]] Footprint footprint() const override { return section_->footprint; }
  [[nodiscard]] bool enabled() const override { return inner_->enabled(); }
  [[nodiscard]] ThreadSet holders() const override {
    ThreadSet holders = inner_->holders();
    for (const auto& held : execution_->held_) {
      const auto same = [&](const Access& access) { return access.object == held.first; };
      if (std::ranges::any_of(section_->footprint, same)) holders |= only(held.second);
    }
    return holders;
  }

 private:
  const Execution* execution_;
  const Section* section_;
  const Operation* inner_;
};

Execution::Execution() = default;
Execution::~Execution() = default;

void Execution::use(MemoryModel model, Orders* orders) {
  memory_ = model == MemoryModel::interleavings ? nullptr : std::make_unique<Memory>(*this, model, orders);
  weak_ = memory_.get();
}

Ending Execution::run(const std::function<void()>& body, Explorer& explorer, const Limits& limits) {
  if (current_ != nullptr) throw std::logic_error{"lockstep::sim: an exploration cannot run inside another"};
  const KeepsDeleted kept;
  begin(body, explorer, limits);
  // Everything has finished, or the execution is given up: then stacks unwind, youngest first.
  for (unsigned i = count_; i-- != 0;) {
    if (threads_[i]->finished) continue;
    running_ = threads_[i].get();
    host_.switch_to(running_->fiber);
  }
  current_ = nullptr;
  running_ = nullptr;
  if (pruned_) failure_.reset();
  return {.failed = failure_.has_value(),
          .pruned = pruned_,
          .rested = rested_,
          .timely = timely_,
          .steps = step_};
}

void Execution::run_for_the_last_time(const std::function<void()>& body, Explorer& explorer,
                                      const Limits& limits) {
  begin(body, explorer, limits);
  current_ = nullptr;
}

/// Runs until all threads have finished or the execution is given up.
void Execution::begin(const std::function<void()>& body, Explorer& explorer, const Limits& limits) {
  limits_ = limits;
  explorer_ = &explorer;
  recording_ = limits.recording;
  count_ = 0;
  ready_ = conditional_ = follow_ups_ = patient_ = resting_ = patience_over_ = enabled_ = 0;
  yielded_ = rested_ = timely_ = abandoned_ = pruned_ = ordering_ = judging_ = false;
  clock_ = pace_ = 0;
  step_ = hash_ = 0;
  chosen_ = 0;
  spurious_ = timeouts_ = 0;
  touched_.clear();
  decisions_.clear();
  failure_.reset();
  message_.clear();
  order_.reset();
  if (memory_) memory_->begin(explorer.graphs());
  where_ = {};
  watches_.clear();
  held_.clear();
  unheard_.clear();
  if (recording_) {
    rows_.clear();
    rows_enabled_.clear();
    finishes_.clear();
    names_.clear();
    kinds_.clear();
    thread_labels_.clear();
  }

  Thread& main = new_thread();
  main.task.emplace([&body] { body(); });
  current_ = this;
  running_ = &main;
  host_.switch_to(main.fiber);
}

// --- Threads ---

Execution::Thread& Execution::new_thread() {
  if (count_ == max_threads) throw std::length_error{"lockstep::sim: an execution has at most 64 threads"};
  if (count_ == threads_.size())
    threads_.push_back(std::make_unique<Thread>(*this, count_, &Execution::run_thread));
  Thread& thread = *threads_[count_++];
  thread.pending = nullptr;
  thread.starter = nullptr;
  thread.section = nullptr;
  thread.finished = false;
  thread.objects = 0;
  thread.random = thread.ordinal;
  thread.free_run = thread.throws = thread.touches = 0;
  thread.row = 0;
  thread.waiting = thread.disturbed = thread.looked = false;
  thread.idle_rounds = 0;
  thread.observed.clear();
  thread.locks.clear();
  thread.caller = {};
  thread.time = 0;
  return thread;
}

void Execution::start(Thread& thread) {
  Thread& self = *running_;
  if (ordering_) order_.start(self.ordinal, thread.ordinal);
  thread.starter = &self;
  transfer(self, &thread);
  if (abandoned_) unwind();
}

unsigned Execution::no_thread() {
  unwind();
  return max_threads;
}

Fiber& Execution::run_thread(void* thread) {
  Thread& self = *static_cast<Thread*>(thread);
  std::exception_ptr exception;
  try {
    self.task();
    if (!self.execution->watches_.empty()) self.execution->judge();
  } catch (const Abandoned&) {  // NOLINT(bugprone-empty-catch): the stack is unwound, that was the purpose
  } catch (...) {
    exception = std::current_exception();
  }
  if (exception) self.execution->uncaught(exception);
  exception = nullptr;
  self.task.reset();
  self.execution->see_that_nothing_is_held(self);
  return self.execution->after(self);
}

Fiber& Execution::after(Thread& finished) {
  finished.finished = true;
  if (abandoned_) return host_;
  if (recording_) finishes_.push_back(rows_.size());
  Thread* next = finished.starter != nullptr ? std::exchange(finished.starter, nullptr) : pick();
  if (next == nullptr) return host_;
  running_ = next;
  return next->fiber;
}

void Execution::transfer(Thread& self, Thread* next) {
  if (next == &self) return;
  if (next != nullptr) running_ = next;
  self.fiber.switch_to(next != nullptr ? next->fiber : host_);
}

ThreadSet Execution::pending() const noexcept {
  ThreadSet threads = 0;
  for (unsigned i = 0; i != count_; ++i) {
    if (!threads_[i]->finished && threads_[i]->pending != nullptr) threads |= only(i);
  }
  return threads;
}

ThreadSet Execution::unfinished() const noexcept {
  ThreadSet threads = 0;
  for (unsigned i = 0; i != count_; ++i) {
    if (!threads_[i]->finished) threads |= only(i);
  }
  return threads;
}

// --- Operations ---

void Execution::visible(Operation& operation) {
  Thread& self = *running_;
  if (abandoned_) return visible_when_abandoned(self, operation);
  if (self.section != nullptr) return visible_inside_step(self, operation);
  announce(self, operation);
}

void Execution::announce(Thread& self, Operation& operation) {
  if (watches_.empty()) return announce(self, operation, operation);
  if (!judge()) return visible_when_abandoned(self, operation);
  Watched watched{*this, operation};
  announce(self, operation, watched);
}

/// To others the operation is what `shown` tells of it.
void Execution::announce(Thread& self, Operation& operation, Operation& shown) {
  ThreadSet& queue = operation.readiness() == Readiness::always        ? ready_
                     : operation.readiness() == Readiness::conditional ? conditional_
                                                                       : follow_ups_;
  self.pending = &shown;
  self.touches = 0;
  queue |= only(self.ordinal);
  transfer(self, self.starter != nullptr ? std::exchange(self.starter, nullptr) : pick());
  queue &= ~only(self.ordinal);
  self.pending = nullptr;
  if (abandoned_) return visible_when_abandoned(self, operation);
  if (operation.readiness() != Readiness::follow_up) perform(self, operation);
}

void Execution::perform(Thread& self, const Operation& operation) {
  if (recording_) record(self, operation);
  if (patient_ != 0) observe_change(self, operation);
  if (timeouts_ != 0) keep_time(self, operation);
}

void Execution::visible_inside_step(Thread& self, Operation& operation) {
  if (++self.section->operations > longest_step) {
    fail(FindingKind::bound, "the step \"" + std::string{self.section->name} + "\" does not end");
    return;
  }
  if (may_run(operation)) return;
  if (judging_) throw std::logic_error{"lockstep::sim: an invariant has to wait"};
  if (recording_) rows_[self.row].outcome = "blocks";
  InsideStep going_on{*this, *self.section, operation};
  announce(self, going_on);
}

/// Stacks unwind one after the other. What can be done is done, because it may stand in a destructor
/// or another function that must not throw; what cannot be done, and too much of anything, throws.
void Execution::visible_when_abandoned(Thread& self, const Operation& operation) {
  if (may_run(operation) && ++self.free_run <= most_free_steps) return;
  unwind();
}

void Execution::unwind() {
  Thread& self = *running_;
  if (std::uncaught_exceptions() == 0) throw_abandoned(self);
  constexpr std::uint32_t patience = 100'000;
  if (++self.free_run > patience) {
    give_up("a destructor waits for other threads, while its execution is given up and they are gone");
  }
}

void Execution::throw_abandoned(Thread& self) {
  constexpr std::uint32_t patience = 1'000;
  if (++self.throws > patience) {
    give_up(
        "an execution was given up, but a thread catches lockstep::sim::Abandoned again and again;\n"
        "let `catch (...)` leave the loop, or rethrow");
  }
  throw Abandoned{};
}

void Execution::fail(FindingKind kind, std::string message, source_location where) {
  report(kind, std::move(message), where);
  unwind();
}

void Execution::report(FindingKind kind, std::string message, source_location where) {
  if (abandoned_) return;
  message_ = std::move(message);
  where_ = where;
  stop(kind);
  transfer(*running_, nullptr);  // and back once all younger threads are unwound
}

void Execution::stop(FindingKind kind) {
  if (!abandoned_) {
    const bool failed = kind == FindingKind::check || kind == FindingKind::exception;
    explorer_->stops(*this, pending(), failed);
  }
  failure_ = kind;
  abandoned_ = true;
}

unsigned Execution::outcome_of(unsigned outcomes) {
  if (outcomes <= 1 || abandoned_) return 0;
  const unsigned chosen = choose({.kind = Decision::Kind::outcome,
                                  .outcomes = outcomes,
                                  .running = running_->ordinal,
                                  .execution = this});
  if (chosen >= outcomes) {
    fail(FindingKind::nondeterminism, "the same decisions led to another number of outcomes");
    return 0;
  }
  decided(outcomes, chosen);
  return chosen;
}

void Execution::decided(unsigned outcomes, unsigned chosen) {
  if (outcomes > 1) decisions_.push_back({Decision::Kind::outcome, static_cast<std::uint8_t>(chosen), 0});
}

bool Execution::spuriously() {
  if (spurious_ == most_spurious_ || abandoned_) return false;
  if (quiet()) return false;
  if (outcome_of(2) == 0) return false;
  ++spurious_;
  return true;
}

/// The decision is a step of its own, which touches nothing, so that it is one of the thread that waits, and
/// whether there is one depends only on what the thread itself has done.
bool Execution::times_out(Instant deadline, const source_location& where) {
  if (deadline != never && deadline != 0) only_in_interleavings("a wait with a time limit");
  if (deadline == never || reached(deadline) || abandoned_) return false;
  if (deadline <= running_->time) return true;  // it learned of the time by others
  if (count_ == 1) return false;
  if (most_timeouts_ != 0 && !quiet()) {
    Deciding limit{"time limit", where};
    visible(limit);
  }
  if (timeouts_ == most_timeouts_ || quiet()) {
    timely_ = true;
    return false;
  }
  const bool over = outcome_of(2) != 0;
  if (recording_) outcome(over ? "is over before others go on" : "is not over");
  if (over) ++timeouts_;
  return over;
}

void Execution::only_in_interleavings(std::string_view what) const {
  if (weak_ == nullptr || abandoned_) return;
  throw std::logic_error{"lockstep::sim: there is no \"" + std::string{what} +
                         "\" under a model of memory: it is explored in interleavings only"};
}

void Execution::visible_late(Operation& operation, bool has_to_wait) {
  Thread& self = *running_;
  if (!has_to_wait || !inside_step() || quiet() || abandoned_) return visible(operation);
  if (recording_) rows_[self.row].outcome = "blocks";
  InsideStep going_on{*this, *self.section, operation};
  announce(self, going_on);
}

void Execution::is_late(Instant moment, ObjectId seen) {
  Thread& self = *running_;
  self.time = std::max(self.time, moment);
  if (timeouts_ == 0) return;
  if (seen) learn(self, {seen, false});
  if (self.section == nullptr) return;
  for (const Access& access : self.section->footprint) learn(self, access);
}

/// Who touches that object later is as late as `self`.
void Execution::learn(const Thread& self, const Access& access) {
  Touched& touched = touched_[access.object];
  touched.touched = std::max(touched.touched, self.time);
  if (access.write) touched.written = std::max(touched.written, self.time);
}

/// Clocks of threads need only agree where one learns of another: any such execution is one on a single
/// clock, with its steps in the order of their times (Lamport, CACM 1978).
void Execution::keep_time(Thread& self, const Operation& operation) {
  const Footprint footprint = operation.footprint();
  for (const Access& access : footprint) {
    const Touched& touched = touched_[access.object];
    self.time = std::max(self.time, access.write ? touched.touched : touched.written);
  }
  for (const Access& access : footprint) learn(self, access);
}

void refuse_to_block(std::string_view operation) {
  throw std::logic_error{"lockstep::sim: " + std::string{operation} +
                         " would block for ever: there is no execution, so no other thread"};
}

void refuse_strangers(ObjectId object) {
  const std::uint64_t maker = object.value >> 32U;  // see Execution::make_object
  if (maker == 0 || maker > max_threads) return;
  throw std::logic_error{
      "lockstep::sim: a thread that is not simulated uses an object of a simulated test: the simulator would "
      "not "
      "see it. Start it as lockstep::sim::thread, jthread or concurrently"};
}

std::uint64_t Execution::random() noexcept { return splitmix(running_->random); }

// --- Steps ---

void Execution::open(Section& section) {
  only_in_interleavings("a step that is one as a whole");
  class Opening final : public Operation {
   public:
    explicit Opening(const Section& section)
        : Operation{section.name, section.about, Readiness::always, never, section.where},
          section_{&section} {}
    [[nodiscard]] Footprint footprint() const override { return section_->footprint; }

   private:
    const Section* section_;
  };
  Opening opening{section};
  visible(opening);
  running_->section = &section;
  if (order() == nullptr) return;
  for (const Access& access : section.footprint) order_.acquire(running_->ordinal, access.object);
}

void Execution::close(Section& section) noexcept {
  if (running_->section != &section) return;
  running_->section = nullptr;
  if (order() == nullptr) return;
  for (const Access& access : section.footprint) {
    if (access.write) order_.release(running_->ordinal, access.object);
  }
}

void Execution::hold(ObjectId object) { held_.emplace_back(object, running_->ordinal); }

void Execution::release(ObjectId object, unsigned thread) noexcept {
  const auto found = std::ranges::find(held_, std::pair{object, thread});
  if (found != held_.end()) held_.erase(found);
}

// --- Waiting politely ---

/// A loop that waits for another thread looks, yields, and looks again. As long as nothing that it
/// looked at has changed, another round is like the last one: so from the second yield of such a loop
/// on, the thread rests until another thread changes something that it has read since the yield before,
/// or until nobody else can run. Whether it rests depends only on steps that conflict with its own, so
/// partial-order reduction stays sound. Yielding twice in a row is yielding once; a loop that does nothing
/// else waits for time.
void Execution::yield(source_location where) {
  Thread& self = *running_;
  if (abandoned_) {
    if (++self.free_run > most_free_steps) unwind();
    return;
  }
  const bool inside = self.section != nullptr;
  if (recording_ && !inside) note("yield", {}, {}, where);
  if (weak_ != nullptr) {
    yielded_ = true;
    return weak_->yield();
  }
  yielded_ = true;
  self.idle_rounds = self.looked || !self.waiting ? 0 : self.idle_rounds + 1;
  const bool another_round = self.looked || self.idle_rounds > 1;
  if (inside || (self.waiting && !self.disturbed && another_round)) {
    rested_ = true;
    self.disturbed = false;
    patient_ |= only(self.ordinal);
    resting_ |= only(self.ordinal);
    patience_over_ &= ~only(self.ordinal);
    Rest rest{self};
    visible(rest);
    resting_ &= ~only(self.ordinal);
  }
  self.waiting = true;
  if (self.disturbed && (patience_over_ & only(self.ordinal)) == 0) follows(self.disturber);
  self.disturbed = self.looked = false;
  patient_ |= only(self.ordinal);
}

void Execution::observe_change(Thread& self, const Operation& operation) {
  const Footprint footprint = operation.footprint();
  if ((patient_ & only(self.ordinal)) != 0) {
    if (!std::exchange(self.looked, true)) self.observed.clear();
    if (operation.part_of_waiting()) {
      for (const Access& access : footprint) {
        if (std::ranges::find(self.observed, access) == self.observed.end()) self.observed.push_back(access);
      }
    } else {
      self.waiting = false;
      patient_ &= ~only(self.ordinal);
    }
  }
  each(patient_ & ~only(self.ordinal), [&](unsigned other) {
    Thread& thread = *threads_[other];
    if (thread.disturbed) return;
    thread.disturber = latest_step();
    thread.disturbed = thread.section != nullptr ||  // what it looked at inside a step is not known
                       std::ranges::any_of(footprint, [&](const Access& access) {
                         return conflict(thread.observed, {&access, 1}) && operation.changes(access);
                       });
  });
}

// --- Scheduling ---

bool Execution::may_run(const Operation& operation) const {
  return operation.readiness() == Readiness::always || operation.deadline() <= clock_ || operation.enabled();
}

ThreadSet Execution::enabled_threads() const {
  ThreadSet enabled = ready_;
  each(conditional_, [&](unsigned i) {
    if (may_run(*threads_[i]->pending)) enabled |= only(i);
  });
  return enabled;
}

Execution::Thread* Execution::follow_up() const {
  for (ThreadSet left = follow_ups_; left != 0; left &= left - 1) {
    Thread* thread = threads_[static_cast<unsigned>(std::countr_zero(left))].get();
    if (may_run(*thread->pending)) return thread;
  }
  return nullptr;
}

/// Chooses who goes on; null if the execution is over.
Execution::Thread* Execution::pick() {
  for (;;) {
    if (Thread* next = follow_ups_ != 0 ? follow_up() : nullptr) {
      if (++step_ <= limits_.steps) {
        make_way_for(*next);
        return next;
      }
      stop(FindingKind::bound);
      return nullptr;
    }
    if (const ThreadSet enabled = enabled_threads(); enabled != 0) return next_step(enabled);
    if ((conditional_ | follow_ups_) == 0) return nullptr;
    if (!pass_time()) {
      stuck();
      return nullptr;
    }
  }
}

/// Tells the explorer why a thread goes on without being chosen.
void Execution::make_way_for(const Thread& next) const {
  const bool by_time =
      next.pending->deadline() <= clock_ || (resting_ & only(next.ordinal) & patience_over_) != 0;
  if (by_time) {
    explorer_->times_out(next.ordinal);
  } else if (chosen_ != 0) {
    explorer_->follows(next.ordinal, latest_step());
  }
}

Execution::Thread* Execution::next_step(ThreadSet enabled) {
  if (++step_ > limits_.steps) {
    stop(FindingKind::bound);
    return nullptr;
  }
  enabled_ = enabled;
  const Choice choice{.enabled = enabled,
                      .running = running_->ordinal,
                      .fallback = fallback(enabled),
                      .yielded = yielded_,
                      .execution = this};
  const unsigned chosen = choose(choice);
  ++chosen_;
  yielded_ = false;
  if (chosen >= max_threads || (enabled & only(chosen)) == 0) {
    message_ = "the same decisions led to other threads or operations: the test is not deterministic";
    stop(FindingKind::nondeterminism);
    return nullptr;
  }
  if (!std::has_single_bit(enabled)) {
    decisions_.push_back({Decision::Kind::schedule, static_cast<std::uint8_t>(chosen),
                          static_cast<std::uint8_t>(choice.fallback)});
  }
  return threads_[chosen].get();
}

unsigned Execution::choose(const Choice& choice) {
  const unsigned chosen = explorer_->choose(choice);
  if (chosen != Explorer::prune) return chosen;
  pruned_ = true;
  return choice.fallback;
}

/// Stay on the running thread; if it cannot go on, or has yielded, the next one in turn.
unsigned Execution::fallback(ThreadSet enabled) const noexcept {
  const unsigned running = running_->ordinal;
  if (!yielded_ && (enabled & only(running)) != 0) return running;
  const ThreadSet later = running + 1 < max_threads ? enabled & ~(only(running + 1) - 1) : 0;
  return static_cast<unsigned>(std::countr_zero(later != 0 ? later : enabled));
}

/// Nobody can run: lets the clock jump to the next deadline. If there is none, threads that
/// look and yield may be waiting for time itself, so it moves a little, and more each time.
bool Execution::pass_time() {
  Instant next = never;
  each(conditional_ | follow_ups_,
       [&](unsigned i) { next = std::min(next, threads_[i]->pending->deadline()); });
  if (next == never) {
    if (resting_ == 0) return false;
    pace_ = std::min(longest_pace, pace_ == 0 ? 1'000 : 2 * pace_);
    next = clock_ + pace_;
  }
  explorer_->time_passes(*this, conditional_);
  clock_ = std::max(clock_, next);
  patience_over_ = resting_;
  each(resting_, [&](unsigned i) { threads_[i]->disturbed = true; });
  return true;
}

}  // namespace lockstep::sim
