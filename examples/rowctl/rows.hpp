// The two tables that rowctl edits: what a row is, and which column means what.
#pragma once

#include <lockstep/sql/mapping.hpp>

#include <boost/describe/class.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace rowctl {

/// What is edited. The key is the column `id`, and the storage keeps the version and the times.
struct Row {
  std::string owner;
  std::int64_t balance = 0;
  bool operator==(const Row&) const = default;
};
BOOST_DESCRIBE_STRUCT(Row, (), (owner, balance))

/// The same row with its times, to be shown: a second, wider view of one table.
struct ShownRow {
  std::string owner;
  std::int64_t balance = 0;
  std::optional<std::string> created_at;
  std::optional<std::string> updated_at;
};
BOOST_DESCRIBE_STRUCT(ShownRow, (), (owner, balance, created_at, updated_at))

inline constexpr std::string_view accounts = "accounts";
inline constexpr std::string_view documents = "documents";

/// Accounts have the version column that is the rule, documents one of another name.
[[nodiscard]] inline std::string version_column(std::string_view table) {
  return table == documents ? "version_number" : "lock_version";
}

/// How `Row` lies in a table.
[[nodiscard]] inline lockstep::sql::Mapping editing(std::string_view table) {
  return {.table = std::string{table},
          .version = version_column(table),
          .created_at = "created_at",
          .updated_at = "updated_at"};
}

/// How `ShownRow` does: the times are fields, and so are written by nobody here.
[[nodiscard]] inline lockstep::sql::Mapping showing(std::string_view table) {
  return {.table = std::string{table}, .version = version_column(table)};
}

}  // namespace rowctl
