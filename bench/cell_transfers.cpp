// What does it cost to move money between two of 100 accounts, which are in the cache and wanted by others,
// and of a million, which are not? And to read two of them at one moment, where one in twenty operations is a
// transfer?
#include <lockstep/verbs/cells.hpp>

#include "measure.hpp"

#include <memory>
#include <mutex>
#include <vector>

#if __has_include(<tbb/spin_mutex.h>)
#include <tbb/spin_mutex.h>
#endif

namespace {

using lockstep::StdRuntime;
using lockstep::memory::Layout;

struct Account {
  long balance = 1'000'000'000;
  bool operator==(const Account&) const = default;
};
template <Layout layout>
using Cell = lockstep::memory::Cell<Account, StdRuntime, layout>;

template <Layout layout>
struct Cells {
  explicit Cells(std::size_t count) : cells(count) {}
  void move(std::size_t from, std::size_t to) { transfer(cells[from], cells[to], 1); }
  [[nodiscard]] long sum(std::size_t a, std::size_t b) const {
    return read_only(cells[a], cells[b],
                     [](const Account& one, const Account& two) { return one.balance + two.balance; });
  }
  std::vector<Cell<layout>> cells;
};

/// Both accounts' locks, in the order of their addresses.
template <class Mutex>
struct Ordered {
  struct Locked {
    Mutex mutex;
    long balance = 1'000'000'000;
  };
  explicit Ordered(std::size_t count) : accounts(count) {}
  void move(std::size_t from, std::size_t to) {
    const std::scoped_lock first{accounts[std::min(from, to)].mutex};
    const std::scoped_lock second{accounts[std::max(from, to)].mutex};
    if (accounts[from].balance < 1) return;
    --accounts[from].balance;
    ++accounts[to].balance;
  }
  [[nodiscard]] long sum(std::size_t a, std::size_t b) {
    const std::scoped_lock first{accounts[std::min(a, b)].mutex};
    const std::scoped_lock second{accounts[std::max(a, b)].mutex};
    return accounts[a].balance + accounts[b].balance;
  }
  std::vector<Locked> accounts;
};

/// The bound: a word per account, two compare-exchanges, and nothing else. What it reads may have moved.
struct alignas(16) Bare {
  std::atomic<std::uint64_t> word{0};
  std::atomic<long> balance{1'000'000'000};
};
struct alignas(64) Padded : Bare {};
template <class Slot>
struct Bound {
  explicit Bound(std::size_t count) : slots(count) {}
  static bool take(Slot& slot, std::uint64_t seen) {
    return (seen & 1U) == 0 && slot.word.compare_exchange_strong(seen, seen | 1U);
  }
  void move(std::size_t from, std::size_t to) {
    auto& payer = slots[from];
    auto& payee = slots[to];
    lockstep::memory::detail::prefetch_for_write(&payer);
    lockstep::memory::detail::prefetch_for_write(&payee);
    for (;;) {
      const auto a = payer.word.load(std::memory_order_acquire);
      const auto b = payee.word.load(std::memory_order_acquire);
      const long payer_has = payer.balance.load(std::memory_order_relaxed);
      const long payee_has = payee.balance.load(std::memory_order_relaxed);
      if (payer_has < 1) return;
      if (!take(payer, a)) continue;
      if (take(payee, b)) {
        payer.balance.store(payer_has - 1, std::memory_order_relaxed);
        payee.balance.store(payee_has + 1, std::memory_order_relaxed);
        payer.word.store(a + 2, std::memory_order_release);
        payee.word.store(b + 2, std::memory_order_release);
        return;
      }
      payer.word.store(a, std::memory_order_release);
    }
  }
  [[nodiscard]] long sum(std::size_t one, std::size_t two) {
    for (;;) {
      const auto a = slots[one].word.load(std::memory_order_acquire);
      const auto b = slots[two].word.load(std::memory_order_acquire);
      const long sum = slots[one].balance.load(std::memory_order_relaxed) +
                       slots[two].balance.load(std::memory_order_relaxed);
      std::atomic_thread_fence(std::memory_order_acquire);
      if (((a | b) & 1U) == 0 && slots[one].word.load(std::memory_order_relaxed) == a &&
          slots[two].word.load(std::memory_order_relaxed) == b) {
        return sum;
      }
    }
  }
  std::vector<Slot> slots;
};

template <class Accounts>
double transfers(Accounts& accounts, std::size_t count, unsigned threads) {
  return bench::time_of(threads, [&](unsigned thread) {
    return [&, random = bench::Random{thread + 1}]() mutable {
      const auto [from, to] = random.two(count);
      accounts.move(from, to);
    };
  });
}
template <class Accounts>
double reads(Accounts& accounts, std::size_t count, unsigned threads) {
  return bench::time_of(threads, [&](unsigned thread) {
    return [&, random = bench::Random{thread + 1}, turn = 0U]() mutable {
      const auto [from, to] = random.two(count);
      if (++turn % 20 == 0) {
        accounts.move(from, to);
      } else {
        bench::keep(accounts.sum(from, to));
      }
    };
  });
}

}  // namespace

int main(int argc, char** argv) {
  for (const std::size_t count : {100U, 1'000'000U}) {
    Cells<Layout::dense> dense{count};
    Cells<Layout::padded> padded{count};
    Bound<Bare> bound{count};
    Bound<Padded> padded_bound{count};
    Ordered<std::mutex> mutexes{count};
#if __has_include(<tbb/spin_mutex.h>)
    Ordered<tbb::spin_mutex> spins{count};
#endif
    for (const unsigned threads : {1U, 2U}) {
      const auto ask = [&](const char* what, auto run) {
        bench::Question question{std::string{what} + ", accounts: " + std::to_string(count) +
                                 ", threads: " + std::to_string(threads)};
        const auto add = [&](const char* name, auto& accounts) {
          question.contender(name,
                             [&accounts, run, count, threads] { return run(accounts, count, threads); });
        };
        add("lockstep: cells", dense);
        add("lockstep: padded cells", padded);
        add("bound: a word, two compare-exchanges", bound);
        add("bound, padded", padded_bound);
#if __has_include(<tbb/spin_mutex.h>)
        add("ordered tbb::spin_mutex", spins);
#endif
        add("ordered std::mutex", mutexes);
        question.answer(bench::rounds(argc, argv));
      };
      ask("transfers",
          [](auto& accounts, std::size_t of, unsigned by) { return transfers(accounts, of, by); });
      ask("95 % reads of two",
          [](auto& accounts, std::size_t of, unsigned by) { return reads(accounts, of, by); });
    }
  }
}
