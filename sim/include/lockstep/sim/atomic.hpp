// std::atomic under the simulator: every operation is a step that others can come between.
//
// In interleavings values are sequentially consistent whatever the memory order: a test that passes may still
// fail on real hardware for an order that is too weak, unless it is explored under MemoryModel::rc11. What an
// operation orders is as its memory order says, so an order too weak for the plain variables that it
// publishes (var.hpp) is found in any case, as a data race.
#pragma once

#include <lockstep/sim/assigned.hpp>
#include <lockstep/sim/parking.hpp>
#include <lockstep/sim/source_location.hpp>
#include <lockstep/sim/text.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>

namespace lockstep::sim {

namespace detail {

/// Makes bytes that belong to no member the same in all values.
template <class T>
void clear_padding([[maybe_unused]] T& value) noexcept {
#if defined(__has_builtin)
#if __has_builtin(__builtin_clear_padding)
  if constexpr (!std::has_unique_object_representations_v<T> && !std::is_scalar_v<T>) {
    __builtin_clear_padding(&value);
  }
#endif
#endif
}

template <class T>
[[nodiscard]] bool same_bytes(T left, T right) noexcept {
  clear_padding(left);
  clear_padding(right);
  return std::memcmp(&left, &right, sizeof(T)) == 0;
}

/// A number for a value: the same for the same value, and for others hardly ever.
template <class T>
[[nodiscard]] std::uint64_t digest(T value) noexcept {
  clear_padding(value);
  std::uint64_t number = 0;
  for (std::size_t at = 0; at < sizeof(T); at += sizeof(number)) {
    std::uint64_t word = 0;
    std::memcpy(&word, reinterpret_cast<const char*>(&value) + at, std::min(sizeof(word), sizeof(T) - at));
    number = (number ^ word) * 0x9E3779B97F4A7C15U;
    number ^= number >> 32U;
  }
  return number >> 1U;
}

/// Replaces a value by `next(value)`.
template <class T, class Next>
class ReadModifyWrite final : public Operation {
 public:
  ReadModifyWrite(std::string_view name, ObjectId object, const T& value, const Next& next,
                  source_location where)
      : Operation{name, object, Readiness::always, never, where},
        access_{object, true},
        value_{&value},
        next_{&next} {}
  [[nodiscard]] Footprint footprint() const override { return {&access_, 1}; }
  [[nodiscard]] bool silent() const override { return same_bytes<T>((*next_)(*value_), *value_); }
  [[nodiscard]] std::uint64_t sees() const override { return digest(*value_); }

 private:
  Access access_;
  const T* value_;
  const Next* next_;
};

/// Writes only if the value is the expected one at that moment.
template <class T>
class CompareExchange final : public Operation {
 public:
  CompareExchange(std::string_view name, ObjectId object, const T& value, const T& expected, const T& desired,
                  source_location where)
      : Operation{name, object, Readiness::always, never, where},
        access_{object, true},
        value_{&value},
        expected_{&expected},
        desired_{&desired} {}
  [[nodiscard]] Footprint footprint() const override {
    access_.write = same_bytes(*value_, *expected_);
    return {&access_, 1};
  }
  [[nodiscard]] Footprint widest_footprint() const override {
    access_.write = true;
    return {&access_, 1};
  }
  [[nodiscard]] bool silent() const override {
    return !same_bytes(*value_, *expected_) || same_bytes(*value_, *desired_);
  }
  [[nodiscard]] std::uint64_t sees() const override { return digest(*value_); }
  [[nodiscard]] std::uint64_t writes_if() const override { return digest(*expected_); }

 private:
  mutable Access access_;
  const T* value_;
  const T* expected_;
  const T* desired_;
};

/// The queue of those who wait for an atomic, as an object beside its value.
[[nodiscard]] inline ObjectId queue_of(ObjectId atomic) noexcept {
  return {atomic.value | (std::uint64_t{1} << 61U)};
}

/// Looks at a value, and joins the queue if it is still the old one.
template <class T>
class AtomicWait final : public Operation {
 public:
  AtomicWait(std::string_view name, ObjectId object, const T& value, const T& old, const Waiter* waiter,
             source_location where)
      : Operation{name, object, waiter == nullptr ? Readiness::always : Readiness::conditional, never, where},
        accesses_{{{object, false}, {queue_of(object), true}}},
        value_{&value},
        old_{&old},
        waiter_{waiter} {}
  [[nodiscard]] Footprint footprint() const override {
    accesses_[1].write = same_bytes(*value_, *old_);
    return accesses_;
  }
  [[nodiscard]] Footprint widest_footprint() const override {
    accesses_[1].write = true;
    return accesses_;
  }
  [[nodiscard]] Waits waits() const override { return Waits::for_nothing; }  // but a notification
  [[nodiscard]] bool enabled() const override { return waiter_ == nullptr || waiter_->notified(); }
  [[nodiscard]] bool wants_notification() const override {
    return waiter_ != nullptr && !waiter_->notified();
  }
  [[nodiscard]] bool missed_notification() const override {
    return wants_notification() && waiter_->came_too_late();
  }

 private:
  mutable std::array<Access, 2> accesses_;
  const T* value_;
  const T* old_;
  const Waiter* waiter_;
};

/// Joins the queue and looks at the value, under a model of memory.
class JoinQueue final : public Operation {
 public:
  JoinQueue(ObjectId atomic, const source_location& where)
      : Operation{"wait", atomic, Readiness::always, never, where}, access_{queue_of(atomic), true} {}
  [[nodiscard]] Footprint footprint() const override { return {&access_, 1}; }
  [[nodiscard]] bool loads_too() const override { return true; }

 private:
  Access access_;
};

/// A thread that has joined the queue, likewise.
class Woken final : public Operation {
 public:
  Woken(ObjectId atomic, const Waiter& waiter, const source_location& where)
      : Operation{"wake", atomic, Readiness::conditional, never, where}, waiter_{&waiter} {}
  [[nodiscard]] Footprint footprint() const override { return {}; }
  [[nodiscard]] bool enabled() const override { return waiter_->notified(); }
  [[nodiscard]] bool wants_notification() const override { return !waiter_->notified(); }
  [[nodiscard]] bool missed_notification() const override {
    return !waiter_->notified() && waiter_->came_too_late();
  }

 private:
  const Waiter* waiter_;
};

/// A load that waits until the value suits.
template <class T, class Suits>
class Awaiting final : public Operation {
 public:
  Awaiting(ObjectId object, const T& value, const Suits& suits, const source_location& where)
      : Operation{"await", object, Readiness::conditional, never, where},
        access_{object, false},
        value_{&value},
        suits_{&suits} {}
  [[nodiscard]] Footprint footprint() const override { return {&access_, 1}; }
  [[nodiscard]] bool enabled() const override { return (*suits_)(*value_); }

 private:
  Access access_;
  const T* value_;
  const Suits* suits_;
};

/// Where an atomic keeps its value: in itself.
template <class T>
class OwnValue {
 public:
  OwnValue() noexcept(std::is_nothrow_default_constructible_v<T>) : value_() {}
  explicit OwnValue(T value) noexcept : value_{value} {}
  [[nodiscard]] ObjectId id() const noexcept { return object_.id(); }
  [[nodiscard]] T& value() noexcept { return value_; }
  [[nodiscard]] const T& value() const noexcept { return value_; }
  void touched(bool) const noexcept {}

 private:
  Object object_{"atomic"};
  T value_;
};

/// What all atomics have. `Value` is where it is kept.
template <class T, class Value>
class AtomicBase {
  static_assert(std::is_trivially_copyable_v<T>, "std::atomic<T> requires a trivially copyable type");

 public:
  using value_type = T;
  static constexpr bool is_always_lock_free = true;

  AtomicBase() = default;
  // NOLINTNEXTLINE(google-explicit-constructor,hicpp-explicit-conversions): as std's
  AtomicBase(T value) noexcept : value_{value} {}
  explicit AtomicBase(const Value& value) noexcept
    requires std::copyable<Value>
      : value_{value} {}
  AtomicBase(const AtomicBase&) = delete;
  AtomicBase& operator=(const AtomicBase&) = delete;

  T operator=(T desired) {  // NOLINT(misc-unconventional-assign-operator): as std's
    store(desired, std::memory_order_seq_cst, {});
    return desired;
  }
  // NOLINTNEXTLINE(google-explicit-constructor,hicpp-explicit-conversions): as std's
  operator T() const { return load(std::memory_order_seq_cst, {}); }
  [[nodiscard]] bool is_lock_free() const noexcept { return true; }

  void store(T desired, std::memory_order order = std::memory_order_seq_cst,
             source_location where = source_location::current()) {
    allow(for_stores(order), "store");
    if (detail::WeakMemory* weak = memory()) {
      weak->store(access("store", order, where), &desired);
      value_.touched(true);
      if (Execution* execution = Execution::current(); execution->recording())
        execution->outcome(prefixed("= ", text(desired)) + weak->remark());
      return;
    }
    const auto stored = [](T, T now) { return prefixed("= ", text(now)); };
    modify("store", [&](T) { return desired; }, stored, where);
    value_.touched(true);
    ordered([&](HappensBefore& known, unsigned thread) { known.store(thread, id(), order); });
  }

  [[nodiscard]] T load(std::memory_order order = std::memory_order_seq_cst,
                       source_location where = source_location::current()) const {
    allow(for_loads(order), "load");
    Execution* execution = Execution::current();
    if (execution == nullptr) {
      refuse_strangers(id());
      return value_.value();
    }
    if (detail::WeakMemory* weak = execution->weak()) {
      Loaded loaded;
      weak->load(access("load", order, where), &loaded.value);
      value_.touched(false);
      if (execution->recording()) execution->outcome(prefixed("-> ", text(loaded.value)) + weak->remark());
      return loaded.value;
    }
    SimpleOperation operation{"load", {id(), false}, where};
    execution->visible(operation);
    order_load(order);
    if (execution->recording()) execution->outcome(prefixed("-> ", text(value_.value())));
    return value_.value();
  }

  T exchange(T desired, std::memory_order order = std::memory_order_seq_cst,
             source_location where = source_location::current()) {
    return modify("exchange", order, [&](T) { return desired; }, where);
  }

  bool compare_exchange_strong(T& expected, T desired, std::memory_order success, std::memory_order failure,
                               source_location where = source_location::current()) {
    return compare_exchange(expected, desired, success, failure, where);
  }
  bool compare_exchange_strong(T& expected, T desired, std::memory_order order = std::memory_order_seq_cst,
                               source_location where = source_location::current()) {
    return compare_exchange(expected, desired, order, of_failure(order), where);
  }
  /// Fails spuriously if Options::spurious allows it.
  bool compare_exchange_weak(T& expected, T desired, std::memory_order success, std::memory_order failure,
                             source_location where = source_location::current()) {
    return compare_exchange(expected, desired, success, failure, where, true);
  }
  bool compare_exchange_weak(T& expected, T desired, std::memory_order order = std::memory_order_seq_cst,
                             source_location where = source_location::current()) {
    return compare_exchange(expected, desired, order, of_failure(order), where, true);
  }

  /// Blocks while the value is `old`; looks again only when notified, as std's does.
  void wait(T old, std::memory_order order = std::memory_order_seq_cst,
            source_location where = source_location::current()) const {
    allow(for_loads(order), "wait");
    Execution* execution = Execution::current();
    if (execution == nullptr) {
      if (same_bytes(value_.value(), old)) refuse_to_block("atomic::wait");
      return;
    }
    if (execution->weak() != nullptr) return wait_weakly(*execution, old, order, where);
    AtomicWait<T> look{"wait", id(), value_.value(), old, nullptr, where};
    execution->visible(look);
    order_load(order);
    while (same_bytes(value_.value(), old) && !execution->abandoned()) {
      if (execution->recording()) execution->outcome(prefixed("blocks at ", text(old)));
      const Waiter waiter{*execution, queue_of(id())};
      AtomicWait<T> wake{"wake", id(), value_.value(), old, &waiter, where};
      execution->visible(wake);
      order_load(order);
    }
    if (execution->recording()) execution->outcome(prefixed("-> ", text(value_.value())));
  }
  /// Blocks until `suits(value)`, and returns that value: what `while (!suits(value = load(order))) yield();`
  /// does, explored without its rounds. If no such value ever comes, that is a deadlock. Not in std. `suits`
  /// must not touch what threads share.
  template <std::predicate<T> Suits>
  T await(const Suits& suits, std::memory_order order = std::memory_order_seq_cst,
          source_location where = source_location::current()) const {
    allow(for_loads(order), "await");
    Execution* execution = Execution::current();
    if (execution == nullptr) {
      if (!suits(value_.value())) refuse_to_block("atomic::await");
      return value_.value();
    }
    if (detail::WeakMemory* weak = execution->weak()) {
      for (;;) {
        const T seen = load(order, where);
        if (suits(seen) || execution->abandoned()) return seen;
        weak->wait_for_change(where);
      }
    }
    Awaiting<T, Suits> awaiting{id(), value_.value(), suits, where};
    execution->visible(awaiting);
    order_load(order);
    if (execution->recording()) execution->outcome(prefixed("-> ", text(value_.value())));
    return value_.value();
  }
  void notify_one(source_location where = source_location::current()) {
    notify("notify_one", queue_of(id()), false, where);
  }
  void notify_all(source_location where = source_location::current()) {
    notify("notify_all", queue_of(id()), true, where);
  }

  /// Its identity, for `label` and for the footprints of steps.
  [[nodiscard]] ObjectId id() const noexcept { return value_.id(); }

 protected:
  static std::string change(T before, T after) { return from_to(text(before), text(after)); }

  /// A read-modify-write: one step from `value` to `next(value)`; returns the value before.
  template <class Next>
  T modify(std::string_view name, std::memory_order order, const Next& next, source_location where) {
    if (detail::WeakMemory* weak = memory()) {
      Loaded loaded;
      const auto apply = [](const void* context, const void* old, void* changed) {
        T value = from_bytes(old);
        value = (*static_cast<const Next*>(context))(value);
        std::memcpy(changed, &value, sizeof(T));
        return true;
      };
      weak->modify(access(name, order, where), order, {apply, &next}, &loaded.value);
      value_.touched(true);
      if (Execution* execution = Execution::current(); execution->recording())
        execution->outcome(change(loaded.value, next(loaded.value)) + weak->remark());
      return loaded.value;
    }
    const T before = modify(name, next, &change, where);
    order_change(order);
    return before;
  }

 private:
  template <class Next>
  T modify(std::string_view name, const Next& next, std::string (*describe)(T, T),
           const source_location& where) {
    if (Execution* execution = Execution::current()) {
      ReadModifyWrite<T, Next> operation{name, id(), value_.value(), next, where};
      execution->visible(operation);
      if (execution->recording()) execution->outcome(describe(value_.value(), next(value_.value())));
    } else {
      refuse_strangers(id());
    }
    const T before = value_.value();
    value_.value() = next(value_.value());
    return before;
  }

  void order_load(std::memory_order order) const {
    ordered([&](HappensBefore& known, unsigned thread) { known.load(thread, id(), order); });
    value_.touched(false);
  }
  void order_change(std::memory_order order) {
    ordered([&](HappensBefore& known, unsigned thread) { known.load(thread, id(), order); });
    value_.touched(true);
    ordered([&](HappensBefore& known, unsigned thread) { known.extend(thread, id(), order); });
  }

  void allow(bool order, std::string_view operation) const {
    if (!order) disallowed_order(operation, id());
  }
  static constexpr bool for_loads(std::memory_order order) noexcept {
    return order != std::memory_order_release && order != std::memory_order_acq_rel;
  }
  static constexpr bool for_stores(std::memory_order order) noexcept {
    return order == std::memory_order_relaxed || order == std::memory_order_release ||
           order == std::memory_order_seq_cst;
  }

  static constexpr std::memory_order of_failure(std::memory_order order) noexcept {
    return order == std::memory_order_acq_rel   ? std::memory_order_acquire
           : order == std::memory_order_release ? std::memory_order_relaxed
                                                : order;
  }

  bool compare_exchange(T& expected, T desired, std::memory_order success, std::memory_order failure,
                        const source_location& where, bool weak = false) {
    allow(for_loads(failure), "compare_exchange that fails");
    Execution* execution = Execution::current();
    if (memory() != nullptr) return compare_exchange_weakly(expected, desired, success, failure, where, weak);
    if (execution != nullptr) {
      CompareExchange<T> operation{"compare_exchange", id(), value_.value(), expected, desired, where};
      execution->visible(operation);
    } else {
      refuse_strangers(id());
    }
    const bool matches = same_bytes(value_.value(), expected);
    const bool equal = matches && !(weak && execution != nullptr && execution->spuriously());
    equal ? order_change(success) : order_load(failure);
    if (execution != nullptr && execution->recording()) {
      execution->outcome(equal     ? change(expected, desired)
                         : matches ? "fails spuriously"
                                   : prefixed("fails: is ", text(value_.value())));
    }
    if (equal) {
      value_.value() = desired;
    } else {
      expected = value_.value();
    }
    return equal;
  }

 private:
  // By a model of memory.

  /// Filled by the memory, so it need not be made.
  union Loaded {
    Loaded() noexcept {}
    ~Loaded() {}
    T value;
  };
  static T from_bytes(const void* bytes) noexcept {
    Loaded loaded;
    std::memcpy(&loaded.value, bytes, sizeof(T));
    return loaded.value;
  }
  [[nodiscard]] static WeakMemory* memory() noexcept {
    const Execution* execution = Execution::current();
    return execution != nullptr ? execution->weak() : nullptr;
  }
  [[nodiscard]] MemoryAccess access(std::string_view name, std::memory_order order,
                                    const source_location& where) const noexcept {
    return {name, id(), order, const_cast<T*>(&value_.value()), sizeof(T), where};
  }

  bool compare_exchange_weakly(T& expected, T desired, std::memory_order success, std::memory_order failure,
                               const source_location& where, bool spurious) {
    Execution& execution = *Execution::current();
    const bool fails = spurious && execution.spuriously();
    struct Exchange {
      const T* expected;
      const T* desired;
      bool fails;
    };
    const Exchange exchange{&expected, &desired, fails};
    const auto apply = [](const void* context, const void* old, void* next) {
      const auto& wanted = *static_cast<const Exchange*>(context);
      if (wanted.fails || !same_bytes(from_bytes(old), *wanted.expected)) return false;
      std::memcpy(next, wanted.desired, sizeof(T));
      return true;
    };
    Loaded loaded;
    const bool equal = execution.weak()->modify(access("compare_exchange", success, where), failure,
                                                {apply, &exchange}, &loaded.value);
    value_.touched(equal);
    if (execution.recording()) {
      execution.outcome((equal                                ? change(expected, desired)
                         : same_bytes(loaded.value, expected) ? std::string{"fails spuriously"}
                                                              : prefixed("fails: is ", text(loaded.value))) +
                        execution.weak()->remark());
    }
    if (!equal) expected = loaded.value;
    return equal;
  }

  /// Looking and joining the queue are one step, as they are for the kernel's futex. Who is notified looks
  /// again.
  void wait_weakly(Execution& execution, T old, std::memory_order order, const source_location& where) const {
    for (;;) {
      JoinQueue join{id(), where};
      execution.visible(join);
      if (execution.abandoned()) return execution.unwind();
      execution.weak()->joins(queue_of(id()));
      MemoryAccess look = access("wait", order, where);
      look.announced = true;
      Loaded loaded;
      execution.weak()->load(look, &loaded.value);
      value_.touched(false);
      const bool blocks = same_bytes(loaded.value, old);
      if (execution.recording()) {
        execution.outcome(prefixed(blocks ? "blocks at " : "-> ", text(loaded.value)) +
                          execution.weak()->remark());
      }
      if (!blocks) return;
      const Waiter waiter{execution, queue_of(id())};
      Woken wake{id(), waiter, where};
      execution.visible(wake);
    }
  }

 protected:
  [[nodiscard]] const Value& place() const noexcept { return value_; }

 private:
  Value value_;
};

/// Those of numbers and pointers; `D` is what is added to them.
template <class T, class D, class Value>
class AtomicArithmetic : public AtomicBase<T, Value> {
 public:
  using difference_type = D;
  using AtomicBase<T, Value>::AtomicBase;
  using AtomicBase<T, Value>::operator=;

  T fetch_add(D by, std::memory_order order = std::memory_order_seq_cst,
              source_location where = source_location::current()) {
    return this->modify("fetch_add", order, [&](T value) { return plus(value, by); }, where);
  }
  T fetch_sub(D by, std::memory_order order = std::memory_order_seq_cst,
              source_location where = source_location::current()) {
    return this->modify("fetch_sub", order, [&](T value) { return minus(value, by); }, where);
  }
  T operator+=(Assigned<D> by) {
    return plus(fetch_add(by.value, std::memory_order_seq_cst, by.where), by.value);
  }
  T operator-=(Assigned<D> by) {
    return minus(fetch_sub(by.value, std::memory_order_seq_cst, by.where), by.value);
  }

 protected:
  // Signed atomics wrap around, unlike signed arithmetic.
  static T plus(T value, D by) { return add(value, by, false); }
  static T minus(T value, D by) { return add(value, by, true); }

 private:
  static T add(T value, D by, bool negative) {
    if constexpr (std::is_integral_v<T>) {
      using Unsigned = std::make_unsigned_t<T>;
      const auto left = static_cast<std::uint64_t>(static_cast<Unsigned>(value));
      const auto right = static_cast<std::uint64_t>(static_cast<Unsigned>(by));
      return static_cast<T>(static_cast<Unsigned>(negative ? left - right : left + right));
    } else {
      return negative ? value - by : value + by;
    }
  }
};

template <class T, class Value>
class AtomicIntegral : public AtomicArithmetic<T, T, Value> {
 public:
  using AtomicArithmetic<T, T, Value>::AtomicArithmetic;
  using AtomicArithmetic<T, T, Value>::operator=;

  T fetch_and(T with, std::memory_order order = std::memory_order_seq_cst,
              source_location where = source_location::current()) {
    return this->modify("fetch_and", order, [&](T value) { return static_cast<T>(value & with); }, where);
  }
  T fetch_or(T with, std::memory_order order = std::memory_order_seq_cst,
             source_location where = source_location::current()) {
    return this->modify("fetch_or", order, [&](T value) { return static_cast<T>(value | with); }, where);
  }
  T fetch_xor(T with, std::memory_order order = std::memory_order_seq_cst,
              source_location where = source_location::current()) {
    return this->modify("fetch_xor", order, [&](T value) { return static_cast<T>(value ^ with); }, where);
  }
  T operator&=(Assigned<T> with) {
    return static_cast<T>(fetch_and(with.value, std::memory_order_seq_cst, with.where) & with.value);
  }
  T operator|=(Assigned<T> with) {
    return static_cast<T>(fetch_or(with.value, std::memory_order_seq_cst, with.where) | with.value);
  }
  T operator^=(Assigned<T> with) {
    return static_cast<T>(fetch_xor(with.value, std::memory_order_seq_cst, with.where) ^ with.value);
  }
  T operator++() { return this->plus(this->fetch_add(1, std::memory_order_seq_cst, {}), 1); }
  T operator--() { return this->minus(this->fetch_sub(1, std::memory_order_seq_cst, {}), 1); }
  T operator++(int) { return this->fetch_add(1, std::memory_order_seq_cst, {}); }
  T operator--(int) { return this->fetch_sub(1, std::memory_order_seq_cst, {}); }
};

template <class T, class Value>
class AtomicPointer : public AtomicArithmetic<T, std::ptrdiff_t, Value> {
 public:
  using AtomicArithmetic<T, std::ptrdiff_t, Value>::AtomicArithmetic;
  using AtomicArithmetic<T, std::ptrdiff_t, Value>::operator=;

  T operator++() { return this->fetch_add(1, std::memory_order_seq_cst, {}) + 1; }
  T operator--() { return this->fetch_sub(1, std::memory_order_seq_cst, {}) - 1; }
  T operator++(int) { return this->fetch_add(1, std::memory_order_seq_cst, {}); }
  T operator--(int) { return this->fetch_sub(1, std::memory_order_seq_cst, {}); }
};

// clang-format off
template <class T, class Value>
using AtomicFor =
    std::conditional_t<std::is_integral_v<T> && !std::is_same_v<T, bool>, AtomicIntegral<T, Value>,
    std::conditional_t<std::is_floating_point_v<T>, AtomicArithmetic<T, T, Value>,
    std::conditional_t<std::is_pointer_v<T> && !std::is_function_v<std::remove_pointer_t<T>> &&
                           !std::is_void_v<std::remove_pointer_t<T>>, AtomicPointer<T, Value>,
    AtomicBase<T, Value>>>>;
// clang-format on

}  // namespace detail

/// std::atomic<T>, with all its members. Each is one step; a compare-exchange that would fail only
/// reads. Operations may throw Abandoned, so they are not noexcept. Outside an execution it is a plain
/// value, and a wait that would block throws std::logic_error.
/// Deviation: in interleavings values are sequentially consistent whatever the order; see the top of the
/// file.
template <class T>
class atomic : public detail::AtomicFor<T, detail::OwnValue<T>> {
  using Base = detail::AtomicFor<T, detail::OwnValue<T>>;

 public:
  using Base::Base;
  using Base::operator=;
  atomic() = default;
};

/// Deduces the type of the value.
template <class T>
atomic(T) -> atomic<T>;

/// std::atomic_flag. Clear when it is made.
class atomic_flag {
 public:
  /// Sets it, and returns what it was.
  bool test_and_set(std::memory_order order = std::memory_order_seq_cst,
                    source_location where = source_location::current()) {
    return set_.exchange(true, order, where);
  }
  /// Clears it.
  void clear(std::memory_order order = std::memory_order_seq_cst,
             source_location where = source_location::current()) {
    set_.store(false, order, where);
  }
  /// What it is.
  [[nodiscard]] bool test(std::memory_order order = std::memory_order_seq_cst,
                          source_location where = source_location::current()) const {
    return set_.load(order, where);
  }
  /// Blocks while it is `old`; looks again only when notified.
  void wait(bool old, std::memory_order order = std::memory_order_seq_cst,
            source_location where = source_location::current()) const {
    set_.wait(old, order, where);
  }
  /// Wakes one that waits. Which one is explored.
  void notify_one(source_location where = source_location::current()) { set_.notify_one(where); }
  /// Wakes all that wait.
  void notify_all(source_location where = source_location::current()) { set_.notify_all(where); }
  /// Its identity, for `label` and for the footprints of steps.
  [[nodiscard]] ObjectId id() const noexcept { return set_.id(); }

 private:
  atomic<bool> set_{false};
};

/// std::atomic_thread_fence. In interleavings no step, because values are sequentially consistent already; it
/// orders plain variables.
inline void atomic_thread_fence(std::memory_order order, source_location where = source_location::current()) {
  if (const Execution* execution = Execution::current(); execution != nullptr && execution->weak() != nullptr)
    return execution->weak()->fence(order, where);
  detail::ordered([&](detail::HappensBefore& known, unsigned thread) { known.fence(thread, order); });
}

}  // namespace lockstep::sim
