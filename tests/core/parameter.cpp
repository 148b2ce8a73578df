#include <lockstep/core/parameter.hpp>

#include <boost/test/unit_test.hpp>

#include <concepts>
#include <functional>

using namespace lockstep::detail;

namespace {

struct Record {
  int value = 0;
  void reset() { value = 0; }
};

[[maybe_unused]] void by_reference(Record&) {}
[[maybe_unused]] void by_value(Record) {}

struct Overloaded {
  void operator()(Record&) const {}
  void operator()(int) const {}
};

/// A body that only a changeable record compiles with: asking must not instantiate it for another.
[[maybe_unused]] const auto generic_reference = [](auto& record) { record.value = 1; };
[[maybe_unused]] const auto generic_forwarding = [](auto&& record) { record.value = 1; };
[[maybe_unused]] const auto generic_value = [](auto record) { return ++record.value; };
[[maybe_unused]] const auto generic_const = [](const auto& record) { return record.value; };
[[maybe_unused]] const auto constrained = [](std::same_as<Record> auto& record) { record.value = 1; };
[[maybe_unused]] const auto constrained_value = [](std::same_as<Record> auto record) {
  return ++record.value;
};
[[maybe_unused]] const auto changing = [](Record& record) { record.value = 1; };
[[maybe_unused]] const auto copying = [](Record record) { return ++record.value; };
[[maybe_unused]] const auto returning = [](Record record) { return record; };
[[maybe_unused]] const auto reading = [](const Record& record) { return record.value; };
[[maybe_unused]] const auto counting = [count = 0](Record& record) mutable noexcept {
  record.value = ++count;
};
[[maybe_unused]] const auto counting_copies = [count = 0](Record) mutable noexcept { return ++count; };

template <class F>
constexpr bool changes = may_change<F, Record>;
template <class F>
constexpr bool refers = takes_reference<F, Record>;

}  // namespace

BOOST_AUTO_TEST_SUITE(parameter)

BOOST_AUTO_TEST_CASE(a_callable_that_takes_a_reference_may_change_its_argument) {
  BOOST_TEST(changes<decltype(changing)>);
  BOOST_TEST(changes<decltype(counting)>);
  BOOST_TEST(changes<decltype(generic_reference)&>);
  BOOST_TEST(changes<decltype(generic_forwarding)>);
  BOOST_TEST(changes<decltype(constrained)>);
  BOOST_TEST(changes<decltype(by_reference)&>);
  BOOST_TEST(changes<decltype(&by_reference)>);
  BOOST_TEST(changes<std::function<void(Record&)>>);
}

BOOST_AUTO_TEST_CASE(one_that_takes_a_copy_cannot) {
  BOOST_TEST(!refers<decltype(copying)>);
  BOOST_TEST(!refers<decltype(returning)&>);
  BOOST_TEST(!refers<decltype(counting_copies)>);
  BOOST_TEST(!refers<decltype(generic_value)>);
  BOOST_TEST(!refers<decltype(constrained_value)>);
  BOOST_TEST(!refers<decltype(by_value)&>);
  BOOST_TEST(!refers<decltype(&by_value)>);
  BOOST_TEST(!refers<std::function<void(Record)>>);
  BOOST_TEST(!changes<decltype(copying)>);
}

BOOST_AUTO_TEST_CASE(nor_can_one_that_takes_it_as_const_but_it_takes_no_copy) {
  BOOST_TEST(!changes<decltype(reading)>);
  BOOST_TEST(!changes<decltype(generic_const)>);
  BOOST_TEST(refers<decltype(reading)>);
  BOOST_TEST(refers<decltype(generic_const)>);
}

BOOST_AUTO_TEST_CASE(what_cannot_be_known_is_let_through) {
  BOOST_TEST(changes<Overloaded>);
  BOOST_TEST(changes<decltype(&Record::reset)>);
  BOOST_TEST(changes<decltype(std::bind_front(by_reference))>);
}

BOOST_AUTO_TEST_SUITE_END()
