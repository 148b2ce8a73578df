// std::atomic_ref under the simulator: atomic operations on a variable that others may access plainly.
#pragma once

#include <lockstep/sim/atomic.hpp>
#include <lockstep/sim/source_location.hpp>
#include <lockstep/sim/var.hpp>

#include <cstdlib>

namespace lockstep::sim {

namespace detail {

/// Where an atomic_ref has its value: in a variable.
template <class T>
class ReferredValue {
 public:
  ReferredValue(var<T>& variable, const source_location& where) noexcept
      : variable_{&variable}, where_{where} {}
  [[nodiscard]] ObjectId id() const noexcept { return variable_->id(); }
  [[nodiscard]] T& value() noexcept { return variable_->value_; }
  [[nodiscard]] const T& value() const noexcept { return variable_->value_; }
  void touched(bool write) const {
    variable_->touch(write ? Touching::atomic_write : Touching::atomic_read, where_);
  }

 private:
  var<T>* variable_;
  source_location where_;
};

template <class T>
inline constexpr bool is_var = false;

}  // namespace detail

/// std::atomic_ref<T>, of a `var<T>`: of another object it does not compile, because that has no identity
/// that is the same in each execution, and nobody would see what else accesses it. An atomic operation and a
/// plain access that are not ordered are a data race, as in std; it names the line where the reference was
/// made. Operations are not const here: make it without const.
template <class T>
class atomic_ref : public detail::AtomicFor<T, detail::ReferredValue<T>> {
  using Base = detail::AtomicFor<T, detail::ReferredValue<T>>;

 public:
  using Base::operator=;

  /// Refers to `variable`, which must outlive it.
  explicit atomic_ref(var<T>& variable, source_location where = source_location::current()) noexcept
      : Base{detail::ReferredValue<T>{variable, where}} {}
  /// Refers to the same.
  atomic_ref(const atomic_ref& other) noexcept : Base{other.place()} {}
  atomic_ref& operator=(const atomic_ref&) = delete;

  /// Of anything else.
  explicit atomic_ref(T& plain) : Base{refuse(plain)} {}

 private:
  [[noreturn]] static detail::ReferredValue<T> refuse(T&) {
    static_assert(detail::is_var<T>,
                  "lockstep::sim::atomic_ref refers to a lockstep::sim::var: declare the variable as one");
    std::abort();
  }
};

/// Deduces the type of the value.
template <class T>
atomic_ref(var<T>&) -> atomic_ref<T>;
/// Likewise, to say what is wrong.
template <class T>
atomic_ref(T&) -> atomic_ref<T>;

}  // namespace lockstep::sim
