#include <lockstep/verbs/once.hpp>

#include "support/bank.hpp"

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <thread>
#include <vector>

using namespace lockstep;
using test::Account;
using test::Bank;

namespace {

enum class Colour : std::uint8_t { red, green };

/// What `fn` throws, or nothing.
template <class Thrown, class F>
std::optional<Thrown> thrown_by(F&& fn) {
  try {
    fn();
  } catch (const Thrown& error) {
    return error;
  }
  return std::nullopt;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(once)

BOOST_AUTO_TEST_CASE(a_transfer_that_is_sent_again_happens_once) {
  for (const auto locking : {Locking::adaptive, Locking::optimistic, Locking::pessimistic}) {
    Bank bank;
    const auto send = [&](const std::string& key) {
      return transfer(bank.accounts, {.from = 1, .to = 2, .amount = 30}, {.idempotency_key = key},
                      {.locking = locking});
    };
    BOOST_TEST(!send("a").replayed);
    BOOST_TEST(send("a").replayed);
    BOOST_TEST(bank.balance(1) == 70);
    BOOST_TEST(bank.balance(2) == 130);
    BOOST_TEST(!send("b").replayed);  // another key is another request
    BOOST_TEST(bank.balance(1) == 40);
    BOOST_TEST(!bank.locked(1));
  }
}

BOOST_AUTO_TEST_CASE(a_transaction_that_is_sent_again_gives_what_it_gave_and_does_not_run) {
  Bank bank;
  int runs = 0;
  const auto send = [&](const std::string& key, auto result) {
    return transact(bank.db, {.idempotency_key = key}, [&](auto& tx) {
      ++runs;
      ++tx.edit(bank.accounts, 1).balance;
      tx.insert(bank.orders, 10 + runs, {40});
      return result;
    });
  };
  const auto twice = [&](const std::string& key, auto result) {
    const auto first = send(key, result);
    const auto second = send(key, decltype(result){});
    BOOST_TEST((!first.replayed && first.result == result));
    BOOST_TEST((second.replayed && second.result == result));
  };
  twice("a text", std::string{"it's done, \"once\""});
  twice("a number", std::int64_t{-7});
  twice("a large number", std::uint64_t{18'446'744'073'709'551'615U});
  twice("a truth", true);
  twice("an enumerator", Colour::green);
  BOOST_TEST(runs == 5);
  BOOST_TEST(bank.balance(1) == 105);
  BOOST_TEST(find(bank.orders, 15).has_value());
  BOOST_TEST(!find(bank.orders, 16).has_value());
}

BOOST_AUTO_TEST_CASE(a_storage_will_do_in_place_of_its_database) {
  Bank bank;
  for (int i = 0; i < 2; ++i) {
    transact(bank.accounts, {.idempotency_key = "a"}, [&](auto& tx) { ++tx.edit(bank.accounts, 1).balance; });
  }
  BOOST_TEST(transact(bank.db, {.idempotency_key = "a"}, [](auto&) {}).replayed);
  BOOST_TEST(bank.balance(1) == 101);
}

BOOST_AUTO_TEST_CASE(a_key_that_was_used_for_something_else_is_refused_and_nothing_is_written) {
  Bank bank;
  const auto refused = [&](auto&& send) {
    const auto error = thrown_by<IdempotencyKeyReused>(send);
    BOOST_TEST((error && error->key() == "a"));
  };
  transfer(bank.accounts, {.from = 1, .to = 2, .amount = 30}, {.idempotency_key = "a"});
  refused([&] { transfer(bank.accounts, {.from = 1, .to = 2, .amount = 31}, {.idempotency_key = "a"}); });
  refused([&] { transfer(bank.accounts, {.from = 1, .to = 3, .amount = 30}, {.idempotency_key = "a"}); });
  refused([&] { transfer(bank.accounts, {.from = 3, .to = 2, .amount = 30}, {.idempotency_key = "a"}); });
  refused([&] {
    transfer(bank.accounts, {.from = 1, .to = 2, .amount = 30}, {.idempotency_key = "a", .request = "rent"});
  });
  update(bank.accounts, 1, [](Account& account) { account.points = 30; });
  refused([&] {
    transfer<&Account::points>(bank.accounts, {.from = 1, .to = 2, .amount = 30}, {.idempotency_key = "a"});
  });
  refused([&] { transact(bank.db, {.idempotency_key = "a"}, [](auto&) {}); });
  BOOST_TEST(bank.balance(1) == 70);
  BOOST_TEST(bank.balance(3) == 100);

  const auto named = [&](const char* request) {
    return transact(bank.db, {.idempotency_key = "b", .request = request},
                    [](auto&) { return std::string{"x"}; });
  };
  BOOST_TEST(!named("one order").replayed);
  BOOST_TEST(named("one order").replayed);
  BOOST_CHECK_THROW(named("another"), IdempotencyKeyReused);
  // A result of another kind is another request, too.
  BOOST_CHECK_THROW(
      transact(bank.db, {.idempotency_key = "b", .request = "one order"}, [](auto&) { return 1; }),
      IdempotencyKeyReused);
}

BOOST_AUTO_TEST_CASE(an_empty_key_is_refused) {
  Bank bank;
  BOOST_CHECK_THROW(transact(bank.db, {.idempotency_key = ""}, [](auto&) {}), IdempotencyKeyMissing);
}

BOOST_AUTO_TEST_CASE(what_is_refused_leaves_no_receipt_and_may_be_sent_again) {
  Bank bank;
  const auto send = [&] {
    return transfer(bank.accounts, {.from = 1, .to = 2, .amount = 130}, {.idempotency_key = "a"});
  };
  BOOST_CHECK_THROW(send(), InsufficientFunds);
  BOOST_CHECK_THROW(send(), InsufficientFunds);
  bank.deposit(1, 50);
  BOOST_TEST(!send().replayed);
  BOOST_TEST(send().replayed);
  BOOST_TEST(bank.balance(1) == 20);
}

BOOST_AUTO_TEST_CASE(a_lost_race_is_run_again_under_the_same_key) {
  Bank bank;
  int runs = 0;
  const auto answer = transact(bank.db, {.idempotency_key = "a"}, [&](auto& tx) {
    tx.edit(bank.accounts, 1).balance += 1;
    if (runs++ == 0) bank.deposit(1, 5);
  });
  BOOST_TEST(runs == 2);
  BOOST_TEST(!answer.replayed);
  BOOST_TEST(bank.balance(1) == 106);
}

BOOST_AUTO_TEST_CASE(hooks_run_in_the_call_that_performs_the_request) {
  Bank bank;
  int committed = 0;
  int rolled_back = 0;
  const auto send = [&] {
    transact(bank.db, {.idempotency_key = "a"}, [&](auto& tx) {
      tx.after_commit([&] { ++committed; });
      tx.after_rollback([&] { ++rolled_back; });
    });
  };
  send();
  send();
  BOOST_TEST(committed == 1);
  BOOST_TEST(rolled_back == 0);
}

BOOST_AUTO_TEST_CASE(of_many_who_send_one_request_at_once_one_performs_it) {
  Bank bank;
  std::atomic<int> performed = 0;
  std::atomic<int> wrong = 0;
  std::vector<std::jthread> senders;
  for (int sender = 0; sender < 4; ++sender) {
    senders.emplace_back([&, sender] {
      for (int i = 0; i < test::many / 5; ++i) {
        const auto answer = transact(bank.db, {.idempotency_key = std::to_string(i)}, [&](auto& tx) {
          ++tx.edit(bank.accounts, 1).balance;
          --tx.edit(bank.accounts, 2).balance;
          return sender * 1000 + i;
        });
        if (!answer.replayed) ++performed;
        if (answer.result % 1000 != i || (!answer.replayed && answer.result / 1000 != sender)) ++wrong;
      }
    });
  }
  senders.clear();
  BOOST_TEST(performed == test::many / 5);
  BOOST_TEST(wrong == 0);
  BOOST_TEST(bank.balance(1) == 100 + test::many / 5);
  BOOST_TEST(bank.balance(2) == 100 - test::many / 5);
}

BOOST_AUTO_TEST_CASE(a_receipt_that_says_that_nothing_was_done_lets_the_request_be_performed) {
  Bank bank;
  insert(bank.db.receipts(), "a", {0, 0, ""}).or_throw();
  const auto send = [&] { return transfer(bank.accounts, {1, 2, 30}, {.idempotency_key = "a"}); };
  BOOST_TEST(!send().replayed);
  BOOST_TEST(send().replayed);
  BOOST_TEST(bank.balance(1) == 70);
}

BOOST_AUTO_TEST_SUITE_END()
