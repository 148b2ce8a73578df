// The clocks against the definitions: events, synchronizes-with as the standard words it, closed
// transitively.
#include <lockstep/sim/happens_before.hpp>

#include <boost/test/unit_test.hpp>

#include <array>
#include <cstddef>
#include <random>
#include <vector>

BOOST_AUTO_TEST_SUITE(happens_before)

namespace {

using namespace lockstep::sim;
using namespace lockstep::sim::detail;

enum class Act { load, store, modify, fence, lock, unlock, read, write, atomic_read, atomic_write };

struct Event {
  unsigned thread = 0;
  Act act = Act::load;
  std::uint64_t object = 0;
  std::memory_order order = std::memory_order_relaxed;
};

bool acquires(const Event& event) {
  return event.order == std::memory_order_acquire || event.order == std::memory_order_acq_rel ||
         event.order == std::memory_order_seq_cst;
}
bool releases(const Event& event) {
  return event.order == std::memory_order_release || event.order == std::memory_order_acq_rel ||
         event.order == std::memory_order_seq_cst;
}
bool reads(const Event& event) { return event.act == Act::load || event.act == Act::modify; }
bool writes(const Event& event) { return event.act == Act::store || event.act == Act::modify; }

/// A sequence of events, and which of them happens before which, from the definitions alone.
class Oracle {
 public:
  explicit Oracle(const std::vector<Event>& events)
      : events_{&events}, before_(events.size(), std::vector<bool>(events.size(), false)) {
    for (std::size_t i = 0; i != events.size(); ++i) {
      for (std::size_t j = i + 1; j != events.size(); ++j) {
        before_[i][j] = events[i].thread == events[j].thread || locks(i, j);
      }
    }
    for (std::size_t read = 0; read != events.size(); ++read) {
      if (reads(events[read])) synchronise(read);
    }
    for (std::size_t k = 0; k != events.size(); ++k) {
      for (std::size_t i = 0; i != k; ++i) {
        for (std::size_t j = k + 1; before_[i][k] && j != events.size(); ++j) {
          if (before_[k][j]) before_[i][j] = true;
        }
      }
    }
  }

  /// True if the event is an access that races with an earlier one.
  [[nodiscard]] bool races(std::size_t now) const {
    for (std::size_t i = 0; i != now; ++i) {
      const bool both_atomic = atomic(i) && atomic(now);
      if (touches(i) && touches(now) && (changes(i) || changes(now)) && !both_atomic && !before_[i][now])
        return true;
    }
    return false;
  }

 private:
  [[nodiscard]] const Event& at(std::size_t i) const { return (*events_)[i]; }
  [[nodiscard]] bool touches(std::size_t i) const { return at(i).act >= Act::read; }
  [[nodiscard]] bool changes(std::size_t i) const {
    return at(i).act == Act::write || at(i).act == Act::atomic_write;
  }
  [[nodiscard]] bool atomic(std::size_t i) const { return at(i).act >= Act::atomic_read; }
  [[nodiscard]] bool locks(std::size_t i, std::size_t j) const {
    return at(i).act == Act::unlock && at(j).act == Act::lock && at(i).object == at(j).object;
  }

  /// Edges into the atomic read at `read`, and into acquire fences after it.
  void synchronise(std::size_t read) {
    std::vector<std::size_t> ends;
    if (acquires(at(read))) ends.push_back(read);
    for (std::size_t i = read + 1; i != events_->size(); ++i) {
      if (at(i).act == Act::fence && at(i).thread == at(read).thread && acquires(at(i))) ends.push_back(i);
    }
    for (const std::size_t head : heads(read)) {
      if (releases(at(head))) link(head, ends);
      for (std::size_t i = 0; i != head; ++i) {
        if (at(i).act == Act::fence && at(i).thread == at(head).thread && releases(at(i))) link(i, ends);
      }
    }
  }
  void link(std::size_t from, const std::vector<std::size_t>& ends) {
    for (const std::size_t end : ends) {
      if (from < end) before_[from][end] = true;
    }
  }
  /// The writes whose release sequences, real or hypothetical, hold what `read` reads.
  [[nodiscard]] std::vector<std::size_t> heads(std::size_t read) const {
    std::vector<std::size_t> heads;
    for (std::size_t i = read; i-- != 0;) {
      if (!writes(at(i)) || at(i).object != at(read).object) continue;
      heads.push_back(i);
      if (at(i).act == Act::store) break;  // what was before it is not continued
    }
    return heads;
  }

  const std::vector<Event>* events_;
  std::vector<std::vector<bool>> before_;
};

Touching kind(Act act) {
  switch (act) {
    case Act::read:
      return Touching::read;
    case Act::atomic_read:
      return Touching::atomic_read;
    case Act::atomic_write:
      return Touching::atomic_write;
    default:
      return Touching::write;
  }
}

/// The first event at which the clocks see a race, or the number of events.
std::size_t first_race(HappensBefore& order, const std::vector<Event>& events, unsigned threads) {
  order.reset();
  order.follow(threads);
  for (std::size_t i = 0; i != events.size(); ++i) {
    const Event& event = events[i];
    const ObjectId object{event.object};
    switch (event.act) {
      case Act::load:
        order.load(event.thread, object, event.order);
        break;
      case Act::store:
        order.store(event.thread, object, event.order);
        break;
      case Act::modify:
        order.load(event.thread, object, event.order);
        order.extend(event.thread, object, event.order);
        break;
      case Act::fence:
        order.fence(event.thread, event.order);
        break;
      case Act::lock:
        order.acquire(event.thread, object);
        break;
      case Act::unlock:
        order.release(event.thread, object);
        break;
      default:
        if (order.touch(event.thread, object, kind(event.act), {})) return i;
    }
  }
  return events.size();
}

std::vector<Event> draw(std::mt19937& random, unsigned threads) {
  constexpr std::array loads{std::memory_order_relaxed, std::memory_order_acquire, std::memory_order_seq_cst};
  constexpr std::array stores{std::memory_order_relaxed, std::memory_order_release,
                              std::memory_order_seq_cst};
  constexpr std::array all{std::memory_order_relaxed, std::memory_order_acquire, std::memory_order_release,
                           std::memory_order_acq_rel, std::memory_order_seq_cst};
  std::vector<Event> events;
  for (int i = 0; i != 14; ++i) {
    Event event{.thread = static_cast<unsigned>(random() % threads),
                .act = static_cast<Act>(random() % 10),
                .object = 1 + random() % 2};
    switch (event.act) {
      case Act::load:
        event.order = loads[random() % 3];
        break;
      case Act::store:
        event.order = stores[random() % 3];
        break;
      case Act::modify:
        event.order = all[random() % 5];
        break;
      case Act::fence:
        event.order = all[1 + random() % 4];
        break;
      case Act::lock:
      case Act::unlock:
        event.object = 3;
        break;
      default:
        event.object = 4;
        break;
    }
    events.push_back(event);
  }
  return events;
}

}  // namespace

BOOST_AUTO_TEST_CASE(the_clocks_see_the_same_first_race_as_the_definitions) {
  std::mt19937 random{7};
  HappensBefore order;
  std::array<unsigned, 2> verdicts{};
  for (int round = 0; round != 10'000; ++round) {
    const unsigned threads = 2 + random() % 2;
    const std::vector<Event> events = draw(random, threads);
    const Oracle oracle{events};
    std::size_t expected = 0;
    while (expected != events.size() && !oracle.races(expected)) ++expected;
    const std::size_t actual = first_race(order, events, threads);
    if (actual != expected) BOOST_TEST(actual == expected, "round " << round);
    ++verdicts[actual == events.size() ? 0 : 1];
  }
  BOOST_TEST(verdicts[0] > 1'000U);
  BOOST_TEST(verdicts[1] > 1'000U);
}

BOOST_AUTO_TEST_CASE(a_second_execution_knows_nothing_of_the_first) {
  HappensBefore order;
  const std::vector<Event> write{{.thread = 1, .act = Act::write, .object = 4}};
  const std::vector<Event> read{{.thread = 0, .act = Act::read, .object = 4}};
  BOOST_TEST(first_race(order, write, 2) == 1U);
  BOOST_TEST(first_race(order, read, 2) == 1U);
}

BOOST_AUTO_TEST_SUITE_END()
