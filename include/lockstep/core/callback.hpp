// A callable that is kept for later, whatever its type: std::function without <functional>, which
// is a twelfth of what a program pays for <mutex>, <memory> and <string> together.
#pragma once

#include <lockstep/core/contract.hpp>
#include <lockstep/core/invoke.hpp>

#include <concepts>
#include <cstddef>
#include <new>
#include <type_traits>
#include <utility>

namespace lockstep {

/// Keeps a copy of anything that is called with `Arguments` and copyable: a lambda, a function, a
/// `std::function`. Empty if made of nothing, of a null pointer, or of a `std::function` that is empty.
///
/// Threads may call one at once if they may so call what it keeps. A copy keeps a copy of its own. Allocates
/// unless what it keeps is two pointers large at most and trivially copyable; a move never does.
template <class Signature>
class Callback;

/// The same, of a signature taken apart.
template <class Result, class... Arguments>
class Callback<Result(Arguments...)> {
 public:
  /// Empty.
  Callback() noexcept = default;
  /// Empty.
  Callback(std::nullptr_t) noexcept {}

  /// Keeps `f`. Throws what its copy throws.
  template <class F>
    requires(!std::same_as<std::remove_cvref_t<F>, Callback> &&
             std::is_invocable_r_v<Result, std::decay_t<F>&, Arguments...> &&
             std::is_copy_constructible_v<std::decay_t<F>>)
  Callback(F&& f) {
    using Kept = std::decay_t<F>;
    if (is_null<Kept>(f)) return;
    if constexpr (is_small<Kept>) {
      ::new (static_cast<void*>(kept_.small)) Kept(std::forward<F>(f));
    } else {
      kept_.large = new Kept(std::forward<F>(f));
      copy_ = [](const void* kept) -> void* { return new Kept(*static_cast<const Kept*>(kept)); };
      destroy_ = [](void* kept) noexcept { delete static_cast<Kept*>(kept); };
    }
    call_ = call<Kept>;
  }

  /// Keeps a copy of what `other` keeps.
  Callback(const Callback& other)
      : kept_{other.kept_}, call_{other.call_}, copy_{other.copy_}, destroy_{other.destroy_} {
    if (copy_) kept_.large = copy_(other.kept_.large);
  }
  /// Takes what `other` keeps, and leaves it empty.
  Callback(Callback&& other) noexcept { swap(other); }
  /// Keeps what `other` kept instead; unchanged if copying throws.
  Callback& operator=(Callback other) noexcept {
    swap(other);
    return *this;
  }
  /// Destroys what it keeps.
  ~Callback() {
    if (destroy_) destroy_(kept_.large);
  }

  /// Whether there is something to call.
  explicit operator bool() const noexcept { return call_ != nullptr; }

  /// Calls what it keeps, returns what it returns and throws what it throws. It must not be empty.
  Result operator()(Arguments... arguments) const {
    Expects(detail::told(call_ != nullptr, "a Callback that is called must not be empty"));
    return call_(kept_, std::forward<Arguments>(arguments)...);
  }

 private:
  union Room {
    void* large = nullptr;
    alignas(void*) std::byte small[2 * sizeof(void*)];
  };

  template <class F>
  static constexpr bool is_small =
      sizeof(F) <= sizeof(Room) && alignof(F) <= alignof(Room) && std::is_trivially_copyable_v<F>;

  template <class F>
  static bool is_null([[maybe_unused]] const F& f) noexcept {
    // A class that can be compared as well: one that is convertible to bool may mean something else.
    constexpr bool emptiable =
        std::is_class_v<F> && requires { f.operator bool(), static_cast<bool>(f == nullptr); };
    if constexpr (std::is_pointer_v<F> || std::is_member_pointer_v<F> || emptiable) {
      return f == nullptr;
    } else {
      return false;
    }
  }

  template <class F>
  static Result call(Room& kept, Arguments&&... arguments) {
    F* f = nullptr;
    if constexpr (is_small<F>) {
      f = std::launder(reinterpret_cast<F*>(kept.small));
    } else {
      f = static_cast<F*>(kept.large);
    }
    if constexpr (std::is_void_v<Result>) {
      detail::invoke(*f, std::forward<Arguments>(arguments)...);
    } else {
      return detail::invoke(*f, std::forward<Arguments>(arguments)...);
    }
  }

  void swap(Callback& other) noexcept {
    std::swap(kept_, other.kept_);
    std::swap(call_, other.call_);
    std::swap(copy_, other.copy_);
    std::swap(destroy_, other.destroy_);
  }

  mutable Room kept_{};  // mutable: what is kept may change itself when it is called, as in std::function
  Result (*call_)(Room& kept, Arguments&&... arguments) = nullptr;
  void* (*copy_)(const void* kept) = nullptr;  // null if it is small
  void (*destroy_)(void* kept) noexcept = nullptr;
};

}  // namespace lockstep
