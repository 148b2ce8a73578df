// error: memory::Cell: the record type must be trivially copyable
#include <lockstep/verbs/cell.hpp>

#include <string>

int main() {
#ifdef CORRECT
  lockstep::memory::Cell<int> cell;
#else
  lockstep::memory::Cell<std::string> cell;
#endif
  static_cast<void>(cell);
}
