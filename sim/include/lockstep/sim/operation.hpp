// What a thread announces before it acts: the name of the operation, the objects it reads
// and writes, and whether it can proceed yet. Explorers see this and nothing more.
#pragma once

#include <lockstep/sim/source_location.hpp>

#include <cstdint>
#include <functional>
#include <span>
#include <string_view>

namespace lockstep::sim {

/// The identity of an object that threads share. It depends on the creating thread and the
/// order of creation there, or on a name, never on an address: so it is the same in each execution.
struct ObjectId {
  std::uint64_t value = 0;  ///< not zero, if it is one

  /// False for "no object".
  explicit operator bool() const noexcept { return value != 0; }
  friend bool operator==(ObjectId, ObjectId) = default;
  friend auto operator<=>(ObjectId, ObjectId) = default;
};

/// One object that an operation touches, and how.
struct Access {
  ObjectId object;     ///< what is touched
  bool write = false;  ///< changed, not only looked at

  friend bool operator==(const Access&, const Access&) = default;
};

/// What an operation reads and writes.
using Footprint = std::span<const Access>;

/// True if the two touch a common object and one of them writes it. Steps that do not
/// conflict may be swapped: the same state results.
[[nodiscard]] inline bool conflict(Footprint left, Footprint right) noexcept {
  for (const Access& a : left) {
    for (const Access& b : right) {
      if (a.object == b.object && (a.write || b.write)) return true;
    }
  }
  return false;
}

/// A set of threads, by ordinal.
using ThreadSet = std::uint64_t;
/// How many threads an execution may have, its main one included.
inline constexpr unsigned max_threads = 64;
/// The set of one thread.
[[nodiscard]] constexpr ThreadSet only(unsigned thread) noexcept { return ThreadSet{1} << thread; }

/// A moment of virtual time, in nanoseconds since the execution began.
using Instant = std::int64_t;
/// Later than every moment.
inline constexpr Instant never = INT64_MAX;

/// When a pending operation may run.
enum class Readiness : std::uint8_t {
  always,       ///< at once
  conditional,  ///< once `enabled()` holds or its deadline is reached
  follow_up,    ///< likewise, and then without being scheduled: it touches nothing shared (join, sleep)
};

/// What a step has to wait for, for explorers that ask which other steps it could have gone before.
enum class Waits : std::uint8_t {
  for_nothing,     ///< or for what `Execution::wakes` and the like tell
  for_its_object,  ///< until its object holds `Operation::writes_if()`
  for_more,        ///< for something that only `Operation::enabled()` knows
};

/// One announced operation. It lives on its thread's stack while it is pending.
class Operation {
 public:
  Operation(const Operation&) = delete;
  Operation& operator=(const Operation&) = delete;

  /// "load", "lock", ...
  [[nodiscard]] std::string_view name() const noexcept { return name_; }
  /// The object it is about, or none.
  [[nodiscard]] ObjectId object() const noexcept { return object_; }
  /// When it may run.
  [[nodiscard]] Readiness readiness() const noexcept { return readiness_; }
  /// The line that calls it, if that is known.
  [[nodiscard]] const source_location& where() const noexcept { return where_; }
  /// The moment from which it may run in any case.
  [[nodiscard]] Instant deadline() const noexcept { return deadline_; }

  /// What it would read and write if it ran now: a compare-exchange that would fail only reads.
  [[nodiscard]] virtual Footprint footprint() const = 0;
  /// What it could read and write at another moment: at least its footprint at any of them.
  [[nodiscard]] virtual Footprint widest_footprint() const { return footprint(); }
  /// What it has to wait for.
  [[nodiscard]] virtual Waits waits() const {
    return readiness_ == Readiness::conditional ? Waits::for_more : Waits::for_nothing;
  }
  /// What its object holds now, as a number, or `unknown`.
  [[nodiscard]] virtual std::uint64_t sees() const { return unknown; }
  /// What its object must hold for it to write, if it depends on that alone whether it writes; or `unknown`.
  [[nodiscard]] virtual std::uint64_t writes_if() const { return unknown; }
  /// In place of what an object holds: nobody can tell.
  static constexpr std::uint64_t unknown = ~std::uint64_t{0};
  /// What a lock or a permit holds while it cannot be had.
  static constexpr std::uint64_t taken = 0;
  /// Likewise, while it can.
  static constexpr std::uint64_t available = 1;
  /// True if it can proceed now. Asked only if `readiness()` is not `always`.
  [[nodiscard]] virtual bool enabled() const { return true; }
  /// The threads that stand in its way while it is not enabled, as far as known.
  [[nodiscard]] virtual ThreadSet holders() const { return 0; }
  /// True if it would leave every object as it is, although it may count as a write: a store of
  /// the value that is there already.
  [[nodiscard]] virtual bool silent() const { return false; }
  /// True if another thread that waits for the object of `access`, one of its own, should look again.
  [[nodiscard]] virtual bool changes(const Access& access) const { return access.write && !silent(); }
  /// True if a round of waiting may contain it: it is undone before the round ends (locking and
  /// unlocking), or it changes nothing.
  [[nodiscard]] virtual bool part_of_waiting() const {
    if (silent()) return true;
    for (const Access& access : footprint()) {
      if (access.write) return false;
    }
    return true;
  }
  /// True if a memory model says what it reads and where it writes, not the moment at which it comes.
  [[nodiscard]] virtual bool of_memory() const { return false; }
  /// True if a load that a memory model answers is part of it.
  [[nodiscard]] virtual bool loads_too() const { return false; }
  /// True if it lets go of an object that nobody else could have used meanwhile: it unlocks it.
  [[nodiscard]] virtual bool gives_back(ObjectId /*object*/) const { return false; }
  /// True if somebody must have notified it: a condition variable or an atomic wait.
  [[nodiscard]] virtual bool wants_notification() const { return false; }
  /// True if a notification was sent before it began to wait, and nobody heard it.
  [[nodiscard]] virtual bool missed_notification() const { return false; }

 protected:
  /// `name` must outlive it.
  Operation(std::string_view name, ObjectId object, Readiness readiness = Readiness::always,
            Instant deadline = never, source_location where = {}) noexcept
      : name_{name}, object_{object}, deadline_{deadline}, where_{where}, readiness_{readiness} {}
  ~Operation() = default;

 private:
  std::string_view name_;
  ObjectId object_;
  Instant deadline_;
  source_location where_;
  Readiness readiness_;
};

/// An operation that can always run and touches nothing: what is decided in it matters to its thread alone.
class Deciding final : public Operation {
 public:
  /// `name` must outlive it.
  explicit Deciding(std::string_view name, source_location where = {}) noexcept
      : Operation{name, {}, Readiness::always, never, where} {}
  [[nodiscard]] Footprint footprint() const override { return {}; }
};

/// An operation that can always run and touches one object.
class SimpleOperation final : public Operation {
 public:
  /// `name` must outlive it.
  SimpleOperation(std::string_view name, Access access, source_location where = {}) noexcept
      : Operation{name, access.object, Readiness::always, never, where}, access_{access} {}
  [[nodiscard]] Footprint footprint() const override { return {&access_, 1}; }

 private:
  Access access_;
};

}  // namespace lockstep::sim

/// Objects' identities as keys.
template <>
struct std::hash<lockstep::sim::ObjectId> {
  /// Spreads the identity over all bits.
  std::size_t operator()(lockstep::sim::ObjectId id) const noexcept {
    return static_cast<std::size_t>(id.value * 0x9E3779B97F4A7C15U);
  }
};
