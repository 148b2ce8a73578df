// What is the same of mapped fields in every SQL database: test cases for a program in which `MappedTables`
// is a database `db` of the runtime test::SetTime in which some statements were executed, with `Table<Key,
// T>`, and in which `column::` names types.
#pragma once

#include <lockstep/lockstep.hpp>
#include <lockstep/sql/decimal.hpp>
#include <lockstep/sql/json.hpp>
#include <lockstep/sql/uuid.hpp>
#include <lockstep/verbs/update_all.hpp>

#include "support/print.hpp"
#include "support/set_time.hpp"

#include <boost/describe/class.hpp>
#include <boost/test/unit_test.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace {

using namespace lockstep;
using namespace std::chrono_literals;
using sql::Timestamp;
using test::SetTime;

constexpr Timestamp noon{std::chrono::sys_days{2026y / 1 / 31} + 12h};

/// A record that shows when it was written.
struct Memo {
  std::string text;
  std::optional<Timestamp> created_at = {};
  Timestamp updated_at = {};
  friend bool operator==(const Memo&, const Memo&) = default;
};
BOOST_DESCRIBE_STRUCT(Memo, (), (text, created_at, updated_at))

/// The same row without its times, which are set all the same.
struct BareMemo {
  std::string text;
  friend bool operator==(const BareMemo&, const BareMemo&) = default;
};
BOOST_DESCRIBE_STRUCT(BareMemo, (), (text))

/// Moments of the user's own, also as a key.
struct Meeting {
  Timestamp begins;
  std::optional<Timestamp> ends;
  friend bool operator==(const Meeting&, const Meeting&) = default;
};
BOOST_DESCRIBE_STRUCT(Meeting, (), (begins, ends))

/// What has a type of its own in the database.
struct Invoice {
  Decimal<2> balance = {};
  std::optional<Decimal<4>> rate = {};
  boost::uuids::uuid customer = {};
  sql::Json lines = {};
  std::optional<sql::Json> notes = {};
  friend bool operator==(const Invoice&, const Invoice&) = default;
};
BOOST_DESCRIBE_STRUCT(Invoice, (), (balance, rate, customer, lines, notes))

struct InvoiceTable {
  MappedTables tables{joined("CREATE TABLE invoices (id ", column::uuid, " PRIMARY KEY, balance ",
                             column::decimal, "(12, 2), rate ", column::decimal, "(9, 4), customer ",
                             column::uuid, ", lines ", column::json, ", notes ", column::json,
                             ", lock_version integer)")};
  MappedTables::Table<boost::uuids::uuid, Invoice> invoices{tables.db, "invoices"};
};

constexpr boost::uuids::uuid ann{
    {0xa0, 0xee, 0xbc, 0x99, 0x9c, 0x0b, 0x4e, 0xf8, 0xbb, 0x6d, 0x6b, 0xb9, 0xbd, 0x38, 0x0a, 0x11}};
constexpr boost::uuids::uuid bob{};

constexpr auto money(std::string_view text) { return Decimal<2>::from_text(text).value(); }

template <class Table>
std::vector<std::string> mismatches_of(const MappedTables& tables, const sql::Mapping& mapping) {
  try {
    const Table table{const_cast<MappedTables&>(tables).db, mapping};
  } catch (const sql::MappingMismatch& mismatch) {
    return mismatch.mismatches();
  }
  return {};
}

/// A field of every kind of column that there is.
struct EveryKind {
  bool flag = false;
  std::uint32_t number = 0;
  double real = 0;
  std::string text = {};
  std::optional<std::int16_t> perhaps = {};
  Decimal<2> money = {};
  sql::Json json = {};
  boost::uuids::uuid uuid = {};
  Timestamp moment = {};
  sql::Blob bytes = {};
  std::optional<Timestamp> updated_at = {};
  friend bool operator==(const EveryKind&, const EveryKind&) = default;
};
BOOST_DESCRIBE_STRUCT(EveryKind, (),
                      (flag, number, real, text, perhaps, money, json, uuid, moment, bytes, updated_at))

struct Counted {
  std::int64_t lock_version = -1;
  friend bool operator==(const Counted&, const Counted&) = default;
};
BOOST_DESCRIBE_STRUCT(Counted, (), (lock_version))

const std::string memos_table =
    joined("CREATE TABLE memos (id integer PRIMARY KEY, text varchar, lock_version integer, created_at ",
           column::timestamp, ", updated_at ", column::timestamp, ")");
const sql::Mapping memos_mapping{.table = "memos", .created_at = "created_at", .updated_at = "updated_at"};

}  // namespace

BOOST_AUTO_TEST_SUITE(mapping)

BOOST_AUTO_TEST_CASE(times_are_the_runtimes_and_move_with_the_version) {
  MappedTables tables{memos_table};
  MappedTables::Table<int, Memo> memos{tables.db, memos_mapping};
  const auto times = [&] { return std::pair{*load(memos, 1)->created_at, load(memos, 1)->updated_at}; };
  SetTime::set(noon);
  insert(memos, 1, {"first"}).or_throw();
  BOOST_TEST((times() == std::pair{noon, noon}));

  SetTime::set(noon + 1min);
  update(memos, 1, [](Memo& memo) { memo.text = "second"; });
  BOOST_TEST((times() == std::pair{noon, noon + 1min}));

  SetTime::set(noon + 2min);
  transact(memos, [&](auto& tx) { tx.touch(memos, 1); });
  BOOST_TEST((times() == std::pair{noon, noon + 2min}));
  BOOST_TEST(load(memos, 1).version == Version{2});

  SetTime::set(noon + 3min);
  update(memos, 1, [](Memo& memo) { memo.text = "second"; });  // which it is
  BOOST_TEST((times() == std::pair{noon, noon + 2min}));
  BOOST_TEST(load(memos, 1).version == Version{2});
}

BOOST_AUTO_TEST_CASE(times_that_a_record_brings_along_are_not_written) {
  MappedTables tables{memos_table};
  MappedTables::Table<int, Memo> memos{tables.db, memos_mapping};
  SetTime::set(noon);
  insert(memos, 1, {"first", noon + 24h, noon + 24h}).or_throw();
  auto memo = load(memos, 1);
  BOOST_TEST((memo.record == Memo{"first", noon, noon}));
  SetTime::set(noon + 1min);
  memo->created_at.reset();
  memo->updated_at = noon + 24h;
  save(memos, 1, memo).or_throw();
  BOOST_TEST((load(memos, 1).record == Memo{"first", noon, noon + 1min}));
}

BOOST_AUTO_TEST_CASE(times_that_no_field_shows_are_set_as_well) {
  MappedTables tables{memos_table};
  MappedTables::Table<int, BareMemo> bare{tables.db, memos_mapping};
  MappedTables::Table<int, Memo> memos{tables.db, memos_mapping};
  SetTime::set(noon);
  insert(bare, 1, {"first"}).or_throw();
  SetTime::set(noon + 1min);
  update(bare, 1, [](BareMemo& memo) { memo.text = "second"; });
  BOOST_TEST((load(memos, 1).record == Memo{"second", noon, noon + 1min}));
}

BOOST_AUTO_TEST_CASE(all_that_a_commit_writes_has_the_same_time) {
  MappedTables tables{memos_table};
  MappedTables::Table<int, Memo> memos{tables.db, memos_mapping};
  SetTime::set(noon);
  insert(memos, 1, {"first"}).or_throw();
  SetTime::set(noon + 1min);
  transact(memos, [&](auto& tx) {
    tx.edit(memos, 1).text = "changed";
    tx.insert(memos, 2, {"second"});
  });
  BOOST_TEST((load(memos, 1)->updated_at == noon + 1min));
  BOOST_TEST((load(memos, 2)->updated_at == noon + 1min));
  BOOST_TEST((load(memos, 2)->created_at == noon + 1min));
}

BOOST_AUTO_TEST_CASE(moments_are_fields_and_keys_to_the_microsecond) {
  MappedTables tables{joined("CREATE TABLE meetings (at ", column::timestamp, " PRIMARY KEY, begins ",
                             column::timestamp, ", ends ", column::timestamp, ", lock_version integer)")};
  MappedTables::Table<Timestamp, Meeting> meetings{tables.db, {.table = "meetings", .key = {"at"}}};
  const Timestamp first = std::chrono::sys_days{1y / 1 / 1};
  const Timestamp last = std::chrono::sys_days{10000y / 1 / 1} - 1us;
  insert(meetings, noon, {first, last}).or_throw();
  insert(meetings, noon + 1us, {Timestamp{-1us}, {}}).or_throw();
  BOOST_TEST((load(meetings, noon).record == Meeting{first, last}));
  BOOST_TEST((load(meetings, noon + 1us).record == Meeting{Timestamp{-1us}, {}}));
  BOOST_CHECK_THROW(update(meetings, noon, [](Meeting& some) { some.begins = Timestamp::max(); }),
                    sql::Unstorable);
}

BOOST_AUTO_TEST_CASE(uuids_decimals_and_json_are_stored_and_loaded_as_they_were) {
  InvoiceTable in;
  const Invoice full{
      money("-1234567890.99"), Decimal<4>::of_units(1), ann, {R"({"a": [1, null]})"}, sql::Json{"7"}};
  insert(in.invoices, ann, full).or_throw();
  insert(in.invoices, bob, {}).or_throw();
  BOOST_TEST((load(in.invoices, ann).record == full));
  BOOST_TEST((load(in.invoices, bob).record == Invoice{}));
  BOOST_TEST(!insert(in.invoices, ann, {}));
  with_locks(in.invoices, {ann, bob}, [](auto& both) { both[bob].lines = {R"(["x"])"}; });
  BOOST_TEST(load(in.invoices, bob)->lines.text == R"(["x"])");
}

BOOST_AUTO_TEST_CASE(money_is_transferred_to_the_last_cent) {
  InvoiceTable in;
  insert(in.invoices, ann, {money("0.10")}).or_throw();
  insert(in.invoices, bob, {money("0.20")}).or_throw();
  transfer(in.invoices, {.from = ann, .to = bob, .amount = money("0.10")});
  BOOST_TEST((load(in.invoices, ann)->balance == money("0.00")));
  BOOST_TEST((load(in.invoices, bob)->balance == money("0.3")));
  BOOST_CHECK_THROW(transfer(in.invoices, {.from = ann, .to = bob, .amount = money("0.01")}),
                    InsufficientFunds);
  BOOST_CHECK_THROW(transfer(in.invoices, {.from = bob, .to = ann, .amount = money("-1")}),
                    AmountNotPositive);
}

BOOST_AUTO_TEST_CASE(what_is_no_such_value_is_unreadable_and_never_rounded) {
  MappedTables tables{joined("CREATE TABLE invoices (id integer PRIMARY KEY, balance ", column::decimal,
                             ", rate ", column::decimal, ", customer varchar, lines ", column::json,
                             ", notes ", column::json, "); INSERT INTO invoices VALUES (1, 0.005, 0, '",
                             std::string(36, '0'), "', '{}', NULL), (2, 0.01, 0, 'somebody', '{}', NULL)")};
  MappedTables::Table<int, Invoice> invoices{tables.db, "invoices"};
  const auto unreadable = [&](int key) {
    try {
      static_cast<void>(load(invoices, key));
    } catch (const sql::Unreadable& error) {
      return error.column();
    }
    return std::string{"none"};
  };
  BOOST_TEST(unreadable(1) == "balance");
  BOOST_TEST(unreadable(2) == "customer");
}

BOOST_AUTO_TEST_CASE(a_field_that_may_be_empty_needs_a_column_that_may_be_null) {
  const MappedTables tables{joined("CREATE TABLE meetings (id integer PRIMARY KEY, begins ",
                                   column::timestamp, " NOT NULL, ends ", column::timestamp, " NOT NULL)")};
  BOOST_TEST(
      (mismatches_of<MappedTables::Table<int, Meeting>>(tables, {.table = "meetings"})) ==
          std::vector<std::string>{"column ends must not be NULL, which its field may be (field ends)"},
      boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_strict_mapping_names_what_may_be_null_and_what_an_insert_would_leave_empty) {
  const MappedTables tables{
      joined("CREATE TABLE memos (id integer PRIMARY KEY, text varchar, place varchar NOT NULL, ",
             "colour varchar NOT NULL DEFAULT 'red', lock_version integer NOT NULL, created_at ",
             column::timestamp, " NOT NULL, updated_at ", column::timestamp, " NOT NULL)")};
  auto mapping = memos_mapping;
  BOOST_TEST((mismatches_of<MappedTables::Table<int, BareMemo>>(tables, mapping)).empty());
  mapping.strict = true;
  BOOST_TEST(
      (mismatches_of<MappedTables::Table<int, BareMemo>>(tables, mapping)) ==
          (std::vector<std::string>{"column text may be NULL, which its field cannot be (field text)",
                                    "column place must not be NULL, and nothing would be inserted in it"}),
      boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(versions_of_every_kind_make_the_second_of_two_stale) {
  for (const auto kind : {sql::VersionKind::timestamp, sql::VersionKind::uuid, sql::VersionKind::columns}) {
    BOOST_TEST_CONTEXT("kind " << static_cast<int>(kind)) {
      const bool column = kind != sql::VersionKind::columns;
      MappedTables tables{joined("CREATE TABLE memos (id integer PRIMARY KEY, text varchar, state ",
                                 kind == sql::VersionKind::timestamp ? column::timestamp : column::uuid,
                                 ")")};
      MappedTables::Table<int, BareMemo> memos{
          tables.db, {.table = "memos", .version = column ? "state" : "", .version_kind = kind}};
      BOOST_TEST(memos.versioned() == column);
      SetTime::set(noon);
      insert(memos, 1, {"first"}).or_throw();
      insert(memos, 2, {"first"}).or_throw();
      BOOST_TEST(!insert(memos, 1, {"again"}));
      auto mine = load(memos, 1);
      auto yours = mine;
      mine->text = "mine";
      SetTime::set(noon);  // a clock may be set back: to the very time of the insert
      save(memos, 1, mine).or_throw();
      BOOST_TEST((load(memos, 1) == mine));
      yours->text = "yours";
      const auto lost = save(memos, 1, yours);
      BOOST_REQUIRE(!lost);
      BOOST_TEST((lost.conflict().current() == mine));
      BOOST_TEST(!erase(memos, 1, yours.version));
      Batch batch{tables.db};  // several commit by other statements
      BOOST_TEST(!batch.save(memos, 1, yours).expect(memos, 2, load(memos, 2).version).commit());
      transact(memos, [&](auto& tx) {
        tx.edit(memos, 1).text += "!";
        tx.edit(memos, 2).text += "!";
      });
      BOOST_TEST((load(memos, 1).version == mine.version) == false);
      BOOST_TEST((expect(memos, 1, token(memos, 1, load(memos, 1))) == load(memos, 1).version));
      const auto before = load(memos, 1).version;
      transact(memos, [&](auto& tx) { tx.touch(memos, 1); });
      BOOST_TEST((load(memos, 1).version == before) == !column);
      if (column) {  // NULL counts as zero
        tables.db.execute("UPDATE memos SET state = NULL WHERE id = 2");
        BOOST_TEST(load(memos, 2).version == Version{0});
        update(memos, 2, [](BareMemo& memo) { memo.text = "filled"; });
        BOOST_TEST((load(memos, 2).version == Version{0}) == false);
      }
      save(unguarded(memos), 2, Versioned{BareMemo{"forced"}, Version{9}}).or_throw();
      BOOST_TEST(load(memos, 2)->text == "forced");
      const auto change_all = [&] { return update_all(memos, everything, set<&BareMemo::text>("all")); };
      if (column) {
        BOOST_CHECK_THROW(static_cast<void>(change_all()), NotSupported);
        BOOST_TEST(load(memos, 2)->text == "forced");
      } else {
        BOOST_TEST(change_all() == 2U);
      }
      erase(memos, 1, load(memos, 1).version).or_throw();
      BOOST_TEST(!find(memos, 1));
    }
  }
}

BOOST_AUTO_TEST_CASE(a_version_that_is_a_time_can_be_chosen_and_one_that_is_a_uuid_cannot) {
  MappedTables tables{joined("CREATE TABLE memos (id integer PRIMARY KEY, text varchar, at ",
                             column::timestamp, ", state ", column::uuid, ")")};
  MappedTables::Table<int, BareMemo> timed{
      tables.db, {.table = "memos", .version = "at", .version_kind = sql::VersionKind::timestamp}};
  insert(timed, 1, {"first"}, Version{5}).or_throw();
  BOOST_TEST(load(timed, 1).version == Version{5});
  MappedTables::Table<int, BareMemo> random{
      tables.db, {.table = "memos", .version = "state", .version_kind = sql::VersionKind::uuid}};
  BOOST_CHECK_THROW(static_cast<void>(insert(random, 2, {"second"}, Version{5})), VersionUnavailable);
  BOOST_TEST(!find(random, 2));
}

BOOST_AUTO_TEST_CASE(a_version_column_of_another_kind_is_named_when_the_table_is_opened) {
  const MappedTables tables{"CREATE TABLE memos (id integer PRIMARY KEY, text varchar, state integer)"};
  const auto told = [&](sql::VersionKind kind) {
    return mismatches_of<MappedTables::Table<int, BareMemo>>(
        tables, {.table = "memos", .version = "state", .version_kind = kind});
  };
  BOOST_TEST(told(sql::VersionKind::counter).empty());
  BOOST_TEST(told(sql::VersionKind::timestamp).front().ends_with("does not keep timestamp (version)"));
  BOOST_TEST(told(sql::VersionKind::uuid).front().ends_with("does not keep uuid (version)"));
  BOOST_TEST(told(sql::VersionKind::columns).front() == "column state is for versions, which have none");
}

// Statements for migrations

BOOST_AUTO_TEST_CASE(a_table_that_is_made_for_a_mapping_fits_it_strictly) {
  MappedTables tables{""};
  sql::Mapping mapping{.table = "all \"kinds\"",
                       .key = {"line", "owner"},
                       .columns = {{"text", "order"}},
                       .created_at = "made",
                       .updated_at = "updated_at",
                       .strict = true};
  using Key = std::pair<std::int64_t, boost::uuids::uuid>;
  tables.db.execute(schema::create_table<Key, EveryKind>(mapping));
  MappedTables::Table<Key, EveryKind> kinds{tables.db, mapping};
  BOOST_TEST(kinds.versioned());
  SetTime::set(noon);
  const EveryKind full{true,
                       std::numeric_limits<std::uint32_t>::max(),
                       0.5,
                       "it's",
                       7,
                       money("92233720368547758.07"),
                       {R"({"a": 1})"},
                       ann,
                       noon + 1us,
                       {std::byte{0}, std::byte{255}},
                       noon};
  insert(kinds, {7, ann}, full).or_throw();
  BOOST_TEST((load(kinds, {7, ann}).record == full));
  insert(kinds, {7, bob}, {}).or_throw();
}

BOOST_AUTO_TEST_CASE(a_table_is_made_for_versions_of_every_kind) {
  for (const auto kind : {sql::VersionKind::counter, sql::VersionKind::timestamp, sql::VersionKind::uuid,
                          sql::VersionKind::columns}) {
    MappedTables tables{""};
    const sql::Mapping mapping{.table = "memos", .version_kind = kind, .strict = true};
    tables.db.execute(schema::create_table<int, BareMemo>(mapping));
    MappedTables::Table<int, BareMemo> memos{tables.db, mapping};
    BOOST_TEST(memos.versioned() == (kind != sql::VersionKind::columns));
    insert(memos, 1, {"first"}).or_throw();
    update(memos, 1, [](BareMemo& memo) { memo.text = "second"; });
  }
}

BOOST_AUTO_TEST_CASE(a_version_column_is_added_to_rows_that_are_there_filled_and_taken_away) {
  MappedTables tables{
      "CREATE TABLE memos (id integer PRIMARY KEY, text varchar); INSERT INTO memos VALUES (1, 'old')"};
  const sql::Mapping mapping{.table = "memos", .version = "revision"};
  tables.db.execute(schema::add_version_column(mapping));
  {
    MappedTables::Table<int, BareMemo> memos{tables.db, mapping};
    BOOST_TEST(load(memos, 1).version == Version{0});
    update(memos, 1, [](BareMemo& memo) { memo.text = "new"; });
    tables.db.execute("INSERT INTO memos (id, text) VALUES (2, 'by who does not know of it')");
    BOOST_TEST(load(memos, 2).version == Version{0});
  }
  tables.db.execute(schema::fill_version_column(mapping));
  {
    const MappedTables::Table<int, BareMemo> memos{tables.db, mapping};
    BOOST_TEST(memos.load(1)->version == Version{1});
  }
  tables.db.execute(schema::drop_version_column(mapping));
  const MappedTables::Table<int, BareMemo> memos{tables.db, "memos"};
  BOOST_TEST(!memos.versioned());
  BOOST_TEST(memos.load(1)->record.text == "new");
}

BOOST_AUTO_TEST_CASE(a_version_column_that_is_null_is_filled_with_zeros) {
  MappedTables tables{
      "CREATE TABLE memos (id integer PRIMARY KEY, text varchar, lock_version integer); "
      "INSERT INTO memos VALUES (1, 'old', NULL), (2, 'newer', 5)"};
  tables.db.execute(schema::fill_version_column({.table = "memos"}));
  MappedTables::Table<int, Counted> counted{tables.db,
                                            {.table = "memos", .version_kind = sql::VersionKind::columns}};
  BOOST_TEST((load(counted, 1)->lock_version == 0));
  BOOST_TEST((load(counted, 2)->lock_version == 5));
}

BOOST_AUTO_TEST_CASE(versions_without_a_column_have_none_to_add) {
  const sql::Mapping mapping{.table = "memos", .version_kind = sql::VersionKind::columns};
  BOOST_CHECK_THROW(static_cast<void>(schema::add_version_column(mapping)), NotSupported);
  BOOST_CHECK_THROW(static_cast<void>(schema::drop_version_column(mapping)), NotSupported);
  BOOST_CHECK_THROW(static_cast<void>(schema::fill_version_column(mapping)), NotSupported);
}

BOOST_AUTO_TEST_SUITE_END()
