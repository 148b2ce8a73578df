// Boost's UUIDs as fields and keys of records.
#pragma once

#include <lockstep/sql/value.hpp>

#include <boost/uuid/string_generator.hpp>
#include <boost/uuid/uuid.hpp>
#include <boost/uuid/uuid_io.hpp>

#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

namespace lockstep::sql {

/// UUIDs, as their text of 36 characters in lower case.
template <>
struct Codec<boost::uuids::uuid> {
  static constexpr auto type = ColumnType::uuid;  ///< or the text of one
  /// "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"
  static Value to_value(const boost::uuids::uuid& uuid) { return boost::uuids::to_string(uuid); }
  /// Nothing unless it is the text of a UUID.
  static std::optional<boost::uuids::uuid> from_value(const Value& value) {
    const auto* const text = std::get_if<std::string_view>(&value);
    if (!text || text->size() != 36) return std::nullopt;
    try {
      return boost::uuids::string_generator{}(text->begin(), text->end());
    } catch (const std::runtime_error&) {  // it is none
      return std::nullopt;
    }
  }
};

}  // namespace lockstep::sql
