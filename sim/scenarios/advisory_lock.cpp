// Work that only one may do at a time, and that no record stands for: asking first, and a lock on a name, at
// the grain of the embedded storage's own mutex and waits.
#include <lockstep/memory/advisory.hpp>
#include <lockstep/verbs/advisory.hpp>

#include "fine_bank.hpp"

namespace lockstep::sim::scenarios::of_advisory_lock {

namespace {

using std::chrono::milliseconds;
using Locks = memory::AdvisoryLocks<Runtime>;

/// A report that two must not write at one time. Each look at who is at it is a step of its own.
class Report {
 public:
  void write() {
    check(writers_.fetch_add(1) == 0 && readers_.load() == 0, "one writes alone");
    ++written_;
    writers_.fetch_sub(1);
  }
  void read() {
    readers_.fetch_add(1);
    check(writers_.load() == 0, "nobody reads what is being written");
    readers_.fetch_sub(1);
  }
  [[nodiscard]] int written() const { return written_; }

 private:
  atomic<int> writers_{0};
  atomic<int> readers_{0};
  int written_ = 0;
};

void check_free(memory::Database<Runtime>& db) {
  check(!db.advisory_exists("report"), "no lock is left behind");
  check(db.advisory_locks(AdvisoryScope::session).lock("report", LockMode::exclusive, Wait::skip()),
        "and nobody stands in its queue");
}

/// Whether it exists may be otherwise by the time the answer is read.
void ask_first() {
  memory::Database<Runtime> db;
  Report report;
  const auto write = [&] {
    if (!db.advisory_exists("report")) report.write();
  };
  concurrently(write, write);
}

void one_at_a_time() {
  memory::Database<Runtime> db;
  Report report;
  const auto write = [&] { with_advisory_lock(db, "report", [&] { report.write(); }); };
  concurrently(write, write);
  check(report.written() == 2, "each had its turn");
  check_free(db);
}

/// With two in the queue, each release wakes one.
void hand_over() {
  memory::Database<Runtime> db;
  Locks one{db, AdvisoryScope::session};
  Locks two{db, AdvisoryScope::session};
  Locks three{db, AdvisoryScope::session};
  int done = 0;
  const auto visit = [&](Locks& locks) {
    locks.lock("report");
    ++done;
    locks.unlock("report");
  };
  concurrently([&] { visit(one); }, [&] { visit(two); }, [&] { visit(three); });
  check(done == 3, "each had its turn");
  check_free(db);
}

void sharing() {
  memory::Database<Runtime> db;
  Report report;
  const auto read = [&] {
    with_advisory_lock(db, "report", [&] { report.read(); }, {.mode = LockMode::shared});
  };
  concurrently(read, [&] { with_advisory_lock(db, "report", [&] { report.write(); }); });
  check_free(db);
}

/// One tries, one waits up to a limit that ends in the moment of the release, one holds it so long.
void limits() {
  memory::Database<Runtime> db;
  Report report;
  int refused = 0;
  const auto with = [&](Wait wait, milliseconds stays) {
    try {
      const auto result = with_advisory_lock(db, "report",
                                             [&] {
                                               report.write();
                                               Runtime::sleep_for(stays);
                                             },
                                             {.wait = wait});
      if (!result.acquired()) ++refused;
    } catch (const LockTimeout&) {
      check(clock::now().time_since_epoch() >= milliseconds{10}, "it has waited as long as it said");
      ++refused;
    }
  };
  concurrently([&] { with(Wait::forever(), milliseconds{10}); },
               [&] { with(Wait::up_to(milliseconds{10}), milliseconds{1}); },
               [&] { with(Wait::skip(), milliseconds{0}); });
  check(report.written() + refused == 3, "each has written, or was told why not");
  check_free(db);
}

/// A transaction's lock covers its commit: who gets the name next finds what was written.
void until_the_commit() {
  FineBank bank;
  const auto deposit = [&](int amount) {
    transact(
        bank.db,
        [&](auto& tx) {
          tx.advisory_lock("report");
          tx.edit(bank.accounts, 1).balance += amount;
        },
        Retry{.attempts = 1});
  };
  concurrently([&] { deposit(25); }, [&] { deposit(40); });
  check(bank.balance(1) == 165, "both landed at the first attempt");
  check_free(bank.db);
}

/// Two who share a name both want it alone, and one holds a record that the other wants: each cycle is named.
void cycles() {
  FineBank bank;
  int done = 0;
  int told = 0;
  const auto both = [&](bool name_first) {
    auto session = bank.accounts.session();
    try {
      if (name_first) session.advisory_lock("report");
      bank.accounts.lock(session, 1);
      if (!name_first) session.advisory_lock("report");
      ++done;
    } catch (const Deadlock& deadlock) {
      check(deadlock.cycle().size() == 2, "the cycle has both");
      ++told;
    }
  };
  concurrently([&] { both(true); }, [&] { both(false); });
  check(done + told == 2 && told <= 1, "one goes on");
  check_free(bank.db);
}

const Registered scenarios[]{
    Registered{{.name = "advisory_lock/ask_first",
                .summary = "ask whether somebody is at it, and begin if not",
                .expected = FindingKind::check,
                .body = ask_first}},
    Registered{{.name = "advisory_lock/one_at_a_time",
                .summary = "two want one name: each gets its turn alone",
                .body = one_at_a_time}},
    Registered{{.name = "advisory_lock/hand_over",
                .summary = "three want one name: each release wakes who is next",
                .body = hand_over}},
    Registered{{.name = "advisory_lock/shared",
                .summary = "a reader and a writer of what a name stands for take turns",
                .body = sharing}},
    Registered{{.name = "advisory_lock/limits",
                .summary = "one holds, one waits up to a limit, one does not wait",
                .body = limits}},
    Registered{{.name = "advisory_lock/until_the_commit",
                .summary = "a transaction's lock on a name lasts until its writes have landed",
                .body = until_the_commit}},
    Registered{{.name = "advisory_lock/cycles",
                .summary = "a cycle of a name and a record: one is told of it",
                .body = cycles}},
};

}  // namespace

}  // namespace lockstep::sim::scenarios::of_advisory_lock
