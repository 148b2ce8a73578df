// error: memory::Cell: the record type must be copyable
#include <lockstep/verbs/cell.hpp>

#include <memory>

int main() {
#ifdef CORRECT
  using Record = std::shared_ptr<int>;
#else
  using Record = std::unique_ptr<int>;
#endif
  return sizeof(lockstep::memory::Cell<Record>) == 0 ? 1 : 0;
}
