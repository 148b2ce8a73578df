// What PostgreSQL says when it refuses, and what becomes of it.
// Source: the codes of errors, https://www.postgresql.org/docs/current/errcodes-appendix.html
#pragma once

#include <lockstep/sql/error.hpp>

#include <exception>
#include <string>
#include <utility>
#include <vector>

namespace lockstep::postgres {

/// The server refused a statement, and doing the same again would not help. Nothing was written.
class ServerError : public sql::DatabaseError {
 public:
  /// `state` is the server's code, `message` what it says.
  ServerError(std::string state, const std::string& message)
      : DatabaseError{0, joined("PostgreSQL: ", message, " (SQLSTATE ", state, ")")},
        state_{std::move(state)} {}
  /// The SQLSTATE: five characters, of which the first two are the class.
  [[nodiscard]] const std::string& sqlstate() const noexcept { return state_; }

 private:
  std::string state_;
};

/// All of `Options::max_connections` were in use for longer than `Options::connection_wait`. Nothing was
/// written. Not retried: it is a limit of this process, and not a lost race.
class NoConnectionFree : public Error {
  using Error::Error;
};

namespace detail {

/// An error of the server, as it tells it.
struct Failure {
  std::string state;
  std::string message;
  std::string detail;
  std::string table;
  std::string column;
  std::string constraint;
  bool fatal = false;  // it ended the connection
};

/// The server refused a statement of a round trip; those after it did not run.
struct Refused {
  Failure failure;
  std::size_t statement;  // which one; as many as there are: the end of the transaction
};

/// The connection ended during a round trip.
struct Broken {
  std::string why;
  bool sent;  // all of it went out: the server may have run it
};

[[nodiscard]] inline sql::ConstraintKind constraint_kind(const std::string& state) noexcept {
  if (state == "23514") return sql::ConstraintKind::check;
  if (state == "23505") return sql::ConstraintKind::unique;
  if (state == "23502") return sql::ConstraintKind::not_null;
  if (state == "23503") return sql::ConstraintKind::foreign_key;
  return sql::ConstraintKind::other;
}

/// Those who wait for each other. The server names processes and what each waits for, a line each, and
/// begins with the one that is told.
[[nodiscard]] inline Deadlock deadlock_of(const Failure& failure, Place wanted) {
  std::vector<Deadlock::Waiter> cycle;
  for (std::size_t begin = 0; begin < failure.detail.size();) {
    auto end = failure.detail.find('\n', begin);
    if (end == std::string::npos) end = failure.detail.size();
    const auto digit = failure.detail.find_first_of("0123456789", begin);
    std::uint64_t process = 0;
    for (auto at = digit; at < end && failure.detail[at] >= '0' && failure.detail[at] <= '9'; ++at) {
      process = process * 10 + static_cast<std::uint64_t>(failure.detail[at] - '0');
    }
    cycle.push_back({process, cycle.empty() ? wanted : Place{"server", "a lock"}});
    begin = end + 1;
  }
  if (cycle.empty()) cycle.push_back({0, std::move(wanted)});
  return Deadlock{std::move(cycle)};
}

/// Throws what `failure` is where nothing more is known than the record that it happened at.
[[noreturn]] inline void throw_failure(const Failure& failure, Place place) {
  const auto& state = failure.state;
  if (state.starts_with("23")) {
    throw sql::ConstraintFailed{std::move(place), constraint_kind(state),
                                !failure.constraint.empty() ? failure.constraint
                                : !failure.column.empty()   ? joined(failure.table, ".", failure.column)
                                                            : failure.message};
  }
  if (state == "40P01") throw deadlock_of(failure, std::move(place));
  if (state == "40001") throw SerializationFailure{joined("PostgreSQL: ", failure.message)};
  if (state == "55P03") throw sql::Busy{joined("PostgreSQL: ", failure.message)};
  throw ServerError{state, failure.message};
}

/// Throws what becomes of writes at `places` whose round trip has `broken`: OutcomeUnknown, with
/// ConnectionLost nested, if they were sent.
template <class Places>
[[noreturn]] void throw_broken(const Broken& broken, Places&& places) {
  try {
    throw ConnectionLost{joined("PostgreSQL: ", broken.why)};
  } catch (const ConnectionLost&) {
    if (!broken.sent) throw;
    std::throw_with_nested(OutcomeUnknown{places()});
  }
}

}  // namespace detail

}  // namespace lockstep::postgres
