// Each step names the line of the test or program that makes it.
#include <lockstep/lockstep.hpp>

#include "support.hpp"

#include <boost/test/unit_test.hpp>

#include <array>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <type_traits>

BOOST_AUTO_TEST_SUITE(source_lines)

namespace {

using namespace lockstep::sim;
using namespace std::chrono_literals;

using Numbers = lockstep::memory::Table<int, int, Runtime>;

/// The lines that a test expects, noted beside its calls.
std::vector<unsigned> expected;
void here(std::size_t steps = 1, source_location where = source_location::current()) {
  expected.insert(expected.end(), steps, where.line());
}

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

BOOST_AUTO_TEST_CASE(guards_name_the_line_that_they_stand_on) {
  lines_are_known([] {
    mutex guard;
    timed_mutex timed;
    recursive_mutex again;
    shared_timed_mutex shared;
    {
      std::lock_guard lock{(here(2), guard)};
    }
    {
      std::lock_guard lock{(here(2), again)};
    }
    {
      std::scoped_lock lock{(here(2), guard)};
    }
    {
      std::scoped_lock lock{(here(4), guard), shared};
    }
    {
      std::scoped_lock lock{(here(6), guard), shared, timed};
    }
    {
      std::shared_lock lock{(here(2), shared)};
    }
    {
      std::shared_lock lock{(here(2), shared), std::try_to_lock};
    }
    {
      std::shared_lock lock{(here(2), shared), 1ms};
    }
    {
      std::unique_lock lock{(here(2), guard)};
    }
    {
      std::unique_lock lock{(here(2), guard), std::try_to_lock};
    }
    {
      std::unique_lock lock{(here(2), timed), 1ms};
    }
    {
      std::unique_lock lock{(here(2), timed), clock::now() + 1ms};
    }
    std::unique_lock later{guard, std::defer_lock};
    here(), later.lock();
    here(), later.unlock();
    here(), static_cast<void>(later.try_lock());
    std::unique_lock<mutex> moved{std::move(later)};
    here(), moved = std::unique_lock<mutex>{};  // unlocks at the line that locked
    expected.back() -= 2;
  });
}

BOOST_AUTO_TEST_CASE(guards_take_mutexes_that_are_made_of_the_simulators) {
  struct Tried : mutex {
    bool try_lock() { return mutex::try_lock(); }
  };
  struct Shared : shared_mutex {
    void lock_shared() { shared_mutex::lock_shared(); }
  };
  static_assert(std::is_nothrow_move_assignable_v<std::unique_lock<mutex>>);
  BOOST_TEST(explore([] {
               Tried tried;
               Shared shared;
               const std::unique_lock one{tried, std::try_to_lock};
               check(one.owns_lock(), "nobody else has it");
               const std::shared_lock two{shared};
               check(two.owns_lock(), "nobody has it alone");
             }).passed());
}

BOOST_AUTO_TEST_CASE(assignments_that_compute_name_their_line) {
  lines_are_known([] {
    atomic<int> x{0};
    here(), x += 1;
    here(), x -= 1;
    here(), x &= 1;
    here(), x |= 1;
    here(), x ^= 1;
    std::array<int, 2> two{};
    atomic<int*> p{two.data()};
    here(), p += 1;
    here(), p -= 1;
    atomic<double> d{1};
    here(), d += 1;
  });
}

BOOST_AUTO_TEST_CASE(what_stops_a_thread_and_what_is_called_once_name_their_line) {
  lines_are_known([] {
    stop_source source{nostopstate};
    source = quietly([] { return stop_source{}; });
    const stop_token token = source.get_token();
    here(), static_cast<void>(token.stop_requested());
    here(), static_cast<void>(token.stop_possible());
    {
      stop_callback callback{(here(2), token), [] {}};
    }
    here(), source.request_stop();
    here(), static_cast<void>(source.stop_requested());
    once_flag once;
    here(2), call_once(once, [] {});
    here(), call_once(once, [] {});
    mutex guard;
    condition_variable_any condition;
    guard.lock((here(), source_location::current()));
    here(4), static_cast<void>(condition.wait_for(guard, 1ms));  // waits, unlocks, wakes, locks
    here(), guard.unlock();
    quietly([&] { source = stop_source{nostopstate}; });
  });
}

BOOST_AUTO_TEST_CASE(the_line_is_left_out_where_an_operator_hides_it) {
  lines_are_hidden([] {
    atomic<int> x{0};
    x = 1;
    ++x;
    static_cast<void>(static_cast<int>(x));
  });
}

BOOST_AUTO_TEST_CASE(what_verbs_do_is_shown_at_the_line_of_their_caller) {
  using namespace lockstep;
  const auto change = [](int& number) { ++number; };
  const auto make = [] {
    const auto db = std::make_shared<memory::Database<sim::Runtime>>();
    return std::shared_ptr<Numbers>{new Numbers{*db, "numbers"}, [db](Numbers* table) { delete table; }};
  };
  lines_are_known([&] {
    const auto table = quietly(make);
    Simulated numbers{*table};
    here(), static_cast<void>(insert(numbers, 1, 1));
    here(), static_cast<void>(insert(numbers, 2, 1, Version{42}));
    here(), static_cast<void>(find(numbers, 1));
    auto value = (here(), load(numbers, 1));
    value.record = 2;
    here(2), static_cast<void>(save(numbers, 1, value));  // compared with what is stored, then committed
    value.record = 3;
    here(), static_cast<void>(save(unguarded(numbers), 1, value));
    Draft draft{(here(), load(numbers, 1))};
    *draft = 4;
    here(2), static_cast<void>(save(numbers, 1, draft));
    here(2), update(numbers, 1, change);
    here(), change_if(numbers, 1, [](int number) { return number > 0; }, change);
    here(3), with_lock(numbers, 1, change);
    here(3), with_shared_lock(numbers, 1, [](const int&) {});
    here(5), with_locks(numbers, {1, 2}, [](auto& both) { ++both[1]; });
    here(2), static_cast<void>(erase(numbers, 1, load(numbers, 1)));
  });
  lines_are_known([&] {
    const auto table = quietly(make);
    Simulated numbers{*table};
    here(), static_cast<void>(insert(numbers, 2, 1));
    ScopedLock lock{(here(2), numbers), 2};
    ++*lock;
    here(), lock.commit();
    Batch batch{numbers};
    auto value = (here(), load(numbers, 2));
    batch.touch(numbers, 2, value);
    here(), static_cast<void>(batch.commit());
    const unsigned line = source_location::current().line() + 1;
    transact(numbers, [&](auto& tx) {
      here(), tx.lock(numbers, 2);
      here(), ++tx.edit(numbers, 2);
      here(), tx.insert(numbers, 3, 0);
      static_cast<void>(tx.read(numbers, 3));  // has it already
    });
    expected.push_back(line);  // commits
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
