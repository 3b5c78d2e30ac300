/* fpstate.h: the floating-point environment, which a kernel must leave as it found it. */
#ifndef BENCH_FPSTATE_H
#define BENCH_FPSTATE_H

#include <stdbool.h>
#include <stdint.h>

typedef struct fpstate {
    uint32_t mxcsr;     /* rounding, FTZ, DAZ and masks; the sticky flags are left out */
    uint16_t x87, tags; /* control word; 0xffff: the x87 (MMX) registers are empty */
} fpstate;

fpstate fpstate_read(void);
void fpstate_restore(const fpstate *);
bool fpstate_same(const fpstate *, const fpstate *);

#endif
