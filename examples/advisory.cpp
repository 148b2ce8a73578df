// Work that only one may do at a time, though no record stands for it: a lock on a name.
#include <lockstep/lockstep.hpp>
#include <lockstep/memory/advisory.hpp>
#include <lockstep/verbs/advisory.hpp>

#include <iostream>

using namespace lockstep;

int main() {
  memory::Database db;

  // [with_advisory_lock]
  const auto sent =
      with_advisory_lock(db, "nightly report",
                         [&](auto& locks) {
                           // Who holds it gets it again, by its own locks.
                           with_advisory_lock(locks, "nightly report", [] { std::cout << "writing\n"; });

                           // Somebody else who does not want to wait is told that there was no lock, and
                           // nothing ran.
                           const auto other = with_advisory_lock(db, "nightly report", [] { return true; },
                                                                 {.wait = Wait::skip()});
                           if (!other.acquired()) std::cout << "somebody is at it\n";

                           return false;  // nothing to send
                         },
                         {.wait = Wait::up_to(std::chrono::seconds{5})});
  if (sent.acquired() && !sent.value()) std::cout << "it ran, and said no\n";
  // [with_advisory_lock]

  return sent.acquired() && !db.advisory_exists("nightly report") ? 0 : 1;
}
