#include "outcome.hpp"

#include <lockstep/lockstep.hpp>
#include <lockstep/sql/error.hpp>

#include "request.hpp"

#include <utility>

namespace rowctl {

namespace {

Outcome failed(Status status, const char* error, const std::exception& what) {
  return {status, {{"ok", false}, {"error", error}, {"message", what.what()}}};
}

Outcome stale(const lockstep::Commit& commit, const std::exception& what) {
  auto outcome = failed(Status::stale, "stale", what);
  boost::json::array members;  // all that have moved
  for (const auto& member : commit.stale()) {
    members.push_back(boost::json::object{{"record", to_string(member->place())},
                                          {"action", to_string(member->action())},
                                          {"expected", member->expected_text()},
                                          {"actual", member->actual_text()}});
  }
  outcome.line["stale"] = std::move(members);
  return outcome;
}

Outcome constraint(const lockstep::ConstraintViolated& violated) {
  auto outcome = failed(Status::constraint, "constraint", violated);
  outcome.line["constraint"] = violated.constraint();
  return outcome;
}

}  // namespace

Outcome outcome_of(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const UsageError& usage) {
    return failed(Status::usage, "usage", usage);
  } catch (const lockstep::TokenError& token) {
    return failed(Status::usage, "token", token);
  } catch (const lockstep::NotSupported& refused) {
    return failed(Status::usage, "not supported", refused);
  } catch (const lockstep::AmountNotPositive& amount) {
    return failed(Status::usage, "amount", amount);
  } catch (const lockstep::SameAccount& same) {
    return failed(Status::usage, "same row", same);
  } catch (const lockstep::StaleRecord& lost) {
    return stale(lost.commit(), lost);
  } catch (const lockstep::Exhausted& gave_up) {
    return gave_up.last() ? failed(Status::unavailable, "gave up", gave_up) : stale(gave_up.last(), gave_up);
  } catch (const lockstep::Missing& missing) {
    return failed(Status::missing, "missing", missing);
  } catch (const lockstep::LockUnavailable& locked) {
    return failed(Status::unavailable, "locked", locked);
  } catch (const lockstep::LockTimeout& timeout) {
    return failed(Status::unavailable, "lock timeout", timeout);
  } catch (const lockstep::Deadlock& deadlock) {
    return failed(Status::unavailable, "deadlock", deadlock);
  } catch (const lockstep::SerializationFailure& failure) {
    return failed(Status::unavailable, "serialization", failure);
  } catch (const lockstep::Conflicted& busy) {  // sql::Busy
    return failed(Status::unavailable, "busy", busy);
  } catch (const lockstep::ConstraintViolated& violated) {
    return constraint(violated);
  } catch (const lockstep::InsufficientFunds& poor) {
    return failed(Status::constraint, "insufficient funds", poor);
  } catch (const lockstep::AmountOverflow& rich) {
    return failed(Status::constraint, "overflow", rich);
  } catch (const lockstep::VersionUnavailable& used) {
    return failed(Status::constraint, "version", used);
  } catch (const lockstep::OutcomeUnknown& unknown) {
    return failed(Status::other, "outcome unknown", unknown);
  } catch (const lockstep::ConnectionLost& lost) {
    return failed(Status::other, "connection lost", lost);
  } catch (const std::exception& other) {
    return failed(Status::other, "other", other);
  }
}

}  // namespace rowctl
