// What a session knows and plans about one row, whatever the database.
#pragma once

#include <lockstep/core/error.hpp>
#include <lockstep/core/version.hpp>
#include <lockstep/storage/staging.hpp>

#include <memory>
#include <optional>

namespace lockstep::sql::detail {

/// What is stored in a row: an absent version where there is none. The record is without its type, which the
/// table knows.
struct Present {
  Version version = {};
  std::shared_ptr<const void> record = {};
};

/// The part of a row's entry in a session that is the same in all databases.
class Entry {
 public:
  using Staged = lockstep::detail::Staged;

  explicit Entry(const void* table) : table_{table} {}
  Entry(const Entry&) = delete;
  Entry& operator=(const Entry&) = delete;
  virtual ~Entry() = default;

  /// The storage that made it: there may be several on one table.
  [[nodiscard]] const void* table() const noexcept { return table_; }
  [[nodiscard]] virtual Place place() const = 0;
  [[nodiscard]] bool writes() const noexcept { return staged.write != Staged::Write::none; }

  Staged staged;
  std::optional<Present> seen;  // what the first load in this session found
  Version landed = {};

 private:
  const void* table_;
};

}  // namespace lockstep::sql::detail
