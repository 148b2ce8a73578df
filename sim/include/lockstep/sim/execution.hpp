// Runs one schedule: threads, who may go next, virtual time, and every decision in one list.
//
// A thread runs until its next visible operation, announces it with its footprint, and waits to
// be chosen. Then it performs the operation and runs on to its next announcement. So at each
// choice it is known what every thread will do next. The code between two announcements is
// invisible to other threads, hence only announcements are places to switch.
//
// This is what primitives are written on; tests use the primitives.
#pragma once

#include <lockstep/core/caller.hpp>
#include <lockstep/sim/explorer.hpp>
#include <lockstep/sim/fiber.hpp>
#include <lockstep/sim/finding.hpp>
#include <lockstep/sim/happens_before.hpp>
#include <lockstep/sim/memory_model.hpp>
#include <lockstep/sim/operation.hpp>
#include <lockstep/sim/source_location.hpp>
#include <lockstep/sim/weak_memory.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <unordered_map>
#include <utility>
#include <vector>

namespace lockstep::sim {

class Memory;
class Orders;

/// Thrown through the code of a thread whose execution has been given up, to unwind its stack.
/// Not a std::exception, so that handlers of errors let it pass. Catching it and going on is
/// harmless: the next operation that cannot proceed throws it again.
struct Abandoned {};

namespace detail {

/// What a thread runs: any callable, kept in place if it is small.
class Task {
 public:
  Task() = default;
  Task(const Task&) = delete;
  Task& operator=(const Task&) = delete;
  ~Task() { reset(); }

  template <class F>
  void emplace(F&& function) {
    using Stored = std::decay_t<F>;
    reset();
    if constexpr (sizeof(Stored) <= capacity && alignof(Stored) <= alignof(std::max_align_t)) {
      stored_ = ::new (static_cast<void*>(buffer_.data())) Stored(std::forward<F>(function));
      destroy_ = [](void* stored) { static_cast<Stored*>(stored)->~Stored(); };
    } else {
      stored_ = new Stored(std::forward<F>(function));
      destroy_ = [](void* stored) { delete static_cast<Stored*>(stored); };
    }
    run_ = [](void* stored) { (*static_cast<Stored*>(stored))(); };
  }

  void operator()() { run_(stored_); }

  void reset() {
    if (stored_ != nullptr) destroy_(std::exchange(stored_, nullptr));
  }

 private:
  static constexpr std::size_t capacity = 128;
  alignas(std::max_align_t) std::array<std::byte, capacity> buffer_{};
  void* stored_ = nullptr;
  void (*run_)(void*) = nullptr;
  void (*destroy_)(void*) = nullptr;
};

struct Section;
class Waiter;

/// One simulated thread, reused by execution after execution.
struct Thread {
  Thread(Execution& owner, unsigned number, Fiber::Work work)
      : execution{&owner}, ordinal{number}, fiber{work, this} {}

  Execution* execution;
  unsigned ordinal;
  Fiber fiber;
  Task task;

  Operation* pending = nullptr;  ///< what it will do next
  Thread* starter = nullptr;     ///< whom to return to at the first announcement
  Section* section = nullptr;    ///< the step that it is inside of, if any
  std::uint64_t random = 0;      ///< the state of its generator
  std::size_t row = 0;           ///< its latest row in the recording
  std::uint32_t objects = 0;     ///< made so far
  std::uint32_t free_run = 0;    ///< operations since the execution was abandoned
  std::uint32_t throws = 0;      ///< how often it was told that the execution is abandoned
  std::uint32_t touches = 0;     ///< of plain variables, since its last operation
  bool finished = true;

  // What it has done since it last yielded: see Execution::yield.
  bool waiting = false;           ///< it has yielded and changed nothing since
  bool disturbed = false;         ///< another thread has changed something that it observed
  bool looked = false;            ///< it has made a step since
  std::uint32_t idle_rounds = 0;  ///< how often in a row it yielded without a step in between
  std::size_t disturber = 0;      ///< the step that has disturbed it
  std::vector<Access> observed;   ///< what it looked at in the latest round that looked at anything
  Instant time = 0;               ///< what it is to this thread, if that is later than the clock

  std::vector<ObjectId> locks;  ///< that it holds, and must release before it ends
  Caller caller;                ///< the line of the verb that it is inside of, while recording
};

/// A step that a thread is inside of: what step.hpp declares.
struct Section {
  std::string_view name;
  Footprint footprint;
  ObjectId about = {};           ///< what it is shown to be about; none: everything in the footprint
  std::uint32_t operations = 0;  ///< performed inside
  bool quiet = false;            ///< it has no row in the timeline
  source_location where = {};
};

/// A condition that is looked at between steps: what invariant.hpp declares.
struct Watch {
  std::string name;
  std::vector<Access> looks_at;
  bool anything = true;  ///< any step may change what it looks at
  std::function<bool()> holds;
  ObjectId object = {};  ///< written by the steps that it concerns, so that they depend on each other

  [[nodiscard]] bool concerned(Footprint footprint) const;
};

}  // namespace detail

/// One execution after another of a test body, each along the schedule that an explorer chooses.
/// Stacks and buffers are kept from one to the next.
class Execution {
 public:
  Execution();
  ~Execution();
  Execution(const Execution&) = delete;
  Execution& operator=(const Execution&) = delete;

  /// The one that the caller is a simulated thread of, or null.
  [[nodiscard]] static Execution* current() noexcept { return current_; }

  // --- For explorers and reports ---

  /// How far one execution goes, and whether it is written down.
  struct Limits {
    std::uint64_t steps = 10'000;  ///< more of them end it in FindingKind::bound
    bool recording = false;        ///< write down each step, to be shown
  };

  /// Runs `body` as thread 0 until all threads have finished or a finding ends it.
  /// A pruned execution is run to its end by default choices, and its findings are ignored.
  Ending run(const std::function<void()>& body, Explorer& explorer, const Limits& limits);

  /// Likewise inside of another execution that can never go on, and leaves all stacks as they are: for a
  /// process that is about to end.
  void run_for_the_last_time(const std::function<void()>& body, Explorer& explorer, const Limits& limits);

  /// Lets so many wake-ups and failures be spurious, in each run from here on.
  void allow_spurious(unsigned events) noexcept { most_spurious_ = events; }
  /// How many may be.
  [[nodiscard]] unsigned spurious_allowed() const noexcept { return most_spurious_; }

  /// Lets so many waits with a time limit, and sleeps, be over although others could go on, in each run from
  /// here on.
  void allow_timeouts(unsigned waits) noexcept { most_timeouts_ = waits; }
  /// How many may be.
  [[nodiscard]] unsigned timeouts_allowed() const noexcept { return most_timeouts_; }

  /// What atomics hold is as that model says, in each run from here on; by these memory orders, if not null.
  void use(MemoryModel model, Orders* orders = nullptr);
  /// The memory of a model of its own; null if loads read the latest.
  [[nodiscard]] Memory* memory() const noexcept { return memory_.get(); }

  /// Every choice of the last run, in order.
  [[nodiscard]] const std::vector<Decision>& decisions() const noexcept { return decisions_; }
  /// The kind of the finding in which the last run ended, if any.
  [[nodiscard]] std::optional<FindingKind> failure() const noexcept { return failure_; }
  /// Its message, as far as it is known without recording.
  [[nodiscard]] const std::string& message() const noexcept { return message_; }
  /// The finding of the last run, with its steps if it was recorded; without its token.
  [[nodiscard]] Finding finding() const;
  /// What the last run did, if it was recorded.
  [[nodiscard]] const std::vector<Step>& steps() const noexcept { return rows_; }
  /// The running thread's, the last one that it has begun; null if it is not written down.
  [[nodiscard]] Step* step() noexcept {
    return recording_ && !abandoned_ && self_has_row() ? &rows_[running_->row] : nullptr;
  }
  /// The names of the last run's threads by ordinal: main, t1, t2, ... or their labels.
  [[nodiscard]] std::vector<std::string> thread_names() const;
  /// A digest of the steps of the last run, if it was recorded: threads, operations and objects.
  [[nodiscard]] std::uint32_t digest() const noexcept;
  /// What an unfinished thread has announced, and will do when it is chosen.
  [[nodiscard]] const Operation& next(unsigned thread) const { return *threads_[thread]->pending; }

  /// The unfinished threads that have announced something.
  [[nodiscard]] ThreadSet pending() const noexcept;

  // --- For primitives: called on a simulated thread ---

  /// Announces an operation and returns once it is to be performed. Inside a step it is
  /// performed at once if it can be. Throws Abandoned.
  void visible(Operation& operation);

  /// True if the execution has been given up. Operations then run without order, one thread after
  /// the other, only so that stacks can unwind: the effect of one that is not enabled must do no harm.
  [[nodiscard]] bool abandoned() const noexcept { return abandoned_; }

  /// Goes on unwinding the running thread of an abandoned execution: throws Abandoned, unless an exception
  /// is unwinding its stack already.
  void unwind();

  /// Picks one of several outcomes of the operation being performed. Precondition: outcomes > 0.
  unsigned outcome_of(unsigned outcomes);

  /// Writes down that one of several outcomes was chosen, without asking.
  void decided(unsigned outcomes, unsigned chosen);

  /// What atomics have to ask for values; null if they hold the latest, as they do if there is no model of
  /// memory.
  [[nodiscard]] detail::WeakMemory* weak() const noexcept { return weak_; }

  /// Whether graphs of a model of memory tell a mutex that is held from one that was given back. They need
  /// not, and are fewer, where nobody tries to lock without waiting. In each run from here on.
  void make_unlocks_matter() noexcept { unlocks_matter_ = true; }
  /// As it was told.
  [[nodiscard]] bool unlocks_matter() const noexcept { return unlocks_matter_; }
  /// Somebody tries.
  void unlocks_must_matter() noexcept { tried_ = true; }
  /// True if graphs do not tell, and should have: what was built is of no use.
  [[nodiscard]] bool unlocks_should_have_mattered() const noexcept {
    return tried_ && !unlocks_matter_ && weak_ != nullptr;
  }

  /// Throws std::logic_error if there is a model of memory: `what` is explored in interleavings only.
  void only_in_interleavings(std::string_view what) const;

  /// True if what std allows to wake or to fail without a reason does so now: a decision, made at most as
  /// often in an execution as `allow_spurious` said.
  bool spuriously();

  /// True if a wait until `deadline` that begins now is over without anybody's doing, although others could
  /// go on: they are slow. A decision, and a step of its own, made at most as often in an execution as
  /// `allow_timeouts` said. The wait then ends at any time from now on; if it ends for that reason,
  /// `is_late(deadline)` follows.
  bool times_out(Instant deadline, const source_location& where = {});
  /// To the running thread, and to all that learn of it, it is `moment` or later: of what it does from now
  /// on, of the step that it is inside of, and of its last look at `seen`.
  void is_late(Instant moment, ObjectId seen = {});
  /// Announces the wait of a limit that `times_out`: likewise, but inside a step it blocks if it has to wait,
  /// so that others see it waiting before it gives up.
  void visible_late(Operation& operation, bool has_to_wait);

  /// Ends the execution with a finding. Throws Abandoned, unless an exception is unwinding the stack.
  void fail(FindingKind kind, std::string message, source_location where = {});

  /// Likewise, for operations that must not throw. Returns when all younger threads are unwound.
  void report(FindingKind kind, std::string message, source_location where = {});

  /// Starts a thread and runs it to its first announcement; returns its ordinal.
  template <class F>
  unsigned spawn(F&& function) {
    if (abandoned_) return no_thread();
    detail::Thread& thread = new_thread();
    try {
      thread.task.emplace(std::forward<F>(function));
    } catch (...) {  // copying the callable failed: there is no such thread
      thread.finished = true;
      --count_;
      throw;
    }
    explorer_->joins(thread.ordinal, running_->ordinal);
    if (weak_ != nullptr) weak_->follow(thread.ordinal, running_->ordinal);
    thread.time = running_->time;
    start(thread);
    return thread.ordinal;
  }
  /// True if the thread has run to its end.
  [[nodiscard]] bool finished(unsigned thread) const {
    return thread >= count_ || threads_[thread]->finished;
  }
  /// The ordinal of the running thread; 0 is the body of the test.
  [[nodiscard]] unsigned self() const noexcept { return running_->ordinal; }

  // What makes what possible, besides conflicts, for explorers that ask which steps could change places.

  /// The latest step that was chosen, as a number.
  [[nodiscard]] std::size_t latest_step() const noexcept { return chosen_ - 1; }
  /// The running thread goes on because of that step.
  void follows(std::size_t step) {
    if (chosen_ != 0) explorer_->follows(running_->ordinal, step);
  }
  /// The running thread goes on because another has finished.
  void joins(unsigned finished) {
    if (finished >= count_) return;
    explorer_->joins(running_->ordinal, finished);
    if (weak_ != nullptr) weak_->follow(running_->ordinal, finished);
    is_late(threads_[finished]->time);
  }
  /// The present step lets `thread` go on.
  void wakes(unsigned thread) {
    if (chosen_ != 0) explorer_->follows(thread, latest_step());
    if (weak_ != nullptr) weak_->need(thread, running_->ordinal);
    threads_[thread]->time = std::max(threads_[thread]->time, running_->time);
  }

  /// The running thread waits in a loop, of which another round is left out.
  void rests() noexcept { rested_ = true; }
  /// Lets others go first: see this_thread.hpp.
  void yield(source_location where = {});

  /// The virtual time, as the running thread knows it.
  [[nodiscard]] Instant now() const noexcept { return std::max(clock_, running_->time); }
  /// True if everybody knows that it is `moment` or later.
  [[nodiscard]] bool reached(Instant moment) const noexcept { return moment <= clock_; }
  /// The next number of the running thread's generator: the same in every execution.
  std::uint64_t random() noexcept;

  /// The identity of an object that the running thread makes.
  ObjectId make_object(std::string_view kind);

  /// True if steps are being written down; only then is text wanted.
  [[nodiscard]] bool recording() const noexcept { return recording_; }
  /// Writes down the outcome of the running thread's latest step.
  void outcome(std::string text);
  /// Appends to it, after a semicolon.
  void add_to_outcome(std::string_view text);
  /// Writes down a row for something that is not scheduled (sleeping, reading a plain variable).
  void note(std::string_view operation, ObjectId object, std::string text = {},
            const source_location& where = {});
  /// Steps of the running thread without a line of their own are shown at the line `where` from here on,
  /// unless that tells a reader nothing, being inside of lockstep or of std. Returns what was to be shown
  /// before.
  Caller calls_from(const Caller& where) noexcept;
  /// Takes that back.
  void returns_to(const Caller& before) noexcept { running_->caller = before; }
  /// Names an object for the timeline.
  void label(ObjectId object, std::string_view name);
  /// Names a thread for the timeline.
  void label_thread(unsigned thread, std::string_view name);
  /// The object's label, or its kind and number: mutex#1.
  [[nodiscard]] std::string name_of(ObjectId object) const;
  /// The thread's label, or t1, t2, ...; main for the body of the test.
  [[nodiscard]] std::string name_of_thread(unsigned thread) const;

  /// Announces a step, and enters it once it is chosen: see step.hpp.
  void open(detail::Section& section);
  /// Leaves a step.
  void close(detail::Section& section) noexcept;
  /// Enters a section without announcing it, so that no other thread goes before it.
  void enter(detail::Section& section) noexcept { running_->section = &section; }
  /// True if the running thread is inside a step, whose parts do not schedule.
  [[nodiscard]] bool inside_step() const noexcept { return running_->section != nullptr; }
  /// True if that is none: see `sim::quietly`.
  [[nodiscard]] bool quiet() const noexcept { return inside_step() && running_->section->quiet; }

  /// Ends the execution with a finding that the running thread called std::terminate, if it has none yet.
  void terminated();

  /// Who holds a named object, for the message of a deadlock. Never asked otherwise.
  void hold(ObjectId object);
  /// Takes `hold` back, as the running thread's.
  void release(ObjectId object) noexcept { release(object, running_->ordinal); }
  /// Likewise, as that of `thread`.
  void release(ObjectId object, unsigned thread) noexcept;

  /// Looks at a condition now, and after each step, until `unwatch`. Throws std::logic_error if other threads
  /// have been started, and Abandoned if it does not hold.
  void watch(detail::Watch& watch);
  /// Ends that, and looks once more if `once_more`.
  void unwatch(const detail::Watch& watch, bool once_more);

  /// What orders accesses to plain variables, for primitives to tell what they order. Null as long as the
  /// execution has no such variable, and once it is abandoned.
  [[nodiscard]] detail::HappensBefore* order() noexcept {
    return ordering_ && !abandoned_ && !judging_ ? &order_ : nullptr;
  }
  /// An access to a plain variable by the running thread: see var.hpp. `text` is the value, for the timeline.
  /// Reports a data race. Throws Abandoned in a loop that waits for a variable to change.
  void touch(ObjectId variable, detail::Touching how, const source_location& where, std::string text);

  /// The running thread has taken a lock. It must not end before it has released it.
  void lock_taken(ObjectId lock);
  /// It has released it.
  void lock_released(ObjectId lock) noexcept;
  /// A lock is destroyed that a thread holds.
  void lock_destroyed(ObjectId lock, unsigned holder);
  /// An object is destroyed: finds threads that are about to use it.
  void object_destroyed(ObjectId object);

  /// The threads that wait to be notified, and what was notified when nobody waited: see parking.hpp.
  [[nodiscard]] std::vector<detail::Waiter*>& parked() noexcept { return parked_; }
  /// Likewise, to look at.
  [[nodiscard]] const std::vector<detail::Waiter*>& parked() const noexcept { return parked_; }
  /// The objects that were notified when nobody waited.
  [[nodiscard]] std::vector<ObjectId>& unheard() noexcept { return unheard_; }

  /// The identity of a thread as something to wait for.
  [[nodiscard]] static ObjectId thread_object(unsigned thread) noexcept;

 private:
  using Thread = detail::Thread;

  void begin(const std::function<void()>& body, Explorer& explorer, const Limits& limits);
  static Fiber& run_thread(void* thread);
  Fiber& after(Thread& finished);
  Thread& new_thread();
  unsigned no_thread();
  void start(Thread& thread);
  void announce(Thread& self, Operation& operation);
  void announce(Thread& self, Operation& operation, Operation& shown);
  void keep_time(detail::Thread& self, const Operation& operation);
  void learn(const detail::Thread& self, const Access& access);
  void perform(Thread& self, const Operation& operation);
  void visible_inside_step(Thread& self, Operation& operation);
  void visible_when_abandoned(Thread& self, const Operation& operation);
  void observe_change(Thread& self, const Operation& operation);
  void linger(Thread& self);
  [[nodiscard]] std::string describe_race(ObjectId variable, const detail::Race& race) const;
  [[noreturn]] void throw_abandoned(Thread& self);
  class Rest;
  class InsideStep;
  class Watched;
  bool judge();
  [[nodiscard]] std::string after_which_step() const;

  Thread* pick();
  void make_way_for(const Thread& next) const;
  Thread* next_step(ThreadSet enabled);
  [[nodiscard]] bool may_run(const Operation& operation) const;
  [[nodiscard]] ThreadSet enabled_threads() const;
  [[nodiscard]] Thread* follow_up() const;
  bool pass_time();
  [[nodiscard]] unsigned fallback(ThreadSet enabled) const noexcept;
  unsigned choose(const Choice& choice);
  void transfer(Thread& self, Thread* next);
  void stop(FindingKind kind);
  void stuck();
  void uncaught(const std::exception_ptr& exception);
  void see_that_nothing_is_held(const Thread& ending);
  [[nodiscard]] ThreadSet unfinished() const noexcept;
  [[nodiscard]] std::vector<unsigned> cycle() const;
  [[nodiscard]] std::string explain_stuck(const std::vector<unsigned>& circle) const;
  [[nodiscard]] bool runs_in_circles(std::size_t& period) const;
  void record(Thread& self, const Operation& operation);
  void add_row(Thread& self, std::string_view operation, std::string object, std::string text,
               const source_location& where);
  [[nodiscard]] bool self_has_row() const noexcept {
    return running_->row < rows_.size() && rows_[running_->row].thread == running_->ordinal;
  }
  void hash(std::uint64_t value) noexcept;

  inline static thread_local constinit Execution* current_ = nullptr;

  std::vector<std::unique_ptr<Thread>> threads_;  ///< more than `count_` once an execution had more
  unsigned count_ = 0;
  Thread* running_ = nullptr;
  Fiber host_;  ///< the stack that called run

  ThreadSet ready_ = 0;        ///< threads whose pending operation can always run
  ThreadSet conditional_ = 0;  ///< threads whose pending operation must be asked
  ThreadSet follow_ups_ = 0;
  ThreadSet patient_ = 0;        ///< threads that have yielded: see yield()
  ThreadSet resting_ = 0;        ///< those among them whose yield is pending
  ThreadSet patience_over_ = 0;  ///< those among them that rested until time passed
  bool yielded_ = false;
  bool rested_ = false;  ///< some thread has rested

  Instant clock_ = 0;
  Instant pace_ = 0;  ///< how far the clock moves when everybody only waits for time to pass
  std::uint64_t step_ = 0;
  std::size_t chosen_ = 0;  ///< how many steps the explorer has chosen
  unsigned spurious_ = 0;
  unsigned most_spurious_ = 0;
  unsigned timeouts_ = 0;
  unsigned most_timeouts_ = 0;
  bool timely_ = false;  ///< a wait might have timed out, had it been allowed

  // Threads whose waits are over early are ahead of the clock, and so is who learns from them. Of each object
  // that steps touch from then on: how late it was at the latest of those that wrote, and of all.
  struct Touched {
    Instant written = 0;
    Instant touched = 0;
  };
  std::unordered_map<ObjectId, Touched> touched_;
  Limits limits_;
  Explorer* explorer_ = nullptr;
  std::vector<Decision> decisions_;

  bool abandoned_ = false;
  bool ordering_ = false;  ///< there is a plain variable
  bool recording_ = false;
  bool pruned_ = false;
  bool judging_ = false;  ///< looking at a condition
  std::optional<FindingKind> failure_;
  std::string message_;
  source_location where_;  ///< of the check that failed

  std::unique_ptr<Memory> memory_;
  detail::WeakMemory* weak_ = nullptr;  ///< the same

  detail::HappensBefore order_;
  std::vector<detail::Watch*> watches_;

  bool unlocks_matter_ = false;
  bool tried_ = false;
  std::vector<Step> rows_;
  std::vector<ThreadSet> rows_enabled_;
  ThreadSet enabled_ = 0;              ///< as of the latest choice
  std::vector<std::size_t> finishes_;  ///< how many rows there were when a thread finished
  std::uint64_t hash_ = 0;
  std::unordered_map<ObjectId, std::string> names_;
  std::unordered_map<std::string, unsigned> kinds_;
  std::vector<std::string> thread_labels_;
  std::vector<std::pair<ObjectId, unsigned>> held_;
  std::vector<detail::Waiter*> parked_;
  std::vector<ObjectId> unheard_;
};

inline const Operation& Choice::next(unsigned thread) const { return execution->next(thread); }

/// The identity of a primitive, taken when it is made.
class Object {
 public:
  /// `kind` names it where it has no label: "mutex" makes mutex#1.
  explicit Object(std::string_view kind) : id_{identify(kind)} {}
  Object(const Object&) = delete;
  Object& operator=(const Object&) = delete;
  ~Object() {
    if (Execution* execution = Execution::current()) execution->object_destroyed(id_);
  }

  /// Its identity: the same in each execution.
  [[nodiscard]] ObjectId id() const noexcept { return id_; }

 private:
  static ObjectId identify(std::string_view kind) {
    Execution* execution = Execution::current();
    return execution != nullptr ? execution->make_object(kind) : outside();
  }
  static ObjectId outside() noexcept;

  ObjectId id_;
};

namespace detail {

/// Calls `tell(order, thread)` if anybody wants to know what the running thread's operation orders.
template <class Tell>
void ordered(Tell&& tell) {
  if (Execution* execution = Execution::current()) {
    if (HappensBefore* order = execution->order()) tell(*order, execution->self());
  }
}
/// Finds an atomic operation whose memory order is not one for it, which is undefined in std.
void disallowed_order(std::string_view operation, ObjectId atomic);
/// What the running thread did happens before what others do after they acquire the object.
inline void released(ObjectId object) {
  if (const Execution* execution = Execution::current(); execution != nullptr && execution->weak() != nullptr)
    execution->weak()->release(execution->self(), object);
  ordered([&](HappensBefore& order, unsigned thread) { order.release(thread, object); });
}
/// What was released to the object so far does not happen before what acquires it from here on.
inline void forgotten(Execution& execution, ObjectId object) {
  if (execution.weak() != nullptr) execution.weak()->forget(object);
  if (HappensBefore* order = execution.order()) order->forget(object);
}
/// What was released to the object happens before what the running thread does next.
inline void acquired(ObjectId object) {
  if (const Execution* execution = Execution::current(); execution != nullptr && execution->weak() != nullptr)
    execution->weak()->acquire(execution->self(), object);
  ordered([&](HappensBefore& order, unsigned thread) { order.acquire(thread, object); });
}

}  // namespace detail

/// Refuses to block where no other thread exists that could help. Throws std::logic_error.
[[noreturn]] void refuse_to_block(std::string_view operation);

/// Refuses an object that an execution has made to a thread that belongs to none, since the simulator would
/// not see what it does. Throws std::logic_error.
void refuse_strangers(ObjectId object);

}  // namespace lockstep::sim
