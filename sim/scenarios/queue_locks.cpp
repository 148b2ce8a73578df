// Locks that are granted in the order of arrival, and that spin: what the last holder did is seen by the next
// because it is released by the store that the next one waits for.
// Mellor-Crummey & Scott, "Algorithms for Scalable Synchronization on Shared-Memory Multiprocessors", ACM
// TOCS 9(1), 1991.
#include "spin.hpp"

#include <array>

namespace lockstep::sim::scenarios::of_queue_locks {

namespace {

template <std::memory_order unlocked>
class TicketLock {
 public:
  TicketLock() {
    label(next_, "next");
    label(serving_, "serving");
  }

  void lock(unsigned) {
    const int mine = next_.fetch_add(1, relaxed);
    spin_until([&] { return serving_.load(acquire) == mine; });
  }
  void unlock(unsigned) { serving_.store(serving_.load(relaxed) + 1, unlocked); }

 private:
  atomic<int> next_{0};
  atomic<int> serving_{0};
};

template <std::memory_order handed_over>
class McsLock {
 public:
  McsLock() {
    label(last_, "last");
    label(nodes_[0].next, "node[0].next");
    label(nodes_[1].next, "node[1].next");
    label(nodes_[0].waits, "node[0].waits");
    label(nodes_[1].waits, "node[1].waits");
  }

  void lock(unsigned me) {
    Node& mine = nodes_[me];
    mine.next.store(nullptr, relaxed);
    mine.waits.store(true, relaxed);
    if (Node* before = last_.exchange(&mine, acq_rel)) {
      before->next.store(&mine, release);
      spin_until([&] { return !mine.waits.load(acquire); });
    }
  }
  void unlock(unsigned me) {
    Node& mine = nodes_[me];
    if (mine.next.load(acquire) == nullptr) {
      Node* expected = &mine;
      if (last_.compare_exchange_strong(expected, nullptr, release, relaxed)) return;
      spin_until([&] { return mine.next.load(acquire) != nullptr; });  // somebody is about to stand behind
    }
    mine.next.load(relaxed)->waits.store(false, handed_over);
  }

 private:
  struct Node {
    atomic<Node*> next{nullptr};
    atomic<bool> waits{false};
  };
  std::array<Node, 2> nodes_;
  atomic<Node*> last_{nullptr};
};

const Registered scenarios[]{
    Registered{{.name = "ticket_lock/release",
                .summary = "a ticket lock",
                .body = increment_under<TicketLock<release>>,
                .options = under_rc11}},
    Registered{{.name = "ticket_lock/relaxed",
                .summary = "a ticket lock whose unlock is relaxed",
                .expected = FindingKind::data_race,
                .body = increment_under<TicketLock<relaxed>>,
                .options = under_rc11}},
    Registered{{.name = "mcs_lock/release",
                .summary = "the queue lock of Mellor-Crummey and Scott",
                .body = increment_under<McsLock<release>>,
                .options = under_rc11}},
    Registered{{.name = "mcs_lock/relaxed",
                .summary = "the same, handed over by a relaxed store",
                .expected = FindingKind::data_race,
                .body = increment_under<McsLock<relaxed>>,
                .options = under_rc11}},
};

}  // namespace

}  // namespace lockstep::sim::scenarios::of_queue_locks
