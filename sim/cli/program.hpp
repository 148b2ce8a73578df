// The program: parses, runs a command, and turns what goes wrong into an exit status.
#pragma once

namespace lockstep::sim::cli {

/// What `main` returns.
[[nodiscard]] int program(int argc, const char* const* argv);

}  // namespace lockstep::sim::cli
