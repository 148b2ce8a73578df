// error: lockstep::sim::atomic_ref refers to a lockstep::sim::var: declare the variable as one
#include <lockstep/sim/atomic_ref.hpp>

int main() {
#ifdef CORRECT
  lockstep::sim::var<int> value{0};
#else
  int value = 0;
#endif
  lockstep::sim::atomic_ref<int>{value}.store(1);
}
