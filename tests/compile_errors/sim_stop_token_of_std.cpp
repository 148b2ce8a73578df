// error: wait
#include <lockstep/sim/condition_variable.hpp>

int main() {
#ifdef CORRECT
  const lockstep::sim::stop_token stop;
#else
  const std::stop_token stop;
#endif
  lockstep::sim::mutex mutex;
  lockstep::sim::condition_variable_any condition;
  std::unique_lock lock{mutex};
  return condition.wait(lock, stop, [] { return true; }) ? 0 : 1;
}
