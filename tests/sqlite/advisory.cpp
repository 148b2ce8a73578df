// Locks on names between processes, and what becomes of them when their holder dies.
#include <lockstep/sqlite/table.hpp>
#include <lockstep/verbs/advisory.hpp>

#include "support/sqlite_bank.hpp"

#include <boost/test/unit_test.hpp>

#if __has_include(<unistd.h>) && __has_include(<sys/wait.h>)
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <filesystem>
#include <string>

using namespace lockstep;
using test::quick;

namespace {

/// A process that holds a name until it is killed.
class Holder {
 public:
  Holder(const std::string& path, const std::string& name, LockMode mode = LockMode::exclusive) {
    std::array<int, 2> told{};
    BOOST_REQUIRE(pipe(told.data()) == 0);
    id_ = fork();
    if (id_ == 0) {
      try {
        sqlite::Database<> db{path, quick()};
        auto locks = db.advisory_locks(AdvisoryScope::session);
        const char got = locks.lock(name, mode, Wait::skip()) ? '1' : '0';
        if (write(told[1], &got, 1) == 1) pause();
      } catch (...) {  // nothing is told then
      }
      _exit(1);
    }
    close(told[1]);
    char got = '0';
    holds_ = read(told[0], &got, 1) == 1 && got == '1';
    close(told[0]);
  }
  Holder(const Holder&) = delete;
  Holder& operator=(const Holder&) = delete;
  ~Holder() { end(SIGKILL); }

  [[nodiscard]] bool holds() const noexcept { return holds_; }
  void stop() const {
    kill(id_, SIGSTOP);
    waitpid(id_, nullptr, WUNTRACED);
  }
  void end(int signal) {
    if (id_ == 0) return;
    kill(id_, signal);
    waitpid(id_, nullptr, 0);
    id_ = 0;
  }

 private:
  pid_t id_ = 0;
  bool holds_ = false;
};

// Nobody is connected to it when a holder forks.
struct NamesFile {
  test::TemporaryDirectory directory;
  std::string path = directory.file("bank.sqlite");

  [[nodiscard]] bool free(LockMode mode = LockMode::exclusive) const { return free(path, mode); }
  [[nodiscard]] static bool free(const std::string& path, LockMode mode = LockMode::exclusive) {
    const sqlite::Database<> db{path, quick()};
    return db.advisory_locks(AdvisoryScope::session).lock("report", mode, Wait::skip());
  }
  /// How many files are there besides the database's own and the table of names.
  [[nodiscard]] int signs() const {
    int count = 0;
    for (const auto& entry : std::filesystem::directory_iterator{directory.file("")}) {
      if (entry.path().filename().string().find("-advisory-") != std::string::npos &&
          !entry.path().string().ends_with("-wal") && !entry.path().string().ends_with("-shm")) {
        ++count;
      }
    }
    return count;
  }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(advisory)

BOOST_AUTO_TEST_CASE(a_name_that_one_process_holds_is_taken_for_the_others_by_whatever_path) {
  const NamesFile file;
  const Holder holder{file.path, "report"};
  BOOST_TEST(holder.holds());
  BOOST_TEST(!file.free());
  BOOST_TEST(!Holder(file.path, "report").holds());
  BOOST_TEST(Holder(file.path, "another").holds());

  const auto link = file.directory.file("link.sqlite");
  std::filesystem::create_symlink(file.path, link);
  BOOST_TEST(!NamesFile::free(link));
}

BOOST_AUTO_TEST_CASE(the_name_of_a_holder_that_was_killed_is_free_at_once_and_nothing_of_it_stays) {
  const NamesFile file;
  Holder holder{file.path, "report"};
  BOOST_REQUIRE(holder.holds());
  BOOST_TEST(file.signs() == 1);
  BOOST_TEST(sqlite::Database<>(file.path, quick()).advisory_exists("report"));
  holder.end(SIGKILL);
  BOOST_TEST(!sqlite::Database<>(file.path, quick()).advisory_exists("report"));
  BOOST_TEST(file.free());
  BOOST_TEST(file.signs() == 0);
}

BOOST_AUTO_TEST_CASE(a_holder_that_is_stopped_for_however_long_keeps_its_name) {
  const NamesFile file;
  const Holder holder{file.path, "report"};
  BOOST_REQUIRE(holder.holds());
  holder.stop();  // a lease would run out
  BOOST_TEST(!file.free());
}

BOOST_AUTO_TEST_CASE(of_two_processes_that_share_a_name_the_death_of_one_leaves_it_to_the_other) {
  const NamesFile file;
  Holder first{file.path, "report", LockMode::shared};
  Holder second{file.path, "report", LockMode::shared};
  BOOST_TEST(first.holds());
  BOOST_TEST(second.holds());
  first.end(SIGKILL);
  BOOST_TEST(!file.free());
  BOOST_TEST(file.free(LockMode::shared));
  second.end(SIGKILL);
  BOOST_TEST(file.free());
}

BOOST_AUTO_TEST_CASE(a_name_neither_waits_for_the_write_lock_of_the_data_nor_holds_it_back) {
  test::SqliteBank<> bank;
  auto session = bank.db.session();
  bank.accounts.lock(session, 1);
  BOOST_TEST(with_advisory_lock(bank.db, "report", [] {}, {.wait = Wait::never()}).acquired());
  auto locks = bank.db.advisory_locks(AdvisoryScope::session);
  locks.lock("report");
  bank.accounts.write(session, 1, Version{0}, {"ann", 5});
  BOOST_TEST(static_cast<bool>(session.commit()));
}

BOOST_AUTO_TEST_SUITE_END()
#endif
