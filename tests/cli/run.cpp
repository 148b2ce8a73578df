// lockstep-sim run: verdicts, exit statuses, and what is printed when.
#include "programs.hpp"

#include <boost/json/object.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <string>
#include <vector>

using namespace lockstep::test;

namespace {

std::string last_line(const std::string& text) { return text.empty() ? "" : lines(text).back(); }

}  // namespace

BOOST_AUTO_TEST_SUITE(run)

BOOST_AUTO_TEST_CASE(a_verdict_as_expected_exits_with_0) {
  const auto told = planted({"run", "agrees"});
  BOOST_TEST(told.status == 0);
  BOOST_TEST(told.err == "");
  BOOST_TEST(last_line(told.out) ==
             "3 scenarios: 2 bugs found as expected, 1 proven free of any over every interleaving");
}

BOOST_AUTO_TEST_CASE(a_finding_where_none_is_expected_differs) {
  const auto told = planted({"run", "differs/bug"});
  BOOST_TEST(told.status == 1);
  BOOST_TEST(contains(told.out, "check found, but expected none"));
  BOOST_TEST(last_line(told.out) == "1 scenario: 1 not as expected");
}

BOOST_AUTO_TEST_CASE(no_finding_where_one_is_expected_differs) {
  const auto told = planted({"run", "differs/clean"});
  BOOST_TEST(told.status == 1);
  BOOST_TEST(contains(told.out, "expected deadlock, but nothing found"));
}

BOOST_AUTO_TEST_CASE(another_kind_of_finding_differs) {
  BOOST_TEST(planted({"run", "differs/kind"}).status == 1);
}

BOOST_AUTO_TEST_CASE(one_that_differs_among_many_exits_with_1) {
  BOOST_TEST(planted({"run", "agrees", "differs/bug"}).status == 1);
}

BOOST_AUTO_TEST_CASE(a_named_scenario_shows_its_interleaving_and_how_to_replay_it) {
  const auto told = planted({"run", "agrees/bug"});
  BOOST_TEST(contains(told.out, "both increments count"));
  BOOST_TEST(contains(told.out, "To see it again: " LOCKSTEP_SIM_PLANTED " replay "));
}

BOOST_AUTO_TEST_CASE(a_group_names_all_of_its_scenarios) {
  for (const auto* const group : {"agrees", "agrees/"}) {
    const auto told = planted({"run", group});
    BOOST_TEST(contains(told.out, "agrees/bug: "));
    BOOST_TEST(contains(told.out, "agrees/clean: "));
    BOOST_TEST(!contains(told.out, "differs/"));
  }
}

BOOST_AUTO_TEST_CASE(a_scenario_named_twice_runs_once) {
  const auto told = planted({"run", "agrees/clean", "agrees/clean", "agrees/clean"});
  BOOST_TEST(last_line(told.out).starts_with("1 scenario: "));
}

BOOST_AUTO_TEST_CASE(scenarios_run_in_the_order_in_which_they_are_named) {
  const auto out = planted({"run", "agrees/clean", "agrees/bug"}).out;
  BOOST_TEST(out.find("agrees/clean: ") < out.find("agrees/bug: "));
}

BOOST_AUTO_TEST_CASE(quiet_prints_nothing_if_all_is_as_expected) {
  const auto told = planted({"run", "agrees", "--quiet"});
  BOOST_TEST(told.status == 0);
  BOOST_TEST(told.out == "");
  BOOST_TEST(told.err == "");
}

BOOST_AUTO_TEST_CASE(quiet_prints_what_differs) {
  const auto told = planted({"run", "agrees", "differs/bug", "-q"});
  BOOST_TEST(told.status == 1);
  BOOST_TEST(told.out.starts_with("differs/bug: "));
  BOOST_TEST(!contains(told.out, "agrees"));
}

BOOST_AUTO_TEST_CASE(without_a_terminal_there_are_no_escape_codes_and_no_progress) {
  const auto told = planted({"run", "agrees", "differs"});
  BOOST_TEST(!contains(told.out, "\x1b"));
  BOOST_TEST(told.err == "");
}

BOOST_AUTO_TEST_CASE(cut_short_it_is_ok_but_no_proof) {
  for (const auto* const limit : {"--executions=3", "--time=50ms"}) {
    const auto told = planted({"run", "endless/clean", limit});
    BOOST_TEST(told.status == 0);
    BOOST_TEST(contains(told.out, "not complete"));
    BOOST_TEST(last_line(told.out) == "1 scenario: 1 without a bug in what was explored (no proof)");
  }
}

BOOST_AUTO_TEST_CASE(several_threads_tell_what_one_tells) {
  const auto one = planted({"run", "agrees/clean", "--json", "-"});
  for (const auto* const jobs : {"--jobs=4", "-j0"}) {
    const auto several = planted({"run", "agrees/clean", "--json", "-", jobs});
    BOOST_TEST(several.status == 0);
    for (const auto* const told : {"verdict", "executions", "steps", "complete"})
      BOOST_TEST((scenarios_in(one.out).at(0).at(told) == scenarios_in(several.out).at(0).at(told)));
  }
}

BOOST_AUTO_TEST_CASE(a_checkpoint_is_gone_on_from) {
  const TemporaryDirectory directory;
  const std::string file = directory / "checkpoint";
  const auto first = planted({"run", "endless/clean", "--executions=3", "--checkpoint", file});
  BOOST_TEST(first.status == 0);
  const auto second = planted({"run", "endless/clean", "--executions=5", "--checkpoint", file});
  BOOST_TEST(second.status == 0);
  BOOST_TEST(contains(second.out, "5 executions"));
  BOOST_TEST(contains(second.out, "went on from a checkpoint after 3 executions"), second.out);
  const auto other = planted({"run", "agrees/clean", "--checkpoint", file});
  BOOST_TEST(other.status == 2);
  BOOST_TEST(contains(other.err, "it is of \"endless/clean\", not of \"agrees/clean\""), other.err);
}

BOOST_AUTO_TEST_CASE(drawn_executions_are_no_proof) {
  for (const auto* const explorer : {"random", "pct", "pos", "surw"}) {
    const auto told =
        planted({"run", "agrees/clean", "--explorer", explorer, "--executions", "5", "--seed", "0"});
    BOOST_TEST(told.status == 0);
    BOOST_TEST(contains(told.out, "nothing found in 5 executions"));
    BOOST_TEST(contains(told.out, "(no proof)"));
  }
}

BOOST_AUTO_TEST_CASE(a_bound_on_preemptions_is_no_proof) {
  const auto told = planted({"run", "agrees/clean", "--preemptions", "1"});
  BOOST_TEST(told.status == 0);
  BOOST_TEST(contains(told.out, "(no proof)"));
}

BOOST_AUTO_TEST_CASE(what_fails_spuriously_is_found_and_replayed_where_that_is_allowed) {
  BOOST_TEST(planted({"run", "spurious/weak"}).status == 0);
  BOOST_TEST(planted({"run", "spurious/weak", "--spurious", "0"}).status == 0);
  const auto told = planted({"run", "spurious/weak", "--spurious", "1"});
  BOOST_TEST(told.status == 1);
  BOOST_TEST(contains(told.out, "fails spuriously"));
  const std::string before = "To see it again: " LOCKSTEP_SIM_PLANTED " ";
  BOOST_REQUIRE(contains(told.out, before));
  const auto begin = told.out.find(before) + before.size();
  const auto command = told.out.substr(begin, told.out.find('\n', begin) - begin);
  BOOST_TEST(command.ends_with(" --spurious 1"), command);
  const auto again = told_by_shell(LOCKSTEP_SIM_PLANTED, command);
  BOOST_TEST(contains(again.out, "fails spuriously"));
  BOOST_TEST(contains(again.out, "not reproduced: spurious/weak expects none, found check"));
  BOOST_TEST(!contains(again.out, "note:"), again.out);
}

BOOST_AUTO_TEST_CASE(the_same_seed_finds_the_same) {
  const std::vector<std::string> drawn{"run",    "agrees/bug",           "--explorer", "random",
                                       "--seed", "18446744073709551615", "--json",     "-"};
  const auto first = scenarios_in(planted(drawn).out).at(0).as_object();
  const auto second = scenarios_in(planted(drawn).out).at(0).as_object();
  BOOST_TEST(first.at("token").as_string() == second.at("token").as_string());
  BOOST_TEST((first.at("finding") == second.at("finding")));
}

BOOST_AUTO_TEST_CASE(ctrl_c_reports_what_is_known_and_exits_with_130) {
  const TemporaryDirectory directory;
  const auto told =
      planted({"run", "agrees/clean", "endless/interrupted", "differs", "--json", directory / "json"});
  BOOST_TEST(told.status == 130);
  BOOST_TEST(contains(told.out, "agrees/clean: "));
  BOOST_TEST(!contains(told.out, "differs"));
  BOOST_TEST(last_line(told.out) == "Interrupted: 1 of 5 scenarios had been run");
  BOOST_TEST(scenarios_in(contents(directory / "json")).size() == 1U);
}

BOOST_AUTO_TEST_CASE(a_closed_pipe_ends_the_program) {
  const auto told = told_by_shell(LOCKSTEP_SIM_PLANTED, "run agrees --verbose | true");
  BOOST_TEST(told.status == 0);
  BOOST_TEST(!contains(told.err, "internal error"));
}

BOOST_AUTO_TEST_CASE(an_empty_catalogue_proves_nothing_and_says_so) {
  const auto told = empty({"run", "--all"});
  BOOST_TEST(told.status == 3);
  BOOST_TEST(contains(told.err, "the catalogue is empty"));
  BOOST_TEST(empty({"list"}).status == 0);
}

BOOST_AUTO_TEST_CASE(a_proof_up_to_waiting_loops_is_called_so) {
  const auto told = planted({"run", "fair/waits"});
  BOOST_TEST(told.status == 0);
  BOOST_TEST(told.out.find("proven: nothing found over every fair interleaving") != std::string::npos,
             told.out);
  BOOST_TEST(told.out.find("over every fair interleaving\n") != std::string::npos, told.out);
}

BOOST_AUTO_TEST_CASE(a_proof_for_those_in_time_is_called_so_and_others_may_be_late) {
  const auto timely = planted({"run", "timely/sleeps"});
  BOOST_TEST(timely.status == 0);
  BOOST_TEST(contains(timely.out, "over every timely interleaving\n"), timely.out);
  const auto late = planted({"run", "timely/sleeps", "--timeouts", "1"});
  BOOST_TEST(late.status == 1);
  BOOST_TEST(contains(late.out, "is over before others go on"), late.out);
  BOOST_TEST(contains(late.out, " --timeouts 1\n"), late.out);
}

BOOST_AUTO_TEST_CASE(what_weak_orders_allow_is_found_and_replayed_under_a_model_of_memory) {
  BOOST_TEST(planted({"run", "orders/missed"}).status == 0);
  const auto weak = planted({"run", "orders/missed", "--model", "rc11"});
  BOOST_TEST(weak.status == 1);
  BOOST_TEST(contains(weak.out, "one of them hears the other"), weak.out);
  const std::string before = "To see it again: " LOCKSTEP_SIM_PLANTED " ";
  const auto begin = weak.out.find(before) + before.size();
  const auto command = weak.out.substr(begin, weak.out.find('\n', begin) - begin);
  BOOST_TEST(command.ends_with(" --model rc11"), command);
  const auto again = told_by_shell(LOCKSTEP_SIM_PLANTED, command);
  BOOST_TEST(contains(again.out, "one of them hears the other"), again.out);
}

BOOST_AUTO_TEST_CASE(a_proof_under_a_model_of_memory_names_it) {
  const auto told = planted({"run", "orders/published"});
  BOOST_TEST(told.status == 0);
  BOOST_TEST(contains(told.out, "proven: nothing found over every execution under rc11 (2 executions)"),
             told.out);
  BOOST_TEST(last_line(told.out) ==
             "1 scenario: 1 proven free of bugs over every execution under a model of memory");
  BOOST_TEST(
      last_line(planted({"run", "agrees/clean", "orders/published"}).out) ==
      "2 scenarios: 2 proven free of bugs over every interleaving, or execution under a model of memory");
}

BOOST_AUTO_TEST_CASE(a_finding_that_ends_the_process_is_shown_first) {
  const auto deadlock = planted({"run", "terminates/deadlock"});
  BOOST_TEST(deadlock.status != 0);
  for (const char* part : {"waits for ever", "deadlock: t1 holds", "replay: ls1.terminates/deadlock."}) {
    BOOST_TEST(deadlock.err.find(part) != std::string::npos, deadlock.err);
  }
  const auto exception = planted({"run", "terminates/exception"});
  BOOST_TEST(exception.status != 0);
  for (const char* part : {"exception: t1 calls std::terminate", "quoted"}) {
    BOOST_TEST(exception.err.find(part) != std::string::npos, exception.err);
  }
}

BOOST_AUTO_TEST_SUITE_END()
