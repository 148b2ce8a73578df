#include <lockstep/sim/audit.hpp>

#include "orders.hpp"
#include "support.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>

BOOST_AUTO_TEST_SUITE(audit)

namespace {

using namespace lockstep::sim;
using test::concurrently;

constexpr auto relaxed = std::memory_order_relaxed;
constexpr auto acquire = std::memory_order_acquire;
constexpr auto release = std::memory_order_release;
constexpr auto acq_rel = std::memory_order_acq_rel;
constexpr auto seq_cst = std::memory_order_seq_cst;

/// A message behind a flag, with these orders of the flag.
template <std::memory_order stored, std::memory_order loaded>
void message() {
  var<int> value{0};
  atomic<int> flag{0};
  concurrently(
      [&] {
        value = 1;
        flag.store(1, stored);
      },
      [&] {
        if (flag.load(loaded) == 1) check(value.get() == 1, "it is there");
      });
}

const NamedOrder& named(const Audit& audit, const std::string& operation) {
  return *std::ranges::find(audit.orders, operation, &NamedOrder::operation);
}

std::vector<std::memory_order> failing(const Audit& audit, const std::string& operation) {
  std::vector<std::memory_order> orders;
  for (const TriedOrder& each : audit.tried) {
    if (each.named.operation == operation && each.fails()) orders.push_back(each.order);
  }
  return orders;
}

}  // namespace

BOOST_AUTO_TEST_CASE(what_is_needed_fails_when_it_is_weaker) {
  const Audit audited = lockstep::sim::audit(message<release, acquire>);
  BOOST_TEST(audited.result.complete);
  BOOST_TEST(audited.orders.size() == 2U);
  BOOST_TEST(audited.tried.size() == 2U);
  BOOST_TEST(audited.needs(named(audited, "store")));
  BOOST_TEST(audited.needs(named(audited, "load")));
  for (const TriedOrder& each : audited.tried) {
    BOOST_REQUIRE(each.result.finding);
    BOOST_TEST(test::found(each.result) == "data_race");
  }
  BOOST_TEST(audited.report().find(" store release: needed\n    relaxed: data_race: ") != std::string::npos,
             audited.report());
}

BOOST_AUTO_TEST_CASE(what_is_stronger_than_needed_is_told_with_what_is_enough) {
  const Audit audited = lockstep::sim::audit(message<seq_cst, seq_cst>);
  BOOST_TEST(!audited.needs(named(audited, "store")));
  BOOST_CHECK(failing(audited, "store") == std::vector{relaxed});
  BOOST_CHECK(failing(audited, "load") == std::vector{relaxed});
  BOOST_TEST(
      audited.report().find(" load seq_cst: stronger than needed, acquire is enough\n") != std::string::npos,
      audited.report());
}

BOOST_AUTO_TEST_CASE(a_test_that_fails_as_it_is_is_not_audited) {
  const Audit audited = lockstep::sim::audit(message<relaxed, acquire>);
  BOOST_TEST(audited.result.finding.has_value());
  BOOST_TEST(audited.tried.empty());
  BOOST_TEST(audited.report() == audited.result.report());
}

BOOST_AUTO_TEST_CASE(an_order_of_failing_is_one_of_its_own) {
  const Audit audited = lockstep::sim::audit([] {
    var<int> value{0};
    atomic<int> flag{0};
    concurrently(
        [&] {
          value = 1;
          flag.store(2, release);
        },
        [&] {
          int expected = 0;
          if (!flag.compare_exchange_strong(expected, 1, acq_rel, acquire))
            check(value.get() == 1, "it is there");
        });
  });
  BOOST_CHECK(failing(audited, "compare_exchange that fails") == std::vector{relaxed});
  BOOST_TEST(failing(audited, "compare_exchange").empty());
}

BOOST_AUTO_TEST_CASE(operations_without_a_line_stay_as_they_are) {
  const Audit audited = lockstep::sim::audit([] {
    atomic<int> x{0};
    concurrently([&] { ++x; }, [&] { ++x; });
    check(x.load(relaxed) == 2, "both count");
  });
  BOOST_TEST(audited.tried.empty());
}

BOOST_AUTO_TEST_CASE(orders_are_weaker_if_they_ask_for_less) {
  const auto is = [](std::string_view operation, std::memory_order order,
                     std::vector<std::memory_order> weaker) {
    BOOST_CHECK(weaker_than(operation, order) == weaker);
  };
  is("load", seq_cst, {acquire, relaxed});
  is("store", seq_cst, {release, relaxed});
  is("fetch_add", seq_cst, {acq_rel, release, acquire, relaxed});
  is("exchange", acquire, {relaxed});
  is("fence", acq_rel, {release, acquire, relaxed});
  is("compare_exchange that fails", seq_cst, {acquire, relaxed});
  is("load", relaxed, {});
}

BOOST_AUTO_TEST_SUITE_END()
