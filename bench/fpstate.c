#include "fpstate.h"

#include <xmmintrin.h>

enum { STICKY = 0x3f };

fpstate fpstate_read(void) {
    uint16_t environment[14]; /* 28 bytes: control, status and tag word at 0, 4 and 8 */
    /* fnstenv masks the exceptions, so what it stored is loaded back. */
    __asm__ volatile("fnstenv %0\n\tfldenv %0" : "+m"(environment));
    return (fpstate){_mm_getcsr() & ~(uint32_t)STICKY, environment[0], environment[4]};
}

void fpstate_restore(const fpstate *s) {
    __asm__ volatile("fninit\n\tfldcw %0" : : "m"(s->x87));
    _mm_setcsr(s->mxcsr);
}

bool fpstate_same(const fpstate *a, const fpstate *b) {
    return a->mxcsr == b->mxcsr && a->x87 == b->x87 && a->tags == b->tags;
}
