// Threads under the simulator: std::thread, run as a fiber that explorers schedule.
#pragma once

#include <lockstep/sim/execution.hpp>
#include <lockstep/sim/source_location.hpp>

#include <chrono>
#include <functional>
#include <iosfwd>
#include <stdexcept>
#include <tuple>
#include <type_traits>
#include <utility>

namespace lockstep::sim {

/// std::thread. Starting and joining are no steps: a new thread runs at once to its first visible
/// operation, and one that joins goes on as soon as the other has finished.
///
/// Destroying one that is joinable, which calls std::terminate in std, is found as an exception;
/// so is an exception that leaves its function. Cannot be detached: the end of a test would not wait for it.
/// An execution has at most 64 threads; more throw std::length_error. Outside an execution the
/// constructor throws std::logic_error.
class thread {
 public:
  /// A thread's identity: its ordinal in the execution.
  class id {
   public:
    id() noexcept = default;
    friend bool operator==(id, id) noexcept = default;
    friend auto operator<=>(id, id) noexcept = default;
    /// Writes the ordinal plus one; 0 for no thread.
    template <class Stream>
    friend Stream& operator<<(Stream& stream, id value) {
      stream << value.number_;
      return stream;
    }

   private:
    friend class thread;
    friend struct std::hash<id>;
    explicit id(unsigned ordinal) noexcept : number_{ordinal + 1} {}
    unsigned number_ = 0;
  };

  thread() noexcept = default;
  /// Starts a thread that calls `function` with copies of `args`.
  template <class F, class... Args>
    requires(!std::is_same_v<std::remove_cvref_t<F>, thread>)
  explicit thread(F&& function, Args&&... args) {
    Execution* execution = Execution::current();
    if (execution == nullptr)
      throw std::logic_error{"lockstep::sim::thread: there is no execution to run in"};
    if constexpr (sizeof...(Args) == 0) {
      ordinal_ = execution->spawn(std::forward<F>(function));
    } else {
      ordinal_ = execution->spawn([call = std::tuple<std::decay_t<F>, std::decay_t<Args>...>(
                                       std::forward<F>(function), std::forward<Args>(args)...)]() mutable {
        std::apply([](auto&&... each) { std::invoke(std::move(each)...); }, std::move(call));
      });
    }
  }
  ~thread() { give_up(); }
  /// Takes over the thread; `other` is not joinable then.
  thread(thread&& other) noexcept : ordinal_{std::exchange(other.ordinal_, none)} {}
  /// Takes over the thread; finds an exception if this one was joinable.
  // NOLINTNEXTLINE(performance-noexcept-move-constructor): it may find a joinable thread
  thread& operator=(thread&& other) {
    if (this == &other) return *this;
    give_up();
    ordinal_ = std::exchange(other.ordinal_, none);
    return *this;
  }
  thread(const thread&) = delete;
  thread& operator=(const thread&) = delete;

  /// True if it stands for a thread that was not joined.
  [[nodiscard]] bool joinable() const noexcept { return ordinal_ != none; }
  /// The thread's identity; the default one if it stands for none.
  [[nodiscard]] id get_id() const noexcept { return joinable() ? id{ordinal_} : id{}; }
  /// Blocks until the thread has finished. Throws std::system_error as std's does.
  void join(source_location where = source_location::current());
  /// Likewise, in a destructor: an execution that is being abandoned does not wait, and nothing is thrown.
  void join_at_the_end();
  void detach() = delete;
  /// Exchanges the threads that the two stand for.
  void swap(thread& other) noexcept { std::swap(ordinal_, other.ordinal_); }
  /// Two, always: so that what depends on it is deterministic.
  [[nodiscard]] static unsigned hardware_concurrency() noexcept { return 2; }

  /// The identity of the running thread.
  [[nodiscard]] static id current() noexcept {
    const Execution* execution = Execution::current();
    return execution != nullptr ? id{execution->self()} : id{};
  }

 private:
  friend void label(const thread& thread, std::string_view name);
  static constexpr unsigned none = ~0U;

  void give_up();

  unsigned ordinal_ = none;
};

/// Exchanges the threads that the two stand for.
inline void swap(thread& left, thread& right) noexcept { left.swap(right); }

}  // namespace lockstep::sim

/// Threads' identities as keys.
template <>
struct std::hash<lockstep::sim::thread::id> {
  /// The ordinal.
  std::size_t operator()(lockstep::sim::thread::id id) const noexcept { return id.number_; }
};
