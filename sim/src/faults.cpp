#include <lockstep/sim/faults.hpp>
#include <lockstep/sim/step.hpp>

#include <algorithm>
#include <string>
#include <utility>

namespace lockstep::sim {

namespace {

constexpr const char* connection_lost = "the connection to the storage is lost, and the session with it";

/// As the timeline marks it.
std::string remark(Fault fault) { return joined("fault: ", to_string(fault)); }

void add_to_outcome(const std::string& text) {
  if (recording()) Execution::current()->add_to_outcome(text);
}

}  // namespace

std::string_view to_string(Fault fault) {
  switch (fault) {
    case Fault::conflict:
      return "conflict";
    case Fault::lock_timeout:
      return "lock timeout";
    case Fault::lost_request:
      return "request lost";
    case Fault::lost_reply:
      return "reply lost";
    case Fault::crash:
      return "crash";
    case Fault::delay:
      return "delay";
  }
  return "?";
}

FaultInjector::FaultInjector(const Faults& faults) noexcept : faults_{faults} {}

unsigned FaultInjector::most(Fault fault) const noexcept {
  switch (fault) {
    case Fault::conflict:
      return faults_.conflicts;
    case Fault::lock_timeout:
      return faults_.lock_timeouts;
    case Fault::lost_request:
      return faults_.lost_requests;
    case Fault::lost_reply:
      return faults_.lost_replies;
    case Fault::crash:
      return faults_.crashes;
    case Fault::delay:
      return faults_.delays;
  }
  return 0;
}

/// A commit that waits inside of the storage cannot be taken back, so no crash strikes meanwhile.
bool FaultInjector::possible(Fault fault, const detail::Connection& calling) const noexcept {
  if (struck(fault) == most(fault)) return false;
  return fault != Fault::crash || std::ranges::none_of(connections_, [&](const detail::Connection* other) {
           return other != &calling && other->committing_;
         });
}

/// One decision among those that are possible here, so that what is likely to be nothing costs one outcome.
std::optional<Fault> FaultInjector::decide(std::span<const Fault> which, const detail::Connection& calling) {
  Execution* const execution = Execution::current();
  if (execution == nullptr || execution->quiet()) return std::nullopt;
  std::array<Fault, 6> choices{};
  unsigned count = 0;
  for (const Fault fault : which) {
    if (possible(fault, calling)) choices[count++] = fault;
  }
  const unsigned chosen = execution->outcome_of(count + 1);
  if (chosen == 0) return std::nullopt;
  const Fault fault = choices[chosen - 1];
  ++struck_[index(fault)];
  return fault;
}

void FaultInjector::crash() {
  using State = detail::Connection::State;
  for (detail::Connection* const connection : connections_) {
    if (connection->state_ != State::open) continue;
    connection->state_ = State::lost;
    if (!connection->calling_) connection->drop();  // else it does so itself when its call returns
  }
}

namespace detail {

Connection::Connection(std::shared_ptr<FaultInjector> faults) : faults_{std::move(faults)} {
  if (faults_) faults_->connections_.push_back(this);
}

Connection::~Connection() {
  if (faults_) std::erase(faults_->connections_, this);
}

void Connection::see_that_it_is_there() {
  if (state_ == State::lost) {
    leave(State::lost);
    outcome([] { return "connection lost"; });
    throw ConnectionLost{connection_lost};
  }
  if (state_ == State::refused) {
    outcome([] { return "session lost its race"; });
    throw SerializationFailure{"the session lost a race before"};
  }
}

void Connection::leave(State state) noexcept {
  state_ = state;
  drop();
  noticed_ = true;
  notice();
}

Connection::Call::Call(Connection& connection, const FaultyCall& call)
    : connection_{&connection}, call_{&call} {
  connection.see_that_it_is_there();
  if (const auto fault = connection.faults_->decide(call.possible, connection)) {
    if (fault == Fault::crash) connection.faults_->crash();
    after_a_crash_ = fault == Fault::crash && connection.state_ == State::unused;
    if (!after_a_crash_) {
      outcome([&] { return remark(*fault); });
      fail(*fault);
    }
  }
  connection.state_ = State::open;
  connection.calling_ = true;
  connection.committing_ = call.commits;
}

Connection::Call::~Call() {
  connection_->calling_ = connection_->committing_ = false;
  if (connection_->state_ == State::lost) connection_->drop();
}

std::chrono::nanoseconds Connection::Call::end(bool landed) {
  connection_->committing_ = false;
  if (after_a_crash_) add_to_outcome(joined(remark(Fault::crash), " before"));
  if (connection_->state_ == State::lost) connection_->see_that_it_is_there();
  FaultInjector& faults = *connection_->faults_;
  constexpr std::array after{Fault::delay, Fault::lost_reply, Fault::crash};
  const auto fault = faults.decide(std::span{after}.first(landed ? after.size() : 1), *connection_);
  if (!fault) return {};
  add_to_outcome(remark(*fault));
  if (fault == Fault::delay) return faults.faults().delay;
  if (fault == Fault::crash) faults.crash();
  fail(*fault);
}

void Connection::Call::fail(Fault fault) {
  if (fault == Fault::lock_timeout) throw LockTimeout{*call_->waits_for};
  if (fault == Fault::conflict) {
    connection_->leave(State::refused);
    throw SerializationFailure{"the session lost a race, by an injected conflict"};
  }
  connection_->leave(State::lost);
  if (call_->commits) throw OutcomeUnknown{call_->writes};
  throw ConnectionLost{connection_lost};
}

}  // namespace detail

}  // namespace lockstep::sim
