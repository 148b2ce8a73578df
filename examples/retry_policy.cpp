// How often, how patiently and until when a lost race is run again, and who is told.
#include <lockstep/lockstep.hpp>

#include <chrono>
#include <iostream>

int main() {
  using namespace std::chrono_literals;
  lockstep::memory::Database db;
  lockstep::memory::Table<int, int> counters{db, "counters"};
  insert(counters, 1, 0).or_throw();

  // [Retry]
  const lockstep::Retry policy{.attempts = 3,
                               .locking = lockstep::Locking::optimistic,
                               .base = 50us,
                               .cap = 1ms,
                               .deadline = 10s,
                               .observer = [](const lockstep::Retrying& retrying) {
                                 std::cout << retrying.conflict->what() << "; again in "
                                           << retrying.delay.count() << " ns\n";
                               }};
  // [Retry]

  // Somebody is always faster: the loop gives up and says why.
  const auto interrupted = [&](int& count) {
    update(counters, 1, [](int& same) { ++same; });
    count += 100;
  };
  try {
    update(counters, 1, interrupted, policy);
    return 1;
  } catch (const lockstep::Exhausted& exhausted) {
    std::cout << exhausted.what() << '\n';
    if (exhausted.attempts() != 3) return 1;
  }

  // By default a loop that keeps losing takes the record's lock, and so it ends.
  int losses = 0;
  update(counters, 1, [&](int& count) {
    if (losses < 4) {
      ++losses;
      update(counters, 1, [](int& same) { ++same; });
    }
    count += 100;
  });
  std::cout << "counter: " << load(counters, 1).record << " after " << losses << " lost races\n";
  return load(counters, 1).record == 3 + 4 + 100 ? 0 : 1;
}
