#include <lockstep/postgres/schema.hpp>

#include "support/postgres_bank.hpp"
#include "support/set_time.hpp"

namespace {

namespace schema = lockstep::postgres;

namespace column {
constexpr auto timestamp = "timestamptz";
constexpr auto decimal = "numeric";
constexpr auto uuid = "uuid";
constexpr auto json = "jsonb";
}  // namespace column

struct MappedTables : test::PostgresTables<test::SetTime> {
  using PostgresTables::PostgresTables;
  template <class Key, class T>
  using Table = lockstep::postgres::Table<Key, T, test::SetTime>;
};

}  // namespace

#include "support/mapping_bodies.hpp"

BOOST_AUTO_TEST_SUITE(mapping)

BOOST_AUTO_TEST_CASE(times_without_a_zone_are_of_utc_as_activerecord_keeps_them) {
  MappedTables tables{
      "CREATE TABLE memos (id integer PRIMARY KEY, text text, lock_version "
      "integer, "
      "created_at timestamp(6), updated_at timestamptz)"};
  MappedTables::Table<int, Memo> memos{tables.db, memos_mapping};
  SetTime::set(noon);
  insert(memos, 1, {"first"}).or_throw();
  BOOST_TEST((load(memos, 1).record == Memo{"first", noon, noon}));
  tables.db.execute(
      "UPDATE memos SET created_at = '2026-01-31 12:00:00.5', updated_at = '2026-01-31 21:00:00+09'");
  BOOST_TEST((load(memos, 1).record == Memo{"first", noon + 500ms, noon}));
  tables.db.execute("UPDATE memos SET updated_at = 'infinity'");
  BOOST_CHECK_THROW(static_cast<void>(load(memos, 1)), sql::Unreadable);
}

BOOST_AUTO_TEST_CASE(a_column_that_would_round_is_named_when_the_table_is_opened) {
  const MappedTables tables{
      "CREATE DOMAIN price AS numeric(12, 1); CREATE TABLE invoices (id integer PRIMARY KEY, balance price, "
      "rate numeric(9, 3), customer text, lines json, notes text); "
      "CREATE TABLE meetings (id integer PRIMARY KEY, begins timestamp(3), ends date)"};
  BOOST_TEST(
      (mismatches_of<MappedTables::Table<int, Invoice>>(tables, {.table = "invoices"})) ==
          (std::vector<std::string>{
              "column balance of type numeric keeps 1 digits after the point, and not 2 (field balance)",
              "column rate of type numeric keeps 3 digits after the point, and not 4 (field rate)",
              "column notes of type text does not keep json (field notes)"}),
      boost::test_tools::per_element());
  BOOST_TEST(
      (mismatches_of<MappedTables::Table<int, Meeting>>(tables, {.table = "meetings"})) ==
          (std::vector<std::string>{
              "column begins of type timestamp keeps 3 digits after the point, and not 6 (field begins)",
              "column ends of type date does not keep timestamp (field ends)"}),
      boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(decimals_are_exact_however_many_digits_they_have) {
  InvoiceTable in;
  in.tables.db.execute("ALTER TABLE invoices ALTER balance TYPE numeric");
  const auto most = Decimal<2>::of_units(std::numeric_limits<std::int64_t>::max());
  insert(in.invoices, ann, {most}).or_throw();
  BOOST_TEST((load(in.invoices, ann)->balance == most));
  in.tables.db.execute("UPDATE invoices SET balance = balance + 0.01");
  BOOST_CHECK_THROW(static_cast<void>(load(in.invoices, ann)), sql::Unreadable);
  in.tables.db.execute("UPDATE invoices SET balance = 'NaN'");
  BOOST_CHECK_THROW(static_cast<void>(load(in.invoices, ann)), sql::Unreadable);
}

BOOST_AUTO_TEST_CASE(statements_for_migrations_are_to_be_read) {
  BOOST_TEST((schema::create_table<std::int64_t, Memo>(memos_mapping)) ==
             "CREATE TABLE \"memos\" (\n"
             "  \"id\" bigint NOT NULL,\n"
             "  \"text\" text NOT NULL,\n"
             "  \"lock_version\" bigint DEFAULT 0 NOT NULL,\n"
             "  \"created_at\" timestamp(6) NOT NULL,\n"
             "  \"updated_at\" timestamp(6) NOT NULL,\n"
             "  PRIMARY KEY (\"id\")\n)");
  BOOST_TEST(schema::add_version_column(memos_mapping) ==
             R"(ALTER TABLE "memos" ADD COLUMN "lock_version" bigint DEFAULT 0 NOT NULL)");
}

BOOST_AUTO_TEST_SUITE_END()
