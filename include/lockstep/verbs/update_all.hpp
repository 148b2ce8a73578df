// One change of many records, in one step and without loading them.
#pragma once

#include <lockstep/storage/bulk.hpp>
#include <lockstep/verbs/retry.hpp>

#include <cstdint>
#include <optional>

namespace lockstep {

/// Applies `changes` to every record for which `where` holds, all of them or none, and moves their versions,
/// so that whoever holds one of them from before is stale. Returns how many they were.
///
///     update_all(accounts, field<&Account::balance> < 0 && field<&Account::frozen> == false,
///                set<&Account::frozen>(true), add<&Account::fee>(5));
///
/// Each field is changed once at most. Safe to call from any thread. Waits for others' locks of these
/// records. A lost race (a deadlock, a busy database) is run again, which loses nothing, as nothing was
/// loaded. In a database values are bound, and never text of the statement; constraints are the database's.
/// Throws OutOfRange, ConstraintViolated, VersionUnavailable, and what the storage throws; nothing was
/// written then, unless it is OutcomeUnknown. Cost: one statement in a database, a look at every record in
/// memory.
template <BulkStorage S, Condition Where, class... Changes>
std::uint64_t update_all(S&& storage, const Where& where, const Changes&... changes) {
  static_assert(detail::differ<Changes...>, "update_all: a field is changed once");
  return detail::retry_loop<runtime_of<S>>(Retry{}, [&](bool, detail::Lost& lost) {
    std::optional<std::uint64_t> count;
    static_cast<void>(lost.won([&] { count = storage.change_all(where, changes...); }));
    return count;
  });
}

}  // namespace lockstep
