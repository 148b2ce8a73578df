// The same anomalies, as far as verbs can be at risk of them: each is provoked by another's commit at the
// moment in which it would hurt.
#pragma once

#include <lockstep/lockstep.hpp>

#include "support/document_table.hpp"
#include "support/records.hpp"

#include <boost/test/unit_test.hpp>

#include <stdexcept>
#include <string>

namespace test {

namespace isolation {

inline std::string verdict(bool anomaly, const std::string& how) {
  return anomaly ? "**allowed**" : how.empty() ? "prevented" : "prevented: " + how;
}

/// What kept a function from an anomaly that was run so often.
inline std::string again(int runs) { return runs > 1 ? "run again" : "reads one state"; }

inline std::string lost_update_by_save(auto& bank) {
  auto mine = lockstep::load(bank.accounts, 1);
  auto theirs = lockstep::load(bank.accounts, 1);
  theirs->balance += 1;
  lockstep::save(bank.accounts, 1, theirs).or_throw();
  mine->balance += 2;
  const auto saved = lockstep::save(bank.accounts, 1, mine);
  const bool lost = bank.balance(1) != (saved ? 103 : 101);
  return verdict(lost, saved ? "" : "a conflict, with what is there");
}

inline std::string lost_update_by_update(auto& bank) {
  int runs = 0;
  lockstep::update(bank.accounts, 1, [&](Account& mine) {
    if (++runs == 1) bank.deposit(1, 1);
    mine.balance += 2;
  });
  return verdict(bank.balance(1) != 103, again(runs));
}

inline std::string lost_update_by_transact(auto& bank) {
  int runs = 0;
  lockstep::transact(bank.db, [&](auto& tx) {
    auto& mine = tx.edit(bank.accounts, 1);
    if (++runs == 1) lockstep::transfer(bank.accounts, {.from = 1, .to = 2, .amount = 30});
    mine.balance += 2;
  });
  return verdict(bank.balance(1) != 72 || bank.balance(2) != 130, again(runs));
}

inline std::string lost_update_by_lock(auto& bank) {
  bool held_back = false;
  lockstep::with_lock(bank.accounts, 1, [&](Account& mine) {
    try {
      const lockstep::ScopedLock other{bank.accounts, 1, lockstep::LockMode::exclusive,
                                       lockstep::Wait::never()};
    } catch (const lockstep::LockUnavailable&) {
      held_back = true;
    }
    mine.balance += 2;
  });
  return verdict(!held_back, "the other has to wait");
}

inline std::string dirty_writes(auto& bank) {
  auto load = [&](int key) { return lockstep::load(bank.accounts, key); };
  auto mine = std::pair{load(1), load(2)};
  auto theirs = std::pair{load(1), load(2)};
  theirs.first->balance = theirs.second->balance = 11;
  mine.first->balance = mine.second->balance = 12;
  lockstep::Batch first{bank.db};
  first.save(bank.accounts, 1, theirs.first).save(bank.accounts, 2, theirs.second);
  lockstep::Batch second{bank.db};
  second.save(bank.accounts, 1, mine.first).save(bank.accounts, 2, mine.second);
  if (!first.commit()) throw std::logic_error{"nobody was in the way"};
  const auto commit = second.commit();
  return verdict(bank.balance(1) != bank.balance(2),
                 "a conflict that names " + std::to_string(commit.stale().size()) + " records");
}

inline std::string dirty_reads(auto& bank) {
  bool dirty = false;
  const auto look = [&] { dirty = dirty || bank.balance(1) != 100; };
  try {
    lockstep::transact(bank.db, [&](auto& tx) {
      tx.edit(bank.accounts, 1).balance = 101;
      look();
      throw std::runtime_error{"rolled back"};
    });
  } catch (const std::runtime_error&) {
    look();
  }
  return verdict(dirty, "");
}

inline std::string read_skew(auto& bank, auto&& run) {
  int runs = 0;
  bool torn = false;
  run([&](auto& tx) {
    const auto first = tx.read(bank.accounts, 1).balance;
    if (++runs == 1) lockstep::transfer(bank.accounts, {.from = 1, .to = 2, .amount = 30});
    torn = torn || first + tx.read(bank.accounts, 2).balance != 200;
  });
  return verdict(torn, again(runs));
}

inline std::string write_skew(auto& bank) {
  int runs = 0;
  // Each may go below zero only as long as both together do not.
  const auto withdraw = [&](auto& tx, int from, int other) {
    auto& mine = tx.edit(bank.accounts, from);
    if (mine.balance + tx.read(bank.accounts, other).balance >= 150) mine.balance -= 150;
  };
  lockstep::transact(bank.db, [&](auto& tx) {
    withdraw(tx, 1, 2);
    if (++runs == 1) lockstep::transact(bank.db, [&](auto& theirs) { withdraw(theirs, 2, 1); });
  });
  return verdict(bank.balance(1) + bank.balance(2) < 0, again(runs));
}

inline std::string write_skew_of_absent_records(auto& bank) {
  int runs = 0;
  const auto claim = [&](auto& tx, int mine, int other) {
    if (!tx.find(bank.accounts, other) && !tx.find(bank.accounts, mine))
      tx.insert(bank.accounts, mine, {"dan", 0});
  };
  lockstep::transact(bank.db, [&](auto& tx) {
    claim(tx, 4, 5);
    if (++runs == 1) lockstep::transact(bank.db, [&](auto& theirs) { claim(theirs, 5, 4); });
  });
  return verdict(lockstep::find(bank.accounts, 4) && lockstep::find(bank.accounts, 5), again(runs));
}

}  // namespace isolation

/// Compares a column of the page with what `make()`'s banks show, each case with a bank of its own.
template <class Bank>
void check_verbs(DocumentTable& table, const std::string& column, auto&& make) {
  namespace cases = isolation;
  const auto check = [&](const std::string& row, auto&& observe) {
    table.check(row, column, observe(*make()));
  };
  check("G0: `Batch`", [](Bank& bank) { return cases::dirty_writes(bank); });
  check("G1a, G1b: `load`", [](Bank& bank) { return cases::dirty_reads(bank); });
  check("P4: `save`", [](Bank& bank) { return cases::lost_update_by_save(bank); });
  check("P4: `update`", [](Bank& bank) { return cases::lost_update_by_update(bank); });
  check("P4: `transact` against `transfer`", [](Bank& bank) { return cases::lost_update_by_transact(bank); });
  check("P4: `with_lock`", [](Bank& bank) { return cases::lost_update_by_lock(bank); });
  check("G-single: `transact` against `transfer`", [](Bank& bank) {
    return cases::read_skew(bank, [&](auto&& fn) {
      lockstep::transact(bank.db, [&](auto& tx) {
        fn(tx);
        tx.touch(bank.accounts, 3);
      });
    });
  });
  check("G-single: `read_only` against `transfer`", [](Bank& bank) {
    return cases::read_skew(bank, [&](auto&& fn) { lockstep::read_only(bank.db, fn); });
  });
  check("G2-item: `transact`", [](Bank& bank) { return cases::write_skew(bank); });
  check("G2, of keys: `transact`", [](Bank& bank) { return cases::write_skew_of_absent_records(bank); });
}

}  // namespace test
