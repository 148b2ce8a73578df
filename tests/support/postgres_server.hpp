// Clients of the tests' server besides the one that fills it, and servers that a test may kill.
#pragma once

#include "support/postgres_bank.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <fstream>
#include <stdexcept>
#include <string>

namespace test {

/// Where the tests' server has its socket.
inline std::string directory_of(const std::string& keywords) {
  const auto begin = keywords.find("host=") + 5;
  return keywords.substr(begin, keywords.find(' ', begin) - begin);
}

/// The bank as another client has it.
struct PostgresClient {
  explicit PostgresClient(const std::string& keywords, const lockstep::postgres::Options& options = {})
      : db{keywords, options} {}
  lockstep::postgres::Database<> db;
  lockstep::postgres::Table<int, Account> accounts{db, "accounts"};
  lockstep::postgres::Table<int, Order> orders{db, "orders"};
};

/// A server of this test's own, which it may kill: it is started again then.
class OwnServer {
 public:
  OwnServer() {
    std::array<int, 2> input{};
    std::array<int, 2> output{};
    if (pipe(input.data()) != 0 || pipe(output.data()) != 0) throw std::runtime_error{"no pipe"};
    id_ = fork();
    if (id_ == 0) {
      dup2(input[0], 0);
      dup2(output[1], 1);
      for (const int end : {input[0], input[1], output[0], output[1]}) close(end);
      execl(LOCKSTEP_POSTGRES_SCRIPT, LOCKSTEP_POSTGRES_SCRIPT, "hold", nullptr);
      _exit(127);
    }
    close(input[0]);
    close(output[1]);
    held_ = input[1];
    char c = 0;
    while (read(output[0], &c, 1) == 1 && c != '\n') keywords_ += c;
    close(output[0]);
    if (keywords_.empty()) throw std::runtime_error{"there is no server"};
  }
  OwnServer(const OwnServer&) = delete;
  OwnServer& operator=(const OwnServer&) = delete;
  ~OwnServer() {
    close(held_);
    waitpid(id_, nullptr, 0);
  }

  [[nodiscard]] const std::string& keywords() const { return keywords_; }

  /// What `pg_ctl stop -m immediate` does.
  void stop_immediately() const {
    std::ifstream file{directory_of(keywords_) + "/data/postmaster.pid"};
    pid_t postmaster = 0;
    file >> postmaster;
    if (postmaster > 1) kill(postmaster, SIGQUIT);
  }

 private:
  pid_t id_ = 0;
  int held_ = -1;
  std::string keywords_;
};

}  // namespace test
