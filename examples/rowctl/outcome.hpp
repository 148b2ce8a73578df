// What an error means to whoever runs rowctl: an exit status, and a line of JSON.
#pragma once

#include <boost/json/object.hpp>

#include <exception>

namespace rowctl {

enum class Status {
  ok = 0,
  usage = 2,
  stale = 3,
  missing = 4,
  unavailable = 5,  ///< a lock, a deadlock, a serialization failure, a busy database
  constraint = 6,
  other = 7,
};

struct Outcome {
  Status status = Status::ok;
  boost::json::object line;  ///< with `ok`, and with `error` and `message` if it is not
};

/// The outcome of whatever was thrown. Each kind of error says more than its message: which version was
/// expected, which constraint was violated.
[[nodiscard]] Outcome outcome_of(const std::exception_ptr& error);

}  // namespace rowctl
