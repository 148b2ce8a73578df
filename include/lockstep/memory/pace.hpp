// How patient threads are with each other at one record: how often a reader looks again before it asks
// writers for a pause, how many races are lost before one locks, and how long a wait is.
//
// Delays are measured in time and not in iterations, for what they wait for is a cache line on its way from
// one core to another, which takes as long on a fast processor as on a slow one. Every wait that may be long
// ends in the runtime: nobody spins for longer than a few transfers.
// Source: Anderson, "The Performance of Spin Lock Alternatives for Shared-Memory Multiprocessors", IEEE TPDS
// 1(1), 1990 (back-off after a lost race).
#pragma once

#include <lockstep/runtime/std_runtime.hpp>
#include <lockstep/runtime/time.hpp>

#include <cstddef>

/// Of a function that is called when something is in the way. Not inlined, so that the usual way stays short
/// and in registers: inlined, g++ 12 makes a read of 64 bytes three times slower.
#if defined(__GNUC__) || defined(__clang__)
#define LOCKSTEP_COLD [[gnu::noinline, gnu::cold]]
#else
#define LOCKSTEP_COLD
#endif

namespace lockstep::memory::detail {

/// Two cores that write to the same so many bytes slow each other down, on all that are common.
inline constexpr std::size_t cache_line = 64;

/// Of any runtime: rare ways are taken early, so that small tests take them, and what is a delay and nothing
/// else is left out. Where virtual time stands still while somebody can run, it would mean nothing.
template <Runtime R>
struct Pace {
  static constexpr unsigned looks_before_asking = 1;  // reads that failed, before asking writers for a pause
  static constexpr unsigned losses_before_locking = 2;   // races lost, before locking
  static constexpr std::chrono::microseconds slice{50};  // between two looks at a lock with a time limit

  /// Waits for what takes no longer than the copy of a record: one object per wait, called between two looks.
  struct Brief {
    void operator()() { R::yield(); }
  };
  /// The caller lost a race, which somebody else has won.
  static void back_off(unsigned /*lost*/) noexcept {}
  /// The caller would write, and somebody has asked for a pause.
  static void give_way() noexcept {}
};

/// Of the machine. A cache line's round trip between two cores took 500 to 600 ns where this was measured.
template <>
struct Pace<StdRuntime> {
  static constexpr unsigned looks_before_asking = 2;
  static constexpr unsigned losses_before_locking = 16;
  static constexpr std::chrono::microseconds slice{50};

  class Brief {
   public:
    // The writer is at it; or it was interrupted in between, and only the system can let it go on.
    void operator()() {
      ++rounds_;
      if (rounds_ < 64) return spin(std::chrono::nanoseconds{30});
      if (rounds_ < 256) return StdRuntime::yield();
      StdRuntime::sleep_for(slice);
    }

   private:
    unsigned rounds_ = 0;
  };

  // As long as a few hundred writes of who is at it: each change of hands moves some lines there and back.
  LOCKSTEP_COLD static void back_off(unsigned lost) noexcept {
    spin(shortest * (lost < 3 ? 1U << lost : 8U));
  }
  // As long as who has asked needs to fetch the record.
  LOCKSTEP_COLD static void give_way() noexcept { spin(transfer); }

 private:
  static constexpr std::chrono::nanoseconds transfer{300};
  static constexpr std::chrono::nanoseconds shortest{1000};

  static void spin(std::chrono::nanoseconds duration) noexcept {
    const auto end = StdRuntime::clock::now() + duration;
    do relax();
    while (StdRuntime::clock::now() < end);
  }

  // Tells the processor that this is a loop that waits, where it can be told.
  static void relax() noexcept {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#endif
  }
};

/// Fetches the line at `address` as one that will be written: it is then moved once, and not to be read first
/// and to be written later. A hint: elsewhere than on x86 as the compiler understands it.
inline void prefetch_for_write(const void* address) noexcept {
#if defined(__x86_64__) && (defined(__GNUC__) || defined(__clang__))
  asm volatile("prefetchw %0" : : "m"(*static_cast<const char*>(address)));  // a no-op where it is not known
#elif defined(__GNUC__) || defined(__clang__)
  __builtin_prefetch(address, 1);
#else
  static_cast<void>(address);
#endif
}

/// Fetches the line at `address` as one that will be read. A hint.
inline void prefetch_for_read(const void* address) noexcept {
#if defined(__GNUC__) || defined(__clang__)
  __builtin_prefetch(address);
#else
  static_cast<void>(address);
#endif
}

}  // namespace lockstep::memory::detail
