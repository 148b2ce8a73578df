#include <lockstep/sim/fiber.hpp>

#include <boost/test/unit_test.hpp>

#include <exception>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

BOOST_AUTO_TEST_SUITE(fiber)

namespace {

using lockstep::sim::Fiber;

/// A fiber that runs whatever function stands in `work`, and goes back to the host after it.
struct Worker {
  Fiber host;
  void (*work)(Worker&) = nullptr;
  std::vector<std::string> log = {};
  Fiber fiber{[](void* self) -> Fiber& {
                auto& worker = *static_cast<Worker*>(self);
                worker.work(worker);
                return worker.host;
              },
              this};

  void run() { host.switch_to(fiber); }
  void pause() { fiber.switch_to(host); }
};

}  // namespace

BOOST_AUTO_TEST_CASE(a_fiber_goes_on_where_it_was_left) {
  Worker worker;
  worker.work = [](Worker& self) {
    self.log.emplace_back("one");
    self.pause();
    self.log.emplace_back("two");
  };
  worker.run();
  worker.log.emplace_back("between");
  worker.run();
  BOOST_TEST(worker.log == (std::vector<std::string>{"one", "between", "two"}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_fiber_loops_over_pieces_of_work) {
  Worker worker;
  worker.work = [](Worker& self) { self.log.emplace_back("first"); };
  worker.run();
  worker.work = [](Worker& self) { self.log.emplace_back("second"); };
  worker.run();
  BOOST_TEST(worker.log.size() == 2U);
}

BOOST_AUTO_TEST_CASE(a_fiber_that_never_ran_can_be_destroyed) {
  const auto worker = std::make_unique<Worker>();
  BOOST_TEST(worker->log.empty());
}

BOOST_AUTO_TEST_CASE(a_switch_inside_a_catch_block_keeps_each_exception_with_its_fiber) {
  Worker left;
  Worker right;
  const auto work = [](Worker& self) {
    try {
      throw std::runtime_error{self.log.front()};
    } catch (...) {
      self.pause();
      try {
        throw;  // the current exception, not the other fiber's
      } catch (const std::runtime_error& error) {
        self.log.emplace_back(error.what());
      }
    }
  };
  left.work = right.work = work;
  left.log = {"left"};
  right.log = {"right"};
  left.run();
  right.run();
  left.run();
  right.run();
  BOOST_TEST(left.log.back() == "left");
  BOOST_TEST(right.log.back() == "right");
  BOOST_TEST(!std::current_exception());
}

BOOST_AUTO_TEST_CASE(a_switch_during_unwinding_counts_exceptions_in_flight_per_fiber) {
  Worker worker;
  worker.work = [](Worker& self) {
    struct PauseInDestructor {
      Worker* worker;
      ~PauseInDestructor() {
        worker->log.push_back(std::to_string(std::uncaught_exceptions()));
        worker->pause();
        worker->log.push_back(std::to_string(std::uncaught_exceptions()));
      }
    };
    try {
      const PauseInDestructor pause{&self};
      throw std::runtime_error{"unwinding"};
    } catch (const std::runtime_error&) {
      self.log.push_back(std::to_string(std::uncaught_exceptions()));
    }
  };
  worker.run();
  BOOST_TEST(std::uncaught_exceptions() == 0);
  worker.run();
  BOOST_TEST(worker.log == (std::vector<std::string>{"1", "1", "0"}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_SUITE_END()
