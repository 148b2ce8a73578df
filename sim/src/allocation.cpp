#include "allocation.hpp"

#include <malloc.h>

#include <cstddef>
#include <cstdlib>
#include <new>

#if defined(__SANITIZE_ADDRESS__)
#define LOCKSTEP_SIM_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define LOCKSTEP_SIM_ASAN 1
#endif
#endif

#if defined(LOCKSTEP_SIM_ASAN)
#include <sanitizer/asan_interface.h>
#define LOCKSTEP_SIM_REPLACES  // its own are weak
#else
#define LOCKSTEP_SIM_REPLACES [[gnu::weak]]
#endif

namespace lockstep::sim {

namespace {

/// What has been deleted. No container: that would delete.
struct Deleted {
  void** first = nullptr;
  std::size_t count = 0;
  std::size_t room = 0;
  std::size_t bytes = 0;
  bool keeps = false;

  constexpr Deleted() = default;
  Deleted(const Deleted&) = delete;
  Deleted& operator=(const Deleted&) = delete;
  ~Deleted() { std::free(first); }
};

thread_local constinit Deleted deleted;

/// False if that is too much: then it is freed at once.
bool keep(void* block) noexcept {
  constexpr std::size_t most = std::size_t{256} << 20;  // bytes
  if (!deleted.keeps || block == nullptr || deleted.bytes > most) return false;
  deleted.bytes += malloc_usable_size(block);
  if (deleted.count == deleted.room) {
    constexpr std::size_t at_first = 256;
    const std::size_t room = deleted.room == 0 ? at_first : 2 * deleted.room;
    auto* const more = static_cast<void**>(std::realloc(deleted.first, room * sizeof(void*)));
    if (more == nullptr) return false;
    deleted.first = more;
    deleted.room = room;
  }
#if defined(LOCKSTEP_SIM_ASAN)
  ASAN_POISON_MEMORY_REGION(block, malloc_usable_size(block));  // as if it were freed
#endif
  deleted.first[deleted.count++] = block;
  return true;
}

void free_all() noexcept {
  for (std::size_t i = 0; i != deleted.count; ++i) {
#if defined(LOCKSTEP_SIM_ASAN)
    ASAN_UNPOISON_MEMORY_REGION(deleted.first[i], malloc_usable_size(deleted.first[i]));
#endif
    std::free(deleted.first[i]);
  }
  deleted.count = deleted.bytes = 0;
}

void* allocate(std::size_t size, std::size_t alignment) {
  for (;;) {
    void* const block = alignment <= alignof(std::max_align_t)
                            ? std::malloc(size == 0 ? 1 : size)
                            : std::aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment);
    if (block != nullptr) return block;
    const std::new_handler handler = std::get_new_handler();
    if (handler == nullptr) throw std::bad_alloc{};
    handler();
  }
}

void give_back(void* block) noexcept {
  if (!keep(block)) std::free(block);
}

}  // namespace

KeepsDeleted::KeepsDeleted() noexcept { deleted.keeps = true; }

KeepsDeleted::~KeepsDeleted() {
  deleted.keeps = false;
  free_all();
}

}  // namespace lockstep::sim

// NOLINTBEGIN(misc-new-delete-overloads)
LOCKSTEP_SIM_REPLACES void* operator new(std::size_t size) { return lockstep::sim::allocate(size, 1); }
LOCKSTEP_SIM_REPLACES void* operator new(std::size_t size, std::align_val_t alignment) {
  return lockstep::sim::allocate(size, static_cast<std::size_t>(alignment));
}
LOCKSTEP_SIM_REPLACES void operator delete(void* block) noexcept { lockstep::sim::give_back(block); }
LOCKSTEP_SIM_REPLACES void operator delete(void* block, std::align_val_t) noexcept {
  lockstep::sim::give_back(block);
}

// The other forms come to these, as std has them; sanitizers have them otherwise.
LOCKSTEP_SIM_REPLACES void* operator new[](std::size_t size) { return ::operator new(size); }
LOCKSTEP_SIM_REPLACES void* operator new[](std::size_t size, std::align_val_t alignment) {
  return ::operator new(size, alignment);
}
LOCKSTEP_SIM_REPLACES void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  try {
    return ::operator new(size);
  } catch (...) {
    return nullptr;
  }
}
LOCKSTEP_SIM_REPLACES void* operator new[](std::size_t size, const std::nothrow_t& none) noexcept {
  return ::operator new(size, none);
}
LOCKSTEP_SIM_REPLACES void* operator new(std::size_t size, std::align_val_t alignment,
                                         const std::nothrow_t&) noexcept {
  try {
    return ::operator new(size, alignment);
  } catch (...) {
    return nullptr;
  }
}
LOCKSTEP_SIM_REPLACES void* operator new[](std::size_t size, std::align_val_t alignment,
                                           const std::nothrow_t& none) noexcept {
  return ::operator new(size, alignment, none);
}
LOCKSTEP_SIM_REPLACES void operator delete[](void* block) noexcept { ::operator delete(block); }
LOCKSTEP_SIM_REPLACES void operator delete(void* block, std::size_t) noexcept { ::operator delete(block); }
LOCKSTEP_SIM_REPLACES void operator delete[](void* block, std::size_t) noexcept { ::operator delete(block); }
LOCKSTEP_SIM_REPLACES void operator delete[](void* block, std::align_val_t alignment) noexcept {
  ::operator delete(block, alignment);
}
LOCKSTEP_SIM_REPLACES void operator delete(void* block, std::size_t, std::align_val_t alignment) noexcept {
  ::operator delete(block, alignment);
}
LOCKSTEP_SIM_REPLACES void operator delete[](void* block, std::size_t, std::align_val_t alignment) noexcept {
  ::operator delete(block, alignment);
}
LOCKSTEP_SIM_REPLACES void operator delete(void* block, const std::nothrow_t&) noexcept {
  ::operator delete(block);
}
LOCKSTEP_SIM_REPLACES void operator delete[](void* block, const std::nothrow_t&) noexcept {
  ::operator delete(block);
}
LOCKSTEP_SIM_REPLACES void operator delete(void* block, std::align_val_t alignment,
                                           const std::nothrow_t&) noexcept {
  ::operator delete(block, alignment);
}
LOCKSTEP_SIM_REPLACES void operator delete[](void* block, std::align_val_t alignment,
                                             const std::nothrow_t&) noexcept {
  ::operator delete(block, alignment);
}
// NOLINTEND(misc-new-delete-overloads)
