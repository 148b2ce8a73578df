// One shared record without a table: the record beside its word (see word.hpp), and nothing else.
//
// Readers write nothing that is shared, and so cost each other nothing. A record of bytes is copied through
// relaxed atomics of 64 bits each: torn copies happen, are noticed and are thrown away, but there is no data
// race. A record that is more than bytes, or large, is a node that nobody changes: who writes replaces it,
// and what was replaced waits until nobody reads it (reclaimer.hpp). Source: Boehm, "Can Seqlocks Get Along
// with Programming Language Memory Models?", MSPC 2012.
#pragma once

#include <lockstep/memory/reclaimer.hpp>
#include <lockstep/memory/word.hpp>
#include <lockstep/storage/storage.hpp>

#include <array>
#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <type_traits>
#include <utility>

namespace lockstep::memory {

/// How records lie in memory.
enum class Layout {
  dense,   ///< as close as they can: best where many are touched at random, and few at the same time
  padded,  ///< each on cache lines of its own: best for the few that many threads write
};

namespace detail {

/// The largest record that lies in its cell.
inline constexpr std::size_t largest_inline = 512;

// Several words in one register, where compiler and processor have such registers: who copies a record on
// from there does not wait for several stores to be gathered. No larger ones than every x86-64 has, for the
// types below must not depend on the options that one source of a program is compiled with.
#if defined(__GNUC__) || defined(__clang__)
inline constexpr std::size_t widest_block = 16;
template <std::size_t bytes>
struct Vector {
  using type [[gnu::vector_size(bytes)]] = std::uint64_t;
};
#else
inline constexpr std::size_t widest_block = 8;
template <std::size_t bytes>
struct Vector;
#endif
template <>
struct Vector<8> {
  using type = std::uint64_t;
};

constexpr std::size_t block_size(std::size_t bytes) noexcept {
  auto block = widest_block;
  while (bytes % block != 0) block /= 2;
  return block;
}
template <std::size_t bytes>
using BlockOf = typename Vector<block_size(bytes)>::type;

// On x86-64 the machine's atomics are copied in whole blocks, by instructions that the compiler does not look
// into: for the language they are no data race, and to the processor each is a load, or a store, after those
// before it and before those after it. That a block may be torn does not matter, for so may be a record of
// several. Left to relaxed words where a thread sanitizer watches them.
#if defined(__x86_64__) && (defined(__GNUC__) || defined(__clang__)) && !defined(__SANITIZE_THREAD__)
#if defined(__has_feature)
#if !__has_feature(thread_sanitizer)
#define LOCKSTEP_WHOLE_BLOCKS
#endif
#else
#define LOCKSTEP_WHOLE_BLOCKS
#endif
#endif
#if defined(LOCKSTEP_WHOLE_BLOCKS)
template <Runtime R>
inline constexpr bool in_blocks = std::is_same_v<R, StdRuntime>;
#if defined(__AVX__)
#define LOCKSTEP_MOVE_BLOCK "vmovdqu %1, %0"
#else
#define LOCKSTEP_MOVE_BLOCK "movdqu %1, %0"
#endif
template <class Block>
[[nodiscard]] Block load_whole(const void* from) noexcept {
  struct Bytes {
    std::byte bytes[sizeof(Block)];
  };
  Block block;
  asm volatile(LOCKSTEP_MOVE_BLOCK : "=x"(block) : "m"(*static_cast<const Bytes*>(from)));
  return block;
}
template <class Block>
void store_whole(void* to, Block block) noexcept {
  struct Bytes {
    std::byte bytes[sizeof(Block)];
  };
  asm volatile(LOCKSTEP_MOVE_BLOCK : "=m"(*static_cast<Bytes*>(to)) : "x"(block));
}
#undef LOCKSTEP_MOVE_BLOCK
#undef LOCKSTEP_WHOLE_BLOCKS
#else
template <Runtime R>
inline constexpr bool in_blocks = false;
template <class Block>
[[nodiscard]] Block load_whole(const void* from) noexcept;
template <class Block>
void store_whole(void* to, Block block) noexcept;
#endif

/// A record as blocks of words, to be copied one by one.
template <class T>
struct Image {
  static constexpr std::size_t size = (sizeof(T) + 7) / 8;  // in words
  using Block = BlockOf<8 * size>;
  static constexpr std::size_t blocks = 8 * size / sizeof(Block);
  std::array<Block, blocks> content;

  [[nodiscard]] static Image of(const T& record) noexcept {
    Image image{};
    std::memcpy(&image, &record, sizeof(T));
    return image;
  }
  [[nodiscard]] T record() const noexcept {
    if constexpr (sizeof(T) == 8 * size) {
      return std::bit_cast<T>(content);
    } else {
      std::array<std::byte, sizeof(T)> bytes;
      std::memcpy(bytes.data(), &content, sizeof(T));
      return std::bit_cast<T>(bytes);
    }
  }
  /// True if all bytes are the same.
  [[nodiscard]] bool same_bytes(const Image& other) const noexcept {
    Block difference{};
    for (std::size_t i = 0; i != blocks; ++i) difference |= content[i] ^ other.content[i];
    if constexpr (sizeof(Block) == 8) {
      return difference == 0;
    } else {
      std::uint64_t any = 0;
      for (std::size_t i = 0; i != sizeof(Block) / 8; ++i) any |= difference[i];
      return any == 0;
    }
  }
};

/// Whether records lie beside their word. Others are nodes.
template <class T>
inline constexpr bool lies_inline = std::is_trivially_copyable_v<T> && sizeof(T) <= largest_inline;

/// A record that nobody changes.
template <class T>
struct Node final : Reclaimable {
  explicit Node(const T& from) : record(from) {}
  const T record;
};

/// A node that was found, to be looked at while a `Pin` says that it is there.
template <class T>
struct Found {
  Node<T>* node = nullptr;
  [[nodiscard]] const T& record() const noexcept { return node->record; }
};

/// A record as a node, behind a pointer.
template <class T, Runtime R>
class NodeRecord {
 public:
  NodeRecord(const T& record, Reclaimer<R>& reclaimer) : node_{new Node<T>{record}}, reclaimer_{&reclaimer} {}
  NodeRecord(const NodeRecord&) = delete;
  NodeRecord& operator=(const NodeRecord&) = delete;
  ~NodeRecord() { delete node_.load(std::memory_order_relaxed); }  // nobody is at the cell any more

  // (5) Relaxed: who finds the version that a node was published with has acquired the node.
  [[nodiscard]] Found<T> load() const { return {node_.load(std::memory_order_relaxed)}; }
  void store(std::unique_ptr<Node<T>> node) { node_.store(node.release(), std::memory_order_relaxed); }

  [[nodiscard]] Reclaimer<R>& reclaimer() const noexcept { return *reclaimer_; }

 private:
  typename R::template atomic<Node<T>*> node_;
  Reclaimer<R>* reclaimer_;
};

/// A record in relaxed atomics. What comes out may be torn.
template <class T, Runtime R>
class InlineRecord {
  using Words = std::make_index_sequence<Image<T>::size>;
  using Blocks = std::make_index_sequence<Image<T>::blocks>;
  using Block = typename Image<T>::Block;
  static constexpr std::size_t words_in_block = sizeof(Block) / 8;
  using Relaxed = typename R::template atomic<std::uint64_t>;

 public:
  /// All bytes are 0, which need be no record.
  InlineRecord() = default;
  explicit InlineRecord(const T& record) : InlineRecord{words_of(Image<T>::of(record)), Words{}} {}

  // Unrolled, because g++ 12 does not do so by itself, and the copy is most of what a read costs.
  [[nodiscard]] Image<T> load() const {
    return [&]<std::size_t... I>(std::index_sequence<I...>) {
      return Image<T>{{load_block<I>(std::make_index_sequence<words_in_block>{})...}};
    }(Blocks{});
  }
  void store(const Image<T>& image) {
    [&]<std::size_t... I>(std::index_sequence<I...>) {
      (store_block<I>(image.content[I], std::make_index_sequence<words_in_block>{}), ...);
    }(Blocks{});
  }

 private:
  using AsWords = std::array<std::uint64_t, Image<T>::size>;
  static AsWords words_of(const Image<T>& image) noexcept { return std::bit_cast<AsWords>(image.content); }

  template <std::size_t... I>
  InlineRecord(const AsWords& image, std::index_sequence<I...>) : words_{{Relaxed{image[I]}...}} {}

  // (5) Relaxed: what orders the words, or tells that they were not ordered, is (1), (2) and (4).
  template <std::size_t I, std::size_t... W>
  [[nodiscard]] Block load_block(std::index_sequence<W...>) const {
    if constexpr (sizeof(Block) == 8) {
      return words_[I].load(std::memory_order_relaxed);
    } else if constexpr (in_blocks<R>) {
      return load_whole<Block>(&words_[I * words_in_block]);
    } else {
      return Block{words_[I * words_in_block + W].load(std::memory_order_relaxed)...};
    }
  }
  template <std::size_t I, std::size_t... W>
  void store_block(Block block, std::index_sequence<W...>) {
    if constexpr (sizeof(Block) == 8) {
      words_[I].store(block, std::memory_order_relaxed);
    } else if constexpr (in_blocks<R>) {
      store_whole(&words_[I * words_in_block], block);
    } else {
      (words_[I * words_in_block + W].store(block[W], std::memory_order_relaxed), ...);
    }
  }

  std::array<Relaxed, Image<T>::size> words_{};
};

// Small cells do not lie across two lines.
constexpr std::size_t alignment_of_cell(Layout layout, std::size_t size) noexcept {
  if (layout == Layout::padded) return cache_line;
  return std::has_single_bit(size) && size <= cache_line ? size : alignof(std::uint64_t);
}

template <class T, Runtime R>
using RecordOf = std::conditional_t<lies_inline<T>, InlineRecord<T, R>, NodeRecord<T, R>>;
/// What is copied out of a cell at once: all of the record, or where it is.
template <class T>
using CopyOf = std::conditional_t<lies_inline<T>, Image<T>, Found<T>>;

struct CellAccess;

}  // namespace detail

/// One record that threads share, with its version. The verbs of verbs/cell.hpp work on it, and those of
/// verbs/cells.hpp on several: `update(cell, change)`, `transact(a, b, change)`.
///
/// Safe to use from any thread; neither copied nor moved, for others refer to it.
///
/// A `T` that is trivially copyable and at most 512 bytes large lies in the cell. Memory: 8 bytes, and the
/// record rounded up to 8; `Layout::padded` rounds up to whole cache lines. Allocates nothing.
///
/// Any other copyable `T` is a node on the heap, which is never changed: who writes allocates another one,
/// and copies into it. What was replaced waits in a `Reclaimer`, whose bound is said there, and is destroyed
/// later, by a thread that writes and holds nothing. Memory: 24 bytes, and 32 beside each record. A `T` that
/// throws when it is copied leaves everything as it was. Its copies and `==` may run in several threads at
/// once, on what is not changed, and use other cells; while they take long, replaced records wait.
///
/// Versions begin at 0 and count the writes of this cell, up to 2^60 - 1; then writes throw
/// VersionUnavailable. At a write every nanosecond that is 36 years away.
template <class T, Runtime R = StdRuntime, Layout layout = Layout::dense>
class alignas(detail::alignment_of_cell(layout,
                                        sizeof(detail::Word<R>) + sizeof(detail::RecordOf<T, R>))) Cell
    : public FindsVerbs {
  static_assert(std::copyable<T>, "memory::Cell: the record type must be copyable");

 public:
  using key_type = std::size_t;  ///< in conflicts: which of a verb's cells it was, from 0
  using record_type = T;         ///< what it holds
  using version_type = Version;  ///< 60-bit counters
  using runtime_type = R;        ///< what it waits by

  /// Holds `T{}`, at version 0.
  Cell()
    requires(std::default_initializable<T> && (detail::lies_inline<T> || std::same_as<R, StdRuntime>))
      : Cell{T{}} {}
  /// Holds `record`, at `version`, which must be at most `last_version()`.
  explicit Cell(const T& record, Version version = Version{0})
    requires detail::lies_inline<T>
      : record_{record}, word_{checked(version)} {}
  /// The same for a record that does not lie in the cell.
  explicit Cell(const T& record, Version version = Version{0})
    requires(!detail::lies_inline<T> && std::same_as<R, StdRuntime>)
      : Cell{record, Reclaimer<R>::of_process(), version} {}
  /// And where replaced records wait, which outlives the cell. Cells that one transaction changes or reads
  /// have this in common.
  explicit Cell(const T& record, Reclaimer<R>& reclaimer, Version version = Version{0})
    requires(!detail::lies_inline<T>)
      : record_{record, reclaimer}, word_{checked(version)} {}
  Cell(const Cell&) = delete;
  Cell& operator=(const Cell&) = delete;

  /// The version from which a cell cannot be written any more.
  [[nodiscard]] static constexpr Version last_version() { return Version{detail::WordState::last_version}; }

  /// The record that is committed, with its version; whatever locks others hold. Never waits for a lock.
  ///
  /// Writes nothing that is shared, unless writers have made it start again several times: then it asks them
  /// for a short pause. Cost: two loads of a word and the copy of the record; and that of a look
  /// (`Reclaimer`) where it does not lie in the cell.
  [[nodiscard]] Versioned<T> load() const {
    detail::WordState seen;
    Copy copy;
    if constexpr (detail::lies_inline<T>) {
      if (read_once(seen, copy)) [[likely]]
        return {copy.record(), seen.version()};
      return load_after_all();
    } else {
      detail::Pin<R> pin;
      for (unsigned failed = 0;; pin.leave(), word_.settle(failed++)) {
        pin.enter(record_.reclaimer());
        bool whole = read_once(seen, copy);
        while (whole && !pin.holds()) whole = read_once(seen, copy);
        if (whole) [[likely]]
          return {copy.record(), seen.version()};
      }
    }
  }

  /// For the simulator's labels.
  [[nodiscard]] auto id() const noexcept
    requires requires(const detail::Word<R>& word) { word.id(); }
  {
    return word_.id();
  }

 private:
  friend detail::CellAccess;
  using Copy = detail::CopyOf<T>;

  // False if the copy may be torn. (An optional would be slower: g++ 12 gathers it from memory.)
  bool read_once(detail::WordState& seen, Copy& copy) const {
    seen = word_.look();
    copy = record_.load();
    word_.copied();
    return !seen.has(detail::WordState::writing) && word_.unmoved(seen);
  }
  LOCKSTEP_COLD Versioned<T> load_after_all() const {
    detail::WordState seen;
    Copy copy;
    unsigned failed = 0;
    do word_.settle(failed++);
    while (!read_once(seen, copy));
    return {copy.record(), seen.version()};
  }

  static Version checked(Version version) {
    Expects(lockstep::detail::told(!version.absent() && version.number() <= last_version().number(),
                                   "a cell's version has at most 60 bits"));
    return version;
  }

  // The record comes first: in a padded cell its blocks lie in line, and as many lines are touched.
  detail::RecordOf<T, R> record_;
  mutable detail::Word<R> word_;  // readers that starve say so in it
};

namespace detail {

/// The parts of a cell, for transactions.
struct CellAccess {
  template <class C>
  [[nodiscard]] static auto& word(C& cell) noexcept {
    return cell.word_;
  }
  template <class C>
  [[nodiscard]] static auto& record(C& cell) noexcept {
    return cell.record_;
  }
};

template <class C>
inline constexpr bool in_nodes = !lies_inline<typename C::record_type>;

template <class C>
inline constexpr bool is_cell = false;
template <class T, Runtime R, Layout layout>
inline constexpr bool is_cell<Cell<T, R, layout>> = true;

}  // namespace detail

/// A `memory::Cell`, const or not.
template <class C>
concept CellType = detail::is_cell<std::remove_cvref_t<C>>;

}  // namespace lockstep::memory
