#include "support/bank.hpp"
#include "support/document_table.hpp"
#include "support/isolation_verbs.hpp"

#include <boost/test/unit_test.hpp>

#include <memory>

BOOST_AUTO_TEST_SUITE(isolation)

BOOST_AUTO_TEST_CASE(the_page_says_what_the_verbs_make_of_the_anomalies_in_memory) {
  test::DocumentTable table{LOCKSTEP_DOCS "/isolation.md", "verbs"};
  test::check_verbs<test::Bank<>>(table, "memory", [] { return std::make_unique<test::Bank<>>(); });
}

BOOST_AUTO_TEST_SUITE_END()
