#include <lockstep/lockstep.hpp>
#include <lockstep/sim/recorded.hpp>

#include "support.hpp"

#include <boost/test/unit_test.hpp>

#include <stdexcept>

BOOST_AUTO_TEST_SUITE(recorded)

namespace {

using namespace lockstep::sim;
using Table = lockstep::memory::Table<int, int>;

struct Shelf {
  Shelf() {
    insert(table, 1, 10).or_throw();
    insert(table, 2, 20).or_throw();
  }

  lockstep::memory::Database<> db;
  Table table{db, "shelf"};
  TransactionHistory history;
  Recorded<Table> records{table, history};

  /// "T1: r shelf[1] 0, w shelf[1] 1; ..."
  [[nodiscard]] std::string told() const {
    std::string text;
    for (const auto& transaction : history.transactions()) {
      text += (text.empty() ? "" : "; ") + transaction.name + (transaction.committed ? ":" : " aborted:");
      for (const auto& event : transaction.events) {
        using Kind = TransactionEvent::Kind;
        text += event.kind == Kind::read ? " r " : event.kind == Kind::write ? " w " : " e ";
        text += event.key + " " + to_string(event.version);
      }
    }
    return text;
  }
};

}  // namespace

BOOST_AUTO_TEST_CASE(a_session_that_commits_is_a_transaction) {
  Shelf shelf;
  update(shelf.records, 1, [](int& value) { ++value; });
  transact(shelf.records, [&](auto& tx) {
    const int more = tx.read(shelf.records, 2);
    tx.edit(shelf.records, 1) += more;
    tx.insert(shelf.records, 3, 30);
  });
  BOOST_TEST(shelf.told() ==
             ": r shelf[1] 0 w shelf[1] 1; "
             ": r shelf[2] 0 r shelf[1] 1 r shelf[3] absent w shelf[1] 2 w shelf[3] 0");
  BOOST_TEST(*shelf.table.load(1).value() == 31);
}

BOOST_AUTO_TEST_CASE(a_load_outside_of_any_is_a_transaction_too) {
  Shelf shelf;
  static_cast<void>(shelf.records.load(1));
  static_cast<void>(shelf.records.load(7));
  BOOST_TEST(shelf.told() == ": r shelf[1] 0; : r shelf[7] absent");
}

BOOST_AUTO_TEST_CASE(as_transaction_takes_several_for_one) {
  Shelf shelf;
  const int sum = as_transaction(shelf.history, "sum", [&] {
    auto one = load(shelf.records, 1);
    return as_transaction(shelf.history, "inner", [&] {
      const auto two = load(shelf.records, 2);
      *one += *two;
      save(shelf.records, 1, one).or_throw();
      return *one;
    });
  });
  BOOST_TEST(sum == 30);
  BOOST_TEST(shelf.told() == "sum: r shelf[1] 0 r shelf[2] 0 r shelf[1] 0 w shelf[1] 1");
}

BOOST_AUTO_TEST_CASE(what_a_lost_session_read_is_forgotten) {
  Shelf shelf;
  auto session = shelf.records.session();
  const auto seen = shelf.records.load(session, 1).value();
  shelf.records.write(session, 1, seen.version, 11);
  update(shelf.table, 1, [](int& value) { value = 12; });
  BOOST_TEST(!session.commit());
  BOOST_TEST(shelf.told() == "");
}

BOOST_AUTO_TEST_CASE(an_exception_ends_a_transaction_where_it_is) {
  Shelf shelf;
  const auto fail = [&](bool after_a_write) {
    as_transaction(shelf.history, after_a_write ? "late" : "early", [&] {
      auto one = load(shelf.records, 1);
      ++*one;
      if (after_a_write) save(shelf.records, 1, one).or_throw();
      throw std::runtime_error{"no"};
    });
  };
  BOOST_CHECK_THROW(fail(false), std::runtime_error);
  BOOST_CHECK_THROW(fail(true), std::runtime_error);
  BOOST_TEST(shelf.told() == "late: r shelf[1] 0 r shelf[1] 0 w shelf[1] 1");
}

BOOST_AUTO_TEST_CASE(erasing_and_unguarded_writes_are_recorded_with_their_versions) {
  Shelf shelf;
  auto one = load(shelf.table, 1);
  erase(shelf.records, 1, one).or_throw();
  auto two = load(shelf.table, 2);
  update(shelf.table, 2, [](int& value) { value = 21; });
  save(unguarded(shelf.records), 2, two).or_throw();
  erase(unguarded(shelf.records), 2, two).or_throw();
  BOOST_TEST(shelf.told() == ": e shelf[1] 0; : w shelf[2] 2; : e shelf[2] 2");
}

BOOST_AUTO_TEST_CASE(what_a_nested_part_staged_and_gave_up_is_not_recorded) {
  Shelf shelf;
  transact(shelf.records, [&](auto& tx) {
    tx.edit(shelf.records, 1) = 11;
    try {
      tx.nested([&] {
        tx.edit(shelf.records, 2) = 21;
        throw std::runtime_error{"no"};
      });
    } catch (const std::runtime_error&) {  // confined to the part
    }
  });
  BOOST_TEST(shelf.told() == ": r shelf[1] 0 r shelf[2] 0 w shelf[1] 1");
}

BOOST_AUTO_TEST_CASE(threads_have_transactions_of_their_own) {
  const Result result = explore([] {
    lockstep::memory::Database<Runtime> db;
    lockstep::memory::Table<int, int, Runtime> table{db, "shelf"};
    TransactionHistory history;
    Recorded records{table, history};
    Simulated shelf{records};
    quietly([&] { insert(table, 1, 0).or_throw(); });
    const auto count = [&] {
      as_transaction(history, "count", [&] {
        auto value = load(shelf, 1);
        ++*value;
        static_cast<void>(save(shelf, 1, value));
      });
    };
    concurrently(count, count);
    check_serializable(history);
    check(history.transactions().size() == 2, "there are two");
  });
  BOOST_TEST(result.passed(), result.report());
  BOOST_TEST(result.complete);
}

BOOST_AUTO_TEST_SUITE_END()
