// What can go wrong between a record and the SQL database that keeps it.
#pragma once

#include <lockstep/core/error.hpp>

#include <string>
#include <utility>
#include <vector>

namespace lockstep::sql {

/// The database refused or failed, and doing the same again would not help. Nothing was written.
class DatabaseError : public Error {
 public:
  /// `code` is the backend's own, `message` what it says.
  DatabaseError(int code, const std::string& message) : Error{message}, code_{code} {}
  /// The backend's code: SQLite's extended result code; 0 of PostgreSQL, see postgres::ServerError.
  [[nodiscard]] int code() const noexcept { return code_; }

 private:
  int code_;
};

/// Another connection kept the database locked for longer than its time limit. Nothing was
/// written, and loops that run lost work again do so.
class Busy : public Conflicted {
  using Conflicted::Conflicted;
};

/// A table in the database is not what its mapping says.
class MappingMismatch : public Error {
 public:
  /// `mismatches` are sentences about `table`.
  MappingMismatch(const std::string& table, std::vector<std::string> mismatches)
      : Error{text(table, mismatches)}, mismatches_{std::move(mismatches)} {}
  /// All of them, each in words: "there is no column balance (field balance)".
  [[nodiscard]] const std::vector<std::string>& mismatches() const noexcept { return mismatches_; }

 private:
  static std::string text(const std::string& table, const std::vector<std::string>& mismatches) {
    std::string all = joined("table ", table, " is not as mapped");
    for (const auto& mismatch : mismatches)
      all += joined(&mismatch == mismatches.data() ? ": " : "; ", mismatch);
    return all;
  }
  std::vector<std::string> mismatches_;
};

/// What is stored in a column does not fit the field that it is mapped to.
class Unreadable : public RecordError {
 public:
  /// `column` of the row at `place` holds `found`.
  Unreadable(Place place, std::string column, const std::string& found)
      : RecordError{std::move(place),
                    joined("column ", column, " holds ", found, ", which its field cannot")},
        column_{std::move(column)} {}
  /// The column's name.
  [[nodiscard]] const std::string& column() const noexcept { return column_; }

 private:
  std::string column_;
};

/// A field's value cannot be stored: an unsigned number beyond 64 bits with sign, or what is not a number.
class Unstorable : public Error {
  using Error::Error;
};

/// What kind of rule a constraint of the database is.
enum class ConstraintKind {
  check,        ///< CHECK
  unique,       ///< UNIQUE, or another row's primary key
  not_null,     ///< NOT NULL
  foreign_key,  ///< REFERENCES
  other,        ///< a trigger's veto, the type of a strict column, ...
};

/// "check", "unique", "not null", "foreign key" or "other".
[[nodiscard]] constexpr const char* to_string(ConstraintKind kind) noexcept {
  switch (kind) {
    case ConstraintKind::check:
      return "check";
    case ConstraintKind::unique:
      return "unique";
    case ConstraintKind::not_null:
      return "not null";
    case ConstraintKind::foreign_key:
      return "foreign key";
    case ConstraintKind::other:
      return "other";
  }
  return "?";
}

/// A constraint of the database refused a write. Nothing was written, and it is not run again.
class ConstraintFailed : public ConstraintViolated {
 public:
  /// `constraint` is the name that the database tells; where it has none, what it tells instead.
  ConstraintFailed(Place place, ConstraintKind kind, std::string constraint)
      : ConstraintViolated{std::move(place), std::move(constraint)}, kind_{kind} {}
  /// What kind of rule it is.
  [[nodiscard]] ConstraintKind kind() const noexcept { return kind_; }

 private:
  ConstraintKind kind_;
};

}  // namespace lockstep::sql
