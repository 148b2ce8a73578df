#include <lockstep/core/callback.hpp>

#include <boost/test/unit_test.hpp>

#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

using lockstep::Callback;

BOOST_AUTO_TEST_SUITE(callback)

namespace {

int twice(int number) { return 2 * number; }

/// Counts how many of it there are.
struct Counted {
  int* alive;
  explicit Counted(int& count) : alive{&count} { ++*alive; }
  Counted(const Counted& other) : alive{other.alive} { ++*alive; }
  Counted& operator=(const Counted&) = delete;
  ~Counted() { --*alive; }
  int operator()() const { return *alive; }
};

struct Account {
  int balance;
};

}  // namespace

BOOST_AUTO_TEST_CASE(what_it_keeps_is_called) {
  const std::string greeting = "a text that is too long to be kept without an allocation";
  const Callback<std::string(const std::string&)> large = [greeting](const std::string& name) {
    return greeting + name;
  };
  BOOST_TEST(large("!") == greeting + "!");
  int sum = 0;
  const Callback<void(int)> small = [&sum](int number) { return sum += number; };  // the result is dropped
  small(2);
  small(3);
  BOOST_TEST(sum == 5);
}

BOOST_AUTO_TEST_CASE(functions_pointers_to_members_and_std_function_are_callables) {
  BOOST_TEST(Callback<int(int)>{twice}(21) == 42);
  BOOST_TEST(Callback<int(const Account&)>{&Account::balance}(Account{7}) == 7);
  BOOST_TEST(Callback<long(int)>{std::function<int(int)>{twice}}(21) == 42);
}

BOOST_AUTO_TEST_CASE(made_of_nothing_it_is_empty) {
  BOOST_TEST(!Callback<void()>{});
  BOOST_TEST(!Callback<void()>{nullptr});
  BOOST_TEST(!Callback<void()>{static_cast<void (*)()>(nullptr)});
  BOOST_TEST(!Callback<int(const Account&)>{static_cast<int Account::*>(nullptr)});
  BOOST_TEST(!Callback<void()>{std::function<void()>{}});
  BOOST_TEST(static_cast<bool>(Callback<void()>{[] {}}));
  Callback<void()> reset = [] {};
  reset = {};
  BOOST_TEST(!reset);
}

BOOST_AUTO_TEST_CASE(a_class_that_is_false_is_not_empty_for_that) {
  struct False {
    int operator()() const { return 5; }
    explicit operator bool() const { return false; }
  };
  BOOST_TEST(Callback<int()>{False{}}() == 5);
}

BOOST_AUTO_TEST_CASE(a_copy_keeps_a_copy_of_its_own) {
  const std::string large(100, 'x');
  const Callback<int()> first = [n = 0, large]() mutable { return ++n; };
  BOOST_TEST(first() == 1);
  const Callback<int()> second = first;
  BOOST_TEST(first() == 2);
  BOOST_TEST(second() == 2);
  const Callback<int()> small = [n = 0]() mutable { return ++n; };
  BOOST_TEST(small() == 1);
  const Callback<int()> copied = small;
  BOOST_TEST(small() == 2);
  BOOST_TEST(copied() == 2);
}

BOOST_AUTO_TEST_CASE(what_it_keeps_is_destroyed_once) {
  int alive = 0;
  {
    Callback<int()> first = Counted{alive};
    BOOST_TEST(alive == 1);
    const Callback<int()> second = first;
    BOOST_TEST(second() == 2);
    Callback<int()> third = std::move(first);
    BOOST_TEST(alive == 2);
    BOOST_TEST(!first);
    third = nullptr;
    BOOST_TEST(alive == 1);
    first = second;
    first = *&first;
    BOOST_TEST(first() == 2);
    std::vector<Callback<int()>> many(10, second);
    many.resize(20);
    BOOST_TEST(alive == 12);
  }
  BOOST_TEST(alive == 0);
}

BOOST_AUTO_TEST_CASE(arguments_are_moved_and_references_stay) {
  const Callback<int(std::unique_ptr<int>)> takes = [](std::unique_ptr<int> number) { return *number; };
  BOOST_TEST(takes(std::make_unique<int>(4)) == 4);
  int number = 1;
  const Callback<int&(int&)> returns = [](int& same) -> int& { return same; };
  returns(number) = 9;
  BOOST_TEST(number == 9);
}

BOOST_AUTO_TEST_CASE(exceptions_go_through) {
  const Callback<void()> throws = [] { throw std::domain_error{"no"}; };
  BOOST_CHECK_THROW(throws(), std::domain_error);
}

BOOST_AUTO_TEST_CASE(only_what_can_be_called_and_copied_is_kept) {
  const auto moves_only = [owned = std::unique_ptr<int>{}] {};
  static_assert(!std::is_constructible_v<Callback<void()>, decltype(moves_only)>);
  static_assert(!std::is_constructible_v<Callback<void()>, int (*)(int)>);
  static_assert(!std::is_constructible_v<Callback<std::string()>, int (*)()>);
  static_assert(std::is_nothrow_move_constructible_v<Callback<void()>>);
  BOOST_TEST(true);
}

BOOST_AUTO_TEST_SUITE_END()
