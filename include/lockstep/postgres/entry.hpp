// What a session of PostgreSQL knows and plans about one row, and the statements that it asks together.
#pragma once

#include <lockstep/core/fingerprint.hpp>
#include <lockstep/postgres/connection.hpp>
#include <lockstep/postgres/statements.hpp>
#include <lockstep/sql/entry.hpp>
#include <lockstep/sql/timestamp.hpp>
#include <lockstep/storage/commit.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace lockstep::postgres::detail {

using sql::detail::Present;

/// Whether a lock is held, and which.
enum class Held {
  no,         ///< none
  shared,     ///< FOR SHARE
  exclusive,  ///< FOR UPDATE
};

/// The transaction that a session has open.
enum class Open {
  no,            ///< none
  snapshot,      ///< reads only
  current,       ///< READ COMMITTED: with locks, mostly
  serializable,  ///< reads and writes
};

/// What a session knows and plans about one row.
class Entry : public sql::detail::Entry {
 public:
  using sql::detail::Entry::Entry;

  /// Tells rows apart, and puts them in the order in which they are locked.
  [[nodiscard]] virtual const std::string& order() const = 0;
  /// See Statements.
  [[nodiscard]] virtual Query select(Hold hold) const = 0;
  [[nodiscard]] virtual Query select_unless_locked(Hold hold) const = 0;
  [[nodiscard]] virtual Query check(std::span<const Guard> guards) const = 0;
  /// What is staged, as a statement. `time` is that of the commit.
  [[nodiscard]] virtual Query land(bool alone, sql::detail::CommitTime& time) const = 0;
  /// False if what is staged, landing alone, tells by the number of its rows alone that it has: then its
  /// version is the guard's next.
  [[nodiscard]] virtual bool tells() const = 0;
  /// False if that takes a check in a statement before it.
  [[nodiscard]] virtual bool lands_alone() const = 0;
  /// What the first row has from `column` on: the version, and the fields. Throws sql::Unreadable.
  [[nodiscard]] virtual Present present(const Rows& rows, int column) const = 0;
  /// The failure of the guard `expected`, with what is stored.
  [[nodiscard]] virtual std::shared_ptr<const Stale> stale(Action action, Version expected,
                                                           const Present& now) const = 0;
  /// Throws VersionUnavailable if what is staged cannot land.
  virtual void check_landing() const = 0;
  /// True if the server's refusal says that there is a row with this key.
  [[nodiscard]] virtual bool key_is_taken(const Failure& failure) const = 0;
  /// The name of the table in the server's messages.
  [[nodiscard]] virtual const std::string& table_name() const = 0;

  /// Guards of the write, and further ones, each with the version it expects.
  template <class Visit>
  void for_each_guard(Visit&& visit) const {
    if (writes()) {
      visit(staged.action(), staged.guard,
            !staged.guarded         ? Guard::any
            : staged.guard.absent() ? Guard::absent
                                    : Guard::version);
    }
    for (const auto expected : staged.expected) {
      if (staged.asks(expected)) {
        visit(Action::validate, expected, expected.absent() ? Guard::absent : Guard::version);
      }
    }
  }

  [[nodiscard]] std::vector<Guard> guards() const {
    std::vector<Guard> all;
    for_each_guard([&](Action, Version, Guard guard) { all.push_back(guard); });
    return all;
  }

  /// Appends the guards that do not hold of `now`.
  void compare(const Present& now, Commit::Members& failed) const {
    for_each_guard([&](Action action, Version expected, Guard guard) {
      const bool holds = guard == Guard::any ? !now.version.absent() : now.version == expected;
      if (!holds) failed.push_back(stale(action, expected, now));
    });
  }

  /// The number of the lock that stands for the row while there is none.
  [[nodiscard]] std::int64_t lock_number() const {
    return static_cast<std::int64_t>(lockstep::detail::fingerprint(order()));
  }

  std::optional<Present> current;  // what is there, if it is locked or belongs to the snapshot `epoch`
  std::uint64_t epoch = 0;
  Held held = Held::no;
};

/// Statements of one round trip; what the server says of each is of an entry, or of none.
struct Asked {
  std::vector<Query> queries;
  std::vector<const Entry*> whose;

  std::size_t add(Query query, const Entry* entry = nullptr) {
    queries.push_back(std::move(query));
    whose.push_back(entry);
    return queries.size() - 1;
  }
  void add_number_of(const Entry& entry, bool exclusive) {
    add(Query{exclusive ? "SELECT pg_advisory_xact_lock($1)" : "SELECT pg_advisory_xact_lock_shared($1)"},
        &entry);
    queries.back().bind(entry.lock_number());
  }
};

[[nodiscard]] inline std::string milliseconds(std::optional<std::chrono::nanoseconds> limit) {
  if (!limit) return "0";  // which is for ever
  const auto whole = std::chrono::ceil<std::chrono::milliseconds>(*limit).count();
  return std::to_string(std::clamp<std::int64_t>(whole, 1, std::numeric_limits<std::int32_t>::max()));
}

}  // namespace lockstep::postgres::detail
