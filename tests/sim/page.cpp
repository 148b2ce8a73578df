// The page of a finding: what its objects hold, who has locked them, what comes after what, and that it is
// one file.
#include "../../sim/src/states.hpp"
#include "support.hpp"

#include <boost/test/unit_test.hpp>

#include <stdexcept>

BOOST_AUTO_TEST_SUITE(page)

namespace {

using namespace lockstep::sim;
using Indices = std::vector<std::size_t>;

Touched reads_from(const std::string& object) { return {object, false}; }
Touched writes_to(const std::string& object) { return {object, true}; }

Step step_of(unsigned thread, const std::string& operation, const std::string& object,
             const std::string& outcome, const std::vector<Touched>& touched) {
  return {.thread = thread, .operation = operation, .object = object, .outcome = outcome, .touched = touched};
}

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t found = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
  return found;
}

}  // namespace

BOOST_AUTO_TEST_CASE(an_object_holds_what_the_last_step_showed) {
  const auto all = states({.threads = {"main"},
                           .steps = {step_of(0, "load", "x", "-> 1", {reads_from("x")}),
                                     step_of(0, "store", "x", "= 2", {writes_to("x")}),
                                     step_of(0, "fetch_add", "x", "2 => 3", {writes_to("x")}),
                                     step_of(0, "compare_exchange", "x", "fails: is 3", {reads_from("x")})}});
  BOOST_TEST(all.at(0).at("x").holds == "1");
  BOOST_TEST(all.at(1).at("x").holds == "2");
  BOOST_TEST(all.at(2).at("x").holds == "3");
  BOOST_TEST(all.at(2).at("x").changed);
  BOOST_TEST(all.at(3).at("x").holds == "3");
  BOOST_TEST(!all.at(3).at("x").changed);
}

BOOST_AUTO_TEST_CASE(a_commit_of_several_records_shows_each_version) {
  const auto all =
      states({.threads = {"main"},
              .steps = {step_of(0, "commit", "a[1], b[2]", "-> v1 {x: 1, y: 2}, v4 {z: 3}",
                                {writes_to("a[1]"), writes_to("b[2]"), writes_to("locks")}),
                        step_of(0, "commit", "a[1]", "-> stale: 0 is now 1", {writes_to("a[1]")})}});
  BOOST_TEST(all.at(0).at("a[1]").holds == "v1 {x: 1, y: 2}");
  BOOST_TEST(all.at(0).at("b[2]").holds == "v4 {z: 3}");
  BOOST_TEST(!all.at(0).contains("locks"));
  BOOST_TEST(all.at(1).at("a[1]").holds == "v1 {x: 1, y: 2}");
}

BOOST_AUTO_TEST_CASE(owners_of_locks_come_and_go) {
  const std::vector<Touched> guard{writes_to("guard")};
  const auto all = states(
      {.threads = {"main", "t1"},
       .steps = {step_of(0, "lock", "guard", "", guard), step_of(1, "try_lock", "guard", "-> false", guard),
                 step_of(0, "unlock", "guard", "", guard), step_of(0, "lock_shared", "guard", "", guard),
                 step_of(1, "lock_shared", "guard", "", guard),
                 step_of(1, "lock", "a[1]", "-> granted", {writes_to("a[1]'s lock")}),
                 step_of(1, "commit", "a[1]", "-> v1 1", {writes_to("a[1]")})}});
  BOOST_TEST(all.at(0).at("guard").owners == std::vector{0U});
  BOOST_TEST(all.at(1).at("guard").owners == std::vector{0U});
  BOOST_TEST(all.at(2).at("guard").owners.empty());
  BOOST_TEST((all.at(4).at("guard").owners == std::vector{0U, 1U}));
  BOOST_TEST(all.at(5).at("a[1]").owners == std::vector{1U});
  BOOST_TEST(all.at(6).at("a[1]").owners.empty());
}

BOOST_AUTO_TEST_CASE(a_step_comes_after_what_it_depends_on_and_not_after_what_follows_from_that) {
  const auto before = happens_after({.threads = {"main", "t1", "t2"},
                                     .steps = {step_of(0, "store", "x", "= 1", {writes_to("x")}),
                                               step_of(1, "load", "x", "-> 1", {reads_from("x")}),
                                               step_of(2, "load", "x", "-> 1", {reads_from("x")}),
                                               step_of(1, "store", "y", "= 1", {writes_to("y")}),
                                               step_of(0, "store", "x", "= 2", {writes_to("x")}),
                                               step_of(2, "load", "y", "-> 1", {reads_from("y")}),
                                               step_of(2, "load", "x", "-> 2", {reads_from("x")})}});
  BOOST_TEST((before == std::vector<Indices>{{}, {0}, {0}, {}, {1, 2}, {3}, {4}}));
}

BOOST_AUTO_TEST_CASE(the_page_has_a_row_per_step_a_column_per_thread_and_the_state_after_each) {
  const Result result = explore(test::lost_update);
  const std::string page = html(*result.finding, "two deposits");
  BOOST_TEST(count(page, "<tr data-step=") == result.finding->steps.size());
  BOOST_TEST(count(page, "<tbody data-step=") == result.finding->steps.size());
  BOOST_TEST(page.find("<th scope=\"col\">t2</th>") != std::string::npos);
  BOOST_TEST(page.find("<tr data-step=\"4\" data-after=\"3\"") != std::string::npos, page);
  BOOST_TEST(page.find(result.finding->token) != std::string::npos);
  BOOST_TEST(page.find("Who came between: t2 wrote balance") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(under_a_model_of_memory_the_page_tells_what_each_load_has_read) {
  const Result result = explore(
      [] {
        atomic<int> data{0};
        atomic<bool> ready{false};
        label(data, "data");
        concurrently(
            [&] {
              data.store(1, std::memory_order_relaxed);
              ready.store(true, std::memory_order_relaxed);
            },
            [&] {
              if (ready.load(std::memory_order_relaxed))
                check(data.load(std::memory_order_relaxed) == 1, "it is there");
            });
      },
      {.model = MemoryModel::rc11});
  const Finding& finding = *result.finding;
  BOOST_REQUIRE(finding.steps.size() == 4U);
  BOOST_TEST((finding.steps[2].from == 1U));
  BOOST_TEST((finding.steps[3].from == std::nullopt));
  BOOST_TEST((finding.steps[3].missed == 0U));
  BOOST_TEST(states(finding).at(3).at("data").holds == "1");
  const std::string page = html(finding, "a message");
  BOOST_TEST(count(page, "data-from=") == 1U);
  BOOST_TEST(page.find("<tr data-step=\"3\" data-from=\"2\"") != std::string::npos, page);
  BOOST_TEST(count(page, "data-after=") == 0U);
  BOOST_TEST(page.find("Which orders are too weak: with release for") != std::string::npos);
  BOOST_TEST(
      explain(finding).find("step 4: t2 reads the first value of data, not what step 1 of t1 has stored") !=
      std::string::npos);
}

BOOST_AUTO_TEST_CASE(the_page_needs_nothing_but_itself) {
  const std::string page = html(*explore(test::lost_update).finding, "two deposits");
  BOOST_TEST(page.find("src=") == std::string::npos);
  BOOST_TEST(page.find("<link") == std::string::npos);
  BOOST_TEST(page.find("@import") == std::string::npos);
  BOOST_TEST(count(page, "http") ==
             count(page, "http://www.w3.org/2000/svg"));  // the name of a language, not a place
}

BOOST_AUTO_TEST_CASE(what_a_test_names_cannot_become_markup) {
  const Result result = explore([] {
    atomic<int> x{0};
    label(x, "<script>alert(1)</script>");
    this_thread::label("\"main\" & co");
    x.store(1);
    throw std::runtime_error{"</script><b>"};
  });
  const std::string page = html(*result.finding, "<i>test</i>");
  BOOST_TEST(count(page, "<script>") == 1U);
  BOOST_TEST(count(page, "</script>") == 1U);
  BOOST_TEST(page.find("&lt;i&gt;test") != std::string::npos);
  BOOST_TEST(page.find("&quot;main&quot; &amp; co") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_long_finding_loses_its_middle_and_one_without_steps_says_so) {
  Finding finding{.message = "no", .threads = {"main"}};
  BOOST_TEST(html(finding, "test").find("has no steps") != std::string::npos);
  finding.steps.resize(10'000, step_of(0, "store", "x", "= 1", {writes_to("x")}));
  const std::string page = html(finding, "test");
  BOOST_TEST(count(page, "<tr data-step=") == 400U);
  BOOST_TEST(page.find("9600 steps left out") != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
