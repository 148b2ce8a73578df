// Replaced records wait here until nobody reads them any more, however long a reader takes, and how many of
// them wait has a bound.
//
// Who reads records announces the epoch, a counter, in a *place*, looks at them, and looks at the epoch
// again: if it has not moved, all that was found was made in that epoch or before it. Who has replaced a
// record notes the epoch of that. So a record may be read by those alone who announced an epoch between the
// one in which it was made and the one in which it was replaced, and is destroyed once no place announces
// such a one. Plain epochs keep whatever is replaced while somebody reads; here a reader who stalls keeps
// what there was when it began, and nothing that is made later.
//
// A place is claimed by the very compare-exchange that announces, for the length of one look, and whoever has
// claimed it owns the list of records that wait there. So no thread registers or leaves anything behind,
// nobody waits for anybody, and what is written lies on lines of the thread's own, but for the epoch, which
// moves once in many replacements.
//
// Sources: Fraser, "Practical Lock-Freedom", PhD thesis, Cambridge 2004 (epochs); Ramalhete & Correia,
// "Brief Announcement: Hazard Eras - Non-Blocking Memory Reclamation", SPAA 2017, and Wen et al.,
// "Interval-Based Memory Reclamation", PPoPP 2018 (the bound by the epochs in which a record was there).
//
// Orders weaker than seq_cst carry a number, and those that work together the same. The scenarios of
// `cell_nodes` are explored under RC11, so that an order that is too weak for them is found. Why seq_cst
// where it stands: see `Pin`.
#pragma once

#include <lockstep/core/contract.hpp>
#include <lockstep/memory/pace.hpp>

#include <array>
#include <atomic>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

namespace lockstep::memory {

template <Runtime R = StdRuntime>
class Reclaimer;

namespace detail {

/// What is read by others, and destroyed when nobody does.
struct Reclaimable {
  Reclaimable() = default;
  Reclaimable(const Reclaimable&) = delete;
  Reclaimable& operator=(const Reclaimable&) = delete;
  virtual ~Reclaimable() = default;

  std::uint64_t made = 0;      // at this epoch or later
  std::uint64_t replaced = 0;  // at this epoch or before
  Reclaimable* next = nullptr;
};

/// A list of them, not shared.
class ReclaimableList {
 public:
  void push(Reclaimable& node) noexcept {
    node.next = std::exchange(first_, &node);
    ++size_;
  }
  Reclaimable* pop() noexcept {
    auto* const node = first_;
    if (node != nullptr) {
      first_ = node->next;
      --size_;
    }
    return node;
  }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  void destroy() noexcept {
    while (auto* const node = pop()) delete node;
  }

 private:
  Reclaimable* first_ = nullptr;
  std::size_t size_ = 0;
};

/// How much waits, and how many places there are at once. Of any runtime: as little as can be, so that small
/// tests take every way.
template <Runtime R>
struct Thrift {
  static constexpr std::size_t places = 2;
  static constexpr std::size_t most = 1;  // records that wait at a place, if nobody reads them
  /// Where the calling thread looks for a place first.
  static std::size_t favourite() noexcept { return 0; }
};
/// Of the machine. A place is looked at once in as many replacements as there are places in a block, or more
/// seldom.
template <>
struct Thrift<StdRuntime> {
  static constexpr std::size_t places = 32;
  static constexpr std::size_t most = 64;
  static std::size_t favourite() noexcept {
    constinit static std::atomic<std::size_t> threads{0};
    constinit thread_local std::size_t mine = 0;
    if (mine == 0) [[unlikely]]
      mine = threads.fetch_add(1, std::memory_order_relaxed) + 1;  // (6) a number, and nothing more
    return mine;
  }
};

template <Runtime R>
struct alignas(cache_line) ReclaimerPlace {
  static constexpr std::uint64_t free = 0;

  typename R::template atomic<std::uint64_t> announced{free};
  // Of whoever has claimed the place:
  ReclaimableList waiting;
  std::size_t due = Thrift<R>::most;  // so many waiting are looked through
  std::size_t since = 0;              // replaced since the epoch was last moved from here
};

template <Runtime R>
struct ReclaimerBlock {
  std::array<ReclaimerPlace<R>, Thrift<R>::places> places{};
  typename R::template atomic<ReclaimerBlock*> next{nullptr};
};

template <Runtime R>
class Pin;

}  // namespace detail

/// Where replaced records of cells wait until nobody reads them. Cells whose record does not lie in them
/// (see `Cell`) use the one of the process, unless they are given another one.
///
/// Safe to use from any thread. It outlives the cells that use it, and destroys what waits. Waiting records:
/// at most 64 for each thread that is at such cells at the same time (rounded up to 32 threads), and, for
/// each reader that is stopped in the middle of copying a record, at most twice as many as there were in the
/// cells when it began and were replaced until the epoch moved, which is after 64 replacements by a thread.
/// A record is destroyed by a thread that replaces records, at the end of a verb, when it holds nothing.
/// Cost: a compare-exchange on a line of the thread's own, and a store, for each look at records.
template <Runtime R>
class Reclaimer {
 public:
  Reclaimer() = default;
  Reclaimer(const Reclaimer&) = delete;
  Reclaimer& operator=(const Reclaimer&) = delete;
  /// Destroys what waits. Nobody reads any more.
  ~Reclaimer() {
    for (Block* block = &first_; block != nullptr;) {
      for (auto& place : block->places) {
        Expects(lockstep::detail::told(place.announced.load() == Place::free,
                                       "a reclaimer outlives whoever reads its records"));
        place.waiting.destroy();
      }
      const std::unique_ptr<Block> done{block == &first_ ? nullptr : block};
      block = block->next.load();
    }
  }

  /// That of the process. It is never destroyed, and so neither are the last few that wait there.
  [[nodiscard]] static Reclaimer& of_process()
    requires std::same_as<R, StdRuntime>
  {
    static auto& instance = *new Reclaimer;
    return instance;
  }

  /// Destroys what waits and is read by nobody. Needed by nobody but those who count; leaves out what other
  /// threads are at.
  void collect() {
    epoch_.fetch_add(1);  // who reads from now on reads nothing that waits
    for (Block* block = &first_; block != nullptr; block = block->next.load()) {
      for (auto& place : block->places) {
        auto free = Place::free;
        if (!place.announced.compare_exchange_strong(free, epoch_.load())) continue;
        auto unread = take_unread(place);
        place.announced.store(Place::free, std::memory_order_release);  // (7)
        unread.destroy();
      }
    }
  }

 private:
  friend class detail::Pin<R>;
  using Thrift = detail::Thrift<R>;
  using Place = detail::ReclaimerPlace<R>;
  using Block = detail::ReclaimerBlock<R>;

  /// A place that announces `epoch`, and belongs to the caller until it is free again.
  [[nodiscard]] Place& claim(std::uint64_t epoch) {
    const auto favourite = Thrift::favourite();
    for (Block* block = &first_;; block = &after(*block)) {
      for (std::size_t i = 0; i != Thrift::places; ++i) {
        auto& place = block->places[(favourite + i) % Thrift::places];
        auto free = Place::free;
        // (7) Acquires what waits there, from who had it before. seq_cst: see `Pin`. (3) Nothing on failure.
        if (place.announced.compare_exchange_strong(free, epoch, std::memory_order_seq_cst,
                                                    std::memory_order_relaxed)) [[likely]] {
          return place;
        }
      }
    }
  }
  LOCKSTEP_COLD static Block& after(Block& block) {
    if (auto* const next = block.next.load()) return *next;
    auto fresh = std::make_unique<Block>();
    Block* next = nullptr;
    return block.next.compare_exchange_strong(next, fresh.get()) ? *fresh.release() : *next;
  }

  /// Takes out what waits at a place of the caller's and nobody else reads.
  [[nodiscard]] LOCKSTEP_COLD detail::ReclaimableList take_unread(Place& mine) {
    auto unread = std::exchange(mine.waiting, {});
    for (Block* block = &first_; block != nullptr; block = block->next.load()) {
      for (auto& place : block->places) {
        if (&place == &mine) continue;                                          // its readings are over
        if (const auto epoch = place.announced.load(); epoch != Place::free) {  // seq_cst: see `Pin`
          keep(unread, epoch, mine.waiting);
        }
      }
    }
    mine.due = 2 * mine.waiting.size() + Thrift::most;
    return unread;
  }
  /// Moves those that may be read by who announces `epoch` from `from` to `kept`.
  static void keep(detail::ReclaimableList& from, std::uint64_t epoch, detail::ReclaimableList& kept) {
    auto rest = std::exchange(from, {});
    while (auto* const node = rest.pop()) {
      (node->made <= epoch && epoch <= node->replaced ? kept : from).push(*node);
    }
  }

  alignas(detail::cache_line) typename R::template atomic<std::uint64_t> epoch_{1};
  Block first_;
};

namespace detail {

/// A look at records that others may replace: what is found between `enter` and `holds`, if that is true, is
/// there until `leave`.
///
/// Why, in the one order of all seq_cst operations. A reader reads the epoch as e, announces it, and looks at
/// a word (Word::look). A writer takes the word, and then reads the epoch as r and looks at all places. If
/// the reader's look comes after the writer has taken the word, it finds that, and not the record that was
/// there before. If it comes before, then e was read before r, so that e <= r, and it was announced before
/// the writer looks at the places, and is seen there. And what the reader finds was made at an epoch that its
/// writer had read before it published it, which the reader acquires, so that `holds` reads that epoch or a
/// later one: it is no later than e, if `holds` reads e.
template <Runtime R>
class Pin {
 public:
  Pin() = default;
  Pin(const Pin&) = delete;
  Pin& operator=(const Pin&) = delete;
  ~Pin() { leave(); }

  /// Begins a look, if none has begun. Throws what operator new does.
  void enter(Reclaimer<R>& reclaimer) {
    if (place_ != nullptr) return;
    epoch_ = reclaimer.epoch_.load();
    place_ = &reclaimer.claim(epoch_);
    reclaimer_ = &reclaimer;
  }
  /// Whether all that was found since `enter`, in words that had not moved, is there until `leave`. If not,
  /// it is to be looked for again.
  [[nodiscard]] bool holds() {
    // No earlier one than the writers read, whose records were acquired. seq_cst, as in `enter`: an epoch
    // that was read relaxed, or only acquired, would not be later, in that one order, than what others did
    // before they moved it, nor than that they read an earlier one.
    const auto now = reclaimer_->epoch_.load();
    if (now == epoch_) [[likely]]
      return true;
    epoch_ = now;
    place_->announced.store(now);
    return false;
  }
  /// Notes when `node` was made, before it is published.
  void stamp(Reclaimable& node) const noexcept { node.made = epoch_; }

  /// Takes over what the caller has replaced, and does not read any more.
  void reclaim(Reclaimable& node) {
    node.replaced = reclaimer_->epoch_.load();
    place_->waiting.push(node);
    if (++place_->since == Thrift<R>::most) {
      place_->since = 0;
      reclaimer_->epoch_.fetch_add(1);
    }
  }

  /// Ends the look. Destroys what nobody reads, if it is time for that: then the place is free already, and
  /// what destructors do is nobody's concern.
  void leave() {
    if (place_ == nullptr) return;
    auto& place = *std::exchange(place_, nullptr);
    ReclaimableList unread;
    if (place.waiting.size() >= place.due) [[unlikely]]
      unread = reclaimer_->take_unread(place);
    // (7) Releases what waits there, to the next; and all that was read, to who destroys it.
    place.announced.store(ReclaimerPlace<R>::free, std::memory_order_release);
    unread.destroy();
  }

 private:
  Reclaimer<R>* reclaimer_ = nullptr;
  ReclaimerPlace<R>* place_ = nullptr;
  std::uint64_t epoch_ = 0;
};

}  // namespace detail

}  // namespace lockstep::memory
