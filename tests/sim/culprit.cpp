// Who came between whom, read off the steps of a failed check.
#include "../../sim/src/culprit.hpp"

#include <lockstep/lockstep.hpp>

#include "support.hpp"

#include <boost/test/unit_test.hpp>

#include <memory>

BOOST_AUTO_TEST_SUITE(culprits)

namespace {

using namespace lockstep::sim;
using test::concurrently;

std::string culprit_of(const std::function<void()>& body) {
  const Result result = explore(body);
  BOOST_REQUIRE(result.finding.has_value());
  return result.finding->culprit;
}

using Table = lockstep::memory::Table<int, int, Runtime>;

}  // namespace

BOOST_AUTO_TEST_CASE(a_lost_update_names_the_write_between_the_read_and_the_write) {
  BOOST_TEST(culprit_of(test::lost_update) ==
             "t2 wrote balance (step 3) between the load (step 1) and the store (step 4) of t1");
}

BOOST_AUTO_TEST_CASE(a_lost_update_in_a_storage_names_the_record) {
  BOOST_TEST(culprit_of([] {
               lockstep::memory::Database<Runtime> db;
               const auto table = quietly([&] { return std::make_unique<Table>(db, "numbers"); });
               Simulated numbers{*table};
               quietly([&] { lockstep::insert(numbers, 1, 0).or_throw(); });
               const auto increment = [&] {
                 auto number = lockstep::load(numbers, 1);
                 ++*number;
                 lockstep::save(lockstep::unguarded(numbers), 1, number).or_throw();
               };
               concurrently(increment, increment);
               check(quietly([&] { return *lockstep::load(numbers, 1); }) == 2, "both count");
             }) == "t2 wrote numbers[1] (step 3) between the load (step 1) and the commit (step 4) of t1");
}

BOOST_AUTO_TEST_CASE(a_write_skew_names_what_was_read_and_what_was_written) {
  BOOST_TEST(culprit_of([] {
               atomic<bool> ann{true};
               atomic<bool> bob{true};
               label(ann, "ann on call");
               label(bob, "bob on call");
               concurrently(
                   [&] {
                     if (bob.load()) ann.store(false);
                   },
                   [&] {
                     if (ann.load()) bob.store(false);
                   });
               check(ann.load() || bob.load(), "somebody is on call");
             }) ==
             "t2 wrote bob on call (step 3) between the load of it (step 1) and the store of ann on call "
             "(step 4) of t1");
}

BOOST_AUTO_TEST_CASE(who_looked_again_or_changes_at_once_was_not_misled) {
  const auto touching = [](unsigned thread, const std::string& operation, bool write) {
    return Step{.thread = thread, .operation = operation, .object = "x", .touched = {{"x", write}}};
  };
  Finding finding{
      .threads = {"main", "t1", "t2"},
      .steps = {touching(1, "load", false), touching(2, "store", true), touching(1, "store", true)}};
  BOOST_TEST(culprit(finding) ==
             "t2 wrote x (step 2) between the load (step 1) and the store (step 3) of t1");
  finding.steps[2].operation = "fetch_add";  // reads what it writes by
  BOOST_TEST(culprit(finding) == "");
  finding.steps[2].operation = "store";
  finding.steps.insert(finding.steps.begin() + 2, touching(1, "load", false));
  BOOST_TEST(culprit(finding) == "");
  finding.steps.erase(finding.steps.begin() + 2);
  finding.kind = FindingKind::deadlock;
  BOOST_TEST(culprit(finding) == "");
}

BOOST_AUTO_TEST_CASE(a_check_that_always_fails_has_no_culprit) {
  BOOST_TEST(culprit_of([] {
               atomic<int> x{0};
               x.store(x.load() + 1);
               check(false, "never");
             }) == "");
}

BOOST_AUTO_TEST_CASE(the_culprit_stands_under_the_timeline) {
  const Result result = explore(test::lost_update);
  BOOST_TEST(timeline(*result.finding).find("\nculprit: t2 wrote balance (step 3)") != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
