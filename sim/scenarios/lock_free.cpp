// Stacks and queues without locks: what is in a node, or in a slot, is plain, and is seen by who takes it
// because the pointer or the index to it was released. Treiber, "Systems Programming: Coping with
// Parallelism", IBM RJ 5118, 1986. Michael & Scott, "Simple, Fast, and Practical Non-Blocking and Blocking
// Concurrent Queue Algorithms", PODC 1996; its orders as of Norris & Demsky, "CDSChecker", OOPSLA 2013.
// Lamport, "Specifying Concurrent Program Modules", TOPLAS 5(2), 1983, for the ring; its orders as of Lê,
// Guatto, Cohen & Pop, "Correct and Efficient Bounded FIFO Queues", 2013.
#include "spin.hpp"

#include <array>
#include <cstddef>
#include <string>

namespace lockstep::sim::scenarios::of_lock_free {

namespace {

// --- Treiber's stack ---

/// Nodes are used once each, so that none comes back while somebody still holds a pointer to it.
template <std::memory_order pushed, std::memory_order popped>
class Stack {
 public:
  Stack() {
    label(top_, "top");
    for (std::size_t i = 0; i != nodes_.size(); ++i) {
      label(nodes_[i].value, "value " + std::to_string(i));
      label(nodes_[i].below, "below " + std::to_string(i));
    }
  }

  void push(int value) {
    Node& node = nodes_.at(static_cast<std::size_t>(value));
    node.value = value;
    Node* top = top_.load(relaxed);
    do {
      node.below = top;
    } while (!top_.compare_exchange_strong(top, &node, pushed, relaxed));
  }
  /// 0: it is empty.
  int pop() {
    Node* top = top_.load(popped);
    while (top != nullptr) {
      if (top_.compare_exchange_strong(top, top->below.get(), popped, popped)) return top->value.get();
    }
    return 0;
  }

 private:
  struct Node {
    var<int> value{0};
    var<Node*> below{nullptr};
  };
  std::array<Node, 3> nodes_;
  atomic<Node*> top_{nullptr};
};

template <std::memory_order pushed, std::memory_order popped>
void stack() {
  Stack<pushed, popped> stack;
  std::array<int, 2> got{};
  concurrently(
      [&] {
        stack.push(1);
        got[0] = stack.pop();
      },
      [&] {
        stack.push(2);
        got[1] = stack.pop();
      });
  check(got[0] + got[1] == 3 && got[0] * got[1] == 2, "each number is popped once");
}

// --- Michael and Scott's queue ---

/// Nodes are used once each.
template <std::memory_order linked, std::memory_order followed>
class Queue {
 public:
  Queue() {
    label(head_, "head");
    label(tail_, "tail");
    for (std::size_t i = 0; i != nodes_.size(); ++i) {
      label(nodes_[i].value, "value " + std::to_string(i));
      label(nodes_[i].next, "next of " + std::to_string(i));
    }
  }

  void enqueue(int value) {
    Node& node = nodes_.at(static_cast<std::size_t>(value));
    node.value = value;
    for (;;) {
      Node* tail = tail_.load(acquire);
      Node* next = tail->next.load(followed);
      if (tail != tail_.load(relaxed)) continue;
      if (next != nullptr) {
        tail_.compare_exchange_strong(tail, next, release, relaxed);  // helps who is slow
      } else if (tail->next.compare_exchange_strong(next, &node, linked, relaxed)) {
        tail_.compare_exchange_strong(tail, &node, release, relaxed);
        return;
      }
    }
  }
  /// 0: it is empty.
  int dequeue() {
    for (;;) {
      Node* head = head_.load(acquire);
      Node* tail = tail_.load(relaxed);
      Node* next = head->next.load(followed);
      if (head != head_.load(relaxed)) continue;
      if (next == nullptr) return 0;
      if (head == tail) {
        tail_.compare_exchange_strong(tail, next, release, relaxed);
      } else {
        const int value = next->value.get();
        if (head_.compare_exchange_strong(head, next, release, relaxed)) return value;
      }
    }
  }

 private:
  struct Node {
    var<int> value{0};
    atomic<Node*> next{nullptr};
  };
  std::array<Node, 3> nodes_;  // the first is the dummy that a queue begins with
  atomic<Node*> head_{&nodes_[0]};
  atomic<Node*> tail_{&nodes_[0]};
};

template <std::memory_order linked, std::memory_order followed>
void producer_and_consumer() {
  Queue<linked, followed> queue;
  int first = 0;
  int second = 0;
  concurrently(
      [&] {
        queue.enqueue(1);
        queue.enqueue(2);
      },
      [&] {
        first = queue.dequeue();
        second = queue.dequeue();
      });
  const int expected = first == 0 ? 1 : 2;
  check(first != 2 && (second == 0 || second == expected), "what comes first goes first");
}

void two_producers() {
  Queue<release, acquire> queue;
  concurrently([&] { queue.enqueue(1); }, [&] { queue.enqueue(2); });
  check(queue.dequeue() + queue.dequeue() == 3, "both numbers are in the queue");
  check(queue.dequeue() == 0, "and nothing else");
}

void two_consumers() {
  Queue<release, acquire> queue;
  queue.enqueue(1);
  int left = 0;
  int right = 0;
  concurrently([&] { left = queue.dequeue(); }, [&] { right = queue.dequeue(); });
  check(left + right == 1, "one of them gets the number");
}

// --- Lamport's ring of one producer and one consumer ---

template <std::memory_order index_stored, std::memory_order index_loaded>
class Ring {
 public:
  Ring() {
    label(taken_, "taken");
    label(put_, "put");
    label(slots_[0], "slot");
  }

  bool put(int value) {
    const unsigned put = put_.load(relaxed);
    if (put - taken_.load(index_loaded) == slots_.size()) return false;
    slots_.at(put % slots_.size()) = value;
    put_.store(put + 1, index_stored);
    return true;
  }
  /// 0: it is empty.
  int take() {
    const unsigned taken = taken_.load(relaxed);
    if (taken == put_.load(index_loaded)) return 0;
    const int value = slots_.at(taken % slots_.size()).get();
    taken_.store(taken + 1, index_stored);
    return value;
  }

 private:
  std::array<var<int>, 1> slots_{var<int>{0}};  // so that each is used again
  atomic<unsigned> taken_{0};
  atomic<unsigned> put_{0};
};

template <std::memory_order index_stored, std::memory_order index_loaded>
void ring() {
  Ring<index_stored, index_loaded> ring;
  concurrently(
      [&] {
        spin_until([&] { return ring.put(1); });
        spin_until([&] { return ring.put(2); });
      },
      [&] {
        int value = 0;
        spin_until([&] { return (value = ring.take()) != 0; });
        check(value == 1, "what comes first goes first");
        spin_until([&] { return (value = ring.take()) != 0; });
        check(value == 2, "and then what comes next");
      });
}

const Registered scenarios[]{
    Registered{{.name = "treiber_stack/release",
                .summary = "Treiber's stack: each pushes, then pops",
                .body = stack<release, acquire>,
                .options = under_rc11}},
    Registered{{.name = "treiber_stack/relaxed_push",
                .summary = "Treiber's stack, with a relaxed push",
                .expected = FindingKind::data_race,
                .body = stack<relaxed, acquire>,
                .options = under_rc11}},
    Registered{{.name = "treiber_stack/relaxed_pop",
                .summary = "Treiber's stack, with a relaxed pop",
                .expected = FindingKind::data_race,
                .body = stack<release, relaxed>,
                .options = under_rc11}},
    Registered{{.name = "michael_scott_queue/release",
                .summary = "Michael and Scott's queue: one puts two numbers, one takes two",
                .body = producer_and_consumer<release, acquire>,
                .options = under_rc11}},
    Registered{{.name = "michael_scott_queue/two_producers",
                .summary = "Michael and Scott's queue: two put a number each",
                .body = two_producers,
                .options = under_rc11}},
    Registered{{.name = "michael_scott_queue/two_consumers",
                .summary = "Michael and Scott's queue: two take from a queue of one number",
                .body = two_consumers,
                .options = under_rc11}},
    Registered{{.name = "michael_scott_queue/relaxed_link",
                .summary = "Michael and Scott's queue, with a relaxed link to the new node",
                .expected = FindingKind::data_race,
                .body = producer_and_consumer<relaxed, acquire>,
                .options = under_rc11}},
    Registered{{.name = "michael_scott_queue/relaxed_look",
                .summary = "Michael and Scott's queue, whose links are followed by relaxed loads",
                .expected = FindingKind::data_race,
                .body = producer_and_consumer<release, relaxed>,
                .options = under_rc11}},
    Registered{{.name = "spsc_ring/release",
                .summary = "Lamport's ring of one slot",
                .body = ring<release, acquire>,
                .options = under_rc11}},
    Registered{{.name = "spsc_ring/relaxed_index",
                .summary = "Lamport's ring, whose indices are stored relaxed",
                .expected = FindingKind::data_race,
                .body = ring<relaxed, acquire>,
                .options = under_rc11}},
    Registered{{.name = "spsc_ring/relaxed_look",
                .summary = "Lamport's ring, whose indices are loaded relaxed",
                .expected = FindingKind::data_race,
                .body = ring<release, relaxed>,
                .options = under_rc11}},
};

}  // namespace

}  // namespace lockstep::sim::scenarios::of_lock_free
