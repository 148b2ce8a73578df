#include <lockstep/lockstep.hpp>
#include <lockstep/sqlite/table.hpp>

#include "support/scripted_runtime.hpp"
#include "support/sqlite_bank.hpp"
#include "support/watched_runtime.hpp"

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

using namespace lockstep;
using namespace std::chrono_literals;
using test::Account;
using test::quick;
using test::ScriptedRuntime;
using test::SqliteBank;
using test::WatchedRuntime;

namespace {

/// Another connection to the file, as another program has one.
class Stranger {
 public:
  explicit Stranger(const std::string& path) : connection_{path, false, {}} {}
  void run(const std::string& sql) { connection_.run(sql); }
  /// True if it could write now, without waiting.
  [[nodiscard]] bool can_write() {
    try {
      run("BEGIN IMMEDIATE");
      run("ROLLBACK");
      return true;
    } catch (const sql::Busy&) {
      return false;
    }
  }

 private:
  sqlite::detail::Connection connection_;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(database)

BOOST_AUTO_TEST_CASE(what_cannot_be_opened_is_an_error_that_says_why) {
  const test::TemporaryDirectory directory;
  BOOST_CHECK_THROW(sqlite::Database<>{":memory:"}, NotSupported);
  BOOST_CHECK_THROW(sqlite::Database<>{""}, NotSupported);
  BOOST_CHECK_THROW((sqlite::Database<>{directory.file("absent"), {.create = false}}), sql::DatabaseError);
  BOOST_CHECK_THROW(sqlite::Database<>{directory.file("no/such/directory")}, sql::DatabaseError);
  std::ofstream{directory.file("letter")} << std::string(4096, 'x');
  BOOST_CHECK_THROW(sqlite::Database<>{directory.file("letter")}, sql::DatabaseError);
}

BOOST_AUTO_TEST_CASE(several_tables_commit_together_or_not_at_all) {
  SqliteBank<> bank;
  const auto commit = [&](Version account, Version order) {
    auto session = bank.db.session();
    bank.accounts.write(session, 1, account, {"ann", 60});
    bank.orders.write(session, 7, order, {40, true});
    return session.commit();
  };
  BOOST_TEST(!commit(Version{0}, Version{5}));
  BOOST_TEST(!commit(Version{5}, Version{0}));
  BOOST_TEST(bank.balance(1) == 100);
  BOOST_TEST(!load(bank.orders, 7)->paid);
  BOOST_TEST(static_cast<bool>(commit(Version{0}, Version{0})));
  BOOST_TEST(bank.balance(1) == 60);
  BOOST_TEST(load(bank.orders, 7)->paid);
}

BOOST_AUTO_TEST_CASE(a_lost_commit_names_every_stale_member_and_what_is_there) {
  SqliteBank<> bank;
  auto session = bank.db.session();
  bank.accounts.write(session, 1, Version{4}, {});
  bank.accounts.erase(session, 2, Version{0});
  bank.accounts.expect(session, 3, Version{6});
  bank.orders.write(session, 7, {}, {});
  const auto commit = session.commit();
  std::vector<std::string> told;
  for (const auto& member : commit.stale()) told.push_back(to_string(*member));
  BOOST_TEST(
      told == (std::vector<std::string>{"accounts[1]: update expected version 4, found 0",
                                        "accounts[3]: validate expected version 6, found 0",
                                        "orders[7]: insert expected no record, found one at version 0"}),
      boost::test_tools::per_element());
  const auto conflicts = commit.stale_as<conflict_of<decltype(bank.accounts)>>();
  BOOST_REQUIRE(conflicts.size() == 2U);
  BOOST_TEST((conflicts.front()->current() == load(bank.accounts, 1)));
}

// Reads

BOOST_AUTO_TEST_CASE(the_loads_of_a_session_show_one_moment_whatever_is_committed_meanwhile) {
  SqliteBank<> bank;
  auto session = bank.db.session();
  BOOST_TEST(bank.accounts.load(session, 1)->record.balance == 100);
  transfer(bank.accounts, {.from = 1, .to = 2, .amount = 30});
  BOOST_TEST(bank.accounts.load(session, 2)->record.balance == 100);
  BOOST_TEST(bank.accounts.load(session, 1)->record.balance == 100);
  BOOST_TEST(bank.balance(2) == 130);  // outside of it
}

BOOST_AUTO_TEST_CASE(a_transaction_that_read_what_has_changed_is_run_again) {
  SqliteBank<> bank;
  int runs = 0;
  transact(bank.db, [&](auto& tx) {
    const auto seen = tx.read(bank.accounts, 1).balance;
    if (++runs == 1) bank.deposit(1, 5);
    tx.edit(bank.accounts, 2).balance += seen;
  });
  BOOST_TEST(runs == 2);
  BOOST_TEST(bank.balance(2) == 205);
}

// Locks

BOOST_AUTO_TEST_CASE(a_commit_has_the_write_lock_before_it_looks_at_its_guards) {
  std::optional<Stranger> stranger;
  int looks = 0;
  int let_in = 0;
  SqliteBank<> bank{quick({.on_statement = [&](std::string_view sql) {
    if (!stranger || !(sql.starts_with("SELECT") || sql.starts_with("UPDATE"))) return;
    ++looks;
    if (stranger->can_write()) ++let_in;
  }})};
  auto session = bank.db.session();
  bank.accounts.write(session, 1, Version{0}, {"ann", 60});
  bank.accounts.write(session, 2, Version{0}, {"bob", 140});
  stranger.emplace(bank.db.path());
  BOOST_TEST(static_cast<bool>(session.commit()));
  BOOST_TEST(looks == 4);
  BOOST_TEST(let_in == 0);
  BOOST_TEST(stranger->can_write());
}

BOOST_AUTO_TEST_CASE(who_loses_a_race_for_a_unique_value_is_told_which_and_for_a_key_that_it_is_taken) {
  test::SqliteFile<> file{
      "CREATE TABLE accounts (id INTEGER PRIMARY KEY, owner TEXT UNIQUE, balance INTEGER, points INTEGER, "
      "lock_version INTEGER)"};
  sqlite::Table<int, Account> accounts{file.db, "accounts"};
  Stranger stranger{file.db.path()};
  const auto race = [&](int key, const char* owner, const std::string& theirs) {
    stranger.run("BEGIN IMMEDIATE");
    std::string told;
    std::jthread other{[&] {  // waits for the stranger, or comes after it: it has read nothing before
      try {
        told = insert(accounts, key, {owner, 1}) ? "landed" : "taken";
      } catch (const sql::ConstraintFailed& failed) {
        told = joined(to_string(failed.place()), " ", to_string(failed.kind()), " ", failed.constraint());
      }
    }};
    stranger.run("INSERT INTO accounts VALUES " + theirs);
    stranger.run("COMMIT");
    other.join();
    return told;
  };
  BOOST_TEST(race(1, "ann", "(2, 'ann', 0, 0, 0)") == "accounts[1] unique accounts.owner");
  BOOST_TEST(race(3, "cid", "(3, 'dan', 0, 0, 0)") == "taken");
  BOOST_TEST(race(4, "eve", "(5, 'fay', 0, 0, 0)") == "landed");
}

BOOST_AUTO_TEST_CASE(a_lock_holds_back_every_writer_and_no_reader) {
  SqliteBank<> bank{quick({.busy_timeout = 0ns})};
  Stranger stranger{bank.db.path()};
  {
    auto holder = bank.db.session();
    bank.accounts.lock(holder, 1);
    BOOST_TEST(bank.locked(2));
    BOOST_TEST(!stranger.can_write());
    BOOST_TEST(bank.balance(1) == 100);
    BOOST_CHECK_THROW(bank.deposit(2, 1), sql::Busy);
  }
  BOOST_TEST(!bank.locked());
  BOOST_TEST(stranger.can_write());
}

BOOST_AUTO_TEST_CASE(what_a_shared_lock_would_be_is_not_there_and_is_said_so) {
  SqliteBank<> bank;
  BOOST_CHECK_THROW(with_shared_lock(bank.accounts, 1, [](const Account&) {}), NotSupported);
  with_lock(bank.accounts, 1, [](Account& account) { account.balance = 1; });
  BOOST_TEST(bank.balance(1) == 1);
}

BOOST_AUTO_TEST_CASE(another_programs_write_lock_is_waited_for_as_long_as_was_asked) {
  const test::Scripted scripted;
  SqliteBank<ScriptedRuntime> bank{quick({.busy_timeout = 1s})};
  Stranger stranger{bank.db.path()};
  stranger.run("BEGIN IMMEDIATE");
  auto session = bank.db.session();
  BOOST_TEST(!bank.accounts.lock(session, 1, LockMode::exclusive, Wait::skip()));
  BOOST_CHECK_THROW(bank.accounts.lock(session, 1, LockMode::exclusive, Wait::never()), LockUnavailable);
  BOOST_TEST(scripted.script.slept.empty());
  auto before = ScriptedRuntime::clock::now();
  BOOST_CHECK_THROW(bank.accounts.lock(session, 1, LockMode::exclusive, Wait::up_to(50ms)), LockTimeout);
  BOOST_TEST((ScriptedRuntime::clock::now() - before == 50ms));
  before = ScriptedRuntime::clock::now();
  BOOST_CHECK_THROW(bank.deposit(1, 5), sql::Busy);
  BOOST_TEST((ScriptedRuntime::clock::now() - before == 1s));
  scripted.script.sleeping = [&, naps = 0]() mutable {
    if (++naps == 200) stranger.run("COMMIT");
  };
  BOOST_TEST(bank.accounts.lock(session, 1, LockMode::exclusive, Wait::forever()));
  BOOST_TEST(!stranger.can_write());
}

BOOST_AUTO_TEST_CASE(a_busy_database_is_a_lost_race_that_loops_run_again) {
  const test::Scripted scripted;
  SqliteBank<ScriptedRuntime> bank{quick({.busy_timeout = 0ns})};
  Stranger stranger{bank.db.path()};
  stranger.run("BEGIN IMMEDIATE");
  unsigned retries = 0;
  const Retry retry{.locking = Locking::optimistic, .observer = [&](const Retrying& retrying) {
                      BOOST_TEST(dynamic_cast<const sql::Busy*>(retrying.conflict) != nullptr);
                      if (++retries == 3) stranger.run("COMMIT");
                    }};
  update(bank.accounts, 1, [](Account& account) { account.balance = 7; }, retry);
  BOOST_TEST(retries == 3U);
  BOOST_TEST(bank.balance(1) == 7);
}

BOOST_AUTO_TEST_CASE(sessions_of_one_process_get_the_lock_in_the_order_of_asking) {
  SqliteBank<WatchedRuntime> bank;
  std::vector<int> order;
  std::vector<std::jthread> threads;
  auto holder = std::optional{bank.db.session()};
  bank.accounts.lock(*holder, 1);
  for (int index = 0; index < 4; ++index) {
    threads.emplace_back([&, index] {
      auto session = bank.db.session();
      bank.accounts.lock(session, index);
      order.push_back(index);  // under the lock
    });
    WatchedRuntime::until_waiting(index + 1);
  }
  holder.reset();
  threads.clear();
  BOOST_TEST(order == (std::vector<int>{0, 1, 2, 3}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(who_gave_up_waiting_does_not_get_the_lock_later) {
  const test::Scripted scripted;
  SqliteBank<ScriptedRuntime> bank;
  auto holder = std::optional{bank.db.session()};
  bank.accounts.lock(*holder, 1);
  auto late = bank.db.session();
  BOOST_CHECK_THROW(bank.accounts.lock(late, 1, LockMode::exclusive, Wait::up_to(1ms)), LockTimeout);
  holder.reset();
  BOOST_TEST(!bank.locked());
  BOOST_TEST(bank.accounts.lock(late, 1, LockMode::exclusive, Wait::never()));
}

BOOST_AUTO_TEST_CASE(a_lock_after_a_load_shows_the_present_or_says_that_it_moved) {
  SqliteBank<> bank;
  for (const bool moved : {false, true}) {
    auto session = bank.db.session();
    const auto before = bank.accounts.load(session, 1);
    if (moved) bank.deposit(1, 5);
    bank.deposit(2, 5);
    bank.accounts.lock(session, 1);
    if (moved) {
      BOOST_CHECK_THROW(static_cast<void>(bank.accounts.load(session, 2)), StaleRecord);
      BOOST_CHECK_THROW(static_cast<void>(bank.accounts.load(session, 1)), StaleRecord);
    } else {
      BOOST_TEST(bank.accounts.load(session, 2)->record.balance == 105);
      BOOST_TEST((bank.accounts.load(session, 1) == before));
    }
  }
}

BOOST_AUTO_TEST_CASE(rolling_back_to_a_point_gives_a_later_lock_back_and_keeps_an_earlier_one) {
  SqliteBank<> bank;
  for (const bool before : {false, true}) {
    auto session = bank.db.session();
    if (before) bank.accounts.lock(session, 1);
    const auto point = session.savepoint();
    bank.accounts.lock(session, 2);
    bank.accounts.write(session, 1, Version{0}, {"eve", 0});
    session.rollback_to(point);
    BOOST_TEST(bank.locked() == before);
    BOOST_TEST(static_cast<bool>(session.commit()));
    BOOST_TEST(!bank.locked());
  }
  BOOST_TEST(bank.balance(1) == 100);
}

BOOST_AUTO_TEST_CASE(a_session_moves_with_what_it_staged_and_locked) {
  SqliteBank<> bank;
  std::optional<sqlite::Session<>> moved;
  {
    auto session = bank.db.session();
    bank.accounts.lock(session, 1);
    bank.accounts.write(session, 1, Version{0}, {"ann", 7});
    moved.emplace(std::move(session));
    BOOST_TEST(session.over());  // NOLINT(bugprone-use-after-move): what is left of it
  }
  BOOST_TEST(bank.locked());
  BOOST_TEST(static_cast<bool>(moved->commit()));
  BOOST_TEST(bank.balance(1) == 7);
  BOOST_TEST(!bank.locked());
}

BOOST_AUTO_TEST_CASE(adaptive_loops_take_the_lock_after_lost_races_and_end) {
  SqliteBank<> bank;
  int runs = 0;
  bool held = false;
  update(bank.accounts, 1,
         [&](Account& account) {
           held = bank.locked();
           if (++runs < 3) bank.deposit(1, 1);  // somebody is always faster
           account.balance += 10;
         },
         {.escalate_after = 2, .base = {}});
  BOOST_TEST(runs == 3);
  BOOST_TEST(held);
  BOOST_TEST(bank.balance(1) == 112);
}

// A rollback journal, where a reader holds back who commits

BOOST_AUTO_TEST_CASE(with_a_rollback_journal_a_commit_waits_for_those_who_read) {
  SqliteBank<> bank{quick({.journal = sqlite::Journal::unchanged, .busy_timeout = 0ns})};
  {
    auto reader = bank.db.session();
    BOOST_TEST(bank.accounts.load(reader, 1)->record.balance == 100);
    BOOST_CHECK_THROW(bank.deposit(1, 5), sql::Busy);
  }
  BOOST_TEST(bank.balance(1) == 100);
  bank.deposit(1, 5);
  BOOST_TEST(bank.balance(1) == 105);
}

BOOST_AUTO_TEST_CASE(a_full_database_is_an_error_and_nothing_is_written) {
  SqliteBank<> bank{quick({.idle_connections = 1})};  // so that it is the one with the limit
  bank.db.execute("PRAGMA max_page_count = 5");
  BOOST_CHECK_THROW(transact(bank.db,
                             [&](auto& tx) {
                               tx.edit(bank.accounts, 1).balance = 0;
                               tx.insert(bank.accounts, 9, {std::string(100'000, 'x'), 0});
                             }),
                    sql::DatabaseError);
  BOOST_TEST(bank.balance(1) == 100);
  BOOST_TEST(!find(bank.accounts, 9).has_value());
  bank.deposit(1, 1);
}

BOOST_AUTO_TEST_SUITE_END()
