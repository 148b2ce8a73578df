#include <lockstep/sim/history.hpp>

#include "support.hpp"

#include <boost/test/unit_test.hpp>

#include <set>
#include <stdexcept>
#include <thread>

BOOST_AUTO_TEST_SUITE(history)

namespace {
using namespace lockstep::sim;
}  // namespace

BOOST_AUTO_TEST_CASE(what_returned_before_another_was_invoked_is_told_apart_from_what_overlaps) {
  std::set<std::string> orders;
  const Result result = test::explore_all([&] {
    History<int, int> history;
    concurrently([&] { history.call(1, [] { return 10; }); }, [&] { history.call(2, [] { return 20; }); });
    const auto calls = history.calls();
    check(calls.size() == 2 && calls[0].output && calls[1].output, "both calls are recorded");
    const auto& first = calls[0].input == 1 ? calls[0] : calls[1];
    const auto& second = calls[0].input == 2 ? calls[0] : calls[1];
    orders.insert(first.returned < second.invoked   ? "first before second"
                  : second.returned < first.invoked ? "second before first"
                                                    : "overlap");
  });
  BOOST_TEST(result.passed(), result.report());
  BOOST_TEST(result.complete);
  BOOST_TEST(orders.size() == 3U);
  BOOST_TEST(result.executions == 3U);  // and two that overlap are not explored in several orders
}

BOOST_AUTO_TEST_CASE(a_call_that_throws_is_pending) {
  History<int, int> history;
  BOOST_CHECK_THROW(history.call(1, []() -> int { throw std::runtime_error{"lost"}; }), std::runtime_error);
  history.call(2, [] {});
  const auto calls = history.calls();
  BOOST_TEST(calls.size() == 2U);
  BOOST_TEST(calls[0].pending());
  BOOST_TEST(calls[0].returned == (Call<int, int>::never));
  BOOST_TEST(!calls[1].pending());
  BOOST_TEST(calls[1].output.value() == 0);
}

BOOST_AUTO_TEST_CASE(calls_are_rows_of_the_timeline) {
  const Result result = explore([] {
    History<int, std::optional<int>> history;
    history.call(7, [] { return std::optional<int>{}; });
    check(false, "shown");
  });
  BOOST_TEST(result.finding->steps.size() == 2U);
  BOOST_TEST(result.finding->steps[0].operation == "call");
  BOOST_TEST(result.finding->steps[0].object == "7");
  BOOST_TEST(result.finding->steps[1].operation == "return");
  BOOST_TEST(result.finding->steps[1].outcome == "-> nothing");
}

BOOST_AUTO_TEST_CASE(real_threads_record_side_by_side) {
  constexpr unsigned threads = 4;
  constexpr int each = 500;
  History<int, int> history;
  History<int, int> other;
  {
    std::vector<std::thread> running;
    for (unsigned i = 0; i != threads; ++i) {
      running.emplace_back([&] {
        for (int call = 0; call != each; ++call) {
          history.call(call, [&] { return call; });
          other.call(call, [&] { return call; });
        }
      });
    }
    for (auto& thread : running) thread.join();
  }
  BOOST_TEST(other.calls().size() == threads * each);
  const auto calls = history.calls();
  BOOST_TEST(calls.size() == threads * each);
  std::set<std::uint64_t> clients;
  std::set<std::uint64_t> moments;
  std::map<std::uint64_t, std::uint64_t> last;
  bool in_order = true;
  for (const auto& call : calls) {
    clients.insert(call.client);
    moments.insert({call.invoked, call.returned});
    in_order =
        in_order && call.invoked < call.returned && (call.invoked == 0 || last[call.client] <= call.invoked);
    last[call.client] = call.returned;
  }
  BOOST_TEST(clients.size() == threads);
  BOOST_TEST(moments.size() == 2 * threads * each);
  BOOST_TEST(in_order);
}

BOOST_AUTO_TEST_SUITE_END()
