// The text of every statement that a mapped table needs. Names are quoted; values are
// placeholders, never text.
#pragma once

#include <lockstep/sql/mapping.hpp>

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace lockstep::sql {

/// `name` as an identifier of SQL, whatever it contains.
[[nodiscard]] inline std::string quoted(std::string_view name) {
  std::string text{'"'};
  for (const char c : name) {
    if (c == '"') text += '"';
    text += c;
  }
  return text += '"';
}

namespace detail {

/// In what databases differ.
struct Dialect {
  bool numbered;  ///< placeholders are $1, $2, ...; else each is ?
};

/// One statement in the making: text and placeholders in the order in which they are bound.
class StatementText {
 public:
  explicit StatementText(const Dialect& dialect) : dialect_{&dialect} {}

  StatementText& add(std::string_view text) {
    text_ += text;
    return *this;
  }
  StatementText& name(std::string_view identifier) { return add(quoted(identifier)); }
  StatementText& value() {
    if (!dialect_->numbered) return add("?");
    return add("$").add(std::to_string(++values_));
  }
  /// How many values have a placeholder so far.
  [[nodiscard]] std::size_t values() const noexcept { return values_; }
  /// Every item of `names`, with `separator` between them.
  template <class Names, class Each>
  StatementText& list(const Names& names, std::string_view separator, Each&& each) {
    std::string_view before;
    for (const auto& item : names) {
      add(before);
      each(item);
      before = separator;
    }
    return *this;
  }
  [[nodiscard]] std::string text() && { return std::move(text_); }

 private:
  const Dialect* dialect_;
  std::string text_;
  std::size_t values_ = 0;
};

/// The statements on one table. A version that is NULL counts as 0 in every guard.
class Statements {
 public:
  Statements(Layout layout, const Dialect& dialect) : layout_{std::move(layout)}, dialect_{&dialect} {
    select_ = read(true);
    select_version_ = read(false);
    insert_ = make_insert();
    erase_ = make_erase(true);
    erase_unguarded_ = make_erase(false);
  }

  [[nodiscard]] const Layout& layout() const noexcept { return layout_; }
  [[nodiscard]] bool versioned() const noexcept { return !layout_.version.empty(); }
  /// False if a guard is no comparison of numbers: then writes compare nothing themselves.
  [[nodiscard]] bool counted() const noexcept { return versioned() && layout_.kind == VersionKind::counter; }

  /// Binds the key. Gives the version (0 if the table has none), then the fields.
  [[nodiscard]] const std::string& select() const noexcept { return select_; }
  /// Binds the key. Gives the version.
  [[nodiscard]] const std::string& select_version() const noexcept { return select_version_; }
  /// Binds the key, the version if there is one, the fields, each of the times. Inserts nothing where the key
  /// is taken.
  [[nodiscard]] const std::string& insert() const noexcept { return insert_; }
  /// Binds the key, and the version if guarded and counted.
  [[nodiscard]] const std::string& erase(bool guarded) const noexcept {
    return guarded && counted() ? erase_ : erase_unguarded_;
  }

  /// Binds the fields that `changed` has, the new version if there is one, the time if it has a column of its
  /// own, the key, and the old version if guarded.
  [[nodiscard]] std::string update(std::span<const bool> changed, bool guarded) const {
    StatementText sql{*dialect_};
    sql.add("UPDATE ").name(layout_.table).add(" SET ");
    std::string_view comma;
    const auto set = [&](std::string_view column) -> StatementText& {
      sql.add(comma).name(column).add(" = ");
      comma = ", ";
      return sql;
    };
    for (std::size_t at = 0; at < changed.size(); ++at) {
      if (changed[at]) set(layout_.fields[at]).value();
    }
    if (versioned()) set(layout_.version).value();
    layout_.for_each_own_time(false, [&](const std::string& column) { set(column).value(); });
    if (comma.empty()) set(layout_.key.front()).name(layout_.key.front());  // it is there, and stays as it is
    where_key(sql);
    if (guarded && counted()) where_version(sql);
    return std::move(sql).text();
  }

 private:
  [[nodiscard]] std::string read(bool fields) const {
    StatementText sql{*dialect_};
    sql.add("SELECT ");
    if (versioned()) {
      sql.name(layout_.version);
    } else {
      sql.add("0");
    }
    if (fields || !versioned()) {
      for (const auto& field : layout_.fields) sql.add(", ").name(field);
    }
    where_key(sql.add(" FROM ").name(layout_.table));
    return std::move(sql).text();
  }

  [[nodiscard]] std::string make_insert() const {
    StatementText sql{*dialect_};
    auto columns = layout_.key;
    if (versioned()) columns.push_back(layout_.version);
    columns.insert(columns.end(), layout_.fields.begin(), layout_.fields.end());
    layout_.for_each_own_time(true, [&](const std::string& column) { columns.push_back(column); });
    const auto name = [&](const std::string& column) { sql.name(column); };

    sql.add("INSERT INTO ").name(layout_.table).add(" (").list(columns, ", ", name);
    sql.add(") VALUES (").list(columns, ", ", [&](const std::string&) { sql.value(); });
    sql.add(") ON CONFLICT (").list(layout_.key, ", ", name).add(") DO NOTHING");
    return std::move(sql).text();
  }

  [[nodiscard]] std::string make_erase(bool guarded) const {
    StatementText sql{*dialect_};
    where_key(sql.add("DELETE FROM ").name(layout_.table));
    if (guarded && counted()) where_version(sql);
    return std::move(sql).text();
  }

  void where_key(StatementText& sql) const {
    sql.add(" WHERE ").list(layout_.key, " AND ",
                            [&](const std::string& column) { sql.name(column).add(" = ").value(); });
  }
  void where_version(StatementText& sql) const {
    sql.add(" AND COALESCE(").name(layout_.version).add(", 0) = ").value();
  }

  Layout layout_;
  const Dialect* dialect_;
  std::string select_;
  std::string select_version_;
  std::string insert_;
  std::string erase_;
  std::string erase_unguarded_;
};

}  // namespace detail

}  // namespace lockstep::sql
