// The laws of the Storage concept as a suite that any storage can be put through,
// from any test framework.
#pragma once

#include <lockstep/runtime/time.hpp>
#include <lockstep/storage/bulk.hpp>
#include <lockstep/storage/storage.hpp>

#include <atomic>
#include <concepts>
#include <cstddef>
#include <exception>
#include <functional>
#include <optional>
#include <string>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

namespace lockstep {

/// A storage does not keep one of its laws; the text says what was seen.
class LawBroken : public Error {
  using Error::Error;
};

/// One law: a sentence, and a check on a fresh storage that throws LawBroken.
struct Law {
  std::string name;             ///< a sentence: "a stale write changes nothing"
  std::function<void()> check;  ///< makes a subject, and throws LawBroken
};

/// Makes what the laws need of a storage: the storage, empty when the subject is made;
/// different keys for different numbers; unequal records for different numbers.
/// `remembers_erased` says whether a record erased and inserted again is told apart.
template <class Subject>
concept LawSubject = std::default_initializable<Subject> && requires(Subject& subject, int number) {
  requires Storage<std::remove_reference_t<decltype(subject.storage())>>;
  { subject.key(number) } -> std::convertible_to<key_of<decltype(subject.storage())>>;
  { subject.record(number) } -> std::convertible_to<record_of<decltype(subject.storage())>>;
  { Subject::remembers_erased } -> std::convertible_to<bool>;
};

namespace detail {

template <LawSubject Subject>
class LawChecks {
  using S = std::remove_reference_t<decltype(std::declval<Subject&>().storage())>;
  using V = version_of<S>;
  using Loaded = std::optional<versioned_of<S>>;

 public:
  LawChecks() {
    for (int number = 1; number <= 2; ++number) {
      auto session = storage_.session();
      storage_.write(session, key(number), V{}, subject_.record(number));
      require(static_cast<bool>(session.commit()), "an insert into an empty storage landed");
    }
  }

  void absent_key_loads_nothing() {
    require(!storage_.load(key(3)), "a key that was never written loads nothing");
  }

  void write_lands_and_moves_the_version() {
    const auto before = stored(1);
    auto session = storage_.session();
    storage_.write(session, key(1), before.version, subject_.record(11));
    require(static_cast<bool>(session.commit()), "a write with the stored version as guard landed");
    const auto after = stored(1);
    require(after.record == subject_.record(11), "the written record is loaded");
    require(after.version != before.version, "the version moved");
    require(storage_.version(session, key(1)) == after.version, "version() tells the version that landed");
  }

  void stale_write_changes_nothing() {
    const auto old = stored(1);
    put(1, 11);
    const auto now = stored(1);
    for (int attempt = 0; attempt < 2; ++attempt) {  // stale once, stale again
      auto session = storage_.session();
      storage_.write(session, key(1), old.version, subject_.record(12));
      const auto commit = session.commit();
      require(!commit, "a write with an old version as guard lost");
      require_member(commit, Action::update, 1, old.version, now.version);
      require(stored(1) == now, "a lost write changed nothing");
    }
  }

  void stale_erase_changes_nothing() {
    const auto old = stored(1);
    put(1, 11);
    const auto now = stored(1);
    auto session = storage_.session();
    storage_.erase(session, key(1), old.version);
    const auto commit = session.commit();
    require(!commit, "an erase with an old version as guard lost");
    require_member(commit, Action::erase, 1, old.version, now.version);
    require(stored(1) == now, "a lost erase changed nothing");
  }

  void erased_record_is_gone_for_its_holders() {
    const auto old = stored(1);
    erase(1);
    require(!storage_.load(key(1)), "an erased record is not loaded");
    auto session = storage_.session();
    storage_.write(session, key(1), old.version, subject_.record(12));
    const auto commit = session.commit();
    require(!commit, "a write to an erased record lost");
    require_member(commit, Action::update, 1, old.version, V{});
    auto again = storage_.session();
    storage_.erase(again, key(1), old.version);
    require(!again.commit(), "an erase of an erased record lost");
  }

  void insert_needs_an_absent_record() {
    const auto now = stored(1);
    auto session = storage_.session();
    storage_.write(session, key(1), V{}, subject_.record(12));
    const auto commit = session.commit();
    require(!commit, "an insert over a record lost");
    require_member(commit, Action::insert, 1, V{}, now.version);
    require(stored(1) == now, "a lost insert changed nothing");
  }

  void no_version_is_used_twice() {
    std::vector<V> seen{stored(1).version};
    for (int round = 0; round < 3; ++round) {
      put(1, 10 + round);
      seen.push_back(stored(1).version);
      if (Subject::remembers_erased) {
        erase(1);
        auto session = storage_.session();
        storage_.write(session, key(1), V{}, subject_.record(20 + round));
        require(static_cast<bool>(session.commit()), "an insert after an erase landed");
        seen.push_back(stored(1).version);
      }
    }
    for (std::size_t i = 0; i < seen.size(); ++i) {
      for (std::size_t j = 0; j < i; ++j)
        require(seen[i] != seen[j], "every stored state had a version of its own");
    }
  }

  void commit_is_all_or_nothing() {
    const auto first = stored(1);
    const auto second = stored(2);
    put(2, 22);
    auto loser = storage_.session();
    storage_.write(loser, key(1), first.version, subject_.record(11));
    storage_.write(loser, key(2), second.version, subject_.record(23));
    require(!loser.commit(), "a commit with one stale member lost");
    require(stored(1) == first, "the other member did not land either");

    auto winner = storage_.session();
    storage_.write(winner, key(1), first.version, subject_.record(11));
    storage_.write(winner, key(2), stored(2).version, subject_.record(23));
    storage_.write(winner, key(3), V{}, subject_.record(3));
    require(static_cast<bool>(winner.commit()), "a commit whose guards all hold landed");
    require(stored(1).record == subject_.record(11) && stored(2).record == subject_.record(23) &&
                stored(3).record == subject_.record(3),
            "every member landed");
  }

  void every_stale_member_is_named() {
    const auto first = stored(1);
    const auto second = stored(2);
    put(1, 11);
    put(2, 22);
    auto session = storage_.session();
    storage_.write(session, key(1), first.version, subject_.record(12));
    storage_.expect(session, key(2), second.version);
    storage_.erase(session, key(3), first.version);
    const auto commit = session.commit();
    require(commit.stale().size() == 3, "all three stale members were named, and nothing else");
    require_member(commit, Action::update, 1, first.version, stored(1).version);
    require_member(commit, Action::validate, 2, second.version, stored(2).version);
    require_member(commit, Action::erase, 3, first.version, V{});
  }

  void expectation_guards_without_writing() {
    const auto first = stored(1);
    const auto second = stored(2);
    auto holds = storage_.session();
    storage_.expect(holds, key(2), second.version);
    storage_.expect(holds, key(3), V{});
    storage_.write(holds, key(1), first.version, subject_.record(11));
    require(static_cast<bool>(holds.commit()), "a commit whose expectations hold landed");
    require(stored(2) == second, "an expectation writes nothing");

    const auto now = stored(1);
    put(2, 22);
    auto fails = storage_.session();
    storage_.expect(fails, key(2), second.version);
    storage_.write(fails, key(1), now.version, subject_.record(12));
    require(!fails.commit(), "a commit with a broken expectation lost");
    require(stored(1) == now, "nothing of it landed");

    auto absent = storage_.session();
    storage_.expect(absent, key(2), V{});
    require(!absent.commit(), "expecting a record to be absent fails if it is there");
  }

  void two_guards_that_differ_never_both_hold() {
    const auto old = stored(1);
    put(1, 11);
    const auto now = stored(1);
    auto session = storage_.session();
    storage_.write(session, key(1), now.version, subject_.record(12));
    storage_.write(session, key(1), old.version, subject_.record(13));
    require(!session.commit(), "a commit with two different guards for one record lost");
    require(stored(1) == now, "nothing of it landed");
  }

  void session_sees_its_own_writes() {
    auto session = storage_.session();
    const auto first = storage_.load(session, key(1));
    require(first && first->record == subject_.record(1), "a session loads what is committed");
    storage_.write(session, key(1), first->version, subject_.record(11));
    storage_.write(session, key(3), V{}, subject_.record(3));
    storage_.erase(session, key(2), stored(2).version);
    const auto own = storage_.load(session, key(1));
    require(own && own->record == subject_.record(11), "a session sees its own staged write");
    require(own->version == first->version, "at the version that guards it");
    require(!storage_.load(session, key(2)), "a session does not see what it erased");
    require(storage_.load(session, key(3)).has_value(), "a session sees what it inserted");
    require(stored(1).record == subject_.record(1) && storage_.load(key(2)) && !storage_.load(key(3)),
            "nobody else sees any of it before the commit");
    storage_.write(session, key(1), own->version, subject_.record(12));
    require(static_cast<bool>(session.commit()), "a write over a staged write landed");
    require(stored(1).record == subject_.record(12), "the last one counts");
  }

  void loads_of_a_session_are_one_state() {
    auto reader = storage_.session();
    const auto first = storage_.load(reader, key(1));
    put_both(11, 22);
    for (const int number : {2, 1}) {
      try {
        const auto later = storage_.load(reader, key(number));
        require(first->record == subject_.record(1) && later && later->record == subject_.record(number),
                "a later load shows the state of the first");
      } catch (const StaleRecord&) {  // or says that it cannot
      }
    }
  }

  void session_without_commit_leaves_no_trace() {
    const auto before = stored(1);
    {
      auto session = storage_.session();
      storage_.write(session, key(1), before.version, subject_.record(11));
      storage_.write(session, key(3), V{}, subject_.record(3));
      storage_.erase(session, key(2), stored(2).version);
      auto moved = std::move(session);
    }
    require(stored(1) == before && storage_.load(key(2)) && !storage_.load(key(3)),
            "nothing of it is stored");
    put(1, 12);  // and nothing of it is in the way
  }

  void no_increment_is_lost_between_threads() {
    constexpr int per_thread = 200;
    std::vector<std::vector<V>> landed(3);
    in_threads(landed.size(), [&](std::size_t thread) {
      auto& versions = landed[thread];
      while (versions.size() < per_thread) {
        const auto now = stored(1);
        auto session = storage_.session();
        storage_.write(session, key(1), now.version,
                       subject_.record(100 + static_cast<int>(versions.size())));
        if (session.commit()) versions.push_back(now.version);
      }
    });
    std::vector<V> guards;
    for (const auto& versions : landed) guards.insert(guards.end(), versions.begin(), versions.end());
    for (std::size_t i = 0; i < guards.size(); ++i) {
      for (std::size_t j = 0; j < i; ++j)
        require(guards[i] != guards[j], "no two writes landed on one version");
    }
  }

  void locks_exclude_by_their_mode()
    requires LockableStorage<S>
  {
    auto holder = storage_.session();
    auto other = storage_.session();
    const bool shared = shares();
    lock(holder, 1, LockMode::exclusive);
    require_held_against(other, 1, LockMode::exclusive);
    if (shared) require_held_against(other, 1, LockMode::shared);
    lock(holder, 1, LockMode::exclusive);  // again
    lock(holder, 1, LockMode::shared);     // which it has
    require_held_against(other, 1, shared ? LockMode::shared : LockMode::exclusive);
    if constexpr (WholeLockStorage<S>) {
      require_held_against(other, 2, LockMode::exclusive);
    } else {
      lock(other, 2, LockMode::exclusive);  // another record
    }
    require(stored(1).record == subject_.record(1), "plain loads go on");
    lock(holder, 3, LockMode::exclusive);  // an absent record
    require_held_against(other, 3, LockMode::exclusive);
  }

  void shared_locks_are_held_together_or_say_so()
    requires LockableStorage<S>
  {
    auto first = storage_.session();
    auto second = storage_.session();
    if (!shares()) return;
    lock(first, 1, LockMode::shared);
    lock(second, 1, LockMode::shared);
    auto third = storage_.session();
    require_held_against(third, 1, LockMode::exclusive);
    require_held_against(second, 1, LockMode::exclusive);
    drop(std::move(first));
    lock(second, 1, LockMode::exclusive);  // an upgrade, now that nobody else holds it
    require_held_against(third, 1, LockMode::shared);
  }

  void locks_end_with_their_session()
    requires LockableStorage<S>
  {
    auto other = storage_.session();
    {
      auto dropped = storage_.session();
      lock(dropped, 1, LockMode::exclusive);
    }
    auto committed = storage_.session();
    lock(committed, 1, LockMode::exclusive);
    storage_.write(committed, key(1), stored(1).version, subject_.record(11));
    require_held_against(other, 1, LockMode::exclusive);
    require(static_cast<bool>(committed.commit()), "a write under lock landed");
    auto lost = storage_.session();
    lock(lost, 2, LockMode::exclusive);
    storage_.expect(lost, key(1), V{});
    require(!lost.commit(), "a commit with a broken expectation lost, locks or not");
    lock(other, 1, LockMode::exclusive);
    lock(other, 2, LockMode::exclusive);
  }

  void what_is_written_under_a_lock_is_never_stale()
    requires LockableStorage<S>
  {
    constexpr int rounds = 100;
    std::atomic<int> lockers = 2;
    struct Leaves {
      std::atomic<int>& count;
      ~Leaves() { --count; }
    };
    in_threads(3, [&](std::size_t thread) {
      if (thread < 2) {
        const Leaves leaves{lockers};
        for (int round = 0; round < rounds; ++round) {
          auto session = storage_.session();
          storage_.lock(session, key(1), LockMode::exclusive, Wait::forever());
          const auto held = stored(1);
          storage_.write(session, key(1), held.version, subject_.record(10 + round % 2));
          require(static_cast<bool>(session.commit()), "a write of what was loaded under a lock landed");
        }
      } else {
        while (lockers > 0) {  // somebody who does not lock
          auto session = storage_.session();
          storage_.write(session, key(1), stored(1).version, subject_.record(20));
          static_cast<void>(static_cast<bool>(session.commit()));
        }
      }
    });
  }

  void a_cycle_of_locks_is_a_deadlock()
    requires(LockableStorage<S> && !WholeLockStorage<S>)
  {
    std::vector<session_of<S>> sessions;
    for (const int number : {1, 2})
      lock(sessions.emplace_back(storage_.session()), number, LockMode::exclusive);
    std::atomic<int> deadlocks = 0;
    in_threads(2, [&](std::size_t thread) {
      auto session = std::move(sessions[thread]);  // ends here, so that the other one goes on
      try {
        storage_.lock(session, key(thread == 0 ? 2 : 1), LockMode::exclusive,
                      Wait::up_to(std::chrono::seconds{10}));
      } catch (const Deadlock& deadlock) {
        ++deadlocks;
        require(deadlock.cycle().size() == 2, "a deadlock names its cycle");
      }
    });
    require(deadlocks == 1, "one of two sessions that wait for each other is told so, and gives way");
  }

  void savepoint_drops_what_came_after_it()
    requires SavepointSession<session_of<S>>
  {
    auto session = storage_.session();
    storage_.write(session, key(1), stored(1).version, subject_.record(11));
    const auto point = session.savepoint();
    storage_.write(session, key(1), stored(1).version, subject_.record(12));
    storage_.erase(session, key(2), stored(2).version);
    storage_.write(session, key(3), V{}, subject_.record(3));
    if constexpr (LockableStorage<S>) lock(session, 2, LockMode::exclusive);
    session.rollback_to(point);
    require(storage_.load(session, key(1))->record == subject_.record(11),
            "what was staged before it is still seen");
    require(storage_.load(session, key(2)) && !storage_.load(session, key(3)),
            "what was staged after it is not");
    if constexpr (LockableStorage<S>) {
      auto other = storage_.session();
      lock(other, 2, LockMode::exclusive);
    }
    require(static_cast<bool>(session.commit()), "the rest landed");
    require(stored(1).record == subject_.record(11) && storage_.load(key(2)) && !storage_.load(key(3)),
            "and nothing else");
  }

  void change_of_many_moves_each_version_once()
    requires BulkStorage<S>
  {
    const Loaded one = storage_.load(key(1));
    const Loaded two = storage_.load(key(2));
    require(storage_.change_all(!everything) == 0, "a condition that holds for none changes none");
    require(storage_.change_all(everything) == 2, "all of the records were changed, and counted");
    const Loaded moved = storage_.load(key(1));
    require(moved && moved->version != one->version && storage_.load(key(2))->version != two->version,
            "the version of each has moved");
    require(moved->record == one->record, "and what no change names is as it was");
    auto session = storage_.session();
    storage_.write(session, key(2), two->version, subject_.record(3));
    require(!session.commit(), "who holds a record from before is stale");
    require(storage_.load(key(2))->record == two->record, "and has written nothing");
  }

  void change_in_one_step_moves_the_version()
    requires AtomicStorage<S>
  {
    const auto before = stored(1);
    const auto next = subject_.record(11);
    require(!storage_.change(key(1), [](auto&) { return false; }), "a change that declines is told so");
    require(stored(1) == before, "and changes nothing");
    const auto changed = storage_.change(key(1), [&](auto& record) {
      record = next;
      return true;
    });
    require(changed && *changed == stored(1) && changed->record == next, "a change lands and is returned");
    require(changed->version != before.version, "and makes holders of the old version stale");
  }

 private:
  static void require(bool holds, const char* law) {
    if (!holds) throw LawBroken{std::string{"does not hold: "} + law};
  }

  [[nodiscard]] key_of<S> key(int number) { return subject_.key(number); }

  [[nodiscard]] versioned_of<S> stored(int number) {
    auto loaded = storage_.load(key(number));
    require(loaded.has_value(), "a stored record is loaded");
    return *std::move(loaded);
  }

  void put(int number, int record) {
    auto session = storage_.session();
    storage_.write(session, key(number), stored(number).version, subject_.record(record));
    require(static_cast<bool>(session.commit()), "a write nobody contends for landed");
  }

  void put_both(int first, int second) {
    auto session = storage_.session();
    storage_.write(session, key(1), stored(1).version, subject_.record(first));
    storage_.write(session, key(2), stored(2).version, subject_.record(second));
    require(static_cast<bool>(session.commit()), "two writes nobody contends for landed");
  }

  void erase(int number) {
    auto session = storage_.session();
    storage_.erase(session, key(number), stored(number).version);
    require(static_cast<bool>(session.commit()), "an erase nobody contends for landed");
  }

  void require_member(const Commit& commit, Action action, int number, const V& expected, const V& actual) {
    for (const auto& member : commit.template stale_as<conflict_of<S>>()) {
      if (member->key() != key(number)) continue;
      require(member->action() == action, "a conflict tells what was attempted");
      require(member->expected() == expected, "a conflict tells the expected version");
      require(member->actual() == actual, "a conflict tells the stored version");
      require(!member->current() || *member->current() == stored(number),
              "what a conflict carries is what is stored");
      return;
    }
    require(false, "a stale member is named with its key and type");
  }

  void lock(session_of<S>& session, int number, LockMode mode)
    requires LockableStorage<S>
  {
    require(storage_.lock(session, key(number), mode, Wait::never()), "a free lock is granted");
  }

  /// False if the storage says that it has no shared locks.
  [[nodiscard]] bool shares()
    requires LockableStorage<S>
  {
    auto session = storage_.session();
    try {
      lock(session, 1, LockMode::shared);
      return true;
    } catch (const NotSupported&) {
      return false;
    }
  }

  void require_held_against(session_of<S>& session, int number, LockMode mode)
    requires LockableStorage<S>
  {
    require(!storage_.lock(session, key(number), mode, Wait::skip()), "a held lock is skipped");
    const auto refused = [&](Wait wait, auto error) {
      try {
        static_cast<void>(storage_.lock(session, key(number), mode, wait));
      } catch (const typename decltype(error)::type&) {
        return true;
      }
      return false;
    };
    require(refused(Wait::never(), std::type_identity<LockUnavailable>{}),
            "a held lock is unavailable without waiting");
    require(refused(Wait::up_to(std::chrono::milliseconds{1}), std::type_identity<LockTimeout>{}),
            "a held lock is not granted in time");
  }

  static void drop(session_of<S> session) { static_cast<void>(session); }

  /// Runs `work(index)` in as many threads; throws what the first that failed threw.
  template <class Work>
  static void in_threads(std::size_t count, const Work& work) {
    std::vector<std::exception_ptr> failures(count);
    {
      std::vector<std::jthread> threads;
      for (std::size_t index = 0; index < count; ++index) {
        threads.emplace_back([&work, &failure = failures[index], index] {
          try {
            work(index);
          } catch (...) {
            failure = std::current_exception();
          }
        });
      }
    }
    for (const auto& failure : failures) {
      if (failure) std::rethrow_exception(failure);
    }
  }

  Subject subject_;
  S& storage_ = subject_.storage();
};

}  // namespace detail

/// The laws that hold for the subject's storage, those of its capabilities included.
/// Each check makes a subject of its own. Some use threads of their own.
template <LawSubject Subject>
[[nodiscard]] std::vector<Law> storage_laws() {
  using Checks = detail::LawChecks<Subject>;
  std::vector<Law> laws;
  const auto add = [&](const char* name, void (Checks::*check)()) {
    laws.push_back({name, [check] {
                      try {
                        (Checks{}.*check)();
                      } catch (const LawBroken&) {
                        throw;
                      } catch (const std::exception& error) {
                        throw LawBroken{std::string{"threw unasked: "} + error.what()};
                      }
                    }});
  };
  add("an absent key loads nothing", &Checks::absent_key_loads_nothing);
  add("a write lands and moves the version", &Checks::write_lands_and_moves_the_version);
  add("a stale write changes nothing", &Checks::stale_write_changes_nothing);
  add("a stale erase changes nothing", &Checks::stale_erase_changes_nothing);
  add("an erased record is gone for its holders", &Checks::erased_record_is_gone_for_its_holders);
  add("an insert needs an absent record", &Checks::insert_needs_an_absent_record);
  add("no version is used twice", &Checks::no_version_is_used_twice);
  add("a commit is all or nothing", &Checks::commit_is_all_or_nothing);
  add("every stale member is named", &Checks::every_stale_member_is_named);
  add("an expectation guards without writing", &Checks::expectation_guards_without_writing);
  add("two guards that differ never both hold", &Checks::two_guards_that_differ_never_both_hold);
  add("a session sees its own writes", &Checks::session_sees_its_own_writes);
  add("the loads of a session are one state", &Checks::loads_of_a_session_are_one_state);
  add("a session without a commit leaves no trace", &Checks::session_without_commit_leaves_no_trace);
  add("no increment is lost between threads", &Checks::no_increment_is_lost_between_threads);
  using S = std::remove_reference_t<decltype(std::declval<Subject&>().storage())>;
  if constexpr (LockableStorage<S>) {
    add("locks exclude by their mode", &Checks::locks_exclude_by_their_mode);
    add("shared locks are held together, or say so", &Checks::shared_locks_are_held_together_or_say_so);
    add("locks end with their session", &Checks::locks_end_with_their_session);
    add("what is written under a lock is never stale", &Checks::what_is_written_under_a_lock_is_never_stale);
  }
  if constexpr (LockableStorage<S> && !WholeLockStorage<S>) {  // one lock makes no cycle
    add("a cycle of locks is a deadlock", &Checks::a_cycle_of_locks_is_a_deadlock);
  }
  if constexpr (SavepointSession<session_of<S>>) {
    add("a savepoint drops what came after it", &Checks::savepoint_drops_what_came_after_it);
  }
  if constexpr (BulkStorage<S>) {
    add("a change of many moves each version once", &Checks::change_of_many_moves_each_version_once);
  }
  if constexpr (AtomicStorage<S>) {
    add("a change in one step moves the version", &Checks::change_in_one_step_moves_the_version);
  }
  return laws;
}

}  // namespace lockstep
