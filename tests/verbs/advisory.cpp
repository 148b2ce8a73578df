#include <lockstep/memory/advisory.hpp>
#include <lockstep/verbs/advisory.hpp>
#include <lockstep/verbs/transact.hpp>

#include "support/bank.hpp"

#ifdef LOCKSTEP_TEST_POSTGRES
#include <lockstep/postgres/advisory.hpp>
#endif

#include <boost/test/unit_test.hpp>

#include <unistd.h>

#include <chrono>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <type_traits>
#include <vector>

using namespace lockstep;
using namespace std::chrono_literals;
using test::Account;
using test::Bank;

namespace {

// What no statement of SQL would survive, were it pasted into one.
// Tests that run at the same time share a server, and names are the database's.
const std::string name = "night's \"report\"; -- \xc3\xa4" + std::to_string(::getpid());
const std::string another = "another" + std::to_string(::getpid());

constexpr Advisory skipping{.wait = Wait::skip()};

/// Whether somebody else would get it now.
bool free(auto& db, LockMode mode = LockMode::exclusive, const std::string& wanted = name) {
  return db.advisory_locks(AdvisoryScope::session).lock(wanted, mode, Wait::skip());
}

template <class Check>
void in_each_scope(Check&& check) {
  for (const auto scope : {AdvisoryScope::transaction, AdvisoryScope::session}) check(scope);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(advisory_verb)

BOOST_AUTO_TEST_CASE(work_under_a_lock_on_a_name_runs_alone) {
  Bank bank;
  in_each_scope([&](AdvisoryScope scope) {
    const auto result =
        with_advisory_lock(bank.db, name,
                           [&] {
                             BOOST_TEST(!free(bank.db));
                             BOOST_TEST(!free(bank.db, LockMode::shared));
                             BOOST_TEST(free(bank.db, LockMode::exclusive, another));
                             BOOST_TEST(bank.db.advisory_exists(name));
                             bank.deposit(1, 5);  // it holds back nobody who does not ask for it
                           },
                           {.scope = scope});
    BOOST_TEST(result.acquired());
    BOOST_TEST(free(bank.db));
    BOOST_TEST(!bank.db.advisory_exists(name));
  });
  BOOST_TEST(bank.balance(1) == 110);
}

BOOST_AUTO_TEST_CASE(not_acquired_is_told_apart_from_work_that_returned_false) {
  Bank bank;
  static_assert(!std::is_convertible_v<AdvisoryResult<bool>, bool>);
  const auto no = with_advisory_lock(bank.db, name, [] { return false; }, skipping);
  BOOST_TEST(no.acquired());
  BOOST_TEST(!no.value());

  auto other = bank.db.advisory_locks(AdvisoryScope::session);
  other.lock(name);
  bool ran = false;
  const auto none = with_advisory_lock(bank.db, name, [&] { return ran = true; }, skipping);
  BOOST_TEST(!none.acquired());
  BOOST_TEST(!ran);
  BOOST_TEST(!with_advisory_lock(bank.db, name, [&] { ran = true; }, skipping).acquired());
  BOOST_TEST(!ran);
}

BOOST_AUTO_TEST_CASE(without_waiting_and_with_a_limit_a_taken_name_is_an_error_that_names_it) {
  Bank bank;
  in_each_scope([&](AdvisoryScope scope) {
    auto other = bank.db.advisory_locks(scope);
    other.lock(name);
    const auto names_it = [](const RecordError& error) { return error.place() == advisory_place(name); };
    BOOST_CHECK_EXCEPTION(with_advisory_lock(bank.db, name, [] {}, {.wait = Wait::never(), .scope = scope}),
                          LockUnavailable, names_it);
    BOOST_CHECK_EXCEPTION(
        with_advisory_lock(bank.db, name, [] {}, {.wait = Wait::up_to(1ms), .scope = scope}), LockTimeout,
        names_it);
    other.end();
    BOOST_TEST(
        with_advisory_lock(bank.db, name, [] {}, {.wait = Wait::up_to(1min), .scope = scope}).acquired());
  });
}

BOOST_AUTO_TEST_CASE(those_who_share_a_name_hold_it_together_and_keep_others_out) {
  Bank bank;
  in_each_scope([&](AdvisoryScope scope) {
    with_advisory_lock(bank.db, name,
                       [&](auto& locks) {
                         BOOST_TEST((locks.held(name) == LockMode::shared));
                         BOOST_TEST(free(bank.db, LockMode::shared));
                         BOOST_TEST(!free(bank.db, LockMode::exclusive));
                       },
                       {.mode = LockMode::shared, .scope = scope});
  });
  BOOST_TEST(free(bank.db));
}

BOOST_AUTO_TEST_CASE(who_holds_a_name_gets_it_again_at_once) {
  Bank bank;
  in_each_scope([&](AdvisoryScope scope) {
    with_advisory_lock(bank.db, name,
                       [&](auto& locks) {
                         const auto inner =
                             with_advisory_lock(locks, name, [] { return 7; }, {.wait = Wait::never()});
                         BOOST_TEST(inner.value() == 7);
                         BOOST_TEST(!free(bank.db));  // it was held before, and is held still
                       },
                       {.scope = scope});
    BOOST_TEST(free(bank.db));
  });
}

BOOST_AUTO_TEST_CASE(who_shares_a_name_may_have_it_alone_for_a_while_if_nobody_else_shares_it) {
  Bank bank;
  auto locks = bank.db.advisory_locks(AdvisoryScope::session);
  locks.lock(name, LockMode::shared);
  {
    auto other = bank.db.advisory_locks(AdvisoryScope::session);
    other.lock(name, LockMode::shared);
    BOOST_TEST(!locks.lock(name, LockMode::exclusive, Wait::skip()));
  }
  BOOST_TEST(locks.lock(name, LockMode::exclusive, Wait::skip()));
  BOOST_TEST((locks.held(name) == LockMode::exclusive));
  BOOST_TEST(!free(bank.db, LockMode::shared));
  locks.unlock(name);
  BOOST_TEST((locks.held(name) == LockMode::shared));
  BOOST_TEST(free(bank.db, LockMode::shared));
  locks.unlock(name);
  BOOST_TEST(!locks.held(name).has_value());
  BOOST_TEST(free(bank.db));
}

BOOST_AUTO_TEST_CASE(in_the_scope_of_a_transaction_nothing_is_given_back_before_the_end) {
  Bank bank;
  auto locks = bank.db.advisory_locks(AdvisoryScope::transaction);
  locks.lock(name);
  locks.lock(another);
  locks.unlock(name);
  BOOST_TEST(!free(bank.db));
  locks.end();
  BOOST_TEST(free(bank.db));
  BOOST_TEST(free(bank.db, LockMode::exclusive, another));
}

BOOST_AUTO_TEST_CASE(a_lock_that_is_refused_costs_none_that_is_held) {
  Bank bank;
  in_each_scope([&](AdvisoryScope scope) {
    auto other = bank.db.advisory_locks(AdvisoryScope::session);
    other.lock(another);
    auto locks = bank.db.advisory_locks(scope);
    locks.lock(name);
    BOOST_CHECK_THROW(locks.lock(another, LockMode::exclusive, Wait::up_to(1ms)), LockTimeout);
    BOOST_TEST(!free(bank.db));
    BOOST_TEST(!locks.held(another).has_value());
    other.end();
    BOOST_TEST(locks.lock(another));
  });
}

BOOST_AUTO_TEST_CASE(what_the_work_throws_goes_through_and_gives_the_lock_back) {
  Bank bank;
  in_each_scope([&](AdvisoryScope scope) {
    const auto failing = [](auto& locks) {
      with_advisory_lock(locks, another, [] { throw std::runtime_error{"no"}; });
    };
    BOOST_CHECK_THROW(with_advisory_lock(bank.db, name, failing, {.scope = scope}), std::runtime_error);
    BOOST_TEST(free(bank.db));
    BOOST_TEST(free(bank.db, LockMode::exclusive, another));
  });
}

BOOST_AUTO_TEST_CASE(a_transaction_holds_a_name_until_its_writes_have_landed) {
  Bank bank;
  transact(bank.db, [&](auto& tx) {
    tx.edit(bank.accounts, 1).balance += 5;
    BOOST_TEST(tx.advisory_lock(name));
    BOOST_TEST((tx.session().advisory_held(name) == LockMode::exclusive));
    BOOST_TEST(!free(bank.db));
    tx.edit(bank.accounts, 2).balance -= 5;
    tx.after_commit([&] { BOOST_TEST(free(bank.db)); });
  });
  BOOST_TEST(bank.balance(1) == 105);
  BOOST_TEST(bank.balance(2) == 95);
  BOOST_CHECK_THROW(read_only(bank.db, [](auto& tx) { tx.advisory_lock(name); }), ReadOnly);
}

BOOST_AUTO_TEST_CASE(a_transaction_sees_what_the_last_holder_of_the_name_has_written) {
  Bank bank;
  unsigned attempts = 0;
  transact(bank.db, [&](auto& tx) {
    ++attempts;
    static_cast<void>(tx.read(bank.accounts, 2));
    if (attempts == 1) {
      with_advisory_lock(bank.db, name, [&] { bank.deposit(1, 5); });
    }
    tx.advisory_lock(name);
    BOOST_TEST(tx.read(bank.accounts, 1).balance == 105);
  });
  BOOST_TEST(attempts == 1U);
}

BOOST_AUTO_TEST_CASE(a_nested_part_that_fails_gives_its_names_back) {
  Bank bank;
  transact(bank.db, [&](auto& tx) {
    tx.advisory_lock(another);
    try {
      tx.nested([&] {
        tx.advisory_lock(name);
        BOOST_TEST(!free(bank.db));
        throw std::runtime_error{"no"};
      });
    } catch (const std::runtime_error&) {
    }
    BOOST_TEST(free(bank.db));
    BOOST_TEST(!free(bank.db, LockMode::exclusive, another));
    BOOST_TEST(!tx.session().advisory_held(name).has_value());
  });
}

BOOST_AUTO_TEST_CASE(of_threads_that_want_one_name_each_gets_its_turn_alone) {
  Bank bank;
  int inside = 0;
  int done = 0;
  bool alone = true;
  const auto work = [&] {
    for (int i = 0; i < 5; ++i) {
      with_advisory_lock(bank.db, name, [&] {  // what is not atomic here is guarded by the name
        alone = alone && ++inside == 1;
        std::this_thread::yield();
        --inside;
        ++done;
      });
    }
  };
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 3; ++i) threads.emplace_back(work);
  }
  BOOST_TEST(alone);
  BOOST_TEST(done == 15);
}

BOOST_AUTO_TEST_SUITE_END()
