// error: try_lock_until
#include <lockstep/sim/mutex.hpp>

#include <chrono>

int main() {
#ifdef CORRECT
  using clock = lockstep::sim::clock;
#else
  using clock = std::chrono::steady_clock;
#endif
  lockstep::sim::timed_mutex mutex;
  return mutex.try_lock_until(clock::now()) ? 0 : 1;
}
