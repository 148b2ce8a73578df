// The text that people see.
#include "support.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <sstream>

BOOST_AUTO_TEST_SUITE(report)

namespace {

using namespace lockstep::sim;
using test::concurrently;

std::size_t columns(const std::string& line) {
  return static_cast<std::size_t>(std::count_if(
      line.begin(), line.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

std::size_t widest(const std::string& text) {
  std::istringstream lines{text};
  std::size_t widest = 0;
  for (std::string line; std::getline(lines, line);) widest = std::max(widest, columns(line));
  return widest;
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_timeline_has_a_column_per_thread_and_marks_switches) {
  Result result = explore(test::lost_update);
  BOOST_REQUIRE(result.finding.has_value());
  for (Step& step : result.finding->steps) step.source.reset();
  result.finding->source.reset();
  result.finding->culprit.clear();
  BOOST_TEST(timeline(*result.finding) ==
             "step │ main                │ t1                  │ t2\n"
             "─────┼─────────────────────┼─────────────────────┼────────────────────\n"
             "   1 │                     │ load balance -> 100 │\n"
             "   2▸│                     │                     │ load balance -> 100\n"
             "   3 │                     │                     │ store balance = 120\n"
             "   4▸│                     │ store balance = 110 │\n"
             "   5▸│ load balance -> 110 │                     │\n"
             "check: both deposits are in the balance\n");
}

BOOST_AUTO_TEST_CASE(the_last_column_has_the_lines_and_above_them_the_file_of_most) {
  Finding finding{.kind = FindingKind::check,
                  .message = "no",
                  .source = SourceLine{"test.cpp", 7},
                  .threads = {"main"},
                  .steps = {{.operation = "lock", .object = "guard"},
                            {.operation = "load", .object = "x", .source = SourceLine{"test.cpp", 12}}}};
  BOOST_TEST(timeline(finding) ==
             "step │ main       │ test.cpp\n"
             "─────┼────────────┼─────────\n"
             "   1 │ lock guard │\n"
             "   2 │ load x     │ 12\n"
             "check: no (test.cpp:7)\n");
  finding.steps.push_back({.operation = "store", .object = "x", .source = SourceLine{"queue.hpp", 3}});
  BOOST_TEST(timeline(finding) ==
             "step │ main       │ line\n"
             "─────┼────────────┼────────────\n"
             "   1 │ lock guard │\n"
             "   2 │ load x     │ test.cpp:12\n"
             "   3 │ store x    │ queue.hpp:3\n"
             "check: no (test.cpp:7)\n");
  finding.steps.push_back({.operation = "load", .object = "x", .source = SourceLine{"test.cpp", 14}});
  BOOST_TEST(timeline(finding) ==
             "step │ main       │ test.cpp\n"
             "─────┼────────────┼────────────\n"
             "   1 │ lock guard │\n"
             "   2 │ load x     │ 12\n"
             "   3 │ store x    │ queue.hpp:3\n"
             "   4 │ load x     │ 14\n"
             "check: no (test.cpp:7)\n");
}

BOOST_AUTO_TEST_CASE(a_report_ends_with_the_token) {
  const Result result = explore(test::lost_update);
  BOOST_TEST(result.report().find("check found in execution 2\n") == 0U);
  BOOST_TEST(result.report().find("\nreplay: ls1.test.1-t2.") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_report_without_a_finding_says_whether_it_is_a_proof) {
  BOOST_TEST(explore([] {}).report() == "no failure in 1 execution, which are all there are\n");
  BOOST_TEST(explore([] {}, {.strategy = Strategy::random, .executions = 3}).report() ==
             "no failure in 3 executions, and there may be more\n");
}

BOOST_AUTO_TEST_CASE(a_wide_timeline_is_wrapped_to_the_page_and_loses_nothing) {
  const Result result = explore([] {
    atomic<int> x{0};
    label(x, "an_object_with_a_name_that_is_much_too_long_for_any_column_of_the_page");
    concurrently([&] { x.store(1); }, [&] { x.store(2); }, [&] { x.store(3); });
    check(x.load() == 3, "the third is last");
  });
  const std::string text = timeline(*result.finding);
  BOOST_TEST(widest(text) <= 110U, text);
  BOOST_TEST(text.find("…") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_cell_is_broken_at_blanks_and_its_row_is_numbered_once) {
  const std::string record = "-> v7 {owner: somebody with a long name, balance: 100}";
  const Finding finding{
      .message = "no",
      .threads = {"main", "t1", "t2"},
      .steps = {{.operation = "load", .object = "accounts[1]", .outcome = record},
                {.thread = 1, .operation = "load", .object = "accounts[1]", .outcome = record},
                {.thread = 2, .operation = "unlock", .object = "accounts[1]"}}};
  BOOST_TEST(
      timeline(finding) ==
      "step │ main                                    │ t1                                       │ t2\n"
      "─────┼─────────────────────────────────────────┼──────────────────────────────────────────┼───────────"
      "────────\n"
      "   1 │ load accounts[1] -> v7 {owner: somebody │                                          │\n"
      "     │ with a long name, balance: 100}         │                                          │\n"
      "   2 │                                         │ load accounts[1] -> v7 {owner: somebody  │\n"
      "     │                                         │ with a long name, balance: 100}          │\n"
      "   3 │                                         │                                          │ unlock "
      "accounts[1]\n"
      "check: no\n");
}

BOOST_AUTO_TEST_CASE(a_long_timeline_loses_its_middle) {
  const Result result = explore([] {
    atomic<int> x{0};
    for (int i = 0; i != 500; ++i) x.store(i);
    check(false, "the end");
  });
  const std::string text = timeline(*result.finding);
  BOOST_TEST(std::count(text.begin(), text.end(), '\n') < 60, text);
  BOOST_TEST(text.find("460 steps left out") != std::string::npos, text);
  BOOST_TEST(text.find(" 500 │ store") != std::string::npos, text);
}

BOOST_AUTO_TEST_CASE(objects_and_threads_can_be_named) {
  const Result result = explore([] {
    mutex guard;
    atomic<int> x{0};
    label(x, "balance");
    this_thread::label("bank");
    thread payer{[&] {
      const std::lock_guard lock{guard};
      x.store(1);
    }};
    label(payer, "payer");
    payer.join();
    check(x.load() == 0, "nothing was paid");
  });
  const std::string text = timeline(*result.finding);
  BOOST_TEST(text.find("step │ bank") == 0U, text);
  BOOST_TEST(text.find("payer") != std::string::npos, text);
  BOOST_TEST(text.find("store balance = 1") != std::string::npos, text);
  BOOST_TEST(text.find("lock mutex#1") != std::string::npos, text);
}

BOOST_AUTO_TEST_CASE(a_finding_without_steps_has_a_timeline_too) {
  BOOST_TEST(timeline({.kind = FindingKind::check, .message = "no"}) == "check: no\n");
  BOOST_TEST(timeline({.kind = FindingKind::check, .message = "no", .threads = {"main"}}) == "check: no\n");
}

BOOST_AUTO_TEST_SUITE_END()
