#include "program.hpp"

#include "command_line.hpp"
#include "commands.hpp"
#include "errors.hpp"
#include "terminal.hpp"
#include "text.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <exception>
#include <string>
#include <utility>
#include <variant>

namespace lockstep::sim::cli {

namespace {

template <class... F>
struct Overloaded : F... {
  using F::operator()...;
};
template <class... F>
Overloaded(F...) -> Overloaded<F...>;

ExitStatus execute(const Command& command, const std::string& program) {
  return std::visit(Overloaded{[](const List& request) { return list(request); },
                               [&](const Run& request) { return run(request, program); },
                               [](const Replay& request) { return replay(request); },
                               [](const Audit& request) { return audit(request); },
                               [](const Information& information) {
                                 Terminal{stdout}.print(information.text);
                                 return ExitStatus::as_expected;
                               }},
                    command);
}

ExitStatus complain(ExitStatus status, const std::string& message) {
  std::fprintf(stderr, "lockstep-sim: %s\n", message.c_str());
  return status;
}

ExitStatus guarded(const std::string& program, int argc, const char* const* argv) {
  try {
    return execute(parse_command_line(argc, argv), program);
  } catch (const BadUsage& error) {
    return complain(ExitStatus::bad_usage,
                    fmt::format("{}\nTry '{} {}'.", error.what(), shell_word(program), error.help()));
  } catch (const Failed& error) {
    return complain(ExitStatus::failed, error.what());
  } catch (const std::exception& error) {
    return complain(ExitStatus::failed, fmt::format("internal error: {}", error.what()));
  } catch (...) {
    return complain(ExitStatus::failed, "internal error: an unknown exception");
  }
}

}  // namespace

int program(int argc, const char* const* argv) {
  const std::string name = argc > 0 ? argv[0] : "lockstep-sim";
  return static_cast<int>(guarded(name, argc, argv));
}

}  // namespace lockstep::sim::cli
