// Several processes on one file: nothing is lost between them, nor when one of them is killed.
#include <lockstep/lockstep.hpp>
#include <lockstep/sqlite/table.hpp>

#include "support/sqlite_bank.hpp"

#include <boost/test/unit_test.hpp>

#if __has_include(<unistd.h>) && __has_include(<sys/wait.h>)
#include "support/process.hpp"

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
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

BOOST_AUTO_TEST_SUITE_END()
#endif
