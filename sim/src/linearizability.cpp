// The search for an order of calls, over one list of invocations and returns from which calls are lifted as
// they are placed, and put back when there is no way on. What was reached once, the same calls placed and the
// same state, is not tried again.
#include <lockstep/sim/linearizability.hpp>

#include <algorithm>
#include <limits>
#include <tuple>
#include <utility>

namespace lockstep::sim {

std::string_view to_string(Linearization::Verdict verdict) {
  switch (verdict) {
    case Linearization::Verdict::linearizable:
      return "linearizable";
    case Linearization::Verdict::not_linearizable:
      return "not linearizable";
    case Linearization::Verdict::unknown:
      break;
  }
  return "unknown";
}

namespace detail {

namespace {

using Word = std::uint64_t;
constexpr std::size_t word_bits = 64;

Word mixed(Word value) noexcept {
  value += 0x9E3779B97F4A7C15U;
  value = (value ^ (value >> 30U)) * 0xBF58476D1CE4E5B9U;
  value = (value ^ (value >> 27U)) * 0x94D049BB133111EBU;
  return value ^ (value >> 31U);
}

/// A set of calls, with a digest that is kept up as it changes.
class CallSet {
 public:
  explicit CallSet(std::size_t calls) : words_((calls + word_bits - 1) / word_bits, 0) {}
  void insert(std::size_t call) { flip(call); }
  void erase(std::size_t call) { flip(call); }
  [[nodiscard]] bool contains(std::size_t call) const {
    return (words_[call / word_bits] >> (call % word_bits) & 1U) != 0;
  }
  [[nodiscard]] std::span<const Word> words() const noexcept { return words_; }
  [[nodiscard]] Word digest() const noexcept { return digest_; }

 private:
  void flip(std::size_t call) {
    words_[call / word_bits] ^= Word{1} << (call % word_bits);
    digest_ ^= mixed(call);
  }
  std::vector<Word> words_;
  Word digest_ = 0;
};

/// The configurations that were reached, in one open-addressed table without an allocation for each.
class Reached {
 public:
  explicit Reached(std::size_t words) : words_per_entry_{words} { slots_.resize(64, empty); }

  /// False if it was there already.
  bool insert(const CallSet& placed, std::uint32_t state) {
    if (2 * (states_.size() + 1) > slots_.size()) grow();
    const Word hash = placed.digest() ^ mixed(~Word{state});
    std::size_t slot = hash & (slots_.size() - 1);
    for (; slots_[slot] != empty; slot = (slot + 1) & (slots_.size() - 1)) {
      const std::size_t entry = slots_[slot];
      if (hashes_[entry] == hash && states_[entry] == state &&
          std::ranges::equal(words(entry), placed.words()))
        return false;
    }
    slots_[slot] = states_.size();
    hashes_.push_back(hash);
    states_.push_back(state);
    words_.insert(words_.end(), placed.words().begin(), placed.words().end());
    return true;
  }

 private:
  static constexpr std::size_t empty = std::numeric_limits<std::size_t>::max();

  [[nodiscard]] std::span<const Word> words(std::size_t entry) const {
    return std::span{words_}.subspan(entry * words_per_entry_, words_per_entry_);
  }

  void grow() {
    slots_.assign(2 * slots_.size(), empty);
    for (std::size_t entry = 0; entry != hashes_.size(); ++entry) {
      std::size_t slot = hashes_[entry] & (slots_.size() - 1);
      while (slots_[slot] != empty) slot = (slot + 1) & (slots_.size() - 1);
      slots_[slot] = entry;
    }
  }

  std::size_t words_per_entry_;
  std::vector<std::size_t> slots_;
  std::vector<Word> hashes_;
  std::vector<std::uint32_t> states_;
  std::vector<Word> words_;
};

/// Invocations and returns in the order of time, without those of calls that are placed.
class Events {
 public:
  static constexpr std::size_t head = 0;  ///< before the first; also the end

  explicit Events(const std::vector<Numbered::Interval>& calls) : links_(2 * calls.size() + 1) {
    std::vector<std::size_t> order;
    for (std::size_t call = 0; call != calls.size(); ++call) {
      order.push_back(invocation(call));
      if (!calls[call].pending) order.push_back(invocation(call) + 1);
    }
    // Of events at the same moment, invocations come first: then their calls overlap.
    std::ranges::sort(order, {}, [&](std::size_t event) {
      const auto& call = calls[call_of(event)];
      return std::tuple{is_return(event) ? call.returned : call.invoked, is_return(event), event};
    });
    std::size_t last = head;
    for (const std::size_t event : order) {
      links_[last].next = event;
      links_[event].previous = last;
      last = event;
    }
    links_[last].next = head;
    links_[head].previous = last;
  }

  [[nodiscard]] static bool is_return(std::size_t event) noexcept { return event % 2 == 0; }
  [[nodiscard]] static std::size_t call_of(std::size_t event) noexcept { return (event - 1) / 2; }
  [[nodiscard]] std::size_t next(std::size_t event) const { return links_[event].next; }

  void lift(std::size_t call, bool pending) {
    unlink(invocation(call));
    if (!pending) unlink(invocation(call) + 1);
  }
  void put_back(std::size_t call, bool pending) {
    if (!pending) relink(invocation(call) + 1);
    relink(invocation(call));
  }
  [[nodiscard]] static std::size_t invocation(std::size_t call) noexcept { return 2 * call + 1; }

 private:
  struct Links {
    std::size_t previous = 0;
    std::size_t next = 0;
  };
  void unlink(std::size_t event) {
    links_[links_[event].previous].next = links_[event].next;
    links_[links_[event].next].previous = links_[event].previous;
  }
  void relink(std::size_t event) {
    links_[links_[event].previous].next = event;
    links_[links_[event].next].previous = event;
  }
  std::vector<Links> links_;
};

class PlacementSearch {
 public:
  PlacementSearch(Numbered& partition, Effort& effort)
      : partition_{&partition},
        effort_{&effort},
        events_{partition.calls},
        placed_{partition.calls.size()},
        reached_{placed_.words().size()},
        alike_before_(partition.calls.size(), none) {
    for (const auto& call : partition.calls) left_ += call.pending ? 0 : 1;
    find_alike();
  }

  Placement run() {
    std::size_t event = events_.next(Events::head);
    while (left_ != 0) {
      if (event != Events::head && !Events::is_return(event)) {
        if (!effort_->one_more()) return {};
        const std::size_t call = Events::call_of(event);
        event = place(call) ? events_.next(Events::head) : events_.next(event);
      } else if (order_.empty()) {
        return failed();
      } else {  // a call has returned that is not placed: what was placed last was wrong
        event = events_.next(take_back());
      }
    }
    return {.verdict = Linearization::Verdict::linearizable, .order = calls(order_), .state = state_};
  }

 private:
  static constexpr std::size_t none = std::numeric_limits<std::size_t>::max();
  struct Placed {
    std::size_t call;
    std::uint32_t before;  ///< the state
  };

  /// Two pending calls of the same input differ only in when they were invoked: the later one needs to
  /// be placed only after the earlier one.
  void find_alike() {
    const auto& calls = partition_->calls;
    std::vector<std::size_t> pending;
    for (std::size_t call = 0; call != calls.size(); ++call) {
      if (calls[call].pending) pending.push_back(call);
    }
    std::ranges::sort(pending, {}, [&](std::size_t call) { return std::pair{calls[call].invoked, call}; });
    for (std::size_t i = 0; i != pending.size(); ++i) {
      for (std::size_t j = i; j-- != 0;) {
        if (!partition_->alike(pending[j], pending[i])) continue;
        alike_before_[pending[i]] = pending[j];
        break;
      }
    }
  }

  bool place(std::size_t call) {
    const bool pending = partition_->calls[call].pending;
    if (pending && alike_before_[call] != none && !placed_.contains(alike_before_[call])) return false;
    const auto next = partition_->step(state_, call);
    if (!next || (pending && *next == state_)) return false;  // a pending call without effect need not be
    placed_.insert(call);
    if (!reached_.insert(placed_, *next)) {
      placed_.erase(call);
      return false;
    }
    order_.push_back({call, state_});
    state_ = *next;
    events_.lift(call, pending);
    if (!pending && --left_ < fewest_left_) {
      fewest_left_ = left_;
      longest_ = order_;
      state_of_longest_ = state_;
    }
    return true;
  }

  /// Returns the invocation of the call that was taken back.
  std::size_t take_back() {
    const Placed last = order_.back();
    order_.pop_back();
    const bool pending = partition_->calls[last.call].pending;
    if (!pending) ++left_;
    events_.put_back(last.call, pending);
    placed_.erase(last.call);
    state_ = last.before;
    return Events::invocation(last.call);
  }

  Placement failed() {
    Placement placement{.verdict = Linearization::Verdict::not_linearizable,
                        .order = calls(longest_),
                        .state = state_of_longest_};
    std::vector<bool> placed(partition_->calls.size(), false);
    for (const auto& each : longest_) placed[each.call] = true;
    auto first_return = std::numeric_limits<std::uint64_t>::max();
    const auto& calls = partition_->calls;
    for (std::size_t call = 0; call != calls.size(); ++call) {
      if (!placed[call] && !calls[call].pending) first_return = std::min(first_return, calls[call].returned);
    }
    for (std::size_t call = 0; call != calls.size(); ++call) {
      if (!placed[call] && !calls[call].pending && calls[call].invoked <= first_return)
        placement.stuck.push_back(call);
    }
    return placement;
  }

  static std::vector<std::size_t> calls(const std::vector<Placed>& order) {
    std::vector<std::size_t> all;
    for (const auto& each : order) all.push_back(each.call);
    return all;
  }

  Numbered* partition_;
  Effort* effort_;
  Events events_;
  CallSet placed_;
  Reached reached_;
  std::vector<std::size_t> alike_before_;
  std::vector<Placed> order_;
  std::vector<Placed> longest_;
  std::size_t left_ = 0;  ///< calls that returned and are not placed
  std::size_t fewest_left_ = none;
  std::uint32_t state_ = 0;
  std::uint32_t state_of_longest_ = 0;
};

}  // namespace

bool Effort::one_more() {
  ++configurations_;
  if (limits_.configurations != 0 && configurations_ > limits_.configurations) return false;
  constexpr std::uint64_t rarely = 1024;
  return limits_.time.count() == 0 || configurations_ % rarely != 0 ||
         std::chrono::steady_clock::now() - start_ < limits_.time;
}

Placement place(Numbered& partition, Effort& effort) { return PlacementSearch{partition, effort}.run(); }

std::vector<std::size_t> merged(
    const std::vector<std::vector<std::pair<std::size_t, Numbered::Interval>>>& orders) {
  struct Moment {
    std::uint64_t when;  ///< the earliest at which the call can take effect
    std::size_t rank;
    std::size_t call;
  };
  std::vector<Moment> moments;
  for (const auto& order : orders) {
    std::uint64_t when = 0;
    for (const auto& [call, interval] : order) {
      when = std::max(when, interval.invoked);
      moments.push_back({when, moments.size(), call});
    }
  }
  std::ranges::sort(moments, {}, [](const Moment& moment) { return std::pair{moment.when, moment.rank}; });
  std::vector<std::size_t> order;
  for (const Moment& moment : moments) order.push_back(moment.call);
  return order;
}

std::string client_name(std::uint64_t client) {
  const Execution* execution = Execution::current();
  if (execution != nullptr && client < max_threads)
    return execution->name_of_thread(static_cast<unsigned>(client));
  return "client " + std::to_string(client);
}

void require(const Linearization& found, std::string_view what) {
  if (found) return check(true, what, {});
  const std::string message = std::string{what} + " is not linearizable";
  // While exploring, findings are told apart by their message: only what is shown has the details.
  check(false, recording() ? message + "\n" + found.explanation : message, {});
}

}  // namespace detail

}  // namespace lockstep::sim
