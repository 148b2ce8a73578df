// Whether what runs for long keeps more and more memory: the largest amount that was resident, at each tenth
// of many operations of every kind, lost races and refusals among them.
#pragma once

#include <lockstep/lockstep.hpp>

#include "accounts.hpp"

#include <cstdint>
#include <cstdio>
#include <cstdlib>

#if __has_include(<sys/resource.h>)
#include <sys/resource.h>
#endif

namespace bench {

/// In kilobytes, since the program began; 0 where the system does not say.
inline long largest_resident() {
#if __has_include(<sys/resource.h>)
  rusage usage{};
  if (getrusage(RUSAGE_SELF, &usage) == 0) return usage.ru_maxrss;
#endif
  return 0;
}

/// Eight operations on `table`, which has the accounts 1 and 2, and no 3.
void every_operation(auto& table) {
  using namespace lockstep;
  auto mine = load(table, 1);
  auto theirs = mine;
  ++theirs->balance;
  save(table, 1, theirs).or_throw();
  ++mine->balance;
  if (save(table, 1, mine)) std::abort();  // it is stale
  update(table, 1, [](Account& account) { --account.balance; });
  transfer(table, {.from = 1, .to = 2, .amount = 1});
  try {
    transfer(table, {.from = 1, .to = 2, .amount = 1'000'000'000});
    std::abort();  // there is not so much
  } catch (const InsufficientFunds&) {
  }
  transact(table.database(), [&](auto& tx) {
    --tx.edit(table, 2).balance;
    ++tx.edit(table, 1).balance;
  });
  insert(table, 3, {"cid", 0}).or_throw();
  erase(table, 3, load(table, 3).version).or_throw();
}

/// Runs so many operations as the program's argument says, or a million.
void run_steadily(auto& table, int argc, char** argv) {
  lockstep::insert(table, 1, {"ann", 1000}).or_throw();
  lockstep::insert(table, 2, {"bob", 1000}).or_throw();
  const auto operations = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 1'000'000ULL;
  for (int tenth = 1; tenth <= 10; ++tenth) {
    for (std::uint64_t done = 0; done < operations / 10; done += 8) every_operation(table);
    std::printf("%3d %%  %ld KB\n", 10 * tenth, largest_resident());
    std::fflush(stdout);
  }
}

}  // namespace bench
