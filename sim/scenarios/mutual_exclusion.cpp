// Mutual exclusion of two threads by loads and stores. A thread says that it wants to go in before it looks
// at the other, so a store has to be seen before a load is made: release and acquire do not order that.
// Dijkstra, "Cooperating Sequential Processes", 1965 (Dekker's algorithm; with fences as by Williams,
// "Implementing Dekker's algorithm with Fences", 2010). Peterson, "Myths About the Mutual Exclusion Problem",
// IPL 12(3), 1981 (with an exchange as by Vyukov, in Williams, "Peterson's lock with C++0x atomics", 2008).
#include "spin.hpp"

#include <array>

namespace lockstep::sim::scenarios::of_mutual_exclusion {

namespace {

/// How a thread says that it wants to go in, and that it is the other's turn.
enum class Announced {
  by_stores,
  by_stores_and_a_fence,  ///< after both
  by_stores_and_fences,   ///< after each
  by_a_store_and_an_exchange
};

template <Announced announced, std::memory_order stored, std::memory_order loaded>
class Peterson {
 public:
  Peterson() {
    label(wants_[0], "wants[0]");
    label(wants_[1], "wants[1]");
    label(turn_, "turn");
  }

  void lock(unsigned me) {
    const unsigned other = 1 - me;
    wants_[me].store(true, stored);
    if constexpr (announced == Announced::by_a_store_and_an_exchange) {
      turn_.exchange(other, acq_rel);
    } else {
      if constexpr (announced == Announced::by_stores_and_fences) sim::atomic_thread_fence(seq_cst);
      turn_.store(other, stored);
      if constexpr (announced != Announced::by_stores) sim::atomic_thread_fence(seq_cst);
    }
    spin_until([&] { return !wants_[other].load(loaded) || turn_.load(loaded) == me; });
  }
  void unlock(unsigned me) { wants_[me].store(false, release); }

 private:
  std::array<atomic<bool>, 2> wants_{false, false};
  atomic<unsigned> turn_{0};
};

template <bool fences, std::memory_order stored, std::memory_order loaded>
class Dekker {
 public:
  Dekker() {
    label(wants_[0], "wants[0]");
    label(wants_[1], "wants[1]");
    label(turn_, "turn");
  }

  void lock(unsigned me) {
    const unsigned other = 1 - me;
    want(me);
    while (wants_[other].load(loaded)) {
      if (turn_.load(loaded) != me) {
        wants_[me].store(false, stored);
        spin_until([&] { return turn_.load(loaded) == me; });
        want(me);
      } else {
        this_thread::yield();
      }
    }
    if constexpr (fences) sim::atomic_thread_fence(acquire);
  }
  void unlock(unsigned me) {
    turn_.store(1 - me, stored);
    if constexpr (fences) sim::atomic_thread_fence(release);
    wants_[me].store(false, stored);
  }

 private:
  void want(unsigned me) {
    wants_[me].store(true, stored);
    if constexpr (fences) sim::atomic_thread_fence(seq_cst);
  }

  std::array<atomic<bool>, 2> wants_{false, false};
  atomic<unsigned> turn_{0};
};

const Registered scenarios[]{
    Registered{{.name = "peterson/seq_cst",
                .summary = "Peterson's algorithm, all seq_cst",
                .body = increment_under<Peterson<Announced::by_stores, seq_cst, seq_cst>>,
                .options = under_rc11}},
    Registered{{.name = "peterson/fences",
                .summary = "Peterson's algorithm, a seq_cst fence after each store",
                .body = increment_under<Peterson<Announced::by_stores_and_fences, relaxed, acquire>>,
                .options = under_rc11}},
    Registered{{.name = "peterson/exchange",
                .summary = "Peterson's algorithm, whose turn it is by an acq_rel exchange",
                .body = increment_under<Peterson<Announced::by_a_store_and_an_exchange, relaxed, acquire>>,
                .options = under_rc11}},
    Registered{{.name = "peterson/acq_rel",
                .summary = "Peterson's algorithm, by release and acquire only",
                .expected = FindingKind::data_race,
                .body = increment_under<Peterson<Announced::by_stores, release, acquire>>,
                .options = under_rc11}},
    Registered{{.name = "peterson/one_fence",
                .summary = "Peterson's algorithm, relaxed, a seq_cst fence after both stores only",
                .expected = FindingKind::data_race,
                .body = increment_under<Peterson<Announced::by_stores_and_a_fence, relaxed, acquire>>,
                .options = under_rc11}},
    Registered{{.name = "dekker/acq_rel",
                .summary = "Dekker's algorithm, by release and acquire only",
                .expected = FindingKind::data_race,
                .body = increment_under<Dekker<false, release, acquire>>,
                .options = under_rc11}},
    Registered{{.name = "dekker/seq_cst",
                .summary = "Dekker's algorithm, all seq_cst",
                .body = increment_under<Dekker<false, seq_cst, seq_cst>>,
                .options = under_rc11}},
    Registered{{.name = "dekker/fences",
                .summary = "Dekker's algorithm, relaxed with fences",
                .body = increment_under<Dekker<true, relaxed, relaxed>>,
                .options = under_rc11}},
};

}  // namespace

}  // namespace lockstep::sim::scenarios::of_mutual_exclusion
