// The statements that make a table for a mapping, or give one that is there a version column: as text, to be
// read, kept with a project's migrations, and executed by whoever may. What differs between databases is
// their types.
#pragma once

#include <lockstep/sql/mapping.hpp>
#include <lockstep/sql/statements.hpp>

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace lockstep::sql::detail {

/// What a column is to be made for.
struct Purpose {
  Needed needed;
  std::size_t bytes = 8;  // of a whole number
  bool boolean = false;
};

template <class T>
struct Unwrapped : std::type_identity<T> {};
template <class T>
struct Unwrapped<std::optional<T>> : std::type_identity<T> {};

/// Of a whole number with a sign that can hold all of `Number`.
template <std::integral Number>
inline constexpr std::size_t bytes_of = std::is_unsigned_v<Number> ? 2 * sizeof(Number) : sizeof(Number);

template <class T>
[[nodiscard]] constexpr Purpose purpose_of() {
  using Plain = typename Unwrapped<T>::type;
  Purpose purpose{needed_for<T>()};
  purpose.boolean = std::same_as<Plain, bool>;
  if constexpr (std::is_enum_v<Plain>) {
    purpose.bytes = bytes_of<std::underlying_type_t<Plain>>;
  } else if constexpr (std::integral<Plain>) {
    purpose.bytes = bytes_of<Plain>;
  }
  return purpose;
}

/// A database's name for the type of such a column.
using TypeName = std::string (*)(const Purpose&);

/// What a version column is made for. All of a table that is there get NULL in it, which counts as 0, if it
/// is not to be a counter.
[[nodiscard]] inline Purpose purpose_of_version(VersionKind kind) {
  switch (kind) {
    case VersionKind::timestamp:
      return {{ColumnType::timestamp, 6, true}};
    case VersionKind::uuid:
      return {{ColumnType::uuid, 0, true}};
    default:
      return {{ColumnType::integer, 0, false}};
  }
}

[[nodiscard]] inline bool has_version_column(const Mapping& mapping) {
  return mapping.version_kind != VersionKind::columns && mapping.version_kind != VersionKind::row;
}

[[nodiscard]] inline std::string version_column_of(const Mapping& mapping, std::string_view usual) {
  if (!has_version_column(mapping)) {
    throw NotSupported{joined("table ", mapping.table, ": versions of its kind have no column")};
  }
  return mapping.version.empty() ? std::string{usual} : mapping.version;
}

/// "\"lock_version\" bigint DEFAULT 0 NOT NULL"
[[nodiscard]] inline std::string version_definition(const Mapping& mapping, std::string_view usual,
                                                    TypeName type_name) {
  const auto purpose = purpose_of_version(mapping.version_kind);
  return joined(sql::quoted(version_column_of(mapping, usual)), " ", type_name(purpose),
                purpose.needed.nullable ? "" : " DEFAULT 0 NOT NULL");
}

[[nodiscard]] inline std::string add_version_column(const Mapping& mapping, std::string_view usual,
                                                    TypeName type_name) {
  return joined("ALTER TABLE ", sql::quoted(mapping.table), " ADD COLUMN ",
                version_definition(mapping, usual, type_name));
}

[[nodiscard]] inline std::string drop_version_column(const Mapping& mapping, std::string_view usual) {
  return joined("ALTER TABLE ", sql::quoted(mapping.table), " DROP COLUMN ",
                sql::quoted(version_column_of(mapping, usual)));
}

template <class Key, Record T>
[[nodiscard]] std::string create_table(const Mapping& mapping, std::string_view usual, TypeName type_name) {
  std::vector<std::string> lines;
  const auto add = [&](const std::string& name, const Purpose& purpose) {
    lines.push_back(
        joined(sql::quoted(name), " ", type_name(purpose), purpose.needed.nullable ? "" : " NOT NULL"));
  };
  const auto key = [&]<class Part>(std::size_t part, std::type_identity<Part>) {
    if (part < mapping.key.size()) add(mapping.key[part], purpose_of<Part>());
  };
  if constexpr (lockstep::detail::TupleLike<Key>) {
    [&]<std::size_t... I>(std::index_sequence<I...>) {
      (key(I, std::type_identity<std::tuple_element_t<I, Key>>{}), ...);
    }(std::make_index_sequence<key_width<Key>>{});
  } else {
    key(0, std::type_identity<Key>{});
  }
  for_each_field<T>([&](const char* name, auto field) {
    using Field = std::remove_cvref_t<decltype(std::declval<T&>().*field)>;
    const auto renamed = std::ranges::find(mapping.columns, name, &Renamed::field);
    const std::string column = renamed == mapping.columns.end() ? name : renamed->column;
    if (column != mapping.created_at && column != mapping.updated_at) add(column, purpose_of<Field>());
  });
  if (has_version_column(mapping)) lines.push_back(version_definition(mapping, usual, type_name));
  for (const auto& column : {mapping.created_at, mapping.updated_at}) {
    if (!column.empty() && column != mapping.version) add(column, {{ColumnType::timestamp, 6, false}});
  }

  std::string text = joined("CREATE TABLE ", sql::quoted(mapping.table), " (\n");
  for (const auto& line : lines) text += joined("  ", line, ",\n");
  text += "  PRIMARY KEY (";
  for (const auto& column : mapping.key) {
    text += joined(&column == mapping.key.data() ? "" : ", ", sql::quoted(column));
  }
  return text += ")\n)";
}

[[nodiscard]] inline std::string fill_version_column(const Mapping& mapping, std::string_view usual) {
  if (mapping.version_kind != VersionKind::counter) {
    throw NotSupported{joined("table ", mapping.table, ": versions of its kind are not counted")};
  }
  const auto column = sql::quoted(version_column_of(mapping, usual));
  return joined("UPDATE ", sql::quoted(mapping.table), " SET ", column, " = 0 WHERE ", column, " IS NULL");
}

}  // namespace lockstep::sql::detail
