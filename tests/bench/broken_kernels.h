/* broken_kernels.h: kernels that are wrong on purpose, one fault each. */
#ifndef TESTS_BROKEN_KERNELS_H
#define TESTS_BROKEN_KERNELS_H

#include "check.h"

typedef struct broken {
    const char *name;
    mot_stage stage;
    mot_kernel_fn run;
    verdict want;
    const char *caught_by; /* must stand in the reason */
    mot_shape shape;       /* all 0: the usual one */
} broken;
extern const broken broken_kernels[], broken_bf16[]; /* of f32 and of bf16 */
extern const size_t broken_count, broken_bf16_count;

#endif
