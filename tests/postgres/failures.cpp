// What is left when connections, clients and servers end in the middle of a transfer: all of it or nothing,
// no lock, and an error that says which if it can be known.
#include <lockstep/lockstep.hpp>
#include <lockstep/postgres/table.hpp>

#include "support/postgres_bank.hpp"

#include <boost/test/unit_test.hpp>

#if __has_include(<unistd.h>) && __has_include(<sys/wait.h>)
#include "support/cutting_proxy.hpp"
#include "support/postgres_server.hpp"
#include "support/process.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <exception>
#include <fstream>
#include <optional>
#include <stdexcept>
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

/// Moves money and leaves a receipt, in one commit.
void transfer_with_receipt(PostgresClient& client, int from, int to, int receipt) {
  transact(client.db, [&](auto& tx) {
    tx.prefetch(client.accounts, std::array{from, to});
    tx.edit(client.accounts, from).balance -= 1;
    tx.edit(client.accounts, to).balance += 1;
    tx.insert(client.orders, receipt, {from * 10 + to, true});
  });
}

/// `transfer_one(client)`, whose connection is cut after each number of messages, until none is left to be
/// cut after. `loads`: it asks the server more than once.
void cut_at_every_message(bool loads, void (*transfer_one)(PostgresClient&)) {
  PostgresBank<> bank{{.lock_timeout = 10s}};
  CuttingProxy proxy{test::directory_of(test::postgres_server())};
  std::int64_t moved = 0;
  int unknown = 0;
  int lost = 0;
  bool whole = false;
  for (int messages = 0; !whole && messages < 200; ++messages) {
    PostgresClient client{bank.schema.keywords() + proxy.keywords()};
    std::optional<bool> landed;
    proxy.cut_after(messages);
    try {
      transfer_one(client);
      landed = true;
    } catch (const OutcomeUnknown& error) {
      BOOST_TEST(error.writes().size() == 2U);
      BOOST_CHECK_THROW(std::rethrow_if_nested(error), ConnectionLost);
      ++unknown;
    } catch (const ConnectionLost&) {
      landed = false;
      ++lost;
    }
    whole = !proxy.has_cut();
    proxy.cut_never();
    // Whatever the server was doing for it ends, and with it its locks: these wait for them.
    std::int64_t now = 0;
    with_locks(bank.accounts, {1, 2}, [&](auto& both) {
      now = 100 - both[1].balance;
      BOOST_TEST(both[2].balance == 100 + now);
    });
    if (landed) BOOST_TEST(now == moved + (*landed ? 1 : 0));
    BOOST_TEST((now == moved || now == moved + 1));
    moved = now;
    transfer(client.accounts, {.from = 2, .to = 1, .amount = 1});  // the client goes on
    --moved;
  }
  BOOST_TEST(whole);
  BOOST_TEST((lost > 3) == loads);  // at its beginning
  BOOST_TEST(unknown > 3);          // at its end
}

}  // namespace

BOOST_AUTO_TEST_SUITE(failures)

BOOST_AUTO_TEST_CASE(a_connection_cut_at_any_message_of_a_transfer_leaves_all_of_it_or_nothing_and_no_lock) {
  cut_at_every_message(
      false, [](PostgresClient& client) { transfer(client.accounts, {.from = 1, .to = 2, .amount = 1}); });
}

BOOST_AUTO_TEST_CASE(so_does_one_cut_at_any_message_of_a_transaction_that_loads_both) {
  cut_at_every_message(true, [](PostgresClient& client) {
    transact(client.db, [&](auto& tx) {
      tx.prefetch(client.accounts, std::array{1, 2});
      --tx.edit(client.accounts, 1).balance;
      ++tx.edit(client.accounts, 2).balance;
    });
  });
}

BOOST_AUTO_TEST_CASE(so_does_one_cut_at_any_message_of_a_transfer_that_locks_first) {
  cut_at_every_message(true, [](PostgresClient& client) {
    transfer(client.accounts, {.from = 1, .to = 2, .amount = 1}, {.locking = Locking::pessimistic});
  });
}

BOOST_AUTO_TEST_CASE(a_client_killed_before_any_statement_leaves_all_or_nothing_and_no_lock) {
  const PostgresSchema schema;
  {
    Process setup{[&] { postgres::Database<>{schema.keywords()}.execute(test::postgres_bank_tables); }};
    BOOST_REQUIRE(setup.wait() == 0);
  }
  Process fill{[&] {
    PostgresClient client{schema.keywords()};
    for (const int key : {1, 2}) insert(client.accounts, key, {"ann", 100}).or_throw();
  }};
  BOOST_REQUIRE(fill.wait() == 0);
  int statement = 0;
  for (int status = -SIGKILL; status != 0; ++statement) {
    Process process{[&] {
      std::optional<int> left;
      PostgresClient client{schema.keywords(), {.on_statement = [&](std::string_view) {
                              if (left && (*left)-- == 0) static_cast<void>(raise(SIGKILL));
                            }}};
      left = statement;
      transfer(client.accounts, {.from = 1, .to = 2, .amount = 30}, {.locking = Locking::pessimistic});
    }};
    status = process.wait();
    BOOST_REQUIRE((status == 0 || status == -SIGKILL));
    Process look{[&] {
      PostgresClient client{schema.keywords(), {.lock_timeout = 10s}};
      update(client.accounts, 1, [](Account& account) { ++account.points; });
      update(client.accounts, 2, [](Account& account) { ++account.points; });
      const auto first = load(client.accounts, 1)->balance;
      if (first != (status == 0 ? 70 : 100)) throw Error{"it landed, or did not, otherwise than told"};
      if (first + load(client.accounts, 2)->balance != 200) throw Error{"money is missing"};
    }};
    BOOST_TEST(look.wait() == 0);
  }
  BOOST_TEST(statement > 8);
}

BOOST_AUTO_TEST_CASE(several_processes_lose_no_increment_and_no_money) {
  const PostgresSchema schema;
  Process setup{[&] {
    postgres::Database<>{schema.keywords()}.execute(test::postgres_bank_tables);
    PostgresClient client{schema.keywords()};
    for (const int key : {1, 2, 3}) insert(client.accounts, key, {"ann", 100}).or_throw();
  }};
  BOOST_REQUIRE(setup.wait() == 0);
  const auto work = [&](int offset) {
    PostgresClient client{schema.keywords()};
    for (int i = 0; i < 30; ++i) {
      const auto locking = i % 2 == 0 ? Locking::adaptive : Locking::pessimistic;
      update(client.accounts, 1, [](Account& account) { ++account.points; }, {.locking = locking});
      try {
        const int from = 1 + (i + offset) % 3;
        transfer(client.accounts, {from, 1 + (from + i % 2) % 3, 1 + (i * 13) % 60}, {.locking = locking});
      } catch (const InsufficientFunds&) {
      }
      const auto sum = read_only(client.db, [&](auto& tx) {
        std::int64_t all = 0;
        for (const int key : {1, 2, 3}) all += tx.read(client.accounts, key).balance;
        return all;
      });
      if (sum != 300) throw Error{"money is missing"};
    }
  };
  Process first{[&] { work(0); }};
  Process second{[&] { work(1); }};
  BOOST_TEST(first.wait() == 0);
  BOOST_TEST(second.wait() == 0);
  Process look{[&] {
    PostgresClient client{schema.keywords()};
    if (load(client.accounts, 1)->points != 60) throw Error{"an increment is lost"};
  }};
  BOOST_TEST(look.wait() == 0);
}

BOOST_AUTO_TEST_CASE(a_server_stopped_at_once_under_load_keeps_every_acknowledged_transfer_and_none_twice) {
  const OwnServer server;
  const auto& keywords = server.keywords();
  {
    postgres::Database<> db{keywords};
    db.execute(test::postgres_bank_tables);
    PostgresClient client{keywords};
    for (const int key : {1, 2, 3}) insert(client.accounts, key, {"ann", 1000}).or_throw();
  }
  constexpr int clients = 3;
  std::vector<std::vector<int>> acknowledged(clients);
  std::vector<int> attempted(clients);
  std::atomic<int> done = 0;
  std::atomic<int> crashes = 0;
  std::atomic<int> unexpected = 0;
  std::vector<std::thread> threads;
  for (int id = 0; id < clients; ++id) {
    threads.emplace_back([&, id] {
      std::optional<PostgresClient> client;
      auto& number = attempted[static_cast<std::size_t>(id)];
      while (crashes < 3 || number < 20) {
        const int receipt = id * 1'000'000 + number;
        try {
          if (!client) client.emplace(keywords);
          transfer_with_receipt(*client, 1 + number % 3, 1 + (number + 1 + id % 2) % 3, receipt);
          acknowledged[static_cast<std::size_t>(id)].push_back(receipt);
          ++done;
          ++number;
        } catch (const OutcomeUnknown&) {  // it may be there or not
          ++number;
        } catch (const ConnectionLost&) {  // it is not there; nor is the server, perhaps
        } catch (const postgres::ServerError& error) {
          if (!error.sqlstate().starts_with("57")) ++unexpected;  // the server is stopping, or starting
        } catch (...) {
          ++unexpected;
          return;
        }
      }
    });
  }
  while (crashes < 3) {
    const int before = done;
    while (done < before + 20 && unexpected == 0) std::this_thread::yield();
    server.stop_immediately();
    ++crashes;
  }
  for (auto& thread : threads) thread.join();
  BOOST_TEST(unexpected == 0);

  std::optional<PostgresClient> again;
  while (!again) {
    try {
      again.emplace(keywords);
    } catch (const ConnectionLost&) {  // it is being started
    }
  }
  PostgresClient& client = *again;
  std::array<std::int64_t, 4> balance{0, 1000, 1000, 1000};
  for (int id = 0; id < clients; ++id) {
    const auto& known = acknowledged[static_cast<std::size_t>(id)];
    std::size_t next = 0;
    for (int number = 0; number < attempted[static_cast<std::size_t>(id)]; ++number) {
      const int receipt = id * 1'000'000 + number;
      const auto found = find(client.orders, receipt);
      if (next < known.size() && known[next] == receipt) {
        BOOST_TEST(found.has_value());
        ++next;
      }
      if (!found) continue;
      --balance[static_cast<std::size_t>(found->record.total / 10)];
      ++balance[static_cast<std::size_t>(found->record.total % 10)];
    }
    BOOST_TEST(next == known.size());
  }
  for (const int key : {1, 2, 3})
    BOOST_TEST(load(client.accounts, key)->balance == balance[static_cast<std::size_t>(key)]);
  update(client.accounts, 1, [](Account& account) { account.points = 1; });  // and no lock is left
}

BOOST_AUTO_TEST_CASE(a_server_that_is_silent_is_given_up_after_a_while) {
  PostgresBank<> bank;
  CuttingProxy proxy{test::directory_of(test::postgres_server())};
  PostgresClient client{
      bank.schema.keywords() + proxy.keywords(),
      {.lock_timeout = std::nullopt, .answer_timeout = 4s}};  // a loaded machine has answered by then
  auto holder = bank.db.session();
  bank.accounts.lock(holder, 1);
  BOOST_CHECK_THROW(save(client.accounts, 1, Versioned<Account>{{"x", 1}, Version{0}}).or_throw(),
                    OutcomeUnknown);
  BOOST_TEST(load(client.accounts, 1)->balance == 100);
}

BOOST_AUTO_TEST_SUITE_END()
#endif
