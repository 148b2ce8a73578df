// How records and their keys lie in a table: which column is which field, which one counts
// versions. Checked against the table when it is opened, so that a mismatch is found then.
#pragma once

#include <lockstep/core/fields.hpp>
#include <lockstep/core/text.hpp>
#include <lockstep/core/version.hpp>
#include <lockstep/sql/timestamp.hpp>
#include <lockstep/sql/value.hpp>

#include <boost/mp11/list.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace lockstep::sql {

/// A field whose column has another name.
struct Renamed {
  std::string field = {};   ///< as it is described
  std::string column = {};  ///< as it is in the table
};

/// What tells one state of a row from the next.
enum class VersionKind {
  counter,    ///< whole numbers in the version column. A table without one: its columns in SQLite, xmin in
              ///< PostgreSQL
  timestamp,  ///< times in the version column, each later than the one before, whatever the clock does
  uuid,  ///< a new random UUID in the version column with each write. A version tells them apart by 63 bits
  columns,  ///< the columns that are fields, by 63 bits: no version column. What changed back has not changed
  row,      ///< PostgreSQL's xmin: no version column. Every write by anybody moves it
};

/// A table, and what its columns mean. Names are quoted wherever they are used, so keywords
/// and spaces will do. Columns that are not named here and are no fields are left alone.
struct Mapping {
  std::string table = {};                 ///< the table's name
  std::vector<std::string> key = {"id"};  ///< the key's columns, in the order of the key's parts
  std::vector<Renamed> columns = {};      ///< fields whose columns have other names
  std::string version = {};               ///< the version column; empty: as the database's options say
  VersionKind version_kind = VersionKind::counter;  ///< what a version is
  std::string created_at = {};                      ///< set to the time of the insert, if named
  std::string updated_at = {};  ///< set to the time of every write, if named; a field may show either
  bool strict = false;          ///< also refuse columns that may be NULL where their fields cannot, and
                                ///< columns that every insert would leave without a value
};

/// A record that a table can hold: described, and each field has a Codec.
template <class T>
concept Record = Described<T> && std::default_initializable<T> && std::copyable<T>;

namespace detail {

template <class T>
inline constexpr std::size_t field_count = boost::mp11::mp_size<lockstep::detail::Members<T>>::value;

/// The value of each field, viewed: `record` must stay.
template <Record T>
[[nodiscard]] std::array<Value, field_count<T>> values_of(const T& record) {
  std::array<Value, field_count<T>> values;
  std::size_t at = 0;
  for_each_field<T>([&](const char*, auto field) {
    using Field = std::remove_cvref_t<decltype(record.*field)>;
    static_assert(Storable<Field>,
                  "this field's type cannot be stored: specialise lockstep::sql::Codec for it");
    values[at++] = Codec<Field>::to_value(record.*field);
  });
  return values;
}

/// Which fields differ; a field without `==` counts as different.
template <Record T>
[[nodiscard]] std::array<bool, field_count<T>> changed_fields(const T& record, const T* base) {
  std::array<bool, field_count<T>> changed;
  changed.fill(true);
  std::size_t at = 0;
  if (base) {
    for_each_field<T>([&](const char*, auto field) {
      using Field = std::remove_cvref_t<decltype(record.*field)>;
      if constexpr (std::equality_comparable<Field>) changed[at] = !(record.*field == base->*field);
      ++at;
    });
  }
  return changed;
}

/// What is written of a record: its fields' values, and which of them. Views of the record, and of the time.
template <Record T>
struct RowToWrite {
  std::array<Value, field_count<T>> values;
  std::array<bool, field_count<T>> changed;
};

/// A record of the values that `value(index)` gives. Calls `unfit(index)`, which throws, where one does not
/// fit.
template <Record T, class ValueAt, class Unfit>
[[nodiscard]] T record_of_values(ValueAt&& value, Unfit&& unfit) {
  T record{};
  std::size_t at = 0;
  for_each_field<T>([&](const char*, auto field) {
    using Field = std::remove_cvref_t<decltype(record.*field)>;
    auto held = Codec<Field>::from_value(value(at));
    if (!held) unfit(at);
    record.*field = *std::move(held);
    ++at;
  });
  return record;
}

template <class Key>
inline constexpr std::size_t key_width = 1;
template <lockstep::detail::TupleLike Key>
inline constexpr std::size_t key_width<Key> = std::tuple_size_v<Key>;

/// The values of a key's parts, viewed: `key` must stay.
template <class Key>
[[nodiscard]] std::array<Value, key_width<Key>> key_values(const Key& key) {
  if constexpr (lockstep::detail::TupleLike<Key>) {
    return std::apply(
        [](const auto&... parts) {
          return std::array<Value, key_width<Key>>{
              Codec<std::remove_cvref_t<decltype(parts)>>::to_value(parts)...};
        },
        key);
  } else {
    return {Codec<Key>::to_value(key)};
  }
}

/// What a type asks of its column.
struct Needed {
  ColumnType type = ColumnType::text;
  int digits = 0;  // after the point
  bool nullable = false;
};

template <class T>
concept Nullable = requires { Codec<T>::nullable; };

template <class T>
[[nodiscard]] constexpr Needed needed_for() {
  return {Codec<T>::type, digits_kept<T>, Nullable<T>};
}

template <class Key>
[[nodiscard]] constexpr std::array<Needed, key_width<Key>> needed_for_key() {
  if constexpr (lockstep::detail::TupleLike<Key>) {
    return []<std::size_t... I>(std::index_sequence<I...>) {
      return std::array{needed_for<std::tuple_element_t<I, Key>>()...};
    }(std::make_index_sequence<key_width<Key>>{});
  } else {
    return {needed_for<Key>()};
  }
}

/// A mapping whose names are known to be there.
struct Layout {
  std::string table;
  std::vector<std::string> key;
  std::vector<std::string> fields;
  std::string version;  // empty: the table has no version column
  std::string created_at;
  std::string updated_at;
  VersionKind kind = VersionKind::counter;
  std::optional<std::size_t> created_field = {};  // the field that shows created_at, if one does
  std::optional<std::size_t> updated_field = {};
  std::vector<std::size_t> approximate = {};  // fields of decimal numbers whose columns keep 15 digits alone

  /// Calls `visit(column)` for the times that a write sets, and that no field stands for.
  template <class Visit>
  void for_each_own_time(bool insert, Visit&& visit) const {
    if (insert && !created_at.empty() && !created_field) visit(created_at);
    if (!updated_at.empty() && !updated_field) visit(updated_at);
  }
};

/// The row to insert for `record` at `time`.
template <Record T>
[[nodiscard]] RowToWrite<T> row_to_insert(const Layout& layout, const T& record, CommitTime& time) {
  RowToWrite<T> row{values_of(record), {}};
  row.changed.fill(true);
  for (const auto field : {layout.created_field, layout.updated_field}) {
    if (field) row.values[*field] = time.text();
  }
  return row;
}

/// What to write of `record` at `time`, where `base` was there; null where that is not known.
template <Record T>
[[nodiscard]] RowToWrite<T> row_to_update(const Layout& layout, const T& record, const T* base,
                                          CommitTime& time) {
  RowToWrite<T> row{values_of(record), changed_fields(record, base)};
  if (layout.created_field) row.changed[*layout.created_field] = false;
  if (layout.updated_field) {
    row.changed[*layout.updated_field] = true;
    row.values[*layout.updated_field] = time.text();
  }
  return row;
}

/// Throws Unstorable if a column would keep another number than the row's.
template <Record T>
void check_digits(const Layout& layout, const RowToWrite<T>& row) {
  for (const auto field : layout.approximate) {
    const auto* const number = std::get_if<std::string>(&row.values[field]);
    if (!row.changed[field] || !number) continue;
    std::size_t digits = 0;
    for (const char c : *number) {
      if (('1' <= c && c <= '9') || (c == '0' && digits > 0)) ++digits;
    }
    if (digits > 15) {
      throw Unstorable{joined(*number, " has more than the 15 digits that column ", layout.fields[field],
                              " keeps: declare it as text")};
    }
  }
}

/// The one mismatch of a table that is not there.
inline constexpr auto no_such_table = "there is no such table";

/// A column as the database has it.
struct ExistingColumn {
  std::string name;
  std::string type;
  bool nullable = true;
  bool filled = false;  // by a default, or generated: an insert need not name it
  int digits = -1;      // that it keeps after the point; fewer than none: as many as there are
};

/// Holds a mapping against the columns of a table, and collects what does not fit.
class Comparison {
 public:
  /// Whether a column can hold values of a type, as the database keeps them.
  using Keeps = bool (*)(const std::string& column_type, ColumnType);

  Comparison(std::span<const ExistingColumn> existing, Keeps keeps, bool strict,
             std::vector<std::string>& mismatches)
      : existing_{existing}, keeps_{keeps}, strict_{strict}, mismatches_{&mismatches} {}

  [[nodiscard]] const ExistingColumn* find(const std::string& name) const {
    const auto found = std::ranges::find(existing_, name, &ExistingColumn::name);
    return found == existing_.end() ? nullptr : &*found;
  }

  template <class... Parts>
  void refuse(const Parts&... parts) const {
    mismatches_->push_back(joined(parts...));
  }

  /// The column `name` must be there, and hold what is needed for `what`.
  void require(const std::string& name, const std::string& what, const Needed& needed) const {
    const auto* const column = find(name);
    if (!column) return refuse("there is no column ", name, " (", what, ")");
    if (!keeps_(column->type, needed.type)) {
      return refuse("column ", name, " of type ", column->type, " does not keep ", to_string(needed.type),
                    " (", what, ")");
    }
    if (column->digits >= 0 && column->digits < needed.digits) {
      refuse("column ", name, " of type ", column->type, " keeps ", std::to_string(column->digits),
             " digits after the point, and not ", std::to_string(needed.digits), " (", what, ")");
    }
  }

  /// What a field writes must not be refused; and if it is to be strict, it can hold all that the column can.
  void require_nulls(const std::string& name, const std::string& what, bool nullable) const {
    const auto* const column = find(name);
    if (!column) return;
    if (nullable && !column->nullable) {
      refuse("column ", name, " must not be NULL, which its field may be (", what, ")");
    }
    if (strict_ && !nullable && column->nullable) {
      refuse("column ", name, " may be NULL, which its field cannot be (", what, ")");
    }
  }

  /// If it is to be strict: an insert that names the columns of `layout` leaves none empty that must not be.
  void require_filled(const Layout& layout) const {
    if (!strict_) return;
    for (const auto& column : existing_) {
      const auto is_in = [&](const std::vector<std::string>& names) {
        return std::ranges::find(names, column.name) != names.end();
      };
      if (column.nullable || column.filled || is_in(layout.key) || is_in(layout.fields)) continue;
      if (column.name == layout.version || column.name == layout.created_at) continue;
      if (column.name == layout.updated_at) continue;
      refuse("column ", column.name, " must not be NULL, and nothing would be inserted in it");
    }
  }

 private:
  std::span<const ExistingColumn> existing_;
  Keeps keeps_;
  bool strict_;
  std::vector<std::string>* mismatches_;
};

/// The columns of the key, each of which must be there.
template <class Key>
void compare_key(const Mapping& mapping, const Comparison& table) {
  constexpr auto width = key_width<Key>;
  if (mapping.key.size() != width) {
    return table.refuse("the key has ", std::to_string(width), width == 1 ? " part, and " : " parts, and ",
                        std::to_string(mapping.key.size()), " columns are named for it");
  }
  for (std::size_t part = 0; part < width; ++part) {
    table.require(mapping.key[part], "key", needed_for_key<Key>()[part]);
  }
}

/// The columns of the fields, each of which must be there.
template <Record T>
[[nodiscard]] std::vector<std::string> compared_fields(const Mapping& mapping, const Comparison& table) {
  std::vector<std::string> fields;
  for_each_field<T>([&](const char* name, auto field) {
    using Field = std::remove_cvref_t<decltype(std::declval<T&>().*field)>;
    const auto renamed = std::ranges::find(mapping.columns, name, &Renamed::field);
    const auto& column = fields.emplace_back(renamed == mapping.columns.end() ? name : renamed->column);
    const auto what = joined("field ", name);
    if (std::ranges::find(mapping.key, column) != mapping.key.end()) {
      return table.refuse("column ", column, " is the key's already (", what, ")");
    }
    constexpr auto needed = needed_for<Field>();
    if (column == mapping.created_at || column == mapping.updated_at) {  // which this field does not write
      return table.require(column, what, {ColumnType::timestamp});
    }
    table.require(column, what, needed);
    table.require_nulls(column, what, needed.nullable);
  });
  for (const auto& [field, column] : mapping.columns) {
    if (std::ranges::find(fields, column) == fields.end()) {
      table.refuse("column ", column, " is for a field ", field, ", which the record does not have");
    }
  }
  return fields;
}

/// The column and the kind of versions. `unversioned` is what the database has for tables without a column.
inline void compare_version(const Mapping& mapping, const std::string& default_version,
                            VersionKind unversioned, const Comparison& table, Layout& layout) {
  const auto kind = mapping.version_kind;
  if (kind == VersionKind::columns || kind == VersionKind::row) {
    if (!mapping.version.empty())
      table.refuse("column ", mapping.version, " is for versions, which have none");
    if (kind == VersionKind::row && unversioned != kind) table.refuse("rows have no xmin here");
    return;
  }
  const auto& version = mapping.version.empty() ? default_version : mapping.version;
  if (kind == VersionKind::counter && mapping.version.empty() && !table.find(version)) {
    layout.kind = unversioned;
    return;
  }
  layout.version = version;
  if (layout.updated_at == version) layout.updated_at.clear();  // it moves as versions do
  table.require(version, "version",
                kind == VersionKind::counter     ? Needed{ColumnType::integer, 0, true}
                : kind == VersionKind::timestamp ? Needed{ColumnType::timestamp, 6, true}
                                                 : Needed{ColumnType::uuid, 0, true});
  if (std::ranges::find(layout.fields, version) != layout.fields.end()) {
    table.refuse("column ", version, " counts versions, and cannot be a field");
  }
}

/// A UUID of version 4 (RFC 9562), by its text.
template <class R>
[[nodiscard]] std::string random_uuid() {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  const auto put = [&](std::uint64_t bits) {
    for (int shift = 60; shift >= 0; shift -= 4) {
      const auto at = text.size();
      if (at == 8 || at == 13 || at == 18 || at == 23) text += '-';
      text += digits[bits >> static_cast<unsigned>(shift) & 15U];
    }
  };
  put((R::random() & 0xffffffffffff0fffU) | 0x4000U);
  put((R::random() & 0x3fffffffffffffffU) | 0x8000000000000000U);
  return text;
}

/// A version that is a time, as that; and a time as a version.
[[nodiscard]] inline Timestamp time_of(Version version) {
  return Timestamp{std::chrono::microseconds{static_cast<std::int64_t>(version.number())}};
}
[[nodiscard]] inline Version version_of(Timestamp time) {
  return Version{static_cast<std::uint64_t>(time.time_since_epoch().count())};
}

/// What the columns of `existing` make of `mapping`. Appends what does not fit to `mismatches`.
template <class Key, Record T>
[[nodiscard]] Layout laid_out(const Mapping& mapping, const std::string& default_version,
                              VersionKind unversioned, std::span<const ExistingColumn> existing,
                              Comparison::Keeps keeps, std::vector<std::string>& mismatches) {
  const Comparison table{existing, keeps, mapping.strict, mismatches};
  Layout layout{mapping.table,      mapping.key,          {}, {}, mapping.created_at,
                mapping.updated_at, mapping.version_kind, {}, {}, {}};
  compare_key<Key>(mapping, table);
  layout.fields = compared_fields<T>(mapping, table);

  const auto field = [&](const std::string& column) -> std::optional<std::size_t> {
    const auto found = std::ranges::find(layout.fields, column);
    if (found == layout.fields.end()) return std::nullopt;
    return static_cast<std::size_t>(found - layout.fields.begin());
  };
  compare_version(mapping, default_version, unversioned, table, layout);
  for (const auto& [name, what, shown] :
       {std::tuple{&layout.created_at, "created_at", &layout.created_field},
        std::tuple{&layout.updated_at, "updated_at", &layout.updated_field}}) {
    if (name->empty()) continue;
    *shown = field(*name);
    if (!*shown) table.require(*name, what, {ColumnType::timestamp});
  }
  table.require_filled(layout);
  return layout;
}

}  // namespace detail

}  // namespace lockstep::sql
