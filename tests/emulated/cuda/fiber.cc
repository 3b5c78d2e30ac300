#include "fiber.h"

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <sys/mman.h>

/* AddressSanitizer wants to know which stack is in use. */
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define __SANITIZE_ADDRESS__ 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/common_interface_defs.h>
#else
static void __sanitizer_start_switch_fiber(void **, const void *, size_t) {}
static void __sanitizer_finish_switch_fiber(void *, const void **, size_t *) {}
#endif

namespace emulated {

static constexpr size_t stack_bytes = 256 << 10;

fiber::fiber(std::function<void()> run) : body(std::move(run)) {
    stack = (char *)mmap(nullptr, stack_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (stack == (char *)MAP_FAILED) perror("stack of a fiber"), abort();
    getcontext(&inside);
    inside.uc_stack.ss_sp = stack;
    inside.uc_stack.ss_size = stack_bytes;
    inside.uc_link = nullptr;
    const uintptr_t self = (uintptr_t)this;
    makecontext(&inside, (void (*)())enter, 2, (unsigned)(self >> 32), (unsigned)self);
}

fiber::~fiber() { munmap(stack, stack_bytes); }

void fiber::enter(unsigned high, unsigned low) {
    fiber *self = (fiber *)((uintptr_t)high << 32 | low);
    __sanitizer_finish_switch_fiber(nullptr, &self->outer_stack, &self->outer_bytes);
    self->body();
    abort();
}

void fiber::resume() {
    void *fake = nullptr;
    __sanitizer_start_switch_fiber(&fake, stack, stack_bytes);
    swapcontext(&outside, &inside);
    __sanitizer_finish_switch_fiber(fake, nullptr, nullptr);
}

void fiber::pause() {
    void *fake = nullptr;
    __sanitizer_start_switch_fiber(&fake, outer_stack, outer_bytes);
    swapcontext(&inside, &outside);
    __sanitizer_finish_switch_fiber(fake, &outer_stack, &outer_bytes);
}

} // namespace emulated
