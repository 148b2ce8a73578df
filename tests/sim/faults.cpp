// Injected faults: each strikes where it may and as often as is allowed; exploration finds all that can come
// of them; and what they do is found, minimised and replayed like everything else.
#include <lockstep/lockstep.hpp>
#include <lockstep/sim/faults.hpp>
#include <lockstep/sim/sim.hpp>

#include "every_interleaving.hpp"
#include "exhaustive.hpp"
#include "states.hpp"
#include "support/shelf.hpp"

#include <boost/describe/class.hpp>
#include <boost/test/unit_test.hpp>

#include <array>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace sim = lockstep::sim;

namespace {

using namespace std::chrono_literals;
using lockstep::ConnectionLost;
using lockstep::LockMode;
using lockstep::LockTimeout;
using lockstep::OutcomeUnknown;
using lockstep::SerializationFailure;
using lockstep::Wait;
using sim::Fault;
using sim::Faults;

using Table = lockstep::memory::Table<int, int, sim::Runtime>;

const lockstep::Retry at_once{.base = 0ns};
const Faults one_of_each{
    .conflicts = 1, .lock_timeouts = 1, .lost_requests = 1, .lost_replies = 1, .crashes = 1, .delays = 1};

/// A table with the records 1 and 2, which are 100 and 20, and that of a further table of its database.
struct Bank {
  explicit Bank(const Faults& faults) : injector{faults} {
    sim::quietly([&] {
      insert(table, 1, 100).or_throw();
      insert(table, 2, 20).or_throw();
      insert(other, 1, 7).or_throw();
    });
  }
  std::string left() {
    return sim::quietly([&] {
      std::string text = std::to_string(*load(table, 1)) + "," + std::to_string(*load(table, 2));
      auto session = table.session();
      for (const int key : {1, 2}) {
        if (!table.lock(session, key, LockMode::exclusive, Wait::skip())) text += " still locked";
      }
      return text;
    });
  }

  lockstep::memory::Database<sim::Runtime> db;
  Table table{db, "accounts"};
  Table other{db, "others"};
  sim::FaultInjector injector;
  sim::Simulated<Table> accounts{table, injector};
  sim::Simulated<Table> others{other, injector};
};

/// A storage that knows nothing of the simulator, without locks.
struct Shelf {
  explicit Shelf(const Faults& faults) : injector{faults} {
    insert(shelf, 1, 100).or_throw();
    insert(shelf, 2, 20).or_throw();
  }
  std::string left() { return std::to_string(*load(shelf, 1)) + "," + std::to_string(*load(shelf, 2)); }

  test::Shelf<> shelf;
  sim::FaultInjector injector;
  sim::Simulated<test::Shelf<>> accounts{shelf, injector};
};

/// What `work` returns, or the fault that it was told of.
template <class Work>
std::string told(Work&& work) {
  try {
    return std::forward<Work>(work)();
  } catch (const OutcomeUnknown&) {
    return "unknown";
  } catch (const ConnectionLost&) {
    return "connection lost";
  } catch (const LockTimeout&) {
    return "too late";
  } catch (const lockstep::Conflicted&) {
    return "conflict";
  } catch (const lockstep::Exhausted&) {
    return "gave up";
  }
}

template <class S>
using Action = std::string (*)(S&);

template <class S>
constexpr std::array on_any{
    Action<S>{[](S& accounts) { return std::to_string(*load(accounts, 1)); }},
    Action<S>{[](S& accounts) {
      auto value = load(accounts, 1);
      *value += 1;
      return std::string{save(accounts, 1, value) ? "saved" : "stale"};
    }},
    Action<S>{[](S& accounts) {
      transact(accounts, [&](auto& tx) { tx.edit(accounts, 1) += tx.read(accounts, 2); },
               {.attempts = 2, .base = 0ns});
      return std::string{"added"};
    }},
    Action<S>{[](S& accounts) {
      return std::to_string(lockstep::read_only(
          accounts, [&](auto& tx) { return tx.read(accounts, 1) - tx.read(accounts, 2); }, at_once));
    }},
};

template <class S>
constexpr std::array with_locks{
    Action<S>{[](S& accounts) {
      lockstep::with_lock(accounts, 1, [](int& balance) { balance *= 2; });
      return std::string{"doubled"};
    }},
    Action<S>{[](S& accounts) {
      lockstep::with_locks(
          accounts, {1, 2}, [](auto& records) { std::swap(records[1], records[2]); }, Wait::up_to(5ms));
      return std::string{"swapped"};
    }},
    Action<S>{[](S& accounts) {
      const auto changed = lockstep::change_if(
          accounts, 1, [](int balance) { return balance < 150; }, [](int& balance) { balance += 10; });
      return std::string{changed ? "changed" : "declined"};
    }},
    Action<S>{[](S& accounts) {
      auto session = accounts.session();
      accounts.lock(session, 2, LockMode::shared);
      const auto point = session.savepoint();
      accounts.lock(session, 1);
      session.rollback_to(point);
      return std::to_string(accounts.load(session, 1)->record);
    }},
};

/// Explores with `Explorer`, and collects what the threads were told and what is left.
template <class Explorer, class Storage, class S>
std::set<std::string> outcomes(const Faults& faults, Action<S> one, Action<S> two) {
  std::set<std::string> all;
  sim::Execution execution;
  Explorer explorer;
  const auto body = [&] {
    Storage storage{faults};
    std::string first;
    std::string second;
    sim::concurrently([&] { first = told([&] { return one(storage.accounts); }); },
                      [&] { second = told([&] { return two(storage.accounts); }); });
    all.insert(first + " | " + second + " | " + storage.left());
  };
  while (explorer.begin()) {
    const auto ending = execution.run(body, explorer, {});
    BOOST_TEST(!ending.failed, execution.message());
    explorer.end(ending);
  }
  return all;
}

template <class Storage, class S, std::size_t count>
std::size_t compare(const Faults& faults, const std::array<Action<S>, count>& actions) {
  std::size_t seen = 0;
  for (std::size_t one = 0; one != count; ++one) {
    for (std::size_t two = one; two != count; ++two) {
      BOOST_TEST_CONTEXT("actions " << one << " and " << two) {
        const auto found = outcomes<sim::Exhaustive, Storage>(faults, actions[one], actions[two]);
        const auto all = outcomes<sim::EveryInterleaving, Storage>(faults, actions[one], actions[two]);
        BOOST_TEST(found == all, boost::test_tools::per_element());
        seen += all.size();
      }
    }
  }
  return seen;
}

/// Every fault by itself, and none.
const std::array<std::pair<const char*, Faults>, 7> some{{
    {"conflict", {.conflicts = 1}},
    {"lock timeout", {.lock_timeouts = 1}},
    {"lost request", {.lost_requests = 1}},
    {"lost reply", {.lost_replies = 1}},
    {"crash", {.crashes = 1}},
    {"delay", {.delays = 1}},
    {"none", {}},
}};

using Outcomes = std::set<std::string>;

/// What comes of `action` alone: what it is told, what is left, and the virtual time that it took.
template <class Work>
Outcomes alone(const Faults& faults, Work work) {
  Outcomes all;
  const auto result = sim::explore([&] {
    Bank bank{faults};
    const std::string first = told([&] { return work(bank); });
    const auto took = sim::clock::now().time_since_epoch() / 1ms;
    all.insert(first + " | " + bank.left() + (took > 0 ? " after " + std::to_string(took) + "ms" : ""));
  });
  BOOST_TEST(result.passed(), result.report());
  BOOST_TEST(result.complete);
  return all;
}

std::string save_one(Bank& bank) { return on_any<sim::Simulated<Table>>[1](bank.accounts); }
std::string lock_one(Bank& bank) {
  lockstep::with_lock(bank.accounts, 1, [](int& balance) { ++balance; }, Wait::up_to(5ms));
  return "saved";
}

/// Adds 10 until it is told that this is done.
void deposit_again_and_again(Bank& bank) {
  for (;;) {
    try {
      update(bank.accounts, 1, [](int& balance) { balance += 10; }, at_once);
      return;
    } catch (const OutcomeUnknown&) {
    }
  }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(faults)

BOOST_AUTO_TEST_CASE(each_fault_does_what_it_says_and_nothing_else) {
  const auto compare_to = [](const Outcomes& all, const Outcomes& expected) {
    BOOST_TEST(all == expected, boost::test_tools::per_element());
  };
  compare_to(alone({}, save_one), {"saved | 101,20"});
  compare_to(alone({.conflicts = 1}, save_one), {"saved | 101,20", "conflict | 100,20"});
  compare_to(alone({.lost_requests = 1}, save_one), {"saved | 101,20", "unknown | 100,20"});
  compare_to(alone({.lost_replies = 1}, save_one), {"saved | 101,20", "unknown | 101,20"});
  compare_to(alone({.crashes = 1}, save_one), {"saved | 101,20", "unknown | 100,20", "unknown | 101,20"});
  compare_to(alone({.delays = 1}, save_one), {"saved | 101,20", "saved | 101,20 after 10ms"});
  compare_to(alone({.lock_timeouts = 1}, save_one), {"saved | 101,20"});
  compare_to(alone({.lock_timeouts = 1}, lock_one), {"saved | 101,20", "too late | 100,20"});
  compare_to(alone({.crashes = 1}, lock_one),
             {"saved | 101,20", "connection lost | 100,20", "unknown | 100,20", "unknown | 101,20"});
  compare_to(alone({.delays = 2, .delay = 1ms}, save_one),
             {"saved | 101,20", "saved | 101,20 after 1ms", "saved | 101,20 after 2ms"});
}

BOOST_AUTO_TEST_CASE(a_guarded_change_that_was_not_made_has_no_reply_that_matters) {
  const auto decline = [](Bank& bank) {
    lockstep::change_if(bank.accounts, 1, [](int) { return false; }, [](int&) {});
    return std::string{"declined"};
  };
  const Outcomes all = alone({.lost_replies = 1}, decline);
  BOOST_TEST(all == Outcomes{"declined | 100,20"}, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(exploration_finds_all_that_can_come_of_them) {
  std::size_t without = 0;
  for (const auto& [name, faults] : some) {
    BOOST_TEST_CONTEXT(name) {
      without = compare<Bank>(faults, on_any<sim::Simulated<Table>>) +
                compare<Bank>(faults, with_locks<sim::Simulated<Table>>);
      BOOST_TEST(without >= 35U);
    }
  }
  BOOST_TEST(without == 35U);  // the last are none: more comes of each of the others but a lock's time limit
}

BOOST_AUTO_TEST_CASE(they_strike_any_storage) {
  for (const auto& [name, faults] : some) {
    BOOST_TEST_CONTEXT(name) { compare<Shelf>(faults, on_any<sim::Simulated<test::Shelf<>>>); }
  }
}

BOOST_AUTO_TEST_CASE(each_strikes_as_often_as_is_allowed_and_no_more) {
  std::set<unsigned> counts;
  const auto result = sim::explore([&] {
    Bank bank{{.lost_replies = 2}};
    for (int i = 0; i != 4; ++i) told([&] { return save_one(bank); });
    counts.insert(bank.accounts.faults()->struck(Fault::lost_reply));
    sim::check(bank.left() == "104,20", "every save has landed");
  });
  BOOST_TEST(result.passed(), result.report());
  BOOST_TEST(result.executions == 1U + 4U + 6U);  // none, one of four, two of four
  BOOST_TEST(counts == (std::set<unsigned>{0, 1, 2}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(none_strikes_where_nothing_is_tested) {
  const auto result = sim::explore([] {
    Bank bank{one_of_each};
    sim::quietly([&] { save_one(bank); });
    sim::check(bank.left() == "101,20", "it is saved");
  });
  BOOST_TEST(result.passed(), result.report());
  BOOST_TEST(result.executions == 1U);
  Shelf outside{one_of_each};
  update(outside.accounts, 1, [](int& balance) { ++balance; });
  BOOST_TEST(outside.left() == "101,20");
}

BOOST_AUTO_TEST_CASE(a_crash_is_one_of_all_tables_of_the_database) {
  Outcomes all;
  const auto result = sim::explore([&] {
    Bank bank{{.crashes = 1}};
    auto session = bank.accounts.session();
    bank.accounts.lock(session, 1);
    static_cast<void>(bank.others.load(1));
    const bool locked = bank.left() != "100,20";
    const auto after = told([&] { return std::to_string(bank.accounts.load(session, 1)->record); });
    all.insert(after + (locked ? ", locked" : ""));
  });
  BOOST_TEST(result.passed(), result.report());
  // Struck: nowhere, at the load of the other table, or at the second call of the session.
  BOOST_TEST(all == (Outcomes{"100, locked", "connection lost", "connection lost, locked"}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(who_waits_for_a_lock_at_a_crash_is_told_and_a_later_session_is_not) {
  Outcomes all;
  const auto result = sim::explore([&] {
    Bank bank{{.crashes = 1}};
    std::string waiting;
    sim::concurrently(
        [&] {
          told([&] {
            lockstep::with_lock(bank.accounts, 1, [](int&) {});
            return std::string{};
          });
        },
        [&] {
          waiting = told([&] {
            auto session = bank.accounts.session();
            bank.accounts.lock(session, 2);
            bank.accounts.lock(session, 1);
            return std::string{"granted"};
          });
        });
    const bool crashed = bank.accounts.faults()->struck(Fault::crash) != 0;
    all.insert(waiting + (crashed ? " after a crash, " : ", ") + bank.left());
    const auto again = told([&] { return lock_one(bank); });
    sim::check(!crashed || again == "saved", "who comes later finds the storage as it should be");
  });
  BOOST_TEST(result.passed(), result.report());
  BOOST_TEST(result.complete);
  BOOST_TEST(all == (Outcomes{"granted, 100,20", "granted after a crash, 100,20",
                              "connection lost after a crash, 100,20"}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_conflict_ends_the_session_and_gives_back_its_locks) {
  Outcomes all;
  const auto result = sim::explore([&] {
    Bank bank{{.conflicts = 1}};
    auto session = bank.accounts.session();
    std::string text = told([&] { return bank.accounts.lock(session, 1), std::string{"granted"}; });
    text += ", " + told([&] { return std::to_string(bank.accounts.load(session, 2)->record); });
    all.insert(text + " | " + bank.left());
  });
  BOOST_TEST(result.passed(), result.report());
  BOOST_TEST(all == (Outcomes{"granted, 20 | 100,20 still locked", "granted, conflict | 100,20",
                              "conflict, conflict | 100,20"}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(no_commit_lands_after_a_crash_that_ended_its_session) {
  Outcomes all;
  const auto result = sim::explore([&] {
    Bank bank{{.crashes = 1}};
    std::string saved;
    sim::concurrently([&] { told([&] { return with_locks<sim::Simulated<Table>>[3](bank.accounts); }); },
                      [&] { saved = told([&] { return save_one(bank); }); });
    all.insert(saved + " | " + bank.left());
  });
  BOOST_TEST(result.passed(), result.report());
  BOOST_TEST(result.complete);
  BOOST_TEST(
      all == (Outcomes{"saved | 101,20", "unknown | 100,20", "unknown | 101,20", "connection lost | 100,20"}),
      boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(what_a_session_swallowed_it_is_told_again) {
  const auto swallow = [](Bank& bank) {
    transact(bank.accounts,
             [&](auto& tx) {
               try {
                 static_cast<void>(tx.read(bank.accounts, 1));
                 static_cast<void>(tx.read(bank.accounts, 2));
               } catch (const ConnectionLost&) {
               } catch (const SerializationFailure&) {
               }
             },
             {.attempts = 1});
    return std::string{"read"};
  };
  BOOST_TEST(alone({.crashes = 1}, swallow) == (Outcomes{"read | 100,20", "connection lost | 100,20"}),
             boost::test_tools::per_element());
  BOOST_TEST(alone({.conflicts = 1}, swallow) == (Outcomes{"read | 100,20", "gave up | 100,20"}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_finding_has_the_faults_that_it_needs_and_is_replayed_byte_by_byte) {
  const auto body = [] {
    Bank bank{{.conflicts = 1, .lost_requests = 1, .lost_replies = 1}};
    sim::concurrently([&] { told([&] { return deposit_again_and_again(bank), std::string{}; }); },
                      [&] { told([&] { return save_one(bank); }); });
    sim::check(sim::quietly([&] { return *load(bank.table, 1); }) < 120, "it is deposited once");
  };
  for (const auto strategy : {sim::Strategy::exhaustive, sim::Strategy::random}) {
    const auto result = sim::explore(body, {.strategy = strategy, .name = "deposit"});
    BOOST_REQUIRE(result.finding.has_value());
    std::string struck;
    for (const auto& step : result.finding->steps) {
      if (step.outcome.find("fault: ") != std::string::npos)
        struck += step.operation + " " + step.outcome + "\n";
    }
    BOOST_TEST(struck == "commit -> v1 110; fault: reply lost\n");
    const auto again = sim::replay(body, result.finding->token, {.name = "deposit"});
    BOOST_REQUIRE(again.finding.has_value());
    BOOST_TEST(timeline(*again.finding) == timeline(*result.finding));
    BOOST_TEST(again.note.empty());
  }
}

BOOST_AUTO_TEST_CASE(a_page_shows_that_a_crash_has_released_the_locks) {
  const auto result = sim::explore([] {
    Bank bank{{.crashes = 1}};
    auto session = bank.accounts.session();
    bank.accounts.lock(session, 2);
    static_cast<void>(bank.accounts.load(1));
    sim::check(bank.accounts.faults()->struck(Fault::crash) == 0, "there is no crash");
  });
  BOOST_REQUIRE(result.finding.has_value());
  BOOST_REQUIRE(result.finding->steps.size() >= 2U);
  BOOST_TEST(result.finding->steps.back().outcome == "-> v0 100; fault: crash before");
  const auto states = sim::states(*result.finding);
  const auto& after = states.back();
  const auto& before = states[states.size() - 2];
  BOOST_TEST(before.at("accounts[2]").owners.size() == 1U);
  BOOST_TEST(after.at("accounts[2]").owners.empty());
  BOOST_TEST(after.at("accounts[1]").holds == "v0 100");
}

BOOST_AUTO_TEST_SUITE_END()
