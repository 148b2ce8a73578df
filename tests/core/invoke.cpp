#include <lockstep/core/invoke.hpp>

#include <boost/test/unit_test.hpp>

#include <memory>
#include <string>
#include <type_traits>
#include <utility>

BOOST_AUTO_TEST_SUITE(invoking)

namespace {

struct Account {
  int balance = 0;
  int add(int amount) { return balance += amount; }
};

constexpr int twice(int number) { return 2 * number; }

}  // namespace

BOOST_AUTO_TEST_CASE(what_has_a_call_operator_is_called_with_the_arguments_as_they_are) {
  auto text = std::make_unique<std::string>("moved");
  const auto taken =
      lockstep::detail::invoke([](std::unique_ptr<std::string> all) { return *all; }, std::move(text));
  BOOST_TEST(taken == "moved");
  static_assert(lockstep::detail::invoke(twice, 21) == 42);
}

BOOST_AUTO_TEST_CASE(member_functions_are_called_on_objects_and_on_what_points_to_them) {
  Account account{1};
  BOOST_TEST(lockstep::detail::invoke(&Account::add, account, 2) == 3);
  BOOST_TEST(lockstep::detail::invoke(&Account::add, &account, 3) == 6);
}

BOOST_AUTO_TEST_CASE(data_members_are_referred_to_not_copied) {
  Account account{1};
  lockstep::detail::invoke(&Account::balance, account) = 7;
  BOOST_TEST(account.balance == 7);
  static_assert(std::is_same_v<decltype(lockstep::detail::invoke(&Account::balance, std::as_const(account))),
                               const int&>);
}

BOOST_AUTO_TEST_SUITE_END()
