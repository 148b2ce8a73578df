// The direct serialization graph of a history, and cycles in it. An edge of a cycle can only lie within a
// strongly connected component; for each such edge a shortest way back makes a shortest cycle through it.
#include <lockstep/core/text.hpp>
#include <lockstep/sim/explore.hpp>
#include <lockstep/sim/history.hpp>
#include <lockstep/sim/serializability.hpp>
#include <lockstep/sim/step.hpp>

#include <algorithm>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <stdexcept>
#include <tuple>

namespace lockstep::sim {

namespace {

using Event = TransactionEvent;
using Kind = Dependency::Kind;

/// Where a version stands in the order of its record's versions: absent, 0, 0 erased, 1, ...
struct Position {
  std::uint64_t rank = 0;
  bool erased = false;
  friend auto operator<=>(const Position&, const Position&) = default;
};

Position position(Version version, bool erased = false) {
  return {version.absent() ? 0 : version.number() + 1, erased};
}

std::string text_of_version(Position at) {
  if (at.rank == 0) return "absent";
  return joined("version ", std::to_string(at.rank - 1), at.erased ? " erased" : "");
}

/// A version that somebody made.
struct Made {
  std::size_t by = 0;
  bool installed = false;  ///< the last one of a transaction that committed
  std::vector<std::string> matches = {};

  [[nodiscard]] bool match(const std::string& predicate) const {
    return std::ranges::find(matches, predicate) != matches.end();
  }
};

using Versions = std::map<Position, Made>;

class Graph {
 public:
  Graph(std::span<const TransactionRecord> history, SerialOrder order) : history_{history}, order_{order} {
    for (const auto& each : history_) names_.push_back(each.name);
    for (std::size_t i = 0; i != names_.size(); ++i) {
      if (names_[i].empty()) names_[i] = joined("T", std::to_string(i + 1));
    }
    collect_writes();
    collect_outsiders();
    for (const auto& [key, versions] : versions_) add_version_order(key, versions);
    for (std::size_t i = 0; i != history_.size(); ++i) {
      if (history_[i].committed) add_reads(i);
    }
    without_real_time_ = edges_.size();
    if (order_ == SerialOrder::real_time) add_real_time();
    for (std::size_t i = 0; i != edges_.size(); ++i) {
      leaving_.resize(names_.size());
      leaving_[edges_[i].from].push_back(i);
    }
    leaving_.resize(names_.size());
  }

  Serializability judge() {
    find_components();
    search(without_real_time_);
    if (edges_.size() != without_real_time_ && anomalies_.empty()) search(edges_.size());
    Serializability result;
    for (auto& [key, anomaly] : anomalies_) result.anomalies.push_back(std::move(anomaly));
    return result;
  }

 private:
  // --- The graph ---

  void collect_writes() {
    for (std::size_t i = 0; i != history_.size(); ++i) {
      std::map<std::string, Made*> latest;
      for (const Event& event : history_[i].events) {
        if (event.kind != Event::Kind::write && event.kind != Event::Kind::erase) continue;
        if (event.version.absent())
          throw std::invalid_argument{joined("a write of ", event.key, " without a version")};
        const bool erased = event.kind == Event::Kind::erase;
        const auto [made, added] =
            versions_[event.key].try_emplace(position(event.version, erased), Made{i, false, event.matches});
        if (!added) {
          throw std::invalid_argument{names_[made->second.by] + " and " + names_[i] + " both made " +
                                      text_of_version(made->first) + " of " + event.key};
        }
        if (erased && history_[i].committed) erased_.insert(event.key);
        latest[event.key] = &made->second;
      }
      for (const auto& [key, made] : latest) made->installed = history_[i].committed;
    }
  }

  /// Who wrote what was read, if nobody in the history did: a transaction for each version.
  void collect_outsiders() {
    for (const auto& record : history_) {
      if (!record.committed) continue;
      for (const Event& event : record.events) {
        if (event.kind == Event::Kind::read) add_outsider(event.key, event.version, {});
        for (const SeenByPredicate& seen : event.seen) {
          const auto matches = seen.matched ? std::vector{event.key} : std::vector<std::string>{};
          add_outsider(seen.key, seen.version, matches);
        }
      }
    }
  }

  void add_outsider(const std::string& key, Version version, const std::vector<std::string>& matches) {
    if (version.absent()) return;
    auto& versions = versions_[key];
    const auto [made, added] = versions.try_emplace(position(version), Made{names_.size(), true, {}});
    if (added) names_.push_back(joined("whoever wrote ", key, " ", text_of_version(made->first)));
    if (made->second.by >= history_.size()) {
      for (const auto& each : matches) made->second.matches.push_back(each);
    }
  }

  void add_edge(std::size_t from, std::size_t to, Kind kind, const std::string& key, std::string text) {
    if (from != to) edges_.push_back({from, to, kind, key, std::move(text)});
  }

  void add_version_order(const std::string& key, const Versions& versions) {
    const Versions::value_type* before = nullptr;
    for (const auto& each : versions) {
      if (!each.second.installed) continue;
      if (before != nullptr) {
        add_edge(before->second.by, each.second.by, Kind::ww, key,
                 names_[before->second.by] + " wrote " + key + " " + text_of_version(before->first) +
                     ", which " + names_[each.second.by] + " replaced by " + text_of_version(each.first));
      }
      before = &each;
    }
  }

  void add_reads(std::size_t reader) {
    std::map<std::string, Position> own;  // what it has written itself so far
    for (const Event& event : history_[reader].events) {
      switch (event.kind) {
        case Event::Kind::write:
          own[event.key] = position(event.version);
          break;
        case Event::Kind::erase:
          own[event.key] = {};
          break;
        case Event::Kind::predicate_read:
          add_predicate_read(reader, event);
          break;
        case Event::Kind::read:
          if (const auto mine = own.find(event.key); mine != own.end()) {
            if (mine->second != position(event.version)) add_internal(reader, event, mine->second);
          } else {
            add_read(reader, event);
          }
      }
    }
  }

  void add_read(std::size_t reader, const Event& event) {
    const Position at = position(event.version);
    if (at.rank == 0 && erased_.contains(event.key)) return;
    const auto known = versions_.find(event.key);
    if (known == versions_.end()) return;  // nobody ever wrote it
    const Versions& versions = known->second;
    const std::string read = names_[reader] + " read " + event.key + " " + text_of_version(at);
    if (const auto made = versions.find(at); made != versions.end()) {
      const std::size_t writer = made->second.by;
      if (writer == reader) return add_internal(reader, event, {});
      if (!made->second.installed) return add_dirty_read(reader, writer, read);
      add_edge(writer, reader, Kind::wr, event.key,
               names_[writer] + " wrote " + event.key + " " + text_of_version(at) + ", which " +
                   names_[reader] + " read");
    }
    for (auto next = versions.upper_bound(at); next != versions.end(); ++next) {
      if (!next->second.installed) continue;
      add_edge(reader, next->second.by, Kind::rw, event.key,
               read + ", which " + names_[next->second.by] + " replaced by " + text_of_version(next->first));
      break;
    }
  }

  void add_predicate_read(std::size_t reader, const Event& event) {
    for (const auto& [key, versions] : versions_) {
      Position at;
      bool matched = false;
      for (const SeenByPredicate& seen : event.seen) {
        if (seen.key != key) continue;
        at = position(seen.version);
        matched = seen.matched;
      }
      add_seen(reader, event.key, key, versions, at, matched);
    }
  }

  void add_seen(std::size_t reader, const std::string& predicate, const std::string& key,
                const Versions& versions, Position at, bool matched) {
    const Versions::value_type* change = nullptr;  // the latest that it saw
    std::optional<bool>
        before;  // whether the version before matched: unknown, unless the record was made here
    if (versions.begin()->first.rank == 1) before = false;
    for (const auto& each : versions) {
      if (!each.second.installed) continue;
      const bool matches = each.second.match(predicate);
      if (each.first > at) {
        if (matches == matched) continue;
        add_edge(reader, each.second.by, Kind::predicate_rw, predicate,
                 names_[reader] + " looked for " + predicate + ", and " + names_[each.second.by] +
                     " changed what matches by " + key + " " + text_of_version(each.first));
        break;
      }
      if (before && *before != matches) change = &each;
      before = matches;
    }
    if (change == nullptr) return;
    add_edge(change->second.by, reader, Kind::predicate_wr, predicate,
             names_[change->second.by] + " changed what matches " + predicate + " by " + key + " " +
                 text_of_version(change->first) + ", which " + names_[reader] + " saw");
  }

  /// Who ended before another began. Those that follow from others are left out: for each begin, only the
  /// ends after which no other transaction has begun and ended.
  void add_real_time() {
    std::vector<std::size_t> by_begin;
    for (std::size_t i = 0; i != history_.size(); ++i) {
      if (history_[i].committed) by_begin.push_back(i);
    }
    auto by_end = by_begin;
    std::ranges::sort(by_begin, {}, [&](std::size_t i) { return std::pair{history_[i].began, i}; });
    std::ranges::sort(by_end, {}, [&](std::size_t i) { return std::pair{history_[i].ended, i}; });
    std::vector<std::size_t> frontier;
    auto end = by_end.begin();
    for (const std::size_t begins : by_begin) {
      for (; end != by_end.end() && history_[*end].ended < history_[begins].began; ++end) {
        std::erase_if(frontier, [&](std::size_t i) { return history_[i].ended < history_[*end].began; });
        frontier.push_back(*end);
      }
      for (const std::size_t ended : frontier) {
        add_edge(ended, begins, Kind::real_time, {},
                 names_[ended] + " had ended before " + names_[begins] + " began");
      }
    }
  }

  // --- Anomalies without a cycle ---

  void add_dirty_read(std::size_t reader, std::size_t writer, const std::string& read) {
    const bool aborted = !history_[writer].committed;
    keep(
        {.kind = aborted ? Anomaly::Kind::g1a : Anomaly::Kind::g1b,
         .name = aborted ? "aborted read" : "intermediate read",
         .text = read + ", which " + names_[writer] + (aborted ? " wrote and aborted" : " replaced itself")});
    static_cast<void>(reader);
  }

  void add_internal(std::size_t reader, const Event& event, Position mine) {
    keep({.kind = Anomaly::Kind::internal,
          .name = "own write not read",
          .text = names_[reader] + " read " + event.key + " " + text_of_version(position(event.version)) +
                  (mine.rank != 0 ? ", having written " + text_of_version(mine)
                                  : ", its own write, out of turn")});
  }

  // --- Cycles ---

  /// Tarjan's strongly connected components, without recursion.
  void find_components() {
    const std::size_t nodes = names_.size();
    component_.assign(nodes, none);
    std::vector<std::size_t> index(nodes, none);
    std::vector<std::size_t> low(nodes, 0);
    std::vector<std::size_t> stack;
    std::vector<std::pair<std::size_t, std::size_t>> path;  // a node, and which of its edges is next
    std::size_t visited = 0;
    std::size_t components = 0;
    for (std::size_t root = 0; root != nodes; ++root) {
      if (index[root] != none) continue;
      path.emplace_back(root, 0);
      while (!path.empty()) {
        auto& [node, next] = path.back();
        if (next == 0 && index[node] == none) {
          index[node] = low[node] = visited++;
          stack.push_back(node);
        }
        if (next != leaving_[node].size()) {
          const std::size_t to = edges_[leaving_[node][next++]].to;
          if (index[to] == none) {
            path.emplace_back(to, 0);
          } else if (component_[to] == none) {
            low[node] = std::min(low[node], index[to]);
          }
          continue;
        }
        const std::size_t done = node;
        path.pop_back();
        if (!path.empty()) low[path.back().first] = std::min(low[path.back().first], low[done]);
        if (low[done] != index[done]) continue;
        for (std::size_t member = none; member != done;) {
          member = stack.back();
          stack.pop_back();
          component_[member] = components;
        }
        ++components;
      }
    }
  }

  /// Cycles of the first so many edges, from the strictest kind to the loosest.
  void search(std::size_t edges) {
    for (std::size_t i = 0; i != edges; ++i) {
      const Dependency& edge = edges_[i];
      if (component_[edge.from] != component_[edge.to]) continue;
      switch (edge.kind) {
        case Kind::ww:
          close(i, Anomaly::Kind::g0, edges, {Kind::ww});
          break;
        case Kind::wr:
        case Kind::predicate_wr:
          close(i, Anomaly::Kind::g1c, edges, {Kind::ww, Kind::wr, Kind::predicate_wr});
          break;
        case Kind::rw:
          if (!close(i, Anomaly::Kind::g_single, edges, {Kind::ww, Kind::wr, Kind::predicate_wr}))
            close(i, Anomaly::Kind::g2_item, edges, {Kind::ww, Kind::wr, Kind::predicate_wr, Kind::rw});
          break;
        case Kind::predicate_rw:
          close(i, Anomaly::Kind::g2, edges,
                {Kind::ww, Kind::wr, Kind::predicate_wr, Kind::rw, Kind::predicate_rw});
          break;
        case Kind::real_time:
          break;  // a cycle has another edge as well
      }
    }
  }

  /// Keeps the cycle of an edge and a shortest way back along edges of these kinds, if there is one.
  bool close(std::size_t first, Anomaly::Kind kind, std::size_t edges, std::set<Kind> allowed) {
    if (edges != without_real_time_) allowed.insert(Kind::real_time);
    const std::vector<std::size_t> back = way(edges_[first].to, edges_[first].from, edges, allowed);
    if (back.empty()) return false;
    Anomaly anomaly{.kind = kind};
    anomaly.cycle.push_back(edges_[first]);
    for (const std::size_t edge : back) anomaly.cycle.push_back(edges_[edge]);
    anomaly.real_time = std::ranges::any_of(
        anomaly.cycle, [](const Dependency& each) { return each.kind == Kind::real_time; });
    anomaly.name = name(anomaly);
    for (const Dependency& each : anomaly.cycle)
      anomaly.text += joined(anomaly.text.empty() ? "" : "\n", each.text);
    keep(std::move(anomaly));
    return true;
  }

  [[nodiscard]] std::vector<std::size_t> way(std::size_t from, std::size_t to, std::size_t edges,
                                             const std::set<Kind>& allowed) const {
    std::vector<std::size_t> came_by(names_.size(), none);
    std::vector<std::size_t> queue{from};
    for (std::size_t i = 0; i != queue.size() && came_by[to] == none; ++i) {
      for (const std::size_t edge : leaving_[queue[i]]) {
        const Dependency& each = edges_[edge];
        if (edge >= edges || !allowed.contains(each.kind) || came_by[each.to] != none || each.to == from)
          continue;
        came_by[each.to] = edge;
        queue.push_back(each.to);
      }
    }
    std::vector<std::size_t> path;
    if (came_by[to] == none) return path;
    for (std::size_t node = to; node != from; node = edges_[came_by[node]].from)
      path.push_back(came_by[node]);
    std::ranges::reverse(path);
    return path;
  }

  /// Berenson's name for a cycle, where it has one.
  static std::string name(const Anomaly& anomaly) {
    const auto& cycle = anomaly.cycle;
    const bool one_record =
        std::ranges::all_of(cycle, [&](const Dependency& each) { return each.key == cycle.front().key; });
    const Kind last = cycle.back().kind;
    if (anomaly.real_time)
      return cycle.front().kind == Kind::rw && cycle.size() == 2 ? "stale read" : "real-time order violated";
    switch (anomaly.kind) {
      case Anomaly::Kind::g0:
        return "dirty write";
      case Anomaly::Kind::g1c:
        return "circular information flow";
      case Anomaly::Kind::g_single:
        if (one_record) return last == Kind::ww ? "lost update" : "fuzzy read";
        return last == Kind::ww ? "single anti-dependency" : "read skew";
      case Anomaly::Kind::g2_item:
        return cycle.size() == 2 ? "write skew" : "anti-dependency cycle";
      case Anomaly::Kind::g2:
        return "phantom";
      default:
        return {};
    }
  }

  void keep(Anomaly anomaly) {
    const auto key = std::tuple{anomaly.kind, anomaly.name};
    const auto [kept, added] = anomalies_.try_emplace(key, anomaly);
    if (!added && anomaly.cycle.size() < kept->second.cycle.size()) kept->second = std::move(anomaly);
  }

  static constexpr std::size_t none = std::numeric_limits<std::size_t>::max();

  std::span<const TransactionRecord> history_;
  SerialOrder order_;
  std::vector<std::string> names_;  ///< of the history's transactions, and of others after them
  std::map<std::string, Versions> versions_;
  std::set<std::string> erased_;
  std::vector<Dependency> edges_;
  std::size_t without_real_time_ = 0;
  std::vector<std::vector<std::size_t>> leaving_;
  std::vector<std::size_t> component_;
  std::map<std::tuple<Anomaly::Kind, std::string>, Anomaly> anomalies_;
};

}  // namespace

std::string_view to_string(Anomaly::Kind kind) {
  switch (kind) {
    case Anomaly::Kind::g0:
      return "G0";
    case Anomaly::Kind::g1a:
      return "G1a";
    case Anomaly::Kind::g1b:
      return "G1b";
    case Anomaly::Kind::g1c:
      return "G1c";
    case Anomaly::Kind::g_single:
      return "G-single";
    case Anomaly::Kind::g2_item:
      return "G2-item";
    case Anomaly::Kind::g2:
      return "G2";
    case Anomaly::Kind::internal:
      break;
  }
  return "internal";
}

std::string Serializability::explanation() const {
  std::string all;
  for (const Anomaly& anomaly : anomalies) {
    std::string indented = anomaly.text;
    for (std::size_t at = 0; (at = indented.find('\n', at)) != std::string::npos; ++at)
      indented.insert(at + 1, "  ");
    all += joined(all.empty() ? "" : "\n", to_string(anomaly.kind), anomaly.real_time ? "-realtime" : "",
                  " (", anomaly.name, "):\n  ", indented);
  }
  return all;
}

Serializability serializability(std::span<const TransactionRecord> history, SerialOrder order) {
  return Graph{history, order}.judge();
}

// --- Recording ---

namespace {

/// A step at the begin or the end of a transaction, if it makes a difference.
template <class Effect>
void moment(SerialOrder order, std::string_view operation, const std::string& name, bool begins,
            Effect&& effect) {
  const Execution* execution = Execution::current();
  if (execution == nullptr || order == SerialOrder::any) return effect();
  const Footprint footprint =
      begins ? detail::invocation_footprint() : detail::return_footprint(execution->self());
  step(operation, footprint, effect, recording() ? object(name.empty() ? "transaction" : name) : ObjectId{});
}

}  // namespace

std::uint64_t TransactionHistory::now() {
  const std::scoped_lock lock{mutex_};
  return clock_++;
}

void TransactionHistory::add(TransactionRecord record) {
  const std::scoped_lock lock{mutex_};
  records_.push_back(std::move(record));
}

TransactionHistory::Recording::Recording(TransactionHistory& history, std::string name) : history_{&history} {
  record_.name = std::move(name);
  record_.committed = false;
  moment(history_->order_, "begin", record_.name, true, [&] { record_.began = history_->now(); });
}

TransactionHistory::Recording::~Recording() {
  if (ended_ || !wrote()) return;
  record_.ended = history_->now();
  history_->add(std::move(record_));
}

bool TransactionHistory::Recording::wrote() const noexcept {
  return std::ranges::any_of(record_.events, [](const TransactionEvent& event) {
    return event.kind == TransactionEvent::Kind::write || event.kind == TransactionEvent::Kind::erase;
  });
}

void TransactionHistory::Recording::read(std::string key, Version version) {
  add({.kind = TransactionEvent::Kind::read, .key = std::move(key), .version = version});
}

void TransactionHistory::Recording::write(std::string key, Version version,
                                          std::vector<std::string> matches) {
  add({.kind = TransactionEvent::Kind::write,
       .key = std::move(key),
       .version = version,
       .matches = std::move(matches)});
}

void TransactionHistory::Recording::erase(std::string key, Version version) {
  add({.kind = TransactionEvent::Kind::erase, .key = std::move(key), .version = version});
}

void TransactionHistory::Recording::predicate_read(std::string predicate, std::vector<SeenByPredicate> seen) {
  add({.kind = TransactionEvent::Kind::predicate_read, .key = std::move(predicate), .seen = std::move(seen)});
}

void TransactionHistory::Recording::add(TransactionEvent event) {
  record_.events.push_back(std::move(event));
}

void TransactionHistory::Recording::commit() {
  moment(history_->order_, "end", record_.name, false, [&] {
    record_.committed = true;
    record_.ended = history_->now();
    ended_ = true;
    history_->add(std::move(record_));
  });
}

void check_serializable(const TransactionHistory& history, std::string_view what) {
  const Serializability found = serializability(history.transactions(), history.order());
  if (found) return check(true, what, {});
  const std::string message = std::string{what} +
                              (history.order() == SerialOrder::any ? " is not" : " is not strictly") +
                              " serializable: ";
  // While exploring, findings are told apart by their message: only what is shown has the details.
  check(false, message + (recording() ? found.explanation() : found.anomalies.front().name), {});
}

}  // namespace lockstep::sim
