// The laws on storages that keep them, and on storages with planted bugs, each of which
// must be found by a law.
#include <lockstep/memory/table.hpp>
#include <lockstep/storage/laws.hpp>

#include "support/shelf.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cctype>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

using namespace lockstep;

namespace {

// Keys and records of a type, by number.
template <class T>
T made(int number) {
  if constexpr (std::same_as<T, std::string>) {
    return "key " + std::to_string(number);
  } else if constexpr (std::same_as<T, std::pair<std::string, int>>) {
    return {number % 2 == 0 ? "even" : "odd", number};
  } else if constexpr (std::same_as<T, std::vector<std::string>>) {
    return std::vector<std::string>(100,
                                    "a string too long to be stored in place: " + std::to_string(number));
  } else {
    return T{number};
  }
}

template <class Table>
struct InMemory {
  static constexpr bool remembers_erased = true;
  memory::Database<> db;
  Table table{db, "subject"};

  Table& storage() { return table; }
  [[nodiscard]] static key_of<Table> key(int number) { return made<key_of<Table>>(number); }
  [[nodiscard]] static record_of<Table> record(int number) { return made<record_of<Table>>(number); }
};

template <class S>
struct Alone {
  static constexpr bool remembers_erased = true;
  S subject;

  S& storage() { return subject; }
  [[nodiscard]] static key_of<S> key(int number) { return made<key_of<S>>(number); }
  [[nodiscard]] static record_of<S> record(int number) { return made<record_of<S>>(number); }
};

struct PairHash {
  std::size_t operator()(const std::pair<std::string, int>& key) const {
    return std::hash<std::string>{}(key.first) ^ static_cast<std::size_t>(key.second);
  }
};

/// A key of the user's own; all keys collide.
struct Seat {
  int number = 0;
  friend bool operator==(Seat, Seat) = default;
};
struct SeatHash {
  std::size_t operator()(Seat) const { return 0; }
};

std::string identifier(std::string name) {
  std::erase(name, ',');
  std::ranges::replace(name, ' ', '_');
  return name;
}

/// Makes each law a test case of the suite `storage`.
template <class Subject>
struct Registered {
  explicit Registered(const char* storage) {
    namespace framework = boost::unit_test;
    auto* const suite = new framework::test_suite(storage, __FILE__, __LINE__);
    for (const auto& law : storage_laws<Subject>()) {
      suite->add(framework::make_test_case([check = law.check] { check(); }, identifier(law.name), __FILE__,
                                           __LINE__));
    }
    framework::framework::current_auto_test_suite().add(suite);
  }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(laws)

const Registered<InMemory<memory::Table<int, int>>> integers{"memory_with_integer_keys"};
const Registered<InMemory<memory::Table<std::string, std::string>>> strings{"memory_with_string_keys"};
const Registered<InMemory<memory::Table<std::pair<std::string, int>, int, StdRuntime, PairHash>>> pairs{
    "memory_with_composite_keys"};
const Registered<InMemory<memory::Table<int, std::vector<std::string>>>> heavy{"memory_with_heavy_records"};
const Registered<InMemory<memory::Table<Seat, int, StdRuntime, SeatHash>>> seats{
    "memory_with_a_hash_of_its_own"};
const Registered<Alone<test::Shelf<>>> shelf{"a_staged_storage"};
const Registered<Alone<test::Shelf<std::string, std::string>>> texts{"a_staged_storage_of_texts"};

BOOST_AUTO_TEST_SUITE_END()

// Storages with one bug each.
namespace {

/// What a storage does right, unless it is told otherwise.
struct Bug {
  bool check_update = true;
  bool check_erase = true;
  bool check_insert = true;
  bool check_validate = true;
  bool atomic = true;      // lands all changes or none
  bool one_step = true;    // lets nobody in between the check and the landing
  bool all_stale = true;   // names every stale member
  bool honest = true;      // tells the guard that failed
  bool writes = true;      // lands what it says has landed
  bool erases = true;      // lands erases
  bool moves = true;       // gives each state a new version
  bool remembers = true;   // of erased records, too
  bool buries = true;      // does not bring back what was erased
  bool consistent = true;  // shows a session one state
};

/// Like test::Shelf, except for `bug`.
template <Bug bug>
class Broken : public StagedStorage<Broken<bug>, int, int> {
  using Base = StagedStorage<Broken, int, int>;

 public:
  using Base::load;

  std::optional<Versioned<int>> load(const int& key) {
    const std::scoped_lock guard{mutex_};
    return find(key);
  }

  std::optional<Versioned<int>> load(typename Base::Session& session, const int& key) {
    return bug.consistent ? Base::load(session, key) : load(key);
  }

  Version next(int, Version expected) {
    const std::scoped_lock guard{mutex_};
    if (!bug.moves && !expected.absent()) return expected;
    if (!bug.remembers) return expected.absent() ? Version{0} : Version{expected.number() + 1};
    return Version{clock_++};
  }

  Commit apply(std::span<const typename Base::Change> changes) {
    std::unique_lock guard{mutex_};
    Commit::Members stale;
    for (const auto& change : changes) {
      if (!bug.atomic) stale.clear();
      const auto current = find(change.key);
      const auto version = current ? current->version : Version{};
      if (version != change.expected && checks(change.action) && (bug.buries || current)) {
        stale.push_back(this->stale(lie(change), current));
        if (!bug.all_stale) break;
      } else if (!bug.atomic) {
        land(change);
      }
      if (!bug.atomic && !stale.empty()) return Commit{std::move(stale)};
    }
    if (!stale.empty()) return Commit{std::move(stale)};
    if (!bug.one_step) {  // lets others in between the check and the act
      ++between_;
      guard.unlock();
      for (int i = 0; i < 1000 && between_ < 2; ++i) std::this_thread::yield();
      guard.lock();
      --between_;
    }
    if (bug.atomic) std::ranges::for_each(changes, [&](const auto& change) { land(change); });
    return {};
  }

 private:
  [[nodiscard]] static bool checks(Action action) {
    switch (action) {
      case Action::insert:
        return bug.check_insert;
      case Action::update:
        return bug.check_update;
      case Action::erase:
        return bug.check_erase;
      default:
        return bug.check_validate;
    }
  }

  static typename Base::Change lie(typename Base::Change change) {
    if (!bug.honest) change.expected = Version{99};
    return change;
  }

  void land(const typename Base::Change& change) {
    if (change.action == Action::validate || !bug.writes) return;
    if (change.action == Action::erase && !bug.erases) return;
    records_.erase(change.key);
    if (change.record) records_.emplace(change.key, Versioned<int>{*change.record, change.landing});
  }

  std::optional<Versioned<int>> find(int key) const {
    const auto found = records_.find(key);
    return found == records_.end() ? std::nullopt : std::optional{found->second};
  }

  std::mutex mutex_;
  std::map<int, Versioned<int>> records_;
  std::uint64_t clock_ = 0;
  std::atomic<int> between_ = 0;
};

using Table = memory::Table<int, int>;

struct ShowsStagedWritesEarly : Table {
  using Table::Table;
  void write(memory::Session<>& session, int key, Version version, int record) {
    auto other = this->session();
    Table::write(other, key, version, record);
    static_cast<void>(static_cast<bool>(other.commit()));
    Table::write(session, key, version, record);
  }
};

struct HidesItsOwnWrites : Table {
  using Table::load;
  using Table::Table;
  std::optional<Versioned<int>> load(memory::Session<>&, const int& key) { return Table::load(key); }
};

struct WrongVersion : Table {
  using Table::Table;
  static Version version(memory::Session<>&, int) { return Version{0}; }
};

/// A session that lands when it is dropped.
struct LandsWhenDropped : Table {
  using Table::Table;
  struct Session : memory::Session<> {
    using memory::Session<>::Session;
    Session(Session&&) = default;
    Session& operator=(Session&&) = delete;
    ~Session() {
      if (!over()) static_cast<void>(static_cast<bool>(commit()));
    }
  };
  [[nodiscard]] Session session() const { return Session{database()}; }
};

struct NeverRollsBack : Table {
  using Table::Table;
  struct Session : memory::Session<> {
    using memory::Session<>::Session;
    void rollback_to(const Savepoint&) {}
  };
  [[nodiscard]] Session session() const { return Session{database()}; }
};

struct LeaksLocks : Table {
  using Table::Table;
  bool lock(memory::Session<>&, int key, LockMode mode, Wait wait) {
    return Table::lock(immortal, key, mode, wait);
  }
  memory::Session<> immortal = session();
};

struct LocksNothing : Table {
  using Table::Table;
  static bool lock(memory::Session<>&, int, LockMode, Wait) { return true; }
};

struct SharesExclusiveLocks : Table {
  using Table::Table;
  bool lock(memory::Session<>& session, int key, LockMode, Wait wait) {
    return Table::lock(session, key, LockMode::shared, wait);
  }
};

struct SharesNoLocks : Table {
  using Table::Table;
  bool lock(memory::Session<>& session, int key, LockMode, Wait wait) {
    return Table::lock(session, key, LockMode::exclusive, wait);
  }
};

struct TakesTimeoutsForUnavailable : Table {
  using Table::Table;
  bool lock(memory::Session<>& session, int key, LockMode mode, Wait wait) {
    return Table::lock(session, key, mode, wait.kind() == Wait::Kind::up_to ? Wait::never() : wait);
  }
};

struct SkipsByThrowing : Table {
  using Table::Table;
  bool lock(memory::Session<>& session, int key, LockMode mode, Wait wait) {
    return Table::lock(session, key, mode, wait.kind() == Wait::Kind::skip ? Wait::never() : wait);
  }
};

/// Locks that hold off other lockers, but not those who just write.
struct AdvisoryLocks : Table {
  explicit AdvisoryLocks(memory::Database<>& database, const std::string& name) : Table{database, name} {}
  struct Session : memory::Session<> {
    explicit Session(memory::Database<>& records, memory::Database<>& others)
        : memory::Session<>{records}, locks{others} {}
    void rollback_to(const Savepoint&) = delete;
    memory::Session<> locks;
    bool locking = false;
  };
  [[nodiscard]] Session session() { return Session{database(), other}; }
  bool lock(Session& session, int key, LockMode mode, Wait wait) {
    session.locking = true;
    return locks.lock(session.locks, key, mode, wait);
  }
  void write(Session& session, int key, Version version, int record) {
    Table::write(session, key, version, record);
    for (int i = 0; session.locking && i < 10000 && load(key)->version == version; ++i) {  // somebody comes
      std::this_thread::yield();
    }
  }
  memory::Database<> other;
  Table locks{other};
};

struct WaitsInCircles : Table {
  using Table::Table;
  bool lock(memory::Session<>& session, int key, LockMode mode, Wait wait) {
    try {
      return Table::lock(session, key, mode, wait);
    } catch (const Deadlock&) {  // as if it had waited
      throw LockTimeout{{name(), std::to_string(key)}};
    }
  }
};

struct ChangesInSpiteOfTheGuard : Table {
  using Table::Table;
  template <class Change>
  std::optional<Versioned<int>> change(int key, Change&& change) {
    auto guarded = Table::change(key, [&](int& record) {
      static_cast<void>(change(record));
      return true;
    });
    return guarded;
  }
};

struct ChangesWithoutMovingTheVersion : Table {
  using Table::Table;
  template <class Change>
  std::optional<Versioned<int>> change(int key, Change&& change) {
    const auto before = load(key);
    auto changed = Table::change(key, std::forward<Change>(change));
    if (changed) changed->version = before->version;
    return changed;
  }
};

/// The names of the laws that the subject breaks.
template <class Subject>
std::set<std::string> broken() {
  std::set<std::string> names;
  for (const auto& law : storage_laws<Subject>()) {
    try {
      law.check();
    } catch (const LawBroken&) {
      names.insert(law.name);
    }
  }
  return names;
}

template <Bug bug>
std::set<std::string> broken_by() {
  return broken<Alone<Broken<bug>>>();
}

}  // namespace

BOOST_AUTO_TEST_SUITE(planted_bugs)

BOOST_AUTO_TEST_CASE(a_storage_without_a_bug_breaks_no_law) {
  BOOST_TEST(broken_by<Bug{}>().empty());
  BOOST_TEST(broken<InMemory<Table>>().empty());
}

BOOST_AUTO_TEST_CASE(the_guard_of_an_update_is_ignored) {
  BOOST_TEST(broken_by<Bug{.check_update = false}>().contains("a stale write changes nothing"));
}

BOOST_AUTO_TEST_CASE(the_guard_of_an_erase_is_ignored) {
  BOOST_TEST(broken_by<Bug{.check_erase = false}>().contains("a stale erase changes nothing"));
}

BOOST_AUTO_TEST_CASE(an_insert_overwrites) {
  BOOST_TEST(broken_by<Bug{.check_insert = false}>().contains("an insert needs an absent record"));
}

BOOST_AUTO_TEST_CASE(a_validation_is_ignored) {
  BOOST_TEST(broken_by<Bug{.check_validate = false}>().contains("an expectation guards without writing"));
}

BOOST_AUTO_TEST_CASE(a_commit_is_torn) {
  BOOST_TEST(broken_by<Bug{.atomic = false}>().contains("a commit is all or nothing"));
}

BOOST_AUTO_TEST_CASE(only_the_first_stale_member_is_named) {
  BOOST_TEST(broken_by<Bug{.all_stale = false}>() == std::set<std::string>{"every stale member is named"},
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_conflict_tells_another_version_than_was_expected) {
  BOOST_TEST(broken_by<Bug{.honest = false}>().contains("a stale write changes nothing"));
}

BOOST_AUTO_TEST_CASE(success_is_reported_and_nothing_written) {
  BOOST_TEST(broken_by<Bug{.writes = false}>().contains("a write lands and moves the version"));
}

BOOST_AUTO_TEST_CASE(an_erase_leaves_the_record) {
  BOOST_TEST(broken_by<Bug{.erases = false}>().contains("an erased record is gone for its holders"));
}

BOOST_AUTO_TEST_CASE(a_write_to_an_erased_record_revives_it) {
  BOOST_TEST(broken_by<Bug{.buries = false}>().contains("an erased record is gone for its holders"));
}

BOOST_AUTO_TEST_CASE(a_write_does_not_move_the_version) {
  BOOST_TEST(broken_by<Bug{.moves = false}>().contains("a write lands and moves the version"));
}

BOOST_AUTO_TEST_CASE(versions_are_used_again_after_an_erase) {
  BOOST_TEST(broken_by<Bug{.remembers = false}>() == std::set<std::string>{"no version is used twice"},
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(others_get_in_between_the_check_and_the_act) {
  BOOST_TEST(
      broken_by<Bug{.one_step = false}>() == std::set<std::string>{"no increment is lost between threads"},
      boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(the_loads_of_a_session_belong_to_different_states) {
  BOOST_TEST(broken_by<Bug{.consistent = false}>().contains("the loads of a session are one state"));
}

BOOST_AUTO_TEST_CASE(staged_writes_are_shown_early) {
  const auto names = broken<InMemory<ShowsStagedWritesEarly>>();
  BOOST_TEST(names.contains("a session sees its own writes"));
  BOOST_TEST(names.contains("a session without a commit leaves no trace"));
}

BOOST_AUTO_TEST_CASE(a_session_does_not_see_its_own_writes) {
  BOOST_TEST(broken<InMemory<HidesItsOwnWrites>>().contains("a session sees its own writes"));
}

BOOST_AUTO_TEST_CASE(the_version_that_landed_is_told_wrong) {
  BOOST_TEST(broken<InMemory<WrongVersion>>().contains("a write lands and moves the version"));
}

BOOST_AUTO_TEST_CASE(a_session_lands_when_it_is_dropped) {
  BOOST_TEST(broken<InMemory<LandsWhenDropped>>().contains("a session without a commit leaves no trace"));
}

BOOST_AUTO_TEST_CASE(a_savepoint_is_ignored) {
  BOOST_TEST(
      broken<InMemory<NeverRollsBack>>() == std::set<std::string>{"a savepoint drops what came after it"},
      boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_lock_outlives_its_session) {
  struct OnlyTheLaw : InMemory<LeaksLocks> {};
  for (const auto& law : storage_laws<OnlyTheLaw>()) {
    if (law.name == "locks end with their session") BOOST_CHECK_THROW(law.check(), LawBroken);
  }
}

BOOST_AUTO_TEST_CASE(a_lock_does_not_lock) {
  BOOST_TEST(broken<InMemory<LocksNothing>>().contains("locks exclude by their mode"));
}

BOOST_AUTO_TEST_CASE(an_exclusive_lock_is_shared) {
  BOOST_TEST(broken<InMemory<SharesExclusiveLocks>>().contains("locks exclude by their mode"));
}

BOOST_AUTO_TEST_CASE(a_shared_lock_is_exclusive) {
  BOOST_TEST(
      broken<InMemory<SharesNoLocks>>() == std::set<std::string>{"shared locks are held together, or say so"},
      boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_lock_that_was_not_granted_in_time_is_called_unavailable) {
  BOOST_TEST(broken<InMemory<TakesTimeoutsForUnavailable>>().contains("locks exclude by their mode"));
}

BOOST_AUTO_TEST_CASE(a_lock_that_is_to_be_skipped_throws) {
  BOOST_TEST(broken<InMemory<SkipsByThrowing>>().contains("locks exclude by their mode"));
}

BOOST_AUTO_TEST_CASE(a_lock_does_not_hold_back_commits) {
  BOOST_TEST(broken<InMemory<AdvisoryLocks>>().contains("what is written under a lock is never stale"));
}

BOOST_AUTO_TEST_CASE(a_deadlock_is_taken_for_a_timeout) {
  BOOST_TEST(broken<InMemory<WaitsInCircles>>() == std::set<std::string>{"a cycle of locks is a deadlock"},
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_change_lands_in_spite_of_its_guard) {
  BOOST_TEST(broken<InMemory<ChangesInSpiteOfTheGuard>>() ==
                 std::set<std::string>{"a change in one step moves the version"},
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_change_does_not_move_the_version) {
  BOOST_TEST(broken<InMemory<ChangesWithoutMovingTheVersion>>() ==
                 std::set<std::string>{"a change in one step moves the version"},
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_SUITE_END()
