// The two tables that rowctl edits: what a row is, and which column means what.
#pragma once

#include <lockstep/sql/mapping.hpp>

#include <boost/describe/class.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace rowctl {

/// What is edited. The key is the column `id`, and the storage keeps the version. It sets the times, too:
/// what a row brings along of them is not written.
struct Row {
  std::string owner;
  std::int64_t balance = 0;
  std::optional<lockstep::sql::Timestamp> created_at = {};
  std::optional<lockstep::sql::Timestamp> updated_at = {};
  bool operator==(const Row&) const = default;
};
BOOST_DESCRIBE_STRUCT(Row, (), (owner, balance, created_at, updated_at))

inline constexpr std::string_view accounts = "accounts";
inline constexpr std::string_view documents = "documents";

/// Accounts have the version column that is the rule, documents one of another name.
[[nodiscard]] inline std::string version_column(std::string_view table) {
  return table == documents ? "version_number" : "lock_version";
}

/// How `Row` lies in a table.
[[nodiscard]] inline lockstep::sql::Mapping mapping_of(std::string_view table) {
  return {.table = std::string{table},
          .version = version_column(table),
          .created_at = "created_at",
          .updated_at = "updated_at"};
}

}  // namespace rowctl
