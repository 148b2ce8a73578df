// What does it cost to look up, and to change, one of a million records of 48 bytes by its key, drawn at
// random?
#include <lockstep/verbs/flat_table.hpp>

#include "measure.hpp"

#include <array>
#include <bit>
#include <memory>
#include <mutex>
#include <new>
#include <shared_mutex>
#include <span>
#include <vector>

#if __has_include(<boost/unordered/unordered_flat_map.hpp>)
#include <boost/unordered/unordered_flat_map.hpp>
#define BENCH_BOOST_FLAT_MAP
#endif
#if __has_include(<tbb/concurrent_hash_map.h>)
#include <tbb/concurrent_hash_map.h>
#endif
#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace {

struct Record {
  std::array<long, 6> values{};
  bool operator==(const Record&) const = default;
};
constexpr auto change = [](Record& record) {
  for (auto& value : record.values) ++value;
};
using Key = std::uint64_t;
constexpr std::size_t count = 1'000'000;
constexpr std::size_t batch = 64;

/// Keys that are no index, each of them different.
constexpr Key key_at(std::size_t index) { return (index + 1) * 0x9e3779b97f4a7c15U; }

struct Flat {
  explicit Flat(lockstep::memory::Pages pages) : table{count, pages} {
    for (std::size_t i = 0; i != count; ++i) insert(table, key_at(i), Record{}).or_throw();
  }
  void read(Key key) const { bench::keep(load(table, key)); }
  void write(Key key) { update(table, key, change); }
  void read(std::span<const Key> keys) const {
    load_each(table, keys, [](std::size_t, const auto& found) { bench::keep(found); });
  }
  void write(std::span<const Key> keys) {
    update_each(table, keys, [](std::size_t, Record& record) { change(record); });
  }
  lockstep::memory::FlatTable<Key, Record> table;
};

/// A bound: the record is where the key says, without a search, a lock or a look at anything else.
struct alignas(64) Line {
  std::atomic<std::uint64_t> word{0};
  Key key = 0;
  std::array<std::atomic<long>, 6> values{};

  void read() const {
    for (;;) {
      const auto seen = word.load(std::memory_order_acquire);
      std::array<long, 6> copy;
      for (std::size_t i = 0; i != 6; ++i) copy[i] = values[i].load(std::memory_order_relaxed);
      std::atomic_thread_fence(std::memory_order_acquire);
      if ((seen & 1U) == 0 && word.load(std::memory_order_relaxed) == seen) return bench::keep(copy);
    }
  }
  void write() {
    for (;;) {
      auto seen = word.load(std::memory_order_relaxed) & ~std::uint64_t{1};
      if (!word.compare_exchange_strong(seen, seen | 1U)) continue;
      for (auto& value : values) {
        value.store(value.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
      }
      return word.store(seen + 2, std::memory_order_release);
    }
  }
};
/// Lines, on huge pages if the system has them to give.
class Lines {
 public:
  Lines(std::size_t size, bool huge) : lines_{allocated(size, huge)} {
    for (std::size_t i = 0; i != size; ++i) ::new (static_cast<void*>(lines_.get() + i)) Line;
  }
  Line& operator[](std::size_t index) { return lines_.get()[index]; }

 private:
  static constexpr std::align_val_t alignment{std::size_t{1} << 21U};
  struct Free {
    void operator()(Line* lines) const { ::operator delete(lines, alignment); }
  };
  static std::unique_ptr<Line, Free> allocated(std::size_t size, [[maybe_unused]] bool huge) {
    void* const memory = ::operator new(size * sizeof(Line), alignment);
#if defined(__linux__)
    if (huge) static_cast<void>(madvise(memory, size * sizeof(Line), MADV_HUGEPAGE));
#endif
    return std::unique_ptr<Line, Free>{static_cast<Line*>(memory)};
  }
  std::unique_ptr<Line, Free> lines_;
};
struct Direct {
  static std::size_t at(Key key) { return key * 0xf1de83e19937733dU - 1; }  // the inverse of key_at
  void read(Key key) { lines[at(key)].read(); }
  void write(Key key) { lines[at(key)].write(); }
  Lines lines{count, false};
};
/// A bound: open addressing, and the record in the line, of keys that nobody inserts or erases.
struct Open {
  static constexpr std::size_t size = std::bit_ceil(2 * count);
  explicit Open(bool huge) : lines{size, huge} {
    for (std::size_t i = 0; i != count; ++i) {
      auto at = home(key_at(i));
      while (lines[at].key != 0) at = (at + 1) % size;
      lines[at].key = key_at(i);
    }
  }
  static std::size_t home(Key key) { return lockstep::memory::detail::mixed_with(key, {1, 2}) % size; }
  Line& find(Key key) {
    auto at = home(key);
    while (lines[at].key != key) at = (at + 1) % size;
    return lines[at];
  }
  void read(Key key) { find(key).read(); }
  void write(Key key) { find(key).write(); }
  Lines lines;
};

#if defined(BENCH_BOOST_FLAT_MAP)
struct Sharded {
  struct alignas(64) Shard {
    std::shared_mutex mutex;
    boost::unordered_flat_map<Key, Record> map;
  };
  Sharded() {
    for (std::size_t i = 0; i != count; ++i) of(key_at(i)).map.emplace(key_at(i), Record{});
  }
  Shard& of(Key key) { return shards[lockstep::memory::detail::mixed_with(key, {3, 4}) % 256]; }
  void read(Key key) {
    auto& shard = of(key);
    Record copy;
    {
      const std::shared_lock lock{shard.mutex};
      copy = shard.map.find(key)->second;
    }
    bench::keep(copy);
  }
  void write(Key key) {
    auto& shard = of(key);
    const std::scoped_lock lock{shard.mutex};
    change(shard.map.find(key)->second);
  }
  std::vector<Shard> shards = std::vector<Shard>(256);
};
#endif

#if __has_include(<tbb/concurrent_hash_map.h>)
struct Tbb {
  using Map = tbb::concurrent_hash_map<Key, Record>;
  Tbb() : map{count} {
    for (std::size_t i = 0; i != count; ++i) map.emplace(key_at(i), Record{});
  }
  void read(Key key) {
    Record copy;
    {
      typename Map::const_accessor found;
      if (map.find(found, key)) copy = found->second;
    }
    bench::keep(copy);
  }
  void write(Key key) {
    typename Map::accessor found;
    if (map.find(found, key)) change(found->second);
  }
  Map map;
};
#endif

template <class Table>
double singly(Table& table, unsigned threads, bool writes) {
  return bench::time_of(threads, [&table, writes](unsigned thread) {
    return [&table, writes, random = bench::Random{thread + 1}]() mutable {
      const auto key = key_at(random.two(count).first);
      if (writes) {
        table.write(key);
      } else {
        table.read(key);
      }
    };
  });
}
template <class Table>
double in_batches(Table& table, unsigned threads, bool writes) {
  return bench::time_of(threads,
                        [&table, writes](unsigned thread) {
                          return [&table, writes, random = bench::Random{thread + 1}]() mutable {
                            std::array<Key, batch> keys;
                            for (auto& key : keys) key = key_at(random.two(count).first);
                            if (writes) {
                              table.write(std::span<const Key>{keys});
                            } else {
                              table.read(std::span<const Key>{keys});
                            }
                          };
                        }) /
         batch;
}

}  // namespace

int main(int argc, char** argv) {
  using lockstep::memory::Pages;
  Flat flat{Pages::usual};
  Flat huge{Pages::huge};
  Direct direct;
  Open open{false};
  Open open_huge{true};
#if defined(BENCH_BOOST_FLAT_MAP)
  Sharded sharded;
#endif
#if __has_include(<tbb/concurrent_hash_map.h>)
  Tbb tbb_map;
#endif
  for (const unsigned threads : {1U, 2U}) {
    for (const bool writes : {false, true}) {
      bench::Question question{std::string{writes ? "update" : "read"} +
                               " of one of a million records, threads: " + std::to_string(threads)};
      const auto add = [&](const char* name, auto& table) {
        question.contender(name, [&table, threads, writes] { return singly(table, threads, writes); });
      };
      const auto add_batches = [&](const char* name, auto& table) {
        question.contender(name, [&table, threads, writes] { return in_batches(table, threads, writes); });
      };
      add("lockstep: flat table", flat);
      add("lockstep: on huge pages", huge);
      add_batches("lockstep: in batches", flat);
      add_batches("lockstep: in batches, on huge pages", huge);
      add("bound: direct index", direct);
      add("bound: open addressing", open);
      add("bound: open addressing, huge pages", open_huge);
#if defined(BENCH_BOOST_FLAT_MAP)
      add("boost::unordered_flat_map in 256 shards", sharded);
#endif
#if __has_include(<tbb/concurrent_hash_map.h>)
      add("tbb::concurrent_hash_map", tbb_map);
#endif
      question.answer(bench::rounds(argc, argv));
    }
  }
}
