// How Boost.Test shows the library's values when a check fails.
#pragma once

#include <lockstep/storage/storage.hpp>

#include <ostream>

namespace lockstep {

template <class T>
  requires requires(const T& value) { to_string(value); }
std::ostream& boost_test_print_type(std::ostream& out, const T& value) {
  return out << to_string(value);
}

inline std::ostream& boost_test_print_type(std::ostream& out, LockMode mode) {
  return out << (mode == LockMode::shared ? "shared" : "exclusive");
}

template <class T, class V>
std::ostream& boost_test_print_type(std::ostream& out, const Versioned<T, V>& value) {
  return out << shown(value.record) << " at " << shown(value.version);
}

}  // namespace lockstep
