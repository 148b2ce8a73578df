// std::jthread under the simulator.
#pragma once

#include <lockstep/sim/stop_token.hpp>
#include <lockstep/sim/thread.hpp>

#include <functional>
#include <type_traits>
#include <utility>

namespace lockstep::sim {

/// std::jthread: a thread that is asked to stop and joined when it is destroyed. Cannot be detached, see
/// thread.
class jthread {
 public:
  using id = thread::id;  ///< as thread's

  /// Stands for no thread.
  jthread() noexcept : source_{nostopstate} {}
  /// Starts a thread that calls `function` with copies of `args`, and a stop_token before them if it takes
  /// one.
  template <class F, class... Args>
    requires(!std::is_same_v<std::remove_cvref_t<F>, jthread>)
  explicit jthread(F&& function, Args&&... args) {
    using Called = std::decay_t<F>;
    if constexpr (std::is_invocable_v<Called, stop_token, std::decay_t<Args>...>) {
      thread_ = thread{std::forward<F>(function), source_.get_token(), std::forward<Args>(args)...};
    } else {
      static_assert(std::is_invocable_v<Called, std::decay_t<Args>...>,
                    "lockstep::sim::jthread: the function cannot be called with these arguments");
      thread_ = thread{std::forward<F>(function), std::forward<Args>(args)...};
    }
  }
  ~jthread() { stop_and_join(); }
  /// Takes over the thread; `other` is not joinable then.
  jthread(jthread&& other) noexcept = default;
  /// Stops and joins its thread, and takes over the other.
  jthread& operator=(jthread&& other) {  // NOLINT(performance-noexcept-move-constructor): joining may fail
    if (this == &other) return *this;
    stop_and_join();
    thread_ = std::move(other.thread_);
    source_ = std::move(other.source_);
    return *this;
  }
  jthread(const jthread&) = delete;
  jthread& operator=(const jthread&) = delete;

  /// True if it stands for a thread that was not joined.
  [[nodiscard]] bool joinable() const noexcept { return thread_.joinable(); }
  /// The thread's identity; the default one if it stands for none.
  [[nodiscard]] id get_id() const noexcept { return thread_.get_id(); }
  /// Blocks until the thread has finished. Throws std::system_error as std's does.
  void join(source_location where = source_location::current()) { thread_.join(where); }
  void detach() = delete;
  /// The source of the thread's token.
  [[nodiscard]] stop_source get_stop_source() const noexcept { return source_; }
  /// The thread's token.
  [[nodiscard]] stop_token get_stop_token() const noexcept { return source_.get_token(); }
  /// Asks the thread to stop.
  bool request_stop(source_location where = source_location::current()) {
    return source_.request_stop(where);
  }
  /// Exchanges the threads that the two stand for.
  void swap(jthread& other) noexcept {
    thread_.swap(other.thread_);
    source_.swap(other.source_);
  }
  /// Two, always: see thread.
  [[nodiscard]] static unsigned hardware_concurrency() noexcept { return thread::hardware_concurrency(); }

 private:
  void stop_and_join() {
    if (!joinable()) return;
    source_.request_stop();
    thread_.join_at_the_end();
  }

  stop_source source_;
  thread thread_;
};

/// Exchanges the threads that the two stand for.
inline void swap(jthread& left, jthread& right) noexcept { left.swap(right); }

}  // namespace lockstep::sim
