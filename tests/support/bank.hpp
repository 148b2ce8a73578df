// Two tables of one database, with a few records, for the tests of the verbs.
#pragma once

#include <lockstep/memory/table.hpp>

#include "support/bank_of.hpp"
#include "support/print.hpp"
#include "support/records.hpp"

#ifdef LOCKSTEP_TEST_SQLITE
#include "support/sqlite_bank.hpp"
#endif
#ifdef LOCKSTEP_TEST_POSTGRES
#include "support/postgres_bank.hpp"
#endif

namespace test {

#ifdef LOCKSTEP_TEST_SQLITE
// The same tests on SQLite, as far as it can: what it lacks is off by name.

inline constexpr bool locks_each_record = false;  ///< and not the whole database
inline constexpr bool shares_locks = false;       ///< among readers
inline constexpr bool remembers_erased = false;   ///< and goes on counting their versions
inline constexpr bool checks_each_load = false;   ///< against the session's earlier ones: it reads a snapshot
inline constexpr bool counts_to_the_end = false;  ///< of 64 bits without sign
inline constexpr bool looks_before_it_writes = true;     ///< and so writes nothing that is there already
inline constexpr bool waits_through_the_runtime = true;  ///< and not in a server
inline constexpr int many = 250;                         ///< rounds of each of several threads

template <lockstep::Runtime R = lockstep::StdRuntime>
struct Bank : SqliteBank<R> {
  Bank() : SqliteBank<R>{quick({.busy_timeout = std::nullopt})} {}
};

#elif defined LOCKSTEP_TEST_POSTGRES
// The same tests on PostgreSQL, as far as it can.

inline constexpr bool locks_each_record = true;
inline constexpr bool shares_locks = true;
inline constexpr bool remembers_erased = false;
inline constexpr bool checks_each_load = false;
inline constexpr bool counts_to_the_end = false;
inline constexpr bool looks_before_it_writes = false;
inline constexpr bool waits_through_the_runtime = false;
inline constexpr int many = 10;

template <lockstep::Runtime R = lockstep::StdRuntime>
struct Bank : PostgresBank<R> {
  Bank() : PostgresBank<R>{{.lock_timeout = std::nullopt, .connection_wait = std::nullopt}} {}
};

#else

inline constexpr bool locks_each_record = true;
inline constexpr bool shares_locks = true;
inline constexpr bool remembers_erased = true;
inline constexpr bool checks_each_load = true;
inline constexpr bool counts_to_the_end = true;
inline constexpr bool looks_before_it_writes = true;
inline constexpr bool waits_through_the_runtime = true;
inline constexpr int many = 250;

template <lockstep::Runtime R>
struct MemoryTables {
  struct Options {};
  lockstep::memory::Database<R> db;
  lockstep::memory::Table<int, Account, R> accounts{db, "accounts"};
  lockstep::memory::Table<int, Order, R> orders{db, "orders"};
};

template <lockstep::Runtime R = lockstep::StdRuntime>
using Bank = BankOf<MemoryTables<R>>;

#endif

}  // namespace test
