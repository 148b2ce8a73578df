#include "support/set_time.hpp"
#include "support/sqlite_bank.hpp"

namespace {

/// What ActiveRecord declares.
namespace column {
constexpr auto timestamp = "datetime(6)";
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

BOOST_AUTO_TEST_SUITE_END()
