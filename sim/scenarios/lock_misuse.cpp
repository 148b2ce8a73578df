// Mutexes by hand: a way out that forgets the unlock, and one that unlocks once more.
#include <lockstep/sim/concurrently.hpp>
#include <lockstep/sim/scenario.hpp>
#include <lockstep/sim/sim.hpp>

#include <mutex>

namespace lockstep::sim::scenarios::of_lock_misuse {

namespace {

/// Takes what is there, or nothing.
template <class Take>
void taking(Take take) {
  mutex guard;
  var<int> left{1};
  atomic<int> taken{0};
  label(guard, "guard");
  label(left, "left");
  label(taken, "taken");
  const auto customer = [&] {
    if (take(guard, left)) taken.fetch_add(1);
  };
  concurrently(customer, customer);
  check(taken.load() == 1, "one customer gets it");
}

void early_return() {
  taking([](mutex& guard, var<int>& left) {
    guard.lock();
    if (left == 0) return false;
    left -= 1;
    guard.unlock();
    return true;
  });
}

void unlocked_twice() {
  taking([](mutex& guard, var<int>& left) {
    guard.lock();
    const bool some = left != 0;
    if (some) {
      left -= 1;
      guard.unlock();
    }
    guard.unlock();
    return some;
  });
}

void scoped() {
  taking([](mutex& guard, var<int>& left) {
    const std::scoped_lock lock{guard};
    if (left == 0) return false;
    left -= 1;
    return true;
  });
}

const Registered scenarios[]{
    Registered{{.name = "lock_misuse/early_return",
                .summary = "a way out that forgets to unlock",
                .expected = FindingKind::leaked_lock,
                .body = early_return}},
    Registered{{.name = "lock_misuse/unlocked_twice",
                .summary = "a way through that unlocks twice",
                .expected = FindingKind::bad_unlock,
                .body = unlocked_twice}},
    Registered{{.name = "lock_misuse/scoped_lock",
                .summary = "scoped_lock unlocks once, on every way",
                .body = scoped}},
};

}  // namespace

}  // namespace lockstep::sim::scenarios::of_lock_misuse
