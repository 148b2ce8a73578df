// What can go wrong that the caller cannot handle in place. Each error carries its
// data; a lost race that the caller can act on is a value instead (see Commit).
#pragma once

#include <lockstep/core/text.hpp>

#include <cstdint>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace lockstep {

/// The root of everything that lockstep throws.
class Error : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Where an error happened: a storage by its name, a record by its key's text.
struct Place {
  std::string storage;  ///< the storage's name; "storage" if it has none
  std::string key;      ///< the key's text; "?" if it has none

  /// "accounts[7]"
  friend std::string to_string(const Place& place) { return joined(place.storage, "[", place.key, "]"); }
  friend bool operator==(const Place&, const Place&) = default;
};

/// An error about one record.
class RecordError : public Error {
 public:
  /// `what` says what happened; the message puts the place before it.
  RecordError(Place place, const std::string& what)
      : Error{joined(to_string(place), ": ", what)}, place_{std::move(place)} {}
  /// The record that the error is about.
  [[nodiscard]] const Place& place() const noexcept { return place_; }

 private:
  Place place_;
};

/// There is no record at this key.
class Missing : public RecordError {
 public:
  /// There is nothing at `place`.
  explicit Missing(Place place) : RecordError{std::move(place), "no such record"} {}
};

/// A race was lost, and doing the work again may win it: the one category that is retried.
class Conflicted : public Error {
  using Error::Error;
};

/// A cycle of sessions, each waiting for a lock that the next one holds.
class Deadlock : public Conflicted {
 public:
  /// One session of the cycle: the lock it waits for is held by the next member.
  struct Waiter {
    std::uint64_t session = 0;  ///< its number in messages, as `memory::Session::id`
    Place wants;                ///< the record whose lock it waits for
  };

  /// `cycle` begins with the session that is told; the last one waits for a lock of the first.
  explicit Deadlock(std::vector<Waiter> cycle) : Conflicted{text(cycle)}, cycle_{std::move(cycle)} {}
  /// Who waits for whom. The session that got this error is the first member.
  [[nodiscard]] const std::vector<Waiter>& cycle() const noexcept { return cycle_; }

 private:
  static std::string text(const std::vector<Waiter>& cycle) {
    std::string all = "deadlock: ";
    for (const auto& [session, wants] : cycle) {
      all += joined("session ", std::to_string(session), " waits for ", to_string(wants), ", held by ");
    }
    return joined(all, "session ", std::to_string(cycle.empty() ? 0 : cycle.front().session));
  }
  std::vector<Waiter> cycle_;
};

/// A race was lost that the storage cannot pin on one record: a database gave up the transaction because it
/// could not have run as if alone (SQLSTATE 40001, SQLite's busy snapshot). The session is over; nothing of
/// it was written.
class SerializationFailure : public Conflicted {
  using Conflicted::Conflicted;
};

/// The session's connection to its storage is gone, and with it what the session had staged and locked.
/// Nothing of it was written. Not retried: the storage may be away for long.
class ConnectionLost : public Error {
  using Error::Error;
};

/// A commit was sent, and its answer did not come: everything in it landed, or nothing, and only a look at
/// the storage can tell. Never retried, for to run it again may do the work twice.
class OutcomeUnknown : public Error {
 public:
  /// `writes` names the records that the commit was to write, as far as the storage knows them.
  explicit OutcomeUnknown(std::vector<Place> writes) : Error{text(writes)}, writes_{std::move(writes)} {}
  /// The records that were written, all of them or none; empty if the storage does not know them.
  [[nodiscard]] const std::vector<Place>& writes() const noexcept { return writes_; }

 private:
  static std::string text(const std::vector<Place>& writes) {
    std::string all = "the commit was sent, and whether it landed is unknown";
    for (const auto& place : writes)
      all += joined(&place == writes.data() ? ": of " : ", ", to_string(place));
    return all;
  }
  std::vector<Place> writes_;
};

/// A lock was asked for without waiting, and somebody else holds it.
class LockUnavailable : public RecordError {
 public:
  /// The lock of the record at `place` is taken.
  explicit LockUnavailable(Place place) : RecordError{std::move(place), "locked by another session"} {}
};

/// A lock was not granted within its time limit.
class LockTimeout : public RecordError {
 public:
  /// The lock of the record at `place` stayed taken.
  explicit LockTimeout(Place place) : RecordError{std::move(place), "the lock was not granted in time"} {}
};

/// A write or a lock was asked for inside a read-only scope.
class ReadOnly : public RecordError {
 public:
  /// `action` was asked for: "edit", "lock", ...
  ReadOnly(Place place, const std::string& action)
      : RecordError{std::move(place), action + " refused: the scope is read-only"} {}
};

/// A value with unsaved changes was to be locked: locking reloads, and would lose them.
class DirtyRecord : public RecordError {
 public:
  /// `fields` names what was changed; empty if the record's type is not described.
  DirtyRecord(Place place, std::vector<std::string> fields)
      : RecordError{std::move(place), text(fields)}, fields_{std::move(fields)} {}

  /// The names of the changed fields; empty if the record's type is not described.
  [[nodiscard]] const std::vector<std::string>& fields() const noexcept { return fields_; }

 private:
  static std::string text(const std::vector<std::string>& fields) {
    std::string all = "locking refused: unsaved changes";
    for (const auto& field : fields) all += (&field == fields.data() ? " in " : ", ") + field;
    return all;
  }
  std::vector<std::string> fields_;
};

/// A record would break a rule: an invariant in C++, or a constraint of the database.
class ConstraintViolated : public RecordError {
 public:
  /// `constraint` is the rule's name.
  ConstraintViolated(Place place, std::string constraint)
      : RecordError{std::move(place), joined("violates ", constraint)}, constraint_{std::move(constraint)} {}
  /// The name of the invariant or constraint.
  [[nodiscard]] const std::string& constraint() const noexcept { return constraint_; }

 private:
  std::string constraint_;
};

/// A change of many records would leave what a field, or a version, can hold. Nothing was written.
class OutOfRange : public Error {
 public:
  /// In `storage`.
  explicit OutOfRange(const std::string& storage)
      : Error{joined(storage, ": a value of a record to change would not fit")} {}
};

/// The record's version cannot move: it is the last one, or the wanted one was used before.
class VersionUnavailable : public RecordError {
  using RecordError::RecordError;
};

/// The storage cannot honour what was asked, and says so rather than ignoring it.
class NotSupported : public Error {
  using Error::Error;
};

}  // namespace lockstep
