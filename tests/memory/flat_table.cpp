#include <lockstep/memory/flat_table.hpp>
#include <lockstep/verbs/flat_table.hpp>

#include "support/at_once.hpp"
#include "support/print.hpp"

#include <boost/test/unit_test.hpp>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

using namespace lockstep;
using test::at_once;

namespace {

struct Account {
  long balance = 0;
  bool operator==(const Account&) const = default;
};
struct Record {
  std::array<long, 6> values{};
  bool operator==(const Record&) const = default;
};
/// A key of several fields.
struct Seat {
  int row = 0;
  int number = 0;
  bool operator==(const Seat&) const = default;
};
/// All keys have one home.
struct Same {
  std::size_t operator()(long /*key*/) const noexcept { return 42; }
};
/// Keys that differ in case are the same.
struct Folded {
  using is_transparent = void;
  static char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }
  std::size_t operator()(std::string_view text) const noexcept {
    std::size_t hash = 0;
    for (const char c : text) hash = hash * 31 + static_cast<unsigned char>(lower(c));
    return hash;
  }
  bool operator()(std::string_view left, std::string_view right) const noexcept {
    if (left.size() != right.size()) return false;
    for (std::size_t i = 0; i != left.size(); ++i) {
      if (lower(left[i]) != lower(right[i])) return false;
    }
    return true;
  }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(flat_table)

BOOST_AUTO_TEST_CASE(what_is_inserted_is_found_until_it_is_erased) {
  memory::FlatTable<int, Account> table;
  BOOST_TEST(!load(table, 1));
  insert(table, 1, Account{100}).or_throw();
  BOOST_TEST(load(table, 1)->record.balance == 100);
  BOOST_TEST(load(table, 1)->version == Version{0});
  BOOST_TEST(table.size() == 1U);
  BOOST_TEST(erase(table, 1));
  BOOST_TEST(!erase(table, 1));
  BOOST_TEST(!load(table, 1));
  BOOST_TEST(table.size() == 0U);
}

BOOST_AUTO_TEST_CASE(a_key_that_is_there_is_not_inserted_and_the_conflict_has_its_record) {
  memory::FlatTable<int, Account> table;
  insert(table, 1, Account{100}).or_throw();
  const auto again = insert(table, 1, Account{5});
  BOOST_TEST(!again);
  BOOST_TEST(again.conflict().key() == 1);
  BOOST_TEST(again.conflict().current()->record.balance == 100);
  BOOST_TEST(to_string(again.conflict()) == "table[1]: insert expected no record, found one at version 0");
}

BOOST_AUTO_TEST_CASE(an_update_returns_what_is_stored_and_moves_the_version) {
  memory::FlatTable<int, Account> table;
  insert(table, 1, Account{100}).or_throw();
  const auto stored = update(table, 1, [](Account& account) { account.balance += 5; });
  BOOST_TEST(stored->balance == 105);
  BOOST_TEST(stored.version == Version{1});
  BOOST_TEST(update(table, 1, [](Account&) {}).version == Version{1});  // nothing changed
  BOOST_CHECK_EXCEPTION(update(table, 2, [](Account&) {}), Missing, [](const Missing& missing) {
    return missing.what() == std::string{"table[2]: no such record"};
  });
}

BOOST_AUTO_TEST_CASE(what_a_change_throws_leaves_the_record_as_it_was) {
  memory::FlatTable<int, Account> table;
  insert(table, 1, Account{100}).or_throw();
  BOOST_CHECK_THROW(update(table, 1,
                           [](Account& account) {
                             account.balance = -1;
                             throw std::runtime_error{"no"};
                           }),
                    std::runtime_error);
  BOOST_TEST(load(table, 1)->record.balance == 100);
  BOOST_TEST(update(table, 1, [](Account& account) { ++account.balance; })->balance == 101);
}

BOOST_AUTO_TEST_CASE(a_save_is_guarded_by_the_version_that_was_loaded) {
  memory::FlatTable<int, Account> table;
  insert(table, 1, Account{100}).or_throw();
  auto mine = *load(table, 1);
  auto other = mine;
  mine->balance = 1;
  BOOST_TEST(static_cast<bool>(save(table, 1, mine)));
  BOOST_TEST(mine.version == Version{1});
  other->balance = 2;
  const auto lost = save(table, 1, other);
  BOOST_TEST(!lost);
  BOOST_TEST(lost.conflict().current()->record.balance == 1);
  BOOST_TEST(other.version == Version{0});
  BOOST_TEST(erase(table, 1));
  BOOST_TEST(!save(table, 1, mine));
}

BOOST_AUTO_TEST_CASE(a_stale_erase_removes_nothing) {
  memory::FlatTable<int, Account> table;
  insert(table, 1, Account{100}).or_throw();
  update(table, 1, [](Account& account) { ++account.balance; });
  const auto stale = erase(table, 1, Version{0});
  BOOST_TEST(!stale);
  BOOST_TEST(stale.conflict().actual() == Version{1});
  BOOST_TEST(static_cast<bool>(erase(table, 1, Version{1})));
  BOOST_TEST(!erase(table, 1, Version{1}));
}

BOOST_AUTO_TEST_CASE(a_version_is_never_used_twice_by_a_key) {
  memory::FlatTable<int, Account> table;
  insert(table, 1, Account{100}).or_throw();
  const auto old = *load(table, 1);
  erase(table, 1);
  insert(table, 1, Account{7}).or_throw();
  BOOST_TEST((load(table, 1)->version.number() > old.version.number()));
  const auto before = load(table, 1)->version;
  erase(table, 1);
  for (int i = 2; i != 1000; ++i) insert(table, i, {}).or_throw();  // the table grows, and forgets the key
  insert(table, 1, Account{8}).or_throw();
  BOOST_TEST((load(table, 1)->version.number() > before.number()));
}

BOOST_AUTO_TEST_CASE(all_are_found_however_large_the_table_becomes) {
  memory::FlatTable<long, Record> table;
  for (long i = 0; i != 5000; ++i) {
    Record record;
    record.values.fill(i);
    insert(table, i * 64, record).or_throw();
  }
  BOOST_TEST(table.size() == 5000U);
  bool all = true;
  for (long i = 0; i != 5000; ++i) all = all && load(table, i * 64)->record.values.back() == i;
  BOOST_TEST(all);
  BOOST_TEST(!load(table, 1));
}

BOOST_AUTO_TEST_CASE(a_record_keeps_its_version_as_the_table_grows) {
  memory::FlatTable<long, Account> table;
  insert(table, 1, Account{100}).or_throw();
  update(table, 1, [](Account& account) { ++account.balance; });
  auto mine = *load(table, 1);
  for (long i = 2; i != 1000; ++i) insert(table, i, {}).or_throw();
  mine->balance = 7;
  BOOST_TEST(static_cast<bool>(save(table, 1, mine)));
}

BOOST_AUTO_TEST_CASE(erased_keys_do_not_make_a_table_grow_for_ever) {
  memory::FlatTable<long, long> table;
  for (long i = 0; i != 20000; ++i) {
    insert(table, i, i).or_throw();
    if (i >= 10) erase(table, i - 10);
  }
  BOOST_TEST(table.size() == 10U);
  BOOST_TEST(table.slots() <= 64U);
}

BOOST_AUTO_TEST_CASE(a_table_that_was_told_its_size_does_not_grow) {
  memory::FlatTable<long, long> table{10000};
  const auto slots = table.slots();
  for (long i = 0; i != 10000; ++i) insert(table, i, i).or_throw();
  BOOST_TEST(table.slots() == slots);
}

BOOST_AUTO_TEST_CASE(keys_with_one_home_are_told_apart) {
  memory::FlatTable<long, long, StdRuntime, Same> table;
  for (long i = 0; i != 100; ++i) insert(table, i, i).or_throw();
  for (long i = 0; i != 100; i += 2) erase(table, i);
  long sum = 0;
  for (long i = 0; i != 100; ++i) sum += load(table, i) ? load(table, i)->record : 0;
  BOOST_TEST(sum == 2500);
}

BOOST_AUTO_TEST_CASE(slots_of_a_line_fit_one_line) {
  static_assert(memory::FlatTable<long, Record>::slot_size() == 64);
  static_assert(memory::FlatTable<long, long>::slot_size() == 24);
  static_assert(memory::FlatTable<std::string, std::array<long, 5>>::slot_size() == 64);
  static_assert(memory::FlatTable<long, long, StdRuntime, memory::SeededHash<long>, std::equal_to<long>,
                                  memory::Layout::padded>::slot_size() == 64);
}

BOOST_AUTO_TEST_CASE(keys_of_several_fields_and_texts_are_found) {
  memory::FlatTable<Seat, int> seats;
  insert(seats, {3, 7}, 1).or_throw();
  BOOST_TEST(load(seats, {3, 7})->record == 1);
  BOOST_TEST(!load(seats, {7, 3}));

  memory::FlatTable<std::string, int> words;
  for (int i = 0; i != 1000; ++i) {
    insert(words, "a key that is too long to lie in its string " + std::to_string(i), i).or_throw();
  }
  BOOST_TEST(load(words, "a key that is too long to lie in its string 999")->record == 999);
  BOOST_TEST(load(words, std::string_view{"a key that is too long to lie in its string 7"})->record == 7);
  for (int i = 0; i != 1000; ++i) {
    BOOST_TEST(erase(words, "a key that is too long to lie in its string " + std::to_string(i)));
    insert(words, std::to_string(i), i).or_throw();
  }
  BOOST_TEST(words.size() == 1000U);
  BOOST_TEST(update(words, "7", [](int& number) { number = 70; }).record == 70);
}

BOOST_AUTO_TEST_CASE(a_table_has_the_hash_and_equality_that_it_is_given) {
  memory::FlatTable<std::string, int, StdRuntime, Folded, Folded> table;
  insert(table, "Tea", 3).or_throw();
  BOOST_TEST(load(table, "tEA")->record == 3);
  BOOST_TEST(!insert(table, "TEA", 4));
}

BOOST_AUTO_TEST_CASE(hashes_differ_from_seed_to_seed_and_know_the_vectors_of_siphash) {
  using memory::SeededHash;
  const memory::HashSeed seed{1, 2};
  BOOST_TEST(SeededHash<long>{seed}(7) != SeededHash<long>{}(7));
  BOOST_TEST(SeededHash<std::string>{seed}("seven") != SeededHash<std::string>{}("seven"));
  BOOST_TEST((SeededHash<Seat>{seed}({1, 2}) != SeededHash<Seat>{seed}({2, 1})));
  // SipHash-1-3 of the bytes 0, 1, ... by the key 00 01 ... 0f.
  const memory::HashSeed known{0x0706050403020100U, 0x0f0e0d0c0b0a0908U};
  std::array<char, 15> bytes{};
  std::iota(bytes.begin(), bytes.end(), '\0');
  BOOST_TEST(SeededHash<std::string_view>{known}(std::string_view{bytes.data(), 0}) == 0xabac0158050fc4dcU);
  BOOST_TEST(SeededHash<std::string_view>{known}(std::string_view{bytes.data(), 1}) == 0xc9f49bf37d57ca93U);
}

BOOST_AUTO_TEST_CASE(low_bits_of_hashes_of_neighbours_are_spread) {
  const memory::SeededHash<long> hash{memory::HashSeed{3, 5}};
  for (const long step : {1L, 64L, 4096L, 1L << 40}) {
    std::array<int, 256> homes{};
    for (long i = 0; i != 4096; ++i) ++homes.at(hash(i * step) % 256);
    for (const int count : homes) BOOST_TEST(count < 64);
  }
}

BOOST_AUTO_TEST_CASE(batches_load_and_change_each_of_their_keys) {
  memory::FlatTable<long, long> table;
  for (long i = 0; i != 100; ++i) insert(table, i, i).or_throw();
  std::vector<long> keys(103);
  std::iota(keys.begin(), keys.end(), 0L);
  long sum = 0;
  int missing = 0;
  load_each(table, keys, [&](std::size_t index, std::optional<Versioned<long>> found) {
    found ? sum += found->record - keys.at(index) : ++missing;
  });
  BOOST_TEST(sum == 0);
  BOOST_TEST(missing == 3);
  keys.resize(100);
  update_each(table, keys, [](std::size_t index, long& record) { record += static_cast<long>(index); });
  BOOST_TEST(load(table, 99)->record == 198);
}

BOOST_AUTO_TEST_CASE(several_records_change_together_or_not_at_all) {
  memory::FlatTable<std::string, Account> table;
  insert(table, "ann", Account{100}).or_throw();
  insert(table, "bob", Account{100}).or_throw();
  transfer(table, {.from = "ann", .to = "bob", .amount = 30});
  const auto sum = [](const Account& one, const Account& two) { return one.balance + two.balance; };
  BOOST_TEST(read_only(table, "ann", "bob", sum) == 200);
  BOOST_TEST(load(table, "ann")->record.balance == 70);
  BOOST_CHECK_THROW(transfer(table, {.from = "ann", .to = "bob", .amount = 71}), InsufficientFunds);
  BOOST_CHECK_THROW(transfer(table, {.from = "ann", .to = "ann", .amount = 1}), SameAccount);
  BOOST_CHECK_THROW(transfer(table, {.from = "ann", .to = "eve", .amount = 1}), Missing);
  BOOST_TEST(load(table, "ann")->record.balance == 70);
  const long moved = transact(table, "bob", "ann", [](Account& from, Account& to) {
    from.balance -= 5;
    return to.balance += 5;
  });
  BOOST_TEST(moved == 75);
}

BOOST_AUTO_TEST_CASE(money_is_neither_lost_nor_made_while_the_table_grows) {
  constexpr long accounts = 64;
  memory::FlatTable<long, Account> table;
  for (long i = 0; i != accounts; ++i) insert(table, i, Account{100}).or_throw();
  at_once(3, [&](int thread) {
    for (long i = 0; i != 3000; ++i) {
      if (thread == 0) {
        insert(table, accounts + i, {}).or_throw();
        continue;
      }
      const long from = (i * 7 + thread) % accounts;
      const long to = (from + 1 + i % 5) % accounts;
      transact(table, from, to, [](Account& payer, Account& payee) { --payer.balance, ++payee.balance; });
    }
  });
  long sum = 0;
  for (long i = 0; i != accounts; ++i) sum += load(table, i)->record.balance;
  BOOST_TEST(sum == 100 * accounts);
}

BOOST_AUTO_TEST_CASE(threads_that_insert_change_and_erase_while_it_grows_lose_nothing) {
  constexpr long keys = 3000;
  memory::FlatTable<long, long> table;
  std::atomic<bool> right{true};
  at_once(3, [&](int thread) {
    for (long i = 0; i != keys; ++i) {
      static_cast<void>(insert(table, i, 0));
      update(table, i, [](long& record) { ++record; });
      const long own = keys + 3 * i + thread;
      insert(table, own, own).or_throw();
      if (i % 2 == 0) right = right && erase(table, own);
    }
  });
  BOOST_TEST(right);
  BOOST_TEST(table.size() == keys + 3 * keys / 2);
  bool all = true;
  for (long i = 0; i != keys; ++i) all = all && load(table, i)->record == 3;
  BOOST_TEST(all);
}

BOOST_AUTO_TEST_CASE(texts_are_found_while_the_table_grows_and_forgets) {
  memory::FlatTable<std::string, long> table;
  insert(table, "always", 1).or_throw();
  std::atomic<bool> right{true};
  at_once(3, [&](int thread) {
    for (int i = 0; i != 2000; ++i) {
      const auto own =
          std::to_string(thread) + " and a text that does not lie in its string " + std::to_string(i);
      insert(table, own, i).or_throw();
      right = right && load(table, "always") && load(table, own)->record == i && erase(table, own);
    }
  });
  BOOST_TEST(right);
  BOOST_TEST(table.size() == 1U);
}

BOOST_AUTO_TEST_SUITE_END()
