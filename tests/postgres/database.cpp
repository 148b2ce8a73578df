#include <lockstep/lockstep.hpp>
#include <lockstep/postgres/table.hpp>
#include <lockstep/verbs/once.hpp>

#include "support/postgres_bank.hpp"

#include <boost/test/unit_test.hpp>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

using namespace lockstep;
using namespace std::chrono_literals;
using test::Account;
using test::Order;
using test::PostgresBank;

namespace {

/// How many round trips `call` takes.
template <class Bank, class Call>
std::uint64_t round_trips(Bank& bank, Call&& call) {
  const auto before = bank.db.round_trips();
  call();
  return bank.db.round_trips() - before;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(database)

BOOST_AUTO_TEST_CASE(what_cannot_be_reached_is_an_error_that_says_why) {
  BOOST_CHECK_THROW(postgres::Database<>{"host=/nowhere"}, ConnectionLost);
  BOOST_CHECK_THROW(postgres::Database<>{"host=127.0.0.1 port=1"}, ConnectionLost);
  BOOST_CHECK_THROW(postgres::Database<>{"nonsense"}, ConnectionLost);
  BOOST_CHECK_THROW(postgres::Database<>{test::postgres_server() + " dbname=absent"}, ConnectionLost);
}

// Round trips

BOOST_AUTO_TEST_CASE(each_verb_takes_the_round_trips_that_the_documentation_says) {
  PostgresBank<> bank;
  auto& accounts = bank.accounts;
  BOOST_TEST(round_trips(bank, [&] { insert(accounts, 4, {"dan", 100}).or_throw(); }) == 1U);
  std::optional<Versioned<Account>> ann;
  std::optional<Versioned<Account>> bob;
  BOOST_TEST(round_trips(bank, [&] { ann = load(accounts, 1); }) == 1U);
  bob = load(accounts, 2);
  auto stale = *ann;
  (*ann)->balance -= 30;
  (*bob)->balance += 30;
  BOOST_TEST(round_trips(bank, [&] { save(accounts, 1, *ann).or_throw(); }) == 1U);
  BOOST_TEST(round_trips(bank, [&] {  // the second looks at the present record
               BOOST_TEST((save(accounts, 1, stale).conflict().current() == *ann));
             }) == 2U);
  BOOST_TEST(round_trips(bank, [&] {  // a transfer of loaded records
               Batch batch{bank.db};
               batch.save(accounts, 1, *ann).save(accounts, 2, *bob);
               BOOST_TEST(static_cast<bool>(batch.commit()));
             }) == 1U);
  BOOST_TEST(round_trips(bank, [&] {  // that is stale, with both present records
               auto old = *bob;
               old.version = Version{0};
               Batch batch{bank.db};
               batch.save(accounts, 1, stale).save(accounts, 2, old);
               const auto commit = batch.commit();
               BOOST_TEST(commit.stale().size() == 2U);
               for (const auto& member : commit.stale_as<conflict_of<decltype(bank.accounts)>>()) {
                 BOOST_TEST(member->current().has_value());
               }
             }) == 1U);
  BOOST_TEST(round_trips(bank, [&] { transfer(accounts, {.from = 1, .to = 2, .amount = 30}); }) == 1U);
  BOOST_TEST(round_trips(bank, [&] {  // that is refused: a look at both, and the end of that
               BOOST_CHECK_THROW(transfer(accounts, {.from = 1, .to = 2, .amount = 1000}), InsufficientFunds);
             }) == 3U);
  BOOST_TEST(round_trips(bank, [&] {
               transfer(accounts, {.from = 1, .to = 2, .amount = 1}, {.locking = Locking::pessimistic});
             }) == 3U);
  BOOST_TEST(round_trips(bank, [&] { update(accounts, 1, [](Account& account) { ++account.points; }); }) ==
             2U);
  BOOST_TEST(round_trips(bank, [&] { with_lock(accounts, 1, [](Account& account) { ++account.points; }); }) ==
             2U);
  BOOST_TEST(round_trips(bank, [&] {
               change_if(
                   accounts, 1, [](const Account&) { return true; },
                   [](Account& account) { ++account.points; });
             }) == 2U);
  BOOST_TEST(round_trips(bank, [&] {
               transact(bank.db, [&](auto& tx) {
                 tx.edit(accounts, 1).balance -= tx.read(bank.orders, 7).total;
                 tx.edit(bank.orders, 7).paid = true;
               });
             }) == 3U);
  BOOST_TEST(round_trips(bank, [&] {  // and one that ends the transaction
               static_cast<void>(read_only(bank.db, [&](auto& tx) { return tx.read(accounts, 1).balance; }));
             }) == 2U);
  static_cast<void>(bank.db.receipts());  // looked up once
  const auto once = [&](Locking locking, bool replayed) {
    const auto answer =
        transfer(accounts, {.from = 2, .to = 1, .amount = 1},
                 {.idempotency_key = std::to_string(static_cast<int>(locking))}, {.locking = locking});
    BOOST_TEST(answer.replayed == replayed);
  };
  BOOST_TEST(round_trips(bank, [&] { once(Locking::adaptive, false); }) == 2U);
  BOOST_TEST(round_trips(bank, [&] { once(Locking::adaptive, true); }) ==
             2U);  // the second ends the transaction
  BOOST_TEST(round_trips(bank, [&] { once(Locking::pessimistic, false); }) == 5U);
  BOOST_TEST(round_trips(bank, [&] {
               transact(bank.db, {.idempotency_key = "a"}, [&](auto& tx) { ++tx.edit(accounts, 1).points; });
             }) == 3U);
  BOOST_TEST(round_trips(bank, [&] { erase(accounts, 4, Version{0}).or_throw(); }) == 1U);
  BOOST_TEST(round_trips(bank, [&] { auto unused = bank.db.session(); }) == 0U);
}

BOOST_AUTO_TEST_CASE(what_is_prefetched_comes_with_the_next_load_and_is_one_state) {
  PostgresBank<> bank;
  auto session = bank.db.session();
  const std::array keys{1, 2, 5};
  const std::array order{7};
  BOOST_TEST(round_trips(bank, [&] {
               bank.accounts.prefetch(session, keys);
               bank.orders.prefetch(session, order);
               BOOST_TEST(bank.accounts.load(session, 1)->record.balance == 100);
             }) == 1U);
  bank.deposit(2, 5);
  BOOST_TEST(round_trips(bank, [&] {
               BOOST_TEST(bank.accounts.load(session, 2)->record.balance == 100);
               BOOST_TEST(!bank.accounts.load(session, 5));
               BOOST_TEST(bank.orders.load(session, 7)->record.total == 40);
             }) == 0U);
}

// Commits

BOOST_AUTO_TEST_CASE(several_tables_commit_together_or_not_at_all) {
  PostgresBank<> bank;
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
  PostgresBank<> bank;
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
  BOOST_TEST(find(bank.accounts, 2).has_value());
}

BOOST_AUTO_TEST_CASE(a_write_that_waited_for_another_tells_what_that_one_has_written) {
  PostgresBank<> bank;
  auto holder = bank.db.session();
  bank.accounts.lock(holder, 1);
  bank.accounts.write(holder, 1, Version{0}, {"ann", 7});
  std::optional<Versioned<Account>> told;
  std::thread other{[&] {
    auto mine = load(bank.accounts, 1);
    mine->balance = 50;
    told = save(bank.accounts, 1, mine).conflict().current();
  }};
  bank.schema.await_waiting();
  BOOST_TEST(static_cast<bool>(holder.commit()));
  other.join();
  BOOST_TEST((told == Versioned<Account>{{"ann", 7}, Version{1}}));
}

BOOST_AUTO_TEST_CASE(guarded_reads_rule_out_write_skew_of_rows_that_are_there_and_of_rows_that_are_not) {
  for (const bool there : {true, false}) {
    PostgresBank<> bank;
    const int first = there ? 1 : 11;
    const int second = there ? 2 : 12;
    int runs = 0;
    const auto put = [&](auto& tx, int key) {
      if (tx.find(bank.accounts, key)) {
        tx.edit(bank.accounts, key).balance = 0;
      } else {
        tx.insert(bank.accounts, key, {"new", 0});
      }
    };
    const auto empty = [&](auto& tx, int key) {
      const auto* const account = tx.find(bank.accounts, key);
      return !account || account->balance > 0;
    };
    transact(bank.db, [&](auto& tx) {  // each writes its own if the other's is as it was
      const bool may = empty(tx, second);
      if (++runs == 1) {
        transact(bank.db, [&](auto& inner) {
          if (empty(inner, first)) put(inner, second);
        });
      }
      if (may) put(tx, first);
    });
    BOOST_TEST(runs == 2);
    const auto ended = find(bank.accounts, first);
    BOOST_TEST((there ? ended->record.balance == 100 : !ended));
  }
}

BOOST_AUTO_TEST_CASE(commits_lock_their_rows_in_one_order_and_so_do_not_deadlock) {
  PostgresBank<> bank;
  std::atomic<int> deadlocks = 0;
  const auto writes = [&](std::vector<int> keys) {
    for (int round = 0; round < 40; ++round) {
      auto session = bank.db.session();
      for (const int key : keys) bank.accounts.write_unguarded(session, key, {"x", round});
      try {
        static_cast<void>(static_cast<bool>(session.commit()));
      } catch (const Deadlock&) {
        ++deadlocks;
      }
    }
  };
  std::thread other{[&] { writes({3, 2, 1}); }};
  writes({1, 2, 3});
  other.join();
  BOOST_TEST(deadlocks == 0);
  BOOST_TEST(bank.version(2) == Version{80});
}

// Locks

BOOST_AUTO_TEST_CASE(a_lock_is_the_rows_alone_and_holds_back_writers_of_any_program) {
  PostgresBank<> bank{{.lock_timeout = 1ms}};
  auto holder = bank.db.session();
  bank.accounts.lock(holder, 1);
  BOOST_TEST(bank.locked(1));
  BOOST_TEST(!bank.locked(2));
  BOOST_TEST(bank.balance(1) == 100);
  bank.deposit(2, 5);
  BOOST_CHECK_THROW(bank.deposit(1, 5), sql::Busy);
  BOOST_CHECK_THROW(transfer(bank.accounts, {.from = 1, .to = 2, .amount = 1}, {.attempts = 1}), Exhausted);
  BOOST_CHECK_THROW(bank.db.execute("SET lock_timeout = 1; UPDATE accounts SET points = 1 WHERE id = 1"),
                    sql::Busy);
}

BOOST_AUTO_TEST_CASE(a_row_that_is_not_there_can_be_locked_and_inserts_of_it_wait) {
  PostgresBank<> bank{{.lock_timeout = 1ms}};
  {
    auto holder = bank.db.session();
    bank.accounts.lock(holder, 9);
    BOOST_TEST(bank.locked(9));
    BOOST_TEST(!bank.locked(8));
    BOOST_CHECK_THROW(insert(bank.accounts, 9, {"eve", 1}).or_throw(), sql::Busy);
    bank.accounts.write(holder, 9, {}, {"ida", 1});
    BOOST_TEST(static_cast<bool>(holder.commit()));
  }
  BOOST_TEST(load(bank.accounts, 9)->owner == "ida");
  BOOST_TEST(!bank.locked(9));
}

BOOST_AUTO_TEST_CASE(a_lock_that_failed_leaves_earlier_locks_and_the_session_as_they_were) {
  PostgresBank<> bank;
  auto other = bank.db.session();
  bank.accounts.lock(other, 2);
  auto session = bank.db.session();
  bank.accounts.lock(session, 1);
  BOOST_CHECK_THROW(bank.accounts.lock(session, 2, LockMode::exclusive, Wait::up_to(1ms)), LockTimeout);
  BOOST_CHECK_THROW(bank.accounts.lock(session, 2, LockMode::exclusive, Wait::never()), LockUnavailable);
  BOOST_TEST(bank.locked(1));
  bank.accounts.lock(session, 3);
  BOOST_TEST(bank.locked(3));
  bank.accounts.write(session, 1, Version{0}, {"ann", 1});
  BOOST_TEST(static_cast<bool>(session.commit()));
  BOOST_TEST(bank.balance(1) == 1);
}

BOOST_AUTO_TEST_CASE(a_load_that_failed_leaves_the_locks_of_its_session) {
  PostgresBank<> bank;
  bank.db.execute("CREATE TABLE words (id uuid PRIMARY KEY, total bigint, paid boolean)");
  postgres::Table<std::string, Order> words{bank.db, "words"};
  auto session = bank.db.session();
  bank.accounts.lock(session, 1);
  BOOST_CHECK_THROW(static_cast<void>(words.load(session, "no uuid")), postgres::ServerError);
  BOOST_TEST(bank.locked(1));
  BOOST_TEST(bank.accounts.load(session, 2)->record.balance == 100);
}

BOOST_AUTO_TEST_CASE(a_lock_after_a_load_shows_the_present_or_says_that_it_moved) {
  PostgresBank<> bank;
  auto session = bank.db.session();
  BOOST_TEST(bank.accounts.load(session, 1)->record.balance == 100);
  bank.deposit(2, 5);
  bank.accounts.lock(session, 2);
  BOOST_TEST(bank.accounts.load(session, 2)->record.balance == 105);
  bank.deposit(1, 5);
  BOOST_CHECK_THROW(static_cast<void>(bank.accounts.load(session, 3)), StaleRecord);
  auto another = bank.db.session();
  BOOST_TEST(bank.accounts.load(another, 3)->record.balance == 100);
  bank.deposit(3, 5);
  bank.accounts.lock(another, 3);
  BOOST_CHECK_THROW(static_cast<void>(bank.accounts.load(another, 3)), StaleRecord);
}

BOOST_AUTO_TEST_CASE(a_deadlock_of_two_commits_is_a_lost_race_that_names_the_cycle) {
  PostgresBank<> bank;
  auto first = bank.db.session();
  auto second = bank.db.session();
  bank.accounts.lock(first, 1);
  bank.accounts.lock(second, 2);
  bank.accounts.write(first, 2, Version{0}, {"x", 1});
  bank.accounts.write(second, 1, Version{0}, {"x", 1});
  std::atomic<int> deadlocks = 0;
  const auto commit = [&](auto session) {
    try {
      static_cast<void>(static_cast<bool>(session.commit()));
    } catch (const Deadlock& deadlock) {
      deadlocks += deadlock.cycle().size() == 2 && deadlock.cycle().front().session != 0;
    }
  };
  std::thread other{[&] { commit(std::move(first)); }};
  commit(std::move(second));
  other.join();
  BOOST_TEST(deadlocks == 1);
}

// Isolation

BOOST_AUTO_TEST_CASE(a_serializable_session_that_lost_names_what_is_stale_as_far_as_that_can_be_told) {
  PostgresBank<> bank;
  auto session = bank.db.session(postgres::Isolation::serializable);
  BOOST_TEST(bank.accounts.load(session, 1)->record.balance == 100);
  bank.deposit(1, 5);
  bank.accounts.write(session, 1, Version{0}, {"ann", 1});
  const auto commit = session.commit();  // the server says no more than "could not serialize access"
  BOOST_REQUIRE(commit.stale().size() == 1U);
  BOOST_TEST(to_string(*commit.stale().front()) == "accounts[1]: update expected version 0, found 1");
  BOOST_TEST(bank.balance(1) == 105);
}

BOOST_AUTO_TEST_CASE(a_serializable_session_sees_what_no_guard_does) {
  PostgresBank<> bank;
  // Two that each read all rows by a statement of their own, in a trigger, and write one.
  bank.db.execute(
      "CREATE FUNCTION sum_is_enough() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
      "IF (SELECT sum(balance) FROM accounts) < 250 THEN RAISE 'too little'; END IF; RETURN NEW; END $$; "
      "CREATE TRIGGER enough AFTER UPDATE ON accounts FOR EACH ROW EXECUTE FUNCTION sum_is_enough()");
  auto first = bank.db.session(postgres::Isolation::serializable);
  auto second = bank.db.session(postgres::Isolation::serializable);
  static_cast<void>(bank.accounts.load(first, 3));
  static_cast<void>(bank.accounts.load(second, 3));
  bank.accounts.write(first, 1, Version{0}, {"ann", 60});
  bank.accounts.write(second, 2, Version{0}, {"bob", 60});
  BOOST_TEST(static_cast<bool>(first.commit()));
  BOOST_CHECK_THROW(static_cast<void>(second.commit()), SerializationFailure);
  BOOST_TEST(bank.balance(2) == 100);
}

BOOST_AUTO_TEST_CASE(without_a_snapshot_a_torn_read_is_noticed) {
  PostgresBank<> bank;
  auto session = bank.db.session(postgres::Isolation::read_committed);
  static_cast<void>(bank.accounts.load(session, 1));
  transfer(bank.accounts, {.from = 1, .to = 2, .amount = 30});
  BOOST_CHECK_THROW(static_cast<void>(bank.accounts.load(session, 2)), StaleRecord);
}

// Connections

BOOST_AUTO_TEST_CASE(connections_are_used_again_and_there_are_no_more_than_allowed) {
  PostgresBank<> bank{{.max_connections = 2, .connection_wait = 1ms}};
  auto first = bank.db.session();
  auto second = bank.db.session();
  static_cast<void>(bank.accounts.load(first, 1));
  {
    auto third = bank.db.session();
    static_cast<void>(bank.accounts.load(third, 1));
    BOOST_CHECK_THROW(static_cast<void>(bank.accounts.load(second, 1)), postgres::NoConnectionFree);
  }
  static_cast<void>(bank.accounts.load(second, 1));
  BOOST_CHECK_THROW(static_cast<void>(bank.balance(1)), postgres::NoConnectionFree);
  BOOST_TEST(static_cast<bool>(first.commit()));
  BOOST_TEST(bank.balance(1) == 100);
}

BOOST_AUTO_TEST_CASE(whoever_waits_for_a_connection_gets_the_next_one_that_is_free) {
  PostgresBank<> bank{{.max_connections = 1, .connection_wait = std::nullopt}};
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&] {
      for (int round = 0; round < 10; ++round)
        update(bank.accounts, 1, [](Account& account) { ++account.points; });
    });
  }
  for (auto& thread : threads) thread.join();
  BOOST_TEST(load(bank.accounts, 1)->points == 40);
}

BOOST_AUTO_TEST_CASE(idle_connections_that_the_server_has_ended_are_replaced_unseen) {
  for (const auto check_after : {0ns, std::chrono::nanoseconds{1h}}) {
    PostgresBank<> bank{{.check_after = check_after}};
    bank.schema.terminate_connections();
    BOOST_TEST(bank.balance(1) == 100);
  }
}

BOOST_AUTO_TEST_CASE(a_session_whose_connection_is_gone_says_so_and_has_no_lock_any_more) {
  PostgresBank<> bank;
  auto session = bank.db.session();
  bank.accounts.lock(session, 1);
  bank.accounts.write(session, 1, Version{0}, {"ann", 1});
  bank.schema.terminate_connections();
  BOOST_CHECK_THROW(static_cast<void>(session.commit()),
                    ConnectionLost);  // nothing of it was sent: the outcome is known
  BOOST_TEST(!bank.locked(1));
  BOOST_TEST(bank.balance(1) == 100);
}

BOOST_AUTO_TEST_SUITE_END()
