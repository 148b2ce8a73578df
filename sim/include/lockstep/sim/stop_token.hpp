// Cooperative cancellation under the simulator. std's own cannot be simulated: a request would be no step,
// and who waits for one could not be scheduled.
#pragma once

#include <lockstep/sim/called_from.hpp>
#include <lockstep/sim/execution.hpp>

#include <concepts>
#include <memory>
#include <stop_token>
#include <type_traits>
#include <utility>
#include <vector>

namespace lockstep::sim {

using std::nostopstate;
using std::nostopstate_t;

namespace detail {

/// A callback that waits for a request.
class StopCallback {
 public:
  StopCallback() = default;
  StopCallback(const StopCallback&) = delete;
  StopCallback& operator=(const StopCallback&) = delete;
  virtual ~StopCallback() = default;
  virtual void call() = 0;
};

/// What sources, tokens and callbacks share.
class StopState {
 public:
  /// A step; true if this is the first request. Calls what is registered, in any order: which one is next is
  /// a decision.
  bool request();
  /// A step that looks.
  [[nodiscard]] bool requested() const;
  /// Likewise: a request was made, or somebody is left to make one.
  [[nodiscard]] bool possible() const;
  /// A step. False if the callback is to be called at once.
  [[nodiscard]] bool add(StopCallback& callback);
  /// A step; waits for the callback while another thread runs it.
  void remove(StopCallback& callback);
  void add_source() noexcept { ++sources_; }
  /// A step.
  void remove_source();

  [[nodiscard]] ObjectId id() const noexcept { return object_.id(); }
  /// What `requested` would return now. No step.
  [[nodiscard]] bool is_requested() const noexcept { return requested_; }

 private:
  void announce(std::string_view name) const;

  Object object_{"stop"};
  bool requested_ = false;
  unsigned sources_ = 1;
  ObjectId requester_ = {};                ///< the thread that made the request
  const StopCallback* running_ = nullptr;  ///< that it calls
  std::vector<StopCallback*> callbacks_;
};

}  // namespace detail

/// std::stop_token: looks whether a request was made, which is a step.
class stop_token {
 public:
  /// Stands for no source: no request can be made.
  stop_token() noexcept = default;
  /// True once a request was made.
  [[nodiscard]] bool stop_requested(source_location where = source_location::current()) const {
    const detail::CalledFrom caller{where};
    return state_ != nullptr && state_->requested();
  }
  /// True if a request was made, or a source is left that could make one.
  [[nodiscard]] bool stop_possible(source_location where = source_location::current()) const {
    const detail::CalledFrom caller{where};
    return state_ != nullptr && state_->possible();
  }
  /// Exchanges the two.
  void swap(stop_token& other) noexcept { state_.swap(other.state_); }
  friend bool operator==(const stop_token&, const stop_token&) noexcept = default;

 private:
  friend class stop_source;
  friend class condition_variable_any;
  template <class Callback>
  friend class stop_callback;
  explicit stop_token(std::shared_ptr<detail::StopState> state) noexcept : state_{std::move(state)} {}

  std::shared_ptr<detail::StopState> state_;
};

/// Exchanges the two.
inline void swap(stop_token& left, stop_token& right) noexcept { left.swap(right); }

/// std::stop_source. To make a request is a step, and so is to destroy a source, as `stop_possible` tells it.
class stop_source {
 public:
  stop_source() : state_{std::make_shared<detail::StopState>()} {}
  /// Stands for nothing: no request can be made by it.
  explicit stop_source(nostopstate_t) noexcept {}
  /// Another source of the same requests.
  stop_source(const stop_source& other) noexcept : state_{other.state_} {
    if (state_ != nullptr) state_->add_source();
  }
  /// Takes over; `other` stands for nothing then.
  stop_source(stop_source&& other) noexcept = default;
  /// Likewise.
  stop_source& operator=(stop_source other) noexcept {
    swap(other);
    return *this;
  }
  ~stop_source() {
    if (state_ != nullptr) state_->remove_source();
  }

  /// Makes a request, and calls what waits for one, on this thread. False if one was made before.
  bool request_stop(source_location where = source_location::current()) {
    const detail::CalledFrom caller{where};
    return state_ != nullptr && state_->request();
  }
  /// A token for this source.
  [[nodiscard]] stop_token get_token() const noexcept { return stop_token{state_}; }
  /// True once a request was made.
  [[nodiscard]] bool stop_requested(source_location where = source_location::current()) const {
    const detail::CalledFrom caller{where};
    return state_ != nullptr && state_->requested();
  }
  /// False if it stands for nothing.
  [[nodiscard]] bool stop_possible() const noexcept { return state_ != nullptr; }
  /// Exchanges the two.
  void swap(stop_source& other) noexcept { state_.swap(other.state_); }
  friend bool operator==(const stop_source&, const stop_source&) noexcept = default;

 private:
  std::shared_ptr<detail::StopState> state_;
};

/// Exchanges the two.
inline void swap(stop_source& left, stop_source& right) noexcept { left.swap(right); }

/// std::stop_callback: calls a function when a request is made, on the thread that makes it, or at once if
/// that was before. Destroying it waits while another thread runs the function. Both are steps. An exception
/// that leaves the function, which calls std::terminate in std, is found.
template <class Callback>
class stop_callback : private detail::StopCallback {
 public:
  using callback_type = Callback;  ///< what is called

  /// Calls `callback` once a request is made that `token` would see.
  template <class C>
    requires std::constructible_from<Callback, C>
  explicit stop_callback(stop_token token, C&& callback, source_location where = source_location::current())
      : callback_(std::forward<C>(callback)), state_{std::move(token.state_)}, where_{where} {
    const detail::CalledFrom caller{where};
    if (state_ != nullptr && !state_->add(*this)) call();
  }
  ~stop_callback() {
    const detail::CalledFrom caller{where_};
    if (state_ != nullptr) state_->remove(*this);
  }
  stop_callback(const stop_callback&) = delete;
  stop_callback& operator=(const stop_callback&) = delete;

 private:
  void call() override { std::forward<Callback>(callback_)(); }

  Callback callback_;
  std::shared_ptr<detail::StopState> state_;
  source_location where_;  ///< that it stands on
};

/// Deduces the type of the function.
template <class Callback>
stop_callback(stop_token, Callback) -> stop_callback<Callback>;

}  // namespace lockstep::sim
