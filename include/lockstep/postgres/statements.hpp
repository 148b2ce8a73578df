// The text of every statement on a mapped table of PostgreSQL. A guarded write alone is one plain statement:
// what is there where it did not land takes another look, so that those that land do not pay for it.
#pragma once

#include <lockstep/sql/statements.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace lockstep::postgres::detail {

inline constexpr sql::detail::Dialect dialect{.numbered = true};

/// What a write asks of the row that is stored.
enum class Guard {
  version,  ///< that it is at a version, which is bound
  absent,   ///< that there is none
  any,      ///< that there is one
};

/// How a statement holds what it reads.
enum class Hold {
  no,         ///< not at all: the last committed state
  shared,     ///< FOR SHARE
  update,     ///< FOR NO KEY UPDATE: as an UPDATE that leaves the key alone
  exclusive,  ///< FOR UPDATE
};

/// The statements on one table. A version that is NULL counts as 0. In a table without a version column a
/// row's version is its xmin: the number of the transaction that wrote it.
///
/// Several guards hold or fail together by a setting of the transaction: each check that fails sets it, and
/// writes look at it.
class Statements {
  using Text = sql::detail::StatementText;

 public:
  /// `tells`: the server may write another version than the one that follows the guard.
  Statements(sql::detail::Layout layout, bool tells)
      : layout_{std::move(layout)},
        tells_{tells || !versioned() || layout_.kind != sql::VersionKind::counter},
        version_{make_version()} {}

  [[nodiscard]] const sql::detail::Layout& layout() const noexcept { return layout_; }
  [[nodiscard]] bool versioned() const noexcept { return !layout_.version.empty(); }
  /// True if the version at which a write landed is known from the server alone.
  [[nodiscard]] bool tells(bool guarded) const noexcept { return tells_ || !guarded; }

  /// Must run before the checks of a commit.
  static constexpr std::string_view begin_checks = "SELECT set_config('lockstep.guards', 'hold', true)";

  /// Binds the key. Gives the version, then the fields.
  [[nodiscard]] std::string select(Hold hold = Hold::no) const {
    return texts_->text(static_cast<std::uint64_t>(hold) * 4 + other, [&] {
      Text sql{dialect};
      read(sql, hold);
      return std::move(sql).text();
    });
  }

  /// Binds the key. Gives one row: whether the row is held, whether there is one, its version and its
  /// fields. One that others have locked is not waited for.
  [[nodiscard]] std::string select_unless_locked(Hold hold) const {
    Text sql{dialect};
    with_now(sql, hold, " SKIP LOCKED");
    sql.add(" SELECT EXISTS (SELECT FROM lockstep_now), EXISTS (SELECT FROM ").name(layout_.table);
    same_key(sql.add(" WHERE true"), 1);
    sql.add("), lockstep_now.* FROM (SELECT) AS one LEFT JOIN lockstep_now ON true");
    return std::move(sql).text();
  }

  /// Binds the key, then the version of each guard that has one. Gives one row: the setting, the version
  /// and the fields of what is stored, or NULL; holds the row until the end of the transaction.
  [[nodiscard]] std::string check(std::span<const Guard> guards, Hold hold) const {
    Text sql{dialect};
    with_now(sql, hold, "");
    sql.add(" SELECT set_config('lockstep.guards', CASE WHEN ");
    sql.list(guards, " AND ", [&](Guard guard) {
      switch (guard) {
        case Guard::version:
          sql.add("(SELECT version FROM lockstep_now) = CAST(").value().add(" AS bigint)");
          break;
        case Guard::absent:
          sql.add("NOT EXISTS (SELECT FROM lockstep_now)");
          break;
        case Guard::any:
          sql.add("EXISTS (SELECT FROM lockstep_now)");
          break;
      }
    });
    sql.add(
        " THEN current_setting('lockstep.guards') ELSE 'fail' END, true), lockstep_now.* "
        "FROM (SELECT) AS one LEFT JOIN lockstep_now ON true");
    return std::move(sql).text();
  }

  // A write gives the version that it landed at. Alone it gives no row where it did not land, and none at all
  // if it is an update whose version needs no telling: how many rows it changed says it all. Among others it
  // gives NULL then, and an error where its guard has held and yet nothing was written.

  /// Binds the key, the version if there is one, the fields, each of the times.
  [[nodiscard]] std::string insert(bool alone) const {
    Text sql{dialect};
    auto columns = layout_.key;
    if (versioned()) columns.push_back(layout_.version);
    columns.insert(columns.end(), layout_.fields.begin(), layout_.fields.end());
    layout_.for_each_own_time(true, [&](const std::string& column) { columns.push_back(column); });
    const auto name = [&](const std::string& column) { sql.name(column); };

    begin(sql, alone).add("INSERT INTO ").name(layout_.table).add(" (").list(columns, ", ", name);
    sql.add(") SELECT ").list(columns, ", ", [&](const std::string&) { sql.value(); });
    if (alone) {
      sql.add(" ON CONFLICT (").list(layout_.key, ", ", name).add(") DO NOTHING");
    } else {
      sql.add(" WHERE ").add(all_hold);
    }
    return finished(std::move(sql), alone, true);
  }

  /// Binds the fields that `changed` has, the new version if that is a time or a UUID, the time if it has a
  /// column of its own, the key, and the old version if guarded. A counter moves by one.
  [[nodiscard]] std::string update(std::span<const bool> changed, bool guarded, bool alone) const {
    const auto make = [&] { return make_update(changed, guarded, alone); };
    const auto number = sql::detail::number_of(changed, {guarded, alone});
    return number ? texts_->text(*number * 4 + an_update, make) : make();
  }

 private:
  [[nodiscard]] std::string make_update(std::span<const bool> changed, bool guarded, bool alone) const {
    Text sql{dialect};
    begin(sql, alone).add("UPDATE ").name(layout_.table).add(" SET ");
    std::string_view comma;
    const auto set = [&](std::string_view column) -> Text& {
      sql.add(comma).name(column).add(" = ");
      comma = ", ";
      return sql;
    };
    for (std::size_t at = 0; at < changed.size(); ++at) {
      if (changed[at]) set(layout_.fields[at]).value();
    }
    if (versioned()) set_version(set(layout_.version));
    layout_.for_each_own_time(false, [&](const std::string& column) { set(column).value(); });
    if (comma.empty()) set(layout_.key.front()).name(layout_.key.front());  // it is there, and stays as it is
    where_key(sql);
    if (guarded) where_version(sql);
    if (!alone) sql.add(" AND ").add(all_hold);
    if (alone && !tells(guarded)) return std::move(sql).text();
    return finished(std::move(sql), alone, true);
  }

 public:
  /// Binds the fields, the new version, the time, the key and the old version: an erased row that was
  /// inserted again.
  [[nodiscard]] std::string replace(std::span<const bool> changed) const {
    Text sql{dialect};
    begin(sql, false).add("UPDATE ").name(layout_.table).add(" SET ");
    for (std::size_t at = 0; at < changed.size(); ++at) {
      if (changed[at]) sql.name(layout_.fields[at]).add(" = ").value().add(", ");
    }
    sql.name(layout_.version).add(" = ").value();
    layout_.for_each_own_time(
        false, [&](const std::string& column) { sql.add(", ").name(column).add(" = ").value(); });
    where_key(sql);
    where_version(sql);
    sql.add(" AND ").add(all_hold);
    return finished(std::move(sql), false, true);
  }

  /// Binds two keys in the order in which they are locked, the amount, how much the row that receives it may
  /// have, and the time if it has a column. Gives one row: whether it wrote both rows, or none. An error if
  /// something kept one of them from being written.
  [[nodiscard]] std::string move(std::size_t field, bool first_pays) const {
    return texts_->text((field * 2 + (first_pays ? 1 : 0)) * 4 + a_move,
                        [&] { return make_move(layout_.fields[field], first_pays); });
  }

 private:
  [[nodiscard]] std::string make_move(std::string_view field, bool first_pays) const {
    Text sql{dialect};
    const auto width = layout_.key.size();
    const auto given = [&](std::size_t at) { sql.add("$").add(std::to_string(at)); };
    const auto is = [&](bool first) {
      std::size_t at = first ? 0 : width;
      sql.add("(").list(layout_.key, " AND ", [&](const std::string& column) {
        sql.name(column).add(" = ");
        given(++at);
      });
      sql.add(")");
    };
    const auto number = [&](std::size_t at) {
      sql.add("CAST(");
      given(2 * width + at);
      sql.add(" AS bigint)");
    };
    const auto where = [&] {
      sql.add(" WHERE ");
      if (width == 1) {
        sql.name(layout_.key.front()).add(" IN ($1, $2)");
      } else {
        sql.add("(");
        is(true);
        sql.add(" OR ");
        is(false);
        sql.add(")");
      }
    };
    // Locked first of all: what an UPDATE finds locked by others it would look at one by one, and leave out.
    sql.add("WITH lockstep_held AS MATERIALIZED (SELECT CASE WHEN ");
    is(first_pays);
    sql.add(" THEN ").name(field).add(" >= ");
    number(1);
    sql.add(" ELSE ").name(field).add(" <= ");
    number(2);
    sql.add(" END AS holds FROM ").name(layout_.table);
    where();
    sql.add(" ORDER BY ");
    is(false);
    sql.add(" FOR NO KEY UPDATE), lockstep_moved AS (UPDATE ")
        .name(layout_.table)
        .add(" SET ")
        .name(field)
        .add(" = ");
    sql.name(field).add(" + CASE WHEN ");
    is(first_pays);
    sql.add(" THEN -");
    number(1);
    sql.add(" ELSE ");
    number(1);
    sql.add(" END");
    if (versioned()) sql.add(", ").name(layout_.version).add(" = ").add(version()).add(" + 1");
    if (!layout_.updated_at.empty()) {
      sql.add(", ").name(layout_.updated_at).add(" = ");
      given(2 * width + 3);
    }
    where();
    sql.add(
        " AND (SELECT count(*) FROM lockstep_held WHERE holds) = 2 RETURNING 1) SELECT CAST(CASE count(*) "
        "WHEN 2 THEN 'true' WHEN 0 THEN 'false' ELSE 'lockstep: a trigger was in the way' END AS boolean) "
        "FROM lockstep_moved");
    return std::move(sql).text();
  }

 public:
  /// Binds the key, and the version if guarded.
  [[nodiscard]] std::string erase(bool guarded, bool alone) const {
    Text sql{dialect};
    begin(sql, alone).add("DELETE FROM ").name(layout_.table);
    where_key(sql);
    if (guarded) where_version(sql);
    if (!alone) sql.add(" AND ").add(all_hold);
    return finished(std::move(sql), alone, false);  // what a cascade erased before is erased, too
  }

 private:
  static constexpr std::string_view all_hold = "current_setting('lockstep.guards') = 'hold'";

  // What the numbers of the texts that are kept end in.
  static constexpr std::uint64_t other = 0;
  static constexpr std::uint64_t an_update = 1;
  static constexpr std::uint64_t a_move = 2;

  /// The version of a row, as a number.
  [[nodiscard]] const std::string& version() const noexcept { return version_; }
  [[nodiscard]] std::string make_version() const {
    const auto column = sql::quoted(layout_.version);
    switch (layout_.kind) {
      case sql::VersionKind::counter:
        return joined("COALESCE(", column, ", 0)");
      case sql::VersionKind::timestamp:
        return joined("COALESCE(CAST(EXTRACT(EPOCH FROM ", column, ") * 1000000 AS bigint), 0)");
      case sql::VersionKind::uuid:
        return joined("COALESCE(", short_number(column), ", 0)");
      case sql::VersionKind::columns: {
        std::string row;
        for (const auto& field : layout_.fields) row += joined(row.empty() ? "" : ", ", sql::quoted(field));
        return short_number(joined("ROW(", row, ")"));
      }
      case sql::VersionKind::row:
        break;
    }
    return "CAST(CAST(xmin AS text) AS bigint)";
  }

  /// 63 bits that tell what `expression` gives from other things.
  static std::string short_number(const std::string& expression) {
    return joined("(hashtextextended(CAST(", expression, " AS text), 0) & 9223372036854775807)");
  }

  void set_version(Text& sql) const {
    switch (layout_.kind) {
      case sql::VersionKind::counter:
        sql.add(version()).add(" + 1");
        break;
      case sql::VersionKind::timestamp:  // later than the one before, whatever the clock says
        sql.add("GREATEST(").value().add(", ").name(layout_.version).add(" + interval '1 microsecond')");
        break;
      default:
        sql.value();
    }
  }

  void read(Text& sql, Hold hold, std::string_view wait = "") const {
    sql.add("SELECT CAST(").add(version()).add(" AS bigint)");
    for (const auto& field : layout_.fields) sql.add(", ").name(field);
    sql.add(" FROM ").name(layout_.table);
    where_key(sql);
    switch (hold) {
      case Hold::no:
        return;
      case Hold::shared:
        sql.add(" FOR SHARE");
        break;
      case Hold::update:
        sql.add(" FOR NO KEY UPDATE");
        break;
      case Hold::exclusive:
        sql.add(" FOR UPDATE");
        break;
    }
    sql.add(wait);
  }

  // The names of the fields may be any; those of the statement's own tables and columns are their own.
  void with_now(Text& sql, Hold hold, std::string_view wait) const {
    sql.add("WITH lockstep_now(version");
    for (std::size_t at = 0; at < layout_.fields.size(); ++at) sql.add(", field").add(std::to_string(at));
    sql.add(") AS MATERIALIZED (");
    read(sql, hold, wait);
    sql.add(")");
  }

  static Text& begin(Text& sql, bool alone) { return alone ? sql : sql.add("WITH lockstep_landed AS ("); }

  [[nodiscard]] std::string finished(Text&& sql, bool alone, bool must_land) const {
    sql.add(" RETURNING CAST(").add(version()).add(" AS bigint) AS version");
    if (alone) return std::move(sql).text();
    sql.add(") SELECT (SELECT version FROM lockstep_landed)");
    if (must_land) {  // an error is the only way to stop a transaction that is under way
      sql.add(", CAST(CASE WHEN EXISTS (SELECT FROM lockstep_landed) OR NOT (").add(all_hold);
      sql.add(") THEN '0' ELSE 'lockstep: a trigger or cascade was in the way' END AS integer)");
    }
    return std::move(sql).text();
  }

  void where_key(Text& sql) const {
    sql.add(" WHERE ").list(layout_.key, " AND ",
                            [&](const std::string& column) { sql.name(column).add(" = ").value(); });
  }
  // The key once more, whose first placeholder has the number `first`.
  void same_key(Text& sql, std::size_t first) const {
    for (const auto& column : layout_.key) {
      sql.add(" AND ").name(column).add(" = $").add(std::to_string(first++));
    }
  }
  void where_version(Text& sql) const {
    sql.add(" AND ").add(version()).add(" = CAST(").value().add(" AS bigint)");
  }

  sql::detail::Layout layout_;
  bool tells_;
  std::string version_;
  std::unique_ptr<sql::detail::TextCache> texts_ = std::make_unique<sql::detail::TextCache>();
};

}  // namespace lockstep::postgres::detail
