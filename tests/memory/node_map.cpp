#include <lockstep/memory/node_map.hpp>

#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <map>
#include <random>
#include <stdexcept>
#include <string>
#include <utility>

BOOST_AUTO_TEST_SUITE(node_map)

namespace {

using lockstep::memory::detail::NodeMap;

struct SameForAll {
  std::size_t operator()(int) const { return 7; }
};

struct Refuses {
  explicit Refuses(int value) {
    if (value < 0) throw std::runtime_error{"negative"};
  }
};

template <class Map>
std::map<int, int> all_of(Map& map) {
  std::map<int, int> all;
  map.each([&](auto& node) { BOOST_TEST(all.emplace(node.key, node.value).second); });
  return all;
}

/// The same as std::map after each of many changes.
template <class Hash>
void is_a_map() {
  NodeMap<int, int, Hash> map;
  std::map<int, int> model;
  std::minstd_rand random{1};
  for (int i = 0; i < 2'000; ++i) {
    const int key = static_cast<int>(random() % 300);
    auto* const found = map.find(key);
    BOOST_TEST_REQUIRE((found != nullptr) == model.contains(key));
    if (found != nullptr && random() % 2 == 0) {
      BOOST_TEST_REQUIRE(found->value == model.at(key));
      map.erase(*found);
      model.erase(key);
    } else {
      const auto [node, added] = map.try_emplace(key, i);
      BOOST_TEST_REQUIRE(added == model.emplace(key, i).second);
      BOOST_TEST_REQUIRE(node->value == model.at(key));
    }
  }
  BOOST_TEST((all_of(map) == model));
}

}  // namespace

BOOST_AUTO_TEST_CASE(does_what_a_map_does) { is_a_map<std::hash<int>>(); }

BOOST_AUTO_TEST_CASE(does_so_where_all_keys_have_the_same_hash) { is_a_map<SameForAll>(); }

BOOST_AUTO_TEST_CASE(nodes_stay_where_they_are) {
  NodeMap<int, std::string> map;
  const auto* const first = map.try_emplace(0, "first").first;
  for (int i = 1; i != 1'000; ++i) map.try_emplace(i, "another");
  BOOST_TEST(map.find(0) == first);
  const NodeMap<int, std::string> moved{std::move(map)};
  BOOST_TEST(moved.find(0) == first);
  BOOST_TEST(first->value == "first");
}

BOOST_AUTO_TEST_CASE(a_map_that_was_moved_from_is_empty) {
  NodeMap<int, int> map;
  map.try_emplace(1, 1);
  NodeMap<int, int> other;
  other.try_emplace(2, 2);
  other = std::move(map);
  BOOST_TEST((all_of(other) == std::map<int, int>{{1, 1}}));
  BOOST_TEST(map.find(1) == nullptr);  // NOLINT(bugprone-use-after-move): what it is then is said
  map.try_emplace(3, 3);
  BOOST_TEST((all_of(map) == std::map<int, int>{{3, 3}}));
}

BOOST_AUTO_TEST_CASE(a_value_that_throws_leaves_no_node) {
  NodeMap<int, Refuses> map;
  BOOST_CHECK_THROW(map.try_emplace(1, -1), std::runtime_error);
  BOOST_TEST(map.find(1) == nullptr);
  BOOST_TEST(map.try_emplace(1, 1).second);
}

BOOST_AUTO_TEST_CASE(a_long_chain_ends_without_a_deep_stack) {
  NodeMap<int, int, SameForAll> map;
  for (int i = 0; i != 3'000; ++i) map.try_emplace(i, i);
  BOOST_TEST(map.find(0)->value == 0);
}

BOOST_AUTO_TEST_SUITE_END()
