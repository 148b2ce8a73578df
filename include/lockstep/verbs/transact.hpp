// Several records, of several types, in one commit: all or nothing, run again when
// a race was lost. Reads are validated at commit, so transactions are serializable;
// and they belong to one state at every moment, so `fn` never sees a torn world
// (opacity: Guerraoui & Kapalka, "On the Correctness of Transactional Memory", PPoPP 2008).
#pragma once

#include <lockstep/core/callback.hpp>
#include <lockstep/core/invoke.hpp>
#include <lockstep/storage/advisory.hpp>
#include <lockstep/verbs/update.hpp>

#include <cstddef>
#include <exception>
#include <memory>
#include <span>
#include <tuple>
#include <type_traits>
#include <vector>

namespace lockstep {

/// A hook threw, after the transaction had ended as the hook's name says. The other
/// hooks ran. What made the transaction roll back, if it did, is nested.
class HookFailed : public Error {
 public:
  /// `which` is "after_commit" or "after_rollback"; `hook` what the first failing hook threw.
  HookFailed(const char* which, std::exception_ptr hook)
      : Error{std::string{"an "} + which + " hook threw"}, hook_{std::move(hook)} {}
  /// What the first failing hook threw.
  [[nodiscard]] const std::exception_ptr& hook() const noexcept { return hook_; }

 private:
  std::exception_ptr hook_;
};

namespace detail {

/// A record within a transaction, without its types.
template <class Session>
class Member {
 public:
  Member(const void* storage) : storage_{storage} {}
  Member(const Member&) = delete;
  Member& operator=(const Member&) = delete;
  virtual ~Member() = default;

  [[nodiscard]] const void* storage() const noexcept { return storage_; }
  [[nodiscard]] virtual bool writes() const = 0;
  virtual void stage(Session& session) = 0;
  virtual void landed(Session& session) = 0;

  /// Keeps the present state; `restore(state)` goes back to it, to "only read" if it is null.
  [[nodiscard]] virtual std::shared_ptr<const void> state() const = 0;
  virtual void restore(const std::shared_ptr<const void>& state) = 0;

 private:
  const void* storage_;
};

template <Storage S>
class MemberOf final : public Member<session_of<S>> {
 public:
  using Version = version_of<S>;
  using Value = versioned_of<S>;

  /// What the transaction means to do with the record.
  enum class Plan { read, edit, touch, insert, erase };

  MemberOf(S& storage, key_of<S> key, std::optional<Value> stored)
      : Member<session_of<S>>{&storage}, table_{&storage}, key_{std::move(key)}, stored_{std::move(stored)} {
    if (stored_) fill(stored_->record);
  }

  [[nodiscard]] const key_of<S>& key() const noexcept { return key_; }
  [[nodiscard]] bool present() const noexcept { return present_; }
  [[nodiscard]] record_of<S>& record() noexcept { return *record_; }
  /// As it was loaded; absent if there was none.
  [[nodiscard]] Version version() const { return stored_ ? stored_->version : Version{}; }
  [[nodiscard]] Place place() const { return place_of(*table_, key_); }

  /// From now on the record may be changed in place.
  void edit() noexcept {
    if (plan_ == Plan::read) plan_ = Plan::edit;
    lent_ = true;
    saved_ = nullptr;
  }
  void touch() noexcept {
    if (plan_ == Plan::read || plan_ == Plan::edit) plan_ = Plan::touch;
  }
  void put(record_of<S> record) {
    fill(std::move(record));
    plan_ = !stored_ ? Plan::insert : plan_ == Plan::erase ? Plan::touch : Plan::edit;
    saved_ = nullptr;
  }
  void erase() noexcept {
    present_ = false;
    plan_ = stored_ ? Plan::erase : Plan::read;
    saved_ = nullptr;
  }
  /// False if the transaction means to write something else than this value here.
  [[nodiscard]] bool can_save(const Value& value) const {
    return version() == value.version && (saved_ == &value || !writes());
  }
  /// Moves the value's version, too, once the transaction has landed; unless the record
  /// may differ from the value then.
  void save(Value& value) {
    put(value.record);
    if (!lent_) saved_ = &value;
  }

  [[nodiscard]] bool writes() const override {
    switch (plan_) {
      case Plan::read:
        return false;
      case Plan::edit:
        return !unchanged(*record_, stored_->record);
      default:
        return true;
    }
  }

  void stage(session_of<S>& session) override {
    if (!writes()) return table_->expect(session, key_, version());
    if (plan_ == Plan::erase) return table_->erase(session, key_, version());
    stage_write(*table_, session, key_, version(), *record_);
  }

  void landed(session_of<S>& session) override {
    if (saved_ && writes()) saved_->version = table_->version(session, key_);
  }

  [[nodiscard]] std::shared_ptr<const void> state() const override {
    auto state = std::make_shared<State>(State{plan_, {}, saved_});
    if (present_) state->record = *record_;
    return state;
  }

  void restore(const std::shared_ptr<const void>& erased) override {
    const auto* const state = static_cast<const State*>(erased.get());
    const auto* const record =
        state ? (state->record ? &*state->record : nullptr) : (stored_ ? &stored_->record : nullptr);
    plan_ = state ? state->plan : Plan::read;
    saved_ = state ? state->saved : nullptr;
    present_ = false;
    if (record) fill(*record);
  }

 private:
  struct State {
    Plan plan;
    std::optional<record_of<S>> record;
    Value* saved;
  };

  // In place if it can be: references that `edit` gave out stay good.
  void fill(record_of<S> record) {
    if (record_) {
      *record_ = std::move(record);
    } else {
      record_ = std::make_unique<record_of<S>>(std::move(record));
    }
    present_ = true;
  }

  S* table_;
  key_of<S> key_;
  std::optional<Value> stored_;
  std::unique_ptr<record_of<S>> record_;  // at a fixed address for references given out, also once erased
  bool present_ = false;
  Plan plan_ = Plan::read;
  Value* saved_ = nullptr;  // the value that the record was saved from
  bool lent_ = false;       // somebody may hold a reference to change the record by
};

}  // namespace detail

/// The hand that `transact` gives to its function. Used by one thread, during the call.
template <class Session>
class Transaction {
 public:
  /// Whether the transaction may write and lock.
  enum class Access {
    read_write,  ///< it may
    read_only,   ///< both throw ReadOnly
  };

  /// `lock`: lock each record before its first read.
  Transaction(Session session, bool lock, Access access)
      : session_{std::move(session)}, lock_{lock}, access_{access} {}
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;

  /// The record, to read; null if there is none. Validated at commit either way, unless
  /// the transaction writes nothing: then its reads were one state when the last was made.
  /// The pointer and references below are good until the transaction ends, or until a
  /// nested part that made them fails.
  template <Storage S>
  [[nodiscard]] const record_of<S>* find(S& storage, const key_of<S>& key, Caller where = Caller::here()) {
    [[maybe_unused]] const auto caller = detail::called_from(storage, where);
    auto& member = this->member(storage, key);
    return member.present() ? &member.record() : nullptr;
  }

  /// Says what will be read, so that a storage behind a network can load it in one round trip. Where it
  /// cannot, or where this attempt locks each record first, nothing happens.
  template <Storage S>
  void prefetch(S& storage, std::span<const std::type_identity_t<key_of<S>>> keys) {
    if constexpr (PrefetchStorage<S>) {
      if (!lock_) guarded([&] { storage.prefetch(session_, keys); });
    }
  }

  /// The record, to read. Throws Missing.
  template <Storage S>
  [[nodiscard]] const record_of<S>& read(S& storage, const key_of<S>& key, Caller where = Caller::here()) {
    [[maybe_unused]] const auto caller = detail::called_from(storage, where);
    return existing(storage, key).record();
  }

  /// The record, to change in place: what differs at the end is written. Throws Missing.
  template <Storage S>
  [[nodiscard]] record_of<S>& edit(S& storage, const key_of<S>& key, Caller where = Caller::here()) {
    [[maybe_unused]] const auto caller = detail::called_from(storage, where);
    refuse_if_read_only(storage, key, "edit");
    auto& member = existing(storage, key);
    member.edit();
    return member.record();
  }

  /// Moves the record's version though nothing in it changes, so that holders of the
  /// old version become stale: a changed child moves its parent. Throws Missing.
  template <Storage S>
  void touch(S& storage, const key_of<S>& key, Caller where = Caller::here()) {
    [[maybe_unused]] const auto caller = detail::called_from(storage, where);
    refuse_if_read_only(storage, key, "touch");
    existing(storage, key).touch();
  }

  /// Stores a new record. Throws StaleRecord out of `transact` if there is one.
  template <Storage S>
  void insert(S& storage, const key_of<S>& key, record_of<S> record, Caller where = Caller::here()) {
    [[maybe_unused]] const auto caller = detail::called_from(storage, where);
    refuse_if_read_only(storage, key, "insert");
    auto& member = this->member(storage, key);
    if (member.present()) throw_conflict(storage, key, Action::insert, version_of<S>{}, member);
    member.put(std::move(record));
  }

  /// Removes the record. Throws Missing.
  template <Storage S>
  void erase(S& storage, const key_of<S>& key, Caller where = Caller::here()) {
    [[maybe_unused]] const auto caller = detail::called_from(storage, where);
    refuse_if_read_only(storage, key, "erase");
    existing(storage, key).erase();
  }

  /// Writes a value that was loaded outside, if it is still the stored one. Its
  /// version moves when the transaction lands, and only then; the value must live until
  /// the end. A stale value throws StaleRecord out of `transact`: running again cannot
  /// help. So does a second value of a record that the transaction changed already. A value whose record
  /// `edit` gave out as well keeps its version, and is stale once the transaction has landed.
  template <Storage S>
  void save(S& storage, const key_of<S>& key, versioned_of<S>& value, Caller where = Caller::here()) {
    [[maybe_unused]] const auto caller = detail::called_from(storage, where);
    refuse_if_read_only(storage, key, "save");
    auto& member = this->member(storage, key);
    if (member.can_save(value)) return member.save(value);
    guarded([&] {                          // was the read too old, not the value?
      if constexpr (SnapshotStorage<S>) {  // the session goes on showing what it showed
        auto now = storage.load(key);
        const auto actual = now ? now->version : version_of<S>{};
        if (!(actual == member.version())) {
          throw_stale(storage, key, Action::validate, member.version(), actual, std::move(now));
        }
      } else {
        static_cast<void>(storage.load(session_, key));
      }
    });
    throw_conflict(storage, key, Action::update, value.version, member);
  }

  /// Locks the record until the transaction ends, before or after it was read.
  /// Returns false only for `Wait::skip()`.
  template <LockableStorage S>
  bool lock(S& storage, const key_of<S>& key, LockMode mode = LockMode::exclusive,
            Wait wait = Wait::forever(), Caller where = Caller::here()) {
    [[maybe_unused]] const auto caller = detail::called_from(storage, where);
    refuse_if_read_only(storage, key, "lock");
    return guarded([&] { return storage.lock(session_, key, mode, wait); });
  }

  /// Locks a name until the transaction has ended, its commit included: others that ask for the name do so
  /// after what it wrote has landed. Each attempt takes it anew. Returns false only for `Wait::skip()`.
  bool advisory_lock(const std::string& name, LockMode mode = LockMode::exclusive,
                     Wait wait = Wait::forever())
    requires AdvisorySession<Session>
  {
    if (access_ == Access::read_only) throw ReadOnly{advisory_place(name), "lock"};
    return guarded([&] { return session_.advisory_lock(name, mode, wait); });
  }

  /// True if this attempt locks each record before it reads it: several records are
  /// then best locked in key order, so that others who do the same cannot deadlock.
  [[nodiscard]] bool locks() const noexcept { return lock_; }

  /// Runs `fn` as a part that can fail alone: if it throws, everything it staged and
  /// locked is undone, every record it changed is what it was before, and the
  /// exception goes on to the caller, who may catch it and continue. Returns what
  /// `fn` returned.
  template <std::invocable F>
  auto nested(F&& fn) {
    const auto count = members_.size();
    std::vector<std::shared_ptr<const void>> states;
    for (const auto& member : members_) states.push_back(member->state());
    const auto commits = after_commit_.size();
    const auto rollbacks = after_rollback_.size();
    const auto undo = [&] {
      for (std::size_t i = 0; i < members_.size(); ++i) members_[i]->restore(i < count ? states[i] : nullptr);
      while (after_commit_.size() > commits) after_commit_.pop_back();
      for (auto i = rollbacks; i < after_rollback_.size(); ++i) {
        undone_.push_back(std::move(after_rollback_[i]));
      }
      while (after_rollback_.size() > rollbacks) after_rollback_.pop_back();
    };
    const auto run = [&](auto&& roll_back) {
      try {
        return detail::invoke(fn);
      } catch (...) {
        try {
          roll_back();
          undo();
        } catch (...) {  // half undone: nothing of this transaction may land
          doom_ = std::current_exception();
          throw;
        }
        throw;
      }
    };
    if constexpr (SavepointSession<Session>) {
      return run([&, point = session_.savepoint()] {
        // An attempt that locks keeps the locks of what it has read: it must end.
        if (!lock_ || session_lent_) session_.rollback_to(point);
      });
    } else {
      return run([] {});
    }
  }

  /// Runs `hook` once after the transaction has committed for good. Where that is not known (OutcomeUnknown),
  /// neither these hooks run nor those below.
  void after_commit(Callback<void()> hook) { after_commit_.push_back(std::move(hook)); }
  /// Runs `hook` once after the transaction has failed for good, not between attempts;
  /// or, registered in a nested part that failed, after the transaction has ended.
  void after_rollback(Callback<void()> hook) { after_rollback_.push_back(std::move(hook)); }

  /// The session underneath, for calls of a storage's own.
  [[nodiscard]] Session& session() noexcept {
    session_lent_ = true;
    return session_;
  }

  // What `transact` uses.

  /// Stages everything and commits.
  Commit commit() {
    bool writes = session_lent_;  // for all that is known here
    for (const auto& member : members_) writes = writes || member->writes();
    // Reads alone were one state already when the last of them was made.
    if (writes) {
      for (const auto& member : members_) member->stage(session_);
    }
    auto commit = session_.commit();
    if (commit && writes) {
      for (const auto& member : members_) member->landed(session_);
    }
    return commit;
  }

  /// What a call above threw into `fn` that rules out a commit: a lost race, mostly.
  [[nodiscard]] std::exception_ptr doom() const noexcept { return doom_; }

  /// The hooks to run now that the transaction has ended; nothing: nobody knows how.
  [[nodiscard]] std::vector<Callback<void()>> take_hooks(std::optional<bool> committed) {
    std::vector<Callback<void()>> hooks;
    if (committed) hooks = std::move(*committed ? after_commit_ : after_rollback_);
    for (auto& hook : undone_) hooks.push_back(std::move(hook));
    return hooks;
  }

  /// The hooks that are to run if this attempt turns out to have landed.
  [[nodiscard]] std::vector<Callback<void()>> take_after_commit() { return std::move(after_commit_); }

 private:
  template <Storage S>
  detail::MemberOf<S>& member(S& storage, const key_of<S>& key) {
    static_assert(std::same_as<session_of<S>, Session>, "the storage belongs to another kind of database");
    for (const auto& known : members_) {
      if (known->storage() != &storage) continue;
      // A storage of another type may lie at the same address: one that wraps this one.
      auto* const same = dynamic_cast<detail::MemberOf<S>*>(known.get());
      if (same && same_key(storage, same->key(), key)) return *same;
    }
    auto stored = guarded([&] {
      if constexpr (LockableStorage<S>) {
        const auto mode = access_ == Access::read_only ? LockMode::shared : LockMode::exclusive;
        if (lock_) storage.lock(session_, key, mode, Wait::forever());
      }
      return storage.load(session_, key);
    });
    auto added = std::make_unique<detail::MemberOf<S>>(storage, key, std::move(stored));
    auto& result = *added;
    members_.push_back(std::move(added));
    return result;
  }

  template <Storage S>
  detail::MemberOf<S>& existing(S& storage, const key_of<S>& key) {
    auto& member = this->member(storage, key);
    if (!member.present()) throw Missing{place_of(storage, key)};
    return member;
  }

  // Remembers a conflict that goes through `fn`, which might swallow it.
  template <class Call>
  auto guarded(Call&& call) {
    try {
      return call();
    } catch (const Conflicted&) {
      doom_ = std::current_exception();
      throw;
    }
  }

  template <Storage S>
  void refuse_if_read_only(const S& storage, const key_of<S>& key, const char* action) const {
    if (access_ == Access::read_only) throw ReadOnly{place_of(storage, key), action};
  }

  template <Storage S>
  [[noreturn]] static void throw_conflict(const S& storage, const key_of<S>& key, Action action,
                                          const version_of<S>& expected, detail::MemberOf<S>& member) {
    std::optional<versioned_of<S>> current;
    if (member.present()) current = versioned_of<S>{member.record(), member.version()};
    throw_stale(storage, key, action, expected, member.version(), std::move(current));
  }

  template <Storage S>
  [[noreturn]] static void throw_stale(const S& storage, const key_of<S>& key, Action action,
                                       const version_of<S>& expected, const version_of<S>& actual,
                                       std::optional<versioned_of<S>> current) {
    throw StaleRecord{Commit{{std::make_shared<const conflict_of<S>>(action, name_of(storage), key, expected,
                                                                     actual, std::move(current))}}};
  }

  Session session_;
  bool lock_;
  Access access_;
  std::vector<std::unique_ptr<detail::Member<Session>>> members_;
  std::vector<Callback<void()>> after_commit_;
  std::vector<Callback<void()>> after_rollback_;
  std::vector<Callback<void()>> undone_;  // after_rollback hooks of nested parts that failed
  std::exception_ptr doom_;
  bool session_lent_ = false;  // somebody may have staged something by hand
};

namespace detail {

using Hooks = std::vector<Callback<void()>>;

/// Runs every hook; returns what the first that failed threw.
[[nodiscard]] inline std::exception_ptr run(const Hooks& hooks) {
  std::exception_ptr first;
  for (const auto& hook : hooks) {
    try {
      hook();
    } catch (...) {
      if (!first) first = std::current_exception();
    }
  }
  return first;
}

template <class Result>
struct Kept {
  std::optional<Result> value;
  void run(auto&& fn, auto& argument) { value.emplace(detail::invoke(fn, argument)); }
  Result take() { return *std::move(value); }
};
template <>
struct Kept<void> {
  void run(auto&& fn, auto& argument) { detail::invoke(fn, argument); }
  void take() {}
};

/// What becomes of a loop of attempts that ends otherwise than by a commit: the caller is told.
struct NotResumed {
  void run(auto&& loop, Hooks&) const { loop(); }
  void unknown(auto&) const noexcept {}
};

/// `resume` runs the loop of attempts, again if it wants to, and hears of each attempt whose outcome is
/// unknown.
template <SessionSource D, class F, class Resume = NotResumed>
auto run_transaction(D& source, F& fn, const Retry& retry, typename Transaction<session_of<D>>::Access access,
                     Resume&& resume = {}) {
  using Tx = Transaction<session_of<D>>;
  using Result = std::invoke_result_t<F&, Tx&>;
  static_assert(!std::is_reference_v<Result>, "a transaction returns values: what it refers to ends with it");

  Hooks hooks;  // of the last attempt
  Kept<Result> result;
  try {
    // True where it won; the loop wants nothing else of its result.
    const auto attempt = [&](bool lock, Lost& lost) -> std::optional<bool> {
      Tx tx{source.session(), lock, access};
      const auto end = [&](std::optional<bool> committed) { hooks = tx.take_hooks(committed); };
      try {
        result.run(fn, tx);
        if (tx.doom()) std::rethrow_exception(tx.doom());
      } catch (...) {
        end(false);
        if (!tx.doom()) throw;
        static_cast<void>(lost.won([&] { std::rethrow_exception(tx.doom()); }));
        return std::nullopt;
      }
      bool won = false;
      try {
        won = lost.won([&] { return tx.commit(); });
      } catch (const OutcomeUnknown&) {
        end(std::nullopt);
        resume.unknown(tx);
        throw;
      } catch (...) {
        end(false);
        throw;
      }
      end(won);
      return won ? std::optional{true} : std::nullopt;
    };
    resume.run([&] { retry_loop<runtime_of<D>>(retry, attempt); }, hooks);
  } catch (...) {
    if (auto failed = run(hooks)) std::throw_with_nested(HookFailed{"after_rollback", std::move(failed)});
    throw;
  }
  if (auto failed = run(hooks)) throw HookFailed{"after_commit", std::move(failed)};
  return result.take();
}

}  // namespace detail

/// Runs `fn(tx)` and commits what it changed, all or nothing; runs it again if a race
/// was lost. Returns what `fn` returned. `source` is a database, or any storage of it.
///
/// Safe to call from any thread. `fn` may run several times, so it must have no side
/// effects beyond `tx` (see `Transaction::after_commit`). What it throws rolls back
/// and is not retried. Transactions are serializable, and what `fn` reads belongs to
/// one state at every moment. After `retry.escalate_after` lost races each record is
/// locked before it is read, where the storage has locks. Throws Exhausted by
/// `retry`'s limits, ConstraintViolated, HookFailed, what the storage throws (OutcomeUnknown
/// is not retried), and what `fn` throws.
/// Cost: per attempt a load for each record, and one commit.
template <SessionSource D, std::invocable<Transaction<session_of<D>>&> F>
auto transact(D& source, F&& fn, const Retry& retry = {}, Caller where = Caller::here()) {
  [[maybe_unused]] const auto caller = detail::called_from(source, where);
  return detail::run_transaction(source, fn, retry, Transaction<session_of<D>>::Access::read_write);
}

namespace detail {
template <class... Args>
using LastOf = std::tuple_element_t<sizeof...(Args) - 1, std::tuple<Args...>>;
}  // namespace detail

/// `transact(accounts, orders, fn)`: names the storages that take part, which must
/// share one kind of session. Under simulation its commit has no line, as nothing can follow so many
/// arguments.
template <Storage S, Storage Second, class... Rest>
  requires std::same_as<session_of<S>, session_of<Second>> &&
           (sizeof...(Rest) >= 1) && std::invocable<detail::LastOf<Rest...>, Transaction<session_of<S>>&>
auto transact(S& first, Second&, Rest&&... rest) {
  return transact(first, std::get<sizeof...(Rest) - 1>(std::forward_as_tuple(std::forward<Rest>(rest)...)));
}

/// Runs `fn(tx)` on one consistent state. Edits, saves, touches, inserts, erases and
/// locks inside throw ReadOnly. Otherwise as `transact`.
template <SessionSource D, std::invocable<Transaction<session_of<D>>&> F>
auto read_only(D& source, F&& fn, const Retry& retry = {}, Caller where = Caller::here()) {
  [[maybe_unused]] const auto caller = detail::called_from(source, where);
  return detail::run_transaction(source, fn, retry, Transaction<session_of<D>>::Access::read_only);
}

}  // namespace lockstep
