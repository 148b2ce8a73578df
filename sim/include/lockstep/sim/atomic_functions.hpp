// std's free functions on atomics, for sim::atomic and sim::atomic_flag: each calls the member of that name.
#pragma once

#include <lockstep/sim/atomic.hpp>

#include <atomic>

namespace lockstep::sim {

namespace detail {
/// The type of an atomic's value, or of what is added to it; not deduced from.
template <class T>
using ValueOf = typename atomic<T>::value_type;
template <class T>
using DifferenceOf = typename atomic<T>::difference_type;
}  // namespace detail

/// std::atomic_is_lock_free.
template <class T>
[[nodiscard]] bool atomic_is_lock_free(const atomic<T>* object) noexcept {
  return object->is_lock_free();
}
/// std::atomic_load.
template <class T>
[[nodiscard]] T atomic_load(const atomic<T>* object) {
  return object->load();
}
/// std::atomic_load_explicit.
template <class T>
[[nodiscard]] T atomic_load_explicit(const atomic<T>* object, std::memory_order order) {
  return object->load(order);
}
/// std::atomic_store.
template <class T>
void atomic_store(atomic<T>* object, detail::ValueOf<T> desired) {
  object->store(desired);
}
/// std::atomic_store_explicit.
template <class T>
void atomic_store_explicit(atomic<T>* object, detail::ValueOf<T> desired, std::memory_order order) {
  object->store(desired, order);
}
/// std::atomic_exchange.
template <class T>
T atomic_exchange(atomic<T>* object, detail::ValueOf<T> desired) {
  return object->exchange(desired);
}
/// std::atomic_exchange_explicit.
template <class T>
T atomic_exchange_explicit(atomic<T>* object, detail::ValueOf<T> desired, std::memory_order order) {
  return object->exchange(desired, order);
}
/// std::atomic_compare_exchange_strong.
template <class T>
bool atomic_compare_exchange_strong(atomic<T>* object, detail::ValueOf<T>* expected,
                                    detail::ValueOf<T> desired) {
  return object->compare_exchange_strong(*expected, desired);
}
/// std::atomic_compare_exchange_strong_explicit.
template <class T>
bool atomic_compare_exchange_strong_explicit(atomic<T>* object, detail::ValueOf<T>* expected,
                                             detail::ValueOf<T> desired, std::memory_order success,
                                             std::memory_order failure) {
  return object->compare_exchange_strong(*expected, desired, success, failure);
}
/// std::atomic_compare_exchange_weak.
template <class T>
bool atomic_compare_exchange_weak(atomic<T>* object, detail::ValueOf<T>* expected,
                                  detail::ValueOf<T> desired) {
  return object->compare_exchange_weak(*expected, desired);
}
/// std::atomic_compare_exchange_weak_explicit.
template <class T>
bool atomic_compare_exchange_weak_explicit(atomic<T>* object, detail::ValueOf<T>* expected,
                                           detail::ValueOf<T> desired, std::memory_order success,
                                           std::memory_order failure) {
  return object->compare_exchange_weak(*expected, desired, success, failure);
}
/// std::atomic_fetch_add.
template <class T>
T atomic_fetch_add(atomic<T>* object, detail::DifferenceOf<T> by) {
  return object->fetch_add(by);
}
/// std::atomic_fetch_add_explicit.
template <class T>
T atomic_fetch_add_explicit(atomic<T>* object, detail::DifferenceOf<T> by, std::memory_order order) {
  return object->fetch_add(by, order);
}
/// std::atomic_fetch_sub.
template <class T>
T atomic_fetch_sub(atomic<T>* object, detail::DifferenceOf<T> by) {
  return object->fetch_sub(by);
}
/// std::atomic_fetch_sub_explicit.
template <class T>
T atomic_fetch_sub_explicit(atomic<T>* object, detail::DifferenceOf<T> by, std::memory_order order) {
  return object->fetch_sub(by, order);
}
/// std::atomic_fetch_and.
template <class T>
T atomic_fetch_and(atomic<T>* object, detail::ValueOf<T> with) {
  return object->fetch_and(with);
}
/// std::atomic_fetch_and_explicit.
template <class T>
T atomic_fetch_and_explicit(atomic<T>* object, detail::ValueOf<T> with, std::memory_order order) {
  return object->fetch_and(with, order);
}
/// std::atomic_fetch_or.
template <class T>
T atomic_fetch_or(atomic<T>* object, detail::ValueOf<T> with) {
  return object->fetch_or(with);
}
/// std::atomic_fetch_or_explicit.
template <class T>
T atomic_fetch_or_explicit(atomic<T>* object, detail::ValueOf<T> with, std::memory_order order) {
  return object->fetch_or(with, order);
}
/// std::atomic_fetch_xor.
template <class T>
T atomic_fetch_xor(atomic<T>* object, detail::ValueOf<T> with) {
  return object->fetch_xor(with);
}
/// std::atomic_fetch_xor_explicit.
template <class T>
T atomic_fetch_xor_explicit(atomic<T>* object, detail::ValueOf<T> with, std::memory_order order) {
  return object->fetch_xor(with, order);
}
/// std::atomic_wait.
template <class T>
void atomic_wait(const atomic<T>* object, detail::ValueOf<T> old) {
  object->wait(old);
}
/// std::atomic_wait_explicit.
template <class T>
void atomic_wait_explicit(const atomic<T>* object, detail::ValueOf<T> old, std::memory_order order) {
  object->wait(old, order);
}
/// std::atomic_notify_one.
template <class T>
void atomic_notify_one(atomic<T>* object) {
  object->notify_one();
}
/// std::atomic_notify_all.
template <class T>
void atomic_notify_all(atomic<T>* object) {
  object->notify_all();
}
/// std::atomic_flag_test.
[[nodiscard]] inline bool atomic_flag_test(const atomic_flag* object) { return object->test(); }
/// std::atomic_flag_test_explicit.
[[nodiscard]] inline bool atomic_flag_test_explicit(const atomic_flag* object, std::memory_order order) {
  return object->test(order);
}
/// std::atomic_flag_test_and_set.
inline bool atomic_flag_test_and_set(atomic_flag* object) { return object->test_and_set(); }
/// std::atomic_flag_test_and_set_explicit.
inline bool atomic_flag_test_and_set_explicit(atomic_flag* object, std::memory_order order) {
  return object->test_and_set(order);
}
/// std::atomic_flag_clear.
inline void atomic_flag_clear(atomic_flag* object) { object->clear(); }
/// std::atomic_flag_clear_explicit.
inline void atomic_flag_clear_explicit(atomic_flag* object, std::memory_order order) { object->clear(order); }
/// std::atomic_flag_wait.
inline void atomic_flag_wait(const atomic_flag* object, bool old) { object->wait(old); }
/// std::atomic_flag_wait_explicit.
inline void atomic_flag_wait_explicit(const atomic_flag* object, bool old, std::memory_order order) {
  object->wait(old, order);
}
/// std::atomic_flag_notify_one.
inline void atomic_flag_notify_one(atomic_flag* object) { object->notify_one(); }
/// std::atomic_flag_notify_all.
inline void atomic_flag_notify_all(atomic_flag* object) { object->notify_all(); }
/// std::atomic_signal_fence. Nothing to do: there are no signals in the simulator.
inline void atomic_signal_fence(std::memory_order) noexcept {}

}  // namespace lockstep::sim
