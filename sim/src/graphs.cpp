#include "graphs.hpp"

#include "thread_set.hpp"

#include <algorithm>
#include <bit>
#include <utility>

namespace lockstep::sim {

namespace {

constexpr std::size_t most_accesses = 2;

/// What of an operation on primitives is a read-modify-write: all that it does not let go of.
template <class Visit>
void each_access(const Operation& operation, const Visit& visit) {
  for (const Access& access : operation.footprint()) {
    if (!operation.gives_back(access.object)) visit(access.object);
  }
}

std::size_t accesses(const Operation& operation) {
  std::size_t count = 0;
  each_access(operation, [&](ObjectId) { ++count; });
  return count;
}

bool has_events(const Operation& operation) { return operation.of_memory() || accesses(operation) != 0; }

}  // namespace

// --- One graph after the other ---

bool Graphs::begin() {
  if (!std::exchange(started_, true)) {
    graph_.clear();
  } else {
    for (;;) {
      if (stack_.empty()) {
        complete_ = true;
        return false;
      }
      Node& node = stack_.back();
      if (node.items.empty()) {
        stack_.pop_back();
        continue;
      }
      Item item = node.items.back();
      node.items.pop_back();
      bool again = false;
      const std::shared_ptr<const Graph> whole = node.graph;
      const bool restored = restore(*whole, item, again);
      if (again) node.items.push_back(item);
      if (restored) break;
    }
  }
  begun_with_ = graph_.size();
  replaying_ = begun_with_ != 0;
  unfinished_ = max_threads;
  given_up_ = false;
  items_.clear();
  schedule_.clear();
  return true;
}

bool Graphs::end(const Ending& ending) {
  if (!items_.empty()) {
    keep_items(std::make_shared<Graph>(std::move(graph_)));
    graph_ = {};
  }
  return !ending.pruned;
}

void Graphs::keep_items(std::shared_ptr<const Graph> graph) {
  stack_.push_back({std::move(graph), std::move(items_)});
  items_ = {};
}

std::uint64_t Graphs::left() const {
  std::uint64_t left = 0;
  for (const Node& node : stack_) left += node.items.size();
  return left;
}

std::unique_ptr<Explorer> Graphs::split() {
  if (left() < 2) return nullptr;
  auto other = std::make_unique<Graphs>(model_);
  other->started_ = true;
  Node& first = stack_.front();
  if (stack_.size() == 1) {
    const auto half = static_cast<std::ptrdiff_t>(first.items.size() / 2);
    other->stack_.push_back({first.graph, {first.items.begin(), first.items.begin() + half}});
    first.items.erase(first.items.begin(), first.items.begin() + half);
  } else {
    other->stack_.push_back(std::move(first));
    stack_.erase(stack_.begin());
  }
  return other;
}

/// Makes the graph that `item` says. False if the model does not allow it. `again`: the item stands for more.
bool Graphs::restore(const Graph& whole, Item& item, bool& again) {
  check_ = false;
  if (item.kind == Item::Kind::revisit) return restore_revisit(whole, item, again);
  if (item.kind == Item::Kind::torn) return restore_torn(whole, item);
  graph_.restrict(whole, [&](Slot slot) { return slot < item.slot; });
  GraphEvent event = whole[item.slot];
  switch (item.kind) {
    case Item::Kind::read:
      event.from = item.readings[0].from;
      event.order = item.order;
      event.exclusive = item.exclusive;
      graph_.add(event);
      break;
    case Item::Kind::choice:
      event.from = static_cast<Slot>(item.number);
      graph_.add(event);
      break;
    default:
      graph_.place(graph_.add(event), item.number);
      break;
  }
  return true;
}

bool Graphs::restore_revisit(const Graph& whole, Item& item, bool& again) {
  const Lane* const needed = whole.needs(item.slot);
  Slot reader = 0;
  Slot write = 0;
  Slot kept = 0;
  graph_.restrict(whole, [&](Slot slot) {
    if (slot > item.slot || (slot > item.reader && !whole.includes(needed, slot))) return false;
    if (slot == item.reader) reader = kept;
    if (slot == item.slot) write = kept;
    ++kept;
    return true;
  });
  graph_[reader].from = write;
  const unsigned location = graph_[write].location;
  if (!graph_[write].exclusive) {
    graph_.displace(write);
    const auto& writes = graph_.at(location).writes;
    std::size_t number = item.number;
    std::size_t place = graph_.oldest(location, graph_.after(write));
    const auto allowed = [&](std::size_t at) { return at == writes.size() || !graph_[writes[at]].exclusive; };
    for (; place <= writes.size(); ++place) {
      if (allowed(place) && number-- == 0) break;
    }
    if (place > writes.size()) return false;
    again = place != writes.size();
    ++item.number;
    graph_.place(write, place);
  }
  read_anew(reader);
  return allowed(reader, write);
}

bool Graphs::restore_torn(const Graph& whole, const Item& item) {
  needed_.assign(whole.needs_to_read(item.slot), whole.needs_to_read(item.slot) + whole.lanes());
  for (std::size_t i = 0; i != item.count; ++i) {
    const Slot from = item.readings[i].from;
    if (from == at_first) continue;
    need(whole, from);
  }
  std::vector<Slot> renumbered(item.slot, nothing);
  Slot kept = 0;
  graph_.restrict(whole, [&](Slot slot) {
    if (slot >= item.slot || (slot > item.reader && !whole.includes(needed_.data(), slot))) return false;
    renumbered[slot] = kept++;
    return true;
  });
  GraphEvent event = whole[item.slot];
  event.order = item.order;
  event.exclusive = true;
  const auto read = static_cast<Slot>(graph_.size());
  for (std::size_t i = 0; i != item.count; ++i) {
    const Slot from = item.readings[i].from;
    event.location = static_cast<std::uint16_t>(item.readings[i].location);
    event.from = from == at_first ? at_first : renumbered[from];
    const Slot added = graph_.add(event);
    std::copy_n(whole.before_reading(item.slot), whole.lanes(), graph_.before_reading(added));
    std::copy_n(whole.needs_to_read(item.slot), whole.lanes(), graph_.needs_to_read(added));
    std::copy_n(whole.taken(item.slot), whole.lanes(), graph_.taken(added));
    read_anew(added);
  }
  event.kind = GraphEvent::Kind::write;
  event.from = nothing;
  const auto written = static_cast<Slot>(graph_.size());
  for (Slot i = 0; i != item.count; ++i) {
    event.location = graph_[read + i].location;
    const Slot write = graph_.add(event);
    graph_.place(write, graph_.position(event.location, graph_[read + i].from));
    write_anew(write, read + i);
  }
  const Slot reader = renumbered[item.reader];
  graph_[reader].from = written + item.which;
  read_anew(reader);
  return allowed(reader, written + item.which);
}

/// What comes before and after a read that reads from another write than before, and that nothing follows.
void Graphs::read_anew(Slot read) {
  const GraphEvent& event = graph_[read];
  const unsigned lanes = graph_.lanes();
  std::copy_n(graph_.needs_to_read(read), lanes, graph_.needs(read));
  std::copy_n(graph_.before_reading(read), lanes, graph_.after(read));
  const auto join = [&](Lane* to, const Lane* from) {
    for (unsigned lane = 0; lane != lanes; ++lane) to[lane] = std::max(to[lane], from[lane]);
  };
  if (event.from != at_first) {
    join(graph_.needs(read), graph_.needs(event.from));
    if (!event.primitive && acquires(event.order)) join(graph_.after(read), graph_.message(event.from));
  }
  graph_.needs(read)[events_of(event.thread)] = graph_.after(read)[events_of(event.thread)] =
      static_cast<Lane>(event.index + 1U);
}

/// Likewise of the write that belongs to it.
void Graphs::write_anew(Slot write, Slot read) {
  const GraphEvent& event = graph_[write];
  const unsigned lanes = graph_.lanes();
  std::copy_n(graph_.needs(read), lanes, graph_.needs(write));
  std::copy_n(graph_.after(read), lanes, graph_.after(write));
  std::copy_n(graph_.taken(read), lanes, graph_.taken(write));
  graph_.needs(write)[events_of(event.thread)] = graph_.after(write)[events_of(event.thread)] =
      static_cast<Lane>(event.index + 1U);
  if (event.primitive) return;
  const Lane* released = graph_.after(write);
  if (!releases(event.order)) {
    const auto& events = graph_.of(event.thread);
    const auto fence = std::find_if(events.rbegin(), events.rend(), [&](Slot slot) {
      return graph_[slot].kind == GraphEvent::Kind::fence && releases(graph_[slot].order);
    });
    released = fence == events.rend() ? nullptr : graph_.after(*fence);
  }
  Lane* const message = graph_.message(write);
  if (released != nullptr) std::copy_n(released, lanes, message);
  if (const Slot from = graph_[read].from; from != at_first) {
    for (unsigned lane = 0; lane != lanes; ++lane)
      message[lane] = std::max(message[lane], graph_.message(from)[lane]);
  }
}

/// True if the model allows that `reader` reads from `write`, which were brought together last. Whether a
/// read-modify-write writes what it then writes, and so which of its orders it has, shows when it is
/// executed.
bool Graphs::allowed(Slot reader, Slot write) {
  check_ = false;
  if (!readable(reader, write)) return false;
  GraphEvent& event = graph_[reader];
  const auto allows = [&] {
    const bool asked = graph_.needs_a_check(model_, graph_[write]) || graph_.needs_a_check(model_, event);
    return !asked || graph_.consistent(model_);
  };
  const bool now = allows();
  if (event.primitive || event.order == event.otherwise) return now;
  std::swap(event.order, event.otherwise);
  read_anew(reader);
  const bool otherwise = allows();
  std::swap(event.order, event.otherwise);
  read_anew(reader);
  check_ = now != otherwise;
  return now || otherwise;
}

/// What is needed is also what reading from `write` needs.
void Graphs::need(const Graph& graph, Slot write) {
  const bool primitive = graph[write].primitive;
  for (unsigned lane = 0; lane != graph.lanes(); ++lane) {
    needed_[lane] = std::max(needed_[lane], graph.needs(write)[lane]);
    if (primitive) needed_[lane] = std::max(needed_[lane], graph.message(write)[lane]);
  }
}

/// True if it is coherent that `reader` reads from `write`.
bool Graphs::readable(Slot reader, Slot write) const {
  const unsigned location = graph_[write].location;
  return graph_.position(location, write) >= graph_.oldest(location, graph_.before_reading(reader));
}

// --- What an execution asks ---

unsigned Graphs::choose(const Choice& choice) {
  if (given_up_) return choice.kind == Decision::Kind::outcome ? 0 : choice.fallback;
  if (choice.kind == Decision::Kind::outcome) return choose_outcome(choice);
  const bool writes = unfinished_ != max_threads;
  const unsigned thread = choose_thread(choice);
  if (!writes || unfinished_ != max_threads) schedule_.push_back(thread);
  return thread;
}

/// What is known of other graphs is kept. The execution runs on, as its stacks cannot always be unwound.
unsigned Graphs::give_up() {
  if (!items_.empty()) keep_items(std::make_shared<Graph>(graph_));
  given_up_ = true;
  memory_->run_on();
  return prune;
}

unsigned Graphs::choose_outcome(const Choice& choice) {
  const unsigned thread = choice.running;
  Slot slot = memory_->planned(thread);
  if (slot == nothing) {
    slot = memory_->add(thread, {.kind = GraphEvent::Kind::choice, .from = 0});
    for (unsigned other = choice.outcomes; --other != 0;)
      items_.push_back({.kind = Item::Kind::choice, .slot = slot, .number = other});
  } else if (graph_[slot].kind != GraphEvent::Kind::choice) {
    return diverged;
  }
  memory_->execute(slot);
  return graph_[slot].from;
}

/// First all that the graph has, then what belongs to it, then the thread that came last as long as it can.
unsigned Graphs::choose_thread(const Choice& choice) {
  const auto find = [&](const auto& suits) {
    if ((choice.enabled & only(choice.running)) != 0 && suits(choice.running)) return choice.running;
    for (ThreadSet left = choice.enabled; left != 0; left &= left - 1) {
      const auto thread = static_cast<unsigned>(std::countr_zero(left));
      if (suits(thread)) return thread;
    }
    return max_threads;
  };
  if (replaying_) {
    const unsigned thread = find([&](unsigned each) { return can_replay(each, choice.next(each)); });
    if (thread != max_threads) return take(thread, choice.next(thread));
    replaying_ = false;
    switch (replayed()) {
      case Replayed::no:
        return diverged;
      case Replayed::in_vain:
        return give_up();
      case Replayed::yes:
        break;
    }
    if (check_ && !graph_.consistent(model_)) return give_up();
  }
  unsigned thread = max_threads;
  if (unfinished_ != max_threads) {
    thread = std::exchange(unfinished_, max_threads);
    return thread;
  }
  thread = find([&](unsigned each) { return (is_pinned(each) || is_to_load(each)) && can_go_on(each); });
  if (thread != max_threads) return take(thread, choice.next(thread));
  // One that waits in a loop goes on only if what it has read is another value.
  const auto free = [&](unsigned each) {
    const Operation& next = choice.next(each);
    const bool spins = next.of_memory() && next.readiness() == Readiness::conditional;
    return !spins && memory_->planned(each) == nothing;
  };
  if (graph_.size() != 0) {
    const unsigned last = graph_[static_cast<Slot>(graph_.size() - 1)].thread;
    if ((choice.enabled & only(last)) != 0 && free(last)) return take(last, choice.next(last));
  }
  for (ThreadSet left = choice.enabled; left != 0; left &= left - 1) {
    const auto each = static_cast<unsigned>(std::countr_zero(left));
    if (free(each)) return take(each, choice.next(each));
  }
  return give_up();
}

/// A primitive that overtakes others may turn out to have to wait. Then nothing comes of the graph.
Graphs::Replayed Graphs::replayed() const {
  Replayed replayed = Replayed::yes;
  for (unsigned thread = 0; thread != graph_.threads(); ++thread) {
    const Slot next = memory_->planned(thread);
    if (next == nothing || is_pinned(thread) || (is_to_load(thread) && can_go_on(thread))) continue;
    if (graph_[next].primitive) return Replayed::in_vain;
    replayed = Replayed::no;
  }
  return replayed;
}

/// True if the next step of the thread is one that the graph has, and can be executed; or none of a graph.
bool Graphs::can_replay(unsigned thread, const Operation& operation) const {
  if (!has_events(operation)) return true;
  const Slot slot = memory_->planned(thread);
  if (slot == nothing) return false;
  const GraphEvent& event = graph_[slot];
  if (event.primitive) {
    if (is_pinned(thread) || is_to_load(thread) || !can_go_on(thread)) return false;
    if (!event.loads_too) return true;
    const Slot source = graph_[graph_.of(thread)[event.index + 2U]].from;
    return source == at_first || memory_->executed(source);
  }
  return event.kind != GraphEvent::Kind::read || event.from == at_first || memory_->executed(event.from);
}

/// True if the thread's next operation is one of a primitive whose reads alone are in the graph.
bool Graphs::is_pinned(unsigned thread) const {
  const auto& events = graph_.of(thread);
  const std::size_t next = memory_->progress(thread);
  return next < events.size() && std::all_of(
                                     events.begin() + static_cast<std::ptrdiff_t>(next), events.end(),
                                     [&](Slot slot) {
                                       return graph_[slot].primitive &&
                                              graph_[slot].kind == GraphEvent::Kind::read;
                                     });
}

/// True if a load that is still to come belongs to the thread's next operation.
bool Graphs::is_to_load(unsigned thread) const {
  const Slot next = memory_->planned(thread);
  return next != nothing && graph_[next].loads_too && graph_[next].index + 2U == graph_.of(thread).size();
}

/// True if what the thread's primitive is to read is what the object holds now.
bool Graphs::can_go_on(unsigned thread) const {
  const auto& events = graph_.of(thread);
  for (std::size_t i = memory_->progress(thread); i != events.size(); ++i) {
    const GraphEvent& event = graph_[events[i]];
    if (event.kind != GraphEvent::Kind::read || !event.primitive) break;
    if (!is_last(events[i])) return false;
  }
  return true;
}

/// True if no write that was executed came after what `read` reads, and that was executed.
bool Graphs::is_last(Slot read) const {
  const GraphEvent& event = graph_[read];
  const auto& writes = graph_.at(event.location).writes;
  const std::size_t place = graph_.position(event.location, event.from);
  if (place != 0 && !memory_->executed(writes[place - 1])) return false;
  return place == writes.size() || !memory_->executed(writes[place]);
}

unsigned Graphs::take(unsigned thread, const Operation& operation) {
  if (operation.of_memory()) return thread;
  if (has_events(operation)) {
    if (accesses(operation) > most_accesses) return diverged;  // no primitive has so many
    if (memory_->planned(thread) != nothing && !is_pinned(thread)) {
      replay_primitive(thread);
    } else {
      add_primitive(thread, operation);
    }
  }
  for (const Access& access : operation.footprint()) {
    if (operation.gives_back(access.object)) memory_->give_back(thread, access.object);
  }
  return thread;
}

void Graphs::replay_primitive(unsigned thread) {
  const GraphEvent::Kind kinds[] = {GraphEvent::Kind::read, GraphEvent::Kind::write};
  for (const GraphEvent::Kind kind : kinds) {
    for (Slot slot = memory_->planned(thread);
         slot != nothing && graph_[slot].kind == kind && graph_[slot].primitive;
         slot = memory_->planned(thread)) {
      memory_->execute(slot);
    }
  }
}

/// Reads all that the operation is about, and writes it.
void Graphs::add_primitive(unsigned thread, const Operation& operation) {
  const std::size_t pinned = graph_.of(thread).size() - memory_->progress(thread);
  replay_primitive(thread);
  const Slot first = add_reads(thread, operation, true);
  const std::size_t count = accesses(operation);
  if (pinned == 0) alternatives(operation, first, count);
  const auto end = static_cast<std::ptrdiff_t>(graph_.of(thread).size());
  std::vector<Slot> read(graph_.of(thread).begin() + (end - static_cast<std::ptrdiff_t>(count)),
                         graph_.of(thread).end());
  for (const Slot each : read) {
    const Slot write = memory_->add(thread, {.kind = GraphEvent::Kind::write,
                                             .primitive = true,
                                             .exclusive = true,
                                             .location = graph_[each].location});
    graph_.place(write, graph_.at(graph_[each].location).writes.size());
    memory_->execute(write);
    settle(write);
  }
}

/// Adds what is missing of the reads of the thread's next operation. Returns the first that was added.
Slot Graphs::add_reads(unsigned thread, const Operation& operation, bool executed) {
  const auto& known = graph_.of(thread);
  const auto first = static_cast<Slot>(graph_.size());
  // Those that were pinned, and replayed just now.
  const auto has = [&](unsigned location) {
    for (auto at = known.rbegin(); at != known.rend(); ++at) {
      const GraphEvent& event = graph_[*at];
      if (!event.primitive || event.kind != GraphEvent::Kind::read) break;
      if (event.location == location) return true;
    }
    return false;
  };
  each_access(operation, [&](ObjectId object) {
    const unsigned location = graph_.location(object);
    if (has(location)) return;
    const auto& writes = graph_.at(location).writes;
    const Slot slot = memory_->add(thread, {.kind = GraphEvent::Kind::read,
                                            .primitive = true,
                                            .exclusive = true,
                                            .blocks = operation.sees() == Operation::taken,
                                            .loads_too = operation.loads_too(),
                                            .location = static_cast<std::uint16_t>(location),
                                            .from = writes.empty() ? at_first : writes.back()});
    if (executed) {
      memory_->execute(slot);
    } else {
      std::copy_n(memory_->needs(thread), graph_.lanes(), graph_.needs_to_read(slot));
    }
  });
  return first;
}

/// The operation, whose reads were added last, could come before others that it came after.
void Graphs::alternatives(const Operation& operation, Slot first, std::size_t count) {
  const bool waits = operation.waits() == Waits::for_its_object && count == 1;
  const unsigned lanes = graph_.lanes();
  for (std::size_t which = 0; which != count; ++which) {
    const unsigned location = graph_[static_cast<Slot>(first + which)].location;
    const auto& writes = graph_.at(location).writes;
    for (std::size_t place = writes.size(); place-- != 0;) {
      const GraphEvent& overtaken = graph_[writes[place]];
      // The read that belongs to that write.
      Slot reader = nothing;
      const auto& events = graph_.of(overtaken.thread);
      for (std::size_t i = overtaken.index; i-- != 0;) {
        const GraphEvent& event = graph_[events[i]];
        if (event.kind == GraphEvent::Kind::read && event.location == location) {
          reader = events[i];
          break;
        }
      }
      if (waits && graph_[reader].blocks) continue;
      Item item{.kind = Item::Kind::torn,
                .count = static_cast<std::uint8_t>(count),
                .which = static_cast<std::uint8_t>(which),
                .slot = first,
                .reader = reader};
      item.readings[which] = {location, place == 0 ? at_first : writes[place - 1]};
      const auto consider = [&] {
        needed_.assign(graph_.needs_to_read(first), graph_.needs_to_read(first) + lanes);
        for (std::size_t i = 0; i != count; ++i) {
          const Slot from = item.readings[i].from;
          if (from == at_first) continue;
          need(graph_, from);
        }
        if (graph_.includes(needed_.data(), reader)) return;
        // Nothing that is kept may come after what it reads elsewhere.
        for (std::size_t i = 0; i != count; ++i) {
          if (i == which) continue;
          const auto& others = graph_.at(item.readings[i].location).writes;
          for (std::size_t at = graph_.position(item.readings[i].location, item.readings[i].from);
               at != others.size(); ++at) {
            if (others[at] < reader || graph_.includes(needed_.data(), others[at])) return;
          }
        }
        if (all_maximal(reader, needed_.data(), first)) items_.push_back(item);
      };
      if (count == 1) {
        consider();
      } else {
        const unsigned elsewhere = graph_[static_cast<Slot>(first + 1 - which)].location;
        const auto& others = graph_.at(elsewhere).writes;
        for (std::size_t at = others.size() + 1; at-- != 0;) {
          item.readings[1 - which] = {elsewhere, at == 0 ? at_first : others[at - 1]};
          consider();
        }
      }
    }
  }
}

/// A primitive that waits for another state than the one that is overwritten now could read the new one.
void Graphs::settle(Slot write) {
  const unsigned location = graph_[write].location;
  const auto& writes = graph_.at(location).writes;
  const Slot before = writes.size() == 1 ? at_first : writes[writes.size() - 2];
  for (const Slot reader : graph_.at(location).reads) {
    if (graph_[reader].from == before && !memory_->executed(reader) &&
        all_maximal(reader, graph_.needs(write), write))
      items_.push_back({.kind = Item::Kind::revisit, .slot = write, .reader = reader});
  }
}

// --- Other graphs ---

bool Graphs::waits_to_write(Slot read) {
  const GraphEvent& event = graph_[read];
  if (read >= begun_with_ || event.index + 1U != graph_.of(event.thread).size()) return false;
  unfinished_ = event.thread;
  return true;
}

void Graphs::reads(Slot read, const std::vector<Source>& sources) {
  const GraphEvent event = graph_[read];
  for (std::size_t i = 1; i < sources.size(); ++i) {
    const Source& source = sources[i];
    Item item{.kind = source.torn ? Item::Kind::torn : Item::Kind::read,
              .exclusive = source.writes,
              .order = source.order,
              .slot = read,
              .readings = {{{event.location, source.from}, {}}}};
    if (source.torn) {
      const GraphEvent& overtaken =
          graph_[graph_.at(event.location).writes[graph_.position(event.location, source.from)]];
      const Slot torn = graph_.of(overtaken.thread)[overtaken.index - 1U];
      needed_.assign(graph_.needs_to_read(read), graph_.needs_to_read(read) + graph_.lanes());
      if (source.from != at_first) need(graph_, source.from);
      if (graph_.includes(needed_.data(), torn)) continue;
      // What is torn must be taken back, or read what is written now.
      for (const Slot reader : graph_.at(event.location).reads) {
        if (reader > torn || graph_.includes(needed_.data(), reader)) continue;
        item.reader = reader;
        if (all_maximal(reader, needed_.data(), read)) items_.push_back(item);
      }
      continue;
    }
    items_.push_back(item);
  }
}

void Graphs::places(Slot write, const std::vector<std::size_t>& places) {
  for (std::size_t i = 1; i < places.size(); ++i)
    items_.push_back({.kind = Item::Kind::write, .slot = write, .number = places[i]});
}

void Graphs::writes(Slot write) {
  const Lane* const needed = graph_.needs(write);
  for (const Slot reader : graph_.at(graph_[write].location).reads) {
    if (graph_.includes(needed, reader) || !all_maximal(reader, needed, write)) continue;
    items_.push_back({.kind = Item::Kind::revisit, .slot = write, .reader = reader});
  }
}

/// True if `reader` and all that was added after it and is not needed was added in the way that counts.
bool Graphs::all_maximal(Slot reader, const Lane* needed, Slot end) const {
  if (!maximal(reader, needed, end)) return false;
  for (Slot slot = reader + 1; slot < end; ++slot) {
    if (!graph_.includes(needed, slot) && !maximal(slot, needed, end)) return false;
  }
  return true;
}

/// True if, of what was there before or is needed, nobody read from the write, and nothing came after it or
/// after what the read reads.
bool Graphs::maximal(Slot slot, const Lane* needed, Slot except) const {
  const GraphEvent& event = graph_[slot];
  if (event.kind == GraphEvent::Kind::choice) return event.from == 0;
  if (event.kind == GraphEvent::Kind::fence) return true;
  const auto previous = [&](Slot other) {
    return other < except && (other <= slot || graph_.includes(needed, other));
  };
  const Graph::Location& location = graph_.at(event.location);
  if (event.kind == GraphEvent::Kind::write) {
    for (const Slot read : location.reads) {
      if (graph_[read].from == slot && previous(read)) return false;
    }
  }
  const Slot write = event.kind == GraphEvent::Kind::write ? slot : event.from;
  for (std::size_t place = graph_.position(event.location, write); place != location.writes.size(); ++place) {
    if (previous(location.writes[place])) return false;
  }
  return true;
}

/// All wait: what waits could have come before what it waits for.
void Graphs::stops(const Execution& execution, ThreadSet pending, bool failed) {
  if (failed || given_up_) return;
  each(pending, [&](unsigned thread) {
    const Operation& operation = execution.next(thread);
    if (operation.of_memory() || operation.wants_notification() || memory_->planned(thread) != nothing)
      return;
    const std::size_t count = accesses(operation);
    if (count == 0) return;
    const Slot first = add_reads(thread, operation, false);
    alternatives(operation, first, count);
  });
}

}  // namespace lockstep::sim
