#include "command_line.hpp"

#include "rows.hpp"

#include <CLI/CLI.hpp>

#include <charconv>
#include <iostream>
#include <string_view>
#include <vector>

namespace rowctl {

namespace {

constexpr auto about =
    "Edits rows of a table that other programs may edit meanwhile, and loses nothing.\n"
    "Prints one JSON object per line; the last one says whether it is `ok`, and shows the row as stored.\n"
    "Exit status: 0 ok, 2 usage, 3 stale, 4 missing, 5 lock unavailable, deadlock, serialization or busy,\n"
    "6 constraint, 7 other.";

template <class Number>
Number number(std::string_view key, std::string_view text) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) {
    throw UsageError{std::string{key} + "=" + std::string{text} + ": not a number that fits"};
  }
  return value;
}

/// Which keys a command takes besides the row's own fields.
struct Takes {
  bool id = false;
  bool version = false;
  bool token = false;
};

Fields fields_of(const std::vector<std::string>& words, std::string_view table, Takes takes) {
  Fields fields;
  for (const auto& word : words) {
    const auto equals = word.find('=');
    if (equals == std::string::npos) throw UsageError{word + ": not key=value"};
    const auto key = std::string_view{word}.substr(0, equals);
    const auto value = std::string_view{word}.substr(equals + 1);
    if (key == "owner") {
      fields.owner = value;
    } else if (key == "balance") {
      fields.balance = number<std::int64_t>(key, value);
    } else if (key == "id" && takes.id) {
      fields.id = number<int>(key, value);
    } else if ((key == "lock_version" || key == version_column(table)) && takes.version) {
      fields.version = number<std::uint64_t>(key, value);
      if (*fields.version > std::uint64_t{INT64_MAX}) throw UsageError{word + ": not a version"};
    } else if (key == "token" && takes.token) {
      fields.token = value;
    } else {
      throw UsageError{std::string{key} + ": this cannot be given here"};
    }
  }
  return fields;
}

/// One command of the command line: its options, and what they become.
class Reader {
 public:
  explicit Reader(CLI::App& app) : app_{&app} {
    app.require_subcommand(1);
    app.fallthrough();
    app.add_option("DSN", request_.dsn, "sqlite:PATH, or pg:KEYWORDS with libpq's keywords or URI")
        ->required();
    app.add_option("--table", request_.table, "The table to edit")
        ->check(CLI::IsMember({std::string{accounts}, std::string{documents}}))
        ->capture_default_str();
  }

  CLI::App* command(Command command, const std::string& name, const std::string& text, Takes takes = {}) {
    auto* const added = app_->add_subcommand(name, text);
    added->callback([this, command, takes] {
      request_.command = command;
      takes_ = takes;
    });
    return added;
  }
  CLI::App* with_id(Command which, const std::string& name, const std::string& text, Takes takes = {}) {
    auto* const added = command(which, name, text, takes);
    added->add_option("ID", request_.id, "The row's key")->required();
    return added;
  }
  void words(CLI::App* command, const std::string& text) { command->add_option("key=value", words_, text); }

  Request& request() { return request_; }
  Request finish() {
    request_.fields = fields_of(words_, request_.table, takes_);
    return request_;
  }

 private:
  CLI::App* app_;
  Request request_;
  std::vector<std::string> words_;
  Takes takes_ = {};
};

void add_commands(Reader& reader) {
  auto& request = reader.request();
  const std::string fields = "owner=TEXT, balance=NUMBER";
  const std::string seen = "lock_version=N or token=T: the version that the caller saw";

  reader.command(Command::schema, "schema", "Make both tables, where they are not there yet");
  reader.command(Command::seed, "seed", "Empty both tables; then ids 1 to 3, balance 100, version 0");
  reader.with_id(Command::show, "show", "Show a row, and a token for its version");
  reader.words(reader.command(Command::create, "create", "Store a new row", {.id = true, .version = true}),
               fields + ", id=N: the next one if not given, lock_version=N: 0 if not given");
  const Takes seen_version{.version = true, .token = true};
  reader.words(reader.with_id(Command::update, "update", "Change a row", seen_version), fields + "; " + seen);
  reader.with_id(Command::noop, "noop", "Load a row and save it unchanged: its version stays");
  reader.with_id(Command::touch, "touch", "Move a row's version and updated_at, and nothing else");
  reader.words(reader.with_id(Command::destroy, "destroy", "Erase a row", seen_version), seen);
  reader.words(reader.with_id(Command::load_wait_save, "load-wait-save",
                              R"(Load, print {"event":"loaded"}, wait for a line, change and save)"),
               fields);
  reader.with_id(Command::load_wait_destroy, "load-wait-destroy",
                 R"(Load, print {"event":"loaded"}, wait for a line, erase)");

  auto* const lock =
      reader.with_id(Command::lock_wait_save, "lock-wait-save",
                     R"(Lock, print {"event":"locked"}, wait for a line, change, save, commit. )"
                     "In SQLite the lock is the whole database's");
  reader.words(lock, fields);
  auto* const no_wait = lock->add_flag("--nowait", request.no_wait, "Fail if somebody else has the lock");
  lock->add_flag("--skip-locked", request.skip_locked, "Do nothing then, with status 5 as well")
      ->excludes(no_wait);

  auto* const transfer =
      reader.command(Command::transfer, "transfer", "Move an amount between two rows' balances");
  transfer->add_option("FROM", request.id, "Who pays")->required();
  transfer->add_option("TO", request.to, "Who receives")->required();
  transfer->add_option("AMOUNT", request.amount, "How much")->required();
  transfer->add_flag(
      "--pause", request.pause,
      R"(Between the first loads and their commit print {"event":"ready"}, and wait for a line)");
  transfer->add_flag("--once", request.once, "If a row has moved meanwhile, do not run it again: stale");

  auto* const add = reader.with_id(Command::add_loop, "add-loop", "Add to a row's balance again and again");
  add->add_option("N", request.times, "How often")->required();
  add->add_option("DELTA", request.amount, "What to add each time")->required();
  add->add_flag("--pause", request.pause, R"(First print {"event":"ready"}, and wait for a line)");

  const std::string name = "The lock's name; Ruby's with_advisory_lock means the same lock by it";
  reader
      .command(Command::advisory_wait, "advisory-wait",
               R"(Take a lock, print {"event":"locked"}, wait for a line, give it back)")
      ->add_option("NAME", request.name, name)
      ->required();
  reader
      .command(Command::advisory_try, "advisory-try", "Take a lock and give it back, or fail with status 5")
      ->add_option("NAME", request.name, name)
      ->required();
}

}  // namespace

std::optional<Request> read_command_line(int argc, const char* const* argv) {
  CLI::App app{about, "rowctl"};
  Reader reader{app};
  add_commands(reader);
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& help) {
    app.exit(help, std::cout, std::cerr);
    return std::nullopt;
  } catch (const CLI::ParseError& error) {
    throw UsageError{error.what()};
  }
  return reader.finish();
}

}  // namespace rowctl
