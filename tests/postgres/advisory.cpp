// Locks on names by PostgreSQL's advisory locks: by which numbers, in how many round trips, and what becomes
// of them with their connection.
#include <lockstep/postgres/advisory.hpp>
#include <lockstep/verbs/advisory.hpp>
#include <lockstep/verbs/transact.hpp>

#include "support/postgres_bank.hpp"

#include <boost/test/unit_test.hpp>

#include <unistd.h>

#include <chrono>
#include <string>
#include <thread>

using namespace lockstep;
using namespace std::chrono_literals;
using test::PostgresBank;

namespace {

// Tests that run at the same time share a server, and names are the database's.
const std::string report = "report" + std::to_string(::getpid());

/// Throws unless a lock of two numbers, or of one, is held by somebody in this database.
void require_locked(const PostgresBank<>& bank, const std::string& numbers) {
  bank.schema.run(
      "DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND granted AND " +
      numbers + ") THEN RAISE 'not locked'; END IF; END $$");
}

}  // namespace

BOOST_AUTO_TEST_SUITE(advisory)

// crc32("nightly report") is 0xe5fcb370: without its highest bit 0x65fcb370.
BOOST_AUTO_TEST_CASE(a_name_is_locked_by_the_numbers_of_rubys_gem_or_by_one_of_63_bits) {
  PostgresBank bank;
  with_advisory_lock(bank.db, "nightly report", [&] {
    require_locked(
        bank, "objsubid = 2 AND classid = " + std::to_string(0xe5fcb370U & 0x7fffffffU) + " AND objid = 0");
  });
  postgres::Database<> prefixed{bank.schema.keywords(), {.advisory_prefix = 7}};
  with_advisory_lock(prefixed, "nightly report", [&] {
    require_locked(
        bank, "objsubid = 2 AND classid = " + std::to_string(0xe5fcb370U & 0x7fffffffU) + " AND objid = 7");
    BOOST_TEST(!bank.db.advisory_exists("nightly report"));
    BOOST_TEST(prefixed.advisory_exists("nightly report"));
  });
  postgres::Database<> hashed{bank.schema.keywords(), {.advisory_keys = postgres::AdvisoryKeys::hashed}};
  with_advisory_lock(hashed, "nightly report", [&] {
    require_locked(bank, "objsubid = 1");
    BOOST_TEST(hashed.advisory_exists("nightly report"));
    BOOST_TEST(!hashed.advisory_exists("another"));
    BOOST_TEST(!bank.db.advisory_exists("nightly report"));
  });
  BOOST_TEST(!hashed.advisory_exists("nightly report"));
}

BOOST_AUTO_TEST_CASE(a_lock_on_a_name_costs_two_round_trips_and_in_a_transaction_one) {
  PostgresBank bank;
  auto trips = [&, before = bank.db.round_trips()]() mutable {
    const auto now = bank.db.round_trips();
    return now - std::exchange(before, now);
  };
  for (const auto scope : {AdvisoryScope::transaction, AdvisoryScope::session}) {
    for (const auto wait : {Wait::forever(), Wait::up_to(1min), Wait::never()}) {
      with_advisory_lock(bank.db, report,
                         [&](auto& locks) {
                           BOOST_TEST(trips() == 1U);
                           with_advisory_lock(locks, report, [] {});
                           BOOST_TEST(trips() == 0U);
                         },
                         {.wait = wait, .scope = scope});
      BOOST_TEST(trips() == 1U);
    }
  }
  transact(bank.db, [&](auto& tx) {
    trips();
    tx.advisory_lock(report);
    BOOST_TEST(trips() == 1U);
    tx.advisory_lock(report);
    BOOST_TEST(trips() == 0U);
  });
}

BOOST_AUTO_TEST_CASE(names_that_are_wanted_in_opposite_orders_are_a_deadlock_that_one_is_told_of) {
  PostgresBank bank;
  auto one = bank.db.advisory_locks(AdvisoryScope::transaction);
  auto two = bank.db.advisory_locks(AdvisoryScope::transaction);
  one.lock("a");
  two.lock("b");
  int told = 0;
  int done = 0;
  const auto want = [&](auto& locks, const char* name) {
    try {
      locks.lock(name);
      ++done;
    } catch (const Deadlock& deadlock) {
      ++told;
      BOOST_TEST(deadlock.cycle().size() == 2U);
      BOOST_TEST((deadlock.cycle().front().wants == advisory_place(name)));
      locks.end();
    }
  };
  std::thread other{[&] { want(two, "a"); }};
  want(one, "b");
  other.join();
  BOOST_TEST(told == 1);
  BOOST_TEST(done == 1);
}

BOOST_AUTO_TEST_CASE(who_has_lost_its_connection_while_it_held_a_name_is_told_so) {
  PostgresBank bank;
  for (const auto scope : {AdvisoryScope::transaction, AdvisoryScope::session}) {
    bool ran = false;
    BOOST_CHECK_THROW(with_advisory_lock(
                          bank.db, report,
                          [&] {
                            bank.schema.terminate_connections();
                            BOOST_TEST(!postgres::Database<>(bank.schema.keywords()).advisory_exists(report));
                            ran = true;
                          },
                          {.scope = scope}),
                      ConnectionLost);
    BOOST_TEST(ran);
    BOOST_TEST(with_advisory_lock(bank.db, report, [] {}, {.wait = Wait::never()}).acquired());
  }
}

BOOST_AUTO_TEST_CASE(a_lock_of_a_session_that_is_held_no_more_as_behind_a_pooler_is_told_of) {
  PostgresBank bank;
  auto locks = bank.db.advisory_locks(AdvisoryScope::session);
  locks.lock(report);
  bank.schema.terminate_connections();
  BOOST_CHECK_THROW(locks.unlock(report), ConnectionLost);
}

BOOST_AUTO_TEST_SUITE_END()
