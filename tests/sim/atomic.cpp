#include <lockstep/sim/atomic.hpp>

#include "support.hpp"

#include <boost/test/unit_test.hpp>

#include <concepts>
#include <stdexcept>

BOOST_AUTO_TEST_SUITE(atomics)

namespace {

using namespace lockstep::sim;
using test::concurrently;

template <class T>
concept HasFetchAdd = requires(atomic<T> value, T by) { value.fetch_add(by); };
template <class T>
concept HasFetchAnd = requires(atomic<T> value, T with) { value.fetch_and(with); };

struct Padded {
  char small = 0;
  int wide = 0;
};
enum class Colour : std::uint8_t { red, green };

/// True in an execution of one thread, and outside of any.
void in_both(const std::function<void()>& test) {
  test();
  const Result result = explore(test);
  BOOST_TEST(result.passed(), result.report());
}

void require(bool holds) {
  if (!holds) throw std::logic_error{"does not hold"};
}

}  // namespace

BOOST_AUTO_TEST_CASE(an_atomic_has_the_members_of_its_kind_of_type) {
  static_assert(HasFetchAdd<int> && HasFetchAdd<double>);
  static_assert(!HasFetchAdd<bool> && !HasFetchAdd<Colour> && !HasFetchAdd<Padded>);
  static_assert(HasFetchAnd<unsigned> && !HasFetchAnd<double> && !HasFetchAnd<bool>);
  static_assert(!std::copyable<atomic<int>>);
  static_assert(std::same_as<decltype(atomic{1L}), atomic<long>>);
  BOOST_TEST(true);
}

BOOST_AUTO_TEST_CASE(operations_return_what_std_says) {
  in_both([] {
    atomic<int> x{5};
    require(x.exchange(6) == 5 && x == 6);
    require(x.fetch_add(2) == 6 && x.fetch_sub(1) == 8 && x == 7);
    require(++x == 8 && x++ == 8 && --x == 8 && x-- == 8 && x == 7);
    require((x += 3) == 10 && (x -= 2) == 8);
    require((x |= 3) == 11 && (x &= 9) == 9 && (x ^= 1) == 8);
    require((x = 4) == 4 && x.load(std::memory_order_acquire) == 4);
    x.store(1, std::memory_order_release);
    int expected = 2;
    require(!x.compare_exchange_strong(expected, 3) && expected == 1);
    require(x.compare_exchange_weak(expected, 3, std::memory_order_acq_rel, std::memory_order_relaxed) &&
            x == 3);
  });
}

BOOST_AUTO_TEST_CASE(signed_arithmetic_wraps_around) {
  in_both([] {
    atomic<int> x{std::numeric_limits<int>::max()};
    require(x.fetch_add(1) == std::numeric_limits<int>::max() && x == std::numeric_limits<int>::min());
    atomic<std::int8_t> small{-128};
    require(--small == 127);
    atomic<std::uint64_t> wide{0};
    require(wide.fetch_sub(1) == 0 && wide == ~std::uint64_t{0});
  });
}

BOOST_AUTO_TEST_CASE(pointers_move_by_elements_and_floats_add) {
  in_both([] {
    std::array<int, 4> values{};
    atomic<int*> pointer{values.data()};
    require(pointer.fetch_add(2) == values.data() && pointer == &values[2] && ++pointer == &values[3]);
    atomic<double> number{0.5};
    require(number.fetch_add(1.0) == 0.5 && number == 1.5);
  });
}

BOOST_AUTO_TEST_CASE(any_trivially_copyable_type_is_compared_by_its_value) {
  in_both([] {
    atomic<Colour> colour{Colour::red};
    Colour red = Colour::red;
    require(colour.compare_exchange_strong(red, Colour::green) && colour.load() == Colour::green);
    atomic<Padded> padded{Padded{.small = 1, .wide = 2}};
    Padded same{};
    same.small = 1;
    same.wide = 2;
    require(padded.load().wide == 2 && padded.exchange(same).small == 1);
  });
}

BOOST_AUTO_TEST_CASE(a_flag_is_taken_by_one) {
  const Result result = explore([] {
    atomic_flag taken;
    atomic<int> takers{0};
    const auto take = [&] {
      if (!taken.test_and_set()) takers.fetch_add(1);
    };
    concurrently(take, take);
    check(takers.load() == 1, "one takes it");
    taken.clear();
    check(!taken.test(), "it is free again");
  });
  BOOST_TEST(result.passed(), result.report());
}

BOOST_AUTO_TEST_CASE(a_compare_exchange_that_fails_commutes_with_reads) {
  const auto executions = [](int expected) {
    return explore([=] {
             atomic<int> x{0};
             concurrently(
                 [&] {
                   int e = expected;
                   x.compare_exchange_strong(e, 1);
                 },
                 [&] { static_cast<void>(x.load()); });
           })
        .executions;
  };
  BOOST_TEST(executions(0) == 2U);
  BOOST_TEST(executions(7) == 1U);
}

BOOST_AUTO_TEST_CASE(a_wait_ends_by_a_notification_after_the_change) {
  const Result result = explore([] {
    atomic<int> turn{0};
    concurrently([&] { turn.wait(0), check(turn.load() == 1, "it has changed"); }, [&] { turn.wait(0); },
                 [&] { turn.store(1), turn.notify_all(); });
  });
  BOOST_TEST(result.passed(), result.report());
  BOOST_TEST(result.complete);
}

BOOST_AUTO_TEST_CASE(notifying_one_of_two_leaves_the_other) {
  const Result result = explore([] {
    atomic<int> turn{0};
    const auto wait = [&] { turn.wait(0); };
    concurrently(wait, wait, [&] { turn.store(1), turn.notify_one(); });
  });
  BOOST_TEST(!result.passed());
}

BOOST_AUTO_TEST_CASE(a_wait_for_what_does_not_change_goes_on) {
  BOOST_TEST(test::found([] {
               atomic<int> turn{0};
               concurrently([&] { turn.wait(0); }, [&] { turn.notify_one(); });
             }) == "deadlock");
}

BOOST_AUTO_TEST_CASE(a_wait_that_would_block_outside_an_execution_is_refused) {
  const atomic<int> turn{0};
  BOOST_CHECK_THROW(turn.wait(0), std::logic_error);
  BOOST_CHECK_NO_THROW(turn.wait(1));
}

BOOST_AUTO_TEST_SUITE_END()
