#include <lockstep/storage/staged.hpp>
#include <lockstep/verbs/merge.hpp>
#include <lockstep/verbs/transact.hpp>
#include <lockstep/verbs/transfer.hpp>

#include "support/print.hpp"
#include "support/records.hpp"
#include "support/shelf.hpp"

#include <boost/test/unit_test.hpp>

#include <stdexcept>
#include <string>
#include <vector>

using namespace lockstep;
using test::Account;
using Shelf = test::Shelf<int, Account>;

namespace {

/// Account 1 and 2 with 100 each, on a storage that can only load and apply.
struct Staged {
  Shelf accounts;

  Staged() {
    insert(accounts, 1, {"ann", 100}).or_throw();
    insert(accounts, 2, {"bob", 100}).or_throw();
  }

  void deposit(int key, std::int64_t amount) {
    auto value = load(accounts, key);
    value->balance += amount;
    save(accounts, key, value).or_throw();
  }
};

/// Writes down what it is to apply, and does nothing.
struct Recorder : StagedStorage<Recorder, int, int> {
  using StagedStorage::load;
  std::optional<Versioned<int>> load(int) { return Versioned{5, Version{3}}; }
  Version next(int, Version expected) {
    return expected.absent() ? Version{0} : Version{expected.number() + 1};
  }
  Commit apply(std::span<const Change> changes) {
    for (const auto& change : changes) {
      applied.push_back(std::string{to_string(change.action)} + ' ' + std::to_string(change.key) + " at " +
                        to_string(change.expected) + " lands at " + to_string(change.landing));
    }
    return {};
  }
  std::vector<std::string> applied;
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(staged, Staged)

BOOST_AUTO_TEST_CASE(every_verb_works_on_a_storage_of_two_functions) {
  update(accounts, 1, [](Account& account) { account.balance += 1; });
  BOOST_TEST(load(accounts, 1)->balance == 101);
  transfer(accounts, {.from = 1, .to = 2, .amount = 101});
  BOOST_TEST(load(accounts, 2)->balance == 201);
  auto draft = edit(load(accounts, 2));
  draft->owner = "eve";
  deposit(2, 1);
  save(accounts, 2, draft, merge_disjoint).or_throw();
  BOOST_TEST((load(accounts, 2).record == Account{"eve", 202}));
  erase(accounts, 1, load(accounts, 1)).or_throw();
  BOOST_TEST(!find(accounts, 1).has_value());
}

BOOST_AUTO_TEST_CASE(a_storage_without_locks_is_retried_optimistically_for_ever) {
  int attempts = 0;
  update(accounts, 1,
         [&](Account& account) {
           if (attempts++ < 10) deposit(1, 1);
           account.balance += 1000;
         },
         {.locking = Locking::pessimistic, .base = {}});
  BOOST_TEST(load(accounts, 1)->balance == 1110);
}

BOOST_AUTO_TEST_CASE(a_nested_part_that_fails_is_undone_without_savepoints_of_the_storage) {
  transact(accounts, [&](auto& tx) {
    tx.edit(accounts, 1).balance = 7;
    const auto failing = [&] {
      tx.edit(accounts, 1).balance = 8;
      tx.edit(accounts, 2).balance = 8;
      throw std::runtime_error{"no"};
    };
    BOOST_CHECK_THROW(tx.nested(failing), std::runtime_error);
  });
  BOOST_TEST(load(accounts, 1)->balance == 7);
  BOOST_TEST(load(accounts, 2)->balance == 100);
}

BOOST_AUTO_TEST_CASE(transactions_validate_what_they_read) {
  int runs = 0;
  transact(accounts, [&](auto& tx) {
    const auto seen = tx.read(accounts, 2).balance;
    if (runs++ == 0) deposit(2, 1);
    tx.edit(accounts, 1).balance = seen;
  });
  BOOST_TEST(runs == 2);
  BOOST_TEST(load(accounts, 1)->balance == 101);
}

BOOST_AUTO_TEST_CASE(what_is_staged_for_one_record_is_one_change) {
  Recorder recorder;
  auto session = recorder.session();
  recorder.write(session, 1, Version{3}, 10);
  recorder.write(session, 1, Version{3}, 11);
  recorder.write(session, 2, Version{3}, 10);
  recorder.erase(session, 2, Version{3});
  recorder.erase(session, 3, Version{3});
  recorder.write(session, 3, {}, 10);
  recorder.write(session, 4, {}, 10);
  recorder.write(session, 4, {}, 11);
  recorder.write(session, 5, {}, 10);
  recorder.erase(session, 5, {});
  recorder.expect(session, 6, Version{3});
  recorder.write(session, 6, Version{3}, 10);
  recorder.expect(session, 7, {});
  recorder.write(session, 7, {}, 10);
  recorder.write(session, 8, Version{3}, 10);
  recorder.expect(session, 8, Version{3});
  BOOST_TEST(static_cast<bool>(session.commit()));
  BOOST_TEST(recorder.applied ==
                 (std::vector<std::string>{"update 1 at 3 lands at 4", "erase 2 at 3 lands at absent",
                                           "update 3 at 3 lands at 4", "insert 4 at absent lands at 0",
                                           "validate 5 at absent lands at absent", "update 6 at 3 lands at 4",
                                           "insert 7 at absent lands at 0", "update 8 at 3 lands at 4"}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(two_guards_of_one_record_are_both_passed_on) {
  Recorder recorder;
  auto session = recorder.session();
  recorder.write(session, 1, Version{3}, 10);
  recorder.expect(session, 1, Version{4});
  BOOST_TEST(static_cast<bool>(session.commit()));
  BOOST_TEST(recorder.applied.size() == 2U);
}

BOOST_AUTO_TEST_CASE(nothing_staged_is_not_sent) {
  Recorder recorder;
  auto session = recorder.session();
  static_cast<void>(recorder.load(session, 1));
  BOOST_TEST(static_cast<bool>(session.commit()));
  BOOST_TEST(recorder.applied.empty());
}

BOOST_AUTO_TEST_SUITE_END()
