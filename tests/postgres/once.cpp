// Requests with an idempotency key happen exactly once, whatever ends in the middle of them: the connection,
// the client, the server.
#include <lockstep/lockstep.hpp>
#include <lockstep/postgres/table.hpp>
#include <lockstep/verbs/once.hpp>

#include "support/postgres_bank.hpp"

#include <boost/test/unit_test.hpp>

#if __has_include(<unistd.h>) && __has_include(<sys/wait.h>)
#include "support/cutting_proxy.hpp"
#include "support/postgres_server.hpp"
#include "support/process.hpp"

#include <array>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <latch>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

using namespace lockstep;
using namespace std::chrono_literals;
using test::Account;
using test::CuttingProxy;
using test::OwnServer;
using test::PostgresBank;
using test::PostgresClient;
using test::PostgresSchema;
using test::Process;

namespace {

/// A transfer under a key of its own, whose connection is cut once, after each number of messages.
void send_once_through_every_cut(Locking locking) {
  PostgresBank<> bank{{.lock_timeout = 10s}};
  static_cast<void>(bank.db.receipts());
  CuttingProxy proxy{test::directory_of(test::postgres_server())};
  PostgresClient client{bank.schema.keywords() + proxy.keywords(), {.lock_timeout = 10s}};
  static_cast<void>(client.db.receipts());
  bool whole = false;
  int messages = 0;
  for (; !whole && messages < 200; ++messages) {
    int committed = 0;
    const auto send = [&] {
      return transact(client.db, {.idempotency_key = "number " + std::to_string(messages)},
                      [&](auto& tx) {
                        detail::prepare_transfer(tx, client.accounts, Transfer<int, std::int64_t>{1, 2, 1});
                        --tx.edit(client.accounts, 1).balance;
                        ++tx.edit(client.accounts, 2).balance;
                        tx.after_commit([&] { ++committed; });
                        return messages;
                      },
                      {.locking = locking});
    };
    proxy.cut_once_after(messages);
    const auto answer = send();
    whole = !proxy.has_cut();
    BOOST_TEST(!answer.replayed);
    BOOST_TEST(answer.result == messages);
    BOOST_TEST(committed == 1);

    proxy.cut_once_after(messages);
    BOOST_TEST(send().replayed);
    proxy.cut_never();
    BOOST_TEST(committed == 1);
    with_locks(bank.accounts, {1, 2}, [&](auto& both) {
      BOOST_TEST(both[1].balance == 100 - 1);
      BOOST_TEST(both[2].balance == 100 + 1);
      both[1].balance = both[2].balance = 100;
    });
  }
  BOOST_TEST(whole);
  BOOST_TEST(messages > 10);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(once_on_a_server)

BOOST_AUTO_TEST_CASE(a_request_whose_connection_is_cut_at_any_message_happens_once_and_its_sender_knows) {
  send_once_through_every_cut(Locking::optimistic);
}

BOOST_AUTO_TEST_CASE(so_does_one_that_locks_first) { send_once_through_every_cut(Locking::pessimistic); }

BOOST_AUTO_TEST_CASE(a_client_killed_anywhere_sends_again_and_it_happens_once) {
  const PostgresSchema schema;
  Process setup{[&] {
    postgres::Database<>{schema.keywords()}.execute(test::postgres_bank_tables);
    PostgresClient client{schema.keywords()};
    for (const int key : {1, 2}) insert(client.accounts, key, {"ann", 100}).or_throw();
    static_cast<void>(client.db.receipts());
  }};
  BOOST_REQUIRE(setup.wait() == 0);
  int statement = 0;
  bool after_the_commit = false;
  for (int status = -SIGKILL; status != 0; ++statement) {
    const auto send = [&](PostgresClient& client, bool dies_at_the_end) {
      return transact(client.db, {.idempotency_key = std::to_string(statement)}, [&](auto& tx) {
        --tx.edit(client.accounts, 1).balance;
        ++tx.edit(client.accounts, 2).balance;
        if (dies_at_the_end) tx.after_commit([] { static_cast<void>(raise(SIGKILL)); });
      });
    };
    Process process{[&] {
      std::optional<int> left;
      PostgresClient client{schema.keywords(), {.on_statement = [&](std::string_view) {
                              if (left && (*left)-- == 0) static_cast<void>(raise(SIGKILL));
                            }}};
      static_cast<void>(client.db.receipts());
      left = statement;
      send(client, after_the_commit);
    }};
    status = process.wait();
    BOOST_REQUIRE((status == 0 || status == -SIGKILL));
    Process again{[&] {
      PostgresClient client{schema.keywords(), {.lock_timeout = 10s}};
      const bool replayed = send(client, false).replayed;
      if (replayed != (status == 0 || after_the_commit)) throw Error{"it is told otherwise than it was"};
      if (load(client.accounts, 1)->balance != 100 - 1 - statement) throw Error{"it did not happen once"};
      if (load(client.accounts, 2)->balance != 100 + 1 + statement) throw Error{"it did not happen once"};
    }};
    BOOST_TEST(again.wait() == 0);
    if (status == 0 && !after_the_commit) {  // once more, killed when all of it has happened
      after_the_commit = true;
      status = -SIGKILL;
    } else if (after_the_commit) {
      BOOST_TEST(status == -SIGKILL);
      status = 0;
    }
  }
  BOOST_TEST(statement > 5);
}

BOOST_AUTO_TEST_CASE(
    a_server_stopped_at_once_under_load_performs_every_request_once_and_every_sender_is_answered) {
  const OwnServer server;
  const auto& keywords = server.keywords();
  {
    postgres::Database<> db{keywords};
    db.execute(test::postgres_bank_tables);
    PostgresClient client{keywords};
    for (const int key : {1, 2, 3}) insert(client.accounts, key, {"ann", 10'000}).or_throw();
    static_cast<void>(client.db.receipts());
  }
  constexpr int clients = 3;
  std::array<int, clients> sent{};
  std::atomic<int> answered = 0;
  std::atomic<int> crashes = 0;
  std::atomic<int> wrong = 0;
  std::vector<std::thread> threads;
  for (int id = 0; id < clients; ++id) {
    threads.emplace_back([&, id] {
      std::optional<PostgresClient> client;
      auto& number = sent[static_cast<std::size_t>(id)];
      while (crashes < 2 || number < 20) {
        try {
          if (!client) client.emplace(keywords);
          const auto answer =
              transfer(client->accounts, {.from = 1 + id, .to = 1 + (id + 1) % clients, .amount = 1},
                       {.idempotency_key = std::to_string(id) + " " + std::to_string(number)});
          if (answer.replayed) ++wrong;
          ++number;
          ++answered;
        } catch (const ConnectionLost&) {  // the client could not be made: the server is away
          if (client) ++wrong;
        } catch (...) {
          ++wrong;
          return;
        }
      }
    });
  }
  while (crashes < 2) {
    const int before = answered;
    while (answered < before + 20 && wrong == 0) std::this_thread::yield();
    server.stop_immediately();
    ++crashes;
  }
  for (auto& thread : threads) thread.join();
  BOOST_TEST(wrong == 0);

  PostgresClient client{keywords};
  for (int id = 0; id < clients; ++id) {
    const auto came = sent[static_cast<std::size_t>((id + clients - 1) % clients)];
    BOOST_TEST(load(client.accounts, 1 + id)->balance == 10'000 - sent[static_cast<std::size_t>(id)] + came);
    update(client.accounts, 1 + id, [](Account& account) { account.points = 1; });  // and no lock is left
  }
}

// The server goes on with what it was sent when its client has gone away. What the client is told after that
// must stay true.
BOOST_AUTO_TEST_CASE(a_request_that_is_refused_after_an_unknown_outcome_does_not_land_later) {
  PostgresBank<> bank;
  static_cast<void>(bank.db.receipts());
  PostgresClient client{bank.schema.keywords(), {.lock_timeout = std::nullopt, .answer_timeout = 300ms}};
  static_cast<void>(client.db.receipts());
  auto holder = bank.db.session();
  bank.accounts.lock(holder, 1);
  bool first = true;
  int rolled_back = 0;
  const auto refuse_later = [&](auto& tx) {
    tx.after_rollback([&] { ++rolled_back; });
    tx.edit(client.accounts, 1).balance = 0;
    if (!std::exchange(first, false)) throw Missing{{"goods", "sold out"}};
  };
  // The first attempt waits for the lock, in vain; the second one finds nothing, and refuses.
  BOOST_CHECK_THROW(transact(client.db, {.idempotency_key = "a"}, refuse_later), Missing);
  BOOST_TEST(!first);
  BOOST_TEST(rolled_back == 1);
  BOOST_TEST(static_cast<bool>(holder.commit()));  // which lets the first attempt go on
  with_lock(bank.accounts, 1, [](Account& account) { BOOST_TEST(account.balance == 100); });
  BOOST_TEST(!transact(client.db, {.idempotency_key = "a"}, [](auto&) {}).replayed);
}

BOOST_AUTO_TEST_CASE(a_server_that_stays_away_leaves_the_outcome_unknown) {
  PostgresBank<> bank;
  CuttingProxy proxy{test::directory_of(test::postgres_server())};
  PostgresClient client{bank.schema.keywords() + proxy.keywords()};
  static_cast<void>(client.db.receipts());
  int hooks = 0;
  const auto send = [&](std::chrono::nanoseconds patience) {
    return transact(client.db, {.idempotency_key = "a", .reconnect_for = patience}, [&](auto& tx) {
      --tx.edit(client.accounts, 1).balance;
      tx.after_commit([&] { ++hooks; });
      tx.after_rollback([&] { ++hooks; });
    });
  };
  const auto with_cut = [&](int messages) {
    proxy.cut_after(messages);
    try {
      send(20ms);
    } catch (const OutcomeUnknown&) {
      return std::string{"unknown"};
    } catch (const ConnectionLost&) {
      return std::string{"lost"};
    }
    return std::string{"done"};
  };
  BOOST_TEST(with_cut(0) == "lost");
  std::string told;
  for (int messages = 1; told != "unknown"; ++messages) {
    BOOST_REQUIRE(messages < 100);
    const int before = hooks;
    told = with_cut(messages);
    if (told == "unknown") BOOST_TEST(hooks == before);  // neither is known
  }
  proxy.cut_never();
  send(30s);
  BOOST_TEST(bank.balance(1) == 99);
}

BOOST_AUTO_TEST_CASE(the_table_of_receipts_is_made_when_it_is_needed_and_may_be_made_before) {
  const PostgresSchema schema;
  postgres::Database<> db{schema.keywords()};
  db.execute(test::postgres_bank_tables);
  db.execute(postgres::create_receipts());
  std::vector<std::jthread> senders;
  std::atomic<int> failed = 0;
  for (int sender = 0; sender < 4; ++sender) {  // each makes it as far as it knows
    senders.emplace_back([&, sender] {
      try {
        PostgresClient client{schema.keywords(), {.receipts_table = "odd \"name\""}};
        transact(client.db, {.idempotency_key = std::to_string(sender)}, [](auto&) {});
      } catch (...) {
        ++failed;
      }
    });
  }
  senders.clear();
  BOOST_TEST(failed == 0);
  BOOST_TEST(!find(db.receipts(), "0").has_value());

  db.execute("CREATE TABLE other (id integer)");
  PostgresClient client{schema.keywords(), {.receipts_table = "other"}};
  BOOST_CHECK_THROW(transact(client.db, {.idempotency_key = "a"}, [](auto&) {}), sql::MappingMismatch);
}

BOOST_AUTO_TEST_SUITE_END()
#endif
