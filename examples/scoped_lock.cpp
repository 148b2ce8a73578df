// A lock as a scope, where a lambda would be in the way: held from here to commit or to
// the end of the scope, which rolls back. And a lock that readers share.
#include <lockstep/lockstep.hpp>

#include <chrono>
#include <iostream>
#include <string>

struct Document {
  std::string text;
  std::string editor;
  friend bool operator==(const Document&, const Document&) = default;
};

int main() {
  using namespace std::chrono_literals;
  using lockstep::LockMode;
  using lockstep::ScopedLock;
  using lockstep::Wait;
  lockstep::memory::Database db;
  lockstep::memory::Table<int, Document> documents{db, "documents"};
  insert(documents, 1, {"draft", ""}).or_throw();

  // [ScopedLock]
  {
    ScopedLock lock{documents, 1, LockMode::exclusive, Wait::up_to(200ms)};
    lock->editor = "ann";
    lock->text += ", by ann";
    lock.commit();  // writes, and releases
  }
  {
    ScopedLock lock{documents, 1};
    lock->text = "no, wait";
  }  // not committed: nothing is written
  // [ScopedLock]

  // A draft with unsaved changes is not locked: the reload would lose them.
  auto draft = edit(load(documents, 1));
  draft->text = "unsaved";
  bool refused = false;
  try {
    const ScopedLock lock{documents, 1, draft};
  } catch (const lockstep::DirtyRecord& error) {
    refused = true;
    std::cout << error.what() << '\n';  // documents[1]: locking refused: unsaved changes
  }

  // [with_shared_lock]
  const auto length = with_shared_lock(documents, 1, [&](const Document& held) {
    bool busy = false;
    try {
      ScopedLock writer{documents, 1, LockMode::exclusive, Wait::never()};
    } catch (const lockstep::LockUnavailable&) {
      busy = true;  // nobody writes while readers hold it
    }
    // Other readers may hold it as well.
    return with_shared_lock(
        documents, 1, [&](const Document& same) { return busy && same == held ? held.text.size() : 0; });
  });
  // [with_shared_lock]
  std::cout << "read " << length << " characters under a shared lock\n";

  return refused && length == std::string{"draft, by ann"}.size() && load(documents, 1)->editor == "ann" ? 0
                                                                                                         : 1;
}
