// A hash table whose records lie in the table itself: a word (word.hpp), the key and the record in one line
// of the cache where they fit, found by linear probing. Any number of threads look up, insert, change, erase,
// and make it grow, at the same time.
//
// A *slot* is a cell with a key. Its word has, beside the version, what is there:
//
//   empty    nothing ever was: here the search for a key ends
//   live     a record
//   erased   a key whose record was erased. The slot stays the key's, and its version counts on
//   moved    as the table grew, the record went to the next array, where it is at the same version
//   dropped  likewise, of an erased key: it went nowhere
//   ended    likewise, of an empty slot: here the search ends, and nothing can be inserted any more
//
// A slot never changes its key, so who meets another key goes on and looks at nothing twice. An insert takes
// the empty slot at which its search ended, by one compare-exchange; whoever else wants to insert the same
// key ends at the same slot.
//
// Growth. Who finds too few empty slots makes the next array; all who want to insert move chunks of slots
// there, and wait for each other. Everybody else goes on: a slot is moved under its word's lock, which leaves
// readers alone, and who finds `moved` goes on in the next array. When all have moved, the next array becomes
// the current one, by one store.
//
// Memory is used again, by the same table alone. Who reads announces nothing; so it may still look at an
// array that was given up, and even at one that is filled again. What it finds there counts for nothing
// unless `current` is still the *turn* at which it began: the number of the array, and how many there have
// been. Turns are never used twice. Writers look at it as well, when they have taken a word: from then on no
// array can be given up that has the slot in it, for its slot cannot be moved.
//
// Keys that are more than bytes are nodes that nobody changes (reclaimer.hpp); who compares them holds a pin.
//
// Sources: Maier, Sanders & Dementiev, "Concurrent Hash Tables: Fast and General(?)!", PPoPP 2016 (growth in
// chunks, by those who insert); Click, "A Lock-Free Wait-Free Hash Table", JavaOne 2007 (slots keep their
// keys, and say where to go on); Preshing, "Leapfrog Probing" and Junction, 2016 (the same in C++).
//
// Orders weaker than seq_cst carry a number, those of word.hpp theirs. The scenarios of `flat_table` are
// explored under RC11 as well.
#pragma once

#include <lockstep/core/contract.hpp>
#include <lockstep/core/error.hpp>
#include <lockstep/memory/cell_transaction.hpp>
#include <lockstep/memory/seeded_hash.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <mutex>
#include <new>
#include <optional>
#include <string_view>
#include <type_traits>
#include <utility>

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace lockstep::memory {

/// What a large table asks of the system.
enum class Pages {
  usual,  ///< nothing
  huge,   ///< huge pages, where the system has them to give (Linux: madvise)
};

namespace detail {

/// What is in a slot. `live` has all bits, so that its last version is the last one of a word.
enum class SlotKind : std::uint64_t { empty, erased, moved, dropped, ended, live = 7 };

/// The version of a word, taken apart.
struct SlotVersion {
  static constexpr unsigned number_bits = 57;
  static constexpr std::uint64_t last = (std::uint64_t{1} << number_bits) - 1;

  SlotKind kind = SlotKind::empty;
  std::uint64_t number = 0;

  [[nodiscard]] static constexpr SlotVersion of(WordState state) noexcept {
    const auto all = state.bits >> WordState::version_shift;
    return {static_cast<SlotKind>(all >> number_bits), all & last};
  }
  [[nodiscard]] constexpr Version version() const {
    return Version{static_cast<std::uint64_t>(kind) << number_bits | number};
  }
};

/// Keys of bytes lie in their slot; others are nodes.
template <class Key>
inline constexpr bool key_lies_inline = std::is_trivially_copyable_v<Key> && sizeof(Key) <= 64;

/// A key in relaxed atomics. What comes out may be torn where the slot is used again.
template <class Key, Runtime R>
class InlineKey {
 public:
  void store(const Key& key) { image_.store(Image<Key>::of(key)); }
  void move_from(const InlineKey& other) { image_.store(other.image_.load()); }
  [[nodiscard]] Image<Key> load() const { return image_.load(); }

 private:
  InlineRecord<Key, R> image_;
};

/// A key as a node, and its hash, so that hardly any other key is looked at.
template <class Key, Runtime R>
class NodeKey {
 public:
  // (5) Relaxed, as records: who finds the kind that a key was published with has acquired it.
  void store(std::unique_ptr<Node<Key>> key, std::uint64_t hash) {
    hash_.store(hash, std::memory_order_relaxed);
    node_.store(key.release(), std::memory_order_relaxed);
  }
  void move_from(const NodeKey& other) {
    hash_.store(other.hash(), std::memory_order_relaxed);
    node_.store(other.node(), std::memory_order_relaxed);
  }
  [[nodiscard]] std::uint64_t hash() const { return hash_.load(std::memory_order_relaxed); }
  [[nodiscard]] Node<Key>* node() const { return node_.load(std::memory_order_relaxed); }

 private:
  typename R::template atomic<std::uint64_t> hash_{0};
  typename R::template atomic<Node<Key>*> node_{nullptr};
};

template <class Key, Runtime R>
using KeyField = std::conditional_t<key_lies_inline<Key>, InlineKey<Key, R>, NodeKey<Key, R>>;

template <class Key, class T, Runtime R>
struct SlotFields {
  InlineRecord<T, R> record;
  KeyField<Key, R> key;
  Word<R> word{Version{0}};
};
template <class Key, class T, Runtime R, Layout layout>
struct alignas(alignment_of_cell(layout, sizeof(SlotFields<Key, T, R>))) Slot : SlotFields<Key, T, R> {
  [[nodiscard]] std::pair<WordState, SlotKind> look() const {
    const auto seen = this->word.look();
    return {seen, SlotVersion::of(seen).kind};
  }
};

/// How large tables are. Of any runtime: as small as can be, so that small tests take every way.
template <Runtime R>
struct FlatTableSizes {
  static constexpr unsigned least = 1;  // an array has at least 2^least slots
  /// So many slots of so many are moved at once.
  static constexpr std::size_t chunk(std::size_t slots) noexcept { return slots / 2; }
  static constexpr std::size_t slots_in_stripe = 4;  // are counted together, or more
  /// Slots that may be used of so many.
  static constexpr std::size_t usable(std::size_t slots) noexcept { return slots / 2; }
};
template <>
struct FlatTableSizes<StdRuntime> {
  static constexpr unsigned least = 4;
  static constexpr std::size_t chunk(std::size_t slots) noexcept { return slots < 256 ? slots : 256; }
  static constexpr std::size_t slots_in_stripe = 4096;
  static constexpr std::size_t usable(std::size_t slots) noexcept { return slots - slots / 4; }
};

/// Slots that were used, and those of them that are erased, of one part of an array: so that threads that
/// insert seldom meet at one counter.
template <Runtime R>
struct alignas(cache_line) SlotCount {
  typename R::template atomic<std::size_t> used{0};
  typename R::template atomic<std::size_t> erased{0};
};

/// An array of slots of a fixed size, used at several turns.
template <class Slot, Runtime R>
class SlotArray {
 public:
  using Sizes = FlatTableSizes<R>;

  SlotArray(unsigned bits, Pages pages) : size_{std::size_t{1} << bits}, slots_{allocated(size_, pages)} {
    stripe_shift_ = bits;
    while ((size_ >> stripe_shift_) < 64 && (std::size_t{1} << stripe_shift_) > Sizes::slots_in_stripe) {
      --stripe_shift_;
    }
    counts_ = std::make_unique<SlotCount<R>[]>(stripes());
    for (std::size_t i = 0; i != size_; ++i) ::new (static_cast<void*>(slots_.get() + i)) Slot;
  }

  [[nodiscard]] Slot* slots() const noexcept { return slots_.get(); }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] std::size_t stripes() const noexcept { return size_ >> stripe_shift_; }
  [[nodiscard]] std::size_t chunk_size() const noexcept { return Sizes::chunk(size_); }
  [[nodiscard]] std::size_t chunks() const noexcept { return size_ / chunk_size(); }
  [[nodiscard]] SlotCount<R>& count_of(const Slot& slot) const noexcept {
    return counts_[static_cast<std::size_t>(&slot - slots()) >> stripe_shift_];
  }
  /// Notes that one more slot is used; false if there are too many.
  [[nodiscard]] bool reserve(const Slot& slot) const {
    auto& used = count_of(slot).used;
    if (used.fetch_add(1) < Sizes::usable(std::size_t{1} << stripe_shift_)) [[likely]]
      return true;
    used.fetch_sub(1);
    return false;
  }
  [[nodiscard]] std::size_t live() const {
    std::size_t used = 0;
    std::size_t gone = 0;
    for (std::size_t i = 0; i != stripes(); ++i) {
      used += counts_[i].used.load();
      gone += counts_[i].erased.load();
    }
    return used - gone;
  }
  [[nodiscard]] std::size_t erased() const {
    std::size_t gone = 0;
    for (std::size_t i = 0; i != stripes(); ++i) gone += counts_[i].erased.load();
    return gone;
  }

  /// Makes all slots empty, of an array that nobody uses but those who do not know that it was given up.
  void clear() {
    for (std::size_t i = 0; i != size_; ++i) {
      auto& word = slots_.get()[i].word;
      typename Pace<R>::Brief wait;
      for (;;) {
        // Who has taken it, or locked it, gives it back as soon as it has looked at the turn.
        const auto now = word.look();
        if (now.has(WordState::writing | WordState::locked)) {
          wait();
        } else if (word.replace(now, Version{0})) {
          break;
        }
      }
    }
    for (std::size_t i = 0; i != stripes(); ++i) {
      counts_[i].used.store(0);
      counts_[i].erased.store(0);
    }
    next.store(0);
    moved.store(0);
  }

  // Of the turn at which it is used:
  typename R::template atomic<std::uint64_t> next{0};   // the turn of the array that all go to, or 0
  typename R::template atomic<std::uint64_t> chunk{0};  // the next one to be moved, below the turn's low bits
  typename R::template atomic<std::size_t> moved{0};    // chunks
  typename R::template atomic<std::uint64_t> floor{0};  // versions from which new records begin

 private:
  struct Free {
    std::size_t size;
    void operator()(Slot* slots) const noexcept {
      for (std::size_t i = size; i != 0; --i) slots[i - 1].~Slot();
      ::operator delete(slots, std::align_val_t{alignment(size)});
    }
  };
  using Slots = std::unique_ptr<Slot, Free>;
  static constexpr std::size_t huge_page = std::size_t{1} << 21U;
  static constexpr std::size_t alignment(std::size_t size) noexcept {
    return size * sizeof(Slot) >= huge_page ? huge_page : std::max(alignof(Slot), cache_line);
  }
  static Slots allocated(std::size_t size, [[maybe_unused]] Pages pages) {
    if (size > std::numeric_limits<std::size_t>::max() / sizeof(Slot)) throw std::bad_array_new_length{};
    void* const memory = ::operator new(size * sizeof(Slot), std::align_val_t{alignment(size)});
#if defined(__linux__)
    if (pages == Pages::huge && size * sizeof(Slot) >= huge_page) {
      static_cast<void>(madvise(memory, size * sizeof(Slot), MADV_HUGEPAGE));  // a hint
    }
#endif
    return Slots{static_cast<Slot*>(memory), Free{size}};
  }

  std::size_t size_;
  unsigned stripe_shift_ = 0;
  Slots slots_;
  std::unique_ptr<SlotCount<R>[]> counts_;
};

struct FlatTableAccess;

template <class Key>
struct DefaultEqual {
  using type = std::equal_to<Key>;
};
template <IsText Key>
struct DefaultEqual<Key> {
  using type = std::equal_to<>;
};

/// Whether keys may be looked for by something else.
template <class Hash, class Equal>
concept Transparent = requires {
  typename Hash::is_transparent;
  typename Equal::is_transparent;
};

}  // namespace detail

/// A keyed collection of records in memory, in one flat array: `load(table, key)`, `insert`, `update`, ... of
/// verbs/flat_table.hpp.
///
/// Safe to use from any thread, but for its construction and end. Hands out copies and no references: a
/// record's place changes as the table grows.
///
/// `T` is trivially copyable and at most 512 bytes large. A `Key` that is trivially copyable and at most 64
/// bytes large lies in its slot; any other copyable one is a node on the heap, made by the insert. `Hash` is
/// constructed from a `HashSeed`, if it can be, and a hash without a member type `is_avalanching` is mixed
/// with a seed; hash and equality do not throw. Where both have `is_transparent`, keys are found by whatever
/// they take.
///
/// Versions are those of `Cell`, up to 2^57 - 1. A key that is erased and inserted again goes on with later
/// versions; so a new record may begin later than at 0.
///
/// Memory: a slot is the record and the key, each rounded up to 8 bytes, and 8 more, in all rounded up to
/// a power of two below 64; between three eighths and three quarters of the slots of a table that has grown
/// are used. A key that is a node takes 16 bytes in the slot, and 40 beside the key. The arrays that the
/// table has grown out of stay with it, which is as much again at most, and another of the size of the
/// current one if it has got rid of erased keys: they keep a slot until then. A table that is told its size
/// when it is made has none of that.
///
/// Cost: looking up touches one or two lines, and writes nothing that is shared (where keys are nodes, a
/// locked instruction on a line of the thread's own). Growth moves every record, by those who insert, who
/// wait until it is done.
template <class Key, class T, Runtime R = StdRuntime, class Hash = SeededHash<Key>,
          class Equal = typename detail::DefaultEqual<Key>::type, Layout layout = Layout::dense>
class FlatTable : public FindsVerbs {
  static_assert(detail::lies_inline<T>,
                "memory::FlatTable: the record type must be trivially copyable and at most 512 bytes large; "
                "others are for memory::Table, or for a memory::Cell that the record refers to");
  static_assert(std::copyable<Key>, "memory::FlatTable: the key type must be copyable");

 public:
  using key_type = Key;          ///< what records are found by
  using record_type = T;         ///< what it holds
  using version_type = Version;  ///< 57-bit counters
  using runtime_type = R;        ///< what it waits by

  /// Empty, with room for `records` before it grows.
  explicit FlatTable(std::size_t records = 0, Pages pages = Pages::usual)
    requires(std::same_as<R, StdRuntime> || detail::key_lies_inline<Key>)
      : FlatTable{reclaimer_of_process(), records, pages} {}
  /// The same where keys are nodes, and wait there when they are erased. `reclaimer` outlives the table.
  explicit FlatTable(Reclaimer<R>& reclaimer, std::size_t records = 0, Pages pages = Pages::usual)
      : FlatTable{&reclaimer, records, pages} {}
  FlatTable(const FlatTable&) = delete;
  FlatTable& operator=(const FlatTable&) = delete;
  ~FlatTable() {
    if constexpr (!detail::key_lies_inline<Key>) {
      auto& array = array_of(current_.load());
      for (std::size_t i = 0; i != array.size(); ++i) {
        auto& slot = array.slots()[i];
        if (slot.look().second == Kind::live || slot.look().second == Kind::erased) delete slot.key.node();
      }
    }
  }

  /// Whether records are found by a `K`, besides by what converts to a key.
  template <class K>
  static constexpr bool finds =
      std::same_as<K, Key> || (detail::Transparent<Hash, Equal> && std::invocable<const Hash&, const K&> &&
                               std::invocable<const Equal&, const Key&, const K&>);

  /// How many records there are: exactly, if nobody inserts or erases meanwhile. Cost: a look at one counter
  /// in each 4096 slots, or at 64.
  [[nodiscard]] std::size_t size() const {
    for (;;) {
      const auto turn = current_.load();
      const auto& array = array_of(turn);
      const auto next = array.next.load();
      const auto live = array.live();
      const auto gone = next == 0 ? 0 : array_of(next).erased();
      if (current_.load() == turn) return live - gone;
    }
  }
  /// How many slots there are.
  [[nodiscard]] std::size_t slots() const { return array_of(current_.load()).size(); }
  /// The bytes of one slot.
  [[nodiscard]] static constexpr std::size_t slot_size() noexcept { return sizeof(Slot); }

 private:
  friend detail::FlatTableAccess;
  using Slot = detail::Slot<Key, T, R, layout>;
  using Array = detail::SlotArray<Slot, R>;
  using Sizes = detail::FlatTableSizes<R>;
  using State = detail::WordState;
  using Kind = detail::SlotKind;
  using Word = detail::Word<R>;
  /// Which array, in the low bits, and how many there have been.
  using Turn = std::uint64_t;
  static constexpr unsigned turn_bits = 7;
  static constexpr unsigned most_bits = 56;  // of a number of slots; two arrays of each size
  static constexpr bool inline_keys = detail::key_lies_inline<Key>;
  static constexpr auto in_use = State::writing | State::locked;

  struct Unpinned {
    void enter(Reclaimer<R>& /*reclaimer*/) const noexcept {}
    void leave() const noexcept {}
    [[nodiscard]] bool holds() const noexcept { return true; }
  };
  using Pin = std::conditional_t<inline_keys, Unpinned, detail::Pin<R>>;

  static Reclaimer<R>* reclaimer_of_process() {
    if constexpr (inline_keys) {
      return nullptr;
    } else {
      return &Reclaimer<R>::of_process();
    }
  }
  explicit FlatTable(Reclaimer<R>* reclaimer, std::size_t records, Pages pages)
      : reclaimer_{reclaimer}, pages_{pages}, seed_{R::random(), R::random()}, hash_{made_hash(seed_)} {
    unsigned bits = Sizes::least;
    // Parts of a large array fill unevenly.
    const auto room = [&] { return Sizes::usable(std::size_t{1} << bits) / 16 * 15; };
    while (bits != most_bits && (records < 1024 ? Sizes::usable(std::size_t{1} << bits) : room()) < records)
      ++bits;
    const Turn first = Turn{1} << turn_bits | number_of(bits, false);
    make(first);
    current_.store(first);
  }
  static Hash made_hash(const HashSeed& seed) {
    if constexpr (std::constructible_from<Hash, const HashSeed&>) {
      return Hash{seed};
    } else {
      return Hash{};
    }
  }

  // --- Arrays and turns ---

  static constexpr std::uint64_t number_of(unsigned bits, bool second) noexcept {
    return 2 * bits + (second ? 1U : 0U);
  }
  static constexpr std::uint64_t number_of(Turn turn) noexcept { return turn & ((Turn{1} << turn_bits) - 1); }
  [[nodiscard]] Array& array_of(Turn turn) const noexcept { return *arrays_[number_of(turn)]; }
  /// The chunks of a turn count from here. Whoever is late by exactly 2^32 turns is not told apart.
  static constexpr std::uint64_t first_chunk_of(Turn turn) noexcept { return turn >> turn_bits << 32U; }

  /// Empties the array of `turn`, or makes it. Nobody uses it yet.
  void make(Turn turn) {
    const auto number = number_of(turn);
    if (auto& array = arrays_[number]; array == nullptr) {
      array = std::make_unique<Array>(static_cast<unsigned>(number / 2), pages_);
      heads_[number] = {array->slots(), array->size() - 1};
    } else {
      array->clear();
    }
    arrays_[number]->chunk.store(first_chunk_of(turn));
  }

  /// Whether `turn` still is the current one. After `Word::copied()`, or after taking a word.
  [[nodiscard]] bool still(Turn turn) const { return current_.load() == turn; }
  /// After copies.
  [[nodiscard]] bool unmoved(Turn turn) const {
    // (8) as (2) in Word: if anything that was copied came from a later turn, this load, behind the fence,
    // finds that turn; for who stored it had found that before its fence (4).
    return current_.load(std::memory_order_relaxed) == turn;
  }

  // --- Looking for a key ---

  template <class K>
  [[nodiscard]] std::uint64_t hash_of(const K& key) const {
    const std::uint64_t hash = hash_(key);
    if constexpr (requires { typename Hash::is_avalanching; }) {
      return hash;
    } else {
      return detail::mixed_with(hash, seed_);
    }
  }

  /// Whether a slot has the key; or it has changed, and is to be looked at again.
  enum class Same {
    no,         ///< another one
    yes,        ///< the key
    look_again  ///< not known
  };
  template <class K>
  [[nodiscard]] Same compare(const Slot& slot, State seen, Turn turn, std::uint64_t hash, const K& key,
                             Pin& pin) const {
    if constexpr (inline_keys && std::is_same_v<K, Key> && detail::IsBytes<Key> &&
                  std::is_same_v<Equal, std::equal_to<Key>>) {
      // May be torn, or of another turn: who finds it looks at the turn in the end.
      return slot.key.load().same_bytes(detail::Image<Key>::of(key)) ? Same::yes : Same::no;
    } else {
      const auto is_there = [&] {
        Word::copied();
        return slot.word.unmoved(seen) && unmoved(turn);
      };
      if constexpr (inline_keys) {
        const auto image = slot.key.load();
        if (!is_there()) return Same::look_again;
        return equal_(image.record(), key) ? Same::yes : Same::no;
      } else {
        if (slot.key.hash() != hash) return Same::no;
        const auto* const node = slot.key.node();
        if (!is_there() || !pin.holds()) return Same::look_again;
        return equal_(node->record, key) ? Same::yes : Same::no;
      }
    }
  }

  /// Where the search for a key ended.
  struct Found {
    Slot* slot = nullptr;
    State seen{};
    Kind kind = Kind::empty;  // live, or erased: the key's; else nothing was found
    Turn turn = 0;            // of the array that it is in
  };
  [[nodiscard]] Slot* home(Turn turn, std::uint64_t hash) const noexcept {
    const auto& head = heads_[number_of(turn)];
    return head.slots + (hash & head.mask);
  }
  /// What is found counts if the turn, looked at afterwards, still is `turn`.
  template <class K>
  [[nodiscard]] Found find(Turn turn, std::uint64_t hash, const K& key, Pin& pin) const {
    auto in = turn;
    for (;;) {
      const auto& head = heads_[number_of(in)];
      auto at = hash & head.mask;
      for (;;) {
        auto& slot = head.slots[at];
        const auto [seen, kind] = slot.look();
        if (kind == Kind::empty || kind == Kind::ended) return {&slot, seen, kind, in};
        if (kind != Kind::dropped) {
          const auto same = compare(slot, seen, turn, hash, key, pin);
          if (same == Same::look_again) {
            if (!still(turn)) return {&slot, seen, Kind::ended, in};
            continue;
          }
          if (same == Same::yes) {
            if (kind != Kind::moved) return {&slot, seen, kind, in};
            break;
          }
        }
        at = (at + 1) & head.mask;
      }
      in = array_of(in).next.load();
      if (in == 0) return {home(turn, hash), {}, Kind::ended, turn};  // the array is used again
    }
  }

  // --- One record ---

  template <class K>
  [[nodiscard]] std::optional<Versioned<T>> load(const K& key) const {
    return load_at(hash_of(key), key);
  }
  template <class K>
  [[nodiscard]] std::optional<Versioned<T>> load_at(std::uint64_t hash, const K& key) const {
    Pin pin;
    for (unsigned failed = 0;; ++failed) {
      if constexpr (!inline_keys) pin.enter(*reclaimer_);
      const auto turn = current_.load();
      const auto found = find(turn, hash, key, pin);
      if (found.kind == Kind::live) [[likely]] {
        if (!found.seen.has(State::writing)) [[likely]] {
          const auto copy = found.slot->record.load();
          Word::copied();
          if (found.slot->word.unmoved(found.seen) && unmoved(turn)) [[likely]]
            return std::optional<Versioned<T>>{std::in_place, copy.record(),
                                               Version{detail::SlotVersion::of(found.seen).number}};
        }
        pin.leave();
        found.slot->word.settle(failed);
      } else {
        Word::copied();
        if (unmoved(turn)) [[likely]]
          return std::nullopt;
        pin.leave();
      }
    }
  }

  /// Takes a slot as it was found, which then stays where it is; false if it has changed.
  [[nodiscard]] bool take(Slot& slot, State seen, Turn turn) const {
    if (!slot.word.acquire(seen)) return false;
    if (still(turn)) [[likely]]
      return true;
    slot.word.take_back(seen);  // that was somebody else's slot
    return false;
  }

  /// Where a record is inserted: nothing, if it was, at `version`; else what is there.
  struct Inserted {
    std::optional<Versioned<T>> there;
    Version version{};
  };
  [[nodiscard]] Inserted insert(const Key& key, const T& record) {
    const auto hash = hash_of(key);
    [[maybe_unused]] std::conditional_t<inline_keys, detail::Nothing, std::unique_ptr<detail::Node<Key>>>
        node;
    if constexpr (!inline_keys) node = std::make_unique<detail::Node<Key>>(key);
    for (unsigned failed = 0;; ++failed) {
      Pin pin;
      if constexpr (!inline_keys) pin.enter(*reclaimer_);
      const auto turn = current_.load();
      const auto found = find(turn, hash, key, pin);
      const bool is_free = found.kind == Kind::empty;
      if (found.kind == Kind::live) {
        pin.leave();
        if (auto there = load_at(hash, key)) return {std::move(there), {}};
        continue;
      }
      if (found.kind == Kind::ended || found.turn != turn) {
        pin.leave();
        move_all(turn);
        continue;
      }
      if (found.seen.has(in_use)) {
        pin.leave();
        found.slot->word.settle_to_change(failed);
        continue;
      }
      const auto& array = array_of(turn);
      auto number = detail::SlotVersion::of(found.seen).number;
      if (!take(*found.slot, found.seen, turn)) continue;
      if (is_free && !array.reserve(*found.slot)) {
        found.slot->word.take_back(found.seen);
        pin.leave();
        grow(turn);
        continue;
      }
      Word::acquired();
      if (is_free) {
        number = array.floor.load();
        if constexpr (inline_keys) {
          found.slot->key.store(key);
        } else {
          pin.stamp(*node);
          found.slot->key.store(std::move(node), hash);
        }
      } else {
        array.count_of(*found.slot).erased.fetch_sub(1);  // at the version after its last one
      }
      found.slot->record.store(detail::Image<T>::of(record));
      found.slot->word.publish_as(detail::SlotVersion{Kind::live, number}.version());
      return {std::nullopt, Version{number}};
    }
  }

  /// Erases the record, if it is at `expected`, or at any version; what is there, if it is at another one.
  template <class K>
  [[nodiscard]] std::pair<bool, std::optional<Versioned<T>>> erase(const K& key,
                                                                   std::optional<Version> expected) {
    const auto hash = hash_of(key);
    for (unsigned failed = 0;; ++failed) {
      Pin pin;
      if constexpr (!inline_keys) pin.enter(*reclaimer_);
      const auto turn = current_.load();
      const auto found = find(turn, hash, key, pin);
      pin.leave();
      const auto number = detail::SlotVersion::of(found.seen).number;
      if (found.kind != Kind::live || (expected && *expected != Version{number})) {
        auto there = load_at(hash, key);  // looks at the turn
        if (!there || (expected && there->version != *expected)) return {false, std::move(there)};
        continue;
      }
      if (found.seen.has(in_use)) {
        found.slot->word.settle_to_change(failed);
        continue;
      }
      if (number == detail::SlotVersion::last) [[unlikely]]
        throw VersionUnavailable{place_of(key), "its last version is used"};
      if (!take(*found.slot, found.seen, turn)) continue;
      array_of(found.turn).count_of(*found.slot).erased.fetch_add(1);
      found.slot->word.publish_as(detail::SlotVersion{Kind::erased, number + 1}.version());
      return {true, std::nullopt};
    }
  }

  // --- Growth ---

  /// Makes the next array, if there is none. Throws what operator new does.
  LOCKSTEP_COLD void grow(Turn turn) {
    {
      const std::scoped_lock alone{growing_};
      auto& array = array_of(turn);
      if (still(turn) && array.next.load() == 0) {
        auto bits = static_cast<unsigned>(number_of(turn) / 2);
        // As large only if that gets rid of many erased keys: not if they all want the same part of the
        // array.
        const auto usable = Sizes::usable(array.size());
        if (array.live() > usable / 2 || array.erased() < usable / 4) ++bits;
        Expects(lockstep::detail::told(bits < most_bits, "a table has at most 2^55 slots"));
        const bool second = number_of(turn) == number_of(bits, false);
        const Turn next = ((turn >> turn_bits) + 1) << turn_bits | number_of(bits, second);
        make(next);
        array_of(next).floor.store(array.floor.load());
        array.next.store(next);
      }
    }
    move_all(turn);
  }

  /// Takes part in moving all slots of `turn`, if they are to be moved, until that is done.
  LOCKSTEP_COLD void move_all(Turn turn) {
    auto& array = array_of(turn);
    const auto next = array.next.load();
    if (next == 0 || !still(turn)) return;
    const auto chunks = array.chunks();
    for (;;) {
      auto chunk = array.chunk.load();
      if (chunk - first_chunk_of(turn) >= chunks) break;  // all are taken, or it is used again
      if (!array.chunk.compare_exchange_strong(chunk, chunk + 1)) continue;
      // Until this chunk has moved, the turn does not end.
      auto* const from = array.slots() + (chunk - first_chunk_of(turn)) * array.chunk_size();
      for (std::size_t i = 0; i != array.chunk_size(); ++i) move(from[i], array_of(next), next);
      if (array.moved.fetch_add(1) + 1 == chunks) current_.store(next);
    }
    for (typename detail::Pace<R>::Brief wait; still(turn);) wait();
  }

  void move(Slot& slot, Array& to, Turn next) {
    for (;;) {
      const auto [seen, kind] = slot.look();
      const auto number = detail::SlotVersion::of(seen).number;
      if (seen.has(in_use | State::sleeping)) {
        slot.word.settle_to_change(0);
      } else if (kind == Kind::empty) {
        if (slot.word.replace(seen, detail::SlotVersion{Kind::ended, 0}.version())) return;
      } else if (kind == Kind::erased) {
        for (auto floor = to.floor.load(); floor < number;) {
          if (to.floor.compare_exchange_weak(floor, number)) break;
        }
        if (drop(slot, seen)) return;
      } else {
        const auto held = *slot.word.lock(Wait::forever());
        const auto locked = detail::SlotVersion::of(held);
        if (locked.kind != Kind::live) {
          slot.word.unlock();
          continue;
        }
        place(slot, locked, to, next);
        slot.word.move_away(detail::SlotVersion{Kind::moved, locked.number}.version());
        return;
      }
    }
  }
  [[nodiscard]] bool drop(Slot& slot, State seen) {
    const auto dropped = detail::SlotVersion{Kind::dropped, 0}.version();
    if constexpr (inline_keys) {
      return slot.word.replace(seen, dropped);
    } else {
      auto* const node = slot.key.node();
      if (!slot.word.replace(seen, dropped)) return false;
      Pin pin;
      pin.enter(*reclaimer_);
      pin.reclaim(*node);
      return true;
    }
  }
  /// Copies a slot that the caller has locked. Nobody looks for its key in the next array yet.
  void place(const Slot& from, detail::SlotVersion version, Array& to, Turn next) {
    const auto hash = [&] {
      if constexpr (inline_keys) {
        return hash_of(from.key.load().record());
      } else {
        return from.key.hash();
      }
    }();
    const auto record = from.record.load();
    const auto& head = heads_[number_of(next)];
    for (auto at = hash & head.mask;;) {
      auto& slot = head.slots[at];
      const auto [seen, kind] = slot.look();
      if (kind != Kind::empty) {
        at = (at + 1) & head.mask;
      } else if (seen.has(in_use)) {
        slot.word.settle_to_change(0);  // whose it becomes, or that it was taken in error, is to be seen
      } else if (slot.word.acquire(seen)) {
        Word::acquired();
        to.count_of(slot).used.fetch_add(1);
        slot.key.move_from(from.key);
        slot.record.store(record);
        slot.word.publish_as(version.version());
        return;
      }
    }
  }

  template <class K>
  [[nodiscard]] static Place place_of(const K& key) {
    return {"table", shown(key)};
  }

  // What all look at comes first; it changes when the table has grown.
  struct Head {
    Slot* slots = nullptr;
    std::size_t mask = 0;
  };
  alignas(detail::cache_line) typename R::template atomic<Turn> current_{0};
  Reclaimer<R>* reclaimer_;
  Pages pages_;
  HashSeed seed_;
  [[no_unique_address]] Hash hash_;
  [[no_unique_address]] Equal equal_{};
  std::array<Head, std::size_t{1} << turn_bits> heads_{};
  std::array<std::unique_ptr<Array>, std::size_t{1} << turn_bits> arrays_{};
  typename R::mutex growing_;
};

namespace detail {

template <class S>
inline constexpr bool is_flat_table = false;
template <class Key, class T, Runtime R, class Hash, class Equal, Layout layout>
inline constexpr bool is_flat_table<FlatTable<Key, T, R, Hash, Equal, layout>> = true;

/// A place of a table as a cell of a transaction. It refers to a slot that was found at a turn.
template <class Table>
struct SlotCell {
  using record_type = typename Table::record_type;
  using runtime_type = typename Table::runtime_type;

  Word<runtime_type>& word_;
  InlineRecord<record_type, runtime_type>& record_;
  const Table& table;
  std::uint64_t turn;
  std::pair<std::uint64_t, std::size_t> where;  // the turn of its array, and which slot

  [[nodiscard]] bool in_place() const;
  [[nodiscard]] auto rank() const noexcept { return where; }
};

/// The parts of a table, for its verbs.
struct FlatTableAccess {
  template <class Table>
  using PinOf = typename Table::Pin;

  template <class Table, class K>
  [[nodiscard]] static std::optional<Versioned<typename Table::record_type>> load(const Table& table,
                                                                                  const K& key) {
    return table.load(key);
  }
  template <class Table, class K>
  [[nodiscard]] static auto load_at(const Table& table, std::uint64_t hash, const K& key) {
    return table.load_at(hash, key);
  }
  template <class Table, class Key>
  [[nodiscard]] static auto insert(Table& table, const Key& key, const typename Table::record_type& record) {
    return table.insert(key, record);
  }
  template <class Table, class K>
  [[nodiscard]] static auto erase(Table& table, const K& key, std::optional<Version> expected) {
    return table.erase(key, expected);
  }
  template <class Table, class K>
  [[nodiscard]] static Place place_of(const Table& /*table*/, const K& key) {
    return Table::place_of(key);
  }
  template <class Table, class K>
  [[nodiscard]] static std::uint64_t hash_of(const Table& table, const K& key) {
    return table.hash_of(key);
  }
  template <class Table>
  [[nodiscard]] static std::uint64_t turn(const Table& table) {
    return table.current_.load();
  }
  template <class Table>
  [[nodiscard]] static bool still(const Table& table, std::uint64_t turn) {
    return table.still(turn);
  }
  /// Whether a search at `turn` that found nothing was one of the table as it was.
  template <class Table>
  [[nodiscard]] static bool unmoved(const Table& table, std::uint64_t turn) {
    Table::Word::copied();
    return table.unmoved(turn);
  }
  template <class Table>
  [[nodiscard]] static const void* home(const Table& table, std::uint64_t turn, std::uint64_t hash) {
    return table.home(turn, hash);
  }
  /// The slot that the search for `key` ends at: with its record, if it is live.
  template <class Table, class K>
  [[nodiscard]] static auto find(const Table& table, std::uint64_t turn, std::uint64_t hash, const K& key) {
    PinOf<Table> pin;
    if constexpr (!Table::inline_keys) pin.enter(*table.reclaimer_);
    return table.find(turn, hash, key, pin);
  }
  template <class Table, class Found>
  [[nodiscard]] static SlotCell<Table> cell_of(const Table& table, std::uint64_t turn, const Found& found) {
    const auto index = static_cast<std::size_t>(found.slot - table.array_of(found.turn).slots());
    return {found.slot->word, found.slot->record, table, turn, {found.turn, index}};
  }
};

template <class Table>
bool SlotCell<Table>::in_place() const {
  return FlatTableAccess::still(table, turn);
}

}  // namespace detail

/// A `memory::FlatTable`, const or not.
template <class S>
concept FlatTableType = detail::is_flat_table<std::remove_cvref_t<S>>;

}  // namespace lockstep::memory
