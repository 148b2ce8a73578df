// Every execution graph that a memory model allows, once, and nothing else.
//
// A graph is built by adding the next event of some thread, until there is none. A read reads from each write
// that it may read from; a write stands at each place in the modification order; and a write that is added
// late may be what an earlier read reads from: then what was added after that read and is not needed for the
// write is taken back, and comes again. So that no graph comes twice, it is taken back only if it was added
// in the one way that counts: reading the latest, standing last. Nothing has to be remembered of what has
// been explored.
//
// Source: Kokologiannakis, Marmanis, Gladstein & Vafeiadis, "Truly Stateless, Optimal Dynamic Partial Order
// Reduction", POPL 2022. What is our own:
// - The test runs natively. To go on with a graph, the code runs from its start along the graph's events,
// each
//   once those that it depends on have been executed; so values, and addresses, are always of this run.
// - What a primitive holds (a mutex, a queue of those who wait) is a location, and each operation on it a
//   read-modify-write. One that has to wait is a read alone, whose write comes when it can go on.
// - A read-modify-write that would tear another one apart is not added, only what follows from it.
#pragma once

#include <lockstep/sim/explorer.hpp>

#include "memory.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace lockstep::sim {

/// Builds each graph once. The test is executed from its start for every one.
class Graphs final : public Explorer {
 public:
  /// Precondition: the model is not that of interleavings.
  explicit Graphs(MemoryModel model) noexcept : model_{model} {}

  bool begin() override;
  unsigned choose(const Choice& choice) override;
  void stops(const Execution& execution, ThreadSet pending, bool failed) override;
  bool end(const Ending& ending) override;
  [[nodiscard]] bool complete() const noexcept override { return complete_; }
  [[nodiscard]] std::uint64_t left() const override;
  [[nodiscard]] std::unique_ptr<Explorer> split() override;
  [[nodiscard]] Graphs* graphs() noexcept override { return this; }

  /// The threads that made the steps of the latest execution, in order.
  [[nodiscard]] const std::vector<unsigned>& schedule() const noexcept { return schedule_; }

  // For the memory of the execution.

  /// The present graph.
  [[nodiscard]] Graph& graph() noexcept { return graph_; }
  /// The execution that begins has this memory.
  void of(Memory& memory) noexcept { memory_ = &memory; }
  /// True if nothing can come of the present graph, although threads may wait.
  [[nodiscard]] bool in_vain() const { return given_up_ || replayed() != Replayed::yes; }
  /// True if the write that belongs to `read` is to be added once all of the graph has been executed.
  [[nodiscard]] bool waits_to_write(Slot read);
  /// A read was added, which reads from the first of `sources`.
  void reads(Slot read, const std::vector<Source>& sources);
  /// A store was added at the first of `places`.
  void places(Slot write, const std::vector<std::size_t>& places);
  /// A write was added.
  void writes(Slot write);

 private:
  /// A read by an event that is to be added, of one of its locations.
  struct Reading {
    unsigned location = 0;
    Slot from = at_first;
  };
  /// Another graph: what of the present one is left, and what is different.
  struct Item {
    enum class Kind : std::uint8_t {
      read,     ///< `slot` reads from `readings[0].from`
      write,    ///< `slot` stands at place `number`
      choice,   ///< `slot` has outcome `number`
      revisit,  ///< `reader` reads from `slot`, which stands at the place that is number `number` of its
                ///< places
      torn,  ///< `slot` is a read-modify-write with these `readings`, and `reader` reads from what it writes
    };
    Kind kind = Kind::read;
    bool exclusive = false;
    std::memory_order order = std::memory_order_relaxed;
    std::uint8_t count = 1;  ///< of readings
    std::uint8_t which = 0;  ///< of them is what `reader` reads next
    Slot slot = nothing;
    Slot reader = nothing;
    std::size_t number = 0;
    std::array<Reading, 2> readings = {};
  };
  /// A graph that others begin like.
  struct Node {
    std::shared_ptr<const Graph> graph;
    std::vector<Item> items;
  };

  bool restore(const Graph& whole, Item& item, bool& again);
  bool restore_revisit(const Graph& whole, Item& item, bool& again);
  bool restore_torn(const Graph& whole, const Item& item);
  /// Whether all of the graph has been executed that can be.
  enum class Replayed : std::uint8_t { yes, no, in_vain };
  [[nodiscard]] Replayed replayed() const;
  void need(const Graph& graph, Slot write);
  [[nodiscard]] bool allowed(Slot reader, Slot write);
  void read_anew(Slot read);
  void write_anew(Slot write, Slot read);
  [[nodiscard]] bool readable(Slot reader, Slot write) const;
  [[nodiscard]] unsigned choose_thread(const Choice& choice);
  [[nodiscard]] unsigned choose_outcome(const Choice& choice);
  [[nodiscard]] bool can_replay(unsigned thread, const Operation& operation) const;
  [[nodiscard]] bool is_last(Slot read) const;
  [[nodiscard]] bool is_pinned(unsigned thread) const;
  [[nodiscard]] bool is_to_load(unsigned thread) const;
  [[nodiscard]] bool can_go_on(unsigned thread) const;
  unsigned give_up();
  void keep_items(std::shared_ptr<const Graph> graph);
  unsigned take(unsigned thread, const Operation& operation);
  void replay_primitive(unsigned thread);
  void add_primitive(unsigned thread, const Operation& operation);
  Slot add_reads(unsigned thread, const Operation& operation, bool executed);
  void alternatives(const Operation& operation, Slot first, std::size_t count);
  [[nodiscard]] bool maximal(Slot slot, const Lane* needed, Slot except) const;
  [[nodiscard]] bool all_maximal(Slot reader, const Lane* needed, Slot end) const;
  void settle(Slot write);

  MemoryModel model_;
  Graph graph_;
  Memory* memory_ = nullptr;
  std::vector<Node> stack_;
  std::vector<Item> items_;  ///< of the present graph
  std::vector<Lane> needed_;
  std::vector<unsigned> schedule_;
  std::size_t begun_with_ = 0;         ///< how many events the graph had when the execution began
  unsigned unfinished_ = max_threads;  ///< the thread that waits to write
  bool check_ = false;  ///< whether the model allows the graph, once the order of a read is known
  bool replaying_ = false;
  bool started_ = false;
  bool given_up_ = false;  ///< nothing comes of the present graph
  bool complete_ = false;
};

}  // namespace lockstep::sim
