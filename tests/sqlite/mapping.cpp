#include <lockstep/sqlite/schema.hpp>
#include <lockstep/verbs/update_all.hpp>

#include "support/set_time.hpp"
#include "support/sqlite_bank.hpp"

namespace {

namespace schema = lockstep::sqlite;

/// What ActiveRecord declares.
namespace column {
constexpr auto timestamp = "datetime(6)";
constexpr auto decimal = "decimal";
constexpr auto uuid = "varchar(36)";
constexpr auto json = "json";
}  // namespace column

struct MappedTables : test::SqliteFile<test::SetTime> {
  using SqliteFile::SqliteFile;
  template <class Key, class T>
  using Table = lockstep::sqlite::Table<Key, T, test::SetTime>;
};

}  // namespace

#include "support/mapping_bodies.hpp"

namespace {

/// The texts as they are stored.
struct MemoTexts {
  std::string created_at = {};
  std::string updated_at = {};
};
BOOST_DESCRIBE_STRUCT(MemoTexts, (), (created_at, updated_at))

struct Total {
  Decimal<2> money = {};
  friend bool operator==(const Total&, const Total&) = default;
};
BOOST_DESCRIBE_STRUCT(Total, (), (money))

}  // namespace

BOOST_AUTO_TEST_SUITE(mapping)

BOOST_AUTO_TEST_CASE(times_are_stored_as_the_text_that_activerecord_stores) {
  MappedTables tables{memos_table};
  MappedTables::Table<int, Memo> memos{tables.db, memos_mapping};
  MappedTables::Table<int, MemoTexts> texts{tables.db, "memos"};
  SetTime::set(noon + 5us);
  insert(memos, 1, {"first"}).or_throw();
  BOOST_TEST(load(texts, 1)->created_at == "2026-01-31 12:00:00.000005");
  tables.db.execute("UPDATE memos SET created_at = '2020-02-29 01:02:03', updated_at = 'soon'");
  BOOST_CHECK_THROW(static_cast<void>(load(memos, 1)), sql::Unreadable);
  tables.db.execute("UPDATE memos SET updated_at = created_at");
  BOOST_TEST(
      (load(memos, 1)->updated_at == Timestamp{std::chrono::sys_days{2020y / 2 / 29} + 1h + 2min + 3s}));
}

BOOST_AUTO_TEST_CASE(decimals_are_numbers_in_columns_for_numbers_and_exact_texts_in_columns_for_text) {
  MappedTables tables{
      "CREATE TABLE invoices (id integer PRIMARY KEY, balance decimal(12, 2), rate text, customer uuid, "
      "lines text, "
      "notes json, lock_version integer)"};
  MappedTables::Table<int, Invoice> invoices{tables.db, "invoices"};
  insert(invoices, 1, {money("12.50"), Decimal<4>::of_units(9'007'199'254'740'993), ann}).or_throw();
  BOOST_TEST((load(invoices, 1)->rate == Decimal<4>::of_units(9'007'199'254'740'993)));
  tables.db.execute(  // as ActiveRecord adds
      "UPDATE invoices SET balance = balance + 0.1 + 0.2, lock_version = 1 WHERE typeof(balance) = 'real' "
      "AND "
      "rate = '900719925474.0993'");
  BOOST_TEST(to_string(load(invoices, 1)->balance) == "12.80");
  update(invoices, 1, [](Invoice& some) { some.balance = money("9999999999999.99"); });
  BOOST_TEST((load(invoices, 1)->balance == money("9999999999999.99")));
  BOOST_CHECK_THROW(update(invoices, 1, [](Invoice& some) { some.balance = money("10000000000000.00"); }),
                    sql::Unstorable);
  BOOST_CHECK_THROW(static_cast<void>(insert(invoices, 2, {money("-90071992547409.93")})), sql::Unstorable);
}

BOOST_AUTO_TEST_CASE(decimal_numbers_that_are_kept_as_text_are_not_put_in_order_by_a_statement) {
  for (const std::string_view type : {"decimal(12, 2)", "text"}) {
    MappedTables tables{
        joined("CREATE TABLE totals (id integer PRIMARY KEY, money ", type, ", lock_version integer)")};
    MappedTables::Table<int, Total> totals{tables.db, "totals"};
    insert(totals, 1, {money("9.50")}).or_throw();
    insert(totals, 2, {money("10.00")}).or_throw();
    constexpr auto money_field = field<&Total::money>;
    BOOST_TEST(update_all(totals, money_field == money("9.50"), set<&Total::money>(money("9.75"))) == 1U);
    const auto raise = [&] {
      return update_all(totals, money_field < money("10.00"), set<&Total::money>(money("9.80")));
    };
    if (type == "text") {
      BOOST_CHECK_THROW(raise(), NotSupported);
      BOOST_TEST((load(totals, 1)->money == money("9.75")));
    } else {
      BOOST_TEST(raise() == 1U);
      BOOST_TEST((load(totals, 1)->money == money("9.80")));
    }
  }
}

BOOST_AUTO_TEST_CASE(statements_for_migrations_are_to_be_read) {
  BOOST_TEST((schema::create_table<int, Memo>(memos_mapping)) ==
             "CREATE TABLE \"memos\" (\n"
             "  \"id\" integer NOT NULL,\n"
             "  \"text\" text NOT NULL,\n"
             "  \"lock_version\" integer DEFAULT 0 NOT NULL,\n"
             "  \"created_at\" datetime(6) NOT NULL,\n"
             "  \"updated_at\" datetime(6) NOT NULL,\n"
             "  PRIMARY KEY (\"id\")\n)");
  BOOST_TEST(schema::add_version_column(memos_mapping) ==
             R"(ALTER TABLE "memos" ADD COLUMN "lock_version" integer DEFAULT 0 NOT NULL)");
}

BOOST_AUTO_TEST_SUITE_END()
