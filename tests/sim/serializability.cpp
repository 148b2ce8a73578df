#include <lockstep/sim/serializability.hpp>

#include "support.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <stdexcept>
#include <thread>

BOOST_AUTO_TEST_SUITE(serializability)

namespace {

using namespace lockstep::sim;
using lockstep::Version;
using Kind = TransactionEvent::Kind;

TransactionEvent read(std::string key, Version version) {
  return {.kind = Kind::read, .key = std::move(key), .version = version};
}
TransactionEvent read(std::string key, std::uint64_t version) {
  return read(std::move(key), Version{version});
}
TransactionEvent write(std::string key, std::uint64_t version, std::vector<std::string> matches = {}) {
  return {
      .kind = Kind::write, .key = std::move(key), .version = Version{version}, .matches = std::move(matches)};
}
TransactionEvent erase(std::string key, std::uint64_t version) {
  return {.kind = Kind::erase, .key = std::move(key), .version = Version{version}};
}
TransactionEvent look(std::string predicate, std::vector<SeenByPredicate> seen) {
  return {.kind = Kind::predicate_read, .key = std::move(predicate), .seen = std::move(seen)};
}
const Version absent{};

TransactionRecord committed(std::vector<TransactionEvent> events) { return {.events = std::move(events)}; }
TransactionRecord aborted(std::vector<TransactionEvent> events) {
  return {.events = std::move(events), .committed = false};
}

/// "G2-item (write skew), ...".
std::string found(const std::vector<TransactionRecord>& history, SerialOrder order = SerialOrder::any) {
  std::string text;
  for (const Anomaly& each : lockstep::sim::serializability(history, order).anomalies) {
    text += (text.empty() ? "" : ", ") + std::string{to_string(each.kind)} +
            (each.real_time ? "-realtime" : "") + " (" + each.name + ")";
  }
  return text.empty() ? "serializable" : text;
}

}  // namespace

BOOST_AUTO_TEST_CASE(what_a_serial_order_explains_is_no_anomaly) {
  BOOST_TEST(found({}) == "serializable");
  BOOST_TEST(found({committed({read("x", 0), write("x", 1)}), committed({read("x", 1), write("x", 2)}),
                    committed({read("x", 0)})}) == "serializable");
}

BOOST_AUTO_TEST_CASE(a_lost_update_is_named) {
  const std::vector history{committed({read("x", 0), write("x", 1)}),
                            committed({read("x", 0), write("x", 2)})};
  BOOST_TEST(found(history) == "G-single (lost update)");
  BOOST_TEST(lockstep::sim::serializability(history).explanation() ==
             "G-single (lost update):\n"
             "  T2 read x version 0, which T1 replaced by version 1\n"
             "  T1 wrote x version 1, which T2 replaced by version 2");
}

BOOST_AUTO_TEST_CASE(write_skew_is_named) {
  const std::vector history{committed({read("x", 0), read("y", 0), write("x", 1)}),
                            committed({read("x", 0), read("y", 0), write("y", 1)})};
  const auto judged = lockstep::sim::serializability(history);
  BOOST_TEST(found(history) == "G2-item (write skew)");
  BOOST_TEST(judged.anomalies.front().cycle.size() == 2U);
  BOOST_TEST((judged.anomalies.front().cycle.front().kind == Dependency::Kind::rw));
}

BOOST_AUTO_TEST_CASE(a_cycle_of_three_anti_dependencies_is_g2_item) {
  BOOST_TEST(found({committed({read("x", 0), write("y", 1)}), committed({read("y", 0), write("z", 1)}),
                    committed({read("z", 0), write("x", 1)})}) == "G2-item (anti-dependency cycle)");
}

BOOST_AUTO_TEST_CASE(a_dirty_write_is_named) {
  BOOST_TEST(found({committed({write("x", 1), write("y", 2)}), committed({write("x", 2), write("y", 1)})}) ==
             "G0 (dirty write)");
}

BOOST_AUTO_TEST_CASE(dirty_reads_are_named) {
  BOOST_TEST(found({aborted({write("x", 1)}), committed({read("x", 1)})}) == "G1a (aborted read)");
  BOOST_TEST(found({committed({write("x", 1), write("x", 2)}), committed({read("x", 1)})}) ==
             "G1b (intermediate read)");
  BOOST_TEST(found({aborted({read("x", 1)}), committed({write("x", 1), write("x", 2)})}) == "serializable");
}

BOOST_AUTO_TEST_CASE(circular_information_flow_is_named) {
  BOOST_TEST(found({committed({write("x", 1), read("y", 1)}), committed({write("y", 1), read("x", 1)})}) ==
             "G1c (circular information flow)");
}

BOOST_AUTO_TEST_CASE(a_fuzzy_read_and_read_skew_are_told_apart) {
  BOOST_TEST(found({committed({read("x", 0), read("x", 1)}), committed({write("x", 1)})}) ==
             "G-single (fuzzy read)");
  BOOST_TEST(found({committed({read("x", 0), read("y", 1)}), committed({write("x", 1), write("y", 1)})}) ==
             "G-single (read skew)");
  BOOST_TEST(found({committed({read("x", 0), write("y", 2)}), committed({write("x", 1), write("y", 1)})}) ==
             "G-single (single anti-dependency)");
}

BOOST_AUTO_TEST_CASE(versions_that_nobody_here_wrote_have_a_writer_each) {
  BOOST_TEST(found({committed({read("x", 3), read("x", 4)})}) == "G-single (fuzzy read)");
  BOOST_TEST(found({committed({read("x", 3), read("y", 4)}), committed({read("x", 4), read("y", 3)})}) ==
             "G2-item (anti-dependency cycle)");
}

BOOST_AUTO_TEST_CASE(a_transaction_reads_its_own_writes) {
  BOOST_TEST(found({committed({read("x", 0), write("x", 1), read("x", 1)})}) == "serializable");
  BOOST_TEST(found({committed({write("x", 1), read("x", 0)})}) == "internal (own write not read)");
  BOOST_TEST(found({committed({write("x", 1), erase("x", 1), read("x", absent)})}) == "serializable");
}

BOOST_AUTO_TEST_CASE(a_phantom_is_named) {
  const std::vector<SeenByPredicate> one{{.key = "x", .version = Version{0}}};
  // Both count the doctors on call, see x alone, and add one: y and z.
  const auto both = [&](const std::vector<SeenByPredicate>& second) {
    return std::vector{committed({look("on call", one), write("y", 0, {"on call"})}),
                       committed({look("on call", second), write("z", 0, {"on call"})})};
  };
  BOOST_TEST(found(both(one)) == "G2 (phantom)");
  auto two = one;
  two.push_back({.key = "y", .version = Version{0}});
  BOOST_TEST(found(both(two)) == "serializable");
  // What does not match is no phantom.
  BOOST_TEST(found({committed({look("on call", one), write("y", 0)}),
                    committed({look("on call", one), write("z", 0)})}) == "serializable");
}

BOOST_AUTO_TEST_CASE(an_erased_record_has_a_place_in_the_order) {
  BOOST_TEST(found({committed({read("x", 0), erase("x", 0)}), committed({read("x", 0), write("x", 1)})}) ==
             "G-single (lost update)");
  BOOST_TEST(found({committed({read("x", 0), erase("x", 0)}),
                    committed({read("x", absent), write("x", 1)})}) == "serializable");
}

BOOST_AUTO_TEST_CASE(a_stale_read_breaks_real_time_only) {
  std::vector history{committed({write("x", 1)}), committed({read("x", 0)})};
  history[0].began = 0, history[0].ended = 1;
  history[1].began = 2, history[1].ended = 3;
  BOOST_TEST(found(history) == "serializable");
  BOOST_TEST(found(history, SerialOrder::real_time) == "G-single-realtime (stale read)");
  history[1].began = 1;  // at the same moment: they overlap
  BOOST_TEST(found(history, SerialOrder::real_time) == "serializable");
}

BOOST_AUTO_TEST_CASE(a_version_has_one_writer) {
  BOOST_CHECK_THROW(found({committed({write("x", 1)}), committed({write("x", 1)})}), std::invalid_argument);
  BOOST_CHECK_THROW(found({committed({{.kind = Kind::write, .key = "x"}})}), std::invalid_argument);
}

BOOST_AUTO_TEST_CASE(a_long_history_is_judged_in_linear_time) {
  std::vector<TransactionRecord> history;
  for (std::uint64_t i = 0; i != 20'000; ++i) {
    const std::string key(1, static_cast<char>('a' + i % 7));
    history.push_back(committed({read(key, i / 7), write(key, i / 7 + 1)}));
    history.back().began = 2 * i;
    history.back().ended = 2 * i + 3;
  }
  BOOST_TEST(found(history, SerialOrder::real_time) == "serializable");
}

// --- Brute force: every order of the transactions ---

namespace {

struct Order {
  const std::vector<TransactionRecord>& history;
  bool real_time = false;
  std::vector<const TransactionRecord*> left = {};
  std::map<std::string, std::uint64_t> stored = {};  ///< the rank of a record's version; 0: absent

  static std::uint64_t rank(Version version) { return version.absent() ? 0 : version.number() + 1; }

  /// The versions that are installed, by record, with what they match.
  [[nodiscard]] std::map<std::string, std::map<std::uint64_t, bool>> installed() const {
    std::map<std::string, std::map<std::uint64_t, bool>> all;
    for (const auto* each : left_at_first) {
      std::map<std::string, const TransactionEvent*> last;
      for (const auto& event : each->events) {
        if (event.kind == Kind::write) last[event.key] = &event;
      }
      for (const auto& [key, event] : last) all[key][rank(event->version)] = !event->matches.empty();
    }
    return all;
  }

  [[nodiscard]] bool predicate_holds(const TransactionEvent& event) const {
    for (const auto& [key, versions] : versions_) {
      std::uint64_t at = 0;
      bool matched = false;
      for (const auto& seen : event.seen) {
        if (seen.key == key) at = rank(seen.version), matched = seen.matched;
      }
      const auto now = stored.find(key);
      const std::uint64_t current = now == stored.end() ? 0 : now->second;
      bool status = current == 0 ? false : versions.at(current);
      if (status != matched) return false;
      for (const auto& [version, matches] : versions) {
        if (version > std::min(at, current) && version <= std::max(at, current) && matches != matched)
          return false;
      }
    }
    return true;
  }

  bool place(const TransactionRecord& next) {
    if (real_time) {
      for (const auto* other : left) {
        if (other != &next && other->ended < next.began) return false;
      }
    }
    std::map<std::string, std::uint64_t> own;
    for (const auto& event : next.events) {
      if (event.kind == Kind::predicate_read) {
        if (!predicate_holds(event)) return false;
        continue;
      }
      if (event.kind == Kind::write) {
        own[event.key] = rank(event.version);
        continue;
      }
      const auto mine = own.find(event.key);
      const auto current = mine != own.end() ? mine->second : stored[event.key];
      if (current != rank(event.version)) return false;
    }
    for (const auto& [key, version] : own) {
      if (stored[key] >= version) return false;
      stored[key] = version;
    }
    return true;
  }

  bool search() {
    if (left.empty()) return true;
    for (std::size_t i = 0; i != left.size(); ++i) {
      const auto before = stored;
      const auto* next = left[i];
      if (place(*next)) {
        left.erase(left.begin() + static_cast<std::ptrdiff_t>(i));
        if (search()) return true;
        left.insert(left.begin() + static_cast<std::ptrdiff_t>(i), next);
      }
      stored = before;
    }
    return false;
  }

  bool exists() {
    for (const auto& each : history) {
      if (each.committed) left.push_back(&each);
    }
    left_at_first = left;
    versions_ = installed();
    return search();
  }

  std::vector<const TransactionRecord*> left_at_first = {};
  std::map<std::string, std::map<std::uint64_t, bool>> versions_ = {};
};

/// Transactions that run at once on two records, with reads that are now and then too old or too new.
class Drawn {
 public:
  explicit Drawn(std::mt19937& random) : random_{random} {}

  std::vector<TransactionRecord> history() {
    std::vector<TransactionRecord> all(2 + below(3));
    std::vector<unsigned> left(all.size());
    for (auto& each : left) each = 1 + below(3);
    std::vector<std::size_t> open(all.size());
    for (std::size_t i = 0; i != open.size(); ++i) open[i] = i;
    std::uint64_t now = 0;
    while (!open.empty()) {
      const std::size_t chosen = below(static_cast<unsigned>(open.size()));
      TransactionRecord& each = all[open[chosen]];
      if (each.events.empty()) each.began = now++;
      each.events.push_back(event(each, open[chosen]));
      if (--left[open[chosen]] != 0) continue;
      each.committed = below(12) != 0;
      each.ended = now++;
      for (const auto& event : each.events) {
        if (event.kind == Kind::write && each.committed) committed_[event.key] = event;
      }
      open.erase(open.begin() + static_cast<std::ptrdiff_t>(chosen));
    }
    return all;
  }

 private:
  unsigned below(unsigned bound) { return static_cast<unsigned>(random_() % bound); }

  TransactionEvent event(const TransactionRecord& of, std::size_t number) {
    const std::string key = below(2) == 0 ? "x" : "y";
    const unsigned kind = below(10);
    const bool wrote =
        std::ranges::any_of(of.events, [](const auto& each) { return each.kind == Kind::write; });
    if (kind < 4) {
      auto written = write(key, made_[key].size(),
                           below(2) == 0 ? std::vector<std::string>{} : std::vector<std::string>{"P"});
      made_[key].emplace_back(written, number);
      return written;
    }
    if (kind < 6 && !wrote) {
      TransactionEvent found = look("P", {});
      for (const std::string each : {"x", "y"}) {
        if (const auto seen = version(each, number)) {
          found.seen.push_back({.key = each, .version = seen->version, .matched = !seen->matches.empty()});
        }
      }
      return found;
    }
    const auto own = std::ranges::find_if(of.events.rbegin(), of.events.rend(), [&](const auto& each) {
      return each.kind == Kind::write && each.key == key;
    });
    if (own != of.events.rend() && below(10) != 0) return read(key, own->version);
    const auto seen = version(key, number);
    return read(key, seen ? seen->version : Version{});
  }

  /// Mostly what was committed last; now and then any other, not its own.
  std::optional<TransactionEvent> version(const std::string& key, std::size_t number) {
    if (below(5) == 0 && !made_[key].empty()) {
      const auto& [any, by] = made_[key][below(static_cast<unsigned>(made_[key].size()))];
      if (by != number) return any;
    }
    if (below(8) == 0) return {};
    const auto found = committed_.find(key);
    return found == committed_.end() ? std::nullopt : std::optional{found->second};
  }

  std::mt19937& random_;
  std::map<std::string, std::vector<std::pair<TransactionEvent, std::size_t>>> made_;
  std::map<std::string, TransactionEvent> committed_;
};

/// A predicate read of a version that is not installed is out of both judges' scope.
bool predicates_see_what_is_installed(const std::vector<TransactionRecord>& history) {
  std::set<std::pair<std::string, std::uint64_t>> installed;
  for (const auto& each : history) {
    std::map<std::string, std::uint64_t> last;
    for (const auto& event : each.events) {
      if (event.kind == Kind::write && each.committed) last[event.key] = event.version.number();
    }
    installed.insert(last.begin(), last.end());
  }
  for (const auto& each : history) {
    for (const auto& event : each.events) {
      for (const auto& seen : event.seen) {
        if (!installed.contains({seen.key, seen.version.number()})) return false;
      }
    }
  }
  return true;
}

}  // namespace

BOOST_AUTO_TEST_CASE(it_agrees_with_brute_force) {
  std::mt19937 random{3};
  unsigned serializable = 0;
  unsigned not_serializable = 0;
  std::map<std::string, unsigned> kinds;
  while (serializable + not_serializable != 12'000) {
    const auto history = Drawn{random}.history();
    if (!predicates_see_what_is_installed(history)) continue;
    const bool real_time = random() % 2 == 0;
    const bool expected = Order{history, real_time}.exists();
    const auto judged =
        lockstep::sim::serializability(history, real_time ? SerialOrder::real_time : SerialOrder::any);
    ++(expected ? serializable : not_serializable);
    if (static_cast<bool>(judged) != expected) BOOST_ERROR("the verdicts differ: " << judged.explanation());
    for (const Anomaly& each : judged.anomalies) {
      ++kinds[std::string{to_string(each.kind)} + (each.real_time ? "-realtime" : "")];
      for (std::size_t i = 0; i != each.cycle.size(); ++i) {
        if (each.cycle[i].to != each.cycle[(i + 1) % each.cycle.size()].from)
          BOOST_ERROR("a cycle does not close");
      }
    }
  }
  BOOST_TEST_MESSAGE("serializable " << serializable << ", not " << not_serializable);
  BOOST_TEST(serializable > 3'000U);
  BOOST_TEST(not_serializable > 3'000U);
  for (const auto* kind :
       {"G0", "G1a", "G1b", "G1c", "G-single", "G2-item", "G2", "internal", "G-single-realtime"})
    BOOST_TEST(kinds[kind] >= 20U, kind << " occurs " << kinds[kind] << " times");
}

// --- Recording ---

BOOST_AUTO_TEST_CASE(what_is_not_committed_is_aborted) {
  TransactionHistory history;
  {
    auto lost = history.begin("lost");
    lost.write("x", Version{1});
  }
  auto reader = history.begin();
  reader.read("x", Version{1});
  reader.commit();
  BOOST_TEST(history.transactions().size() == 2U);
  BOOST_TEST(lockstep::sim::serializability(history.transactions()).explanation() ==
             "G1a (aborted read):\n  T2 read x version 1, which lost wrote and aborted");
}

BOOST_AUTO_TEST_CASE(real_threads_record_transactions) {
  TransactionHistory history;
  std::mutex guard;
  std::uint64_t version = 0;
  {
    std::vector<std::thread> threads;
    for (int i = 0; i != 4; ++i) {
      threads.emplace_back([&] {
        for (int each = 0; each != 50; ++each) {
          auto tx = history.begin();
          const std::scoped_lock lock{guard};
          tx.read("x", Version{version});
          tx.write("x", Version{++version});
          tx.commit();
        }
      });
    }
    for (auto& thread : threads) thread.join();
  }
  BOOST_TEST(history.transactions().size() == 200U);
  BOOST_TEST(found(history.transactions(), SerialOrder::real_time) == "serializable");
}

namespace {

/// A write, and a read that may follow it but sees an older state all the same.
void stale_read(SerialOrder order) {
  TransactionHistory history{order};
  atomic<int> unrelated{0};
  concurrently(
      [&] {
        auto tx = history.begin("writer");
        tx.write("x", Version{1});
        tx.commit();
      },
      [&] {
        auto tx = history.begin("reader");
        tx.read("x", Version{0});
        tx.commit();
      });
  check_serializable(history, "the storage");
}

}  // namespace

BOOST_AUTO_TEST_CASE(real_time_is_explored_if_it_is_asked_for) {
  BOOST_TEST(explore([] { stale_read(SerialOrder::any); }).passed());
  const Result strict = explore([] { stale_read(SerialOrder::real_time); });
  BOOST_TEST(test::found(strict) == "check");
  BOOST_TEST(strict.finding->message ==
             "the storage is not strictly serializable: G-single-realtime (stale read):\n"
             "  reader read x version 0, which writer replaced by version 1\n"
             "  writer had ended before reader began");
}

BOOST_AUTO_TEST_SUITE_END()
