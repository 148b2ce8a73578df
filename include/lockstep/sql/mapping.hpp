// How records and their keys lie in a table: which column is which field, which one counts
// versions. Checked against the table when it is opened, so that a mismatch is found then.
#pragma once

#include <lockstep/core/fields.hpp>
#include <lockstep/core/text.hpp>
#include <lockstep/sql/timestamp.hpp>
#include <lockstep/sql/value.hpp>

#include <boost/mp11/list.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
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

/// A table, and what its columns mean. Names are quoted wherever they are used, so keywords
/// and spaces will do. Columns that are not named here and are no fields are left alone.
struct Mapping {
  std::string table = {};                 ///< the table's name
  std::vector<std::string> key = {"id"};  ///< the key's columns, in the order of the key's parts
  std::vector<Renamed> columns = {};      ///< fields whose columns have other names
  std::string version = {};               ///< the version column; empty: as the database's options say
  std::string created_at = {};            ///< set to the time of the insert, if named
  std::string updated_at = {};  ///< set to the time of every write, if named; a field may show either
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

template <class Key>
[[nodiscard]] std::array<ColumnType, key_width<Key>> key_types() {
  if constexpr (lockstep::detail::TupleLike<Key>) {
    return []<std::size_t... I>(std::index_sequence<I...>) {
      return std::array{Codec<std::tuple_element_t<I, Key>>::type...};
    }(std::make_index_sequence<key_width<Key>>{});
  } else {
    return {Codec<Key>::type};
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
  std::optional<std::size_t> created_field = {};  // the field that shows created_at, if one does
  std::optional<std::size_t> updated_field = {};

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

/// The one mismatch of a table that is not there.
inline constexpr auto no_such_table = "there is no such table";

/// A column as the database has it.
struct ExistingColumn {
  std::string name;
  std::string type;
};

/// What the columns of `existing` make of `mapping`. Appends what does not fit to `mismatches`.
/// `holds(column, type)` says whether a column can hold values of a type.
template <class Key, Record T, class Holds>
[[nodiscard]] Layout laid_out(const Mapping& mapping, const std::string& default_version,
                              std::span<const ExistingColumn> existing, Holds&& holds,
                              std::vector<std::string>& mismatches) {
  const auto find = [&](const std::string& name) {
    const auto found = std::ranges::find(existing, name, &ExistingColumn::name);
    return found == existing.end() ? nullptr : &*found;
  };
  const auto require = [&](const std::string& name, const std::string& what, ColumnType type) {
    const auto* const column = find(name);
    if (!column) {
      mismatches.push_back(joined("there is no column ", name, " (", what, ")"));
    } else if (!holds(*column, type)) {
      mismatches.push_back(joined("column ", name, " of type ", column->type, " does not keep ",
                                  to_string(type), " (", what, ")"));
    }
  };

  Layout layout{mapping.table, mapping.key, {}, {}, mapping.created_at, mapping.updated_at, {}, {}};
  if (mapping.key.size() == key_width<Key>) {
    for (std::size_t part = 0; part < key_width<Key>; ++part) {
      require(mapping.key[part], "key", key_types<Key>()[part]);
    }
  } else {
    mismatches.push_back(joined("the key has ", std::to_string(key_width<Key>),
                                key_width<Key> == 1 ? " part, and " : " parts, and ",
                                std::to_string(mapping.key.size()), " columns are named for it"));
  }

  for_each_field<T>([&](const char* name, auto field) {
    using Field = std::remove_cvref_t<decltype(std::declval<T&>().*field)>;
    const auto renamed = std::ranges::find(mapping.columns, name, &Renamed::field);
    const auto& column =
        layout.fields.emplace_back(renamed == mapping.columns.end() ? name : renamed->column);
    const auto what = joined("field ", name);
    if (std::ranges::find(mapping.key, column) != mapping.key.end()) {
      mismatches.push_back(joined("column ", column, " is the key's already (", what, ")"));
    } else {
      require(column, what, Codec<Field>::type);
    }
  });
  for (const auto& [field, column] : mapping.columns) {
    if (std::ranges::find(layout.fields, column) == layout.fields.end()) {
      mismatches.push_back(
          joined("column ", column, " is for a field ", field, ", which the record does not have"));
    }
  }

  const auto& version = mapping.version.empty() ? default_version : mapping.version;
  if (find(version) || !mapping.version.empty()) {
    layout.version = version;
    require(version, "version", ColumnType::integer);
    if (std::ranges::find(layout.fields, version) != layout.fields.end()) {
      mismatches.push_back(joined("column ", version, " counts versions, and cannot be a field"));
    }
  }
  for (const auto& [name, what, shown] :
       {std::tuple{&mapping.created_at, "created_at", &layout.created_field},
        std::tuple{&mapping.updated_at, "updated_at", &layout.updated_field}}) {
    if (name->empty()) continue;
    require(*name, what, ColumnType::timestamp);
    const auto field = std::ranges::find(layout.fields, *name);
    if (field != layout.fields.end()) *shown = static_cast<std::size_t>(field - layout.fields.begin());
  }
  return layout;
}

}  // namespace detail

}  // namespace lockstep::sql
