#include <lockstep/sim/fiber.hpp>

#include <boost/context/detail/fcontext.hpp>
#include <boost/context/protected_fixedsize_stack.hpp>

#include <cstring>
#include <exception>

#if __has_include(<cxxabi.h>)
#include <cxxabi.h>
#define LOCKSTEP_ITANIUM_EXCEPTIONS 1
#endif

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define LOCKSTEP_ASAN 1
#endif
#if __has_feature(thread_sanitizer)
#define LOCKSTEP_TSAN 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) && !defined(LOCKSTEP_ASAN)
#define LOCKSTEP_ASAN 1
#endif
#if defined(__SANITIZE_THREAD__) && !defined(LOCKSTEP_TSAN)
#define LOCKSTEP_TSAN 1
#endif

#ifdef LOCKSTEP_ASAN
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif
#ifdef LOCKSTEP_TSAN
#include <sanitizer/tsan_interface.h>
#endif

namespace lockstep::sim {

namespace context = boost::context;

/// Where a new stack begins: loops over work until the fiber is destroyed.
struct Fiber::Loop {
  [[noreturn]] static void run(context::detail::transfer_t transfer) {
    auto* self = static_cast<Fiber*>(transfer.data);
    self->arrive(transfer.fctx);
    Fiber* next = nullptr;
    while (!self->closing_) {
      next = &self->work_(self->argument_);
      self->leave_for(*next, false);
    }
    self->leave_for(*static_cast<Fiber*>(self->argument_), true);
    std::terminate();  // nobody switches to a destroyed fiber
  }
};

Fiber::Fiber(Work work, void* argument) : work_{work}, argument_{argument} {
  context::protected_fixedsize_stack allocator{stack_size};
  const context::stack_context stack = allocator.allocate();
  stack_top_ = stack.sp;
  stack_extent_ = stack.size;
  stack_bottom_ = static_cast<const char*>(stack.sp) - stack_size;
  stack_bytes_ = stack_size;
#ifdef LOCKSTEP_TSAN
  tsan_fiber_ = __tsan_create_fiber(0);
#endif
}

Fiber::~Fiber() {
  if (stack_top_ == nullptr) return;
  if (context_ != nullptr) {  // it has run: let it leave its stack for good
    Fiber here;
    closing_ = true;
    argument_ = &here;
    here.switch_to(*this);
  }
#ifdef LOCKSTEP_TSAN
  __tsan_destroy_fiber(tsan_fiber_);
#endif
#ifdef LOCKSTEP_ASAN
  __asan_unpoison_memory_region(stack_bottom_, stack_bytes_);
#endif
  context::stack_context stack;
  stack.sp = stack_top_;
  stack.size = stack_extent_;
  context::protected_fixedsize_stack{stack_size}.deallocate(stack);
}

void Fiber::switch_to(Fiber& next) noexcept { leave_for(next, false); }

void Fiber::leave_for(Fiber& next, bool for_good) noexcept {
#ifdef LOCKSTEP_ITANIUM_EXCEPTIONS
  std::memcpy(&exceptions_.caught, abi::__cxa_get_globals(), sizeof(void*));
  std::memcpy(&exceptions_.uncaught, reinterpret_cast<const char*>(abi::__cxa_get_globals()) + sizeof(void*),
              sizeof(unsigned));
#endif
#ifdef LOCKSTEP_TSAN
  if (tsan_fiber_ == nullptr) tsan_fiber_ = __tsan_get_current_fiber();
#endif
#ifdef LOCKSTEP_ASAN
  __sanitizer_start_switch_fiber(for_good ? nullptr : &fake_stack_, next.stack_bottom_, next.stack_bytes_);
#endif
#ifdef LOCKSTEP_TSAN
  __tsan_switch_to_fiber(next.tsan_fiber_, 0);
#endif
  static_cast<void>(for_good);
  // From here on no variable may live on a stack that AddressSanitizer manages: it is gone.
  next.from_ = this;
  if (next.context_ == nullptr)
    next.context_ = context::detail::make_fcontext(next.stack_top_, stack_size, &Loop::run);
  arrive(context::detail::jump_fcontext(next.context_, &next).fctx);
}

/// Just switched to from `from_`, which continues at `from_context`.
void Fiber::arrive(void* from_context) noexcept {
  from_->context_ = from_context;
#ifdef LOCKSTEP_ASAN
  __sanitizer_finish_switch_fiber(fake_stack_, &from_->stack_bottom_, &from_->stack_bytes_);
#endif
#ifdef LOCKSTEP_ITANIUM_EXCEPTIONS
  std::memcpy(static_cast<void*>(abi::__cxa_get_globals()), &exceptions_.caught, sizeof(void*));
  std::memcpy(reinterpret_cast<char*>(abi::__cxa_get_globals()) + sizeof(void*), &exceptions_.uncaught,
              sizeof(unsigned));
#endif
}

}  // namespace lockstep::sim
