// Counts what a program allocates on the heap. Include it in one source of the program.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <new>

namespace bench {

inline std::atomic<std::uint64_t> allocations{0};

}  // namespace bench

// Not inlined: g++ then sees a `free` of what `new` has made, and warns of it.
[[gnu::noinline]] void* operator new(std::size_t size) {
  ++bench::allocations;
  if (void* const memory = std::malloc(size == 0 ? 1 : size)) return memory;
  throw std::bad_alloc{};
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
