// A PostgreSQL database: what its tables share, and the connections to it.
#pragma once

#include <lockstep/postgres/pool.hpp>
#include <lockstep/postgres/session.hpp>
#include <lockstep/sql/receipts.hpp>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

namespace lockstep::postgres {

/// The statement that makes the table of receipts, for those who prepare a database for others. Rows of it
/// may be erased once nobody sends the same request again: DELETE FROM lockstep_receipts WHERE created_at <
/// ...
[[nodiscard]] inline std::string create_receipts(const std::string& table = "lockstep_receipts") {
  return sql::detail::create_receipts(table, "bigint", "timestamp");
}

/// A PostgreSQL database, with the connections to it. Safe to use from any thread; outlives its tables and
/// their sessions. Other processes may use it at the same time, and other programs.
///
/// Do not fork while one is open. Statements are prepared: between it and the server there may be a pooler
/// that keeps a session's connection, but none that changes it from one transaction to the next.
template <Runtime R>
class Database : public FindsVerbs {
 public:
  using runtime_type = R;                           ///< as the verbs deduce it
  using Receipts = Table<std::string, Receipt, R>;  ///< what `receipts` gives

  /// Connects as `keywords` say: libpq's connection string or URI, with which TLS is asked for as well, and
  /// "options=-csearch_path=..." for tables that are not in the usual schemas. Throws ConnectionLost,
  /// ServerError.
  explicit Database(std::string keywords, Options options = {})
      : options_{std::move(options)},
        pool_{{std::move(keywords), options_.connect_timeout, options_.answer_timeout, options_.on_statement},
              {std::max<std::size_t>(options_.max_connections, 1), options_.idle_connections,
               options_.connection_wait, options_.check_after},
              setup(options_)} {
    pool_.give_back(pool_.lend());
  }
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  /// A unit of work on the database's tables. Safe to call from any thread.
  [[nodiscard]] Session<R> session() { return session(options_.isolation); }
  /// The same, in another kind of transaction.
  [[nodiscard]] Session<R> session(Isolation isolation) { return Session<R>{*this, isolation}; }

  /// Runs statements that are no guarded writes, one after the other: CREATE TABLE, say. They are one
  /// transaction, unless they begin others. Nothing is bound: never put data into the text.
  /// Throws ServerError, sql::ConstraintFailed, ConnectionLost, and OutcomeUnknown if the connection
  /// ended meanwhile.
  void execute(std::string_view statements) {
    Lease lease{*this};
    try {
      lease.connection().run_all(std::string{statements});
    } catch (const detail::Refused& refused) {
      detail::throw_failure(refused.failure, {refused.failure.table, "?"});
    } catch (const detail::Broken& broken) {
      lease.drop();
      if (!broken.sent) throw ConnectionLost{joined("PostgreSQL: ", broken.why)};
      throw OutcomeUnknown{{}};
    }
  }

  /// The table of receipts, in which what is performed once leaves one (verbs/once.hpp). Opened when it is
  /// first asked for, and made if it is not there: where that is not allowed, run `create_receipts` before.
  /// Safe to call from any thread. Throws sql::MappingMismatch, and as `execute` does.
  [[nodiscard]] Receipts& receipts();

  /// A holder of locks on names. Include lockstep/postgres/advisory.hpp. Safe to call from any thread.
  [[nodiscard]] AdvisoryLocks<R> advisory_locks(AdvisoryScope scope);
  /// Whether anybody holds `name`. Safe to call from any thread. Throws ConnectionLost, ServerError.
  /// Cost: one round trip.
  [[nodiscard]] bool advisory_exists(const std::string& name) {
    Lease lease{*this};
    try {
      return lease.connection().run(detail::AdvisoryKey{name, options_}.exists()).number_at(0, 0) == 1;
    } catch (const detail::Refused& refused) {
      detail::throw_failure(refused.failure, advisory_place(name));
    } catch (const detail::Broken& broken) {
      lease.drop();
      throw ConnectionLost{joined("PostgreSQL: ", broken.why)};
    }
  }

  /// As it was opened.
  [[nodiscard]] const Options& options() const noexcept { return options_; }
  /// How often the server was asked, and its answer waited for, since the start: statements that are sent
  /// together are one round trip. New connections are not counted.
  [[nodiscard]] std::uint64_t round_trips() const noexcept { return round_trips_; }
  /// How many writes went past the version check since the start: each may have overwritten somebody's
  /// change.
  [[nodiscard]] std::uint64_t unguarded_writes() const noexcept { return unguarded_writes_; }

 private:
  using Work = detail::SessionWork<R>;
  friend Work;
  friend AdvisoryLocks<R>;
  template <class Key, sql::Record T, Runtime R2>
  friend class Table;

  // A connection for one call.
  class Lease {
   public:
    explicit Lease(Database& database) : database_{&database}, connection_{database.pool_.lend()} {
      ++database.round_trips_;
    }
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;
    ~Lease() { database_->pool_.give_back(std::move(connection_)); }
    [[nodiscard]] detail::Connection& connection() const noexcept { return *connection_; }
    void drop() noexcept { connection_.reset(); }

   private:
    Database* database_;
    std::unique_ptr<detail::Connection> connection_;
  };

  // What texts look like, and that a transaction that nobody begins is READ COMMITTED.
  static detail::Query setup(const Options& options) {
    detail::Query query{
        "SELECT set_config('default_transaction_isolation', 'read committed', false), "
        "set_config('lock_timeout', $1, false), "
        "set_config('statement_timeout', COALESCE($2, current_setting('statement_timeout')), false), "
        "set_config('TimeZone', 'UTC', false), set_config('DateStyle', 'ISO, MDY', false), "
        "set_config('bytea_output', 'hex', false), set_config('extra_float_digits', '1', false)"};
    const auto lock_timeout = detail::milliseconds(options.lock_timeout);
    query.bind(std::string_view{lock_timeout});
    if (options.statement_timeout) {
      const auto limit = detail::milliseconds(options.statement_timeout);
      query.bind(std::string_view{limit});
    } else {
      query.bind(std::monostate{});
    }
    return query;
  }

  Options options_;
  detail::Pool<R> pool_;
  std::atomic<std::uint64_t> round_trips_ = 0;
  std::atomic<std::uint64_t> unguarded_writes_ = 0;
  typename R::mutex opening_receipts_;
  std::shared_ptr<Receipts> receipts_;
};

}  // namespace lockstep::postgres
