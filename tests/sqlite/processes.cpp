// Several processes on one file: nothing is lost between them, nor when one of them is killed.
#include <lockstep/lockstep.hpp>
#include <lockstep/sqlite/table.hpp>
#include <lockstep/verbs/once.hpp>

#include "support/sqlite_bank.hpp"

#include <boost/test/unit_test.hpp>

#if __has_include(<unistd.h>) && __has_include(<sys/wait.h>)
#include "support/process.hpp"

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <fstream>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

using namespace lockstep;
using test::Account;
using test::Process;
using test::quick;

namespace {

/// The bank's file, with nobody connected to it.
struct File {
  test::TemporaryDirectory directory;
  std::string path = directory.file("bank.sqlite");

  File() {
    sqlite::Database<> db{path, quick()};
    db.execute(test::bank_tables);
    sqlite::Table<int, Account> accounts{db, "accounts"};
    for (const int key : {1, 2, 3}) insert(accounts, key, {"ann", 100}).or_throw();
  }
};

struct Opened {
  explicit Opened(const File& file, const sqlite::Options& options = quick()) : db{file.path, options} {}
  [[nodiscard]] std::int64_t balance(int key) { return load(accounts, key)->balance; }
  sqlite::Database<> db;
  sqlite::Table<int, Account> accounts{db, "accounts"};
};

}  // namespace

BOOST_AUTO_TEST_SUITE(processes)

BOOST_AUTO_TEST_CASE(no_increment_of_several_processes_is_lost) {
  const File file;
  for (const auto locking : {Locking::adaptive, Locking::optimistic, Locking::pessimistic}) {
    const auto increment = [&] {
      Opened bank{file};
      for (int i = 0; i < 50; ++i) {
        update(bank.accounts, 1, [](Account& account) { ++account.points; }, {.locking = locking});
      }
    };
    Process first{increment};
    Process second{increment};
    increment();
    BOOST_TEST(first.wait() == 0);
    BOOST_TEST(second.wait() == 0);
  }
  Opened bank{file};
  BOOST_TEST(load(bank.accounts, 1)->points == 3 * 150);
  BOOST_TEST(load(bank.accounts, 1).version == Version{3 * 150});
}

BOOST_AUTO_TEST_CASE(money_is_conserved_among_processes_and_whoever_looks_sees_all_of_it) {
  const File file;
  const auto move = [&](int offset) {
    Opened bank{file};
    for (int i = 0; i < 60; ++i) {
      const int from = 1 + (i + offset) % 3;
      try {
        transfer(bank.accounts, {from, 1 + (from + i % 2) % 3, 1 + (i * 13) % 60});
      } catch (const InsufficientFunds&) {
      }
      const auto sum = read_only(bank.db, [&](auto& tx) {
        std::int64_t all = 0;
        for (const int key : {1, 2, 3}) all += tx.read(bank.accounts, key).balance;
        return all;
      });
      if (sum != 300) throw Error{"money is missing"};
    }
  };
  Process first{[&] { move(0); }};
  Process second{[&] { move(1); }};
  BOOST_CHECK_NO_THROW(move(2));
  BOOST_TEST(first.wait() == 0);
  BOOST_TEST(second.wait() == 0);
}

BOOST_AUTO_TEST_CASE(
    a_process_killed_at_any_statement_of_a_transfer_leaves_all_of_it_or_nothing_and_no_lock) {
  int transfers = 0;
  int statement = 0;
  for (int status = -SIGKILL; status != 0; ++statement) {
    const File file;
    Process process{[&] {
      std::optional<int> left;
      Opened bank{file, quick({.on_statement = [&](std::string_view) {
                    if (left && (*left)-- == 0) static_cast<void>(raise(SIGKILL));
                  }})};
      left = statement;
      transfer(bank.accounts, {.from = 1, .to = 2, .amount = 30}, {.locking = Locking::pessimistic});
    }};
    status = process.wait();
    BOOST_REQUIRE(status == 0 || status == -SIGKILL);
    Opened bank{file, quick({.busy_timeout = std::chrono::nanoseconds{0}})};
    BOOST_TEST(bank.balance(1) + bank.balance(2) == 200);
    transfers += bank.balance(1) == 70;
    BOOST_CHECK_NO_THROW(transfer(bank.accounts, {.from = 2, .to = 3, .amount = 100}));
  }
  BOOST_TEST(statement > 5);   // it was killed at each of them
  BOOST_TEST(transfers == 1);  // the one that was not killed before its COMMIT
}

BOOST_AUTO_TEST_CASE(where_the_disk_fails_during_the_commit_the_outcome_is_unknown_and_nothing_is_run_again) {
  const File file;
  int commits = 0;
  Process process{[&] {  // whose files may not grow while it commits
    static_cast<void>(std::signal(SIGXFSZ, SIG_IGN));
    Opened bank{file, quick({.on_statement = [&](std::string_view sql) {
                  if (sql != "COMMIT") return;
                  ++commits;
                  rlimit limit{};
                  getrlimit(RLIMIT_FSIZE, &limit);
                  limit.rlim_cur = 1;
                  setrlimit(RLIMIT_FSIZE, &limit);
                }})};
    try {
      transfer(bank.accounts, {.from = 1, .to = 2, .amount = 30});
    } catch (const OutcomeUnknown& unknown) {
      const std::vector<Place> both{{"accounts", "1"}, {"accounts", "2"}};
      if (unknown.writes() == both && commits == 1) return;
    }
    throw Error{"the outcome was told otherwise"};
  }};
  BOOST_TEST(process.wait() == 0);
  Opened bank{file};
  BOOST_TEST(bank.balance(1) + bank.balance(2) == 200);
}

BOOST_AUTO_TEST_CASE(a_request_of_a_process_killed_anywhere_is_sent_again_and_happens_once) {
  const File file;
  {
    Process setup{[&] { static_cast<void>(Opened{file}.db.receipts()); }};
    BOOST_REQUIRE(setup.wait() == 0);
  }
  int statement = 0;
  bool after_the_commit = false;
  for (bool last = false; !last; ++statement) {
    const auto send = [&](Opened& bank, bool dies_at_the_end) {
      return transact(bank.db, {.idempotency_key = std::to_string(statement)}, [&](auto& tx) {
        --tx.edit(bank.accounts, 1).balance;
        ++tx.edit(bank.accounts, 2).balance;
        if (dies_at_the_end) tx.after_commit([] { static_cast<void>(raise(SIGKILL)); });
      });
    };
    Process process{[&] {
      std::optional<int> left;
      Opened bank{file, quick({.on_statement = [&](std::string_view) {
                    if (left && (*left)-- == 0) static_cast<void>(raise(SIGKILL));
                  }})};
      static_cast<void>(bank.db.receipts());
      left = after_the_commit ? 1000 : statement;
      send(bank, after_the_commit);
    }};
    const int status = process.wait();
    BOOST_TEST((status == -SIGKILL || (status == 0 && !after_the_commit)));
    Process again{[&] {
      Opened bank{file};
      if (send(bank, false).replayed != (status == 0 || after_the_commit))
        throw Error{"it is told otherwise"};
      if (bank.balance(1) != 100 - 1 - statement || bank.balance(2) != 100 + 1 + statement) {
        throw Error{"it did not happen once"};
      }
    }};
    BOOST_TEST(again.wait() == 0);
    last = after_the_commit;
    after_the_commit = status == 0;  // then once more, killed when all of it has happened
  }
  BOOST_TEST(statement > 8);
}

// A disk that is full: SQLite finds no page for what it is to write, or the system writes no more of a file.

BOOST_AUTO_TEST_CASE(a_database_that_may_not_grow_refuses_what_does_not_fit_and_keeps_the_rest) {
  const File file;
  Opened bank{file};
  static_cast<void>(bank.db.receipts());
  bank.db.execute("PRAGMA max_page_count = 12");  // of the one connection that a single session uses
  std::optional<int> full;
  int sent = 0;
  for (; !full && sent < 1000; ++sent) {
    try {
      transfer(bank.accounts, {.from = 1 + sent % 2, .to = 2 - sent % 2, .amount = 1},
               {.idempotency_key = std::string(200, 'k') + std::to_string(sent)});
    } catch (const sql::DatabaseError& error) {
      full = error.code();
    }
  }
  BOOST_TEST((full && *full == SQLITE_FULL));
  BOOST_TEST(sent > 3);
  BOOST_TEST(bank.balance(1) == 100 - (sent - 1) % 2);  // each but the last
  BOOST_TEST(bank.balance(1) + bank.balance(2) == 200);
  bank.db.execute("PRAGMA max_page_count = 10000");
  --sent;
  const auto again = transfer(bank.accounts, {.from = 1 + sent % 2, .to = 2 - sent % 2, .amount = 1},
                              {.idempotency_key = std::string(200, 'k') + std::to_string(sent)});
  BOOST_TEST(!again.replayed);
  BOOST_TEST(bank.balance(1) == 100 - (sent + 1) % 2);
}

BOOST_AUTO_TEST_CASE(where_the_system_writes_no_more_it_is_said_and_sent_again_it_happens_once) {
  const File file;
  {
    Process setup{[&] { static_cast<void>(Opened{file}.db.receipts()); }};
    BOOST_REQUIRE(setup.wait() == 0);
  }
  // The limit is of the process, and on each file: the write-ahead log reaches it first.
  const auto send = [](Opened& bank, int number) {
    return transfer(
        bank.accounts, {.from = 1, .to = 2, .amount = 1},
        {.idempotency_key = std::to_string(number), .reconnect_for = std::chrono::nanoseconds{0}});
  };
  for (rlim_t limit = 100'000; limit <= 106'000; limit += 1'000) {  // each ends elsewhere in a commit
    test::TemporaryDirectory directory;
    const auto told = directory.file("told");
    const int first = static_cast<int>(limit);
    Process full{[&] {
      Opened bank{file};
      std::signal(SIGXFSZ, SIG_IGN);
      const rlimit size{limit, limit};
      if (setrlimit(RLIMIT_FSIZE, &size) != 0) throw Error{"there is no limit"};
      int number = first;
      try {
        for (; number < first + 1000; ++number) send(bank, number);
      } catch (const OutcomeUnknown&) {
      } catch (const sql::DatabaseError&) {
      }
      std::ofstream{told} << number;
    }};
    BOOST_TEST(full.wait() == 0);
    int number = 0;
    std::ifstream{told} >> number;
    BOOST_TEST((number > first && number < first + 1000));
    Process after{[&] {
      Opened bank{file};
      static_cast<void>(send(bank, number));  // it had landed, or not
      for (int at = first; at <= number; ++at) {
        if (!find(bank.db.receipts(), std::to_string(at))) throw Error{"what was acknowledged is not there"};
      }
      if (find(bank.db.receipts(), std::to_string(number + 1))) throw Error{"there is what was not sent"};
      if (bank.balance(1) + bank.balance(2) != 200) throw Error{"money is missing"};
      if (bank.balance(1) != 100 - (number - first + 1)) throw Error{"it did not happen once"};
      transfer(bank.accounts, {.from = 2, .to = 1, .amount = number - first + 1});
    }};
    BOOST_TEST(after.wait() == 0);
  }
}

BOOST_AUTO_TEST_SUITE_END()
#endif
