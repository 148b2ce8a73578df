// How a PostgreSQL database is opened, and in what kind of transaction its sessions read.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace lockstep::postgres {

/// In what kind of transaction a session reads. Guards make commits serializable in each of them, as far as
/// records go that the session has loaded by their keys.
enum class Isolation {
  read_committed,   ///< no snapshot: each load checks the earlier ones, and throws StaleRecord if they moved
  repeatable_read,  ///< one snapshot, which is left for the commit
  serializable,     ///< reads and writes in one SERIALIZABLE transaction, others' statements in it included;
                    ///< the server may end it by SerializationFailure at any call
};

/// By which numbers PostgreSQL knows the name of an advisory lock.
enum class AdvisoryKeys {
  with_advisory_lock,  ///< as Ruby's gem with_advisory_lock computes them: two of 31 bits, the CRC-32 of the
                       ///< name without its highest bit, and a prefix. Of 2^16 names some two have the same.
                       ///< Source: https://github.com/ClosureTree/with_advisory_lock, `lock_keys_for`
  hashed,              ///< one of 63 bits, computed from the name: among lockstep's own programs
};

/// How a database is opened.
struct Options {
  std::chrono::milliseconds connect_timeout = std::chrono::seconds{10};  ///< for each new connection; libpq's
                                                                         ///< least is 2 s
  std::optional<std::chrono::milliseconds> lock_timeout =
      std::chrono::seconds{5};  ///< how long a commit waits for others' locks of its records before it
                                ///< throws sql::Busy; empty: for ever
  std::optional<std::chrono::milliseconds> statement_timeout = {};  ///< the server gives a statement up after
                                                                    ///< so long; empty: as the server has it
  std::optional<std::chrono::milliseconds> answer_timeout = {};  ///< the connection is given up if the server
                                                                 ///< is silent for so long while it is
                                                                 ///< waited for; longer than lock waits
  std::size_t max_connections = 16;  ///< at a time; a session holds one from its first load to its end
  std::size_t idle_connections = 8;  ///< of which so many are kept open for the next session
  std::optional<std::chrono::nanoseconds> connection_wait = std::chrono::seconds{
      5};  ///< how long to wait while all are in use; then NoConnectionFree. Empty: for ever
  std::chrono::nanoseconds check_after =
      std::chrono::seconds{30};  ///< a connection that lay idle for longer is asked whether it works
  Isolation isolation = Isolation::repeatable_read;  ///< of sessions for which nothing else is said
  AdvisoryKeys advisory_keys = AdvisoryKeys::with_advisory_lock;  ///< see AdvisoryKeys
  std::int32_t advisory_prefix = 0;                         ///< the second number of the gem's: what is in
                                                            ///< WITH_ADVISORY_LOCK_PREFIX, read as a number
  std::string version_column = "lock_version";              ///< of tables whose mapping names none
  std::string receipts_table = "lockstep_receipts";         ///< in which receipts are kept
  std::function<void(std::string_view)> on_statement = {};  ///< hears of each statement before it is sent, on
                                                            ///< the thread that sends it
};

}  // namespace lockstep::postgres
