// lockstep-sim explain and shrink: what they print, and what their exit status is.
#include "programs.hpp"

#include <boost/test/unit_test.hpp>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

using namespace lockstep::test;

namespace {

/// A file that is gone when the test is over.
class Temporary {
 public:
  explicit Temporary(const std::string& name)
      : path_{(std::filesystem::temp_directory_path() /
               (name + std::to_string(reinterpret_cast<std::uintptr_t>(this)) + ".html"))
                  .string()} {}
  ~Temporary() { std::filesystem::remove(path_); }
  Temporary(const Temporary&) = delete;
  Temporary& operator=(const Temporary&) = delete;

  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] std::string text() const {
    std::ifstream file{path_};
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
  }

 private:
  std::string path_;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(of_token)

BOOST_AUTO_TEST_CASE(explain_says_who_came_between_what_each_thread_did_and_what_helps) {
  const auto told = planted({"explain", token_of("agrees/bug")});
  BOOST_TEST(told.status == 0);
  BOOST_TEST(contains(told.out, "check: both increments count (scenarios.cpp:"), told.out);
  BOOST_TEST(contains(told.out, "Who came between: t2 wrote atomic#1 (step 3) between the load (step 1)"),
             told.out);
  BOOST_TEST(contains(told.out, "\n  t2    step 3: store atomic#1 = 1 (scenarios.cpp:"), told.out);
  BOOST_TEST(contains(told.out, "\nWhat helps: Make the read and the write one step"), told.out);
  BOOST_TEST(contains(told.out, "reproduced: check, as agrees/bug expects\n"), told.out);
}

BOOST_AUTO_TEST_CASE(explain_exits_with_1_if_the_scenario_expects_something_else) {
  const auto told = planted({"explain", token_of("differs/kind")});
  BOOST_TEST(told.status == 1);
  BOOST_TEST(contains(told.out, "not reproduced: differs/kind expects deadlock, found check"), told.out);
}

BOOST_AUTO_TEST_CASE(shrink_prints_a_shorter_interleaving_with_its_token) {
  const auto shortest = token_of("agrees/bug");
  // There and back once more than is needed.
  const auto told = planted({"shrink", "ls1.agrees/bug.t2-t1-t2.00000000"});
  BOOST_TEST(told.status == 0, told.out);
  BOOST_TEST(contains(told.out, "store atomic#1 = 1"), told.out);
  BOOST_TEST(contains(told.out, "5 steps with 3 switches"), told.out);
  const auto begin = told.out.find("\nls1.") + 1;
  const auto token = told.out.substr(begin, told.out.find(": ", begin) - begin);
  const auto replayed = planted({"replay", token});
  BOOST_TEST(replayed.status == 0);
  BOOST_TEST(!contains(replayed.out, "note:"), replayed.out);
  const auto again = planted({"shrink", shortest});
  BOOST_TEST(contains(again.out, "no shorter one was found: 5 steps with 3 switches"), again.out);
}

BOOST_AUTO_TEST_CASE(they_refuse_what_is_no_token_as_replay_does) {
  for (const std::string command : {"explain", "shrink"}) {
    BOOST_TEST(planted({command}).status == 2);
    BOOST_TEST(contains(planted({command}).err, command + " takes the token of a finding"));
    BOOST_TEST(planted({command, "nonsense"}).status == 2);
    BOOST_TEST(planted({command, "ls1.nobody.1.00000000"}).status == 2);
  }
}

BOOST_AUTO_TEST_CASE(run_and_replay_write_the_same_page) {
  const Temporary by_run{"run"};
  const Temporary by_replay{"replay"};
  BOOST_TEST(planted({"run", "agrees", "--html", by_run.path()}).status == 0);
  BOOST_TEST(planted({"replay", token_of("agrees/bug"), "--html", by_replay.path()}).status == 0);
  BOOST_TEST(contains(by_run.text(), "<title>check in agrees/bug</title>"));
  BOOST_TEST(by_run.text() == by_replay.text());
}

BOOST_AUTO_TEST_CASE(a_page_that_cannot_be_written_is_known_before_the_run) {
  const auto told = planted({"run", "endless/clean", "--html", "/nowhere/page.html"});
  BOOST_TEST(told.status == 3);
  BOOST_TEST(contains(told.err, "cannot write '/nowhere/page.html'"), told.err);
  BOOST_TEST(planted({"run", "agrees/bug", "--html", "-"}).status == 2);
}

BOOST_AUTO_TEST_CASE(without_a_finding_there_is_no_page_and_run_says_so) {
  const Temporary page{"clean"};
  const auto told = planted({"run", "agrees/clean", "--html", page.path()});
  BOOST_TEST(told.status == 0);
  BOOST_TEST(contains(told.out, "Nothing was found, so "), told.out);
  BOOST_TEST(page.text() == "");
}

BOOST_AUTO_TEST_SUITE_END()
