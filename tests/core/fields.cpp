#include <lockstep/core/fields.hpp>

#include "support/records.hpp"

#include <boost/describe/class.hpp>
#include <boost/test/unit_test.hpp>

#include <string>
#include <vector>

using namespace lockstep;
using test::Account;
using Names = std::vector<std::string>;

namespace test {

struct Dated {
  int created = 0;
};
BOOST_DESCRIBE_STRUCT(Dated, (), (created))

struct Invoice : Dated {
  int total = 0;
};
BOOST_DESCRIBE_STRUCT(Invoice, (Dated), (total))

}  // namespace test

BOOST_AUTO_TEST_SUITE(fields)

BOOST_AUTO_TEST_CASE(a_described_record_has_fields_and_others_do_not) {
  static_assert(Described<Account> && !Described<test::Opaque> && !Described<int>);
}

BOOST_AUTO_TEST_CASE(fields_are_visited_in_order_bases_first) {
  Names names;
  test::Invoice invoice{{3}, 4};
  int sum = 0;
  for_each_field<test::Invoice>([&](const char* name, auto field) {
    names.emplace_back(name);
    sum += invoice.*field;
  });
  BOOST_TEST(names == (Names{"created", "total"}), boost::test_tools::per_element());
  BOOST_TEST(sum == 7);
}

BOOST_AUTO_TEST_CASE(the_fields_that_differ_are_named) {
  const Account ann{"ann", 1, 2};
  BOOST_TEST(differing_fields(ann, ann).empty());
  BOOST_TEST(differing_fields(ann, Account{"ann", 2, 2}) == Names{"balance"},
             boost::test_tools::per_element());
  BOOST_TEST(differing_fields(ann, Account{"bob", 1, 3}) == (Names{"owner", "points"}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_SUITE_END()
