#include <lockstep/lockstep.hpp>
#include <lockstep/postgres/table.hpp>

#include "support/postgres_bank.hpp"

#include <boost/describe/class.hpp>
#include <boost/test/unit_test.hpp>

#include <cmath>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <tuple>
#include <vector>

using namespace lockstep;
using test::Account;
using test::Order;
using test::PostgresBank;
using test::PostgresTables;

namespace {

using Strings = std::vector<std::string>;

enum class Colour : std::uint8_t { red, green };

/// A field of every kind, and of types of PostgreSQL's own that have a text.
struct Everything {
  bool flag = false;
  std::int16_t small = 0;
  std::uint64_t large = 0;
  double real = 0;
  std::string text;
  sql::Blob bytes;
  Colour colour = Colour::red;
  std::optional<int> perhaps;
  std::string money = "0.00";
  std::string moment = "2026-01-31 12:00:00";
  std::string uuid = "00000000-0000-0000-0000-000000000000";
  std::optional<std::string> json;

  friend bool operator==(const Everything&, const Everything&) = default;
};
BOOST_DESCRIBE_STRUCT(Everything, (),
                      (flag, small, large, real, text, bytes, colour, perhaps, money, moment, uuid, json))

constexpr auto everything_table =
    "CREATE TABLE everything (id bigint PRIMARY KEY, flag boolean, small smallint, large bigint, "
    "real double precision, text varchar(40), bytes bytea, colour smallint, perhaps integer, money "
    "numeric(12, 2), "
    "moment timestamp, uuid uuid, json jsonb, lock_version integer)";

struct Word {
  std::string word;
  friend bool operator==(const Word&, const Word&) = default;
};
BOOST_DESCRIBE_STRUCT(Word, (), (word))

struct Price {
  std::string label;
  double price = 0;
};
BOOST_DESCRIBE_STRUCT(Price, (), (label, price))

template <class Open>
Strings mismatches(Open&& open) {
  try {
    open();
  } catch (const sql::MappingMismatch& mismatch) {
    return mismatch.mismatches();
  }
  return {};
}

/// Which constraint a call broke, of what kind, and where.
template <class Call>
std::string broken(Call&& call) {
  try {
    call();
  } catch (const sql::ConstraintFailed& failed) {
    return joined(to_string(failed.place()), " ", to_string(failed.kind()), " ", failed.constraint());
  }
  return "none";
}

}  // namespace

BOOST_AUTO_TEST_SUITE(table)

// Opening

BOOST_AUTO_TEST_CASE(everything_that_a_table_lacks_is_named_when_it_is_opened) {
  PostgresTables<> tables{"CREATE TABLE prices (id text, label char(5), price real)"};
  BOOST_TEST(
      mismatches([&] {
        postgres::Table<int, Price>{tables.db,
                                    {.table = "prices",
                                     .columns = {{"colour", "paint"}},
                                     .version = "revision",
                                     .updated_at = "changed"}};
      }) == (Strings{"column id of type text does not keep integer (key)",
                     "column label of type bpchar does not keep text (field label)",
                     "column price of type float4 does not keep real (field price)",
                     "column paint is for a field colour, which the record does not have",
                     "there is no column revision (version)", "there is no column changed (updated_at)",
                     "the key's columns are not its primary key, and not unique"}),
      boost::test_tools::per_element());
  BOOST_TEST(mismatches([&] { postgres::Table<int, Price>{tables.db, "no such"}; }) ==
                 Strings{"there is no such table"},
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_domain_is_what_it_is_made_of) {
  PostgresTables<> tables{
      "CREATE DOMAIN cents AS bigint CHECK (value >= 0); "
      "CREATE TABLE orders (id integer PRIMARY KEY, total cents, paid boolean, lock_version integer)"};
  postgres::Table<int, Order> orders{tables.db, "orders"};
  insert(orders, 1, {7, true}).or_throw();
  BOOST_TEST((load(orders, 1).record == Order{7, true}));
}

// Values

BOOST_AUTO_TEST_CASE(every_kind_of_field_is_stored_and_loaded_as_it_was) {
  PostgresTables<> tables{everything_table};
  postgres::Table<std::int64_t, Everything> everything{tables.db, "everything"};
  const Everything full{true,
                        -32768,
                        std::numeric_limits<std::int64_t>::max(),
                        0.1 + 0.2,
                        "it's \"quoted\"; -- \\ \n \xc3\xa9",
                        {std::byte{0}, std::byte{255}, std::byte{'\\'}},
                        Colour::green,
                        -1,
                        "-12345.60",
                        "1999-12-31 23:59:59.123456",
                        "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
                        R"({"a": [1, null]})"};
  insert(everything, 1, full).or_throw();
  insert(everything, 2, {}).or_throw();
  BOOST_TEST((load(everything, 1).record == full));
  BOOST_TEST((load(everything, 2).record == Everything{}));
  for (const double real : {std::numeric_limits<double>::denorm_min(), std::numeric_limits<double>::max(),
                            -0.0, std::numeric_limits<double>::infinity()}) {
    update(everything, 2, [&](Everything& some) { some.real = real; });
    BOOST_TEST(load(everything, 2)->real == real);
  }
  update(everything, 2, [&](Everything& some) { some.real = std::nan(""); });
  BOOST_TEST(std::isnan(load(everything, 2)->real));
}

BOOST_AUTO_TEST_CASE(text_with_a_zero_byte_is_refused_and_not_cut_short) {
  PostgresBank<> bank;
  BOOST_CHECK_THROW(static_cast<void>(insert(bank.accounts, 4, {std::string("a\0b", 3)})), sql::Unstorable);
  BOOST_TEST(!find(bank.accounts, 4));
}

BOOST_AUTO_TEST_CASE(what_a_column_cannot_hold_is_the_servers_error_with_its_code) {
  PostgresTables<> tables{everything_table};
  postgres::Table<std::int64_t, Everything> everything{tables.db, "everything"};
  Everything wrong;
  wrong.uuid = "no uuid";
  try {
    insert(everything, 1, wrong).or_throw();
    BOOST_ERROR("it was stored");
  } catch (const postgres::ServerError& error) {
    BOOST_TEST(error.sqlstate() == "22P02");
  }
  BOOST_TEST(!find(everything, 1));
}

BOOST_AUTO_TEST_CASE(what_a_field_cannot_hold_is_named_with_its_place) {
  PostgresBank<> bank;
  bank.db.execute(
      "UPDATE accounts SET points = NULL WHERE id = 1; UPDATE accounts SET lock_version = -1 WHERE id = 2");
  const auto unreadable = [&](int key) {
    try {
      static_cast<void>(load(bank.accounts, key));
    } catch (const sql::Unreadable& error) {
      return joined(to_string(error.place()), ".", error.column());
    }
    return std::string{"none"};
  };
  BOOST_TEST(unreadable(1) == "accounts[1].points");
  BOOST_TEST(unreadable(2) == "accounts[2].lock_version");
}

BOOST_AUTO_TEST_CASE(keys_may_be_text_and_of_several_parts) {
  PostgresTables<> tables{
      "CREATE TABLE words (language text, number integer, word text, lock_version bigint, "
      "PRIMARY KEY (number, language))"};
  postgres::Table<std::tuple<std::string, int>, Word> words{
      tables.db, {.table = "words", .key = {"language", "number"}}};
  insert(words, {"de", 1}, {"eins"}).or_throw();
  insert(words, {"fr", 1}, {"un"}).or_throw();
  BOOST_TEST(!insert(words, {"de", 1}, {"zwei"}));
  BOOST_TEST(load(words, {"fr", 1})->word == "un");
  with_locks(words, {{"fr", 1}, {"de", 1}}, [](auto& both) { both[{"de", 1}].word = "ein"; });
  BOOST_TEST(load(words, {"de", 1})->word == "ein");
}

// Versions

BOOST_AUTO_TEST_CASE(a_new_row_has_version_zero_whatever_the_columns_default_or_the_one_that_was_asked_for) {
  PostgresTables<> tables{
      "CREATE TABLE words (id integer PRIMARY KEY, word text, lock_version integer DEFAULT 7)"};
  postgres::Table<int, Word> words{tables.db, "words"};
  BOOST_TEST(insert(words, 1, {"a"}).version() == Version{0});
  BOOST_TEST(insert(words, 2, {"b"}, Version{42}).version() == Version{42});
  BOOST_TEST(load(words, 2).version == Version{42});
}

BOOST_AUTO_TEST_CASE(a_null_version_is_zero_and_of_two_who_read_it_the_second_is_stale) {
  PostgresTables<> tables{
      "CREATE TABLE words (id integer PRIMARY KEY, word text, lock_version integer); "
      "INSERT INTO words VALUES (1, 'old', NULL)"};
  postgres::Table<int, Word> words{tables.db, "words"};
  auto first = load(words, 1);
  auto second = load(words, 1);
  BOOST_TEST(first.version == Version{0});
  first->word = "new";
  second->word = "newer";
  BOOST_TEST(save(words, 1, first).version() == Version{1});
  BOOST_TEST(save(words, 1, second).conflict().actual() == Version{1});
}

BOOST_AUTO_TEST_CASE(a_version_column_at_its_end_is_an_error_and_never_wraps) {
  PostgresTables<> tables{
      "CREATE TABLE words (id integer PRIMARY KEY, word text, lock_version integer); "
      "INSERT INTO words VALUES (1, 'old', 2147483646)"};
  postgres::Table<int, Word> words{tables.db, "words"};
  update(words, 1, [](Word& word) { word.word = "last"; });
  BOOST_CHECK_THROW(update(words, 1, [](Word& word) { word.word = "too late"; }), VersionUnavailable);
  BOOST_CHECK_THROW(static_cast<void>(insert(words, 2, {"x"}, Version{2147483648})), VersionUnavailable);
  BOOST_TEST((load(words, 1) == Versioned<Word>{{"last"}, Version{2147483647}}));
  auto stale = Versioned<Word>{{"x"}, Version{5000000000}};  // what the column cannot hold is stale, no error
  BOOST_CHECK_THROW(static_cast<void>(save(words, 1, stale)), VersionUnavailable);
  BOOST_TEST(!erase(words, 1, Version{5000000000}));
}

BOOST_AUTO_TEST_CASE(a_row_erased_and_inserted_again_in_one_session_goes_on_counting) {
  PostgresBank<> bank;
  for (const auto initial : {Version{}, Version{9}}) {
    auto session = bank.db.session();
    const auto before = bank.version(1);
    bank.accounts.erase(session, 1, before);
    if (initial.absent()) {
      bank.accounts.write(session, 1, {}, {"new", 5});
    } else {
      bank.accounts.insert(session, 1, {"newer", 6}, initial);
    }
    BOOST_TEST(static_cast<bool>(session.commit()));
    const auto landed = initial.absent() ? Version{before.number() + 1} : initial;
    BOOST_TEST(bank.accounts.version(session, 1) == landed);
    BOOST_TEST(bank.version(1) == landed);
  }
  auto session = bank.db.session();
  bank.accounts.erase(session, 1, Version{9});
  bank.accounts.insert(session, 1, {"again", 7}, Version{9});
  BOOST_CHECK_THROW(static_cast<void>(session.commit()), VersionUnavailable);
}

BOOST_AUTO_TEST_CASE(a_table_without_a_version_column_says_so_and_notices_every_write_of_anybody) {
  PostgresTables<> tables{"CREATE TABLE words (id integer PRIMARY KEY, word text, note text)"};
  postgres::Table<int, Word> words{tables.db, "words"};
  BOOST_TEST(!words.versioned());
  insert(words, 1, {"a"}).or_throw();
  auto mine = load(words, 1);
  mine->word = "mine";
  save(words, 1, mine).or_throw();
  BOOST_TEST(load(words, 1).version == mine.version);
  tables.db.execute("UPDATE words SET note = 'by a stranger'");  // a column that is no field
  mine->word = "mine again";
  const auto saved = save(words, 1, mine);
  BOOST_REQUIRE(!saved);
  BOOST_TEST((saved.conflict().current() == load(words, 1)));
}

// What is written

BOOST_AUTO_TEST_CASE(an_update_names_the_columns_that_changed_and_no_other) {
  Strings sent;
  PostgresBank<> bank{{.on_statement = [&](std::string_view sql) { sent.emplace_back(sql); }}};
  const auto updates = [&](std::string_view part) {
    std::size_t count = 0;
    for (const auto& sql : sent) count += sql.find(part) != std::string::npos;
    sent.clear();
    return count;
  };
  update(bank.accounts, 1, [](Account& account) { account.points = 7; });
  BOOST_TEST(updates(R"(SET "points" = $1, "lock_version" =)") == 1U);
  auto draft = edit(load(bank.accounts, 1));
  draft->balance = 5;
  bank.db.execute("UPDATE accounts SET owner = 'Ann' WHERE id = 1");  // without moving the version
  save(bank.accounts, 1, draft).or_throw();
  BOOST_TEST(updates(R"(SET "balance" = $1, "lock_version" =)") == 1U);
  BOOST_TEST(load(bank.accounts, 1)->owner == "Ann");
}

BOOST_AUTO_TEST_CASE(touching_moves_the_version_and_updated_at_and_nothing_else) {
  PostgresTables<> tables{
      "CREATE TABLE words (id integer PRIMARY KEY, word text, lock_version integer, born timestamp, changed "
      "timestamptz)"};
  postgres::Table<int, Word> words{tables.db,
                                   {.table = "words", .created_at = "born", .updated_at = "changed"}};
  insert(words, 1, {"a"}).or_throw();
  // Both are the time of the commit, in UTC.
  tables.db.execute(
      "ALTER TABLE words ADD CHECK (born < (now() AT TIME ZONE 'UTC') + interval '1 hour' AND born > (now() "
      "AT TIME ZONE 'UTC') "
      "- "
      "interval '1 hour' AND born = (changed AT TIME ZONE 'UTC')); "
      "ALTER TABLE words DROP CONSTRAINT words_check; UPDATE words SET changed = '2000-01-01'");
  transact(words, [&](auto& tx) { tx.touch(words, 1); });
  BOOST_TEST((load(words, 1) == Versioned<Word>{{"a"}, Version{1}}));
  BOOST_TEST(broken([&] {
               tables.db.execute("ALTER TABLE words ADD CONSTRAINT is_new CHECK (changed < '2001-01-01')");
             }).ends_with("check is_new"));
}

BOOST_AUTO_TEST_CASE(unguarded_writes_land_and_are_counted) {
  PostgresBank<> bank;
  auto mine = load(bank.accounts, 1);
  bank.deposit(1, 5);
  mine->balance = 1;
  save(unguarded(bank.accounts), 1, mine).or_throw();
  BOOST_TEST(bank.balance(1) == 1);
  BOOST_TEST(bank.version(1) == Version{2});
  auto session = bank.db.session();
  bank.accounts.erase_unguarded(session, 2);
  bank.accounts.write_unguarded(session, 3, {"cid", 3});
  BOOST_TEST(static_cast<bool>(session.commit()));
  BOOST_TEST(bank.db.unguarded_writes() == 3U);
  BOOST_TEST(!find(bank.accounts, 2));
  auto gone = bank.db.session();
  bank.accounts.erase_unguarded(gone, 2);
  BOOST_TEST(!gone.commit());
  BOOST_TEST(bank.db.unguarded_writes() == 3U);
}

// Constraints

BOOST_AUTO_TEST_CASE(a_broken_constraint_is_named_with_its_kind_and_is_not_run_again) {
  PostgresTables<> tables{
      "CREATE TABLE owners (name text PRIMARY KEY); INSERT INTO owners VALUES ('ann'); "
      "CREATE TABLE accounts (id integer PRIMARY KEY, owner text CONSTRAINT owner_is_known REFERENCES "
      "owners, "
      "balance bigint NOT NULL CONSTRAINT balance_not_negative CHECK (balance >= 0), "
      "points bigint CONSTRAINT points_differ UNIQUE, lock_version integer)"};
  postgres::Table<int, Account> accounts{tables.db, "accounts"};
  insert(accounts, 1, {"ann", 100, 1}).or_throw();
  insert(accounts, 2, {"ann", 100, 2}).or_throw();
  int runs = 0;
  const auto change = [&](auto&& how) {
    return broken([&] {
      update(accounts, 2, [&](Account& account) {
        ++runs;
        how(account);
      });
    });
  };
  BOOST_TEST(change([](Account& account) { account.balance = -1; }) ==
             "accounts[2] check balance_not_negative");
  BOOST_TEST(change([](Account& account) { account.points = 1; }) == "accounts[2] unique points_differ");
  BOOST_TEST(change([](Account& account) { account.owner = "bob"; }) ==
             "accounts[2] foreign key owner_is_known");
  BOOST_TEST(runs == 3);
  // Among several, the record is known too, and nothing of the others lands.
  BOOST_TEST(broken([&] {
               transfer(accounts, {.from = 1, .to = 2, .amount = 50});
               auto session = tables.db.session();
               accounts.write(session, 1, Version{1}, {"ann", 1, 1});
               accounts.write(session, 2, Version{1}, {"ann", -1, 2});
               static_cast<void>(session.commit());
             }) == "accounts[2] check balance_not_negative");
  BOOST_TEST(load(accounts, 1)->balance == 50);
  BOOST_TEST(broken([&] { static_cast<void>(insert(accounts, 3, {"ann", 1, 2})); }) ==
             "accounts[3] unique points_differ");
}

BOOST_AUTO_TEST_CASE(who_loses_a_race_for_a_unique_value_is_told_which_and_for_a_key_that_it_is_taken) {
  PostgresTables<> tables{
      "CREATE TABLE accounts (id integer PRIMARY KEY, owner text CONSTRAINT one_each UNIQUE, balance bigint, "
      "points bigint, lock_version bigint)"};
  postgres::Table<int, Account> accounts{tables.db, "accounts"};
  const std::unique_ptr<PGconn, decltype(&PQfinish)> stranger{PQconnectdb(tables.schema.keywords().c_str()),
                                                              &PQfinish};
  const auto run = [&](const std::string& statement) { PQclear(PQexec(stranger.get(), statement.c_str())); };
  const auto race = [&](int key, const char* owner, const std::string& theirs) {
    run("BEGIN; INSERT INTO accounts VALUES " + theirs);
    std::string told;
    std::thread other{[&] {
      const auto failed = broken([&] { told = insert(accounts, key, {owner, 1}) ? "landed" : "taken"; });
      if (failed != "none") told = failed;
    }};
    tables.schema.await_waiting();
    run("COMMIT");
    other.join();
    return told;
  };
  BOOST_TEST(race(1, "ann", "(2, 'ann', 0, 0, 0)") == "accounts[1] unique one_each");
  BOOST_TEST(race(3, "cid", "(3, 'dan', 0, 0, 0)") == "taken");
}

BOOST_AUTO_TEST_CASE(a_missing_value_is_a_constraint_too) {
  PostgresTables<> tables{
      "CREATE TABLE words (id integer PRIMARY KEY, word text, note text NOT NULL, lock_version integer)"};
  postgres::Table<int, Word> words{tables.db, "words"};
  BOOST_TEST(broken([&] { static_cast<void>(insert(words, 1, {"a"})); }) == "words[1] not null words.note");
}

BOOST_AUTO_TEST_CASE(a_deferred_constraint_fails_the_commit_and_nothing_is_written) {
  PostgresTables<> tables{
      "CREATE TABLE owners (name text PRIMARY KEY); "
      "CREATE TABLE words (id integer PRIMARY KEY, word text CONSTRAINT word_is_known REFERENCES owners "
      "DEFERRABLE INITIALLY DEFERRED, lock_version integer)"};
  postgres::Table<int, Word> words{tables.db, "words"};
  BOOST_TEST(broken([&] { static_cast<void>(insert(words, 1, {"a"})); }) ==
             "words[1] foreign key word_is_known");
  BOOST_TEST(broken([&] {
               Batch batch{tables.db};
               batch.insert(words, 1, {"a"}).insert(words, 2, {"b"});
               static_cast<void>(batch.commit());
             }) == "words[?] foreign key word_is_known");
  BOOST_TEST(broken([&] {  // at an explicit COMMIT
               auto session = tables.db.session();
               words.lock(session, 1);
               words.write(session, 1, {}, {"a"});
               static_cast<void>(session.commit());
             }) == "words[1] foreign key word_is_known");
  BOOST_TEST(!find(words, 1));
}

BOOST_AUTO_TEST_CASE(a_stale_member_comes_before_a_broken_constraint) {
  PostgresBank<> bank;
  bank.db.execute("ALTER TABLE accounts ADD CHECK (balance >= 0)");
  auto session = bank.db.session();
  bank.accounts.write(session, 1, Version{0}, {"ann", -1});
  bank.accounts.write(session, 2, Version{5}, {"bob", 1});
  const auto commit = session.commit();
  BOOST_REQUIRE(commit.stale().size() == 1U);
  BOOST_TEST(to_string(commit.stale().front()->place()) == "accounts[2]");
}

BOOST_AUTO_TEST_CASE(what_a_cascade_erased_is_no_lost_race) {
  PostgresTables<> tables{
      "CREATE TABLE owners (id integer PRIMARY KEY, word text, lock_version integer); "
      "CREATE TABLE words (id integer PRIMARY KEY REFERENCES owners ON DELETE CASCADE, word text, "
      "lock_version integer)"};
  postgres::Table<int, Word> owners{tables.db, "owners"};
  postgres::Table<int, Word> words{tables.db, "words"};
  insert(owners, 1, {"ann"}).or_throw();
  insert(words, 1, {"a"}).or_throw();
  auto session = tables.db.session();
  owners.erase(session, 1, Version{0});
  words.erase(session, 1, Version{0});
  BOOST_TEST(static_cast<bool>(session.commit()));
  BOOST_TEST(!find(words, 1));
}

BOOST_AUTO_TEST_CASE(a_trigger_that_keeps_a_row_from_being_written_fails_the_commit_as_a_whole) {
  PostgresBank<> bank;
  bank.db.execute(
      "CREATE FUNCTION veto() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'; "
      "CREATE TRIGGER veto BEFORE UPDATE ON accounts FOR EACH ROW WHEN (OLD.id = 2) EXECUTE FUNCTION veto()");
  BOOST_CHECK_THROW(bank.deposit(2, 1), sql::DatabaseError);
  BOOST_CHECK_THROW(transfer(bank.accounts, {.from = 1, .to = 2, .amount = 30}), sql::DatabaseError);
  BOOST_TEST(bank.balance(1) == 100);
}

BOOST_AUTO_TEST_CASE(a_save_alone_is_a_plain_update_unless_a_trigger_may_choose_another_version) {
  Strings sent;
  PostgresBank<> bank{{.on_statement = [&](std::string_view sql) { sent.emplace_back(sql); }}};
  bank.deposit(1, 1);
  BOOST_TEST(sent.back().starts_with("UPDATE"));
  BOOST_TEST(sent.back().find("RETURNING") == std::string::npos);
  bank.db.execute(
      "CREATE FUNCTION leap() RETURNS trigger LANGUAGE plpgsql AS "
      "'BEGIN NEW.lock_version := NEW.lock_version + 10; RETURN NEW; END'; "
      "CREATE TRIGGER leap BEFORE UPDATE ON accounts FOR EACH ROW EXECUTE FUNCTION leap()");
  postgres::Table<int, Account> leaping{bank.db, "accounts"};
  auto ann = load(leaping, 1);
  ++ann->balance;
  BOOST_TEST(save(leaping, 1, ann).version() == Version{12});
  ++ann->balance;
  BOOST_TEST(static_cast<bool>(save(leaping, 1, ann)));
}

BOOST_AUTO_TEST_CASE(a_transfer_is_one_statement_by_keys_of_several_parts_too_and_whichever_side_pays) {
  Strings sent;
  PostgresTables<> tables{
      "CREATE TABLE shelves (a integer, b text, owner text, balance bigint, points bigint, changed "
      "timestamp, "
      "lock_version integer, PRIMARY KEY (a, b))",
      {.on_statement = [&](std::string_view sql) { sent.emplace_back(sql); }}};
  using Key = std::tuple<int, std::string>;
  postgres::Table<Key, Account> shelves{tables.db,
                                        {.table = "shelves", .key = {"a", "b"}, .updated_at = "changed"}};
  const Key x{1, "x"};
  const Key y{1, "y"};
  for (const auto& key : {x, y}) insert(shelves, key, {"ann", 100}).or_throw();
  tables.db.execute("UPDATE shelves SET lock_version = NULL, changed = 'epoch'");
  sent.clear();
  transfer(shelves, {.from = x, .to = y, .amount = 30});
  transfer(shelves, {.from = y, .to = x, .amount = 130});
  BOOST_TEST(sent.size() == 2U);
  BOOST_TEST(load(shelves, x)->balance == 200);
  BOOST_TEST(load(shelves, y)->balance == 0);
  BOOST_TEST(load(shelves, y).version == Version{2});
  BOOST_CHECK_THROW(transfer(shelves, {.from = y, .to = x, .amount = 1}), InsufficientFunds);
  tables.db.execute(
      "DO $$ BEGIN IF EXISTS (SELECT FROM shelves WHERE changed = 'epoch') THEN RAISE 'unchanged'; END IF; "
      "END $$");
}

BOOST_AUTO_TEST_CASE(one_row_through_two_tables_in_one_session_is_refused) {
  PostgresBank<> bank;
  postgres::Table<int, Account> same{bank.db, "accounts"};
  auto session = bank.db.session();
  bank.accounts.write(session, 1, Version{0}, {"ann", 1});
  BOOST_CHECK_THROW(same.write(session, 1, Version{0}, {"ann", 2}), NotSupported);
}

BOOST_AUTO_TEST_SUITE_END()
