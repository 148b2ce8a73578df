// From the command line to a request.
#pragma once

#include "request.hpp"

#include <optional>

namespace rowctl {

/// Nothing if help was asked for, and has been printed. Throws UsageError.
[[nodiscard]] std::optional<Request> read_command_line(int argc, const char* const* argv);

}  // namespace rowctl
