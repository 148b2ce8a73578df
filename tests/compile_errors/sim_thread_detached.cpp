// error: detach
#include <lockstep/sim/thread.hpp>

int main() {
  lockstep::sim::thread thread{[] {}};
#ifdef CORRECT
  thread.join();
#else
  thread.detach();
#endif
}
