// Each step names the line of the test or program that makes it.
#include <lockstep/lockstep.hpp>

#include "support.hpp"

#include <boost/test/unit_test.hpp>

#include <memory>
#include <mutex>

BOOST_AUTO_TEST_SUITE(source_lines)

namespace {

using namespace lockstep::sim;
using namespace std::chrono_literals;

using Numbers = lockstep::memory::Table<int, int, Runtime>;

/// The lines that a test expects, noted beside its calls.
std::vector<unsigned> expected;
void here(source_location where = source_location::current()) { expected.push_back(where.line()); }

Finding finding(const std::function<void()>& body) {
  Result result = explore([&] {
    expected.clear();
    body();
    check(false, "the end");
  });
  BOOST_REQUIRE(result.finding.has_value());
  return std::move(*result.finding);
}

/// The steps of `body` have the lines that it notes.
void lines_are_known(const std::function<void()>& body) {
  const Finding found = finding(body);
  std::vector<unsigned> lines;
  for (const Step& step : found.steps) {
    BOOST_REQUIRE_MESSAGE(step.source.has_value(), step.operation + " " + step.object);
    BOOST_TEST(step.source->file == "source_line.cpp");
    lines.push_back(step.source->line);
  }
  BOOST_TEST(lines == expected, boost::test_tools::per_element());
  BOOST_TEST(!lines.empty());
}

/// None of the steps of `body` has a line.
void lines_are_hidden(const std::function<void()>& body) {
  const Finding found = finding(body);
  BOOST_TEST(!found.steps.empty());
  for (const Step& step : found.steps)
    BOOST_TEST(!step.source.has_value(), step.operation + " at " + step.source.value_or(SourceLine{}).file);
}

}  // namespace

BOOST_AUTO_TEST_CASE(atomics_name_the_line_of_each_call) {
  lines_are_known([] {
    atomic<int> x{0};
    int seen = 1;
    here(), x.store(1);
    here(), static_cast<void>(x.load());
    here(), x.exchange(2);
    here(), x.compare_exchange_strong(seen, 3);
    here(), x.compare_exchange_weak(seen, 3, std::memory_order_seq_cst, std::memory_order_seq_cst);
    here(), x.fetch_add(1);
    here(), x.fetch_sub(1);
    here(), x.fetch_and(1);
    here(), x.fetch_or(1);
    here(), x.fetch_xor(1);
    here(), x.wait(7);
    here(), x.notify_one();
    here(), x.notify_all();
    atomic_flag flag;
    here(), flag.test_and_set();
    here(), static_cast<void>(flag.test());
    here(), flag.clear();
    here(), flag.wait(true);
    here(), flag.notify_one();
    here(), flag.notify_all();
  });
}

BOOST_AUTO_TEST_CASE(mutexes_name_the_line_of_each_call) {
  lines_are_known([] {
    timed_mutex one;
    here(), one.lock();
    here(), one.unlock();
    here(), static_cast<void>(one.try_lock());
    here(), static_cast<void>(one.try_lock_for(1ms));
    here(), static_cast<void>(one.try_lock_until(clock::now() + 1ms));
    recursive_mutex again;
    here(), again.lock();
    here(), again.unlock();
    here(), static_cast<void>(again.try_lock());
    shared_timed_mutex shared;
    here(), shared.lock();
    here(), shared.unlock();
    here(), shared.lock_shared();
    here(), shared.unlock_shared();
    here(), static_cast<void>(shared.try_lock_shared());
    here(), static_cast<void>(shared.try_lock());
    here(), static_cast<void>(shared.try_lock_shared_for(1ms));
    here(), static_cast<void>(shared.try_lock_for(1ms));
  });
}

BOOST_AUTO_TEST_CASE(what_counts_and_waits_names_the_line_of_each_call) {
  lines_are_known([] {
    counting_semaphore<> permits{0};
    here(), permits.release();
    here(), permits.acquire();
    here(), static_cast<void>(permits.try_acquire());
    here(), static_cast<void>(permits.try_acquire_for(1ms));
    latch gate{2};
    here(), gate.count_down();
    here(), gate.arrive_and_wait();
    here(), static_cast<void>(gate.try_wait());
    barrier<> phases{1};
    here(), phases.arrive_and_wait();
    here(), here(), phases.wait(phases.arrive());  // two steps
    here(), this_thread::yield();
    here(), this_thread::sleep_for(1ms);
    here(), this_thread::sleep_until(clock::now() + 1ms);
    here(), Runtime::yield();
    here(), Runtime::sleep_for(1ms);
  });
}

BOOST_AUTO_TEST_CASE(both_halves_of_a_wait_name_its_line) {
  lines_are_known([] {
    mutex guard;
    condition_variable condition;
    std::unique_lock lock{guard, std::defer_lock};
    here(), guard.lock();
    lock = std::unique_lock{guard, std::adopt_lock};
    here(), here(), here(), condition.wait_for(lock, 1ms);  // releases, wakes, and locks again
    here(), condition.notify_one();
    here(), condition.notify_all();
    lock.release();
  });
}

BOOST_AUTO_TEST_CASE(steps_of_ones_own_name_their_line) {
  lines_are_known([] { here(), step("touch", {writes("thing")}, [] {}); });
}

BOOST_AUTO_TEST_CASE(a_storage_called_directly_names_the_line) {
  lines_are_known([] {
    lockstep::memory::Database<Runtime> db;
    const auto table = quietly([&] { return std::make_unique<Numbers>(db, "numbers"); });
    const Simulated numbers{*table};
    here(), static_cast<void>(numbers.load(1));
    auto session = numbers.session();
    here(), static_cast<void>(numbers.load(session, 1));
    here(), static_cast<void>(numbers.lock(session, 1));
    here(), static_cast<void>(session.commit());
  });
}

BOOST_AUTO_TEST_CASE(the_line_is_left_out_where_another_library_or_an_operator_hides_it) {
  lines_are_hidden([] {
    mutex guard;
    shared_mutex shared;
    {
      const std::lock_guard lock{guard};
    }
    {
      const std::scoped_lock lock{guard, shared};
    }
    {
      const std::shared_lock lock{shared};
    }
    atomic<int> x{0};
    x = 1;
    x += 1;
    ++x;
    static_cast<void>(static_cast<int>(x));
  });
  lines_are_hidden([] {
    lockstep::memory::Database<Runtime> db;
    Numbers table{db, "numbers"};
    Simulated numbers{table};
    static_cast<void>(lockstep::insert(numbers, 1, 1));
    lockstep::update(numbers, 1, [](int& number) { ++number; });
    lockstep::with_lock(numbers, 1, [](int& number) { ++number; });
  });
}

BOOST_AUTO_TEST_CASE(what_waits_for_ever_names_its_line) {
  const Result result = explore([] {
    atomic<int> x{0};
    expected.clear();
    here(), here(), x.wait(0);
  });
  BOOST_REQUIRE(result.finding.has_value());
  BOOST_REQUIRE(result.finding->steps.back().source.has_value());
  BOOST_TEST(result.finding->steps.back().outcome == "waits for ever");
  BOOST_TEST(result.finding->steps.back().source->line == expected.back());
}

BOOST_AUTO_TEST_CASE(a_check_that_fails_names_its_line) {
  const Result result = explore([] {
    expected.clear();
    here(), check(false, "no");
  });
  BOOST_REQUIRE(result.finding.has_value());
  BOOST_TEST((result.finding->source == SourceLine{"source_line.cpp", expected.front()}));
}

BOOST_AUTO_TEST_SUITE_END()
