// What the command line asks for.
#pragma once

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>

namespace rowctl {

/// The command line cannot be understood, or asks for what makes no sense.
class UsageError : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// What stands behind a command as `key=value`.
struct Fields {
  std::optional<int> id;
  std::optional<std::string> owner;
  std::optional<std::int64_t> balance;
  std::optional<std::uint64_t> version;  ///< that the caller saw; of a new row: to begin with
  std::optional<std::string> token;      ///< the same as a token, from `show`
};

enum class Command {
  schema,
  seed,
  show,
  create,
  update,
  noop,
  touch,
  destroy,
  load_wait_save,
  load_wait_destroy,
  lock_wait_save,
  transfer,
  add_loop,
  advisory_wait,
  advisory_try,
};

struct Request {
  std::string dsn;
  std::string table = "accounts";
  Command command = Command::show;
  int id = 0;               ///< of the row; of a transfer: who pays
  int to = 0;               ///< of a transfer: who receives
  std::int64_t amount = 0;  ///< of a transfer, or of each increment
  unsigned times = 0;       ///< of increments
  std::string name;         ///< of an advisory lock
  Fields fields;
  bool pause = false;
  bool once = false;
  bool no_wait = false;
  bool skip_locked = false;
};

}  // namespace rowctl
