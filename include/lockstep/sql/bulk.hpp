// The statement that changes all rows for which a condition holds.
#pragma once

#include <lockstep/core/error.hpp>
#include <lockstep/core/fields.hpp>
#include <lockstep/core/invariant.hpp>
#include <lockstep/sql/mapping.hpp>
#include <lockstep/sql/statements.hpp>
#include <lockstep/storage/bulk.hpp>

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <vector>

namespace lockstep::sql::detail {

/// Which field `Member` is, from 0; as many as there are if it is none of those that are described.
template <Record T, auto Member>
inline constexpr std::size_t field_number = [] {
  std::size_t found = field_count<T>;
  std::size_t at = 0;
  for_each_field<T>([&](const char*, auto field) {
    if constexpr (std::same_as<decltype(field), std::remove_const_t<decltype(Member)>>) {
      if (field == Member) found = at;
    }
    ++at;
  });
  return found;
}();

/// How a database is told to fail where a number does not fit.
enum class Overflow {
  by_cast,  ///< a cast to the field's type fails, and so does a sum that the column cannot hold
  by_abs,   ///< a sum becomes floating point, silently; the absolute value of the least number fails
};

/// A statement in the making, and the values of its placeholders, viewed: what they belong to must stay.
template <Record T>
class BulkText {
 public:
  BulkText(const Layout& layout, const Dialect& dialect, Overflow overflow)
      : layout_{&layout}, sql_{dialect}, overflow_{overflow} {}

  template <class Where, class... Changes>
  [[nodiscard]] std::string update(CommitTime& time, const Where& where, const Changes&... changes) {
    if (!layout_->version.empty() && layout_->kind != VersionKind::counter) {
      throw NotSupported{joined("table ", layout_->table,
                                ": versions that are not counted cannot move in many records at once")};
    }
    sql_.add("UPDATE ").name(layout_->table).add(" SET ");
    (assign(changes), ...);
    if (!layout_->version.empty()) {
      set(layout_->version);
      const auto version = joined("COALESCE(", sql::quoted(layout_->version), ", 0)");
      sum(version, [&] { sql_.add("1"); }, std::numeric_limits<std::int64_t>{}, false);
    }
    if (!layout_->updated_at.empty()) {
      set(layout_->updated_at);
      bind(time.text());
    }
    if (comma_.empty())
      set(layout_->key.front()).name(layout_->key.front());  // it is there, and stays as it is
    sql_.add(" WHERE ");
    condition(where);
    return std::move(sql_).text();
  }

  [[nodiscard]] const std::vector<Value>& values() const noexcept { return values_; }

 private:
  template <auto Member>
  [[nodiscard]] const std::string& column() const {
    constexpr auto number = field_number<T, Member>;
    static_assert(number < field_count<T>, "a field that a condition or a change names is described");
    return layout_->fields[number];
  }

  StatementText& set(std::string_view column) {
    sql_.add(comma_).name(column).add(" = ");
    comma_ = ", ";
    return sql_;
  }
  void bind(const Value& value) {
    sql_.value();
    values_.push_back(value);
  }
  template <class Field>
  void bind_field(const Field& value) {
    bind(Codec<Field>::to_value(value));
  }

  template <auto Member>
  void assign(const SetTo<Member>& change) {
    set(column<Member>());
    bind_field(change.value);
  }
  template <auto Member>
  void assign(const AddTo<Member>& change) {
    using Field = typename AddTo<Member>::Field;
    const auto name = sql::quoted(column<Member>());
    set(column<Member>());
    if constexpr (std::floating_point<Field>) {
      sql_.add(name).add(" + ");
      bind_field(change.value);
    } else {
      sum(name, [&] { bind_field(change.value); }, std::numeric_limits<Field>{}, true);
    }
  }

  // `term` and what `add_other` adds, which fails where it does not fit the type of `limits`.
  template <class Other, class Limits>
  void sum(const std::string& term, Other&& add_other, Limits, bool cast) {
    const auto plain = [&] {
      sql_.add(term).add(" + ");
      add_other();
    };
    if (overflow_ == Overflow::by_cast) {
      if (cast) sql_.add("CAST(");
      plain();
      if (cast) {
        constexpr auto bits = Limits::digits + 1;
        sql_.add(bits <= 16 ? " AS smallint)" : bits <= 32 ? " AS integer)" : " AS bigint)");
      }
      return;
    }
    sql_.add("CASE WHEN typeof(");
    plain();
    sql_.add(") = 'integer' AND ");
    plain();
    sql_.add(" BETWEEN ").add(least<Limits>()).add(" AND ").add(std::to_string(Limits::max())).add(" THEN ");
    plain();
    sql_.add(" ELSE abs(").add(least<std::numeric_limits<std::int64_t>>()).add(") END");
  }
  // The least number of 64 bits has no literal: it would be the negative of one that does not fit.
  template <class Limits>
  static std::string least() {
    return joined("(", std::to_string(Limits::min() + 1), " - 1)");
  }

  void condition(const EveryRecord&) { sql_.add("1 = 1"); }
  template <auto Member>
  void condition(const lockstep::Comparison<Member>& asked) {
    using Field = typename lockstep::Comparison<Member>::Field;
    const auto& name = column<Member>();
    if constexpr (Codec<Field>::type == ColumnType::decimal) {
      const bool orders = asked.how != Comparing::equal && asked.how != Comparing::not_equal;
      if (orders) refuse_text(name, field_number<T, Member>);
    }
    const auto compare = [&](std::string_view with) {
      sql_.name(name).add(with);
      bind_field(asked.value);
    };
    // Without NULL for an answer: it would be one for the contrary, too.
    if constexpr (lockstep::detail::is_optional<Field>) {
      const bool equal = asked.how == Comparing::equal;
      if (!asked.value) {
        if (equal || asked.how == Comparing::not_equal) {
          sql_.name(name).add(equal ? " IS NULL" : " IS NOT NULL");
        } else {
          sql_.add("1 = 0");
        }
        return;
      }
      sql_.add("(").name(name).add(asked.how == Comparing::not_equal ? " IS NULL OR " : " IS NOT NULL AND ");
      compare(sign(asked.how));
      sql_.add(")");
    } else {
      compare(sign(asked.how));
    }
  }
  template <class A, class B>
  void condition(const Both<A, B>& asked) {
    both(asked.a, " AND ", asked.b);
  }
  template <class A, class B>
  void condition(const Either<A, B>& asked) {
    both(asked.a, " OR ", asked.b);
  }
  template <class A>
  void condition(const Not<A>& asked) {
    sql_.add("NOT (");
    condition(asked.a);
    sql_.add(")");
  }
  /// Throws NotSupported if a column keeps decimal numbers as text, which has another order: 9 after 10.
  void refuse_text(const std::string& name, std::size_t field) const {
    const auto& numbers = layout_->approximate;
    if (overflow_ == Overflow::by_cast || std::ranges::find(numbers, field) != numbers.end()) return;
    throw NotSupported{joined("table ", layout_->table, ": column ", name,
                              " keeps decimal numbers as text, which a statement cannot put in order")};
  }

  void both(const auto& a, std::string_view word, const auto& b) {
    sql_.add("(");
    condition(a);
    sql_.add(word);
    condition(b);
    sql_.add(")");
  }

  [[nodiscard]] static std::string_view sign(Comparing how) noexcept {
    switch (how) {
      case Comparing::equal:
        return " = ";
      case Comparing::not_equal:
        return " <> ";
      case Comparing::less:
        return " < ";
      case Comparing::less_or_equal:
        return " <= ";
      case Comparing::greater:
        return " > ";
      case Comparing::greater_or_equal:
        return " >= ";
    }
    return "";
  }

  const Layout* layout_;
  StatementText sql_;
  Overflow overflow_;
  std::string_view comma_;
  std::vector<Value> values_;
};

/// A record type whose rules are all the database's: those in C++ nobody could look at in a statement.
template <class T>
concept WithoutInvariants = std::tuple_size_v<std::remove_cvref_t<decltype(Invariants<T>::all)>> == 0;

}  // namespace lockstep::sql::detail
