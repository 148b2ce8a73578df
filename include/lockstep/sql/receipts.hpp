// The table in which an SQL database keeps the receipts of what is performed once.
#pragma once

#include <lockstep/sql/mapping.hpp>
#include <lockstep/sql/statements.hpp>
#include <lockstep/storage/receipt.hpp>

#include <memory>
#include <string>
#include <string_view>

namespace lockstep::sql::detail {

[[nodiscard]] inline Mapping receipts_mapping(const std::string& table) {
  Mapping mapping;
  mapping.table = table;
  mapping.key = {"idempotency_key"};
  mapping.version = "lock_version";
  mapping.created_at = "created_at";
  return mapping;
}

/// The statement that makes the table, if it is not there. `integer` and `time` are types of 64 bits, and of
/// a time.
[[nodiscard]] inline std::string create_receipts(std::string_view table, std::string_view integer,
                                                 std::string_view time) {
  return joined("CREATE TABLE IF NOT EXISTS ", quoted(table),
                " (idempotency_key text NOT NULL PRIMARY KEY, digest ", integer, " NOT NULL, attempt ",
                integer, " NOT NULL, outcome text NOT NULL, lock_version ", integer, " NOT NULL, created_at ",
                time, " NOT NULL)");
}

/// Opens the table, and makes it first if there is none. `statement` makes it.
template <class Table, class Database>
[[nodiscard]] std::shared_ptr<Table> open_receipts(Database& database, const std::string& table,
                                                   const std::string& statement) {
  const auto mapping = receipts_mapping(table);
  try {
    return std::make_shared<Table>(database, mapping);
  } catch (const MappingMismatch& mismatch) {
    if (mismatch.mismatches().front() != no_such_table) throw;
  }
  try {
    database.execute(statement);
  } catch (const DatabaseError&) {  // another has made it at the same time, or it cannot be made
    try {
      return std::make_shared<Table>(database, mapping);
    } catch (const MappingMismatch&) {  // the first error says why
    }
    throw;
  } catch (const ConstraintFailed&) {  // of the catalogue's: likewise
  }
  return std::make_shared<Table>(database, mapping);
}

}  // namespace lockstep::sql::detail
