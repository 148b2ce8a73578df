// The anomalies of isolation levels, each provoked by two or three transactions whose statements run in one
// order, on whatever runs SQL.
// Source: Martin Kleppmann's Hermitage, https://github.com/ept/hermitage, after Adya's "Weak Consistency: A
// Generalized Theory and Optimistic Implementations for Distributed Transactions", PhD thesis, MIT, 1999
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace test {

/// What a statement gave.
struct Answer {
  bool waits = false;            ///< it has not answered yet, and waits for another transaction
  std::string error = {};        ///< the code that it failed by
  std::vector<int> values = {};  ///< the last column of its rows
};

/// One of the transactions of a case.
class IsolationClient {
 public:
  IsolationClient() = default;
  IsolationClient(const IsolationClient&) = delete;
  IsolationClient& operator=(const IsolationClient&) = delete;
  virtual ~IsolationClient() = default;

  /// Runs a statement until it has ended, or has begun to wait for another transaction.
  virtual Answer run(const std::string& sql) = 0;
  /// The end of a statement that waited.
  virtual Answer finish() = 0;
};

/// How a case is opened: a client, after it has begun its transaction. Its answer to that is the second.
using OpenClient = std::function<std::pair<std::unique_ptr<IsolationClient>, Answer>()>;

/// Runs the steps of a case, and keeps what came of them.
class IsolationRun {
 public:
  IsolationRun(int transactions, const OpenClient& open) {
    for (int number = 1; number <= transactions; ++number) {
      auto [client, begun] = open();
      auto& each = transactions_[number];
      each.client = std::move(client);
      note(number, begun);
    }
  }

  /// Runs a statement of transaction `number`, unless that has failed. What it reads is named, if it has a
  /// name.
  void step(int number, const std::string& sql, const std::string& name = {}) {
    auto& each = transactions_.at(number);
    wait_for(number);
    if (each.failed) {
      if (sql == "COMMIT" || sql == "ROLLBACK") each.client->run("ROLLBACK");
      return;
    }
    each.reading = name;
    note(number, each.client->run(sql));
    if (sql == "COMMIT") each.committing = true;
    look_at_waiting();
  }

  /// The last statement of each ends; who has failed is rolled back.
  void end() {
    for (auto& [number, each] : transactions_) wait_for(number);
    for (auto& [number, each] : transactions_) {
      if (each.failed || !each.committing) each.client->run("ROLLBACK");
    }
  }

  [[nodiscard]] bool committed(int number) const {
    const auto& each = transactions_.at(number);
    return each.committing && !each.failed;
  }
  /// What was read under that name; nothing if it was not.
  [[nodiscard]] std::optional<std::vector<int>> read(const std::string& name) const {
    const auto found = read_.find(name);
    return found == read_.end() ? std::nullopt : std::optional{found->second};
  }
  [[nodiscard]] bool saw(const std::string& name, int value) const {
    const auto values = read(name);
    return values && values == std::vector{value};
  }

  /// "T2 waits, then fails: 40001", or nothing if each went on by itself.
  [[nodiscard]] std::string how() const {
    std::string text;
    for (const auto& [number, each] : transactions_) {
      if (!each.waited && each.error.empty()) continue;
      text += (text.empty() ? "T" : "; T") + std::to_string(number);
      if (each.waited) text += " waits";
      if (!each.error.empty()) text += (each.waited ? ", then fails: " : " fails: ") + each.error;
    }
    return text;
  }

 private:
  struct Transaction {
    std::unique_ptr<IsolationClient> client = {};
    std::string reading = {};
    std::string error = {};
    bool waiting = false;
    bool waited = false;
    bool committing = false;
    bool failed = false;
  };

  void note(int number, const Answer& answer) {
    auto& each = transactions_.at(number);
    each.waiting = answer.waits;
    each.waited = each.waited || answer.waits;
    if (answer.waits) return;
    if (!answer.error.empty()) {
      each.failed = true;
      each.error = answer.error;
    } else if (!each.reading.empty()) {
      read_[each.reading] = answer.values;
    }
    each.reading.clear();
  }
  void wait_for(int number) {
    auto& each = transactions_.at(number);
    if (each.waiting) note(number, each.client->finish());
  }
  // Who waited may go on by what another did. Its answer is awaited when its next step comes, and before
  // others read what it wrote.
  void look_at_waiting() {
    for (auto& [number, each] : transactions_) {
      bool others_ended = each.waiting;
      for (const auto& [other, its] : transactions_) {
        others_ended = others_ended && (other == number || its.committing || its.failed || other == 3);
      }
      if (others_ended) wait_for(number);
    }
  }

  std::map<int, Transaction> transactions_;
  std::map<std::string, std::vector<int>> read_;
};

/// A case: its steps, and whether what came of them is the anomaly.
struct IsolationCase {
  std::string name;  ///< as the page has it
  int transactions = 2;
  std::function<void(IsolationRun&)> run = {};
  /// `rows` are what is left, by their keys.
  std::function<bool(const IsolationRun&, const std::map<int, int>& rows)> anomaly = {};
};

/// Rows 1 and 2 of the table `test (id, value)` hold 10 and 20 at the beginning of each.
inline std::vector<IsolationCase> isolation_cases() {
  const auto set = [](int id, int value) {
    return "UPDATE test SET value = " + std::to_string(value) + " WHERE id = " + std::to_string(id);
  };
  const auto get = [](int id) { return "SELECT value FROM test WHERE id = " + std::to_string(id); };
  const std::string both = "SELECT value FROM test WHERE id IN (1, 2)";
  const std::string thirds = "SELECT value FROM test WHERE value % 3 = 0";
  using Run = IsolationRun;
  using Rows = std::map<int, int>;
  return {
      {"G0: two write over each other, and half of each stays", 2,
       [=](Run& run) {
         run.step(1, set(1, 11));
         run.step(2, set(1, 12));
         run.step(1, set(2, 21));
         run.step(1, "COMMIT");
         run.step(2, set(2, 22));
         run.step(2, "COMMIT");
       },
       [](const Run&, const Rows& rows) { return rows.at(1) % 10 != rows.at(2) % 10; }},
      {"G1a: what is rolled back was read", 2,
       [=](Run& run) {
         run.step(1, set(1, 101));
         run.step(2, get(1), "first");
         run.step(1, "ROLLBACK");
         run.step(2, get(1), "second");
         run.step(2, "COMMIT");
       },
       [](const Run& run, const Rows&) { return run.saw("first", 101) || run.saw("second", 101); }},
      {"G1b: what is written over before its commit was read", 2,
       [=](Run& run) {
         run.step(1, set(1, 101));
         run.step(2, get(1), "first");
         run.step(1, set(1, 11));
         run.step(1, "COMMIT");
         run.step(2, get(1), "second");
         run.step(2, "COMMIT");
       },
       [](const Run& run, const Rows&) { return run.saw("first", 101) || run.saw("second", 101); }},
      {"G1c: two read what the other has not committed", 2,
       [=](Run& run) {
         run.step(1, set(1, 11));
         run.step(2, set(2, 22));
         run.step(1, get(2), "by 1");
         run.step(2, get(1), "by 2");
         run.step(1, "COMMIT");
         run.step(2, "COMMIT");
       },
       [](const Run& run, const Rows&) { return run.saw("by 1", 22) && run.saw("by 2", 11); }},
      {"OTV: what was read of a transaction vanishes", 3,
       [=](Run& run) {
         run.step(1, set(1, 11));
         run.step(1, set(2, 19));
         run.step(2, set(1, 12));
         run.step(1, "COMMIT");
         run.step(3, get(1), "a");
         run.step(2, set(2, 18));
         run.step(3, get(2), "b");
         run.step(2, "COMMIT");
         run.step(3, get(2), "c");
         run.step(3, get(1), "d");
         run.step(3, "COMMIT");
       },
       [](const Run& run, const Rows&) {
         bool of_second = false;
         for (const auto* const name : {"a", "b", "c", "d"}) {
           const bool older = run.saw(name, 11) || run.saw(name, 19);
           if (of_second && older) return true;
           of_second = of_second || run.saw(name, 12) || run.saw(name, 18);
         }
         return false;
       }},
      {"PMP: a condition is asked twice, and a new row has come", 2,
       [=](Run& run) {
         run.step(1, "SELECT value FROM test WHERE value = 30", "first");
         run.step(2, "INSERT INTO test (id, value) VALUES (3, 30)");
         run.step(2, "COMMIT");
         run.step(1, thirds, "second");
         run.step(1, "COMMIT");
       },
       [](const Run& run, const Rows&) { return run.saw("second", 30); }},
      {"PMP of a write: rows are erased by a condition, and one that fulfils it stays", 2,
       [=](Run& run) {
         run.step(1, "UPDATE test SET value = value + 10");
         run.step(2, "DELETE FROM test WHERE value = 20");
         run.step(1, "COMMIT");
         run.step(2, "COMMIT");
       },
       [](const Run& run, const Rows& rows) {
         return run.committed(1) && run.committed(2) && rows == Rows{{1, 20}, {2, 30}};
       }},
      {"P4: two read and write one row, and the second writes over the first", 2,
       [=](Run& run) {
         run.step(1, get(1), "by 1");
         run.step(2, get(1), "by 2");
         run.step(1, set(1, 11));
         run.step(2, set(1, 12));
         run.step(1, "COMMIT");
         run.step(2, "COMMIT");
       },
       [](const Run& run, const Rows&) { return run.committed(1) && run.committed(2); }},
      {"G-single: of two rows one is read before another's commit and one after it", 2,
       [=](Run& run) {
         run.step(1, get(1), "first");
         run.step(2, set(1, 12));
         run.step(2, set(2, 18));
         run.step(2, "COMMIT");
         run.step(1, get(2), "second");
         run.step(1, "COMMIT");
       },
       [](const Run& run, const Rows&) { return run.saw("first", 10) && run.saw("second", 18); }},
      {"G2-item: two read both rows, and each writes another", 2,
       [=](Run& run) {
         run.step(1, both);
         run.step(2, both);
         run.step(1, set(1, 11));
         run.step(2, set(2, 21));
         run.step(1, "COMMIT");
         run.step(2, "COMMIT");
       },
       [](const Run& run, const Rows&) { return run.committed(1) && run.committed(2); }},
      {"G2: two find no row, and each inserts one that the other would have found", 2,
       [=](Run& run) {
         run.step(1, thirds);
         run.step(2, thirds);
         run.step(1, "INSERT INTO test (id, value) VALUES (3, 30)");
         run.step(2, "INSERT INTO test (id, value) VALUES (4, 42)");
         run.step(1, "COMMIT");
         run.step(2, "COMMIT");
       },
       [](const Run& run, const Rows&) { return run.committed(1) && run.committed(2); }},
  };
}

/// "allowed", or "prevented" and how.
inline std::string verdict(const IsolationCase& each, const IsolationRun& run,
                           const std::map<int, int>& rows) {
  const auto how = run.how();
  return (each.anomaly(run, rows) ? "**allowed**" : "prevented") + (how.empty() ? "" : ": " + how);
}

}  // namespace test
