#include <lockstep/core/sort.hpp>

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <functional>
#include <random>
#include <stdexcept>
#include <vector>

BOOST_AUTO_TEST_SUITE(sorting)

namespace {

std::vector<int> numbers(std::size_t count, int below, std::mt19937& random) {
  std::vector<int> all(count);
  for (int& number : all) number = static_cast<int>(random() % static_cast<unsigned>(below));
  return all;
}

std::vector<const int*> pointers(const std::vector<int>& numbers) {
  std::vector<const int*> all;
  for (const int& number : numbers) all.push_back(&number);
  return all;
}

}  // namespace

BOOST_AUTO_TEST_CASE(pointers_get_the_order_of_what_they_point_to) {
  std::mt19937 random{1};
  for (std::size_t count = 0; count != 200; ++count) {
    auto unsorted = numbers(count, count % 3 == 0 ? 4 : 1'000, random);
    auto items = pointers(unsorted);
    lockstep::detail::sort(items, std::less<>{});
    std::vector<int> sorted;
    for (const int* item : items) sorted.push_back(*item);
    std::ranges::sort(unsorted);
    BOOST_TEST(sorted == unsorted, boost::test_tools::per_element());
  }
}

BOOST_AUTO_TEST_CASE(it_takes_no_longer_whatever_the_order) {
  std::mt19937 random{1};
  std::vector<int> all = numbers(4'096, 1'000'000, random);
  const auto comparisons = [&] {
    std::size_t count = 0;
    auto items = pointers(all);
    lockstep::detail::sort(items, [&](int left, int right) { return ++count, left < right; });
    return count;
  };
  BOOST_TEST(comparisons() < 2 * 4'096 * 12U);
  std::ranges::sort(all);
  BOOST_TEST(comparisons() < 2 * 4'096 * 12U);
  std::ranges::reverse(all);
  BOOST_TEST(comparisons() < 2 * 4'096 * 12U);
}

BOOST_AUTO_TEST_CASE(nothing_is_lost_if_a_comparison_throws) {
  const std::vector<int> all{5, 3, 4, 1, 2, 0};
  for (int limit = 0; limit != 20; ++limit) {
    auto items = pointers(all);
    int left = limit;
    try {
      lockstep::detail::sort(items, [&](int a, int b) {
        if (left-- == 0) throw std::runtime_error{"no"};
        return a < b;
      });
    } catch (const std::runtime_error&) {
    }
    std::ranges::sort(items);
    BOOST_TEST(items == pointers(all), boost::test_tools::per_element());
  }
}

BOOST_AUTO_TEST_SUITE_END()
