// The numbers by which PostgreSQL knows a name, and the statements that lock them.
// Source: "Advisory Lock Functions",
// https://www.postgresql.org/docs/current/functions-admin.html#FUNCTIONS-ADVISORY-LOCKS
#pragma once

#include <lockstep/core/crc32.hpp>
#include <lockstep/core/fingerprint.hpp>
#include <lockstep/postgres/connection.hpp>
#include <lockstep/postgres/options.hpp>
#include <lockstep/storage/advisory.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace lockstep::postgres::detail {

/// A name as the server knows it. Names themselves are never sent.
class AdvisoryKey {
 public:
  AdvisoryKey(const std::string& name, const Options& options)
      : two_{options.advisory_keys == AdvisoryKeys::with_advisory_lock},
        first_{two_ ? std::int64_t{lockstep::detail::crc32(name) & 0x7fffffffU}
                    : static_cast<std::int64_t>(
                          lockstep::detail::fingerprint(joined("lockstep advisory ", name)))},
        second_{options.advisory_prefix & 0x7fffffff} {}

  /// Waits until the lock is granted. Of the transaction, or of the connection.
  [[nodiscard]] Query lock(LockMode mode, AdvisoryScope scope) const {
    return of("pg_advisory_", "lock", mode, scope);
  }
  /// Gives true if it is granted at once.
  [[nodiscard]] Query try_lock(LockMode mode, AdvisoryScope scope) const {
    return of("pg_try_advisory_", "lock", mode, scope);
  }
  /// Of the connection. Gives true if it was held.
  [[nodiscard]] Query unlock(LockMode mode) const {
    return of("pg_advisory_", "unlock", mode, AdvisoryScope::session);
  }
  /// Gives true if somebody holds it.
  [[nodiscard]] Query exists() const {
    std::string sql =
        "SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND granted AND database = "
        "(SELECT oid FROM pg_database WHERE datname = current_database()) AND objsubid = ";
    sql += two_ ? "2 AND CAST(classid AS bigint) = $1 AND CAST(objid AS bigint) = $2)"
                : "1 AND CAST(classid AS bigint) = CAST($1 AS bigint) >> 32 "
                  "AND CAST(objid AS bigint) = CAST($1 AS bigint) & 4294967295)";
    return bound(std::move(sql));
  }

 private:
  [[nodiscard]] Query of(std::string_view before, std::string_view what, LockMode mode,
                         AdvisoryScope scope) const {
    return bound(joined("SELECT ", before, scope == AdvisoryScope::transaction ? "xact_" : "", what,
                        mode == LockMode::shared ? "_shared(" : "(",
                        two_ ? "CAST($1 AS integer), CAST($2 AS integer))" : "CAST($1 AS bigint))"));
  }
  [[nodiscard]] Query bound(std::string sql) const {
    Query query{std::move(sql)};
    query.bind(first_);
    if (two_) query.bind(std::int64_t{second_});
    return query;
  }

  bool two_;
  std::int64_t first_;
  std::int32_t second_;
};

}  // namespace lockstep::postgres::detail
