// A sequence lock: readers write nothing, and read again if a writer was there meanwhile. That the data were
// read before the number is looked at again needs an acquire fence: no order of that load says so. Boehm,
// "Can Seqlocks Get Along with Programming Language Memory Models?", MSPC 2012.
#include "spin.hpp"

#include <array>
#include <optional>
#include <utility>

namespace lockstep::sim::scenarios::of_seqlock {

namespace {

/// What a reader orders.
struct Reader {
  std::memory_order first_look = acquire;
  bool fence = true;
};

template <Reader reader>
class SeqLock {
 public:
  SeqLock() {
    label(number_, "number");
    label(left_, "left");
    label(right_, "right");
  }

  void write(int value) {
    unsigned number = number_.load(relaxed);
    spin_until([&] {
      if (number % 2 == 0 && number_.compare_exchange_strong(number, number + 1, acquire, relaxed))
        return true;
      number = number_.load(relaxed);
      return false;
    });
    // Who sees one of these sees that the number is odd.
    left_.store(value, release);
    right_.store(value, release);
    number_.store(number + 2, release);
  }
  std::pair<int, int> read() const {
    std::optional<std::pair<int, int>> seen;
    spin_until([&] { return (seen = look()).has_value(); });
    return *seen;
  }

 private:
  /// What is there, unless a writer comes or came between.
  [[nodiscard]] std::optional<std::pair<int, int>> look() const {
    const unsigned before = number_.load(reader.first_look);
    const int left = left_.load(relaxed);
    const int right = right_.load(relaxed);
    if constexpr (reader.fence) sim::atomic_thread_fence(acquire);
    const unsigned after = number_.load(relaxed);
    if (before != after || before % 2 != 0) return {};
    return std::pair{left, right};
  }

  atomic<unsigned> number_{0};
  atomic<int> left_{0};
  atomic<int> right_{0};
};

template <Reader reader>
void read_while_written() {
  SeqLock<reader> lock;
  concurrently([&] { lock.write(1); },
               [&] {
                 const auto [left, right] = lock.read();
                 check(left == right, "both are of one write");
               });
}

void two_writers() {
  SeqLock<Reader{}> lock;
  concurrently([&] { lock.write(1); }, [&] { lock.write(2); });
  const auto [left, right] = lock.read();
  check(left == right && left != 0, "both are of one write");
}

const Registered scenarios[]{
    Registered{{.name = "seqlock/acquire",
                .summary = "a sequence lock: one reads while one writes",
                .body = read_while_written<Reader{}>,
                .options = under_rc11}},
    Registered{{.name = "seqlock/no_fence",
                .summary = "a sequence lock whose reader has no fence before it looks again",
                .expected = FindingKind::check,
                .body = read_while_written<Reader{.fence = false}>,
                .options = under_rc11}},
    Registered{{.name = "seqlock/relaxed_look",
                .summary = "a sequence lock whose reader looks first by a relaxed load",
                .expected = FindingKind::check,
                .body = read_while_written<Reader{.first_look = relaxed}>,
                .options = under_rc11}},
    Registered{{.name = "seqlock/two_writers",
                .summary = "a sequence lock: two write",
                .body = two_writers,
                .options = under_rc11}},
};

}  // namespace

}  // namespace lockstep::sim::scenarios::of_seqlock
