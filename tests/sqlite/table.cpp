#include <lockstep/lockstep.hpp>
#include <lockstep/sqlite/table.hpp>

#include "support/sqlite_bank.hpp"

#include <boost/describe/class.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

using namespace lockstep;
using test::Account;
using test::quick;
using test::SqliteBank;
using test::SqliteFile;
using Strings = std::vector<std::string>;

namespace {

enum class Colour : std::uint8_t { red, green };

/// A field of every kind.
struct Everything {
  bool flag = false;
  std::int8_t small = 0;
  std::uint64_t large = 0;
  double real = 0;
  float single = 0;
  std::string text;
  sql::Blob bytes;
  Colour colour = Colour::red;
  std::optional<int> perhaps;
  std::optional<std::string> words;

  friend bool operator==(const Everything&, const Everything&) = default;
};
BOOST_DESCRIBE_STRUCT(Everything, (), (flag, small, large, real, single, text, bytes, colour, perhaps, words))

constexpr auto everything_table =
    "CREATE TABLE everything (id INTEGER PRIMARY KEY, flag BOOLEAN, small TINYINT, large BIGINT, real "
    "DOUBLE, "
    "single FLOAT, text VARCHAR(20), bytes BLOB, colour INTEGER, perhaps INTEGER, words TEXT, lock_version "
    "INTEGER)";

/// What was sent, without reading: in the order of sending.
struct Sent {
  Strings statements;
  sqlite::Options options = quick({.on_statement = [this](std::string_view sql) {
    if (!sql.starts_with("PRAGMA")) statements.emplace_back(sql);
  }});
  [[nodiscard]] Strings writes() const {
    Strings found;
    for (const auto& sql : statements) {
      if (sql.starts_with("UPDATE") || sql.starts_with("INSERT") || sql.starts_with("DELETE"))
        found.push_back(sql);
    }
    return found;
  }
};

std::string text_of_load(sqlite::Table<int, Account>& accounts, int key) {
  try {
    static_cast<void>(load(accounts, key));
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

template <class Table>
Strings mismatches(sqlite::Database<>& db, const sql::Mapping& mapping) {
  try {
    const Table table{db, mapping};
  } catch (const sql::MappingMismatch& mismatch) {
    return mismatch.mismatches();
  }
  return {};
}

}  // namespace

BOOST_AUTO_TEST_SUITE(table)

// Opening

BOOST_AUTO_TEST_CASE(everything_that_a_table_lacks_is_named_when_it_is_opened) {
  SqliteFile<> file{
      "CREATE TABLE accounts (number INTEGER PRIMARY KEY, owner INTEGER, balance TEXT, lock_version TEXT)"};
  const Strings told = mismatches<sqlite::Table<int, Account>>(
      file.db, {.table = "accounts", .columns = {{"colour", "color"}}, .updated_at = "updated_at"});
  BOOST_TEST(told == (Strings{"there is no column id (key)",
                              "column owner of type INTEGER does not keep text (field owner)",
                              "column balance of type TEXT does not keep integer (field balance)",
                              "there is no column points (field points)",
                              "column color is for a field colour, which the record does not have",
                              "column lock_version of type TEXT does not keep integer (version)",
                              "there is no column updated_at (updated_at)"}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_mapping_that_contradicts_itself_is_refused) {
  SqliteFile<> file{
      "CREATE TABLE accounts (id INTEGER PRIMARY KEY, owner TEXT, balance INTEGER, points INTEGER)"};
  using Table = sqlite::Table<int, Account>;
  BOOST_TEST(mismatches<Table>(file.db, {.table = "nothing"}) == Strings{"there is no such table"},
             boost::test_tools::per_element());
  BOOST_TEST(mismatches<Table>(file.db, {.table = "accounts", .key = {"id", "number"}}) ==
                 Strings{"the key has 1 part, and 2 columns are named for it"},
             boost::test_tools::per_element());
  BOOST_TEST(mismatches<Table>(file.db, {.table = "accounts", .key = {"points"}}) ==
                 Strings{"column points is the key's already (field points)"},
             boost::test_tools::per_element());
  BOOST_TEST(mismatches<Table>(file.db, {.table = "accounts", .version = "points"}) ==
                 Strings{"column points counts versions, and cannot be a field"},
             boost::test_tools::per_element());
  BOOST_TEST(mismatches<Table>(file.db, {.table = "accounts", .version = "version"}) ==
                 Strings{"there is no column version (version)"},
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(key_columns_must_be_unique_together) {
  SqliteFile<> file{"CREATE TABLE accounts (id INTEGER, owner TEXT, balance INTEGER, points INTEGER)"};
  BOOST_CHECK_THROW((sqlite::Table<int, Account>{file.db, "accounts"}), sql::MappingMismatch);
  file.db.execute("CREATE UNIQUE INDEX by_id ON accounts (id)");
  BOOST_CHECK_NO_THROW((sqlite::Table<int, Account>{file.db, "accounts"}));
}

BOOST_AUTO_TEST_CASE(the_version_column_is_the_databases_or_the_tables_own) {
  SqliteFile<> file{
      "CREATE TABLE accounts (id INTEGER PRIMARY KEY, owner TEXT, balance INTEGER, points INTEGER, revision "
      "INTEGER, "
      "\"order\" INTEGER); INSERT INTO accounts VALUES (1, 'ann', 5, 0, 8, 9)",
      quick({.version_column = "revision"})};
  sqlite::Table<int, Account> usual{file.db, "accounts"};
  sqlite::Table<int, Account> own{file.db, {.table = "accounts", .version = "order"}};
  BOOST_TEST(load(usual, 1).version == Version{8});
  BOOST_TEST(load(own, 1).version == Version{9});
}

// Values

BOOST_AUTO_TEST_CASE(every_kind_of_field_is_stored_and_loaded_as_it_was) {
  SqliteFile<> file{everything_table};
  sqlite::Table<int, Everything> table{file.db, "everything"};
  const std::vector<Everything> records{
      {},
      {true,
       -128,
       std::numeric_limits<std::int64_t>::max(),
       0.1,
       0.1F,
       "'; DROP TABLE everything; --",
       {std::byte{0}, std::byte{255}},
       Colour::green,
       7,
       "words"},
      {false, 127, 1, -1e300, 3, std::string{"a\0b", 3}, {}, Colour::red, -1, ""},
      {true, 0, 0, 3, 0, "007", {std::byte{'7'}}, Colour::green, {}, "NULL"}};
  for (int key = 0; const auto& record : records) {
    insert(table, key, record).or_throw();
    BOOST_TEST((*load(table, key) == record));
    BOOST_TEST(load(table, key).version == Version{0});
    ++key;
  }
}

BOOST_AUTO_TEST_CASE(what_a_column_cannot_hold_is_refused_before_it_is_sent) {
  SqliteFile<> file{everything_table};
  sqlite::Table<int, Everything> table{file.db, "everything"};
  Everything record;
  record.large = std::numeric_limits<std::uint64_t>::max();
  BOOST_CHECK_THROW(static_cast<void>(insert(table, 1, record)), sql::Unstorable);
  record.large = 0;
  record.real = std::numeric_limits<double>::quiet_NaN();  // SQLite would make it NULL
  BOOST_CHECK_THROW(static_cast<void>(insert(table, 1, record)), sql::Unstorable);
  BOOST_TEST(!find(table, 1).has_value());
}

BOOST_AUTO_TEST_CASE(what_a_field_cannot_hold_is_named_with_its_place) {
  SqliteBank<> bank;
  bank.db.execute(
      "UPDATE accounts SET balance = NULL WHERE id = 1; UPDATE accounts SET balance = 'much' WHERE id = 2;"
      "UPDATE accounts SET lock_version = -1 WHERE id = 3");
  BOOST_TEST(text_of_load(bank.accounts, 1) ==
             "accounts[1]: column balance holds NULL, which its field cannot");
  BOOST_TEST(text_of_load(bank.accounts, 2) ==
             "accounts[2]: column balance holds 'much', which its field cannot");
  BOOST_TEST(text_of_load(bank.accounts, 3) ==
             "accounts[3]: column lock_version holds -1, which its field cannot");
}

BOOST_AUTO_TEST_CASE(a_number_too_large_for_its_field_does_not_wrap) {
  SqliteFile<> file{everything_table};
  sqlite::Table<int, Everything> table{file.db, "everything"};
  insert(table, 1, Everything{}).or_throw();
  for (const auto* const set : {"small = 128", "small = -129", "flag = 2", "large = -1", "colour = 256"}) {
    file.db.execute("UPDATE everything SET " + std::string{set});
    BOOST_CHECK_THROW(static_cast<void>(load(table, 1)), sql::Unreadable);
    file.db.execute("UPDATE everything SET small = 0, flag = 0, large = 0, colour = 0");
  }
}

// Versions

BOOST_AUTO_TEST_CASE(a_new_row_has_version_zero_whatever_the_columns_default_or_the_one_that_was_asked_for) {
  SqliteFile<> file{
      "CREATE TABLE orders (id INTEGER PRIMARY KEY, total INTEGER, paid BOOLEAN, lock_version INTEGER "
      "DEFAULT 5)"};
  sqlite::Table<int, test::Order> orders{file.db, "orders"};
  BOOST_TEST(insert(orders, 1, {40}).version() == Version{0});
  BOOST_TEST(insert(orders, 2, {40}, Version{42}).version() == Version{42});
  BOOST_TEST(load(orders, 1).version == Version{0});
  BOOST_TEST(load(orders, 2).version == Version{42});
}

BOOST_AUTO_TEST_CASE(a_null_version_is_zero_and_of_two_who_read_it_the_second_is_stale) {
  SqliteBank<> bank;
  bank.db.execute("UPDATE accounts SET lock_version = NULL");
  auto first = load(bank.accounts, 1);
  auto second = load(bank.accounts, 1);
  BOOST_TEST(first.version == Version{0});
  first->balance = 1;
  second->balance = 2;
  save(bank.accounts, 1, first).or_throw();
  BOOST_TEST(first.version == Version{1});
  BOOST_TEST(!save(bank.accounts, 1, second));
  BOOST_TEST(bank.balance(1) == 1);
  erase(bank.accounts, 2, Version{0}).or_throw();
  save(unguarded(bank.accounts), 3, Versioned{Account{"cid", 7}, Version{9}}).or_throw();
  BOOST_TEST(bank.version(3) == Version{1});
}

BOOST_AUTO_TEST_CASE(a_version_column_at_its_end_is_an_error_and_never_wraps) {
  SqliteBank<> bank;
  bank.db.execute("UPDATE accounts SET lock_version = 9223372036854775807 WHERE id = 1");
  auto value = load(bank.accounts, 1);
  value->balance = 0;
  BOOST_CHECK_THROW(static_cast<void>(save(bank.accounts, 1, value)), VersionUnavailable);
  BOOST_TEST(bank.balance(1) == 100);
  BOOST_CHECK_THROW(static_cast<void>(insert(bank.accounts, 9, {"eve", 5}, Version::last())),
                    VersionUnavailable);
  BOOST_TEST(!find(bank.accounts, 9).has_value());
}

BOOST_AUTO_TEST_CASE(a_row_erased_and_inserted_again_in_one_session_goes_on_counting) {
  SqliteBank<> bank;
  auto session = bank.db.session();
  bank.accounts.erase(session, 1, Version{0});
  bank.accounts.write(session, 1, Version{}, {"eve", 5});
  BOOST_TEST(static_cast<bool>(session.commit()));
  BOOST_TEST(bank.version(1) == Version{1});
  auto used = bank.db.session();
  bank.accounts.erase(used, 1, Version{1});
  bank.accounts.insert(used, 1, {"fay", 6}, Version{1});
  BOOST_CHECK_THROW(static_cast<void>(used.commit()), VersionUnavailable);
  BOOST_TEST(load(bank.accounts, 1)->owner == "eve");
}

BOOST_AUTO_TEST_CASE(a_table_without_a_version_column_says_so_and_compares_what_was_loaded) {
  SqliteFile<> file{
      "CREATE TABLE accounts (id INTEGER PRIMARY KEY, owner TEXT, balance INTEGER, points INTEGER)"};
  sqlite::Table<int, Account> accounts{file.db, "accounts"};
  BOOST_TEST(!accounts.versioned());
  insert(accounts, 1, {"ann", 100}).or_throw();
  BOOST_TEST(!insert(accounts, 1, {"eve", 100}));
  auto mine = load(accounts, 1);
  auto yours = load(accounts, 1);
  mine->balance = 1;
  save(accounts, 1, mine).or_throw();
  BOOST_TEST((load(accounts, 1) == mine));  // its version, too, moved with it
  yours->points = 2;
  const auto lost = save(accounts, 1, yours);
  BOOST_REQUIRE(!lost);
  BOOST_TEST(lost.conflict().current()->record.balance == 1);
  BOOST_TEST(!erase(accounts, 1, yours));
  update(accounts, 1, [](Account& account) { account.points = 3; });
  transact(accounts, [&](auto& tx) { tx.touch(accounts, 1); });
  erase(accounts, 1, load(accounts, 1)).or_throw();
  BOOST_TEST(!find(accounts, 1).has_value());
}

// What is sent

BOOST_AUTO_TEST_CASE(an_update_names_the_columns_that_changed_and_no_other) {
  Sent sent;
  SqliteBank<> bank{sent.options};
  const auto balance_alone = [&](const char* verb, auto&& call) {
    sent.statements.clear();
    call();
    BOOST_TEST_CONTEXT(verb) {
      BOOST_TEST(!sent.writes().empty());
      for (const auto& sql : sent.writes()) {
        BOOST_TEST(sql ==
                   "UPDATE \"accounts\" SET \"balance\" = ?, \"lock_version\" = ? WHERE \"id\" = ? AND "
                   "COALESCE(\"lock_version\", 0) = ?");
      }
    }
  };
  const auto pay = [](Account& account) { ++account.balance; };
  balance_alone("update", [&] { update(bank.accounts, 1, pay); });
  balance_alone("with_lock", [&] { with_lock(bank.accounts, 1, pay); });
  balance_alone("with_locks", [&] { with_locks(bank.accounts, {1}, [&](auto& locked) { pay(locked[1]); }); });
  balance_alone("change_if", [&] { change_if(bank.accounts, 1, [](const Account&) { return true; }, pay); });
  balance_alone("transact", [&] { transact(bank.db, [&](auto& tx) { pay(tx.edit(bank.accounts, 1)); }); });
  balance_alone("save of a value", [&] {
    auto value = load(bank.accounts, 1);
    pay(*value);
    save(bank.accounts, 1, value).or_throw();
  });
  balance_alone("save of a draft", [&] {
    auto draft = edit(load(bank.accounts, 1));
    pay(*draft);
    save(bank.accounts, 1, draft).or_throw();
  });
  balance_alone("merge", [&] {
    auto draft = edit(load(bank.accounts, 1));
    pay(*draft);
    bank.db.execute(
        "/* another */ UPDATE accounts SET points = 3, lock_version = lock_version + 1 WHERE id = 1");
    save(bank.accounts, 1, draft, merge_disjoint).or_throw();
  });
}

BOOST_AUTO_TEST_CASE(what_another_changed_without_moving_the_version_stays) {
  SqliteBank<> bank;
  auto draft = edit(load(bank.accounts, 1));
  draft->balance = 1;
  update(bank.accounts, 2, [&](Account& account) {
    account.balance = 2;
    bank.db.execute("UPDATE accounts SET points = 7");  // in bulk, as if versions were not there
  });
  save(bank.accounts, 1, draft).or_throw();
  for (const int key : {1, 2}) {
    BOOST_TEST(bank.balance(key) == key);
    BOOST_TEST(load(bank.accounts, key)->points == 7);
  }
}

BOOST_AUTO_TEST_CASE(saving_what_has_not_changed_writes_nothing) {
  Sent sent;
  SqliteBank<> bank{sent.options};
  auto value = load(bank.accounts, 1);
  auto draft = edit(value);
  sent.statements.clear();
  save(bank.accounts, 1, draft).or_throw();
  BOOST_TEST(sent.statements.empty());
  save(bank.accounts, 1, value).or_throw();
  update(bank.accounts, 1, [](Account& account) { account.balance += 0; });
  transact(bank.db, [&](auto& tx) { tx.edit(bank.accounts, 1).balance += 0; });
  BOOST_TEST(sent.writes().empty());
  BOOST_TEST(bank.version(1) == Version{0});
}

BOOST_AUTO_TEST_CASE(a_commit_writes_in_the_transaction_that_has_read_and_one_write_alone_needs_none) {
  Sent sent;
  SqliteBank<> bank{sent.options};
  sent.statements.clear();
  static_cast<void>(read_only(bank.db, [&](auto& tx) { return tx.read(bank.accounts, 1).balance; }));
  const auto& statements = sent.statements;
  BOOST_REQUIRE(statements.size() == 3U);
  BOOST_TEST(statements.front() == "BEGIN");
  BOOST_TEST(statements.back() == "ROLLBACK");
  sent.statements.clear();
  update(bank.accounts, 1, [](Account& account) { ++account.balance; });
  BOOST_REQUIRE(statements.size() == 4U);
  BOOST_TEST(statements[0] == "BEGIN");
  BOOST_TEST(statements[2].starts_with("UPDATE"));
  BOOST_TEST(statements[3] == "COMMIT");

  auto draft = edit(load(bank.accounts, 1));
  ++draft->balance;
  sent.statements.clear();
  save(bank.accounts, 1, draft).or_throw();
  BOOST_REQUIRE(statements.size() == 1U);
  BOOST_TEST(statements[0].starts_with("UPDATE"));
  sent.statements.clear();
  transfer(bank.accounts, {.from = 1, .to = 2, .amount = 1});
  BOOST_REQUIRE(statements.size() == 4U);
  BOOST_TEST(statements[0] == "BEGIN IMMEDIATE");
  BOOST_TEST(statements[1].starts_with("UPDATE"));
  BOOST_TEST(statements[3] == "COMMIT");
}

BOOST_AUTO_TEST_CASE(a_trigger_that_leaves_one_side_of_a_transfer_out_leaves_both_out) {
  for (const int left_out : {1, 2}) {
    SqliteBank<> bank;
    bank.db.execute("CREATE TRIGGER veto BEFORE UPDATE ON accounts WHEN OLD.id = " +
                    std::to_string(left_out) + " BEGIN SELECT RAISE(IGNORE); END");
    BOOST_CHECK_THROW(transfer(bank.accounts, {.from = 1, .to = 2, .amount = 30}), sql::DatabaseError);
    BOOST_TEST(bank.balance(1) == 100);
    BOOST_TEST(bank.balance(2) == 100);
  }
}

BOOST_AUTO_TEST_CASE(who_was_overtaken_since_it_has_read_begins_immediate_and_finds_out) {
  for (const int overtaken : {1, 3}) {  // what it writes, and what it does not
    Sent sent;
    const SqliteBank<>* meanwhile = nullptr;
    auto options = sent.options;
    options.on_statement = [&, tell = sent.options.on_statement](std::string_view sql) {
      tell(sql);
      if (!meanwhile || !sql.starts_with("UPDATE")) return;
      const auto path = std::exchange(meanwhile, nullptr)->db.path();
      sqlite::Database<> other{path, quick()};
      sqlite::Table<int, Account> accounts{other, "accounts"};
      update(accounts, overtaken, [](Account& account) { account.balance += 1000; });
    };
    SqliteBank<> bank{options};
    sent.statements.clear();
    meanwhile = &bank;
    int runs = 0;
    transact(bank.db, [&](auto& tx) {
      ++runs;
      tx.edit(bank.accounts, 1).balance -= 30;
      tx.edit(bank.accounts, 2).balance += 30;
    });
    BOOST_TEST(runs == (overtaken == 1 ? 2 : 1));
    BOOST_TEST(bank.balance(1) == (overtaken == 1 ? 1070 : 70));
    BOOST_TEST(bank.balance(2) == 130);
    BOOST_TEST(std::ranges::count(sent.statements, "BEGIN IMMEDIATE") == 1);
  }
}

BOOST_AUTO_TEST_CASE(touching_moves_the_version_and_updated_at_and_nothing_else) {
  Sent sent;
  SqliteFile<> file{
      "CREATE TABLE orders (id INTEGER PRIMARY KEY, total INTEGER, paid BOOLEAN, lock_version INTEGER, "
      "made TEXT NOT NULL, changed TEXT NOT NULL)",
      sent.options};
  sqlite::Table<int, test::Order> orders{file.db,
                                         {.table = "orders", .created_at = "made", .updated_at = "changed"}};
  insert(orders, 7, {40}).or_throw();
  file.db.execute(
      "UPDATE orders SET made = '2020-01-01 00:00:00.000000', changed = made WHERE length(made) = 26");
  sent.statements.clear();
  transact(orders, [&](auto& tx) { tx.touch(orders, 7); });
  BOOST_TEST(load(orders, 7).version == Version{1});
  BOOST_REQUIRE(sent.writes().size() == 1U);
  BOOST_TEST(sent.writes().front() ==
             "UPDATE \"orders\" SET \"lock_version\" = ?, \"changed\" = ? WHERE \"id\" = ? AND "
             "COALESCE(\"lock_version\", 0) = ?");
  file.db.execute(
      "CREATE TABLE found AS SELECT 1 AS id, count(*) AS total, 0 AS paid FROM orders WHERE "
      "made = '2020-01-01 00:00:00.000000' AND changed LIKE '2___-__-__ __:__:__.______' AND "
      "changed > made; CREATE UNIQUE INDEX only ON found (id)");
  sqlite::Table<int, test::Order> found{file.db, "found"};
  BOOST_TEST(load(found, 1)->total == 1);
}

// Constraints

BOOST_AUTO_TEST_CASE(a_broken_constraint_is_named_with_its_kind_and_is_not_run_again) {
  SqliteFile<> file{
      "CREATE TABLE owners (name TEXT PRIMARY KEY);"
      "INSERT INTO owners VALUES ('ann'), ('bob');"
      "CREATE TABLE accounts (id INTEGER PRIMARY KEY, owner TEXT UNIQUE REFERENCES owners, "
      "balance INTEGER CONSTRAINT balance_not_negative CHECK (balance >= 0), points INTEGER CHECK (points < "
      "9), "
      "lock_version INTEGER);"
      "CREATE TRIGGER frozen BEFORE UPDATE ON accounts WHEN OLD.points = 8 BEGIN SELECT RAISE(ABORT, "
      "'frozen'); END"};
  sqlite::Table<int, Account> accounts{file.db, "accounts"};
  insert(accounts, 1, {"ann", 100}).or_throw();
  insert(accounts, 2, {"bob", 100}).or_throw();
  int runs = 0;
  const auto broken = [&](auto&& change) -> std::string {
    try {
      update(accounts, 1, [&](Account& account) {
        ++runs;
        change(account);
      });
    } catch (const sql::ConstraintFailed& failed) {
      BOOST_TEST(failed.place() == (Place{"accounts", "1"}));
      return joined(to_string(failed.kind()), ": ", failed.constraint());
    }
    return "";
  };
  BOOST_TEST(broken([](Account& a) { a.balance = -1; }) == "check: balance_not_negative");
  BOOST_TEST(broken([](Account& a) { a.points = 9; }) == "check: points < 9");
  BOOST_TEST(broken([](Account& a) { a.owner = "bob"; }) == "unique: accounts.owner");
  BOOST_TEST(broken([](Account& a) { a.owner = "cid"; }) == "foreign key: FOREIGN KEY");
  BOOST_TEST(runs == 4);
  BOOST_TEST((load(accounts, 1) == Versioned{Account{"ann", 100}, Version{0}}));
  update(accounts, 1, [](Account& a) { a.points = 8; });
  BOOST_TEST(broken([](Account& a) { a.balance = 1; }) == "other: frozen");
  BOOST_CHECK_THROW(transfer(accounts, {.from = 1, .to = 2, .amount = 5}), ConstraintViolated);
  BOOST_TEST(load(accounts, 2)->balance == 100);
}

BOOST_AUTO_TEST_CASE(a_missing_value_is_a_constraint_too) {
  SqliteFile<> file{
      "CREATE TABLE orders (id INTEGER PRIMARY KEY, total INTEGER, paid BOOLEAN, place TEXT NOT NULL)"};
  sqlite::Table<int, test::Order> orders{file.db, "orders"};
  try {
    static_cast<void>(insert(orders, 1, {40}));
    BOOST_ERROR("not thrown");
  } catch (const sql::ConstraintFailed& failed) {
    BOOST_TEST((failed.kind() == sql::ConstraintKind::not_null));
    BOOST_TEST(failed.constraint() == "orders.place");
  }
}

BOOST_AUTO_TEST_CASE(a_deferred_constraint_fails_the_commit_and_nothing_is_written) {
  SqliteFile<> file{
      "CREATE TABLE owners (name TEXT PRIMARY KEY);"
      "CREATE TABLE accounts (id INTEGER PRIMARY KEY, owner TEXT REFERENCES owners DEFERRABLE INITIALLY "
      "DEFERRED, "
      "balance INTEGER, points INTEGER, lock_version INTEGER)"};
  sqlite::Table<int, Account> accounts{file.db, "accounts"};
  BOOST_CHECK_THROW(static_cast<void>(insert(accounts, 1, {"ann", 100})), sql::ConstraintFailed);
  BOOST_TEST(!find(accounts, 1).has_value());
}

BOOST_AUTO_TEST_CASE(a_stale_member_comes_before_a_broken_constraint) {
  SqliteFile<> file{
      "CREATE TABLE accounts (id INTEGER PRIMARY KEY, owner TEXT, balance INTEGER CHECK (balance >= 0), "
      "points INTEGER, lock_version INTEGER)"};
  sqlite::Table<int, Account> accounts{file.db, "accounts"};
  for (const int key : {1, 2}) insert(accounts, key, {"ann", 100}).or_throw();
  auto session = file.db.session();
  accounts.write(session, 1, Version{0}, {"ann", -1});
  accounts.write(session, 2, Version{5}, {"ann", 1});
  BOOST_TEST(session.commit().stale().size() == 1U);  // what it made of an old record does not count
}

BOOST_AUTO_TEST_CASE(what_a_cascade_erased_is_no_lost_race) {
  SqliteFile<> file{
      "CREATE TABLE orders (id INTEGER PRIMARY KEY, total INTEGER, paid BOOLEAN, lock_version INTEGER);"
      "CREATE TABLE accounts (id INTEGER PRIMARY KEY REFERENCES orders ON DELETE CASCADE, owner TEXT, "
      "balance INTEGER, points INTEGER, lock_version INTEGER)"};
  sqlite::Table<int, test::Order> orders{file.db, "orders"};
  sqlite::Table<int, Account> accounts{file.db, "accounts"};
  transact(file.db, [&](auto& tx) {
    tx.insert(orders, 1, {40});
    tx.insert(accounts, 1, {"ann", 1});
  });
  transact(file.db, [&](auto& tx) {
    tx.erase(orders, 1);
    tx.erase(accounts, 1);
  });
  BOOST_TEST(!find(orders, 1).has_value());
  BOOST_TEST(!find(accounts, 1).has_value());
}

// Keys

BOOST_AUTO_TEST_CASE(keys_may_be_text_and_enumerations_and_of_several_parts) {
  SqliteFile<> file{
      "CREATE TABLE by_name (name TEXT PRIMARY KEY, total INTEGER, paid BOOLEAN, lock_version INTEGER);"
      "CREATE TABLE by_pair (colour INTEGER, name TEXT, total INTEGER, paid BOOLEAN, lock_version INTEGER, "
      "PRIMARY KEY (colour, name))"};
  sqlite::Table<std::string, test::Order> by_name{file.db, {.table = "by_name", .key = {"name"}}};
  sqlite::Table<std::pair<Colour, std::string>, test::Order> by_pair{
      file.db, {.table = "by_pair", .key = {"colour", "name"}}};
  const std::string odd{"it's \"odd\"\0", 11};
  insert(by_name, odd, {1}).or_throw();
  insert(by_pair, {Colour::green, odd}, {2}).or_throw();
  BOOST_TEST(load(by_name, odd)->total == 1);
  BOOST_TEST(load(by_pair, {Colour::green, odd})->total == 2);
  BOOST_TEST(!find(by_pair, {Colour::red, odd}).has_value());
  BOOST_TEST(by_pair.same_key({Colour::red, "a"}, {Colour::red, "a"}));
  BOOST_TEST(!by_pair.same_key({Colour::red, "a"}, {Colour::green, "a"}));
}

BOOST_AUTO_TEST_CASE(one_row_through_two_tables_in_one_session_is_refused) {
  SqliteBank<> bank;
  sqlite::Table<int, Account> again{bank.db, "accounts"};
  auto session = bank.db.session();
  bank.accounts.write(session, 1, Version{0}, {"ann", 1});
  again.write(session, 2, Version{0}, {"bob", 1});
  BOOST_CHECK_THROW(again.write(session, 1, Version{0}, {"ann", 2}), NotSupported);
}

BOOST_AUTO_TEST_CASE(unguarded_writes_land_and_are_counted) {
  SqliteBank<> bank;
  auto old = load(bank.accounts, 1);
  bank.deposit(1, 5);
  old->points = 1;
  BOOST_TEST(save(unguarded(bank.accounts), 1, old).version() == Version{2});
  BOOST_TEST(bank.balance(1) == 100);
  BOOST_TEST(bank.db.unguarded_writes() == 1U);
  erase(unguarded(bank.accounts), 1, old.version).or_throw();
  BOOST_TEST(!find(bank.accounts, 1).has_value());
  BOOST_TEST(bank.db.unguarded_writes() == 2U);
  BOOST_TEST(!save(unguarded(bank.accounts), 1, old));
  BOOST_TEST(bank.db.unguarded_writes() == 2U);
}

BOOST_AUTO_TEST_SUITE_END()
