// What stands to the right of an assignment, with its line.
#pragma once

#include <lockstep/sim/source_location.hpp>

#include <concepts>
#include <utility>

namespace lockstep::sim::detail {

/// A value, and the line that it is assigned on.
template <class T>
struct Assigned {
  template <std::convertible_to<T> U>
  // NOLINTNEXTLINE(google-explicit-constructor,hicpp-explicit-conversions): made by the assignment
  Assigned(U&& assigned, source_location line = source_location::current())
      : value(std::forward<U>(assigned)), where{line} {}
  T value;
  source_location where;
};

}  // namespace lockstep::sim::detail
