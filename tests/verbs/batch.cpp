#include <lockstep/verbs/batch.hpp>

#include "support/bank.hpp"

#include <boost/test/unit_test.hpp>

#include <string>
#include <vector>

using namespace lockstep;
using test::Bank;

namespace {
std::vector<std::string> told(const Commit& commit) {
  std::vector<std::string> all;
  for (const auto& member : commit.stale()) all.push_back(to_string(*member));
  return all;
}
}  // namespace

BOOST_AUTO_TEST_SUITE(batch)

BOOST_AUTO_TEST_CASE(writes_to_several_storages_land_together_and_move_their_versions) {
  Bank bank;
  auto account = load(bank.accounts, 1);
  auto order = load(bank.orders, 7);
  account->balance -= order->total;
  order->paid = true;
  Batch batch{bank.db};
  batch.save(bank.accounts, 1, account).save(bank.orders, 7, order);
  batch.insert(bank.accounts, 9, {"eve", 5}).erase(bank.accounts, 3, Version{0});
  BOOST_TEST(account.version == Version{0});
  BOOST_TEST(static_cast<bool>(batch.commit()));
  BOOST_TEST(account.version == Version{1});
  BOOST_TEST(order.version == Version{1});
  BOOST_TEST((load(bank.accounts, 1) == account));
  BOOST_TEST((load(bank.orders, 7) == order));
  BOOST_TEST(bank.balance(9) == 5);
  BOOST_TEST(!find(bank.accounts, 3).has_value());
}

BOOST_AUTO_TEST_CASE(all_stale_members_are_reported_and_nothing_is_written) {
  Bank bank;
  auto first = load(bank.accounts, 1);
  auto second = load(bank.accounts, 2);
  const auto read = load(bank.accounts, 3);
  bank.deposit(1, 1);
  bank.deposit(2, 1);
  bank.deposit(3, 1);
  first->balance = second->balance = 0;
  Batch batch{bank.db};
  batch.save(bank.accounts, 1, first).save(bank.accounts, 2, second);
  batch.expect(bank.accounts, 3, read.version);
  batch.insert(bank.orders, 7, {});
  const auto commit = batch.commit();
  BOOST_TEST(told(commit) ==
                 (std::vector<std::string>{"accounts[1]: update expected version 0, found 1",
                                           "accounts[2]: update expected version 0, found 1",
                                           "accounts[3]: validate expected version 0, found 1",
                                           "orders[7]: insert expected no record, found one at version 0"}),
             boost::test_tools::per_element());
  BOOST_TEST(first.version == Version{0});
  BOOST_TEST(!load(bank.orders, 7)->paid);
}

BOOST_AUTO_TEST_CASE(a_second_write_of_one_record_is_refused_since_it_would_bury_the_first) {
  Bank bank;
  auto first = load(bank.accounts, 1);
  auto second = load(bank.accounts, 1);
  first->balance += 1;
  second->balance += 10;
  Batch batch{bank.db};
  batch.save(bank.accounts, 1, first);
  BOOST_CHECK_THROW(batch.save(bank.accounts, 1, second), NotSupported);
  BOOST_CHECK_THROW(batch.erase(bank.accounts, 1, first.version), NotSupported);
  BOOST_CHECK_THROW(batch.insert(bank.accounts, 1, {}), NotSupported);
  batch.insert(bank.accounts, 50, {});
  BOOST_CHECK_THROW(batch.insert(bank.accounts, 50, {}), NotSupported);
}

BOOST_AUTO_TEST_CASE(members_that_become_stale_while_the_batch_is_filled_are_all_reported) {
  Bank bank;
  auto first = load(bank.accounts, 1);
  auto second = load(bank.accounts, 2);
  first->balance = second->balance = 0;
  Batch batch{bank.db};
  batch.save(bank.accounts, 1, first);
  bank.deposit(1, 1);
  batch.save(bank.accounts, 2, second);
  bank.deposit(2, 1);
  BOOST_TEST(batch.commit().stale().size() == 2U);
}

BOOST_AUTO_TEST_CASE(a_member_that_is_only_validated_is_not_written) {
  Bank bank;
  auto account = load(bank.accounts, 1);
  account->balance = 0;
  Batch batch{bank.db};
  batch.save(bank.accounts, 1, account).expect(bank.accounts, 2, Version{0}).expect(bank.accounts, 9, {});
  BOOST_TEST(static_cast<bool>(batch.commit()));
  BOOST_TEST(bank.version(2) == Version{0});
}

BOOST_AUTO_TEST_CASE(a_broken_expectation_keeps_the_whole_batch_from_landing) {
  Bank bank;
  for (const bool absent : {false, true}) {
    auto account = load(bank.accounts, 1);
    account->balance = 0;
    Batch batch{bank.db};
    batch.save(bank.accounts, 1, account);
    batch.expect(bank.accounts, 2, absent ? Version{} : Version{4});
    BOOST_TEST(batch.commit().stale().size() == 1U);
    BOOST_TEST(bank.balance(1) == 100);
  }
}

BOOST_AUTO_TEST_CASE(a_changed_child_moves_its_parent_forward) {
  Bank bank;
  auto parent = load(bank.accounts, 1);
  auto holder = parent;
  auto child = load(bank.orders, 7);
  child->paid = true;
  Batch batch{bank.db};
  batch.save(bank.orders, 7, child).touch(bank.accounts, 1, parent);
  BOOST_TEST(static_cast<bool>(batch.commit()));
  BOOST_TEST(parent.version == Version{1});
  BOOST_TEST(bank.version(1) == Version{1});
  BOOST_TEST(bank.balance(1) == 100);
  holder->balance = 0;
  BOOST_TEST(!save(bank.accounts, 1, holder));
}

BOOST_AUTO_TEST_CASE(an_unchanged_member_is_validated_but_not_written,
                     *boost::unit_test::enable_if<test::looks_before_it_writes>()) {
  Bank bank;
  auto same = load(bank.accounts, 1);
  auto other = load(bank.accounts, 2);
  other->balance = 0;
  Batch batch{bank.db};
  batch.save(bank.accounts, 1, same).save(bank.accounts, 2, other);
  BOOST_TEST(static_cast<bool>(batch.commit()));
  BOOST_TEST(same.version == Version{0});
  BOOST_TEST(bank.version(1) == Version{0});

  Batch again{bank.db};
  other->balance = 1;
  again.save(bank.accounts, 1, same).save(bank.accounts, 2, other);
  bank.deposit(1, 1);
  BOOST_TEST(again.commit().stale().size() == 1U);
  BOOST_TEST(bank.balance(2) == 0);
}

BOOST_AUTO_TEST_CASE(a_batch_that_is_not_committed_leaves_no_trace) {
  Bank bank;
  auto account = load(bank.accounts, 1);
  account->balance = 0;
  {
    Batch{bank.db}.save(bank.accounts, 1, account);
  }
  BOOST_TEST(bank.balance(1) == 100);
  BOOST_TEST(account.version == Version{0});
}

BOOST_AUTO_TEST_CASE(a_batch_keeps_the_invariants) {
  memory::Database db;
  memory::Table<int, test::Purse> purses{db};
  Batch batch{purses};
  BOOST_CHECK_THROW(batch.insert(purses, 1, {"ann", -1}), ConstraintViolated);
  BOOST_TEST(static_cast<bool>(batch.commit()));
  BOOST_TEST(!find(purses, 1).has_value());
}

BOOST_AUTO_TEST_SUITE_END()
