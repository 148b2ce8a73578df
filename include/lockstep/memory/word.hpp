// The word of a record in memory: its version, and who is at it, in one 64-bit atomic. It is a sequence lock,
// the version of optimistic writes, and a lock to hold, at once.
//
//   63 ........ 4 | 3        | 2        | 1      | 0
//   version       | starving | sleeping | locked | writing
//
// - `writing`: the record is being replaced, which takes no longer than a copy of it and runs nobody else's
//   code. Who sets it moves the word from the very version that it has read, by one compare-exchange: that is
//   the validation of an optimistic write. Who has set it, and `locked` not, owns the word: it is released by
//   a plain store, and whatever others have set meanwhile is lost.
// - `locked`: somebody holds the record, and may do so for long. Readers go on reading what is committed.
//   The holder's changes of the word are read-modify-writes, which lose nothing.
// - `sleeping`: somebody sleeps until the lock is released, and is to be woken. Set only beside `locked`.
// - `starving`: somebody could not read, or lock, between so many writes, and asks for a pause. A hint: the
//   next writer makes the pause and clears it, and if it is lost, it is set again.
//
// Sources: Boehm, "Can Seqlocks Get Along with Programming Language Memory Models?", MSPC 2012 (the orders of
// reader and writer); Dice, Shalev & Shavit, "Transactional Locking II", DISC 2006 (versioned locks); Tu et
// al., "Speedy Transactions in Multicore In-Memory Databases", SOSP 2013 (locking and validating by one
// word).
//
// Orders weaker than seq_cst carry a number, and those that work together the same. They are argued here, and
// the scenarios of `cell` and `cells` are explored under RC11: each of (1), (2) and (4), made weaker, fails
// one.
#pragma once

#include <lockstep/core/contract.hpp>
#include <lockstep/core/error.hpp>
#include <lockstep/core/version.hpp>
#include <lockstep/memory/pace.hpp>
#include <lockstep/storage/storage.hpp>

#include <atomic>
#include <cstdint>
#include <optional>
#include <utility>

namespace lockstep::memory::detail {

/// What a word holds at one moment.
struct WordState {
  static constexpr std::uint64_t writing = 1;
  static constexpr std::uint64_t locked = 2;
  static constexpr std::uint64_t sleeping = 4;
  static constexpr std::uint64_t starving = 8;
  static constexpr unsigned version_shift = 4;
  static constexpr std::uint64_t last_version = ~std::uint64_t{0} >> version_shift;

  std::uint64_t bits = 0;

  [[nodiscard]] static constexpr WordState of(Version version) { return {version.number() << version_shift}; }
  [[nodiscard]] constexpr bool has(std::uint64_t flag) const noexcept { return (bits & flag) != 0; }
  [[nodiscard]] constexpr Version version() const { return Version{bits >> version_shift}; }
  /// Without flags.
  [[nodiscard]] constexpr std::uint64_t at_rest() const noexcept {
    return bits >> version_shift << version_shift;
  }
  /// The next version, without flags. There must be one.
  [[nodiscard]] constexpr std::uint64_t next() const noexcept {
    return at_rest() + (std::uint64_t{1} << version_shift);
  }
  [[nodiscard]] constexpr bool is_last() const noexcept { return bits >> version_shift == last_version; }
  /// True if a record that was read whole at `seen` is the same now: flags that do not concern it aside.
  [[nodiscard]] constexpr bool same_record(WordState seen) const noexcept {
    constexpr auto aside = locked | sleeping | starving;
    return ((bits ^ seen.bits) & ~aside) == 0;
  }
};

template <Runtime R>
class Word {
 public:
  using State = WordState;

  explicit Word(Version version) : bits_{State::of(version).bits} {}
  Word(const Word&) = delete;
  Word& operator=(const Word&) = delete;

  // --- Reading: look, copy the record, and see whether it was whole ---

  /// The state to read at, unless it has a flag that is in the way: then `settle`. Acquires, with (1).
  /// seq_cst: see `unmoved_together`.
  [[nodiscard]] State look() const { return {bits_.load(std::memory_order_seq_cst)}; }

  /// After the copies: none of them can be of what was written after the words that are looked at next.
  static void copied() noexcept { R::fence(std::memory_order_acquire); }  // (2) with (4): see `unmoved`

  /// Whether the record is still as it was at `seen`. After `copied`.
  [[nodiscard]] bool unmoved(State seen) const {
    // (2) If a word of the copy came from a writer, this load, behind the fence, finds what that writer
    // stored before its fence (4): `writing`, or something later, and not `seen`.
    return State{bits_.load(std::memory_order_relaxed)}.same_record(seen);
  }
  /// Likewise, where several records must have been as they were at one moment.
  [[nodiscard]] bool unmoved_together(State seen) const {
    // seq_cst, as are the first looks and what sets `writing`: two readers that saw two writers in opposite
    // orders, and two writers that each read what the other wrote before it did, would make a cycle in the
    // one order of all of these.
    return State{bits_.load(std::memory_order_seq_cst)}.same_record(seen);
  }

  /// Waits until nobody is writing. `failed` says how often the caller has read in vain: after some times it
  /// asks for a pause.
  LOCKSTEP_COLD void settle(unsigned failed) {
    const State now = failed < Pace<R>::looks_before_asking ? look() : ask_for_pause();
    static_cast<void>(written(now));
  }
  /// Likewise, of one who will write: until nobody holds the lock, either; and who has asked for a pause has
  /// it.
  LOCKSTEP_COLD void settle_to_change(unsigned failed) {
    const bool asks = failed >= Pace<R>::looks_before_asking;
    State now = written(asks ? ask_for_pause() : look());
    for (; now.has(State::locked); now = written(look())) sleep(now);
    if (now.has(State::starving) && !asks) Pace<R>::give_way();  // nobody gives way to itself
  }

  // --- A short commit: nobody waits long for it, and it waits for nobody ---

  /// Sets `writing` if the record is as it was at `seen` and nobody is at it.
  [[nodiscard]] bool acquire(State seen) {
    for (auto expected = seen.bits;;) {
      // seq_cst: see `unmoved_together`. On failure (3) nothing is read but flags.
      if (bits_.compare_exchange_strong(expected, seen.at_rest() | State::writing, std::memory_order_seq_cst,
                                        std::memory_order_relaxed)) [[likely]] {
        return true;
      }
      if (((expected ^ seen.bits) & ~State::starving) != 0) return false;
      Pace<R>::give_way();  // somebody has asked for it in between, and nothing else has happened
    }
  }
  /// After `acquire`, and before the record is written.
  static void acquired() noexcept {
    R::fence(std::memory_order_release);  // (4) with (2): who sees the record change sees the word change
  }
  /// After the record is written: publishes it, at the next version.
  void publish(State seen) {
    bits_.store(seen.next(), std::memory_order_release);  // (1) who reads this version reads this record
  }
  /// Likewise at `version`, where what is beside the number in it changes.
  void publish_as(Version version) {
    bits_.store(State::of(version).bits, std::memory_order_release);  // (1) as `publish`
  }
  /// Moves a word that nobody is at from `seen` to `version`, without a record; false if it has moved.
  [[nodiscard]] bool replace(State seen, Version version) {
    auto expected = seen.bits;
    // (3) Nothing is read on failure.
    return bits_.compare_exchange_strong(expected, State::of(version).bits, std::memory_order_seq_cst,
                                         std::memory_order_relaxed);
  }
  /// Instead of writing: it was never there. (1) as `publish`, of the record as it was.
  void take_back(State seen) { bits_.store(seen.at_rest(), std::memory_order_release); }

  // --- The lock ---

  /// Locks, and says at which state; nothing if that takes longer than `wait` allows.
  [[nodiscard]] LOCKSTEP_COLD std::optional<State> lock(Wait wait) {
    std::optional<typename R::clock::time_point> limit;
    for (unsigned failed = 0;;) {
      const State now = written(failed < Pace<R>::looks_before_asking ? look() : ask_for_pause());
      if (!now.has(State::locked)) {
        auto expected = now.bits;
        const auto mine = now.at_rest() | State::locked;
        // seq_cst, and (3), as in `acquire`.
        if (bits_.compare_exchange_strong(expected, mine, std::memory_order_seq_cst,
                                          std::memory_order_relaxed)) {
          return State{mine};
        }
        ++failed;
        continue;
      }
      switch (wait.kind()) {
        case Wait::Kind::forever:
          sleep(now);
          break;
        case Wait::Kind::up_to:
          if (!limit) limit = from_now(wait.limit());
          if (!doze(*limit)) return std::nullopt;
          break;
        default:
          return std::nullopt;
      }
    }
  }
  /// Of a holder: nobody reads until `publish_and_unlock`. Several are marked before the first is written.
  void mark_writing() { bits_.fetch_or(State::writing, std::memory_order_seq_cst); }
  /// Publishes what the holder has written, at the version after `held`, and gives the lock back.
  void publish_and_unlock(State held) {
    wake(State{bits_.exchange(held.next(), std::memory_order_release)});  // (1) as `publish`
  }
  /// Gives the lock back at `version`; the record is as it was, but this is no longer its place.
  void move_away(Version version) {
    // seq_cst: who reads several and finds one still here comes before all that is done in its new place.
    wake(State{bits_.exchange(State::of(version).bits, std::memory_order_seq_cst)});
  }
  /// Gives the lock back; nothing was written.
  void unlock() {
    // (1) whoever locks next comes after what the holder did.
    wake(State{bits_.fetch_and(~(State::locked | State::sleeping), std::memory_order_release)});
  }

  void prefetch_for_write() const noexcept { detail::prefetch_for_write(&bits_); }

  /// For the simulator's labels.
  [[nodiscard]] auto id() const noexcept
    requires requires(const typename R::template atomic<std::uint64_t>& bits) { bits.id(); }
  {
    return bits_.id();
  }

 private:
  State ask_for_pause() {
    return {bits_.fetch_or(State::starving, std::memory_order_seq_cst) | State::starving};
  }

  /// The state once nobody is writing any more; `now` is what was seen last.
  [[nodiscard]] State written(State now) const {
    for (typename Pace<R>::Brief wait; now.has(State::writing); now = look()) wait();
    return now;
  }

  /// Sleeps while the word is `now`, which is locked; may return early.
  LOCKSTEP_COLD void sleep(State now) {
    if (!now.has(State::sleeping)) {
      auto expected = now.bits;
      // (3) Orders nothing: whoever gets the lock later acquires it then.
      if (!bits_.compare_exchange_strong(expected, now.bits | State::sleeping, std::memory_order_relaxed,
                                         std::memory_order_relaxed)) {
        return;
      }
      now.bits |= State::sleeping;
    }
    bits_.wait(now.bits, std::memory_order_relaxed);  // (3) likewise
  }
  void wake(State before) {
    if (before.has(State::sleeping)) [[unlikely]]
      bits_.notify_all();
  }

  [[nodiscard]] static typename R::clock::time_point from_now(std::chrono::nanoseconds limit) {
    const auto now = R::clock::now();
    const auto most = std::chrono::floor<std::chrono::nanoseconds>(R::clock::time_point::max() - now);
    return now + std::chrono::ceil<typename R::clock::duration>(limit < most ? limit : most);
  }
  // std's atomics do not wait with a limit.
  [[nodiscard]] static bool doze(typename R::clock::time_point limit) {
    const auto left = std::chrono::ceil<std::chrono::nanoseconds>(limit - R::clock::now());
    if (left.count() <= 0) return false;
    R::sleep_for(left < Pace<R>::slice ? left : Pace<R>::slice, {});
    return true;
  }

  typename R::template atomic<std::uint64_t> bits_;
};

}  // namespace lockstep::memory::detail
