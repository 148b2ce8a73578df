// The storages that rowctl knows, each in a source of its own.
#pragma once

#include "outcome.hpp"
#include "request.hpp"

#include <string>

namespace rowctl {

/// Does what `request` asks, in an SQLite file. Throws whatever comes before the tables are open.
[[nodiscard]] Outcome run_on_sqlite(const std::string& path, const Request& request);

/// The same in PostgreSQL.
[[nodiscard]] Outcome run_on_postgres(const std::string& keywords, const Request& request);

}  // namespace rowctl
