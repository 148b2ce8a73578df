// Several cells, of a number that is known when compiling, changed together or not at all.
//
// Optimistically: read all at one moment, run the change on copies, set `writing` in the words of what
// changed, validate the rest, install, release. Who finds a word taken or moved takes back what it has set,
// waits for a while, and begins again. After some lost races all cells are locked, in the order of their
// addresses, before they are read: then nothing can be lost.
//
// Why that ends. Nobody waits while it has set `writing`, so the words may be taken in any order: the one in
// which they were given, for to sort addresses at random takes longer than all the rest (a branch that is
// mispredicted every other time; it doubled the time of a transfer among a million cells). Two that take
// their words in opposite orders, or that each read what the other writes, may fail each other; delays make
// it rare that they do so again, and the locks, which cover what is only read as well, end it. Locks are
// waited for while others are held, and so they have an order.
//
// Records that are nodes are looked at under a pin (reclaimer.hpp), which lasts until they are copied, and
// not while the change runs. A commit that compares them pins them again, and looks whether they are still
// there. What it will publish is copied before any word is taken, so that what throws leaves everything as it
// was.
//
// Source: Tu et al., "Speedy Transactions in Multicore In-Memory Databases", SOSP 2013, without its epochs:
// what would order all commits is here the single order of seq_cst operations (word.hpp).
#pragma once

#include <lockstep/core/invariant.hpp>
#include <lockstep/core/invoke.hpp>
#include <lockstep/memory/cell.hpp>

#include <array>
#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>

namespace lockstep::memory::detail {

/// True if `record` is known to be what was copied. Where bytes say it all, they are compared at once, and
/// not the members one by one.
template <class T>
[[nodiscard]] bool same_record(const T& record, const Image<T>& copied) {
  if constexpr (std::has_unique_object_representations_v<T>) {
    return Image<T>::of(record).same_bytes(copied);
  } else if constexpr (std::equality_comparable<T>) {
    return record == copied.record();
  } else {
    return false;
  }
}

/// Likewise, of a node. Where it cannot be compared, it does not matter whether it is still there.
template <class T>
[[nodiscard]] bool same_record(const T& record, const Found<T>& found) {
  if constexpr (std::equality_comparable<T>) {
    return record == found.record();
  } else {
    return false;
  }
}

/// Where nothing is to be pinned, or to be published.
struct Nothing {};

[[nodiscard]] inline Place place_of_cell(std::size_t index) { return {"cell", std::to_string(index)}; }

[[noreturn]] LOCKSTEP_COLD inline void refuse_after_last(std::size_t index) {
  throw VersionUnavailable{place_of_cell(index), "its last version is used"};
}

/// What both ways of changing `Cells` together have in common: what was read of each. A const cell is only
/// read.
template <class... Cells>
class CellReads {
 protected:
  static constexpr std::size_t count = sizeof...(Cells);
  using Sequence = std::make_index_sequence<count>;
  using R = typename std::tuple_element_t<0, std::tuple<Cells...>>::runtime_type;
  using WordOf = Word<R>;
  template <std::size_t I>
  using CellAt = std::tuple_element_t<I, std::tuple<Cells...>>;
  template <std::size_t I>
  using RecordAt = typename CellAt<I>::record_type;
  template <std::size_t I>
  static constexpr bool only_read = std::is_const_v<CellAt<I>>;
  static constexpr bool reads_only = (std::is_const_v<Cells> && ...);
  template <std::size_t I>
  static constexpr bool is_node = in_nodes<CellAt<I>>;
  static constexpr bool nodes = (in_nodes<Cells> || ...);
  static constexpr bool changes_nodes = ((in_nodes<Cells> && !std::is_const_v<Cells>) || ...);
  /// Copies to be published, where records are nodes.
  using Fresh = std::tuple<
      std::conditional_t<in_nodes<Cells>, std::unique_ptr<Node<typename Cells::record_type>>, Nothing>...>;
  static_assert((std::is_same_v<typename Cells::runtime_type, R> && ...), "cells of one runtime");

 public:
  using Records = std::tuple<typename Cells::record_type...>;

  explicit CellReads(Cells&... cells) : cells_{&cells...} {}

  /// The version that was read, or landed at.
  template <std::size_t I>
  [[nodiscard]] Version version() const {
    return seen_[I].version();
  }
  /// Likewise, with its flags.
  template <std::size_t I>
  [[nodiscard]] WordState state() const {
    return seen_[I];
  }

 protected:
  template <std::size_t I>
  [[nodiscard]] WordOf& word() const noexcept {
    return CellAccess::word(*std::get<I>(cells_));
  }
  template <std::size_t... I>
  void copy(std::index_sequence<I...>) {
    ((std::get<I>(images_) = record<I>().load()), ...);
  }
  template <std::size_t I>
  [[nodiscard]] auto& record() const noexcept {
    return CellAccess::record(*std::get<I>(cells_));
  }
  template <std::size_t... I>
  [[nodiscard]] Records records(std::index_sequence<I...>) const {
    return Records{std::get<I>(images_).record()...};
  }

  /// Nodes that are found from now on are there until `unpin`, if `pin_.holds` then.
  void pin() {
    if constexpr (nodes) pin_.enter(*reclaimer(Sequence{}));
  }
  void unpin() {
    if constexpr (nodes) pin_.leave();
  }
  template <std::size_t... I>
  [[nodiscard]] Reclaimer<R>* reclaimer(std::index_sequence<I...>) const {
    Reclaimer<R>* common = nullptr;
    bool same = true;
    const auto meet = [&](Reclaimer<R>& one) {
      same = same && (common == nullptr || common == &one);
      common = &one;
    };
    const auto look = [&]<std::size_t at>(std::integral_constant<std::size_t, at>) {
      if constexpr (is_node<at>) meet(record<at>().reclaimer());
    };
    (look(std::integral_constant<std::size_t, I>{}), ...);
    Expects(lockstep::detail::told(same, "the cells of a transaction have their reclaimer in common"));
    return common;
  }

  /// Notes which records differ from what was read, and whether those may be written.
  template <std::size_t... I>
  void note_changes(const Records& records, std::index_sequence<I...>) {
    (note_change<I>(std::get<I>(records)), ...);
  }
  template <std::size_t I>
  void note_change(const RecordAt<I>& record) {
    changed_[I] = !only_read<I> && !same_record(record, std::get<I>(images_));
    if (!changed_[I]) return;
    check_invariants(record, [] { return place_of_cell(I); });
    if (seen_[I].is_last()) [[unlikely]]
      refuse_after_last(I);
  }
  /// Copies of what changed, where records are nodes.
  template <std::size_t... I>
  [[nodiscard]] Fresh fresh(const Records& records, std::index_sequence<I...>) const {
    return Fresh{fresh_one<I>(std::get<I>(records))...};
  }
  template <std::size_t I>
  [[nodiscard]] std::tuple_element_t<I, Fresh> fresh_one(const RecordAt<I>& record) const {
    std::tuple_element_t<I, Fresh> copy{};
    if constexpr (is_node<I> && !only_read<I>) {
      if (changed_[I]) {
        copy = std::make_unique<Node<RecordAt<I>>>(record);
        pin_.stamp(*copy);
      }
    }
    return copy;
  }
  template <std::size_t... I>
  void store(const Records& records, Fresh& fresh, std::index_sequence<I...>) {
    (store_one<I>(std::get<I>(records), std::get<I>(fresh)), ...);
  }
  template <std::size_t I>
  void store_one(const RecordAt<I>& record, std::tuple_element_t<I, Fresh>& fresh) {
    if constexpr (!only_read<I>) {
      if (!changed_[I]) return;
      if constexpr (is_node<I>) {
        this->template record<I>().store(std::move(fresh));
      } else {
        this->template record<I>().store(Image<RecordAt<I>>::of(record));
      }
    }
  }
  /// After what replaces them is published. The caller holds nothing any more.
  template <std::size_t... I>
  void reclaim(std::index_sequence<I...>) {
    (reclaim_one<I>(), ...);
    unpin();
  }
  template <std::size_t I>
  void reclaim_one() {
    if constexpr (is_node<I> && !only_read<I>) {
      if (changed_[I]) pin_.reclaim(*std::get<I>(images_).node);
    }
  }
  template <std::size_t... I>
  void move_on(std::index_sequence<I...>) {
    ((changed_[I] ? static_cast<void>(seen_[I] = {seen_[I].next()}) : void()), ...);
  }

  std::tuple<Cells*...> cells_;
  std::array<WordState, count> seen_{};
  std::array<bool, count> changed_{};
  std::tuple<CopyOf<typename Cells::record_type>...> images_;
  [[no_unique_address]] std::conditional_t<nodes, Pin<R>, Nothing> pin_;
};

/// An attempt to change cells together without locking them.
template <class... Cells>
class Optimistic : public CellReads<Cells...> {
  using Base = CellReads<Cells...>;
  using Base::changed_;
  using Base::count;
  using Base::seen_;
  using typename Base::Sequence;
  using typename Base::WordOf;
  template <std::size_t I>
  static constexpr bool only_read = Base::template only_read<I>;

 public:
  using typename Base::Fresh;
  using typename Base::Records;

  /// All cells must differ.
  explicit Optimistic(Cells&... cells) : Base{cells...} {
    prefetch(Sequence{});
    const std::array<const void*, count> addresses{&cells...};
    for (std::size_t i = 0; i != count; ++i) {
      for (std::size_t j = 0; j != i; ++j) {
        Expects(lockstep::detail::told(addresses[i] != addresses[j],
                                       "the cells of a transaction differ from each other"));
      }
    }
  }

  /// Reads all cells as they were at one moment; false if that cannot be done at once.
  [[nodiscard]] bool try_read() { return read_pinned(WordState::starving); }
  /// Likewise, and waits for writers, and while others hold what is to be changed.
  void read() {
    unsigned failed = 0;
    do {
      this->unpin();  // nothing waits for who waits
      settle(failed++, Sequence{});
    } while (!read_pinned(0));
  }
  /// Copies of them. Once after each reading.
  [[nodiscard]] Records records() {
    if constexpr (Base::nodes) {
      const Unpinned end{*this};
      return Base::records(Sequence{});
    } else {
      return Base::records(Sequence{});
    }
  }

  /// Writes those of `records` that differ from what was read, if all cells are as they were read; false if
  /// not, and then nothing was written. Throws ConstraintViolated and VersionUnavailable; nothing was written
  /// then.
  [[nodiscard]] bool commit(const Records& records) {
    if constexpr (Base::reads_only) return true;  // they were as they are at one moment
    if constexpr (Base::changes_nodes) {
      this->pin();
      const Unpinned end{*this};
      return nodes_are_there(Sequence{}) && write(records);
    } else {
      return write(records);
    }
  }

 private:
  struct Unpinned {
    Optimistic& transaction;
    explicit Unpinned(Optimistic& of) : transaction{of} {}
    Unpinned(const Unpinned&) = delete;
    Unpinned& operator=(const Unpinned&) = delete;
    ~Unpinned() { transaction.unpin(); }
  };

  [[nodiscard]] bool write(const Records& records) {
    this->note_changes(records, Sequence{});
    auto fresh = this->fresh(records, Sequence{});
    if (!take(Sequence{})) return false;
    WordOf::acquired();
    this->store(records, fresh, Sequence{});
    publish(Sequence{});
    this->reclaim(Sequence{});
    this->move_on(Sequence{});
    return true;
  }

  /// Whether those that are compared, under the pin, are what they were when they were read. They were made
  /// before the pin announced its epoch, and if they are still there after it, they stay.
  template <std::size_t... I>
  [[nodiscard]] bool nodes_are_there(std::index_sequence<I...>) const {
    return (
        (!Base::template is_node<I> || only_read<I> || this->template word<I>().unmoved_together(seen_[I])) &&
        ...);
  }

  [[nodiscard]] bool read_pinned(std::uint64_t also_in_the_way) {
    this->pin();
    bool whole = read_once(also_in_the_way, Sequence{});
    if constexpr (Base::nodes) {
      while (whole && !this->pin_.holds()) whole = read_once(also_in_the_way, Sequence{});
    }
    return whole;
  }

  template <std::size_t... I>
  void prefetch(std::index_sequence<I...>) const {
    ((only_read<I> ? void() : this->template word<I>().prefetch_for_write()), ...);
  }

  template <std::size_t... I>
  [[nodiscard]] bool read_once(std::uint64_t also_in_the_way, std::index_sequence<I...>) {
    const auto in_the_way = WordState::writing | WordState::locked | also_in_the_way;
    ((seen_[I] = this->template word<I>().look()), ...);
    this->copy(Sequence{});
    WordOf::copied();
    const bool clear = !(seen_[I].has(only_read<I> ? WordState::writing : in_the_way) || ...);
    if constexpr (count == 1) {
      return clear && this->template word<0>().unmoved(seen_[0]);
    } else {
      return clear && (this->template word<I>().unmoved_together(seen_[I]) && ...);
    }
  }
  template <std::size_t... I>
  void settle(unsigned failed, std::index_sequence<I...>) const {
    ((only_read<I> ? this->template word<I>().settle(failed)
                   : this->template word<I>().settle_to_change(failed)),
     ...);
  }

  /// Sets `writing` in what changed, and then validates the rest. Without a list of what is to be taken back:
  /// a locked instruction waits for every store before it.
  template <std::size_t... I>
  [[nodiscard]] bool take(std::index_sequence<I...>) const {
    std::size_t taken = 0;
    if (((!changed_[I] || this->template word<I>().acquire(seen_[I]) ? (++taken, true) : false) && ...) &&
        rest_is_unmoved(Sequence{}) && all_in_place(Sequence{})) [[likely]] {
      return true;
    }
    ((I < taken && changed_[I] ? this->template word<I>().take_back(seen_[I]) : void()), ...);
    return false;
  }
  template <std::size_t... I>
  [[nodiscard]] bool rest_is_unmoved(std::index_sequence<I...>) const {
    if constexpr (count == 1) return true;  // it was read at one moment, and is the only one
    return ((changed_[I] || this->template word<I>().unmoved_together(seen_[I])) && ...);
  }
  /// Of cells that are places of a table, which may have become places of other records: what has been taken
  /// is still what it was found as.
  template <std::size_t... I>
  [[nodiscard]] bool all_in_place(std::index_sequence<I...>) const {
    const auto in_place = [](const auto& cell) {
      if constexpr (requires { cell.in_place(); }) {
        return cell.in_place();
      } else {
        return true;
      }
    };
    return (in_place(*std::get<I>(this->cells_)) && ...);
  }
  template <std::size_t... I>
  void publish(std::index_sequence<I...>) const {
    ((changed_[I] ? this->template word<I>().publish(seen_[I]) : void()), ...);
  }
};

/// Cells that are locked, all of them, until `commit` or the end of the scope.
template <class... Cells>
class Locked : public CellReads<Cells...> {
  using Base = CellReads<Cells...>;
  using Base::changed_;
  using Base::count;
  using Base::seen_;
  using typename Base::Sequence;
  using typename Base::WordOf;

 public:
  using typename Base::Records;

  explicit Locked(Cells&... cells) : Base{cells...}, words_{&CellAccess::word(cells)...} {
    const std::array ranks{rank_of(cells)...};
    for (std::size_t i = 0; i != count; ++i) order_[i] = i;
    for (std::size_t i = 0; i != count; ++i) {
      for (std::size_t j = i + 1; j != count; ++j) {
        if (ranks[order_[j]] < ranks[order_[i]]) std::swap(order_[i], order_[j]);
      }
    }
  }
  Locked(const Locked&) = delete;
  Locked& operator=(const Locked&) = delete;
  ~Locked() {
    while (held_ != 0) words_[order_[--held_]]->unlock();
  }

  /// Locks all, in the order of their addresses; false if that takes longer than `wait` allows.
  [[nodiscard]] bool lock(Wait wait) {
    for (; held_ != count; ++held_) {
      const auto locked = words_[order_[held_]]->lock(wait);
      if (!locked) return false;
      seen_[order_[held_]] = *locked;
    }
    return true;
  }

  /// What is there, which nobody else changes meanwhile.
  void read() { this->copy(Sequence{}); }
  /// Copies of them. No pin is needed: who replaces a record holds its lock.
  [[nodiscard]] Records records() const { return Base::records(Sequence{}); }

  /// Writes those of `records` that differ from what was read, and gives all locks back. True. Throws
  /// ConstraintViolated and VersionUnavailable; nothing was written then, and the locks are held.
  bool commit(const Records& records) {
    this->note_changes(records, Sequence{});
    this->pin();  // a place for what is replaced
    auto fresh = this->fresh(records, Sequence{});
    // All are marked before the first is written, so that no reader sees one new and another old.
    for (std::size_t i = 0; i != count; ++i) {
      if (changed_[i]) words_[i]->mark_writing();
    }
    WordOf::acquired();
    this->store(records, fresh, Sequence{});
    held_ = 0;
    for (std::size_t i = 0; i != count; ++i) {
      changed_[i] ? words_[i]->publish_and_unlock(seen_[i]) : words_[i]->unlock();
    }
    this->reclaim(Sequence{});
    this->move_on(Sequence{});
    return true;
  }

 private:
  // By address, unless cells know of an order that does not change from run to run.
  template <class Cell>
  [[nodiscard]] static auto rank_of(Cell& cell) {
    if constexpr (requires { cell.rank(); }) {
      return cell.rank();
    } else {
      return std::bit_cast<std::uintptr_t>(&CellAccess::word(cell));
    }
  }

  std::array<WordOf*, count> words_;
  std::array<std::size_t, count> order_{};
  std::size_t held_ = 0;
};

/// How to keep a function that was given as `Fn`: a small one that nobody else sees by itself, so that it may
/// stay in registers; others by reference.
template <class Fn>
struct Kept {
  using Bare = std::remove_reference_t<Fn>;
  static constexpr bool small = std::is_trivially_copyable_v<Bare> && sizeof(Bare) <= 2 * sizeof(void*);
  std::conditional_t<small && !std::is_lvalue_reference_v<Fn>, Bare, Bare&> fn;
};

/// Calls `fn` with `records`, those of const cells as const.
template <class... Cells, class Fn>
decltype(auto) call_with(Fn& fn, std::tuple<typename Cells::record_type...>& records) {
  return std::apply(
      [&](auto&... each) -> decltype(auto) {
        return lockstep::detail::invoke(
            fn, static_cast<std::conditional_t<std::is_const_v<Cells>, const typename Cells::record_type,
                                               typename Cells::record_type>&>(each)...);
      },
      records);
}

/// What a change may return to say that it wants nothing written.
struct Skip {
  bool skip = false;
};

/// One attempt: true if `outcome` and `records` are to be returned.
template <class Transaction, class Records, class Outcome>
bool landed(Transaction& transaction, const Records& records, const Outcome& outcome) {
  if constexpr (std::is_same_v<Outcome, Skip>) {
    if (outcome.skip) return true;
  }
  return transaction.commit(records);
}

template <class Change, class Done, class... Cells>
LOCKSTEP_COLD auto until_it_lands_after_all(Change change, Done done, unsigned lost, Cells&... cells) {
  using R = typename std::tuple_element_t<0, std::tuple<Cells...>>::runtime_type;
  for (; lost != Pace<R>::losses_before_locking; ++lost) {
    if constexpr (!(std::is_const_v<Cells> && ...)) Pace<R>::back_off(lost);
    Optimistic<Cells...> transaction{cells...};
    transaction.read();
    auto records = transaction.records();
    auto outcome = change(records);
    if (landed(transaction, records, outcome)) return done(transaction, records, std::move(outcome));
  }
  Locked<Cells...> transaction{cells...};
  static_cast<void>(transaction.lock(Wait::forever()));
  transaction.read();
  auto records = transaction.records();
  auto outcome = change(records);
  static_cast<void>(landed(transaction, records, outcome));
  return done(transaction, records, std::move(outcome));
}

/// Runs `change(records)` and commits what it did, until that lands; then returns what
/// `done(transaction, records, what change returned)` does. Optimistically, and after some lost races with
/// all cells locked.
template <class Change, class Done, class... Cells>
auto until_it_lands(Change change, Done done, Cells&... cells) {
  unsigned lost = 0;
  // Nothing here leaves the registers: what has to wait, or to try again, begins anew below.
  if (Optimistic<Cells...> transaction{cells...}; transaction.try_read()) [[likely]] {
    auto records = transaction.records();
    auto outcome = change(records);
    if (landed(transaction, records, outcome)) [[likely]] {
      return done(transaction, records, std::move(outcome));
    }
    lost = 1;
  }
  return until_it_lands_after_all(change, done, lost, cells...);
}

}  // namespace lockstep::memory::detail
