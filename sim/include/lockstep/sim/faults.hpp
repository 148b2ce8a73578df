// Fault injection: what can go wrong with a storage, as decisions of the execution. Each is explored,
// replayed and minimised like a switch of threads.
//
// Faults are named by how often they may strike in one execution. So exhaustive exploration ends, and
// covers every place where so many can strike.
//
// Source of the idea: Zhou et al., "FoundationDB: A Distributed Unbundled Transactional Key Value Store",
// SIGMOD 2021 (section 4, simulation).
#pragma once

#include <lockstep/core/error.hpp>
#include <lockstep/sim/execution.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace lockstep::sim {

/// What may go wrong with a simulated storage, and how often at most in one execution. By default nothing
/// does.
struct Faults {
  unsigned conflicts = 0;      ///< a session loses a race that nobody can see: SerializationFailure out of a
                               ///< load, a lock or a commit; the session is over
  unsigned lock_timeouts = 0;  ///< a lock that is asked for with a time limit is not granted: LockTimeout,
                               ///< however little virtual time has passed, for others may have been slow
  unsigned lost_requests = 0;  ///< a commit does not arrive: it does not land, and throws OutcomeUnknown
  unsigned lost_replies = 0;   ///< a commit lands, and its caller is not told: it throws OutcomeUnknown
  unsigned crashes = 0;  ///< the storage crashes and restarts: what was committed stays, all open sessions
                         ///< are lost with their locks and what they staged. The next call of each throws
                         ///< ConnectionLost; a commit that was under way OutcomeUnknown, landed or not
  unsigned delays = 0;   ///< the reply to a call takes `delay`
  std::chrono::nanoseconds delay =
      std::chrono::milliseconds{10};  ///< of virtual time, which passes when nobody can run
};

/// One of them.
enum class Fault : std::uint8_t {
  conflict,      ///< see Faults::conflicts
  lock_timeout,  ///< see Faults::lock_timeouts
  lost_request,  ///< see Faults::lost_requests
  lost_reply,    ///< see Faults::lost_replies
  crash,         ///< see Faults::crashes
  delay,         ///< see Faults::delays
};

/// "conflict", "lock timeout", "request lost", ..., as the timeline spells it.
[[nodiscard]] std::string_view to_string(Fault fault);

namespace detail {
class Connection;
}

/// Decides in one execution which of the faults strike where. Several storages of one database share one,
/// since a crash is a crash of all of them. Made inside of the test, and outlives the storages.
///
///     sim::FaultInjector faults{{.crashes = 1}};
///     sim::Simulated accounts{account_table, faults};
///     sim::Simulated orders{order_table, faults};
class FaultInjector {
 public:
  /// Lets each strike as often as `faults` says.
  explicit FaultInjector(const Faults& faults) noexcept;
  FaultInjector(const FaultInjector&) = delete;
  FaultInjector& operator=(const FaultInjector&) = delete;
  ~FaultInjector() = default;

  /// What may strike.
  [[nodiscard]] const Faults& faults() const noexcept { return faults_; }
  /// How often `fault` has struck so far. For the check at the end: threads know it only by what they are
  /// told.
  [[nodiscard]] unsigned struck(Fault fault) const noexcept { return struck_[index(fault)]; }

 private:
  friend class detail::Connection;

  static std::size_t index(Fault fault) noexcept { return static_cast<std::size_t>(fault); }
  [[nodiscard]] unsigned most(Fault fault) const noexcept;
  [[nodiscard]] bool possible(Fault fault, const detail::Connection& calling) const noexcept;
  std::optional<Fault> decide(std::span<const Fault> which, const detail::Connection& calling);
  void crash();

  Faults faults_;
  std::array<unsigned, 6> struck_{};
  std::vector<detail::Connection*> connections_;
};

namespace detail {

/// What a fault has to know of a call.
struct FaultyCall {
  std::vector<Fault> possible = {};     ///< what may strike in place of it
  bool commits = false;                 ///< whether it has happened matters, and may be unknown
  std::vector<Place> writes = {};       ///< if it commits: what
  std::optional<Place> waits_for = {};  ///< the lock that may time out
};

/// A session as its calls and crashes find it; or one call without a session.
class Connection {
 public:
  /// Without faults nothing ever happens to it.
  explicit Connection(std::shared_ptr<FaultInjector> faults);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  virtual ~Connection();

  [[nodiscard]] FaultInjector* faults() const noexcept { return faults_.get(); }
  /// True if `fault` may strike.
  [[nodiscard]] bool may(Fault fault) const noexcept { return faults_ && faults_->most(fault) != 0; }
  /// Nothing that happens from here on is about it: it has ended by a commit.
  void closes() noexcept { state_ = State::closed; }
  /// True if it was ended, and its thread has been told.
  [[nodiscard]] bool noticed() const noexcept { return noticed_; }
  /// Throws what the session was ended by, if it was.
  void see_that_it_is_there();

  /// One call. Begins within the step of the call, by deciding what strikes before it, which it throws.
  class Call {
   public:
    Call(Connection& connection, const FaultyCall& call);
    /// Says in the timeline what struck, and lets go of what a crash has taken meanwhile.
    ~Call();
    Call(const Call&) = delete;
    Call& operator=(const Call&) = delete;

    /// The call is done, and has `landed` something. Throws what strikes after it; or returns how long its
    /// reply takes.
    [[nodiscard]] std::chrono::nanoseconds end(bool landed);

   private:
    [[noreturn]] void fail(Fault fault);

    Connection* connection_;
    const FaultyCall* call_;
    bool after_a_crash_ = false;
  };

 protected:
  /// Gives up what the session has staged and locked. On any thread.
  virtual void drop() noexcept {}
  /// Its thread has been told that it did.
  virtual void notice() noexcept {}

 private:
  friend FaultInjector;
  friend Call;

  enum class State : std::uint8_t {
    unused,   // has made no call, so no crash can matter to it
    open,     // has
    closed,   // ended by itself
    refused,  // ended by a conflict
    lost,     // ended by a crash, or by a request or reply that was lost
  };

  void leave(State state) noexcept;

  std::shared_ptr<FaultInjector> faults_;
  State state_ = State::unused;
  bool noticed_ = false;
  bool calling_ = false;     // inside of a call, which may have to wait
  bool committing_ = false;  // inside of one whose effect a crash could not take back
};

}  // namespace detail

}  // namespace lockstep::sim
