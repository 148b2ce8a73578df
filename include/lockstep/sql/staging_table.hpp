// The half of a table that is the same in every SQL database: what is staged in a session, by key.
#pragma once

#include <lockstep/core/contract.hpp>
#include <lockstep/sql/entry.hpp>
#include <lockstep/sql/mapping.hpp>
#include <lockstep/storage/storage.hpp>

#include <concepts>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace lockstep::sql {

/// Base of `Table`, a table of records `T` by `Key` whose sessions are `Session`: it keeps what they are to
/// write until they commit. Safe to use from any thread, each session by one at a time. Nothing here asks the
/// database anything.
template <class Table, class Key, Record T, class Session>
class StagingTable : public FindsVerbs {
  static_assert(std::copyable<Key>, "the key type of a table must be copyable");

 public:
  using key_type = Key;          ///< as Storage asks
  using record_type = T;         ///< as Storage asks
  using version_type = Version;  ///< 64-bit counters

  StagingTable(const StagingTable&) = delete;
  StagingTable& operator=(const StagingTable&) = delete;

  /// True if both are stored alike.
  [[nodiscard]] bool same_key(const Key& a, const Key& b) const { return bytes_of(a) == bytes_of(b); }

  /// Stages a validation: at commit the record must still be at `version`.
  void expect(Session& session, const Key& key, Version version) {
    entry_of(work_of(session), key).staged.expected.push_back(version);
  }

  /// Stages a write guarded by `version`; absent inserts. If the session has loaded the record at that
  /// version, the columns that differ are written; else all.
  void write(Session& session, const Key& key, Version version, T record) {
    auto& entry = entry_of(work_of(session), key);
    const bool known = entry.seen && !version.absent() && entry.seen->version == version;
    stage(entry, {.write = Staged::Write::put,
                  .guard = version,
                  .record = std::make_shared<const T>(std::move(record)),
                  .base = known ? entry.seen->record : nullptr});
  }

  /// Stages a write guarded by `version`, at which the record was `base`: the columns that differ are
  /// written.
  void write(Session& session, const Key& key, Version version, T record, const T& base) {
    stage(entry_of(work_of(session), key), {.write = Staged::Write::put,
                                            .guard = version,
                                            .record = std::make_shared<const T>(std::move(record)),
                                            .base = std::make_shared<const T>(base)});
  }

  /// Stages an insert that lands at `initial`. The database does not remember erased versions: only one that
  /// this session erases is known to be used. The commit throws VersionUnavailable for one that the version
  /// column cannot hold.
  void insert(Session& session, const Key& key, T record, Version initial) {
    stage(entry_of(work_of(session), key), {.write = Staged::Write::put,
                                            .initial = initial,
                                            .record = std::make_shared<const T>(std::move(record))});
  }

  /// Stages an erase guarded by `version`.
  void erase(Session& session, const Key& key, Version version) {
    stage(entry_of(work_of(session), key), {.write = Staged::Write::erase, .guard = version});
  }

  /// Stages a write of an existing record whatever its version. It is counted.
  void write_unguarded(Session& session, const Key& key, T record) {
    stage(entry_of(work_of(session), key), {.write = Staged::Write::put,
                                            .guarded = false,
                                            .record = std::make_shared<const T>(std::move(record))});
  }

  /// Stages an erase of an existing record whatever its version. It is counted.
  void erase_unguarded(Session& session, const Key& key) {
    stage(entry_of(work_of(session), key), {.write = Staged::Write::erase, .guarded = false});
  }

  /// After a commit: the version at which the session's write of `key` landed.
  [[nodiscard]] Version version(Session& session, const Key& key) const {
    Expects(lockstep::detail::told(session.over() && session.work_,
                                   "a version is known once its session has committed"));
    return session.work_->index.at(self().index_of(key))->landed;
  }

 protected:
  using Staged = lockstep::detail::Staged;  ///< the plan for one record

  // The table itself says what stands for a key (`index_of(key)`), and makes entries (`new_entry(key,
  // index)`).
  StagingTable() = default;
  ~StagingTable() = default;

  /// A mapping of the table `name`, with all columns named as usual.
  [[nodiscard]] static Mapping named(std::string_view name) {
    Mapping mapping;
    mapping.table = name;
    return mapping;
  }

  /// The record at `key`, for messages.
  [[nodiscard]] Place place(const Key& key) const { return {self().name(), shown(key)}; }

  /// Tells keys apart: two that are stored alike give the same.
  [[nodiscard]] static std::string bytes_of(const Key& key, std::string_view before = {}) {
    std::string bytes;
    bytes.reserve(before.size() + 32);
    bytes += before;
    for (const auto& value : detail::key_values(key)) detail::append_bytes(bytes, value);
    return bytes;
  }
  /// Tells the keys of one table from those of others, before `bytes_of`.
  [[nodiscard]] static std::string bytes_before(std::string_view table) {
    std::string bytes;
    detail::append_bytes(bytes, table);
    return bytes;
  }

  /// What `session` works with. It must be of the table's own database.
  auto& work_of(Session& session) const {
    auto& work = session.work();
    Expects(lockstep::detail::told(work.database == &self().database(),
                                   "a session is used with tables of its own database"));
    return work;
  }

  /// What a session knows of a key; made if it knows nothing.
  auto& entry_of(auto& work, const Key& key) const {
    auto index = self().index_of(key);
    const auto [found, added] = work.index.try_emplace(index, nullptr);
    if (added) {
      try {
        found->second = work.entries.emplace_back(self().new_entry(key, std::move(index))).get();
      } catch (...) {
        work.index.erase(found);
        throw;
      }
    }
    if (found->second->table() != &self()) {
      throw NotSupported{joined(to_string(place(key)), ": used through two tables in one session")};
    }
    return *found->second;
  }

  /// What the session has staged to write, as a load shows it.
  [[nodiscard]] static std::optional<Versioned<T>> staged_of(const detail::Entry& entry) {
    if (!entry.staged.record) return std::nullopt;
    return Versioned<T>{*std::static_pointer_cast<const T>(entry.staged.record), entry.staged.guard};
  }

  /// Plans `next`, on top of what is planned already.
  static void stage(detail::Entry& entry, Staged next) { entry.staged.replace_by(std::move(next)); }

 private:
  [[nodiscard]] const Table& self() const noexcept { return static_cast<const Table&>(*this); }
};

}  // namespace lockstep::sql
