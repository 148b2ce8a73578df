#include "axioms.hpp"

#include <algorithm>
#include <bit>
#include <functional>
#include <numeric>
#include <optional>
#include <ranges>
#include <stdexcept>
#include <utility>

namespace lockstep::sim::test::axioms {

namespace {

// --- Relations ---

constexpr unsigned max_events = 32;

/// A set of events, by their numbers.
using Set = std::uint32_t;

constexpr Set only(unsigned event) { return Set{1} << event; }
constexpr bool contains(Set set, unsigned event) { return (set & only(event)) != 0; }

/// A set of pairs of events.
class Relation {
 public:
  /// The empty one, over `count` events.
  explicit Relation(unsigned count) : count_{count} {}
  /// [set]: each of its events with itself.
  Relation(unsigned count, Set set) : Relation{count} {
    for (unsigned event = 0; event != count; ++event) after_[event] = set & only(event);
  }

  void insert(unsigned from, unsigned to) { after_[from] |= only(to); }
  void erase(unsigned from, unsigned to) { after_[from] &= ~only(to); }
  [[nodiscard]] bool operator()(unsigned from, unsigned to) const { return contains(after_[from], to); }
  [[nodiscard]] Set after(unsigned from) const { return after_[from]; }
  [[nodiscard]] unsigned count() const { return count_; }

  Relation& operator|=(const Relation& other) {
    for (unsigned event = 0; event != count_; ++event) after_[event] |= other.after_[event];
    return *this;
  }
  friend Relation operator|(Relation left, const Relation& right) { return left |= right; }
  friend Relation operator&(Relation left, const Relation& right) {
    for (unsigned event = 0; event != left.count_; ++event) left.after_[event] &= right.after_[event];
    return left;
  }
  friend Relation operator-(Relation left, const Relation& right) {
    for (unsigned event = 0; event != left.count_; ++event) left.after_[event] &= ~right.after_[event];
    return left;
  }
  /// left;right: from an event by the one to some event, and from there by the other.
  friend Relation operator*(const Relation& left, const Relation& right) {
    Relation both{left.count_};
    for (unsigned event = 0; event != left.count_; ++event) {
      for (Set middle = left.after_[event]; middle != 0; middle &= middle - 1) {
        both.after_[event] |= right.after_[static_cast<unsigned>(std::countr_zero(middle))];
      }
    }
    return both;
  }

  /// r+
  friend Relation transitive(Relation relation) {
    for (unsigned middle = 0; middle != relation.count_; ++middle) {
      for (unsigned from = 0; from != relation.count_; ++from) {
        if (relation(from, middle)) relation.after_[from] |= relation.after_[middle];
      }
    }
    return relation;
  }

  [[nodiscard]] bool empty() const {
    return std::all_of(after_, after_ + count_, [](Set after) { return after == 0; });
  }
  [[nodiscard]] bool irreflexive() const {
    for (unsigned event = 0; event != count_; ++event) {
      if (contains(after_[event], event)) return false;
    }
    return true;
  }

 private:
  unsigned count_;
  Set after_[max_events] = {};
};

Relation inverse(const Relation& relation) {
  Relation inverted{relation.count()};
  for (unsigned from = 0; from != relation.count(); ++from) {
    for (unsigned to = 0; to != relation.count(); ++to) {
      if (relation(from, to)) inverted.insert(to, from);
    }
  }
  return inverted;
}

/// r?
Relation optionally(const Relation& relation) { return relation | Relation{relation.count(), ~Set{0}}; }
/// r*
Relation any_number_of(const Relation& relation) { return optionally(transitive(relation)); }

bool acyclic(const Relation& relation) { return transitive(relation).irreflexive(); }

// --- Executions ---

/// How strong an event is. Not in an order: acquire and release are not to be compared.
enum class Mode { plain, relaxed, acquire, release, acq_rel, seq_cst };

/// What an order means for the part of an access that reads.
Mode of_read(std::memory_order order) {
  switch (order) {
    case std::memory_order_acquire:
    case std::memory_order_acq_rel:
      return Mode::acquire;
    case std::memory_order_seq_cst:
      return Mode::seq_cst;
    default:
      return Mode::relaxed;
  }
}
Mode of_write(std::memory_order order) {
  switch (order) {
    case std::memory_order_release:
    case std::memory_order_acq_rel:
      return Mode::release;
    case std::memory_order_seq_cst:
      return Mode::seq_cst;
    default:
      return Mode::relaxed;
  }
}
Mode of_fence(std::memory_order order) {
  switch (order) {
    case std::memory_order_acquire:
      return Mode::acquire;
    case std::memory_order_release:
      return Mode::release;
    case std::memory_order_acq_rel:
      return Mode::acq_rel;
    case std::memory_order_seq_cst:
      return Mode::seq_cst;
    default:
      return Mode::relaxed;
  }
}

constexpr unsigned nobody = ~0U;

/// Reads and writes are events of their own, also those of one read-modify-write.
struct Event {
  enum class Type { read, write, fence };
  Type type = Type::write;
  Mode mode = Mode::plain;
  unsigned where = 0;
  unsigned thread = nobody;                ///< of an initial write: nobody's
  const Access* access = nullptr;          ///< likewise none
  std::optional<unsigned> last_read = {};  ///< the read of its thread before the access
};

/// The events that a program makes when it goes one of its ways, and how they are related.
struct Execution {
  explicit Execution(std::vector<Event> made)
      : events{std::move(made)},
        sb{count()},
        rmw{count()},
        same_location{count()},
        rf{count()},
        mo{count()} {}

  [[nodiscard]] unsigned count() const { return static_cast<unsigned>(events.size()); }
  [[nodiscard]] Set all(const std::function<bool(const Event&)>& is) const {
    Set found = 0;
    for (unsigned event = 0; event != count(); ++event) {
      if (is(events[event])) found |= only(event);
    }
    return found;
  }

  std::vector<Event> events;
  Relation sb;   ///< sequenced before; initial writes are before everything
  Relation rmw;  ///< from the read to the write of a read-modify-write
  Relation same_location;
  Relation rf;  ///< from a write to what reads from it
  Relation mo;  ///< the order of the writes to each location

  Set reads = 0;
  Set writes = 0;
  Set fences = 0;
  Set atomic = 0;     ///< accesses that are not plain: at least relaxed
  Set releasing = 0;  ///< at least release
  Set acquiring = 0;  ///< at least acquire
  Set seq_cst = 0;
};

Relation rb(const Execution& e) { return (inverse(e.rf) * e.mo) - Relation{e.count(), ~Set{0}}; }
Relation eco(const Execution& e) { return transitive(e.rf | e.mo | rb(e)); }

/// Happens before. It does not depend on mo.
Relation hb(const Execution& e) {
  const auto only_of = [&](Set set) { return Relation{e.count(), set}; };
  const Relation release_sequence = only_of(e.writes & e.atomic) * any_number_of(e.rf * e.rmw);
  const Relation sw = only_of(e.releasing) * optionally(only_of(e.fences) * e.sb) * release_sequence * e.rf *
                      only_of(e.reads & e.atomic) * optionally(e.sb * only_of(e.fences)) *
                      only_of(e.acquiring);
  return transitive(e.sb | sw);
}

bool coherent(const Relation& hb, const Relation& eco) { return (hb * optionally(eco)).irreflexive(); }
bool changes_are_atomic(const Execution& e) { return (e.rmw & (rb(e) * e.mo)).empty(); }
bool not_out_of_thin_air(const Execution& e) { return acyclic(e.sb | e.rf); }

bool seq_cst_in_order(const Execution& e, const Relation& hb, const Relation& eco) {
  const auto only_of = [&](Set set) { return Relation{e.count(), set}; };
  const Relation accesses = only_of(e.seq_cst & ~e.fences);
  const Relation fences = only_of(e.seq_cst & e.fences);
  const Relation elsewhere = e.sb - e.same_location;
  const Relation scb = e.sb | elsewhere * hb * elsewhere | (hb & e.same_location) | e.mo | rb(e);
  const Relation psc_base = (accesses | fences * optionally(hb)) * scb * (accesses | optionally(hb) * fences);
  const Relation psc_fences = fences * (hb | hb * eco * hb) * fences;
  return acyclic(psc_base | psc_fences);
}

bool consistent(const Execution& e, const Relation& hb, Model model) {
  if (model == Model::sc) return changes_are_atomic(e) && acyclic(e.sb | e.rf | e.mo | rb(e));
  const Relation communication = eco(e);
  return coherent(hb, communication) && changes_are_atomic(e) && seq_cst_in_order(e, hb, communication) &&
         not_out_of_thin_air(e);
}

bool races(const Execution& e, const Relation& hb) {
  for (unsigned left = 0; left != e.count(); ++left) {
    for (unsigned right = 0; right != left; ++right) {
      const Set both = only(left) | only(right);
      if (e.same_location(left, right) && (both & e.writes) != 0 && (both & ~e.atomic) != 0 &&
          !hb(left, right) && !hb(right, left))
        return true;
    }
  }
  return false;
}

// --- Candidates ---

/// Which way an access goes.
enum class Way { not_made, made, failed };

/// Builds the events of a program whose accesses go these ways.
Execution execution(const Program& program, const std::vector<std::vector<Way>>& ways) {
  std::vector<Event> events;
  for (unsigned where = 0; where != locations(program); ++where) events.push_back({.where = where});
  std::vector<unsigned> changing;  // reads whose write is the next event
  for (unsigned thread = 0; thread != program.size(); ++thread) {
    std::optional<unsigned> last_read;
    for (std::size_t i = 0; i != program[thread].size(); ++i) {
      const Access& access = program[thread][i];
      const Way way = ways[thread][i];
      if (way == Way::not_made) continue;
      const auto make = [&](Event::Type type, Mode mode) {
        events.push_back({type, mode, access.where, thread, &access, last_read});
        return static_cast<unsigned>(events.size() - 1);
      };
      switch (access.kind) {
        case Kind::load:
          last_read = make(Event::Type::read, of_read(access.order));
          break;
        case Kind::store:
          make(Event::Type::write, of_write(access.order));
          break;
        case Kind::plain_load:
          last_read = make(Event::Type::read, Mode::plain);
          break;
        case Kind::plain_store:
          make(Event::Type::write, Mode::plain);
          break;
        case Kind::fence:
          make(Event::Type::fence, of_fence(access.order));
          break;
        default:
          if (way == Way::failed) {
            last_read = make(Event::Type::read, of_read(access.failure));
          } else {
            const unsigned read = make(Event::Type::read, of_read(access.order));
            changing.push_back(read);
            make(Event::Type::write, of_write(access.order));
            last_read = read;
          }
      }
    }
  }
  if (events.size() > max_events) throw std::length_error{"too many events"};

  Execution made{std::move(events)};
  for (const unsigned read : changing) made.rmw.insert(read, read + 1);
  for (unsigned from = 0; from != made.count(); ++from) {
    const Event& one = made.events[from];
    for (unsigned to = 0; to != made.count(); ++to) {
      const Event& other = made.events[to];
      const bool initial = one.thread == nobody && other.thread != nobody;
      if (initial || (one.thread != nobody && one.thread == other.thread && from < to))
        made.sb.insert(from, to);
      const bool accesses = one.type != Event::Type::fence && other.type != Event::Type::fence;
      if (accesses && one.where == other.where) made.same_location.insert(from, to);
    }
  }
  made.reads = made.all([](const Event& event) { return event.type == Event::Type::read; });
  made.writes = made.all([](const Event& event) { return event.type == Event::Type::write; });
  made.fences = made.all([](const Event& event) { return event.type == Event::Type::fence; });
  made.atomic = made.all(
      [](const Event& event) { return event.type != Event::Type::fence && event.mode != Mode::plain; });
  made.releasing = made.all([](const Event& event) {
    return event.mode == Mode::release || event.mode == Mode::acq_rel || event.mode == Mode::seq_cst;
  });
  made.acquiring = made.all([](const Event& event) {
    return event.mode == Mode::acquire || event.mode == Mode::acq_rel || event.mode == Mode::seq_cst;
  });
  made.seq_cst = made.all([](const Event& event) { return event.mode == Mode::seq_cst; });
  return made;
}

/// Enumerates the executions of a program: the ways that it goes, then what reads read from, then the
/// orders of writes.
class Enumeration {
 public:
  Enumeration(const Program& program, Model model, Candidates candidates)
      : program_{&program}, model_{model}, all_{candidates == Candidates::all} {}

  Verdict run() {
    for (const auto& thread : *program_) ways_.emplace_back(thread.size(), Way::made);
    choose_ways(0, 0);
    return std::move(verdict_);
  }

 private:
  /// What must be read for the program to go the way that was chosen.
  struct Condition {
    std::optional<unsigned> read;
    int value;
    bool equal;
  };

  void choose_ways(std::size_t thread, std::size_t next) {
    if (thread == program_->size()) return choose_sources();
    if (next == (*program_)[thread].size()) return choose_ways(thread + 1, 0);
    const Access& access = (*program_)[thread][next];
    for (const Way way : {Way::made, Way::failed, Way::not_made}) {
      if (way == Way::failed && access.kind != Kind::compare_exchange) continue;
      if (way == Way::not_made && access.made == Made::always) continue;
      ways_[thread][next] = way;
      choose_ways(thread, next + 1);
    }
  }

  void choose_sources() {
    Execution made = execution(*program_, ways_);
    conditions_ = conditions(made);
    source_.assign(made.count(), {});
    choose_source(made, transitive(made.sb), 0);
  }

  /// The conditions of the ways that were chosen.
  [[nodiscard]] std::vector<Condition> conditions(const Execution& e) const {
    std::vector<Condition> found;
    unsigned event = locations(*program_);
    for (std::size_t thread = 0; thread != program_->size(); ++thread) {
      std::optional<unsigned> last_read;
      for (std::size_t i = 0; i != (*program_)[thread].size(); ++i) {
        const Access& access = (*program_)[thread][i];
        const Way way = ways_[thread][i];
        if (access.made != Made::always)
          found.push_back({last_read, access.read, (access.made == Made::if_read) == (way != Way::not_made)});
        for (; event != e.count() && e.events[event].access == &access; ++event) {
          if (e.events[event].type != Event::Type::read) continue;
          last_read = event;
          if (access.kind == Kind::compare_exchange)
            found.push_back({event, access.expected, way == Way::made});
        }
      }
    }
    return found;
  }

  /// The value of a read or a write, if what it depends on is chosen already. Not if that is a circle.
  [[nodiscard]] std::optional<int> value(const Execution& e, unsigned event) const {
    const Event& of = e.events[event];
    if (of.type == Event::Type::read) return source_[event] ? value(e, *source_[event]) : std::nullopt;
    if (of.access == nullptr) return 0;
    int sum = of.access->value;
    std::vector<unsigned> added;
    if (of.access->plus_read && of.last_read) added.push_back(*of.last_read);
    if (of.access->kind == Kind::add) added.push_back(event - 1);  // its own read
    for (const unsigned read : added) {
      const std::optional<int> addend = value(e, read);
      if (!addend) return std::nullopt;
      sum += *addend;
    }
    return sum;
  }

  /// Whether no condition is known to be broken.
  [[nodiscard]] bool possible(const Execution& e) const {
    return std::ranges::all_of(conditions_, [&](const Condition& condition) {
      const std::optional<int> read = condition.read ? value(e, *condition.read) : std::optional{0};
      return !read || (*read == condition.value) == condition.equal;
    });
  }

  /// `before` is (sb | rf)+ of what is chosen already.
  void choose_source(Execution& e, const Relation& before, unsigned read) {
    while (read != e.count() && !contains(e.reads, read)) ++read;
    if (read == e.count()) {
      if (all_ && !not_out_of_thin_air(e)) return;  // an axiom of both models
      if (possible(e)) choose_orders(e);
      return;
    }
    for (unsigned write = 0; write != e.count(); ++write) {
      if (!contains(e.writes, write) || !e.same_location(write, read)) continue;
      if (!all_ && !promising(e, before, write, read)) continue;
      source_[read] = write;
      e.rf.insert(write, read);
      if (all_) {
        choose_source(e, before, read + 1);
      } else if (possible(e)) {
        Relation with = before;
        with.insert(write, read);
        choose_source(e, transitive(with), read + 1);
      }
      e.rf.erase(write, read);
      source_[read].reset();
    }
  }

  /// False if `read` cannot read from `write` in any consistent execution, whatever is chosen later.
  [[nodiscard]] bool promising(const Execution& e, const Relation& before, unsigned write,
                               unsigned read) const {
    if (before(read, write)) return false;  // out of thin air
    for (unsigned other = 0; other != e.count(); ++other) {
      if (!e.same_location(other, write)) continue;
      // Both were the next change after `write`.
      if (e.rmw.after(read) != 0 && e.rf(write, other) && e.rmw.after(other) != 0) return false;
      // A write between the two; under sequential consistency, whatever the order goes through.
      const Relation& order = model_ == Model::sc ? before : e.sb;
      if (contains(e.writes, other) && order(write, other) && order(other, read)) return false;
      // An earlier read of a later write.
      if (source_[other] && e.sb(other, read) && order(write, *source_[other])) return false;
    }
    return true;
  }

  void choose_orders(Execution& e) {
    const Relation happens_before = hb(e);
    if (!all_ && !happens_before.irreflexive()) return;
    const Relation order = model_ == Model::sc ? transitive(e.sb | e.rf) : happens_before;
    std::vector<std::vector<Relation>> choices;  // for each location
    for (unsigned where = 0; where != locations(*program_); ++where) {
      std::vector<unsigned> writes;
      for (unsigned event = 0; event != e.count(); ++event) {
        if (contains(e.writes, event) && e.events[event].where == where) writes.push_back(event);
      }
      choices.push_back(orders(e, order, writes));
      if (choices.back().empty()) return;
    }
    choose_order(e, happens_before, choices, 0);
  }

  /// The orders of the writes to one location that are possible by the axioms about one location.
  [[nodiscard]] std::vector<Relation> orders(Execution& e, const Relation& order,
                                             std::vector<unsigned> writes) const {
    std::vector<Relation> found;
    // The initial write, which is the first event, happens before all others.
    const auto movable = std::ranges::subrange(writes.begin() + (all_ ? 0 : 1), writes.end());
    do {
      Relation mo{e.count()};
      for (std::size_t i = 0; i != writes.size(); ++i) {
        for (std::size_t j = i + 1; j != writes.size(); ++j) mo.insert(writes[i], writes[j]);
      }
      if (!all_) {
        if (!(mo * order).irreflexive()) continue;
        std::swap(e.mo, mo);
        const bool passes = coherent(order, eco(e)) && changes_are_atomic(e);
        std::swap(e.mo, mo);
        if (!passes) continue;
      }
      found.push_back(mo);
    } while (std::ranges::next_permutation(movable).found);
    return found;
  }

  void choose_order(Execution& e, const Relation& happens_before,
                    const std::vector<std::vector<Relation>>& choices, std::size_t where) {
    if (where == choices.size()) {
      if (!consistent(e, happens_before, model_)) return;
      ++verdict_.outcomes[outcome_of(e)];
      verdict_.races = verdict_.races || axioms::races(e, happens_before);
      return;
    }
    for (const Relation& order : choices[where]) {
      const Relation without = e.mo;
      e.mo |= order;
      choose_order(e, happens_before, choices, where + 1);
      e.mo = without;
    }
  }

  [[nodiscard]] std::string outcome_of(const Execution& e) const {
    std::vector<std::vector<int>> read(program_->size());
    std::vector<int> last(locations(*program_), 0);
    for (unsigned event = 0; event != e.count(); ++event) {
      if (contains(e.reads, event)) read[e.events[event].thread].push_back(value(e, event).value());
      if (contains(e.writes, event) && e.mo.after(event) == 0)
        last[e.events[event].where] = value(e, event).value();
    }
    return outcome(read, last);
  }

  const Program* program_;
  Model model_;
  bool all_;
  std::vector<std::vector<Way>> ways_ = {};
  std::vector<Condition> conditions_ = {};
  std::vector<std::optional<unsigned>> source_ = {};  ///< of each read
  Verdict verdict_ = {};
};

}  // namespace

std::uint64_t Verdict::graphs() const {
  return std::accumulate(outcomes.begin(), outcomes.end(), std::uint64_t{0},
                         [](std::uint64_t sum, const auto& outcome) { return sum + outcome.second; });
}

Verdict judge(const Program& program, Model model, Candidates candidates) {
  return Enumeration{program, model, candidates}.run();
}

}  // namespace lockstep::sim::test::axioms
