// An exploration that is cut short, or killed, goes on where it was and comes to the same end.
#include <lockstep/sim/explore.hpp>

#include "support.hpp"

#include <boost/test/unit_test.hpp>

#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

BOOST_AUTO_TEST_SUITE(checkpoints)

namespace {

using namespace lockstep::sim;

/// A file that is not there, and is gone afterwards.
class File {
 public:
  File() { std::filesystem::remove(name_); }
  ~File() { std::filesystem::remove(name_); }
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  [[nodiscard]] bool exists() const { return std::filesystem::exists(name_); }
  [[nodiscard]] std::string content() const {
    std::ifstream stream{name_, std::ios::binary};
    return {std::istreambuf_iterator<char>{stream}, {}};
  }
  void write(const std::string& content) const { std::ofstream{name_, std::ios::binary} << content; }

 private:
  std::string name_ =
      (std::filesystem::temp_directory_path() / ("lockstep-checkpoint-" + std::to_string(getpid()))).string();
};

/// Three readers that write, two decisions of chance and a lock: all that can be left to explore.
void body() {
  atomic<int> x{0};
  mutex guard;
  atomic<bool> flag{false};
  test::repeatedly(3, [&](unsigned i) {
    const int before = x.load();
    x.store(before + 1);
    bool expected = false;
    flag.compare_exchange_weak(expected, true);
    const std::lock_guard lock{guard};
    if (i == 2) x.store(7);
  });
}

/// Some interleavings fail.
void failing() {
  atomic<int> x{0};
  test::repeatedly(4, [&](unsigned i) {
    const int before = x.load();
    x.store(before + 1);
    check(i != 0 || before != 2, "the first thread is not the third");
  });
}

/// Explores in parts of so many executions, until nothing is left; tells in how many. Saves as often as it
/// can.
Result in_parts(const std::function<void()>& body, Options options, std::uint64_t part, unsigned& parts) {
  options.checkpoint_every = std::chrono::nanoseconds{0};
  for (parts = 1;; ++parts) {
    options.executions = parts * part;
    Result result = explore(body, options);
    if (result.complete) return result;
    BOOST_REQUIRE_LT(parts, 10'000U);
  }
}

}  // namespace

BOOST_AUTO_TEST_CASE(let_an_exploration_in_parts_come_to_the_same_total) {
  const Result whole = explore(body, {.spurious = 1});
  BOOST_REQUIRE(whole.complete);
  for (const unsigned jobs : {1U, 4U}) {
    for (const std::uint64_t part : {whole.executions / 40, whole.executions / 7, whole.executions - 1}) {
      const File file;
      unsigned parts = 0;
      const Result result =
          in_parts(body, {.jobs = jobs, .spurious = 1, .checkpoint = file.name()}, part, parts);
      BOOST_TEST(result.executions == whole.executions);
      BOOST_TEST(parts > 1U);
      BOOST_TEST(!file.exists());
      if (jobs == 1) BOOST_TEST(result.blocked == whole.blocked);
    }
  }
}

BOOST_AUTO_TEST_CASE(keep_the_findings) {
  const Result whole = explore(failing, {.keep_going = true});
  BOOST_REQUIRE(whole.complete);
  const File file;
  unsigned parts = 0;
  const Result result =
      in_parts(failing, {.checkpoint = file.name(), .keep_going = true}, whole.executions / 10, parts);
  BOOST_TEST(result.executions == whole.executions);
  BOOST_TEST((result.found == whole.found));
  BOOST_REQUIRE(result.finding.has_value());
  BOOST_TEST(result.finding->token == whole.finding->token);
}

BOOST_AUTO_TEST_CASE(let_a_process_that_was_killed_go_on) {
  const Result whole = explore(body, {.spurious = 1});
  for (const unsigned jobs : {1U, 2U}) {
    const File file;
    for (const std::uint64_t executions : {whole.executions / 3, whole.executions / 2}) {
      const pid_t child = fork();
      BOOST_REQUIRE_GE(child, 0);
      if (child == 0) {
        std::atomic<std::uint64_t> runs{0};
        explore(
            [&] {
              if (++runs == executions) kill(getpid(), SIGKILL);
              body();
            },
            {.jobs = jobs,
             .spurious = 1,
             .checkpoint = file.name(),
             .checkpoint_every = std::chrono::nanoseconds{0}});
        _exit(0);
      }
      int status = 0;
      BOOST_REQUIRE_EQUAL(waitpid(child, &status, 0), child);
      BOOST_TEST(WIFSIGNALED(status));
      BOOST_TEST(file.exists());
    }
    const Result result = explore(body, {.spurious = 1, .checkpoint = file.name()});
    BOOST_TEST(result.complete);
    BOOST_TEST(result.executions == whole.executions);
    BOOST_TEST(result.note.starts_with("went on from a checkpoint after "));
  }
}

BOOST_AUTO_TEST_CASE(are_refused_if_they_are_damaged_or_belong_to_something_else) {
  const File file;
  const Options options{.executions = 20, .name = "one", .checkpoint = file.name()};
  BOOST_TEST(!explore(body, options).complete);
  const std::string content = file.content();
  const auto changed = [&](auto change) {
    Options other = options;
    change(other);
    return other;
  };
  BOOST_CHECK_THROW(explore(body, changed([](Options& o) { o.name = "two"; })), BadCheckpoint);
  BOOST_CHECK_THROW(explore(body, changed([](Options& o) { o.spurious = 1; })), BadCheckpoint);
  BOOST_CHECK_THROW(explore(body, changed([](Options& o) { o.steps = 1; })), BadCheckpoint);
  BOOST_CHECK_THROW(explore(body, changed([](Options& o) { o.keep_going = true; })), BadCheckpoint);
  for (const std::size_t length : {std::size_t{0}, content.size() / 2, content.size() - 1}) {
    file.write(content.substr(0, length));
    BOOST_CHECK_THROW(explore(body, options), BadCheckpoint);
  }
  for (std::size_t at = 0; at < content.size() - 1; at += 13) {
    std::string other_digit = content;
    other_digit[at] = content[at] == '1' ? '2' : '1';
    file.write(other_digit);
    BOOST_CHECK_THROW(explore(body, options), BadCheckpoint);
  }
}

BOOST_AUTO_TEST_CASE(of_a_test_that_does_something_else_from_the_beginning_are_refused) {
  const File file;
  const auto counting = [](int times) {
    return [times] {
      atomic<int> x{0};
      const auto count = [&] {
        for (int i = 0; i != times; ++i) x.fetch_add(1);
      };
      concurrently(count, count);
    };
  };
  explore(counting(4), {.executions = 5, .checkpoint = file.name()});
  BOOST_CHECK_THROW(explore(counting(5), {.checkpoint = file.name()}), BadCheckpoint);
  BOOST_TEST(explore(counting(4), {.checkpoint = file.name()}).executions == 70U);
}

BOOST_AUTO_TEST_CASE(of_a_test_that_has_changed_later_on_end_in_a_finding_that_says_so) {
  const auto body_of = [](bool changed) {
    return [changed] {
      atomic<int> x{0};
      atomic<int> y{0};
      concurrently([&] { x.store(1), y.fetch_add(1); },
                   [&] {
                     const bool first = x.load() == 0;
                     if (!changed || !first) y.fetch_add(1);
                   });
    };
  };
  const File file;
  explore(body_of(false), {.executions = 3, .checkpoint = file.name()});
  const Result result = explore(body_of(true), {.checkpoint = file.name()});
  BOOST_TEST(test::found(result) == "nondeterminism");
  BOOST_TEST(result.note.ends_with("the test may have changed since"));
}

BOOST_AUTO_TEST_CASE(are_only_of_unbounded_exhaustive_exploration) {
  const File file;
  BOOST_CHECK_THROW(explore(body, {.strategy = Strategy::random, .checkpoint = file.name()}),
                    std::invalid_argument);
  BOOST_CHECK_THROW(explore(body, {.preemptions = 1, .checkpoint = file.name()}), std::invalid_argument);
  BOOST_TEST(!file.exists());
}

BOOST_AUTO_TEST_CASE(that_cannot_be_written_are_an_error_before_anything_is_explored) {
  unsigned runs = 0;
  const auto counted = [&] {
    ++runs;
    body();
  };
  BOOST_CHECK_THROW(explore(counted, {.checkpoint = "/nowhere/at/all"}), std::runtime_error);
  BOOST_TEST(runs == 1U);
  BOOST_CHECK_THROW(explore(counted, {.checkpoint = std::filesystem::temp_directory_path().string()}),
                    BadCheckpoint);
}

BOOST_AUTO_TEST_CASE(that_can_no_longer_be_written_are_an_error) {
  const auto directory =
      std::filesystem::temp_directory_path() / ("lockstep-checkpoints-" + std::to_string(getpid()));
  const auto until_it_is_gone = [&] {
    static_cast<void>(std::filesystem::remove_all(directory));
    body();
  };
  const auto options = [&](unsigned jobs) {
    std::filesystem::create_directory(directory);
    return Options{.jobs = jobs, .spurious = 1, .checkpoint = (directory / "file").string()};
  };
  for (const unsigned jobs : {1U, 4U}) {
    Options ended = options(jobs);
    ended.executions = 2;
    BOOST_CHECK_THROW(explore(until_it_is_gone, ended), std::runtime_error);
    Options now_and_then = options(jobs);
    now_and_then.checkpoint_every = std::chrono::nanoseconds{0};
    BOOST_CHECK_THROW(explore(until_it_is_gone, now_and_then), std::runtime_error);
  }
}

BOOST_AUTO_TEST_SUITE_END()
