// The text of every statement that a mapped table needs. Names are quoted; values are
// placeholders, never text.
#pragma once

#include <lockstep/sql/mapping.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lockstep::sql {

namespace detail {

/// Appends `name` as an identifier of SQL.
inline void append_quoted(std::string& text, std::string_view name) {
  text += '"';
  for (const char c : name) {
    if (c == '"') text += '"';
    text += c;
  }
  text += '"';
}

}  // namespace detail

/// `name` as an identifier of SQL, whatever it contains.
[[nodiscard]] inline std::string quoted(std::string_view name) {
  std::string text;
  detail::append_quoted(text, name);
  return text;
}

namespace detail {

/// Texts that were made before, by number: one for each set of fields that an update writes, say. Safe to use
/// from any thread, without waiting: what is in it stays, and there is room for so many.
class TextCache {
 public:
  TextCache() = default;
  TextCache(const TextCache&) = delete;
  TextCache& operator=(const TextCache&) = delete;
  ~TextCache() {
    for (const auto* text = newest_.load(); text;) {
      const auto* const last = std::exchange(text, text->before);
      delete last;
    }
  }

  /// The text with this number, made by `make` if there is none.
  template <class Make>
  [[nodiscard]] std::string text(std::uint64_t number, Make&& make) const {
    auto* const newest = newest_.load();
    for (const auto* known = newest; known; known = known->before) {
      if (known->number == number) return known->text;
    }
    if (newest && newest->count >= most) return make();
    auto made = std::make_unique<Text>(Text{number, newest ? newest->count + 1 : 1, make(), newest});
    auto text = made->text;
    // Another may have been faster, of this number or not: then this one is made again when it is next asked
    // for.
    if (auto expected = newest; newest_.compare_exchange_strong(expected, made.get())) {
      static_cast<void>(made.release());
    }
    return text;
  }

 private:
  static constexpr std::size_t most = 64;
  struct Text {
    std::uint64_t number;
    std::size_t count;
    std::string text;
    const Text* before;
  };
  mutable std::atomic<const Text*> newest_ = nullptr;
};

/// A number for a set of fields and some flags; nothing if there are too many fields.
[[nodiscard]] inline std::optional<std::uint64_t> number_of(std::span<const bool> fields,
                                                            std::initializer_list<bool> flags) noexcept {
  if (fields.size() + flags.size() > 60) return std::nullopt;
  std::uint64_t bits = 1;
  for (const bool flag : flags) bits = bits * 2 + (flag ? 1 : 0);
  for (const bool field : fields) bits = bits * 2 + (field ? 1 : 0);
  return bits;
}

/// In what databases differ.
struct Dialect {
  bool numbered;  ///< placeholders are $1, $2, ...; else each is ?
};

/// One statement in the making: text and placeholders in the order in which they are bound.
class StatementText {
 public:
  explicit StatementText(const Dialect& dialect) : dialect_{&dialect} { text_.reserve(256); }

  StatementText& add(std::string_view text) {
    text_ += text;
    return *this;
  }
  StatementText& name(std::string_view identifier) {
    append_quoted(text_, identifier);
    return *this;
  }
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
    for (const auto& field : layout_.fields) {
      pay_.push_back(make_change(field, " - ", " >= "));
      receive_.push_back(make_change(field, " + ", " <= "));
    }
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

  /// Binds an amount, the time if it has a column, the key, and the least that must be there: takes the
  /// amount from a field, and counts the version up.
  [[nodiscard]] const std::string& pay(std::size_t field) const { return pay_[field]; }
  /// The same with the most that may be there: adds it.
  [[nodiscard]] const std::string& receive(std::size_t field) const { return receive_[field]; }

  /// Binds the fields that `changed` has, the new version if there is one, the time if it has a column of its
  /// own, the key, and the old version if guarded.
  [[nodiscard]] std::string update(std::span<const bool> changed, bool guarded) const {
    const auto make = [&] { return make_update(changed, guarded); };
    const auto number = number_of(changed, {guarded});
    return number ? updates_->text(*number, make) : make();
  }

 private:
  [[nodiscard]] std::string make_update(std::span<const bool> changed, bool guarded) const {
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

  [[nodiscard]] std::string make_change(std::string_view field, std::string_view sign,
                                        std::string_view compared) const {
    StatementText sql{*dialect_};
    sql.add("UPDATE ").name(layout_.table).add(" SET ").name(field).add(" = ").name(field).add(sign).value();
    if (versioned())
      sql.add(", ").name(layout_.version).add(" = COALESCE(").name(layout_.version).add(", 0) + 1");
    if (!layout_.updated_at.empty()) sql.add(", ").name(layout_.updated_at).add(" = ").value();
    where_key(sql);
    sql.add(" AND ").name(field).add(compared).value();
    // What is no whole number is left for those who load it to complain of.
    sql.add(" AND typeof(").name(field).add(") = 'integer'");
    if (versioned())
      sql.add(" AND COALESCE(").name(layout_.version).add(", 0) BETWEEN 0 AND 9223372036854775806");
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
  std::vector<std::string> pay_;
  std::vector<std::string> receive_;
  std::unique_ptr<TextCache> updates_ = std::make_unique<TextCache>();
};

}  // namespace detail

}  // namespace lockstep::sql
