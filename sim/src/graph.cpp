#include "graph.hpp"

#include <bit>

namespace lockstep::sim {

void Graph::clear() {
  events_.clear();
  clocks_.clear();
  for (unsigned i = 0; i != count_; ++i) threads_[i].clear();
  count_ = location_count_ = 0;
  strong_fences_ = false;
}

unsigned Graph::location(ObjectId object) {
  for (unsigned i = 0; i != location_count_; ++i) {
    if (locations_[i].object == object) return i;
  }
  if (location_count_ == locations_.size()) locations_.emplace_back();
  Location& added = locations_[location_count_];
  added.object = object;
  added.writes.clear();
  added.reads.clear();
  return location_count_++;
}

void Graph::reserve(unsigned threads) {
  if (threads <= count_) return;
  if (threads > threads_.size()) threads_.resize(threads);
  count_ = threads;
  if (2 * threads <= lanes_) return;
  const unsigned wider = std::bit_ceil(2 * threads);
  std::vector<Lane> clocks(clocks_.size() / lanes_ * wider, 0);
  for (std::size_t i = 0; i != clocks_.size() / lanes_; ++i)
    std::copy_n(clocks_.data() + i * lanes_, lanes_, clocks.data() + i * wider);
  clocks_ = std::move(clocks);
  lanes_ = wider;
}

Slot Graph::add(GraphEvent event) {
  const auto slot = static_cast<Slot>(events_.size());
  std::vector<Slot>& thread = threads_[event.thread];
  event.index = static_cast<std::uint16_t>(thread.size());
  thread.push_back(slot);
  if (event.kind == GraphEvent::Kind::read) locations_[event.location].reads.push_back(slot);
  if (event.kind == GraphEvent::Kind::fence && event.order == std::memory_order_seq_cst)
    strong_fences_ = true;
  events_.push_back(event);
  clocks_.resize(clocks_.size() + std::size_t{clocks_per_event} * lanes_, 0);
  return slot;
}

void Graph::take_back() {
  const GraphEvent& event = events_.back();
  threads_[event.thread].pop_back();
  if (event.kind == GraphEvent::Kind::read) locations_[event.location].reads.pop_back();
  events_.pop_back();
  clocks_.resize(events_.size() * clocks_per_event * lanes_);
}

void Graph::displace(Slot write) { std::erase(locations_[events_[write].location].writes, write); }

void Graph::place(Slot write, std::size_t position) {
  auto& writes = locations_[events_[write].location].writes;
  writes.insert(writes.begin() + static_cast<std::ptrdiff_t>(position), write);
}

std::size_t Graph::position(unsigned location, Slot write) const noexcept {
  if (write == at_first) return 0;
  const auto& writes = locations_[location].writes;
  std::size_t i = writes.size();
  while (writes[i - 1] != write) --i;
  return i;
}

std::size_t Graph::oldest(unsigned location, const Lane* before) const noexcept {
  const Location& place = locations_[location];
  std::size_t oldest = place.writes.size();
  while (oldest != 0 && !includes(before, place.writes[oldest - 1])) --oldest;
  for (const Slot read : place.reads) {
    if (!includes(before, read) || events_[read].from == at_first) continue;
    oldest = std::max(oldest, position(location, events_[read].from));
  }
  return oldest;
}

// --- What a model says besides coherence ---

bool Graph::consistent(MemoryModel model) const {
  return model == MemoryModel::sc ? sequentially_consistent() : partially_consistent();
}

namespace {

/// A relation between few things.
class Relation {
 public:
  explicit Relation(std::size_t size) : size_{size}, words_{(size + 63) / 64}, bits_(size * words_) {}
  void add(std::size_t from, std::size_t to) noexcept {
    bits_[from * words_ + to / 64] |= std::uint64_t{1} << (to % 64);
  }
  [[nodiscard]] bool has(std::size_t from, std::size_t to) const noexcept {
    return (bits_[from * words_ + to / 64] >> (to % 64) & 1U) != 0;
  }
  /// What `from` leads to, `other` leads to as well.
  void inherit(std::size_t other, std::size_t from) noexcept {
    for (std::size_t word = 0; word != words_; ++word)
      bits_[other * words_ + word] |= bits_[from * words_ + word];
  }
  /// True if nothing leads to itself.
  [[nodiscard]] bool acyclic() {
    for (std::size_t via = 0; via != size_; ++via) {
      for (std::size_t from = 0; from != size_; ++from) {
        if (has(from, via)) inherit(from, via);
      }
    }
    for (std::size_t i = 0; i != size_; ++i) {
      if (has(i, i)) return false;
    }
    return true;
  }

 private:
  std::size_t size_;
  std::size_t words_;
  std::vector<std::uint64_t> bits_;
};

}  // namespace

/// Program order, starting and joining, reading from, modification order and what was read before it was
/// overwritten have no cycle.
bool Graph::sequentially_consistent() const {
  Relation before{size()};
  for (Slot slot = 0; slot != size(); ++slot) {
    // What an event needs, of each thread the latest.
    for (unsigned thread = 0; thread != count_; ++thread) {
      const std::size_t needed =
          std::min<std::size_t>(needs(slot)[events_of(thread)], threads_[thread].size());
      if (thread == events_[slot].thread) {
        if (events_[slot].index != 0) before.add(threads_[thread][events_[slot].index - 1U], slot);
      } else if (needed != 0) {
        before.add(threads_[thread][needed - 1], slot);
      }
    }
  }
  for (unsigned i = 0; i != location_count_; ++i) {
    const auto& writes = locations_[i].writes;
    for (std::size_t next = 1; next < writes.size(); ++next) before.add(writes[next - 1], writes[next]);
    for (const Slot read : locations_[i].reads) {
      const std::size_t next = position(i, events_[read].from);
      if (next != writes.size()) before.add(read, writes[next]);
    }
  }
  return before.acyclic();
}

/// psc of RC11 has no cycle.
bool Graph::partially_consistent() const {
  std::vector<Slot> strong;  // the events that it relates
  for (Slot slot = 0; slot != size(); ++slot) {
    if (events_[slot].order == std::memory_order_seq_cst && events_[slot].kind != GraphEvent::Kind::choice)
      strong.push_back(slot);
  }
  if (strong.size() < 2) return true;
  const auto is_fence = [&](Slot slot) { return events_[slot].kind == GraphEvent::Kind::fence; };
  const auto happens_before = [&](Slot a, Slot b) { return a != b && includes(after(b), a); };
  const auto same_location = [&](Slot a, Slot b) {
    const auto accesses = [&](Slot slot) {
      return events_[slot].kind == GraphEvent::Kind::read || events_[slot].kind == GraphEvent::Kind::write;
    };
    return accesses(a) && accesses(b) && events_[a].location == events_[b].location;
  };
  const auto in_order = [&](Slot a, Slot b) {
    return events_[a].thread == events_[b].thread && events_[a].index < events_[b].index;
  };
  // Where an access stands: a write at its place, a read at that of what it reads.
  std::vector<std::size_t> places(size(), 0);
  for (Slot slot = 0; slot != size(); ++slot) {
    const GraphEvent& event = events_[slot];
    if (event.kind == GraphEvent::Kind::read) places[slot] = position(event.location, event.from);
  }
  for (unsigned i = 0; i != location_count_; ++i) {
    for (std::size_t at = 0; at != locations_[i].writes.size(); ++at)
      places[locations_[i].writes[at]] = at + 1;
  }
  const auto is_write = [&](Slot slot) { return events_[slot].kind == GraphEvent::Kind::write; };
  // Modification order, and reads before what overwrites them.
  const auto overwritten = [&](Slot a, Slot b) {
    return same_location(a, b) && is_write(b) && places[a] < places[b];
  };
  // Extended coherence order: besides these, reading from, and reading what was written after.
  const auto coherence = [&](Slot a, Slot b) {
    if (a == b || !same_location(a, b)) return false;
    if (is_write(b)) return places[a] < places[b];
    return is_write(a) ? places[a] <= places[b] : places[a] < places[b];
  };
  // sb; hb; sb, of which the first and the last are not between accesses of one location. If that is so for
  // any events in between, it is for the nearest ones. What primitives and threads order is of no location.
  const auto by_others = [&](Slot a, Slot b) {
    const auto& first = threads_[events_[a].thread];
    const auto& last = threads_[events_[b].thread];
    std::size_t after_a = events_[a].index + 1U;
    while (after_a != first.size() && same_location(a, first[after_a])) ++after_a;
    std::size_t before_b = events_[b].index;
    while (before_b != 0 && same_location(last[before_b - 1], b)) --before_b;
    const auto follows = [&](const Lane* known) {
      return known[given_by(events_[a].thread)] > events_[a].index ||
             (after_a != first.size() && includes(known, first[after_a]));
    };
    return follows(taken(b)) || (before_b != 0 && follows(after(last[before_b - 1])));
  };
  const auto strongly = [&](Slot a, Slot b) {
    return in_order(a, b) || overwritten(a, b) || (same_location(a, b) && happens_before(a, b)) ||
           by_others(a, b);
  };
  // Which of the strong events an event may stand for, as the first of a step between two of them, or as the
  // last.
  struct Ends {
    Slot event;
    std::vector<std::size_t> nodes;   ///< itself, or fences
    std::vector<std::size_t> fences;  ///< before it, or after it
  };
  std::vector<Ends> firsts;
  std::vector<Ends> lasts;
  for (Slot event = 0; event != size(); ++event) {
    if (events_[event].kind == GraphEvent::Kind::choice) continue;
    Ends first{event, {}, {}};
    Ends last{event, {}, {}};
    for (std::size_t node = 0; node != strong.size(); ++node) {
      if (strong[node] == event) {
        first.nodes.push_back(node);
        last.nodes.push_back(node);
      } else if (is_fence(strong[node])) {
        if (happens_before(strong[node], event)) first.fences.push_back(node);
        if (happens_before(event, strong[node])) last.fences.push_back(node);
      }
    }
    first.nodes.insert(first.nodes.end(), first.fences.begin(), first.fences.end());
    last.nodes.insert(last.nodes.end(), last.fences.begin(), last.fences.end());
    if (!first.nodes.empty()) firsts.push_back(std::move(first));
    if (!last.nodes.empty()) lasts.push_back(std::move(last));
  }
  Relation order{strong.size()};
  const auto relate = [&](const std::vector<std::size_t>& from, const std::vector<std::size_t>& to) {
    for (const std::size_t a : from) {
      for (const std::size_t b : to) order.add(a, b);
    }
  };
  for (const Ends& first : firsts) {
    for (const Ends& last : lasts) {
      if (first.event == last.event) continue;
      if (strongly(first.event, last.event)) relate(first.nodes, last.nodes);
      const bool fences = !first.fences.empty() && !last.fences.empty();
      if (fences && coherence(first.event, last.event)) relate(first.fences, last.fences);
    }
  }
  for (std::size_t from = 0; from != strong.size(); ++from) {
    for (std::size_t to = 0; to != strong.size(); ++to) {
      if (is_fence(strong[from]) && is_fence(strong[to]) && happens_before(strong[from], strong[to]))
        order.add(from, to);
    }
  }
  return order.acyclic();
}

}  // namespace lockstep::sim
