// A deque whose owner pushes and takes at one end while thieves steal at the other. Owner and thief each
// write one end and read the other, so both need a seq_cst fence between. Chase & Lev, "Dynamic Circular
// Work-Stealing Deque", SPAA 2005; its orders as of Lê, Pop, Cohen & Zappa Nardelli, "Correct and Efficient
// Work-Stealing for Weak Memory Models", PPoPP 2013 (their first version, with C11 atomics), of a fixed size.
#include "spin.hpp"

#include <array>
#include <cstddef>

namespace lockstep::sim::scenarios::of_work_stealing {

namespace {

/// Which fences there are.
struct Fences {
  bool push = true;
  bool take = true;
  bool steal = true;
};

template <Fences fences>
class Deque {
 public:
  Deque() {
    label(top_, "top");
    label(bottom_, "bottom");
    label(slots_[0], "slot 0");
    label(slots_[1], "slot 1");
  }

  void push(int task) {
    const int bottom = bottom_.load(relaxed);
    check(bottom - top_.load(acquire) < size, "there is room");
    at(bottom).store(task, relaxed);
    if constexpr (fences.push) sim::atomic_thread_fence(release);
    bottom_.store(bottom + 1, relaxed);
  }
  /// 0: it is empty.
  int take() {
    const int bottom = bottom_.load(relaxed) - 1;
    bottom_.store(bottom, relaxed);
    if constexpr (fences.take) sim::atomic_thread_fence(seq_cst);
    int top = top_.load(relaxed);
    if (top > bottom) {
      bottom_.store(bottom + 1, relaxed);
      return 0;
    }
    int task = at(bottom).load(relaxed);
    if (top == bottom) {  // the last one: thieves may want it, too
      if (!top_.compare_exchange_strong(top, top + 1, seq_cst, relaxed)) task = 0;
      bottom_.store(bottom + 1, relaxed);
    }
    return task;
  }
  /// 0: it is empty, or somebody else was faster.
  int steal() {
    int top = top_.load(acquire);
    if constexpr (fences.steal) sim::atomic_thread_fence(seq_cst);
    const int bottom = bottom_.load(acquire);
    if (top >= bottom) return 0;
    const int task = at(top).load(relaxed);
    return top_.compare_exchange_strong(top, top + 1, seq_cst, relaxed) ? task : 0;
  }

 private:
  static constexpr int size = 2;

  atomic<int>& at(int index) { return slots_.at(static_cast<std::size_t>(index % size)); }

  std::array<atomic<int>, size> slots_{0, 0};
  atomic<int> top_{0};
  atomic<int> bottom_{0};
};

/// Tasks to be done once each: what they are is plain.
class Tasks {
 public:
  Tasks() {
    label(what_[0], "task 1");
    label(what_[1], "task 2");
  }
  void make(int task) { at(task) = task; }
  void run(int task) {
    if (task == 0) return;
    check(at(task).get() == task, "a task is there when it is run");
    check(++run_.at(index(task)) == 1, "no task is run twice");
  }
  void check_that_so_many_were_run(int tasks) const { check(run_[0] + run_[1] == tasks, "no task is lost"); }

 private:
  static std::size_t index(int task) { return static_cast<std::size_t>(task - 1); }
  var<int>& at(int task) { return what_.at(index(task)); }

  std::array<var<int>, 2> what_{var<int>{0}, var<int>{0}};
  std::array<int, 2> run_{};
};

/// Two tasks: the owner takes one, a thief tries to steal both.
template <Fences fences>
void tasks() {
  Deque<fences> deque;
  Tasks tasks;
  concurrently(
      [&] {
        for (const int task : {1, 2}) {
          tasks.make(task);
          deque.push(task);
        }
        tasks.run(deque.take());
      },
      [&] {
        tasks.run(deque.steal());
        tasks.run(deque.steal());
      });
  tasks.run(deque.take());
  tasks.run(deque.take());
  tasks.check_that_so_many_were_run(2);
}

/// One task that both want.
template <Fences fences>
void last_task() {
  Deque<fences> deque;
  Tasks tasks;
  tasks.make(1);
  deque.push(1);
  concurrently([&] { tasks.run(deque.take()); }, [&] { tasks.run(deque.steal()); });
  tasks.run(deque.take());
  tasks.check_that_so_many_were_run(1);
}

const Registered scenarios[]{
    Registered{{.name = "work_stealing/fences",
                .summary = "Chase and Lev's deque: the owner takes a task, a thief steals",
                .body = tasks<Fences{}>,
                .options = under_rc11}},
    Registered{{.name = "work_stealing/last_task",
                .summary = "Chase and Lev's deque: owner and thief want the last task",
                .body = last_task<Fences{}>,
                .options = under_rc11}},
    Registered{{.name = "work_stealing/no_fence_in_push",
                .summary = "Chase and Lev's deque, without the release fence of push",
                .expected = FindingKind::data_race,
                .body = tasks<Fences{.push = false}>,
                .options = under_rc11}},
    Registered{{.name = "work_stealing/no_fence_in_take",
                .summary = "Chase and Lev's deque, without the seq_cst fence of take",
                .expected = FindingKind::check,
                .body = tasks<Fences{.take = false}>,
                .options = under_rc11}},
    Registered{{.name = "work_stealing/no_fence_in_steal",
                .summary = "Chase and Lev's deque, without the seq_cst fence of steal",
                .expected = FindingKind::check,
                .body = tasks<Fences{.steal = false}>,
                .options = under_rc11}},
};

}  // namespace

}  // namespace lockstep::sim::scenarios::of_work_stealing
