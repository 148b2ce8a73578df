#include <lockstep/memory/cell.hpp>
#include <lockstep/verbs/cells.hpp>

#include "support/at_once.hpp"
#include "support/print.hpp"

#include <boost/test/unit_test.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <stdexcept>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

using namespace lockstep;
using test::at_once;
using namespace std::chrono_literals;

namespace {

struct Account {
  long balance = 0;
  long points = 0;
  bool operator==(const Account&) const = default;
};
using Cell = memory::Cell<Account>;

struct NoEquality {
  int number = 0;
  bool padded = false;  // so that bytes do not say whether it is another one
};
/// Not a multiple of a word, and without a default.
struct Odd {
  explicit Odd(char first) : bytes{first} {}
  std::array<char, 13> bytes;
  bool operator==(const Odd&) const = default;
};
struct Wide {
  std::array<std::uint64_t, 64> words{};
  bool operator==(const Wide&) const = default;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(cell)

BOOST_AUTO_TEST_CASE(holds_its_record_from_the_beginning_at_version_zero) {
  const Cell filled{Account{100}};
  BOOST_TEST(load(filled)->balance == 100);
  BOOST_TEST(load(filled).version == Version{0});
  const Cell empty;
  BOOST_TEST(load(empty)->balance == 0);
}

BOOST_AUTO_TEST_CASE(records_of_any_size_come_back_as_they_went_in) {
  memory::Cell<char> small{'x'};
  BOOST_TEST(load(small).record == 'x');
  memory::Cell<Odd> odd{Odd{'o'}};
  update(odd, [](Odd& record) { record.bytes.back() = 'd'; });
  BOOST_TEST((load(odd)->bytes.front() == 'o' && load(odd)->bytes.back() == 'd'));
  memory::Cell<Wide> wide;
  update(wide, [](Wide& record) {
    for (std::size_t i = 0; i != record.words.size(); ++i) record.words.at(i) = i;
  });
  for (std::size_t i = 0; i != 64; ++i) BOOST_TEST(load(wide)->words.at(i) == i);
}

BOOST_AUTO_TEST_CASE(dense_cells_are_their_record_and_a_word_and_padded_ones_have_lines_of_their_own) {
  static_assert(sizeof(memory::Cell<long>) == 16 && alignof(memory::Cell<long>) == 16);
  static_assert(sizeof(Cell) == 24);
  static_assert(sizeof(memory::Cell<Odd>) == 24);
  static_assert(sizeof(memory::Cell<long, StdRuntime, memory::Layout::padded>) == 64);
  static_assert(!std::is_copy_constructible_v<Cell> && !std::is_move_constructible_v<Cell>);
  const std::vector<Cell> many(10);
  BOOST_TEST(load(many.back())->balance == 0);
}

BOOST_AUTO_TEST_CASE(two_loads_are_two_values_and_the_second_save_is_stale_and_says_what_is_there) {
  Cell account{Account{100}};
  auto mine = load(account);
  auto theirs = load(account);
  theirs->balance = 70;
  BOOST_TEST(save(account, theirs).version() == Version{1});
  BOOST_TEST(theirs.version == Version{1});
  mine->balance = 1;
  const auto saved = save(account, mine);
  BOOST_REQUIRE(!saved);
  BOOST_TEST(saved.conflict().expected() == Version{0});
  BOOST_TEST(saved.conflict().actual() == Version{1});
  BOOST_TEST(saved.conflict().current()->record.balance == 70);
  BOOST_TEST(to_string(saved.conflict()) == "cell[0]: update expected version 0, found 1");
  BOOST_TEST(mine.version == Version{0});
  BOOST_TEST(load(account)->balance == 70);
}

BOOST_AUTO_TEST_CASE(what_does_not_change_is_not_written_where_records_can_be_compared) {
  Cell account{Account{100}};
  auto value = load(account);
  BOOST_TEST(save(account, value).version() == Version{0});
  update(account, [](Account& a) { a.balance = 100; });
  transact(account, [](Account& a) { a.balance += 0; });
  with_lock(account, [](Account&) {});
  BOOST_TEST(load(account).version == Version{0});
  memory::Cell<NoEquality> opaque;
  BOOST_TEST(update(opaque, [](NoEquality&) {}).version == Version{1});
}

BOOST_AUTO_TEST_CASE(an_unchanged_value_that_is_stale_is_still_a_conflict) {
  Cell account{Account{100}};
  auto value = load(account);
  update(account, [](Account& a) { a.balance = 1; });
  BOOST_TEST(!save(account, value));
}

BOOST_AUTO_TEST_CASE(a_draft_is_saved_if_it_is_dirty_and_starts_anew_then) {
  Cell account{Account{100}};
  auto draft = edit(load(account));
  BOOST_TEST(static_cast<bool>(save(account, draft)));
  BOOST_TEST(load(account).version == Version{0});
  draft->balance = 7;
  BOOST_TEST(save(account, draft).version() == Version{1});
  BOOST_TEST(!draft.dirty());
  BOOST_TEST(draft.version() == Version{1});
}

BOOST_AUTO_TEST_CASE(what_a_change_throws_leaves_the_record_and_no_lock) {
  Cell account{Account{100}};
  Cell other{Account{100}};
  const auto fail = [](Account& a) {
    a.balance = 0;
    throw std::runtime_error{"no"};
  };
  BOOST_CHECK_THROW(update(account, fail), std::runtime_error);
  BOOST_CHECK_THROW(update(account, fail, Retry{.locking = Locking::pessimistic}), std::runtime_error);
  BOOST_CHECK_THROW(with_lock(account, fail), std::runtime_error);
  BOOST_CHECK_THROW(transact(account, other, [&](Account& a, Account&) { fail(a); }), std::runtime_error);
  BOOST_TEST(load(account)->balance == 100);
  BOOST_TEST(load(account).version == Version{0});
  with_lock(account, [](Account& a) { a.balance = 5; }, Wait::never());
  BOOST_TEST(load(account)->balance == 5);
}

BOOST_AUTO_TEST_CASE(a_guard_that_does_not_hold_is_a_value_and_changes_nothing) {
  memory::Cell<NoEquality> stock{NoEquality{5}};
  const auto take = [&](int wanted) {
    return change_if(
        stock, [=](const NoEquality& left) { return left.number >= wanted; },
        [=](NoEquality& left) { left.number -= wanted; });
  };
  BOOST_TEST(!take(6));
  BOOST_TEST(load(stock).version == Version{0});
  BOOST_TEST(take(5)->record.number == 0);
}

BOOST_AUTO_TEST_CASE(verbs_return_what_their_function_does) {
  Cell account{Account{100}};
  BOOST_TEST(with_lock(account, [](Account& a) { return std::exchange(a.balance, 3); }) == 100);
  BOOST_TEST(update(account, [](Account& a) { ++a.balance; })->balance == 4);
  const Cell other{Account{6}};
  const auto sum = [](const Account& a, const Account& b) { return a.balance + b.balance; };
  BOOST_TEST(read_only(account, other, sum) == 10);
  const auto copy = transact(account, other, [](Account& a, const Account& b) {
    a.balance = b.balance;
    return std::make_unique<long>(a.balance);
  });
  BOOST_TEST(*copy == 6);
  BOOST_TEST(load(account)->balance == 6);
}

BOOST_AUTO_TEST_CASE(a_counter_at_its_end_is_an_error_and_never_wraps) {
  Cell account{Account{100}, Cell::last_version()};
  Cell other{Account{100}};
  const auto spend = [](Account& a) { --a.balance; };
  BOOST_CHECK_THROW(update(account, spend), VersionUnavailable);
  BOOST_CHECK_THROW(with_lock(account, spend), VersionUnavailable);
  BOOST_CHECK_THROW(transfer(other, account, 1), VersionUnavailable);
  auto value = load(account);
  value->balance = 0;
  BOOST_CHECK_THROW(static_cast<void>(save(account, value)), VersionUnavailable);
  BOOST_TEST(load(account)->balance == 100);
  BOOST_TEST(load(account).version == Cell::last_version());
  BOOST_TEST(load(other)->balance == 100);
}

BOOST_AUTO_TEST_CASE(a_held_cell_is_read_and_who_does_not_wait_is_told) {
  Cell account{Account{100}};
  const auto spend = [](Account& a) { --a.balance; };
  with_lock(account, [&](Account& a) {
    a.balance = 1;
    std::thread{[&] {
      BOOST_TEST(load(account)->balance == 100);
      BOOST_CHECK_THROW(with_lock(account, spend, Wait::never()), LockUnavailable);
      BOOST_CHECK_THROW(with_lock(account, spend, Wait::skip()), LockUnavailable);
      BOOST_CHECK_THROW(with_lock(account, spend, Wait::up_to(100us)), LockTimeout);
      BOOST_CHECK_THROW(with_lock(account, spend, Wait::up_to(-1us)), LockTimeout);
    }}.join();
  });
  BOOST_TEST(load(account)->balance == 1);
}

BOOST_AUTO_TEST_CASE(a_transfer_is_refused_as_it_is_in_a_table) {
  Cell a{Account{100, 7}};
  Cell b{Account{std::numeric_limits<long>::max()}};
  BOOST_CHECK_THROW(transfer(a, b, 0), AmountNotPositive);
  BOOST_CHECK_THROW(transfer(a, a, 1), SameAccount);
  BOOST_CHECK_THROW(transfer(a, b, 101), InsufficientFunds);
  BOOST_CHECK_THROW(transfer(a, b, 1), AmountOverflow);
  BOOST_TEST(load(a).version == Version{0});
  transfer<&Account::points>(a, b, 7);
  BOOST_TEST(load(a)->points == 0);
  BOOST_TEST(load(b)->points == 7);
}

BOOST_AUTO_TEST_CASE(limits_of_a_loop_are_those_of_retry) {
  Cell account{Account{100}};
  unsigned attempts = 0;
  const auto overtaken = [&](Account& a) {
    ++attempts;
    auto theirs = load(account);
    ++theirs->points;
    save(account, theirs).or_throw();
    ++a.balance;
  };
  Retry retry{.attempts = 3, .locking = Locking::optimistic, .base = {}};
  unsigned observed = 0;
  retry.observer = [&](const Retrying&) { ++observed; };
  try {
    update(account, overtaken, retry);
    BOOST_TEST(false);
  } catch (const Exhausted& exhausted) {
    BOOST_TEST(exhausted.attempts() == 3U);
    BOOST_TEST(to_string(*exhausted.last().stale().front()) == "cell[0]: update expected version 2, found 3");
  }
  BOOST_TEST(attempts == 3U);
  BOOST_TEST(observed == 2U);
  BOOST_TEST(load(account)->balance == 100);
}

// On real threads, with all of the machine's orders and back-offs. Lost or torn changes show in the sums.

BOOST_AUTO_TEST_CASE(of_many_threads_no_change_is_lost_and_no_copy_is_torn) {
  memory::Cell<Wide> shared;
  constexpr std::uint64_t rounds = 2'000;
  constexpr std::uint64_t writers = 3;
  at_once(5, [&](int thread) {
    for (std::uint64_t i = 0; i != rounds; ++i) {
      const auto one_more = [](Wide& record) {
        for (auto& word : record.words) ++word;
      };
      if (thread == 0) {
        with_lock(shared, one_more);
      } else if (thread < static_cast<int>(writers)) {
        update(shared, one_more);
      } else {
        const auto copy = load(shared);
        for (const auto word : copy->words) {
          if (word != copy.version.number()) BOOST_TEST(word == copy.version.number());
        }
      }
    }
  });
  BOOST_TEST(load(shared)->words.back() == writers * rounds);
  BOOST_TEST(load(shared).version == Version{writers * rounds});
}

BOOST_AUTO_TEST_CASE(transfers_of_many_threads_keep_the_sum_at_every_moment) {
  constexpr std::size_t count = 4;
  std::array<Cell, count> cells;
  for (auto& each : cells) update(each, [](Account& a) { a.balance = 1'000'000; });
  at_once(4, [&](int thread) {
    for (std::size_t i = 0; i != 3'000; ++i) {
      const auto from = (i * 7 + static_cast<std::size_t>(thread)) % count;
      const auto to = (from + 1 + i % (count - 1)) % count;
      if (thread == 0) {
        const long sum = read_only(cells[0], cells[1], cells[2], cells[3],
                                   [](const auto&... each) { return (each.balance + ...); });
        if (sum != 4'000'000) BOOST_TEST(sum == 4'000'000);
      } else {
        transfer(cells.at(from), cells.at(to), 1);
      }
    }
  });
  long sum = 0;
  for (const auto& each : cells) sum += load(each)->balance;
  BOOST_TEST(sum == 4'000'000);
}

BOOST_AUTO_TEST_CASE(of_two_that_each_read_what_the_other_writes_one_comes_first) {
  int skewed = 0;
  for (int round = 0; round != 500; ++round) {
    Cell a{Account{1}};
    Cell b{Account{1}};
    at_once(2, [&](int thread) {
      transact(std::as_const(thread == 0 ? a : b), thread == 0 ? b : a,
               [](const Account& theirs, Account& mine) { mine.balance -= theirs.balance; });
    });
    if (load(a)->balance == 0 && load(b)->balance == 0) ++skewed;
  }
  BOOST_TEST(skewed == 0);
}

BOOST_AUTO_TEST_SUITE_END()
