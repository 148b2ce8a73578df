// The statements that make a table of PostgreSQL for a mapping, or give one that is there a version column.
// Source: https://www.postgresql.org/docs/current/sql-altertable.html, and the types that ActiveRecord
// declares
#pragma once

#include <lockstep/sql/schema.hpp>

#include <string>
#include <string_view>

namespace lockstep::postgres {

namespace detail {

[[nodiscard]] inline std::string type_name(const sql::detail::Purpose& purpose) {
  switch (purpose.needed.type) {
    case sql::ColumnType::integer:
      if (purpose.boolean) return "boolean";
      return purpose.bytes <= 2 ? "smallint" : purpose.bytes <= 4 ? "integer" : "bigint";
    case sql::ColumnType::real:
      return "double precision";
    case sql::ColumnType::text:
      return "text";
    case sql::ColumnType::blob:
      return "bytea";
    case sql::ColumnType::timestamp:
      return "timestamp(6)";
    case sql::ColumnType::decimal:
      return joined("numeric(19, ", std::to_string(purpose.needed.digits), ")");
    case sql::ColumnType::uuid:
      return "uuid";
    case sql::ColumnType::json:
      return "jsonb";
  }
  return "text";
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

/// The statements that put 0 where a counter is NULL, which reads as 0 anyway, and let it be NULL no more.
/// They lock the table. Throws NotSupported if versions are
/// not counted.
[[nodiscard]] inline std::string fill_version_column(const sql::Mapping& mapping,
                                                     std::string_view version_column = "lock_version") {
  const auto column = sql::quoted(sql::detail::version_column_of(mapping, version_column));
  return joined(sql::detail::fill_version_column(mapping, version_column), ";\nALTER TABLE ",
                sql::quoted(mapping.table), " ALTER COLUMN ", column, " SET DEFAULT 0, ALTER COLUMN ", column,
                " SET NOT NULL");
}

/// The statement that takes it away, and all versions with it. Throws NotSupported if versions have no
/// column.
[[nodiscard]] inline std::string drop_version_column(const sql::Mapping& mapping,
                                                     std::string_view version_column = "lock_version") {
  return sql::detail::drop_version_column(mapping, version_column);
}

}  // namespace lockstep::postgres
