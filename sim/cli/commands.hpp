// The commands of the program. `program` is how the user called it.
#pragma once

#include "command_line.hpp"
#include "exit_status.hpp"

#include <string>

namespace lockstep::sim::cli {

[[nodiscard]] ExitStatus list(const List& request);
[[nodiscard]] ExitStatus run(const Run& request, const std::string& program);
[[nodiscard]] ExitStatus replay(const Replay& request);
[[nodiscard]] ExitStatus audit(const Audit& request);

}  // namespace lockstep::sim::cli
