#include <lockstep/memory/table.hpp>
#include <lockstep/storage/storage.hpp>
#include <lockstep/verbs/unguarded.hpp>

#include "support/shelf.hpp"

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <concepts>
#include <string>
#include <utility>

using namespace lockstep;
using namespace std::chrono_literals;

namespace {
using Table = memory::Table<int, std::string>;
using Shelf = test::Shelf<>;

struct Nameless : StagedStorage<Nameless, int, int> {
  std::optional<Versioned<int>> load(int);
  Commit apply(std::span<const Change>);
  Version next(int, Version);
};
}  // namespace

BOOST_AUTO_TEST_SUITE(storage)

BOOST_AUTO_TEST_CASE(the_embedded_storage_has_every_capability) {
  static_assert(Storage<Table> && LockableStorage<Table> && NumberedStorage<Table> && AtomicStorage<Table> &&
                UnguardedStorage<Table> && LocalStorage<Table> && SavepointSession<session_of<Table>>);
  static_assert(SessionSource<memory::Database<>> && SessionSource<Table>);
}

BOOST_AUTO_TEST_CASE(a_capability_that_a_storage_lacks_is_not_taken_for_granted) {
  static_assert(Storage<Shelf> && !LockableStorage<Shelf> && !NumberedStorage<Shelf> &&
                !AtomicStorage<Shelf> && !UnguardedStorage<Shelf> && !LocalStorage<Shelf> &&
                !SavepointSession<session_of<Shelf>>);
  using View = Unguarded<Table>;
  static_assert(Storage<View> && !LockableStorage<View> && !AtomicStorage<View> && !LocalStorage<View>);
  static_assert(!Storage<int> && !SessionSource<int>);
}

BOOST_AUTO_TEST_CASE(a_storage_tells_its_types) {
  static_assert(std::same_as<key_of<Table>, int> && std::same_as<record_of<Table&>, std::string> &&
                std::same_as<version_of<const Table&>, Version>);
  static_assert(std::same_as<versioned_of<Table>, Versioned<std::string>>);
  static_assert(std::same_as<conflict_of<Table>, Conflict<int, std::string>>);
  static_assert(std::same_as<session_of<Table>, session_of<memory::Database<>>>);
}

BOOST_AUTO_TEST_CASE(a_place_is_a_storages_name_and_a_keys_text) {
  memory::Database db;
  const Table table{db, "words"};
  BOOST_TEST((place_of(table, 7) == Place{"words", "7"}));
  BOOST_TEST(name_of(Shelf{}) == "shelf");
  BOOST_TEST(name_of(Nameless{}) == "storage");
}

BOOST_AUTO_TEST_CASE(a_way_to_wait_has_a_limit_if_it_is_given_one) {
  static_assert(Wait::forever().kind() == Wait::Kind::forever && Wait::never().kind() == Wait::Kind::never &&
                Wait::skip().kind() == Wait::Kind::skip && Wait::up_to(5s).kind() == Wait::Kind::up_to);
  static_assert(Wait::up_to(5s).limit() == 5s);
}

BOOST_AUTO_TEST_SUITE_END()
