#include <lockstep/memory/reclaimer.hpp>
#include <lockstep/verbs/cells.hpp>

#include "support/at_once.hpp"
#include "support/print.hpp"
#include "support/throwing.hpp"

#include <boost/test/unit_test.hpp>

#include <array>
#include <atomic>
#include <cstddef>
#include <latch>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

using namespace lockstep;
using test::at_once;

namespace {

using Reclaimer = memory::Reclaimer<>;

#if defined(__has_feature)
#if __has_feature(thread_sanitizer) || __has_feature(address_sanitizer)
#define LOCKSTEP_TEST_SLOWLY
#endif
#endif
#if defined(LOCKSTEP_TEST_SLOWLY)
constexpr int thriftily = 50;  // so many times fewer
#else
constexpr int thriftily = 1;
#endif

/// Counts how many of it there are.
struct Counted {
  struct Count {
    std::atomic<long> now{0};
    std::atomic<long> most{0};
  };
  Counted(Count& in, long with) : count{&in}, number{with} { come(); }
  Counted(const Counted& from) : count{from.count}, number{from.number} { come(); }
  Counted& operator=(const Counted& from) {
    number = from.number;
    return *this;
  }
  ~Counted() { count->now.fetch_sub(1, std::memory_order_relaxed); }
  void come() const {
    const auto now = count->now.fetch_add(1, std::memory_order_relaxed) + 1;
    if (count->most.load(std::memory_order_relaxed) < now) count->most.store(now, std::memory_order_relaxed);
  }

  Count* count;
  long number;
};

/// Fails when it is copied, and moves quietly.
struct Quiet : test::Throwing {
  using Throwing::Throwing;
  Quiet() = default;
  Quiet(const Quiet&) = default;
  Quiet& operator=(const Quiet&) = default;
  Quiet(Quiet&& other) noexcept : Throwing{other.value()} {}
  Quiet& operator=(Quiet&& other) noexcept {
    set(other.value());
    return *this;
  }
  ~Quiet() = default;
};

struct Large {
  std::array<std::uint64_t, 100> words{};
  bool operator==(const Large&) const = default;
};

struct Wallet {
  long balance = 0;
  std::vector<std::string> entries;
  bool operator==(const Wallet&) const = default;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(reclaimer)

BOOST_AUTO_TEST_CASE(a_cell_holds_a_record_of_any_type_that_can_be_copied) {
  memory::Cell<std::string> name{"Ann"};
  memory::Cell<std::map<std::string, int>> ages;
  memory::Cell<Large> large;
  memory::Cell<long> plain{1};
  static_assert(sizeof(name) == 24 && sizeof(large) == 24);

  BOOST_TEST(update(name, [](std::string& n) { n += " Lee"; }).record == "Ann Lee");
  with_lock(ages, [](auto& known) { known["Ann"] = 41; });
  transact(name, ages, plain, [](std::string& n, auto& known, long& number) {
    known[n] = 42;
    number = static_cast<long>(known.size());
  });
  BOOST_TEST(load(ages)->at("Ann Lee") == 42);
  BOOST_TEST(load(plain).record == 2);
  auto mine = load(name);
  auto theirs = load(name);
  *theirs = "Bob";
  BOOST_TEST(save(name, theirs).version() == Version{2});
  const auto saved = save(name, mine);
  BOOST_REQUIRE(!saved);
  BOOST_TEST(saved.conflict().current()->record == "Bob");
  BOOST_TEST(
      !change_if(name, [](const std::string& n) { return n.empty(); }, [](std::string& n) { n = "?"; }));
  update(large, [](Large& record) { record.words.back() = 7; });
  BOOST_TEST(load(large)->words.back() == 7U);
  BOOST_TEST(read_only(name, ages, [](const std::string& n, const auto& known) {
               return n + std::to_string(known.size());
             }) == "Bob2");
}

BOOST_AUTO_TEST_CASE(what_does_not_change_is_not_replaced) {
  memory::Cell<std::string> name{"Ann"};
  update(name, [](std::string& n) { n = "Ann"; });
  with_lock(name, [](std::string& n) { n = "Ann"; });
  BOOST_TEST(load(name).version == Version{0});
}

template <class T>
void fail_everywhere() {
  memory::Cell<T> cell{T{1}};
  memory::Cell<std::string> other{"old"};
  const auto change = [](T& record) { record.set(2); };
  const auto nothing_happened = [&] {
    BOOST_TEST(load(cell)->value() == 1);
    BOOST_TEST(load(other).record == "old");
    with_lock(cell, [](const T&) {}, Wait::never());
  };
  const auto fails_often = [&](auto verb) {
    BOOST_TEST(test::fail_each_copy(verb, nothing_happened) > 1);
    BOOST_TEST(load(cell)->value() == 2);
    with_lock(cell, [](T& record) { record.set(1); });
  };
  fails_often([&] { update(cell, change); });
  fails_often([&] { with_lock(cell, change); });
  fails_often([&] { change_if(cell, [](const T& record) { return record.value() == 1; }, change); });
  fails_often([&] {
    auto value = load(cell);
    value->set(2);
    static_cast<void>(save(cell, value));
  });
  fails_often([&] {
    transact(other, cell, [&](std::string& text, T& record) {
      change(record);
      text = "new";
    });
    with_lock(other, [](std::string& text) { text = "old"; });
  });
  BOOST_TEST(test::fail_each_copy([&] { static_cast<void>(load(cell)); }, nothing_happened) > 0);
}
BOOST_AUTO_TEST_CASE(a_record_that_throws_when_it_is_copied_leaves_the_old_one) { fail_everywhere<Quiet>(); }
BOOST_AUTO_TEST_CASE(a_record_that_throws_when_it_is_moved_leaves_the_old_one) {
  fail_everywhere<test::Throwing>();
}

BOOST_AUTO_TEST_CASE(a_million_updates_leave_memory_flat_and_nothing_is_left_in_the_end) {
  Counted::Count count;
  {
    Reclaimer reclaimer;
    memory::Cell<Counted> cell{Counted{count, 0}, reclaimer};
    for (int i = 0; i != 1'000'000 / thriftily; ++i) transact(cell, [](Counted& record) { ++record.number; });
    BOOST_TEST(load(cell)->number == 1'000'000 / thriftily);
    BOOST_TEST(count.most <= 1 + 64 + 4);  // in the cell, waiting, in the hands of a verb
    reclaimer.collect();
    BOOST_TEST(count.now == 1);
  }
  BOOST_TEST(count.now == 0);
}

/// The bound: what was in the cells when the reader began, and what was replaced until the epoch moved,
/// twice; and 64 of the writer's.
BOOST_AUTO_TEST_CASE(while_a_reader_is_stopped_what_waits_has_a_bound) {
  Counted::Count count;
  Reclaimer reclaimer;
  constexpr std::size_t cells = 10;
  std::vector<std::unique_ptr<memory::Cell<Counted>>> all;
  for (std::size_t i = 0; i != cells; ++i) {
    all.push_back(std::make_unique<memory::Cell<Counted>>(Counted{count, 0}, reclaimer));
  }
  std::latch reading{1};
  std::latch stop{1};
  std::thread reader{[&] {
    memory::detail::Pin<StdRuntime> stopped;
    stopped.enter(reclaimer);
    reading.count_down();
    stop.wait();
  }};
  reading.wait();
  for (int i = 0; i != 100'000 / thriftily; ++i) {
    update(*all.at(static_cast<std::size_t>(i) % cells), [](Counted& record) { ++record.number; });
  }
  BOOST_TEST(count.most <= static_cast<long>(cells + 2 * (cells + 64) + 64 + 4));
  stop.count_down();
  reader.join();
  reclaimer.collect();
  BOOST_TEST(count.now == static_cast<long>(cells));
}

BOOST_AUTO_TEST_CASE(thousands_of_short_lives_of_threads_leave_nothing_behind) {
  Counted::Count count;
  {
    Reclaimer reclaimer;
    memory::Cell<Counted> cell{Counted{count, 0}, reclaimer};
    constexpr int lives = 10'000 / thriftily;
    for (int i = 0; i < lives; i += 4) {
      std::array<std::thread, 4> threads;
      for (auto& thread : threads) {
        thread = std::thread{[&] {
          update(cell, [](Counted& record) { ++record.number; });
          static_cast<void>(load(cell));
        }};
      }
      for (auto& thread : threads) thread.join();
    }
    BOOST_TEST(load(cell)->number == lives);
    BOOST_TEST(count.now <= 1 + 32 * 64);  // at each place, however many threads there were
  }
  BOOST_TEST(count.now == 0);
}

/// A record whose end, if it is armed, takes the lock of a cell.
struct Farewell {
  explicit Farewell(memory::Cell<long>& in) : ends{&in} {}
  Farewell(const Farewell&) = default;
  Farewell& operator=(const Farewell&) = default;
  ~Farewell() {
    if (armed) with_lock(*ends, [](long& count) { ++count; }, Wait::never());
  }
  memory::Cell<long>* ends;
  bool armed = false;
};
BOOST_AUTO_TEST_CASE(records_end_when_the_verb_that_replaced_them_holds_nothing) {
  memory::Cell<long> ends{0};
  Reclaimer reclaimer;
  memory::Cell<Farewell> cell{Farewell{ends}, reclaimer};
  for (int i = 0; i != 500; ++i) {
    transact(ends, cell, [](long& count, Farewell& record) {
      ++count;
      record.armed = !record.armed;
    });
  }
  BOOST_TEST(load(ends).record > 500 + 250);
  reclaimer.collect();
  BOOST_TEST(load(ends).record == 500 + 2 * 250);  // in hand, and in the cell
}

BOOST_AUTO_TEST_CASE(of_many_threads_no_change_is_lost_and_no_record_is_read_after_its_end) {
  std::array<memory::Cell<Wallet>, 3> wallets;
  for (auto& each : wallets) update(each, [](Wallet& wallet) { wallet.balance = 1'000'000; });
  constexpr int rounds = 20'000 / thriftily;
  at_once(4, [&](int thread) {
    for (int i = 0; i != rounds; ++i) {
      const auto from = static_cast<std::size_t>(i + thread) % 3;
      const auto to = (from + 1) % 3;
      if (thread == 0) {
        const long sum = read_only(wallets[0], wallets[1], wallets[2],
                                   [](const auto&... each) { return (each.balance + ...); });
        if (sum != 3'000'000) BOOST_TEST(sum == 3'000'000);
      } else if (thread == 1) {
        with_lock(wallets.at(from), [i](Wallet& wallet) { wallet.entries.assign(3, std::to_string(i)); });
        const auto found = load(wallets.at(from));
        BOOST_TEST_REQUIRE((found->entries.size() == 3 && found->entries[0] == found->entries[2]));
      } else {
        transfer(wallets.at(from), wallets.at(to), 1);
      }
    }
  });
  long sum = 0;
  for (const auto& each : wallets) sum += load(each)->balance;
  BOOST_TEST(sum == 3'000'000);
}

BOOST_AUTO_TEST_CASE(more_threads_than_places_get_some) {
  Counted::Count count;
  {
    Reclaimer reclaimer;
    memory::Cell<Counted> cell{Counted{count, 0}, reclaimer};
    std::vector<memory::detail::Pin<StdRuntime>> pins(100);
    for (auto& pin : pins) pin.enter(reclaimer);
    for (int i = 0; i != 1000; ++i) update(cell, [](Counted& record) { ++record.number; });
    for (auto& pin : pins) pin.leave();
    for (int i = 0; i != 1000; ++i) update(cell, [](Counted& record) { ++record.number; });
    BOOST_TEST(load(cell)->number == 2000);
  }
  BOOST_TEST(count.now == 0);
}

BOOST_AUTO_TEST_SUITE_END()
