/* plain_kernels.h: every stage as plain loops, so that the checker can be checked without libmot's kernels. */
#ifndef TESTS_PLAIN_KERNELS_H
#define TESTS_PLAIN_KERNELS_H

#include "plan.h"

void plain_route(const mot_shape *, const mot_tensors *, const mot_config *, mot_range);
void plain_mix(const mot_shape *, const mot_tensors *, const mot_config *, mot_range);
void plain_experts(const mot_shape *, const mot_tensors *, const mot_config *, mot_range);
void plain_redistribute(const mot_shape *, const mot_tensors *, const mot_config *, mot_range);

/* In bf16: sums in f32, what is stored and the hidden layer rounded to nearest even. */
void plain_bf16_route(const mot_shape *, const mot_tensors *, const mot_config *, mot_range);
void plain_bf16_mix(const mot_shape *, const mot_tensors *, const mot_config *, mot_range);
void plain_bf16_front(const mot_shape *, const mot_tensors *, const mot_config *, mot_range);
void plain_bf16_experts(const mot_shape *, const mot_tensors *, const mot_config *, mot_range);
void plain_bf16_redistribute(const mot_shape *, const mot_tensors *, const mot_config *, mot_range);

/* A descriptor around a kernel: units are groups, or rows (e,g) of the experts stage; scratch is 64 bytes, of the
 * experts stage a hidden row, of route and front a column of weights; depth is that of a plain loop. */
mot_variant plain_variant(const char *name, mot_stage, mot_kernel_fn);
mot_variant plain_bf16_variant(const char *name, mot_stage, mot_kernel_fn);

/* One element by the public API, which shares no code with the checker. */
static inline float widen_bf16(mot_bf16 v) {
    float wide;
    mot_f32_from_bf16(&wide, &v, 1);
    return wide;
}
static inline mot_bf16 round_bf16(float v) {
    mot_bf16 narrow;
    mot_bf16_from_f32(&narrow, &v, 1);
    return narrow;
}

#endif
