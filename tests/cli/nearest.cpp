#include "nearest.hpp"

#include <boost/test/unit_test.hpp>

#include <string>

namespace cli = lockstep::sim::cli;

BOOST_AUTO_TEST_SUITE(nearest)

BOOST_AUTO_TEST_CASE(the_distance_counts_insertions_removals_replacements_and_swaps) {
  BOOST_TEST(cli::edit_distance("", "") == 0);
  BOOST_TEST(cli::edit_distance("", "abc") == 3);
  BOOST_TEST(cli::edit_distance("abc", "") == 3);
  BOOST_TEST(cli::edit_distance("kitten", "sitting") == 3);
  BOOST_TEST(cli::edit_distance("ab", "ba") == 1);
  BOOST_TEST(cli::edit_distance("lost_udpate", "lost_update") == 1);
}

BOOST_AUTO_TEST_CASE(the_distance_is_the_same_both_ways) {
  BOOST_TEST(cli::edit_distance("deadlock", "lost_wakeup") == cli::edit_distance("lost_wakeup", "deadlock"));
}

BOOST_AUTO_TEST_CASE(capitals_count_as_small_letters) {
  BOOST_TEST(cli::edit_distance("Lost_Update", "lost_update") == 0);
}

BOOST_AUTO_TEST_CASE(the_nearest_candidate_is_found) {
  BOOST_TEST(cli::nearest("lost_updat", {"lost_update/naive", "lost_update", "lost_wakeup"}).value() ==
             "lost_update");
}

BOOST_AUTO_TEST_CASE(the_first_of_equally_near_candidates_is_taken) {
  BOOST_TEST(cli::nearest("lock_a", {"lock_b", "lock_c"}).value() == "lock_b");
}

BOOST_AUTO_TEST_CASE(what_is_too_far_away_is_not_suggested) {
  BOOST_TEST(!cli::nearest("zebra", {"lost_update", "deadlock"}));
  BOOST_TEST(!cli::nearest("", {"lost_update"}));
  BOOST_TEST(!cli::nearest("anything", {}));
  BOOST_TEST(!cli::nearest(std::string(1'000'000, 'x'), {"lost_update"}));
}

BOOST_AUTO_TEST_CASE(a_suggestion_is_the_end_of_a_sentence_or_nothing) {
  BOOST_TEST(cli::suggestion("rnu", {"list", "run"}) == "; did you mean 'run'?");
  BOOST_TEST(cli::suggestion("zebra", {"list", "run"}) == "");
}

BOOST_AUTO_TEST_SUITE_END()
