// A plain variable that threads share: every access is checked for a data race.
#pragma once

#include <lockstep/sim/assigned.hpp>
#include <lockstep/sim/execution.hpp>
#include <lockstep/sim/source_location.hpp>
#include <lockstep/sim/text.hpp>

#include <concepts>
#include <type_traits>
#include <utility>

namespace lockstep::sim {

namespace detail {

template <class T>
class ReferredValue;

}  // namespace detail

/// A variable that is not atomic, in place of a plain `T`. Two accesses by different threads, of which at
/// least one writes and neither happens before the other, are found as a data race, in whatever order they
/// run.
///
/// What happens before what is as C++20 says, by the memory orders that the code names (see
/// happens_before.hpp), not by the order that an interleaving happens to have. To make and to destroy it are
/// writes.
///
/// An access is no step, so it adds no interleavings. None is needed: whether two accesses are ordered
/// depends on the steps before them alone, and is the same in all interleavings that are explored as one. Up
/// to the first race every read sees the last write that happens before it, so threads go the same way in all
/// of these as well.
///
/// Reading by `get` or `read` and writing by assignment, `set` or `write` name the line of the access;
/// the implicit conversion, ++ and --, and copying from another variable cannot.
/// Safe to use from any simulated thread; outside an execution it is a plain value. A thread that reads it
/// very often without a step in between is taken for one that waits in a loop: others go first, and it ends
/// as FindingKind::bound. Cost: a look-up and a few comparisons; from the first one on, each step of an
/// execution keeps clocks.
template <class T>
class var {
  static_assert(std::is_object_v<T> && !std::is_const_v<T> && !std::is_array_v<T>,
                "lockstep::sim::var holds a value that can change; of an array, make an array of var");

 public:
  using value_type = T;  ///< what it holds

  /// Holds `T()`.
  var(source_location where = source_location::current())
    requires std::default_initializable<T>
      : value_() {
    touch(detail::Touching::begin, where);
  }
  /// Holds `value`. Explicit, so that an assignment of a value is one, and knows its line.
  explicit var(T value, source_location where = source_location::current()) : value_(std::move(value)) {
    touch(detail::Touching::begin, where);
  }
  /// Reads `other`.
  var(const var& other, source_location where = source_location::current()) : value_(other.get(where)) {
    touch(detail::Touching::begin, where);
  }
  ~var() { touch(detail::Touching::end, {}); }

  /// Reads `other` and writes this one.
  var& operator=(
      const var& other) {  // NOLINT(bugprone-unhandled-self-assignment,cert-oop54-cpp): as a plain variable
    set(other.get({}), {});
    return *this;
  }
  /// Writes.
  var& operator=(detail::Assigned<T> assigned) {
    set(std::move(assigned.value), assigned.where);
    return *this;
  }

  /// A copy of the value: a read.
  [[nodiscard]] T get(source_location where = source_location::current()) const { return read(where); }
  /// Replaces the value: a write.
  void set(T value, source_location where = source_location::current()) {
    touch(detail::Touching::write, where, "= ", value);
    value_ = std::move(value);
  }
  /// The value, to look at until the next step: a read.
  [[nodiscard]] const T& read(source_location where = source_location::current()) const {
    touch(detail::Touching::read, where, "-> ", value_);
    return value_;
  }
  /// The value, to change until the next step: a write.
  [[nodiscard]] T& write(source_location where = source_location::current()) {
    touch(detail::Touching::write, where);
    return value_;
  }
  /// A read.
  // NOLINTNEXTLINE(google-explicit-constructor,hicpp-explicit-conversions): as a plain variable
  operator T() const { return get({}); }

  /// Reads and writes.
  var& operator+=(detail::Assigned<T> by) {
    return change(by.where, [&](T& value) { value += by.value; });
  }
  /// Reads and writes.
  var& operator-=(detail::Assigned<T> by) {
    return change(by.where, [&](T& value) { value -= by.value; });
  }
  /// Reads and writes.
  var& operator*=(detail::Assigned<T> by) {
    return change(by.where, [&](T& value) { value *= by.value; });
  }
  /// Reads and writes.
  var& operator|=(detail::Assigned<T> with) {
    return change(with.where, [&](T& value) { value |= with.value; });
  }
  /// Reads and writes.
  var& operator&=(detail::Assigned<T> with) {
    return change(with.where, [&](T& value) { value &= with.value; });
  }
  /// Reads and writes.
  var& operator++() {
    return change({}, [](T& value) { ++value; });
  }
  /// Reads and writes.
  var& operator--() {
    return change({}, [](T& value) { --value; });
  }
  /// Reads and writes; returns the value before.
  T operator++(int) {
    T before = get({});
    ++*this;
    return before;
  }
  /// Reads and writes; returns the value before.
  T operator--(int) {
    T before = get({});
    --*this;
    return before;
  }

  /// Its identity, for `label`.
  [[nodiscard]] ObjectId id() const noexcept { return object_.id(); }

 private:
  friend class detail::ReferredValue<T>;

  void touch(detail::Touching how, const source_location& where) const {
    if (Execution* execution = Execution::current()) execution->touch(id(), how, where, {});
  }
  void touch(detail::Touching how, const source_location& where, const char* prefix, const T& value) const {
    Execution* execution = Execution::current();
    if (execution == nullptr) return;
    execution->touch(id(), how, where,
                     execution->recording() ? detail::prefixed(prefix, detail::text(value)) : std::string{});
  }
  template <class Change>
  var& change(const source_location& where, Change&& change) {
    T value = get(where);
    change(value);
    set(std::move(value), where);
    return *this;
  }

  Object object_{"var"};
  T value_;
};

/// Deduces the type of the value.
template <class T>
var(T) -> var<T>;

}  // namespace lockstep::sim
