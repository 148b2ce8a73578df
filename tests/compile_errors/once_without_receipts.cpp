// error: an idempotency key needs a storage that keeps receipts
#include "bank.hpp"

#include <lockstep/verbs/once.hpp>

class Notes : public StagedStorage<Notes, int, long> {
 public:
  using StagedStorage::load;
  std::optional<Versioned<long>> load(int) const { return {}; }
  Commit apply(std::span<const Change>) { return {}; }
  Version next(int, Version) { return {}; }
};

int main() {
#ifdef CORRECT
  transact(db, {.idempotency_key = "a"}, [](auto&) {});
#else
  Notes notes;
  transact(notes, {.idempotency_key = "a"}, [](auto&) {});
#endif
}
