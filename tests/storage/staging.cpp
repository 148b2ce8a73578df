#include <lockstep/storage/staging.hpp>

#include <boost/test/unit_test.hpp>

#include <memory>
#include <string>

using namespace lockstep;
using detail::Staged;

namespace {

std::shared_ptr<const void> record(int number) { return std::make_shared<const int>(number); }
int number_of(const std::shared_ptr<const void>& record) { return *static_cast<const int*>(record.get()); }

Staged put(Version guard, int number) {
  return {.write = Staged::Write::put, .guard = guard, .record = record(number)};
}
Staged erase(Version guard) { return {.write = Staged::Write::erase, .guard = guard}; }

}  // namespace

BOOST_AUTO_TEST_SUITE(staging)

BOOST_AUTO_TEST_CASE(a_write_over_a_write_keeps_the_first_guard_and_the_last_record) {
  auto staged = put(Version{3}, 1);
  staged.replace_by(put(Version{3}, 2));
  BOOST_TEST((staged.action() == Action::update));
  BOOST_TEST((staged.guard == Version{3}));
  BOOST_TEST(number_of(staged.record) == 2);
  BOOST_TEST(staged.expected.empty());
}

BOOST_AUTO_TEST_CASE(a_different_guard_is_kept_beside_the_first) {
  auto staged = put(Version{3}, 1);
  staged.replace_by(put(Version{4}, 2));
  BOOST_TEST((staged.guard == Version{3}));
  BOOST_REQUIRE(staged.expected.size() == 1U);
  BOOST_TEST(staged.asks(staged.expected.front()));
  BOOST_TEST(!staged.asks(Version{3}));
}

BOOST_AUTO_TEST_CASE(an_erase_and_an_insert_are_an_update_of_every_field) {
  auto staged = erase(Version{3});
  auto again = put(Version{}, 2);
  again.initial = Version{9};
  staged.replace_by(again);
  BOOST_TEST((staged.action() == Action::update));
  BOOST_TEST((staged.guard == Version{3}));
  BOOST_TEST((staged.initial == Version{9}));
  BOOST_TEST(!staged.base);
  BOOST_TEST(staged.expected.empty());
}

BOOST_AUTO_TEST_CASE(an_insert_and_an_erase_are_nothing_but_a_guard) {
  auto staged = put(Version{}, 1);
  staged.replace_by(erase(Version{}));
  BOOST_TEST((staged.write == Staged::Write::none));
  BOOST_REQUIRE(staged.expected.size() == 1U);
  BOOST_TEST((staged.expected.front() == Version{}));
  BOOST_TEST(!staged.record);
}

BOOST_AUTO_TEST_CASE(what_differs_is_told_from_the_first_base) {
  auto staged = put(Version{3}, 2);
  staged.base = record(1);
  auto again = put(Version{3}, 3);
  again.base = record(2);
  staged.replace_by(again);
  BOOST_TEST(number_of(staged.base) == 1);
}

BOOST_AUTO_TEST_CASE(what_is_written_unguarded_stays_so) {
  Staged staged{.write = Staged::Write::put, .guarded = false, .record = record(1)};
  staged.replace_by(put(Version{3}, 2));
  BOOST_TEST(!staged.guarded);
  BOOST_TEST((staged.action() == Action::update));
  BOOST_TEST(staged.asks(Version{3}));
}

BOOST_AUTO_TEST_SUITE_END()
