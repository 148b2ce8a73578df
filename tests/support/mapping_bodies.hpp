// What is the same of mapped fields in every SQL database: test cases for a program in which `MappedTables`
// is a database `db` of the runtime test::SetTime in which some statements were executed, with `Table<Key,
// T>`, and in which `column::` names types.
#pragma once

#include <lockstep/lockstep.hpp>

#include "support/print.hpp"
#include "support/set_time.hpp"

#include <boost/describe/class.hpp>
#include <boost/test/unit_test.hpp>

#include <chrono>
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

BOOST_AUTO_TEST_SUITE_END()
