// How a callable takes its argument: by value it changes a copy of it, which nobody
// would ever see.
#pragma once

#include <type_traits>

namespace lockstep::detail {

/// Says that the parameter is not known: an overloaded call operator, say.
struct AnyParameter {};

template <class Callable>
struct ParameterOf {
  using type = AnyParameter;
};
template <class R, class P>
struct ParameterOf<R(P)> {
  using type = P;
};
template <class R, class P>
struct ParameterOf<R(P) noexcept> {
  using type = P;
};
template <class F>
  requires std::is_function_v<std::remove_pointer_t<F>> && std::is_pointer_v<F>
struct ParameterOf<F> : ParameterOf<std::remove_pointer_t<F>> {};

// Call operators, with every qualifier that one can have.
template <class Operator>
struct CallOperator {
  using type = AnyParameter;
};
template <class C, class R, class P>
struct CallOperator<R (C::*)(P)> {
  using type = P;
};
template <class C, class R, class P>
struct CallOperator<R (C::*)(P) const> {
  using type = P;
};
template <class C, class R, class P>
struct CallOperator<R (C::*)(P) noexcept> {
  using type = P;
};
template <class C, class R, class P>
struct CallOperator<R (C::*)(P) const noexcept> {
  using type = P;
};

template <class F, class T>
constexpr auto parameter_of() {
  if constexpr (requires { &F::operator(); }) {
    return std::type_identity<typename CallOperator<decltype(&F::operator())>::type>{};
  } else if constexpr (std::is_invocable_v<F&, T&&> && requires { &F::template operator()<T>; }) {
    // A generic lambda that an rvalue can be given to: `auto` is T here, `auto&&` is T&&.
    return std::type_identity<typename CallOperator<decltype(&F::template operator()<T>)>::type> {};
  } else {
    return std::type_identity<typename ParameterOf<F>::type>{};
  }
}

/// The type of the one parameter with which `F` takes a `T&`, or AnyParameter.
template <class F, class T>
using parameter_t = typename decltype(parameter_of<std::decay_t<F>, T>())::type;

/// False if `F` is known to take its argument by value: then it gets a copy of its own.
template <class F, class T>
inline constexpr bool takes_reference =
    std::is_reference_v<parameter_t<F, T>> || std::is_same_v<parameter_t<F, T>, AnyParameter>;

/// False if `F` is known not to change the `T` that it is given: it takes it by value, or as const.
template <class F, class T>
inline constexpr bool may_change =
    takes_reference<F, T> && !std::is_const_v<std::remove_reference_t<parameter_t<F, T>>>;

}  // namespace lockstep::detail
