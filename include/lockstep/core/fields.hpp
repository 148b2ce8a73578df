// The fields of a record by name, from its description with Boost.Describe.
#pragma once

#include <boost/describe/members.hpp>
#include <boost/describe/modifiers.hpp>
#include <boost/mp11/algorithm.hpp>

#include <string>
#include <vector>

namespace lockstep {

namespace detail {
template <class T>
using Members =
    boost::describe::describe_members<T, boost::describe::mod_any_access | boost::describe::mod_inherited>;
}  // namespace detail

/// A record type whose fields are described: `BOOST_DESCRIBE_STRUCT(Account, (), (owner, balance))`.
/// Describe every field that `==` compares: what is not described is not merged.
template <class T>
concept Described = requires { typename detail::Members<T>; };

/// Calls `visit(name, pointer_to_member)` for each field, bases first.
template <Described T, class Visit>
constexpr void for_each_field(Visit&& visit) {
  boost::mp11::mp_for_each<detail::Members<T>>([&](auto member) { visit(member.name, member.pointer); });
}

/// The names of the fields in which `a` and `b` differ.
template <Described T>
[[nodiscard]] std::vector<std::string> differing_fields(const T& a, const T& b) {
  std::vector<std::string> names;
  for_each_field<T>([&](const char* name, auto field) {
    if (!(a.*field == b.*field)) names.emplace_back(name);
  });
  return names;
}

}  // namespace lockstep
