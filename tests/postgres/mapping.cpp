#include "support/postgres_bank.hpp"
#include "support/set_time.hpp"

namespace {

namespace column {
constexpr auto timestamp = "timestamptz";
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

BOOST_AUTO_TEST_SUITE_END()
