// error: std::atomic<T> requires a trivially copyable type
#include <lockstep/sim/atomic.hpp>

#include <memory>

int main() {
#ifdef CORRECT
  const lockstep::sim::atomic<int*> pointer{nullptr};
#else
  const lockstep::sim::atomic<std::shared_ptr<int>> pointer{nullptr};
#endif
}
