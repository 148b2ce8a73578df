#include <lockstep/memory/table.hpp>
#include <lockstep/verbs/lock.hpp>
#include <lockstep/verbs/transact.hpp>
#include <lockstep/verbs/update.hpp>

#include "support/bank.hpp"
#include "support/scripted_runtime.hpp"
#include "support/throwing.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cctype>
#include <functional>
#include <latch>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

using namespace lockstep;
using test::Account;
using test::Bank;
using test::CopyFailed;
using test::fail_each_copy;
using test::ScriptedRuntime;
using test::Throwing;

namespace {

using Integers = memory::Table<int, int>;
static_assert(LockableStorage<Integers> && SavepointSession<memory::Session<>> && NumberedStorage<Integers> &&
              AtomicStorage<Integers> && UnguardedStorage<Integers> && LocalStorage<Integers>);

int lower(char c) { return std::tolower(static_cast<unsigned char>(c)); }

struct CaseBlindHash {
  std::size_t operator()(const std::string& text) const {
    std::size_t hash = 0;
    for (const char c : text) hash = hash * 31 + static_cast<std::size_t>(lower(c));
    return hash;
  }
};

struct CaseBlindEqual {
  bool operator()(const std::string& a, const std::string& b) const {
    return a.size() == b.size() &&
           std::equal(a.begin(), a.end(), b.begin(),
                      [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
  }
};

/// A key whose text fails to be made when it is told to.
struct Unspeakable {
  int number = 0;
  static inline bool speechless = false;

  friend bool operator==(Unspeakable, Unspeakable) = default;
  friend std::string to_string(Unspeakable key) {
    if (speechless) throw std::runtime_error{"no words"};
    return std::to_string(key.number);
  }
};

struct UnspeakableHash {
  std::size_t operator()(Unspeakable key) const { return static_cast<std::size_t>(key.number); }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(table)

BOOST_AUTO_TEST_CASE(a_table_without_a_name_is_given_one) {
  memory::Database db;
  const memory::Table<int, int> first{db};
  const memory::Table<int, int> second{db};
  BOOST_TEST(!first.name().empty());
  BOOST_TEST(first.name() != second.name());
}

BOOST_AUTO_TEST_CASE(keys_are_found_by_the_tables_own_hash_and_equality) {
  memory::Database db;
  memory::Table<std::string, int, StdRuntime, CaseBlindHash, CaseBlindEqual> ages{db};
  insert(ages, "Ann", 40).or_throw();
  BOOST_TEST(load(ages, "aNN").record == 40);
  BOOST_TEST(!insert(ages, "ANN", 41));
}

BOOST_AUTO_TEST_CASE(tables_of_one_database_with_equal_keys_hold_different_records) {
  memory::Database db;
  memory::Table<int, int> first{db};
  memory::Table<int, int> second{db};
  auto session = db.session();
  first.write(session, 1, {}, 10);
  second.write(session, 1, {}, 20);
  BOOST_TEST(static_cast<bool>(session.commit()));
  BOOST_TEST(load(first, 1).record == 10);
  BOOST_TEST(load(second, 1).record == 20);
}

BOOST_AUTO_TEST_CASE(an_unguarded_write_lands_whatever_the_version_is_and_is_counted) {
  Bank bank;
  bank.deposit(1, 5);
  auto session = bank.db.session();
  bank.accounts.write_unguarded(session, 1, {"eve", 7});
  bank.accounts.erase_unguarded(session, 2);
  BOOST_TEST(bank.db.unguarded_writes() == 0U);
  BOOST_TEST(static_cast<bool>(session.commit()));
  BOOST_TEST(bank.balance(1) == 7);
  BOOST_TEST(bank.version(1) == Version{2});
  BOOST_TEST(!find(bank.accounts, 2).has_value());
  BOOST_TEST(bank.db.unguarded_writes() == 2U);
}

BOOST_AUTO_TEST_CASE(an_unguarded_write_needs_a_record_to_be_there) {
  Bank bank;
  for (const bool erases : {false, true}) {
    auto session = bank.db.session();
    if (erases) {
      bank.accounts.erase_unguarded(session, 9);
    } else {
      bank.accounts.write_unguarded(session, 9, {});
    }
    const auto commit = session.commit();
    BOOST_REQUIRE(!commit);
    BOOST_TEST(commit.stale().front()->expected_text() == "any");
    BOOST_TEST(commit.stale().front()->actual_text() == "absent");
  }
  BOOST_TEST(bank.db.unguarded_writes() == 0U);
}

BOOST_AUTO_TEST_CASE(an_insert_after_an_unguarded_write_of_the_record_cannot_hold) {
  Bank bank;
  auto session = bank.db.session();
  bank.accounts.write_unguarded(session, 1, {"eve", 7});
  bank.accounts.write(session, 1, {}, {"eve", 8});
  BOOST_TEST(!session.commit());
  BOOST_TEST(bank.balance(1) == 100);
}

BOOST_AUTO_TEST_CASE(what_is_staged_for_one_record_is_merged) {
  Bank bank;
  auto session = bank.db.session();
  bank.accounts.write(session, 1, Version{0}, {"ann", 1});
  bank.accounts.erase(session, 1, Version{0});
  bank.accounts.write(session, 1, {}, {"ann", 2});  // an erase and an insert are one write
  bank.accounts.write(session, 9, {}, {"eve", 1});
  bank.accounts.erase(session, 9, {});  // an insert and an erase are nothing, of an absent record
  BOOST_TEST(static_cast<bool>(session.commit()));
  BOOST_TEST(bank.balance(1) == 2);
  BOOST_TEST(bank.version(1) == Version{1});
  BOOST_TEST(!find(bank.accounts, 9).has_value());
  BOOST_TEST(insert(bank.accounts, 9, {}).version() == Version{0});  // no version was used for it
}

BOOST_AUTO_TEST_CASE(an_insert_taken_back_still_needs_the_record_to_be_absent) {
  Bank bank;
  auto session = bank.db.session();
  bank.accounts.write(session, 1, {}, {"eve", 1});
  bank.accounts.erase(session, 1, {});
  BOOST_TEST(!session.commit());
  BOOST_TEST(bank.balance(1) == 100);
}

BOOST_AUTO_TEST_CASE(a_chosen_version_survives_a_later_change_of_the_insert) {
  Bank bank;
  auto session = bank.db.session();
  bank.accounts.insert(session, 9, {"eve", 1}, Version{42});
  bank.accounts.write(session, 9, {}, {"eve", 2});
  BOOST_TEST(static_cast<bool>(session.commit()));
  BOOST_TEST(bank.version(9) == Version{42});
  BOOST_TEST(bank.balance(9) == 2);
}

BOOST_AUTO_TEST_CASE(nothing_lands_if_the_version_of_one_write_cannot_move) {
  Bank bank;
  insert(bank.accounts, 9, {"eve", 1}, Version::last()).or_throw();
  auto session = bank.db.session();
  bank.accounts.write(session, 1, Version{0}, {"ann", 0});
  bank.accounts.write(session, 9, Version::last(), {"eve", 0});
  BOOST_CHECK_THROW(static_cast<void>(session.commit()), VersionUnavailable);
  BOOST_TEST(bank.balance(1) == 100);
  BOOST_TEST(bank.balance(9) == 1);
  BOOST_TEST(!bank.locked(1));
  BOOST_TEST(!bank.locked(9));
}

BOOST_AUTO_TEST_CASE(a_session_that_read_what_has_moved_cannot_go_on_reading) {
  Bank bank;
  auto session = bank.db.session();
  static_cast<void>(bank.accounts.load(session, 1));
  static_cast<void>(bank.accounts.load(session, 2));
  bank.deposit(1, 1);
  bank.deposit(2, 1);
  try {
    static_cast<void>(bank.accounts.load(session, 3));
    BOOST_ERROR("not thrown");
  } catch (const StaleRecord& stale) {
    BOOST_TEST(stale.commit().stale().size() == 2U);
    BOOST_TEST(stale.what() ==
               "stale: accounts[1]: validate expected version 0, found 1; "
               "accounts[2]: validate expected version 0, found 1");
  }
  BOOST_CHECK_THROW(static_cast<void>(bank.accounts.load(session, 1)), StaleRecord);
}

BOOST_AUTO_TEST_CASE(a_session_notices_that_what_it_found_absent_has_come) {
  Bank bank;
  auto session = bank.db.session();
  BOOST_TEST(!bank.accounts.load(session, 9).has_value());
  insert(bank.accounts, 9, {"eve", 5}).or_throw();
  BOOST_CHECK_THROW(static_cast<void>(bank.accounts.load(session, 1)), StaleRecord);
}

BOOST_AUTO_TEST_CASE(a_session_notices_that_what_it_read_is_gone_and_has_come_again) {
  Bank bank;
  auto session = bank.db.session();
  static_cast<void>(bank.accounts.load(session, 1));
  erase(bank.accounts, 1, Version{0}).or_throw();
  insert(bank.accounts, 1, {"ann", 100}).or_throw();
  BOOST_CHECK_THROW(static_cast<void>(bank.accounts.load(session, 2)), StaleRecord);
}

BOOST_AUTO_TEST_CASE(records_may_be_large_and_shared_by_many_sessions_that_end_in_any_order) {
  memory::Database db;
  memory::Table<int, std::vector<int>> lists{db};
  insert(lists, 1, std::vector<int>(1000, 1)).or_throw();
  auto first = std::make_unique<memory::Session<>>(db.session());
  auto second = std::make_unique<memory::Session<>>(db.session());
  for (int key = 1; key <= 50; ++key) {  // most of them absent: known to the sessions alone
    static_cast<void>(lists.load(*first, key));
    static_cast<void>(lists.load(*second, key));
    lists.lock(*first, key, LockMode::shared);
  }
  first.reset();
  BOOST_TEST(lists.load(*second, 1)->record.size() == 1000U);
  lists.write(*second, 1, Version{0}, std::vector<int>{2});
  BOOST_TEST(static_cast<bool>(second->commit()));
  second.reset();
  BOOST_TEST(load(lists, 1).record.size() == 1U);
}

BOOST_AUTO_TEST_CASE(a_record_whose_destructor_uses_the_database_does_no_harm) {
  memory::Database db;
  memory::Table<int, int> log{db};
  struct Farewell {
    explicit Farewell(memory::Table<int, int>* table) : log{table} {}
    Farewell(const Farewell&) = delete;
    Farewell& operator=(const Farewell&) = delete;
    memory::Table<int, int>* log;
    ~Farewell() { static_cast<void>(log->load(1)); }
  };
  memory::Table<int, std::shared_ptr<Farewell>> records{db};
  insert(records, 1, std::make_shared<Farewell>(&log)).or_throw();
  update(records, 1, [&](auto& record) { record = std::make_shared<Farewell>(&log); });
  erase(records, 1, Version{1}).or_throw();
  BOOST_TEST(!find(records, 1).has_value());
}

BOOST_AUTO_TEST_CASE(a_copy_that_throws_leaves_the_old_value_and_a_table_that_works) {
  memory::Database db;
  memory::Table<int, Throwing> records{db, "records"};
  insert(records, 1, Throwing{1}).or_throw();
  insert(records, 2, Throwing{1}).or_throw();
  auto before = records.load(1)->version;
  const auto unharmed = [&] {
    BOOST_TEST(records.load(1)->record.value() == 1);
    BOOST_TEST(records.load(2)->record.value() == 1);
    BOOST_TEST(records.load(1)->version == before);
    auto other = db.session();
    BOOST_TEST(records.lock(other, 1, LockMode::exclusive, Wait::skip()));
    BOOST_TEST(records.lock(other, 2, LockMode::exclusive, Wait::skip()));
  };

  BOOST_TEST(fail_each_copy([&] { static_cast<void>(load(records, 1)); }, unharmed) > 0);
  BOOST_TEST(fail_each_copy([&] { static_cast<void>(insert(records, 1, Throwing{9})); }, unharmed) > 0);
  const auto stale = [&] {
    Versioned value{Throwing{9}, Version{77}};
    BOOST_TEST(!save(records, 1, value));
  };
  BOOST_TEST(fail_each_copy(stale, unharmed) > 0);

  const auto set_both = [&](int value) {
    transact(db, [&](auto& tx) {
      tx.edit(records, 1).set(value);
      tx.edit(records, 2).set(value);
    });
  };
  const auto both_are = [&](int value) {
    return records.load(1)->record.value() == value && records.load(2)->record.value() == value;
  };
  BOOST_TEST(fail_each_copy([&] { set_both(2); }, unharmed) > 0);
  BOOST_TEST(both_are(2));
}

BOOST_AUTO_TEST_CASE(a_copy_that_throws_in_any_verb_leaves_the_record_whole) {
  memory::Database db;
  memory::Table<int, Throwing> records{db, "records"};
  insert(records, 1, Throwing{0}).or_throw();
  int expected = 0;
  // A copy may also fail after the write has landed: then it is whole, and the next value.
  const auto whole = [&] {
    const auto value = records.load(1)->record.value();
    BOOST_TEST((value == expected || value == expected + 1));
    expected = value;
    auto other = db.session();
    BOOST_TEST(records.lock(other, 1, LockMode::exclusive, Wait::skip()));
  };
  const auto increment = [](Throwing& record) { record.set(record.value() + 1); };
  fail_each_copy([&] { update(records, 1, increment); }, whole);
  whole();
  fail_each_copy([&] { with_lock(records, 1, increment); }, whole);
  whole();
  fail_each_copy([&] { change_if(records, 1, [](const Throwing&) { return true; }, increment); }, whole);
  whole();
  const auto draft = [&] {
    auto value = edit(load(records, 1));
    increment(*value);
    save(records, 1, value).or_throw();
  };
  fail_each_copy(draft, whole);
  whole();
  BOOST_TEST(expected >= 4);
}

BOOST_AUTO_TEST_CASE(a_nested_part_that_cannot_be_undone_takes_the_transaction_with_it) {
  memory::Database db;
  memory::Table<int, Throwing> records{db};
  insert(records, 1, Throwing{1}).or_throw();
  insert(records, 2, Throwing{1}).or_throw();
  const auto half_undone = [&](auto& tx) {
    tx.edit(records, 1).set(2);
    const auto failing = [&] {
      tx.edit(records, 1).set(3);
      tx.edit(records, 2).set(3);
      Throwing::countdown() = 2;  // the undo of the second record fails
      throw std::runtime_error{"no"};
    };
    BOOST_CHECK_THROW(tx.nested(failing), CopyFailed);
  };
  BOOST_CHECK_THROW(transact(db, half_undone), CopyFailed);
  Throwing::countdown() = 0;
  BOOST_TEST(load(records, 1)->value() == 1);
  BOOST_TEST(load(records, 2)->value() == 1);
}

BOOST_FIXTURE_TEST_CASE(a_key_without_a_text_leaves_no_ghost_in_the_queue, test::Scripted) {
  memory::Database<ScriptedRuntime> db;
  memory::Table<Unspeakable, int, ScriptedRuntime, UnspeakableHash> records{db};
  auto holder = std::make_unique<memory::Session<ScriptedRuntime>>(db.session());
  records.lock(*holder, {1});
  {
    auto waiter = db.session();
    Unspeakable::speechless = true;
    BOOST_CHECK_THROW(records.lock(waiter, {1}), std::runtime_error);
    Unspeakable::speechless = false;
  }
  holder.reset();
  auto next = db.session();
  BOOST_TEST(records.lock(next, {1}, LockMode::exclusive, Wait::skip()));
}

BOOST_AUTO_TEST_CASE(threads_insert_update_and_erase_many_records_at_once) {
  memory::Database db;
  memory::Table<int, int> counters{db};
  constexpr int keys = 16;
  constexpr int rounds = 300;
  std::atomic<int> inserted = 0;
  std::atomic<int> erased = 0;
  {
    std::latch start{4};
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < 4; ++thread) {
      threads.emplace_back([&, thread] {
        start.arrive_and_wait();
        for (int i = 0; i < rounds; ++i) {
          const int key = (i * 7 + thread * 3) % keys;
          if (auto found = find(counters, key); !found) {
            inserted += static_cast<bool>(insert(counters, key, 0));
          } else if (found->record >= 3) {
            erased += static_cast<bool>(erase(counters, key, *found));
          } else {
            ++found->record;
            static_cast<void>(save(counters, key, *found));
          }
        }
      });
    }
  }
  int present = 0;
  for (int key = 0; key < keys; ++key) present += find(counters, key).has_value();
  BOOST_TEST(inserted - erased == present);
}

BOOST_AUTO_TEST_CASE(two_tables_of_a_database_have_two_names) {
  memory::Database db;
  memory::Database other;
  const memory::Table<int, Account> accounts{db, "accounts"};
  const memory::Table<int, Account> elsewhere{other, "accounts"};
  using Words = memory::Table<std::string, std::string>;
  BOOST_CHECK_EXCEPTION((Words{db, "accounts"}), memory::NameTaken, [](const memory::NameTaken& taken) {
    return taken.name() == "accounts" &&
           std::string_view{taken.what()} == "a table named accounts is in this database already";
  });
}

BOOST_AUTO_TEST_CASE(the_name_of_a_table_that_is_gone_is_free) {
  memory::Database db;
  {
    const memory::Table<int, int> table{db, "numbers"};
  }
  const memory::Table<int, int> again{db, "numbers"};
  BOOST_TEST(again.name() == "numbers");
}

BOOST_AUTO_TEST_CASE(a_table_without_a_name_gets_one_that_nobody_has) {
  memory::Database db;
  const memory::Table<int, int> named{db, "table2"};
  const memory::Table<int, int> unnamed{db};
  BOOST_TEST(unnamed.name() != "table2");
  const memory::Table<int, int> third{db};
  BOOST_TEST(third.name() != unnamed.name());
}

BOOST_AUTO_TEST_SUITE_END()
