#include "memory.hpp"

#include "graphs.hpp"
#include "orders.hpp"

#include <algorithm>
#include <cstring>
#include <limits>
#include <string>

namespace lockstep::sim {

using detail::MemoryAccess;
using detail::MemoryChange;

namespace {

/// A step whose outcome depends on the memory model, not on when it comes.
class MemoryOperation final : public Operation {
 public:
  MemoryOperation(const MemoryAccess& access, bool write)
      : Operation{access.name, access.atomic, Readiness::always, never, access.where},
        access_{access.atomic, write} {}
  [[nodiscard]] Footprint footprint() const override {
    return access_.object ? Footprint{&access_, 1} : Footprint{};
  }
  [[nodiscard]] bool of_memory() const override { return true; }

 private:
  Access access_;
};

}  // namespace

void Memory::begin(Graphs* graphs) {
  graphs_ = graphs;
  graph_ = graphs != nullptr ? &graphs->graph() : &own_;
  if (graphs != nullptr) graphs->of(*this);
  if (graphs == nullptr) own_.clear();
  lanes_ = graph_->lanes();
  threads_.clear();
  clocks_.clear();
  objects_.clear();
  bytes_.assign(1, std::byte{});
  first_.clear();
  values_.clear();
  steps_.clear();
  messages_.clear();
  reserve(std::max(1U, graph_->threads()));
}

void Memory::follow(const Graph& wanted) {
  wanted_.emplace();
  wanted_->restrict(wanted, [&](Slot slot) {
    return !wanted[slot].primitive && wanted[slot].kind != GraphEvent::Kind::choice;
  });
  for (unsigned thread = 0; thread != wanted_->threads(); ++thread) {
    std::uint16_t index = 0;
    for (const Slot slot : wanted_->of(thread)) (*wanted_)[slot].index = index++;
  }
}

void Memory::reserve(unsigned threads) {
  graph_->reserve(threads);
  if (graph_->lanes() != lanes_) {
    const unsigned wider = graph_->lanes();
    const auto widen = [&](std::vector<Lane>& clocks) {
      std::vector<Lane> wide(clocks.size() / lanes_ * wider, 0);
      for (std::size_t i = 0; i != clocks.size() / lanes_; ++i)
        std::copy_n(clocks.data() + i * lanes_, lanes_, wide.data() + i * wider);
      clocks = std::move(wide);
    };
    widen(clocks_);
    for (auto& [object, given] : objects_) widen(given.before), widen(given.needed);
    lanes_ = wider;
  }
  if (threads <= threads_.size()) return;
  threads_.resize(threads);
  clocks_.resize(std::size_t{threads} * clocks_per_thread * lanes_, 0);
}

/// What has been executed is an execution that the model allows, and so is what comes of reading the latest
/// from here on.
void Memory::run_on() {
  const Graph whole = *graph_;
  std::vector<Slot> renumbered(whole.size(), nothing);
  Slot kept = 0;
  own_.restrict(whole, [&](Slot slot) {
    if (!executed(slot)) return false;
    renumbered[slot] = kept++;
    return true;
  });
  const auto renumber = [&](auto& by_slot) {
    for (Slot slot = 0; slot != whole.size() && slot < by_slot.size(); ++slot) {
      if (renumbered[slot] != nothing) by_slot[renumbered[slot]] = by_slot[slot];
    }
  };
  renumber(values_);
  renumber(steps_);
  renumber(messages_);
  const auto moved = [&](Slot& slot) {
    if (slot < whole.size()) slot = renumbered[slot];
  };
  for (Thread& thread : threads_) {
    moved(thread.seen);
    for (Look& look : thread.looks) moved(look.read), moved(look.source), moved(look.silent);
  }
  remarkable_ = nothing;
  graphs_ = nullptr;
  graph_ = &own_;
}

// --- What happens before what ---

void Memory::need(unsigned thread, unsigned other) { join(clock(thread, needed), clock(other, needed)); }

void Memory::follow(unsigned thread, unsigned other) {
  reserve(std::max(thread, other) + 1);
  give(other);
  take(thread, clock(other, before), clock(other, needed));
}

void Memory::release(unsigned thread, ObjectId object) {
  give(thread);
  Given& given = given_to(object);
  join(given.before.data(), clock(thread, before));
  join(given.needed.data(), clock(thread, needed));
}

/// What happens before something is needed for it, too.
void Memory::acquire(unsigned thread, ObjectId object) {
  const Given& given = given_to(object);
  take(thread, given.before.data(), given.needed.data());
}

Memory::Given& Memory::given_to(ObjectId object) {
  Given& given = objects_[object];
  given.before.resize(lanes_, 0);
  given.needed.resize(lanes_, 0);
  return given;
}

/// The thread orders what it has done before what somebody else does, by something that is no event.
void Memory::give(unsigned thread) {
  clock(thread, before)[given_by(thread)] = static_cast<Lane>(threads_[thread].executed);
}

void Memory::take(unsigned thread, const Lane* given, const Lane* needs) {
  join(clock(thread, needed), needs);
  join(clock(thread, before), given);
  std::copy_n(clock(thread, before), lanes_, clock(thread, taken));
}

/// A notification unblocks who has waited since it saw a value that is older than one that happens before the
/// notification ([atomics.wait]): so a thread that comes too late to be notified must see that one.
void Memory::notifies(ObjectId queue) { release(execution_->self(), queue); }

void Memory::joins(ObjectId queue) { threads_[execution_->self()].at_least = given_to(queue).before; }

Slot Memory::add(unsigned thread, GraphEvent event) {
  constexpr std::size_t most = std::numeric_limits<Lane>::max() - 2;
  if (graph_->of(thread).size() == most || graph_->locations() > most) {
    execution_->fail(FindingKind::bound, "under a model of memory a thread has at most " +
                                             std::to_string(most) +
                                             " operations, and a test as many atomics and primitives");
  }
  event.thread = static_cast<std::uint8_t>(thread);
  return graph_->add(event);
}

void Memory::give_back(unsigned thread, ObjectId object) {
  const auto& writes = graph_->at(graph_->location(object)).writes;
  for (auto each = writes.rbegin(); each != writes.rend(); ++each) {
    if (!executed(*each)) continue;
    std::copy_n(needs(thread), lanes_, graph_->message(*each));
    return;
  }
}

void Memory::execute(Slot slot) {
  Graph& graph = *graph_;
  const GraphEvent& event = graph[slot];
  const unsigned thread = event.thread;
  ++threads_[thread].executed;
  Lane* const needs = clock(thread, needed);
  Lane* const known = clock(thread, before);
  const auto own = static_cast<Lane>(event.index + 1U);
  detail::HappensBefore* const order = event.primitive || trying_ ? nullptr : execution_->order();
  if (order != nullptr) messages_.resize(graph.size());
  if (event.kind == GraphEvent::Kind::read) {
    std::copy_n(needs, lanes_, graph.needs_to_read(slot));
    std::copy_n(known, lanes_, graph.before_reading(slot));
    if (std::vector<Lane>& at_least = threads_[thread].at_least; !at_least.empty() && !event.primitive) {
      join(graph.before_reading(slot), at_least.data());
      if (!trying_) at_least.clear();
    }
    if (event.from != at_first) {
      join(needs, graph.needs(event.from));
      if (event.primitive) {
        join(needs, graph.message(event.from));
      } else {
        join(acquires(event.order) ? known : clock(thread, acquirable), graph.message(event.from));
        if (order != nullptr) order->load(thread, messages_[event.from], event.order);
      }
    }
  }
  needs[events_of(thread)] = known[events_of(thread)] = own;
  if (event.kind == GraphEvent::Kind::fence) {
    if (acquires(event.order)) join(known, clock(thread, acquirable));
    if (releases(event.order)) std::copy_n(known, lanes_, clock(thread, released));
    if (order != nullptr) order->fence(thread, event.order);
  }
  if (event.kind == GraphEvent::Kind::write && !event.primitive) {
    Lane* const message = graph.message(slot);
    std::copy_n(clock(thread, releases(event.order) ? before : released), lanes_, message);
    if (order != nullptr) messages_[slot] = order->message(thread, event.order);
    if (event.exclusive) {
      const Slot from = graph[graph.of(thread)[event.index - 1U]].from;
      if (from != at_first) {
        join(message, graph.message(from));
        if (order != nullptr) messages_[slot].join(messages_[from]);
      }
    }
  }
  if (event.kind == GraphEvent::Kind::write && event.primitive)
    std::fill_n(graph.message(slot), lanes_, Lane{0});
  std::copy_n(needs, lanes_, graph.needs(slot));
  std::copy_n(known, lanes_, graph.after(slot));
  std::copy_n(clock(thread, taken), lanes_, graph.taken(slot));
}

// --- Loops that wait ---

/// A thread that would see again what it has seen.
class Memory::Spinning final : public Operation {
 public:
  Spinning(const Memory& memory, const Thread& thread, std::size_t first, const source_location& where)
      : Operation{"wait", memory.graph_->at((*memory.graph_)[thread.looks[first].read].location).object,
                  Readiness::conditional, never, where},
        memory_{&memory},
        thread_{&thread},
        first_{first} {
    for (std::size_t i = first; i != thread.looks.size(); ++i) {
      if (thread.looks[i].read == nothing) continue;
      const GraphEvent& read = (*memory.graph_)[thread.looks[i].read];
      accesses_.push_back({memory.graph_->at(read.location).object, false});
    }
  }
  [[nodiscard]] Footprint footprint() const override { return accesses_; }
  [[nodiscard]] bool of_memory() const override { return true; }
  [[nodiscard]] bool enabled() const override {
    return std::any_of(thread_->looks.begin() + static_cast<std::ptrdiff_t>(first_), thread_->looks.end(),
                       [&](const Look& look) { return memory_->something_new(look.read); });
  }

 private:
  const Memory* memory_;
  const Thread* thread_;
  std::size_t first_;
  std::vector<Access> accesses_;
};

void Memory::yield() { threads_[execution_->self()].looks.push_back({}); }

void Memory::wait_for_change(const source_location& where) {
  spin(threads_[execution_->self()].looks.size() - 1, where);
}

/// A round of a loop ends with a yield. One that has changed nothing, and has seen at the same places what
/// the round before it has seen, would be followed by another such round.
void Memory::look() {
  const std::vector<Look>& looks = threads_[execution_->self()].looks;
  if (looks.empty() || looks.back().read != nothing) return;
  const auto begin_of_round = [&](std::size_t end) {
    while (end != 0 && looks[end - 1].read != nothing) --end;
    return end;
  };
  const std::size_t end = looks.size() - 1;
  const std::size_t begin = begin_of_round(end);
  if (begin == 0 || begin == end) return;
  const std::size_t earlier = begin_of_round(begin - 1);
  const auto same = [&](const Look& left, const Look& right) {
    return left.source == right.source && left.where.line() == right.where.line() &&
           left.where.column() == right.where.column() &&
           (*graph_)[left.read].location == (*graph_)[right.read].location;
  };
  const auto at = [&](std::size_t place) { return looks.begin() + static_cast<std::ptrdiff_t>(place); };
  if (std::equal(at(earlier), at(begin - 1), at(begin), at(end), same)) spin(begin, looks[begin].where);
}

/// Remembers what the running thread has read.
void Memory::seen(Slot read, const source_location& where) {
  std::vector<Look>& looks = threads_[execution_->self()].looks;
  Slot source = (*graph_)[read].from;
  for (const Look& look : looks) {
    if (look.read != nothing && look.silent == source && source != at_first) source = look.source;
  }
  looks.push_back({.read = read, .source = source, .where = where});
}

void Memory::spin(std::size_t first, const source_location& where) {
  if (execution_->abandoned()) return;
  execution_->rests();
  Thread& thread = threads_[execution_->self()];
  Spinning spinning{*this, thread, first, where};
  execution_->visible(spinning);
  Thread& self = threads_[execution_->self()];
  for (std::size_t i = first; i < self.looks.size(); ++i) {
    if (something_new(self.looks[i].read)) self.seen = self.looks[i].read;
  }
  self.looks.clear();
}

/// True if another thread has written what the read could have read instead, and that is later.
bool Memory::something_new(Slot read) const {
  if (read == nothing) return false;
  const GraphEvent& event = (*graph_)[read];
  const auto& writes = graph_->at(event.location).writes;
  return std::any_of(
      writes.begin() + static_cast<std::ptrdiff_t>(graph_->position(event.location, event.from)),
      writes.end(), [&](Slot write) { return (*graph_)[write].thread != event.thread; });
}

// --- Values ---

unsigned Memory::location(const MemoryAccess& access) {
  const unsigned location = graph_->location(access.atomic);
  if (location >= first_.size()) first_.resize(location + 1, 0);
  if (first_[location] == 0) {
    first_[location] = bytes_.size();
    const auto* const value = static_cast<const std::byte*>(access.latest);
    bytes_.insert(bytes_.end(), value, value + access.size);
  }
  return location;
}

const std::byte* Memory::value_of(unsigned location, Slot write) const noexcept {
  return bytes_.data() + (write == at_first ? first_[location] : values_[write]);
}

void Memory::keep(Slot write, const void* value, std::size_t size) {
  if (write >= values_.size()) values_.resize(graph_->size(), 0);
  values_[write] = bytes_.size();
  const auto* const bytes = static_cast<const std::byte*>(value);
  bytes_.insert(bytes_.end(), bytes, bytes + size);
}

// --- Operations ---

/// The access, with the order that it is to have. A copy is made, in `changed`, only if orders are replaced:
/// all that programs do comes through here.
const MemoryAccess& Memory::ordered(const MemoryAccess& access, std::optional<MemoryAccess>& changed) const {
  if (orders_ == nullptr) return access;
  changed.emplace(access).order = orders_->of(access.name, access.order, access.where);
  return *changed;
}

void Memory::announce(const MemoryAccess& access, bool write) {
  MemoryOperation operation{access, write};
  execution_->visible(operation);
  if (Step* const step = execution_->step()) step->weak = true;
}

void Memory::load(const MemoryAccess& asked, void* value) {
  std::optional<MemoryAccess> replaced;
  const MemoryAccess& access = ordered(asked, replaced);
  if (!access.announced) {
    look();
    announce(access, false);
  }
  if (adrift()) {
    std::memcpy(value, access.latest, access.size);
    return;
  }
  const Slot slot = read(access, access.order, nullptr);
  remarkable_ = slot;
  show_source(slot);
  const GraphEvent& event = (*graph_)[slot];
  if (access.announced && graphs_ != nullptr) {  // who comes after the step comes after the load
    const Slot step = graph_->of(event.thread)[event.index - 1U];
    std::copy_n(graph_->needs(slot), lanes_, graph_->message(step));
  }
  std::memcpy(value, value_of(event.location, event.from), access.size);
}

void Memory::store(const MemoryAccess& asked, const void* value) {
  std::optional<MemoryAccess> replaced;
  const MemoryAccess& access = ordered(asked, replaced);
  announce(access, true);
  if (adrift()) {
    std::memcpy(access.latest, value, access.size);
    return;
  }
  write(access, value, nothing);
}

bool Memory::modify(const MemoryAccess& asked, std::memory_order failure, const MemoryChange& change,
                    void* old) {
  std::optional<MemoryAccess> replaced;
  const MemoryAccess& access = ordered(asked, replaced);
  if (orders_ != nullptr && asked.name == "compare_exchange")
    failure = orders_->of("compare_exchange that fails", failure, asked.where);
  look();
  announce(access, true);
  changed_.resize(access.size);
  if (adrift()) {
    std::memcpy(old, access.latest, access.size);
    if (!change(old, changed_.data())) return false;
    std::memcpy(access.latest, changed_.data(), access.size);
    return true;
  }
  const Slot slot = read(access, failure, &change);
  const GraphEvent& event = (*graph_)[slot];
  std::memcpy(old, value_of(event.location, event.from), access.size);
  remarkable_ = slot;
  show_source(slot);
  if (!event.exclusive) return false;
  if (graphs_ != nullptr && graphs_->waits_to_write(slot)) {
    announce(access, true);
    if (adrift()) return true;
  }
  changed_.resize(access.size);
  change(old, changed_.data());
  write(access, changed_.data(), slot);
  return true;
}

void Memory::fence(std::memory_order order, const source_location& where) {
  std::optional<MemoryAccess> replaced;
  const MemoryAccess asked{"fence", {}, order, nullptr, 0, where};
  const MemoryAccess& access = ordered(asked, replaced);
  announce(access, false);
  if (adrift()) return;
  const Slot slot = expected(access, GraphEvent::Kind::fence);
  execute(slot != nothing
              ? slot
              : add(execution_->self(), {.kind = GraphEvent::Kind::fence, .order = access.order}));
}

/// True if the execution has been given up: then atomics hold the latest.
bool Memory::adrift() const noexcept { return execution_->abandoned(); }

/// The event that the graph has here, if it has one.
Slot Memory::expected(const MemoryAccess& access, GraphEvent::Kind kind) {
  const Slot slot = planned(execution_->self());
  if (slot == nothing) return nothing;
  const GraphEvent& event = (*graph_)[slot];
  const bool same = event.kind == kind && !event.primitive &&
                    (kind == GraphEvent::Kind::fence || graph_->at(event.location).object == access.atomic);
  if (!same) {
    execution_->fail(FindingKind::nondeterminism,
                     "the same values led to another operation: the test is not deterministic");
  }
  return slot;
}

Slot Memory::read(const MemoryAccess& access, std::memory_order failure, const MemoryChange* change) {
  const Slot known = expected(access, GraphEvent::Kind::read);
  const unsigned at = location(access);
  if (known != nothing) {
    GraphEvent& event = (*graph_)[known];
    event.exclusive = change != nullptr && (*change)(value_of(at, event.from), changed_.data());
    event.order = change != nullptr && !event.exclusive ? failure : access.order;
    event.otherwise = event.exclusive ? failure : access.order;
    execute(known);
    seen(known, access.where);
    return known;
  }
  GraphEvent event{.kind = GraphEvent::Kind::read, .location = static_cast<std::uint16_t>(at)};
  choose_sources(access, event, failure, change);
  const unsigned thread = execution_->self();
  std::size_t chosen = 0;
  if (graphs_ == nullptr) {
    std::erase_if(sources_, [](const Source& source) { return source.torn; });
    chosen = choose(sources_.size(), [&](std::size_t i) {
      const Slot wanted = wanted_at(thread, threads_[thread].executed);
      return wanted != nothing && same(sources_[i].from, (*wanted_)[wanted].from);
    });
  }
  event.from = sources_[chosen].from;
  event.order = sources_[chosen].order;
  event.exclusive = sources_[chosen].writes;
  event.otherwise = event.exclusive ? failure : access.order;
  const Slot slot = add(thread, event);
  execute(slot);
  seen(slot, access.where);
  if (graphs_ != nullptr) graphs_->reads(slot, sources_);
  return slot;
}

/// The writes that the thread's next event, a read, may read from; the latest comes first.
void Memory::choose_sources(const MemoryAccess& access, GraphEvent event, std::memory_order failure,
                            const MemoryChange* change) {
  const unsigned thread = execution_->self();
  const auto& writes = graph_->at(event.location).writes;
  std::size_t oldest = graph_->oldest(event.location, clock(thread, before));
  if (const std::vector<Lane>& at_least = threads_[thread].at_least; !at_least.empty())
    oldest = std::max(oldest, graph_->oldest(event.location, at_least.data()));
  const Slot seen = threads_[thread].seen;
  if (seen != nothing && (*graph_)[seen].location == event.location) {
    oldest = std::max(oldest, graph_->position(event.location, (*graph_)[seen].from) + 1);
    threads_[thread].seen = nothing;
  }
  sources_.clear();
  for (std::size_t place = writes.size() + 1; place-- != oldest;) {
    Source source{.from = place == 0 ? at_first : writes[place - 1], .order = access.order};
    if (change != nullptr) {
      source.writes = (*change)(value_of(event.location, source.from), changed_.data());
      if (!source.writes) source.order = failure;
      source.torn = source.writes && torn_after(event.location, place);
    }
    if (place != writes.size() && !source.torn) {
      event.from = source.from;
      event.order = source.order;
      event.exclusive = source.writes;
      if (!allows_read(event)) continue;
    }
    sources_.push_back(source);
  }
}

/// True if a write at that place would come between another read-modify-write's read and write.
bool Memory::torn_after(unsigned location, std::size_t place) const noexcept {
  const auto& writes = graph_->at(location).writes;
  return place != writes.size() && (*graph_)[writes[place]].exclusive;
}

bool Memory::allows_read(const GraphEvent& event) {
  if (!graph_->needs_a_check(model_, event)) return true;
  const unsigned thread = execution_->self();
  const auto clocks = clocks_;
  const auto executed = threads_[thread].executed;
  const Slot slot = add(thread, event);
  trying_ = true;
  execute(slot);
  bool allowed = graph_->consistent(model_);
  if (allowed && event.exclusive) {
    GraphEvent writes = event;
    writes.kind = GraphEvent::Kind::write;
    const Slot write = add(thread, writes);
    graph_->place(write, graph_->position(event.location, event.from));
    execute(write);
    allowed = graph_->consistent(model_);
    graph_->displace(write);
    graph_->take_back();
  }
  trying_ = false;
  graph_->take_back();
  clocks_ = clocks;
  threads_[thread].executed = executed;
  return allowed;
}

void Memory::write(const MemoryAccess& access, const void* value, Slot read) {
  const unsigned thread = execution_->self();
  const bool silent =
      read != nothing &&
      std::memcmp(value, value_of((*graph_)[read].location, (*graph_)[read].from), access.size) == 0;
  std::vector<Look>& looks = threads_[thread].looks;
  if (!silent) looks.clear();
  Slot slot = expected(access, GraphEvent::Kind::write);
  const unsigned at = location(access);
  if (slot != nothing) {
    execute(slot);
  } else {
    slot = add(thread, {.kind = GraphEvent::Kind::write,
                        .order = access.order,
                        .exclusive = read != nothing,
                        .location = static_cast<std::uint16_t>(at)});
    execute(slot);
    if (read != nothing) {
      graph_->place(slot, graph_->position(at, (*graph_)[read].from));
    } else {
      place(slot);
    }
    if (graphs_ != nullptr) graphs_->writes(slot);
  }
  keep(slot, value, access.size);
  show_store(slot);
  if (silent && !looks.empty()) looks.back().silent = slot;
  remarkable_ = read != nothing ? nothing : slot;
  const auto& writes = graph_->at(at).writes;
  auto latest = writes.end();
  while (!executed(*--latest)) {
  }
  if (*latest == slot) std::memcpy(access.latest, value, access.size);
}

/// Puts a store into the modification order, at one of the places that it may have.
void Memory::place(Slot write) {
  const unsigned thread = execution_->self();
  const unsigned at = (*graph_)[write].location;
  const std::size_t last = graph_->at(at).writes.size();
  const std::size_t oldest = graph_->oldest(at, graph_->after(write));
  places_.clear();
  places_.push_back(last);
  for (std::size_t place = last; place-- > oldest;) {
    if (!torn_after(at, place) && allows_write(write, place)) places_.push_back(place);
  }
  std::size_t chosen = 0;
  if (graphs_ == nullptr) {
    chosen = choose(places_.size(), [&](std::size_t i) {
      const Slot wanted = wanted_at(thread, threads_[thread].executed - 1);
      if (wanted == nothing) return true;
      // It is wanted after all those that come before it there, and before the others.
      const auto& known = graph_->at(at).writes;
      const std::size_t limit = wanted_->position((*wanted_)[wanted].location, wanted);
      for (std::size_t other = 0; other != known.size(); ++other) {
        const GraphEvent& event = (*graph_)[known[other]];
        const Slot there = wanted_at(event.thread, event.index);
        if (there == nothing) continue;
        const bool earlier = wanted_->position((*wanted_)[there].location, there) < limit;
        if (earlier != (other < places_[i])) return false;
      }
      return true;
    });
  }
  graph_->place(write, places_[chosen]);
  if (graphs_ != nullptr) graphs_->places(write, places_);
}

bool Memory::allows_write(Slot write, std::size_t position) {
  if (!graph_->needs_a_check(model_, (*graph_)[write])) return true;
  graph_->place(write, position);
  const bool allowed = graph_->consistent(model_);
  graph_->displace(write);
  return allowed;
}

std::string Memory::remark() const {
  if (remarkable_ == nothing || execution_->abandoned()) return {};
  const Slot later = later_than(remarkable_);
  if (later == nothing) return {};
  const std::string thread = execution_->name_of_thread((*graph_)[later].thread);
  return (*graph_)[remarkable_].kind == GraphEvent::Kind::read ? "; older than what " + thread + " has stored"
                                                               : "; before what " + thread + " has stored";
}

/// The first store that comes after that one, or after what that load has read, and has been executed.
Slot Memory::later_than(Slot slot) const {
  const GraphEvent& event = (*graph_)[slot];
  const auto& writes = graph_->at(event.location).writes;
  const Slot shown = event.kind == GraphEvent::Kind::read ? event.from : slot;
  for (std::size_t later = graph_->position(event.location, shown); later != writes.size(); ++later) {
    if (executed(writes[later]) && writes[later] != slot) return writes[later];
  }
  return nothing;
}

/// The step that has made `write`, if it was written down.
std::optional<std::size_t> Memory::step_of(Slot write) const {
  const bool known = write < steps_.size() && steps_[write] != no_step;
  return known ? std::optional{steps_[write]} : std::nullopt;
}

/// Writes down in the running thread's step what `read` has read, and what it has missed.
void Memory::show_source(Slot read) {
  Step* const step = execution_->step();
  if (step == nullptr) return;
  step->weak = true;
  step->from = step_of((*graph_)[read].from);
  step->missed = step_of(later_than(read));
}

/// Likewise of a store, which others may read from.
void Memory::show_store(Slot write) {
  Step* const step = execution_->step();
  if (step == nullptr) return;
  steps_.resize(graph_->size(), no_step);
  steps_[write] = static_cast<std::size_t>(step - execution_->steps().data());
  step->missed = step_of(later_than(write));
}

/// One of several outcomes: the wanted one, if there is one.
template <class Wanted>
std::size_t Memory::choose(std::size_t outcomes, const Wanted& is_wanted) {
  // A decision is a byte: of more, only the latest are drawn. What is built as a graph has no such limit.
  constexpr std::size_t most = Decision::by_default;
  if (!wanted_) return execution_->outcome_of(static_cast<unsigned>(std::min(outcomes, most)));
  std::size_t chosen = 0;
  while (chosen != outcomes && !is_wanted(chosen)) ++chosen;
  if (chosen == outcomes) chosen = 0;
  execution_->decided(static_cast<unsigned>(outcomes), static_cast<unsigned>(chosen));
  return chosen;
}

/// The event of the wanted graph in the place of the thread's event of that number.
Slot Memory::wanted_at(unsigned thread, std::size_t index) const noexcept {
  if (thread >= wanted_->threads() || index >= wanted_->of(thread).size()) return nothing;
  return wanted_->of(thread)[index];
}

/// True if the event of this graph is that one of the wanted graph.
bool Memory::same(Slot slot, Slot wanted) const noexcept {
  if (slot == at_first || wanted == at_first) return slot == wanted;
  const GraphEvent& event = (*graph_)[slot];
  const GraphEvent& other = (*wanted_)[wanted];
  return event.thread == other.thread && event.index == other.index;
}

}  // namespace lockstep::sim
