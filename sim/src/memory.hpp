// Values of atomics by execution graphs: what each operation reads is an event of a graph.
//
// Any graph that a model allows can be built one event after the other, in any order in which no event comes
// before one that it depends on, and each part of it is allowed as well. So an execution under a memory model
// is an interleaving in which each load chooses among the stores that it may read, and each store its place
// in the modification order. An explorer that knows nothing of this draws such choices as any other outcome,
// and replays them; `Graphs` builds each graph once.
#pragma once

#include <lockstep/sim/execution.hpp>
#include <lockstep/sim/weak_memory.hpp>

#include "graph.hpp"

#include <cstddef>
#include <optional>
#include <unordered_map>
#include <vector>

namespace lockstep::sim {

class Graphs;

/// A write that a read may read from.
struct Source {
  Slot from = at_first;
  std::memory_order order = std::memory_order_relaxed;  ///< of the read, if it reads from there
  bool writes = false;  ///< the read is one of a read-modify-write, and then writes
  bool torn = false;    ///< likewise, but another read-modify-write has read from there and written
};

/// The memory of one execution after another.
class Memory final : public detail::WeakMemory {
 public:
  Memory(Execution& execution, MemoryModel model, Orders* orders)
      : execution_{&execution}, model_{model}, orders_{orders} {}

  /// Another execution begins. It builds a graph of its own, or goes on with that of `graphs`.
  void begin(Graphs* graphs);
  /// What it has built.
  [[nodiscard]] const Graph& graph() const noexcept { return *graph_; }
  /// Makes the choices that lead to this graph, in each execution from here on that builds its own.
  void follow(const Graph& wanted);
  /// No longer.
  void follow_nothing() noexcept { wanted_.reset(); }

  void load(const detail::MemoryAccess& access, void* value) override;
  void store(const detail::MemoryAccess& access, const void* value) override;
  bool modify(const detail::MemoryAccess& access, std::memory_order failure,
              const detail::MemoryChange& change, void* old) override;
  [[nodiscard]] std::string remark() const override;
  void fence(std::memory_order order, const source_location& where) override;
  void yield() override;
  void wait_for_change(const source_location& where) override;
  void notifies(ObjectId queue) override;
  void joins(ObjectId queue) override;
  void release(unsigned thread, ObjectId object) override;
  void forget(ObjectId object) override { objects_.erase(object); }
  void acquire(unsigned thread, ObjectId object) override;
  void need(unsigned thread, unsigned other) override;
  void follow(unsigned thread, unsigned other) override;

  // For `Graphs`.

  /// Nothing comes of the graph: the execution goes on with one of its own.
  void run_on();
  /// How many events of the thread have been executed.
  [[nodiscard]] std::size_t progress(unsigned thread) const noexcept { return threads_[thread].executed; }
  [[nodiscard]] bool executed(Slot slot) const noexcept {
    const GraphEvent& event = (*graph_)[slot];
    return event.index < threads_[event.thread].executed;
  }
  /// The next event of the thread that the graph has and that has not been executed; `nothing` if there is
  /// none.
  [[nodiscard]] Slot planned(unsigned thread) const noexcept {
    if (thread >= graph_->threads() || thread >= threads_.size()) return nothing;
    const auto& events = graph_->of(thread);
    return threads_[thread].executed < events.size() ? events[threads_[thread].executed] : nothing;
  }
  /// Adds the next event of a thread, which is neither executed nor placed.
  Slot add(unsigned thread, GraphEvent event);
  /// Executes the next event of a thread: what it needs, and what happens before what follows it.
  void execute(Slot slot);
  /// What the thread has done so far is needed by who takes the object from here on.
  void give_back(unsigned thread, ObjectId object);
  /// What the thread's next event needs, whatever it reads.
  [[nodiscard]] const Lane* needs(unsigned thread) const noexcept { return clock(thread, needed); }

 private:
  enum Which : unsigned { needed, before, acquirable, released, taken };
  static constexpr std::size_t clocks_per_thread = 5;
  /// What was released to an object.
  struct Given {
    std::vector<Lane> before;
    std::vector<Lane> needed;
  };
  /// A read by a thread, or that it yielded.
  struct Look {
    Slot read = nothing;    ///< nothing: it yielded
    Slot source = nothing;  ///< what it read from, but for own writes that changed nothing
    Slot silent = nothing;  ///< the write that belongs to it, if that changed nothing
    source_location where = {};
  };
  struct Thread {
    std::size_t executed = 0;
    Slot seen = nothing;              ///< it goes on to read something later there than this read has seen
    std::vector<Look> looks = {};     ///< since it has changed something
    std::vector<Lane> at_least = {};  ///< what its next load sees, though it need not happen before it
  };
  class Spinning;

  [[nodiscard]] Lane* clock(unsigned thread, Which which) noexcept {
    return clocks_.data() + (std::size_t{thread} * clocks_per_thread + which) * lanes_;
  }
  [[nodiscard]] const Lane* clock(unsigned thread, Which which) const noexcept {
    return clocks_.data() + (std::size_t{thread} * clocks_per_thread + which) * lanes_;
  }
  void join(Lane* to, const Lane* from) const noexcept {
    for (unsigned i = 0; i != lanes_; ++i) to[i] = std::max(to[i], from[i]);
  }
  void reserve(unsigned threads);
  Given& given_to(ObjectId object);
  void give(unsigned thread);
  void take(unsigned thread, const Lane* given, const Lane* needs);
  [[nodiscard]] const detail::MemoryAccess& ordered(const detail::MemoryAccess& access,
                                                    std::optional<detail::MemoryAccess>& changed) const;
  void announce(const detail::MemoryAccess& access, bool write);
  void look();
  void seen(Slot read, const source_location& where);
  void spin(std::size_t first, const source_location& where);
  [[nodiscard]] bool something_new(Slot read) const;
  [[nodiscard]] bool adrift() const noexcept;
  [[nodiscard]] unsigned location(const detail::MemoryAccess& access);
  [[nodiscard]] const std::byte* value_of(unsigned location, Slot write) const noexcept;
  void keep(Slot write, const void* value, std::size_t size);
  Slot expected(const detail::MemoryAccess& access, GraphEvent::Kind kind);
  Slot read(const detail::MemoryAccess& access, std::memory_order failure,
            const detail::MemoryChange* change);
  void choose_sources(const detail::MemoryAccess& access, GraphEvent event, std::memory_order failure,
                      const detail::MemoryChange* change);
  [[nodiscard]] bool torn_after(unsigned location, std::size_t place) const noexcept;
  [[nodiscard]] bool allows_read(const GraphEvent& event);
  void write(const detail::MemoryAccess& access, const void* value, Slot read);
  void place(Slot write);
  [[nodiscard]] bool allows_write(Slot write, std::size_t position);
  template <class Wanted>
  std::size_t choose(std::size_t outcomes, const Wanted& is_wanted);
  [[nodiscard]] Slot later_than(Slot slot) const;
  [[nodiscard]] std::optional<std::size_t> step_of(Slot write) const;
  void show_source(Slot read);
  void show_store(Slot write);
  [[nodiscard]] Slot wanted_at(unsigned thread, std::size_t index) const noexcept;
  [[nodiscard]] bool same(Slot slot, Slot wanted) const noexcept;

  Execution* execution_;
  MemoryModel model_;
  Orders* orders_;  ///< in place of those that operations name; may be null
  Graphs* graphs_ = nullptr;
  std::optional<Graph> wanted_;  ///< without what is not of atomics
  Graph own_;
  Graph* graph_ = &own_;
  std::vector<Thread> threads_;
  std::vector<Lane> clocks_;
  unsigned lanes_ = 8;
  std::unordered_map<ObjectId, Given> objects_;  ///< what was released to them
  std::vector<std::byte> bytes_;
  std::vector<std::size_t> first_;   ///< of each location, where in `bytes_` its first value is; 0: unknown
  std::vector<std::size_t> values_;  ///< likewise of each write
  static constexpr std::size_t no_step = static_cast<std::size_t>(-1);
  std::vector<std::size_t> steps_;       ///< of each write, which one made it, while they are written down
  std::vector<detail::Clock> messages_;  ///< of writes, once there is a plain variable
  std::vector<Source> sources_;
  std::vector<std::size_t> places_;
  Slot remarkable_ = nothing;       ///< the latest operation, if there is something to say of it
  bool trying_ = false;             ///< an event that is taken back
  std::vector<std::byte> changed_;  ///< by a read-modify-write
};

}  // namespace lockstep::sim
