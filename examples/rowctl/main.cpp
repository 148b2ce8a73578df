// rowctl: a small editor of rows that other programs edit meanwhile. One program for SQLite and for
// PostgreSQL, as lockstep's verbs are the same on both: see editor.hpp.
//
//   rowctl sqlite:bank.sqlite schema
//   rowctl sqlite:bank.sqlite seed
//   rowctl sqlite:bank.sqlite transfer 1 2 30
//   rowctl "pg:host=/run/postgresql dbname=bank" load-wait-save 1 owner=zoe
#include "backends.hpp"
#include "command_line.hpp"
#include "lines.hpp"

#include <iostream>
#include <string_view>

namespace {

rowctl::Outcome run(const rowctl::Request& request) {
  const std::string_view dsn = request.dsn;
  if (dsn.starts_with("sqlite:")) return rowctl::run_on_sqlite(request.dsn.substr(7), request);
  if (dsn.starts_with("pg:")) return rowctl::run_on_postgres(request.dsn.substr(3), request);
  throw rowctl::UsageError{request.dsn + ": neither sqlite:PATH nor pg:KEYWORDS"};
}

}  // namespace

int main(int argc, char** argv) {
  rowctl::Outcome outcome;
  try {
    const auto request = rowctl::read_command_line(argc, argv);
    if (!request) return 0;
    outcome = run(*request);
  } catch (const rowctl::UsageError& usage) {
    outcome = rowctl::outcome_of(std::current_exception());
    std::cerr << usage.what()
              << "\nrowctl --help says what there is, and rowctl DSN COMMAND --help more of it.\n";
  } catch (...) {
    outcome = rowctl::outcome_of(std::current_exception());
  }
  rowctl::tell(outcome.line);
  return static_cast<int>(outcome.status);
}
