#include <lockstep/verbs/retry.hpp>
#include <lockstep/verbs/update.hpp>

#include "support/bank.hpp"
#include "support/scripted_runtime.hpp"

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <stdexcept>
#include <stop_token>
#include <vector>

using namespace lockstep;
using namespace std::chrono_literals;
using test::Account;
using test::ScriptedRuntime;
using Counts = std::vector<std::int64_t>;

namespace {

/// An update that loses `races` races, and then wins.
struct Losing : test::Scripted {
  test::Bank<ScriptedRuntime> bank;
  int attempts = 0;

  void update(int races, const Retry& retry) {
    lockstep::update(
        bank.accounts, 1,
        [&](Account& account) {
          if (attempts++ < races) bank.deposit(1, 1);
          account.balance += 1000;
        },
        retry);
  }

  /// The delays that the loop draws if the random numbers are these.
  Counts delays(std::initializer_list<std::uint64_t> random, Retry retry) {
    script.random.assign(random);
    retry.locking = Locking::optimistic;
    update(static_cast<int>(random.size()), retry);
    return slept();
  }

  [[nodiscard]] Counts slept() const {
    Counts counts;
    for (const auto delay : script.slept) counts.push_back(delay.count());
    return counts;
  }

  Exhausted exhausted(int races, const Retry& retry) {
    try {
      update(races, retry);
    } catch (const Exhausted& error) {
      return error;
    }
    throw std::logic_error{"the loop did not give up"};
  }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(retry, Losing)

BOOST_AUTO_TEST_CASE(a_race_that_is_won_at_once_never_sleeps) {
  update(0, {});
  BOOST_TEST(attempts == 1);
  BOOST_TEST(script.slept.empty());
}

BOOST_AUTO_TEST_CASE(each_range_of_delays_doubles) {
  // A random number r gives r modulo (range + 1): the range itself, the longest delay.
  BOOST_TEST((delays({100, 200, 400, 800}, {.base = 100ns, .cap = 1h}) == Counts{100, 200, 400, 800}));
}

BOOST_AUTO_TEST_CASE(no_delay_is_longer_than_its_range) {
  BOOST_TEST((delays({101, 201, 401, 801}, {.base = 100ns, .cap = 1h}) == Counts{}));
}

BOOST_AUTO_TEST_CASE(a_delay_may_be_anything_in_its_range) {
  BOOST_TEST((delays({1, 77, 203}, {.base = 100ns, .cap = 1h}) == Counts{1, 77, 203}));
}

BOOST_AUTO_TEST_CASE(delays_are_capped) {
  BOOST_TEST((delays({100, 200, 250, 250, 251, 5}, {.base = 100ns, .cap = 250ns}) ==
              Counts{100, 200, 250, 250, 5}));  // 251 is past the cap: 0, and nobody sleeps for it
}

BOOST_AUTO_TEST_CASE(a_base_beyond_the_cap_is_capped) {
  BOOST_TEST((delays({50, 51, 7}, {.base = 100ns, .cap = 50ns}) == Counts{50, 7}));
}

BOOST_AUTO_TEST_CASE(the_range_stays_at_the_cap_however_long_it_goes_on) {
  script.random.assign(100, 250);
  update(100, {.locking = Locking::optimistic, .base = 100ns, .cap = 250ns});
  BOOST_TEST(script.slept.size() == 100U);
  BOOST_TEST((script.slept.back() == 250ns));
  BOOST_TEST((script.slept[70] == 250ns));
}

BOOST_AUTO_TEST_CASE(a_base_of_zero_never_sleeps) {
  BOOST_TEST((delays({9, 9, 9}, {.base = 0ns}) == Counts{}));
}

BOOST_AUTO_TEST_CASE(the_loop_gives_up_after_its_attempts) {
  const auto error = exhausted(9, {.attempts = 3});
  BOOST_TEST((error.reason() == Exhausted::Reason::attempts));
  BOOST_TEST(error.attempts() == 3U);
  BOOST_TEST(attempts == 3);
  BOOST_TEST(bank.balance(1) == 103);
  BOOST_REQUIRE(error.last().stale().size() == 1U);
  BOOST_TEST(to_string(*error.last().stale().front()) == "accounts[1]: update expected version 2, found 3");
  BOOST_TEST(error.what() ==
             "gave up after 3 attempts; the last conflict: "
             "stale: accounts[1]: update expected version 2, found 3");
}

BOOST_AUTO_TEST_CASE(one_attempt_is_run_whatever_the_limit) {
  BOOST_TEST(exhausted(9, {.attempts = 0}).attempts() == 1U);
  BOOST_TEST(exhausted(9, {.attempts = 1}).attempts() == 1U);
  BOOST_TEST(attempts == 2);
}

BOOST_AUTO_TEST_CASE(no_attempt_begins_after_the_deadline) {
  script.random.assign(9, 100);
  const auto error =
      exhausted(9, {.locking = Locking::optimistic, .base = 100ns, .cap = 100ns, .deadline = 250ns});
  BOOST_TEST((error.reason() == Exhausted::Reason::deadline));
  BOOST_TEST(error.attempts() == 3U);     // at 0, 100 and 200 ns
  BOOST_TEST(script.slept.size() == 2U);  // a sleep past the deadline is not begun
}

BOOST_AUTO_TEST_CASE(an_attempt_that_starts_in_time_may_win_after_the_deadline) {
  lockstep::update(bank.accounts, 1,
                   [&](Account& account) {
                     script.now += 1h;
                     account.balance = 7;
                   },
                   {.deadline = 1s});
  BOOST_TEST(bank.balance(1) == 7);
}

BOOST_AUTO_TEST_CASE(a_deadline_beyond_all_time_is_no_deadline) {
  script.now += 1h;
  update(3, {.deadline = std::chrono::nanoseconds::max()});
  BOOST_TEST(attempts == 4);
}

BOOST_AUTO_TEST_CASE(a_stop_requested_before_the_next_attempt_ends_the_loop) {
  std::stop_source source;
  source.request_stop();
  bool heard = false;
  const auto error =
      exhausted(9, {.stop = source.get_token(), .observer = [&](const Retrying&) { heard = true; }});
  BOOST_TEST((error.reason() == Exhausted::Reason::stopped));
  BOOST_TEST(error.attempts() == 1U);
  BOOST_TEST(!heard);  // there is nothing to be tried again
  BOOST_TEST(script.slept.empty());
}

BOOST_AUTO_TEST_CASE(a_stop_requested_during_a_sleep_ends_the_loop) {
  std::stop_source source;
  script.random.assign(9, 1);
  script.sleeping = [&] { source.request_stop(); };
  const auto error = exhausted(9, {.stop = source.get_token()});
  BOOST_TEST((error.reason() == Exhausted::Reason::stopped));
  BOOST_TEST(error.attempts() == 1U);
  BOOST_TEST(script.slept.size() == 1U);
}

BOOST_AUTO_TEST_CASE(the_sleep_is_given_the_stop_token) {
  std::stop_source source;
  script.random.assign(9, 1);
  const auto error =
      exhausted(9, {.stop = source.get_token(), .observer = [&](const Retrying&) { source.request_stop(); }});
  BOOST_TEST((error.reason() == Exhausted::Reason::stopped));
  BOOST_TEST(script.slept.empty());  // the scripted sleep returns at once for a stopped token
}

BOOST_AUTO_TEST_CASE(a_stop_requested_during_the_winning_attempt_does_not_undo_it) {
  std::stop_source source;
  source.request_stop();
  update(0, {.stop = source.get_token()});
  BOOST_TEST(bank.balance(1) == 1100);
}

BOOST_AUTO_TEST_CASE(an_observer_hears_of_each_lost_race_before_the_sleep) {
  std::vector<unsigned> seen;
  Counts told;
  std::vector<std::size_t> slept_before;
  std::vector<std::string> lost;
  script.random.assign({10, 20, 30});
  update(3, {.base = 100ns, .observer = [&](const Retrying& retrying) {
               seen.push_back(retrying.attempts);
               told.push_back(retrying.delay.count());
               slept_before.push_back(script.slept.size());
               lost.emplace_back(retrying.conflict->what());
             }});
  BOOST_TEST(seen == (std::vector<unsigned>{1, 2, 3}), boost::test_tools::per_element());
  BOOST_TEST((told == Counts{10, 20, 30}));
  BOOST_TEST((slept() == told));
  BOOST_TEST(slept_before == (std::vector<std::size_t>{0, 1, 2}), boost::test_tools::per_element());
  BOOST_TEST(lost.at(2) == "stale: accounts[1]: update expected version 2, found 3");
}

BOOST_AUTO_TEST_CASE(an_observer_does_not_hear_of_what_is_not_tried_again) {
  int heard = 0;
  static_cast<void>(exhausted(9, {.attempts = 3, .observer = [&](const Retrying&) { ++heard; }}));
  BOOST_TEST(heard == 2);
}

BOOST_AUTO_TEST_CASE(what_an_observer_throws_ends_the_loop) {
  struct Enough {};
  BOOST_CHECK_THROW(update(9, {.observer = [](const Retrying&) { throw Enough{}; }}), Enough);
  BOOST_TEST(attempts == 1);
}

BOOST_AUTO_TEST_SUITE_END()
