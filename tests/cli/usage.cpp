// What the program says about a command line that makes no sense.
#include "programs.hpp"

#include <boost/test/unit_test.hpp>

#include <filesystem>
#include <string>
#include <vector>

using namespace lockstep::test;

namespace {

/// Says what is wrong on standard error, nothing on standard output, and exits with 2.
void is_bad_usage(const std::vector<std::string>& arguments, const std::string& message) {
  const auto told = sim(arguments);
  BOOST_TEST(told.status == 2);
  BOOST_TEST(told.out == "");
  BOOST_TEST(contains(told.err, message), "expected: " << message << "\ntold: " << told.err);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(usage)

BOOST_AUTO_TEST_CASE(a_missing_command_is_bad_usage) {
  is_bad_usage({}, "a command is missing: list, run, audit, replay");
}

BOOST_AUTO_TEST_CASE(an_unknown_command_suggests_the_nearest) {
  is_bad_usage({"rnu"}, "did you mean 'run'?");
}

BOOST_AUTO_TEST_CASE(an_unknown_option_is_bad_usage) { is_bad_usage({"run", "--al"}, "--al"); }

BOOST_AUTO_TEST_CASE(run_needs_names_or_all) {
  is_bad_usage({"run"}, "names of scenarios, or --all");
  is_bad_usage({"run", "--quiet"}, "names of scenarios, or --all");
}

BOOST_AUTO_TEST_CASE(names_and_all_contradict_each_other) {
  is_bad_usage({"run", "lost_update", "--all"}, "either names or --all");
}

BOOST_AUTO_TEST_CASE(quiet_and_verbose_contradict_each_other) {
  is_bad_usage({"run", "--all", "--quiet", "--verbose"}, "either --quiet or --verbose");
}

BOOST_AUTO_TEST_CASE(a_checkpoint_is_for_one_scenario_that_is_explored_exhaustively) {
  is_bad_usage({"run", "--all", "--checkpoint", "file"}, "--checkpoint is for one scenario, and these are ");
  is_bad_usage({"run", "lost_update/naive", "--checkpoint", "file", "--explorer", "random"},
               "--checkpoint is for the exhaustive explorer");
  is_bad_usage({"run", "lost_update/naive", "--checkpoint", "file", "--preemptions", "1"},
               "--checkpoint is for the exhaustive explorer");
  is_bad_usage({"run", "lost_update/naive", "--checkpoint", ""}, "--checkpoint takes the name of a file");
}

BOOST_AUTO_TEST_CASE(the_number_of_threads_is_a_number) {
  is_bad_usage({"run", "--all", "--jobs", "many"}, "--jobs takes a whole number from 0 to 1024, not 'many'");
  is_bad_usage({"run", "--all", "-j", "2000"}, "--jobs takes a whole number from 0 to 1024, not '2000'");
}

BOOST_AUTO_TEST_CASE(an_unknown_scenario_suggests_the_nearest) {
  is_bad_usage({"run", "lost_updat"}, "there is no scenario 'lost_updat'; did you mean 'lost_update'?");
  is_bad_usage({"run", "lost_update/niave"}, "did you mean 'lost_update/naive'?");
  is_bad_usage({"run", "LOST_UPDATE/NAIVE"}, "did you mean 'lost_update/naive'?");
}

BOOST_AUTO_TEST_CASE(one_unknown_scenario_among_known_ones_runs_nothing) {
  is_bad_usage({"run", "lost_update/naive", "zebra"}, "there is no scenario 'zebra'\n");
}

BOOST_AUTO_TEST_CASE(an_empty_name_is_no_scenario) { is_bad_usage({"run", ""}, "there is no scenario ''"); }

BOOST_AUTO_TEST_CASE(a_very_long_name_is_shown_in_short) {
  const auto told = sim({"run", std::string(100'000, 'x')});
  BOOST_TEST(told.status == 2);
  BOOST_TEST(told.err.size() < 1'000);
}

BOOST_AUTO_TEST_CASE(control_characters_of_a_name_do_not_reach_the_terminal) {
  const auto told = sim({"run", "\x1b[31mred"});
  BOOST_TEST(told.status == 2);
  BOOST_TEST(!contains(told.err, "\x1b"));
}

BOOST_AUTO_TEST_CASE(an_unknown_explorer_suggests_the_nearest) {
  is_bad_usage({"run", "--all", "--explorer", "exhautive"}, "did you mean 'exhaustive'?");
}

BOOST_AUTO_TEST_CASE(an_unknown_model_of_memory_is_bad_usage) {
  is_bad_usage({"run", "--all", "--model", "rc12"}, "--model takes one of interleavings, rc11, sc, not 'rc12'; did you mean 'rc11'?");
  is_bad_usage({"replay", "TOKEN", "--model", ""}, "--model takes one of interleavings, rc11, sc, not ''");
}

BOOST_AUTO_TEST_CASE(audit_needs_names) {
  is_bad_usage({"audit"}, "names of scenarios");
  is_bad_usage({"audit", "peterson/seq_cts"}, "did you mean 'peterson/seq_cst'?");
}

BOOST_AUTO_TEST_CASE(numbers_out_of_range_are_bad_usage) {
  is_bad_usage({"run", "--all", "--seed", "-1"}, "--seed takes a whole number from 0");
  is_bad_usage({"run", "--all", "--seed", "18446744073709551616"}, "not '18446744073709551616'");
  is_bad_usage({"run", "--all", "--executions", "0"}, "--executions takes a whole number from 1");
  is_bad_usage({"run", "--all", "--executions=-5"}, "not '-5'");
  is_bad_usage({"run", "--all", "--spurious", "often"}, "--spurious takes a whole number from 0");
  is_bad_usage({"run", "--all", "--timeouts", "1s"}, "--timeouts takes a whole number from 0");
  is_bad_usage({"run", "--all", "--depth", "0"}, "--depth takes a whole number from 1");
  is_bad_usage({"replay", "TOKEN", "--spurious", "-1"}, "--spurious takes a whole number from 0");
  is_bad_usage({"run", "--all", "--executions", "many"}, "not 'many'");
}

BOOST_AUTO_TEST_CASE(times_that_are_none_are_bad_usage) {
  for (const auto* const text : {"0", "0ms", "-1s", "10x", "1.5s", "", "9999999999h"}) {
    is_bad_usage({"run", "--all", std::string{"--time="} + text}, "--time");
  }
}

BOOST_AUTO_TEST_CASE(a_missing_token_is_bad_usage) { is_bad_usage({"replay"}, "token"); }

BOOST_AUTO_TEST_CASE(a_malformed_token_is_bad_usage) {
  for (const auto* const token :
       {"nonsense", "", ":", "lost_update/naive", "lost_update/naive:", "\x1b[31m"}) {
    const auto told = sim({"replay", token});
    BOOST_TEST(told.status == 2, "status " << told.status << " of " << token);
    BOOST_TEST(told.out == "");
    BOOST_TEST(!contains(told.err, "\x1b"));
  }
}

BOOST_AUTO_TEST_CASE(help_is_no_error) {
  for (const auto& arguments : std::vector<std::vector<std::string>>{{"--help"},
                                                                     {"-h"},
                                                                     {"list", "--help"},
                                                                     {"run", "--help"},
                                                                     {"audit", "--help"},
                                                                     {"replay", "--help"}}) {
    const auto told = sim(arguments);
    BOOST_TEST(told.status == 0);
    BOOST_TEST(contains(told.out, "Usage: " LOCKSTEP_SIM));
    BOOST_TEST(contains(told.out, "Exit status:"));
    BOOST_TEST(told.err == "");
  }
}

BOOST_AUTO_TEST_CASE(help_names_the_program_as_it_was_called) {
  const TemporaryDirectory directory;
  const auto name = directory / "called-so";
  std::filesystem::create_symlink(LOCKSTEP_SIM, name);
  const auto told = told_by(name, {"--help"});
  BOOST_TEST(contains(told.out, "Usage: " + name + " "), told.out);
  BOOST_TEST(contains(told.out, "\n  " + name + " run --all\n"), told.out);
  BOOST_TEST(!contains(told.out, "lockstep-sim"));
}

BOOST_AUTO_TEST_CASE(the_version_is_the_projects) {
  BOOST_TEST(sim({"--version"}).out == "lockstep-sim " LOCKSTEP_VERSION "\n");
}

BOOST_AUTO_TEST_SUITE_END()
