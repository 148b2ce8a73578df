// A storage from two functions: `StagedStorage` turns a load and an all-or-nothing
// apply into everything that the `Storage` concept asks for.
#pragma once

#include <lockstep/core/contract.hpp>
#include <lockstep/storage/storage.hpp>

#include <span>

namespace lockstep {

/// One guarded change of a commit. `expected` is the guard; `landing` is the version
/// to store, absent for `erase` and `validate`.
template <class Key, class T, class V = Version>
struct Guarded {
  Action action = Action::validate;  ///< what to do
  Key key{};                         ///< to which record
  V expected{};                      ///< the stored version must be this one; absent: nothing must be stored
  V landing{};                       ///< the version to store the record at
  std::optional<T> record{};         ///< the record to store, for insert and update only
};

/// Base of a storage for a backend that can load, and apply guarded changes atomically.
///
/// `Derived` provides, callable from any thread:
/// - `std::optional<Versioned<T, V>> load(const Key&)`: the last committed record;
/// - `Commit apply(std::span<const Change>)`: lands all changes if every guard holds,
///   else none, and returns `stale(change, current)` for each guard that failed;
/// - `V next(const Key&, const V& expected)`: the version after `expected`. For an
///   insert `expected` is absent, and a backend that remembers erased versions
///   returns one that was not used before.
///
/// Each load within a session is followed by an `apply` that only validates what the
/// session has loaded so far: n loads cost n of them, so use it for small transactions
/// or as a start.
template <class Derived, class Key, class T, class V = Version>
class StagedStorage {
 public:
  using key_type = Key;               ///< as Storage asks
  using record_type = T;              ///< as Storage asks
  using version_type = V;             ///< as Storage asks
  using Change = Guarded<Key, T, V>;  ///< what `apply` is given

  /// A unit of work on one storage.
  class Session {
   public:
    /// Begins with nothing staged. The storage must outlive it.
    explicit Session(Derived& storage) : storage_{&storage} {}

    /// Applies what was staged; the session is over afterwards.
    Commit commit() {
      Expects(detail::told(!over_, "a session is over after its commit: start another"));
      over_ = true;
      for (auto& change : changes_) {
        if (change.action == Action::insert || change.action == Action::update) {
          change.landing = storage_->next(change.key, change.expected);
        }
      }
      return changes_.empty() ? Commit{} : storage_->apply(changes_);
    }

   private:
    friend StagedStorage;

    Change* find(std::vector<Change>& among, const Key& key) {
      for (auto& change : among) {
        if (change.key == key) return &change;
      }
      return nullptr;
    }

    // A change of a change keeps the first guard. Two guards of one record that
    // differ cannot both hold: both stay, and `apply` finds the one that fails.
    void stage(Change change) {
      Expects(detail::told(!over_, "a session is over after its commit: start another"));
      auto* const staged = find(changes_, change.key);
      const bool reinserts = staged && staged->action == Action::erase && change.expected == V{};
      if (!staged || (change.expected != staged->expected && !reinserts)) {
        changes_.push_back(std::move(change));
      } else if (change.action != Action::validate) {
        change.expected = staged->expected;
        change.action = merged(staged->action, change.action);
        *staged = std::move(change);
      }
    }

    static Action merged(Action before, Action after) {
      if (before == Action::validate) return after;
      if (before == Action::insert) return after == Action::erase ? Action::validate : Action::insert;
      return after == Action::insert ? Action::update : after;
    }

    Derived* storage_;
    std::vector<Change> changes_;
    std::vector<Change> reads_;  // validate only: what was loaded, at which version
    bool over_ = false;
  };

  /// A unit of work. Cost: none until something is loaded or staged.
  [[nodiscard]] Session session() { return Session{derived()}; }

  /// The record as the session sees it: what it staged, or what is committed. Throws StaleRecord if what
  /// it loaded before has changed since. Cost: one load, and from the second on one `apply` that validates.
  std::optional<Versioned<T, V>> load(Session& session, const Key& key) {
    Expects(detail::told(!session.over_, "a session is over after its commit: start another"));
    if (const auto* staged = session.find(session.changes_, key);
        staged && staged->action != Action::validate) {
      if (!staged->record) return std::nullopt;
      return Versioned<T, V>{*staged->record, staged->expected};
    }
    auto loaded = derived().load(key);
    if (!session.find(session.reads_, key)) {
      session.reads_.push_back({Action::validate, key, loaded ? loaded->version : V{}, {}, {}});
    }
    check_reads(session);
    return loaded;
  }

  /// Stages a validation: at the commit the record must still be at `version`; absent: must not exist.
  void expect(Session& session, const Key& key, const V& version) {
    session.stage({Action::validate, key, version, {}, {}});
  }
  /// Stages a write guarded by `version`; absent inserts.
  void write(Session& session, const Key& key, const V& version, T record) {
    session.stage({version == V{} ? Action::insert : Action::update, key, version, {}, std::move(record)});
  }
  /// Stages an erase guarded by `version`.
  void erase(Session& session, const Key& key, const V& version) {
    session.stage({Action::erase, key, version, {}, {}});
  }
  /// After the commit: the version that the session's write of `key` landed at. Precondition: it wrote `key`.
  [[nodiscard]] V version(Session& session, const Key& key) {
    const auto* change = session.find(session.changes_, key);
    Expects(detail::told(session.over_ && change,
                         "a version is known of what the session has written, once it has committed"));
    return change->landing;
  }

  /// The description of a guard that failed, for `apply` to return.
  [[nodiscard]] std::shared_ptr<const Stale> stale(const Change& change,
                                                   const std::optional<Versioned<T, V>>& current) const {
    return std::make_shared<const Conflict<Key, T, V>>(
        change.action, name_of(static_cast<const Derived&>(*this)), change.key, change.expected,
        current ? current->version : V{}, current);
  }

 private:
  Derived& derived() { return static_cast<Derived&>(*this); }

  // All loads of a session belong to one state if all of them hold at one moment: that of `apply`.
  void check_reads(Session& session) {
    if (session.reads_.size() < 2) return;
    if (auto commit = derived().apply(session.reads_); !commit) throw StaleRecord{std::move(commit)};
  }
};

}  // namespace lockstep
