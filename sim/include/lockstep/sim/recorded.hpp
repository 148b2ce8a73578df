// A storage whose transactions are recorded: which versions they read, and which they made. Whether they are
// serializable is judged by serializability.hpp.
#pragma once

#include <lockstep/sim/serializability.hpp>
#include <lockstep/storage/storage.hpp>

#include <algorithm>
#include <concepts>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace lockstep::sim {

namespace detail {

/// The transaction that the calling thread is in, of this history; null if it is in none.
[[nodiscard]] TransactionHistory::Recording* open_transaction(const TransactionHistory& history);

/// Makes a transaction the calling thread's, until it is destroyed.
class Opened {
 public:
  Opened(const TransactionHistory& history, TransactionHistory::Recording& recording);
  ~Opened();
  Opened(const Opened&) = delete;
  Opened& operator=(const Opened&) = delete;

 private:
  const TransactionHistory* history_;
};

}  // namespace detail

/// Takes all that `fn` does on recorded storages of the calling thread for one transaction, in however many
/// sessions and loads: for code that means it so, and may be wrong. It has committed when `fn` returns, or
/// throws after something was written. Inside another one it is a part of that. Returns what `fn` returned.
template <std::invocable Fn>
decltype(auto) as_transaction(TransactionHistory& history, std::string name, Fn&& fn) {
  if (detail::open_transaction(history) != nullptr) return std::invoke(std::forward<Fn>(fn));
  auto recording = history.begin(std::move(name));
  const auto run = [&]() -> decltype(auto) {
    const detail::Opened opened{history, recording};
    try {
      return std::invoke(std::forward<Fn>(fn));
    } catch (...) {
      if (recording.wrote()) recording.commit();
      throw;
    }
  };
  if constexpr (std::is_void_v<std::invoke_result_t<Fn>>) {
    run();
    recording.commit();
  } else {
    decltype(auto) result = run();
    recording.commit();
    return result;
  }
}

/// A session of a recorded storage. What it read and wrote counts if it commits, at that moment, as a
/// transaction of its own or as a part of the one that the thread is in.
template <class Inner>
class RecordedSession {
 public:
  /// Takes over a session of the storage underneath.
  RecordedSession(Inner inner, TransactionHistory& history) : inner_{std::move(inner)}, history_{&history} {
    if (detail::open_transaction(history) == nullptr)
      own_ = std::make_unique<Recording>(history, std::string{});
  }

  /// Commits, and records if it has.
  Commit commit() {
    for (auto& each : staged_) each.before(inner_);
    auto commit = inner_.commit();
    if (!commit) return commit;
    auto* const open = detail::open_transaction(*history_);
    Recording* const recording = open != nullptr ? open : own_.get();
    if (recording == nullptr) return commit;  // its transaction is over
    for (auto& read : reads_) recording->add(std::move(read));
    for (auto& each : staged_) recording->add(each.landed(inner_));
    if (open == nullptr) own_->commit();
    return commit;
  }

  /// A point to return to.
  [[nodiscard]] auto savepoint() const
    requires SavepointSession<Inner>
  {
    return std::pair{inner_.savepoint(), staged_};
  }
  /// Drops what was staged and locked since `point`; what was read stays read.
  template <class Point>
  void rollback_to(const Point& point) {
    inner_.rollback_to(point.first);
    staged_ = point.second;
  }

  /// The session underneath. What is called on it directly is not recorded.
  [[nodiscard]] Inner& inner() noexcept { return inner_; }

 private:
  template <Storage S>
  friend class Recorded;
  using Recording = TransactionHistory::Recording;

  struct Staged {
    std::string key;
    std::function<void(Inner&)> before;              // the commit
    std::function<TransactionEvent(Inner&)> landed;  // after it
  };

  [[nodiscard]] bool writes(const std::string& key) const {
    return std::ranges::any_of(staged_, [&](const Staged& each) { return each.key == key; });
  }
  void stage(Staged staged) {
    std::erase_if(staged_, [&](const Staged& each) { return each.key == staged.key; });
    staged_.push_back(std::move(staged));
  }

  Inner inner_;
  TransactionHistory* history_;
  std::unique_ptr<Recording> own_;
  std::vector<TransactionEvent> reads_;
  std::vector<Staged> staged_;
};

/// Records in a history what is read and written through it. Refers to both, which must outlive it. Records
/// are called as on the timeline: "accounts[1]". As a storage under simulation:
///
///     sim::Recorded recorded{table, history};
///     sim::Simulated accounts{recorded};
///
/// A session that commits is a transaction, a load outside of any is one, too, and `as_transaction` makes one
/// of several. If it is the order in time that matters, use that: only its begin and end are steps of their
/// own. Guarded changes in one step (AtomicStorage) are not offered.
template <Storage S>
class Recorded : public FindsVerbs {
  static_assert(std::same_as<version_of<S>, Version>,
                "lockstep::sim::Recorded: the order of a record's versions must be known, so they must be "
                "lockstep::Version");

 public:
  using key_type = key_of<S>;                      ///< as the storage's
  using record_type = record_of<S>;                ///< as the storage's
  using version_type = version_of<S>;              ///< as the storage's
  using runtime_type = runtime_of<S>;              ///< as the storage's
  using Session = RecordedSession<session_of<S>>;  ///< shared by all recorded storages of one database
  static constexpr bool loads_are_local = LocalStorage<S>;  ///< as the storage's

  /// Refers to `storage` and `history`.
  Recorded(S& storage, TransactionHistory& history) noexcept : storage_{&storage}, history_{&history} {}

  /// The storage's name.
  [[nodiscard]] std::string name() const { return name_of(*storage_); }
  /// As the storage's.
  [[nodiscard]] bool same_key(const key_type& a, const key_type& b) const {
    return lockstep::same_key(*storage_, a, b);
  }
  /// A unit of work.
  [[nodiscard]] Session session() const { return Session{storage_->session(), *history_}; }

  /// The last committed record.
  [[nodiscard]] std::optional<versioned_of<S>> load(const key_type& key) const {
    if (auto* const open = detail::open_transaction(*history_)) return recorded_load(*open, key);
    auto own = history_->begin();
    auto loaded = recorded_load(own, key);
    own.commit();
    return loaded;
  }
  /// The record as the session sees it.
  [[nodiscard]] std::optional<versioned_of<S>> load(Session& session, const key_type& key) const {
    auto loaded = storage_->load(session.inner_, key);
    if (!session.writes(called(key))) session.reads_.push_back(read(key, loaded));
    return loaded;
  }
  /// Stages a validation.
  void expect(Session& session, const key_type& key, const version_type& version) const {
    storage_->expect(session.inner_, key, version);
  }
  /// Stages a guarded write.
  void write(Session& session, const key_type& key, const version_type& version, record_type record) const {
    storage_->write(session.inner_, key, version, std::move(record));
    stage_write(session, key);
  }
  /// Stages a guarded erase.
  void erase(Session& session, const key_type& key, const version_type& version) const {
    storage_->erase(session.inner_, key, version);
    stage_erase(session, key, version);
  }
  /// Stages an insert at a chosen version.
  void insert(Session& session, const key_type& key, record_type record, const version_type& initial) const
    requires NumberedStorage<S>
  {
    storage_->insert(session.inner_, key, std::move(record), initial);
    stage_write(session, key);
  }
  /// Stages a write without a version check.
  void write_unguarded(Session& session, const key_type& key, record_type record) const
    requires UnguardedStorage<S>
  {
    storage_->write_unguarded(session.inner_, key, std::move(record));
    stage_write(session, key);
  }
  /// Stages an erase without a version check.
  void erase_unguarded(Session& session, const key_type& key) const
    requires UnguardedStorage<S>
  {
    storage_->erase_unguarded(session.inner_, key);
    stage_erase(session, key, {});
  }
  /// After the commit: the version that the write of `key` landed at.
  [[nodiscard]] version_type version(Session& session, const key_type& key) const {
    return storage_->version(session.inner_, key);
  }
  /// Locks the record, as the storage does.
  bool lock(Session& session, const key_type& key, LockMode mode = LockMode::exclusive,
            Wait wait = Wait::forever()) const
    requires LockableStorage<S>
  {
    return storage_->lock(session.inner_, key, mode, wait);
  }

 private:
  using Loaded = std::optional<versioned_of<S>>;
  using Inner = session_of<S>;

  [[nodiscard]] std::string called(const key_type& key) const { return to_string(Place{name(), shown(key)}); }
  [[nodiscard]] TransactionEvent read(const key_type& key, const Loaded& loaded) const {
    return {.kind = TransactionEvent::Kind::read,
            .key = called(key),
            .version = loaded ? loaded->version : Version{}};
  }
  [[nodiscard]] Loaded recorded_load(TransactionHistory::Recording& recording, const key_type& key) const {
    auto loaded = storage_->load(key);
    recording.add(read(key, loaded));
    return loaded;
  }

  void stage_write(Session& session, const key_type& key) const {
    session.stage({called(key), [](Inner&) {},
                   [storage = storage_, key, text = called(key)](Inner& inner) {
                     return TransactionEvent{.kind = TransactionEvent::Kind::write,
                                             .key = text,
                                             .version = storage->version(inner, key)};
                   }});
  }
  // Without a guard the version that is erased is the stored one.
  void stage_erase(Session& session, const key_type& key, Version version) const {
    auto erased = std::make_shared<Version>(version);
    const auto look = [storage = storage_, key, erased](Inner&) {
      if (!erased->absent()) return;
      if (const auto stored = storage->load(key)) *erased = stored->version;
    };
    session.stage({called(key), look, [erased, text = called(key)](Inner&) {
                     return TransactionEvent{
                         .kind = TransactionEvent::Kind::erase, .key = text, .version = *erased};
                   }});
  }

  S* storage_;
  TransactionHistory* history_;
};

}  // namespace lockstep::sim
