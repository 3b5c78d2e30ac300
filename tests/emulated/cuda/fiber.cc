#include "fiber.h"

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

/* Saves what a call must keep, gives the stack pointer to *from and goes on where `to` was saved; a function entered
 * for the first time has `carried` as its argument. swapcontext would do, but asks the kernel for the signal mask
 * twice, which takes most of the time of an emulated warp. */
extern "C" void emulated_switch(void **from, void *to, void *carried);
asm(R"(
    .text
    .globl emulated_switch
    .type emulated_switch, @function
emulated_switch:
    pushq %rbp
    pushq %rbx
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    movq %rsp, (%rdi)
    movq %rsi, %rsp
    movq %rdx, %rdi
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbx
    popq %rbp
    ret
    .size emulated_switch, . - emulated_switch
    .section .note.GNU-stack, "", @progbits
    .text
)");

namespace emulated {

static constexpr size_t stack_bytes = 256 << 10;

fiber::fiber(std::function<void()> run) : body(std::move(run)) {
    stack = (char *)mmap(nullptr, stack_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (stack == (char *)MAP_FAILED) perror("stack of a fiber"), abort();
    void **top = (void **)(stack + stack_bytes) - 2; /* six registers, enter, and what it would return to */
    top[0] = (void *)enter;
    inside = top - 6;
}

fiber::~fiber() { munmap(stack, stack_bytes); }

void fiber::enter(fiber *self) {
    __sanitizer_finish_switch_fiber(nullptr, &self->outer_stack, &self->outer_bytes);
    self->body();
    abort();
}

void fiber::resume() {
    void *fake = nullptr;
    __sanitizer_start_switch_fiber(&fake, stack, stack_bytes);
    emulated_switch(&outside, inside, this);
    __sanitizer_finish_switch_fiber(fake, nullptr, nullptr);
}

void fiber::pause() {
    void *fake = nullptr;
    __sanitizer_start_switch_fiber(&fake, outer_stack, outer_bytes);
    emulated_switch(&inside, outside, this);
    __sanitizer_finish_switch_fiber(fake, &outer_stack, &outer_bytes);
}

} // namespace emulated
