// The statements that make a table of SQLite for a mapping, or give one that is there a version column.
// Source: https://sqlite.org/lang_altertable.html, and the types that ActiveRecord declares
#pragma once

#include <lockstep/sql/schema.hpp>

#include <string>
#include <string_view>

namespace lockstep::sqlite {

namespace detail {

[[nodiscard]] inline std::string type_name(const sql::detail::Purpose& purpose) {
  switch (purpose.needed.type) {
    case sql::ColumnType::integer:
      return purpose.boolean ? "boolean" : "integer";
    case sql::ColumnType::real:
      return "float";
    case sql::ColumnType::blob:
      return "blob";
    case sql::ColumnType::timestamp:
      return "datetime(6)";
    case sql::ColumnType::uuid:
      return "varchar(36)";
    default:  // decimals, too: SQLite's own would keep 15 digits alone
      return "text";
  }
}

}  // namespace detail

/// The statement that makes a table for records `T` by `Key` which lie in it as `mapping` says, for
/// `Database::execute` or a migration: opened with the same mapping, it fits. Constraints, and indices other
/// than the key's, are for you to add. `version_column` is the name where the mapping gives none.
template <class Key, sql::Record T>
[[nodiscard]] std::string create_table(const sql::Mapping& mapping,
                                       std::string_view version_column = "lock_version") {
  return sql::detail::create_table<Key, T>(mapping, version_column, &detail::type_name);
}

/// The statement that gives a table its version column. Rows that are there get version 0. Who does not know
/// of the column goes on writing without a guard, and is not noticed. Throws NotSupported if versions have no
/// column.
[[nodiscard]] inline std::string add_version_column(const sql::Mapping& mapping,
                                                    std::string_view version_column = "lock_version") {
  return sql::detail::add_version_column(mapping, version_column, &detail::type_name);
}

/// The statement that puts 0 where a counter is NULL, which reads as 0 anyway. Throws NotSupported if
/// versions are not counted.
[[nodiscard]] inline std::string fill_version_column(const sql::Mapping& mapping,
                                                     std::string_view version_column = "lock_version") {
  return sql::detail::fill_version_column(mapping, version_column);
}

/// The statement that takes it away, and all versions with it. SQLite can from 3.35 on. Throws NotSupported
/// if versions have no column.
[[nodiscard]] inline std::string drop_version_column(const sql::Mapping& mapping,
                                                     std::string_view version_column = "lock_version") {
  return sql::detail::drop_version_column(mapping, version_column);
}

}  // namespace lockstep::sqlite
