// Locks on names: for work that no record stands for, such as a nightly report. They hold back whoever asks
// for the same name, and nobody else: neither loads nor writes.
#pragma once

#include <lockstep/storage/storage.hpp>

#include <concepts>
#include <optional>
#include <string>

namespace lockstep {

/// How long a lock on a name is held at most.
enum class AdvisoryScope {
  transaction,  ///< until a transaction of the database ends, be it an empty one: safe where a pooler gives a
                ///< connection to others between transactions
  session,      ///< until it is given back, or its holder is destroyed; over any number of transactions
};

/// The place that errors name.
[[nodiscard]] inline Place advisory_place(std::string name) { return {"advisory", std::move(name)}; }

/// Whoever can hold locks on names. Re-entrant: what it holds it gets again, at once; shared and asked for
/// exclusive, it waits for the others.
///
/// - `lock(name, mode, wait)`: false only for `Wait::skip()`. Throws LockUnavailable, LockTimeout, and
///   Deadlock where the database sees cycles.
/// - `held(name)`: in which mode this holder has it, if it has.
template <class H>
concept AdvisoryHolder = requires(H& holder, const std::string& name, LockMode mode, Wait wait) {
  { holder.lock(name, mode, wait) } -> std::same_as<bool>;
  { holder.held(name) } -> std::same_as<std::optional<LockMode>>;
};

/// A session that can hold locks on names until it ends, beside those of records.
template <class S>
concept AdvisorySession = requires(S& session, const std::string& name, LockMode mode, Wait wait) {
  { session.advisory_lock(name, mode, wait) } -> std::same_as<bool>;
  { session.advisory_held(name) } -> std::same_as<std::optional<LockMode>>;
};

/// A database with locks on names.
///
/// - `advisory_locks(scope)`: a holder of its own, movable, used by one thread at a time. `unlock(name)`
/// takes
///   one `lock` back, in the session scope; in that of a transaction all stay until the end. `end()` gives
///   all back, and throws ConnectionLost if they may have been lost before; the destructor says nothing.
/// - `advisory_exists(name)`: whether anybody holds it, in whatever mode. True or not, it may be otherwise
///   when the answer is read.
template <class D>
concept AdvisoryDatabase = SessionSource<D> && AdvisorySession<session_of<D>> &&
                           requires(D& database, const std::string& name, AdvisoryScope scope) {
                             { database.advisory_locks(scope) } -> AdvisoryHolder;
                             database.advisory_locks(scope).unlock(name);
                             database.advisory_locks(scope).end();
                             { database.advisory_exists(name) } -> std::same_as<bool>;
                           };

}  // namespace lockstep
