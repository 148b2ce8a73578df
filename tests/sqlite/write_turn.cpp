// Who may write next, under every interleaving.
#include <lockstep/sim/sim.hpp>
#include <lockstep/sqlite/write_turn.hpp>

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <vector>

BOOST_AUTO_TEST_SUITE(write_turn)

namespace {

using namespace lockstep;
using namespace std::chrono_literals;
using Turn = sqlite::detail::WriteTurn<sim::Runtime>;

void proves(void (*body)()) {
  const sim::Result result = sim::explore(body);
  BOOST_TEST(result.passed(), result.report());
  BOOST_TEST(result.complete);
}

}  // namespace

BOOST_AUTO_TEST_CASE(is_held_by_one_at_a_time_and_by_everybody_in_the_end) {
  proves([] {
    Turn turn;
    sim::atomic<int> writers{0};
    sim::atomic<int> written{0};
    const auto write = [&] {
      const Turn::Hold hold = turn.take({});
      sim::check(writers.fetch_add(1) == 0, "nobody else writes");
      writers.fetch_sub(1);
      written.fetch_add(1);
    };
    sim::concurrently(write, write, write);
    sim::check(written.load() == 3, "everybody has written");
  });
}

BOOST_AUTO_TEST_CASE(is_granted_in_the_order_of_asking) {
  proves([] {
    Turn turn;
    std::vector<int> order;
    Turn::Hold held = turn.take({});
    // One waits after the other, since time passes only when nobody can run.
    const auto wait = [&](int number) {
      return [&, number] {
        sim::Runtime::sleep_for(number * 1ms);
        const Turn::Hold hold = turn.take({});
        order.push_back(number);
      };
    };
    sim::thread first{wait(1)};
    sim::thread second{wait(2)};
    sim::thread third{wait(3)};
    sim::Runtime::sleep_for(10ms);
    held.end();
    first.join();
    second.join();
    third.join();
    sim::check(order == std::vector{1, 2, 3}, "who asked first writes first");
  });
}

BOOST_AUTO_TEST_CASE(that_is_waited_for_in_vain_goes_to_the_next) {
  proves([] {
    Turn turn;
    sim::atomic<bool> patient{false};
    Turn::Hold held = turn.take({});
    sim::concurrently(
        [&] {
          const auto limit = sim::Runtime::clock::now() + 5ms;
          const Turn::Hold hold = turn.take(limit);
          sim::check(!hold || sim::Runtime::clock::now() <= limit, "a turn after its limit is none");
        },
        [&] {
          const Turn::Hold hold = turn.take({});
          patient.store(true);
        },
        [&] {
          sim::Runtime::sleep_for(5ms);
          held.end();
        });
    sim::check(patient.load(), "the patient one has written");
    sim::check(static_cast<bool>(turn.try_take()), "nobody holds it in the end");
  });
}

BOOST_AUTO_TEST_CASE(is_not_waited_for_if_it_is_only_tried) {
  proves([] {
    Turn turn;
    Turn::Hold first = turn.try_take();
    sim::check(static_cast<bool>(first), "it is free");
    sim::check(!turn.try_take(), "it is taken");
    const Turn::Hold moved = std::move(first);
    sim::check(!turn.try_take(), "whoever it was handed to has it");
  });
}

BOOST_AUTO_TEST_SUITE_END()
